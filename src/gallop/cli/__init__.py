"""The command line: one thin command per verb."""

from gallop.cli.app import main

__all__ = ["main"]
