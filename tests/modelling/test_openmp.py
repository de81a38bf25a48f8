"""Where the system has no OpenMP, the error names the library and the packages that bring it."""

import subprocess
import sys

NO_OPENMP = """
import sys

class NoOpenMP:
    def find_spec(self, name, path=None, target=None):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")

sys.meta_path.insert(0, NoOpenMP())
from gallop.errors import GallopError
try:
    import gallop.modelling.stack
except GallopError as error:
    print(error.exit_code, error)
"""


def test_without_openmp_the_error_names_the_library_and_the_package_to_install():
    done = subprocess.run([sys.executable, "-c", NO_OPENMP], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("28 LightGBM cannot be loaded (libgomp.so.1: cannot open shared object file")
    assert "apt-get install libgomp1" in done.stdout
