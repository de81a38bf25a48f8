"""The command line: one thin command per verb."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C while it is still being imported ends as it does later."""
    try:
        from gallop.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)


__all__ = ["main"]
