"""Everything fitted: the steps of a model, the families, and the search among them."""

from gallop.errors import MissingLibraryError

try:
    import lightgbm  # noqa: F401 its wheel takes OpenMP from the system, which small images lack
except OSError as error:
    raise MissingLibraryError(
        f"LightGBM cannot be loaded ({error}); it needs the OpenMP library libgomp.so.1 (Debian and Ubuntu: "
        "apt-get install libgomp1; Alpine: apk add libgomp; Fedora: dnf install libgomp)"
    ) from None
