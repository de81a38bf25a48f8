"""The project that a command works in."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gallop.flow.project import Project


def open_project(context: typer.Context) -> "Project":
    """The project of the folder given with `--project`. The import waits, so that `gallop --help` answers at once."""
    from gallop.flow.project import Project

    return Project.open(context.obj.resolve())
