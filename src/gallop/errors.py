"""What can go wrong because of the input, each with a sentence for a person and an exit code of its own.

A `GallopError` is never a bug: its message names the file, row, column or key, the value, and what would be
accepted. The command line prints it without a traceback and ends with `exit_code`. docs/errors.md lists them all.
"""

from gallop.redaction import without_secrets


class GallopError(Exception):
    """Base of all errors that a person can fix. What an address keeps secret is taken out of the message."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(without_secrets(message))

    def named(self, copy: str, original: str) -> "GallopError":
        """The same error, about what a file is a copy of."""
        self.args = (str(self).replace(copy, original),)
        return self


class SettingsError(GallopError):
    """A key of params.yaml is unknown, of a wrong type, or impossible."""

    exit_code = 3


class MissingColumnError(GallopError):
    """A table lacks a column that the settings name."""

    exit_code = 10


class WrongTypeError(GallopError):
    """So many values of a column are of another kind that the column cannot be what the settings define."""

    exit_code = 11


class EmptyTableError(GallopError):
    """A table has no header, no rows, or no rows left after the rules."""

    exit_code = 12


class MalformedTableError(GallopError):
    """A row has more or fewer values than the header: the file was cut or is malformed."""

    exit_code = 13


class SingleClassError(GallopError):
    """The label has one value only, or too few rows of one of its two."""

    exit_code = 14


class UnknownLabelError(GallopError):
    """The label has values that are neither the positive nor the negative one."""

    exit_code = 15


class EncodingError(GallopError):
    """A text file is not in the encoding that it is read with, which the settings name."""

    exit_code = 16


class ChecksumError(GallopError):
    """The bytes of a file are not those that its pin or manifest records."""

    exit_code = 17


class DataUnavailableError(GallopError):
    """No remote, nor the upstream, could give the raw data."""

    exit_code = 20


class MissingOutputError(GallopError):
    """A stage needs the output of an earlier one that has not run."""

    exit_code = 21


class ContractError(GallopError):
    """A model file does not meet the contract it is exported under."""

    exit_code = 22


class ServerUnreachableError(GallopError):
    """The tracking server does not answer."""

    exit_code = 23


class UnsafeModelError(GallopError):
    """A model file asks for code outside the allow-list."""

    exit_code = 24


class RegistryBusyError(GallopError):
    """Another selection holds the registry's lock and does not let go of it."""

    exit_code = 25


class TrackingError(GallopError):
    """The tracking server answers, but does not do what it is asked."""

    exit_code = 26


class LeakError(GallopError):
    """A column or the table gives the outcome away, and nobody has acknowledged it."""

    exit_code = 27


class MissingLibraryError(GallopError):
    """A library of the system, or a package, is not installed and needed."""

    exit_code = 28


class LockedError(GallopError):
    """Another process works on the same files."""

    exit_code = 29


class DiskFullError(GallopError):
    """The disk or a quota is full, or a file would grow beyond what the system allows."""

    exit_code = 30


class FileAccessError(GallopError):
    """The system does not let a file or folder be read, written or made."""

    exit_code = 31


class ForeignFileError(GallopError):
    """A file that gallop did not make is where a command would write; it is left as it is."""

    exit_code = 32


class OutOfMemoryError(GallopError):
    """The machine has not enough memory for this."""

    exit_code = 33


class DvcError(GallopError):
    """DVC refuses or fails; its reason is given, and what helps."""

    exit_code = 34


class ForeignModelError(GallopError):
    """The registered model of this name belongs to another project or table."""

    exit_code = 38


class UnlikeLeadsError(GallopError):
    """The leads that were scored are unlike those that the model learnt from, and `--strict` was asked for."""

    exit_code = 39


class SignatureError(GallopError):
    """A bundle is not signed as the settings ask, or cannot be signed."""

    exit_code = 40


class NotRandomisedError(GallopError):
    """Who was contacted follows from what is known of the lead, so nobody can tell what the contact changed."""

    exit_code = 41


class DeliveryError(GallopError):
    """drt, which takes scores to where people work, ended with an error."""

    exit_code = 42


class StoppedError(GallopError):
    """A person stopped the command, by Ctrl-C say."""

    exit_code = 130


class StageError(GallopError):
    """A stage ended with a failure of its own; the exit code is that stage's."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
