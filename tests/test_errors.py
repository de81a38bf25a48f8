"""Each way to go wrong has an exit code of its own, so that a script can tell them apart."""

from collections.abc import Iterator

from gallop import errors
from gallop.errors import GallopError, StageError, StoppedError


def every(kind: type[GallopError] = GallopError) -> Iterator[type[GallopError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every(child)


def test_exit_codes_are_distinct():
    codes = [kind.exit_code for kind in every() if "exit_code" in vars(kind)]
    assert len(set(codes)) == len(codes)


def test_every_error_but_the_one_that_passes_on_has_a_code_of_its_own():
    without = [kind for kind in every() if "exit_code" not in vars(kind)]
    assert without == [StageError]


def test_codes_are_none_that_a_shell_or_python_uses():
    # 0 is success, 2 a wrong command line, 126 and up belong to the shell, which counts Ctrl-C as 130.
    assert all(0 < kind.exit_code < 126 and kind.exit_code != 2 for kind in every() if kind is not StoppedError)
    assert StoppedError.exit_code == 130


def test_every_error_says_what_it_is_about():
    assert all(kind.__doc__ for kind in every())
    assert set(every()) == {kind for kind in vars(errors).values() if isinstance(kind, type)}


def test_a_failed_stage_ends_with_the_stages_own_code():
    assert StageError("model_training failed", 14).exit_code == 14
