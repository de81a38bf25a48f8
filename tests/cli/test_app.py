"""The command line by itself: help, version, and one command per stage."""

import subprocess

import pytest

from gallop import __version__
from gallop.cli import pipeline
from gallop.stages import COMMANDS
from tests.support.checkouts import GALLOP


def gallop(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GALLOP, *args], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("group", [(), ("data",), ("check",)], ids=["gallop", "gallop data", "gallop check"])
def test_a_group_without_a_command_shows_its_help(group):
    alone, asked = gallop(*group), gallop(*group, "--help")
    assert alone.returncode == 0
    assert alone.stdout == asked.stdout
    assert "Usage:" in alone.stdout
    assert alone.stderr == ""


def test_the_version_is_printed_without_a_command():
    done = gallop("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gallop {__version__}\n", "")


@pytest.mark.parametrize("arguments", [("nonsense",), ("data", "nonsense"), ("--nonsense",)])
def test_a_wrong_command_line_ends_with_code_2(arguments):
    done = gallop(*arguments)
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_there_is_one_command_per_stage_in_the_order_of_the_pipeline():
    assert tuple(command.__name__ for command in pipeline.COMMANDS) == COMMANDS
    help_text = gallop("--help").stdout
    positions = [help_text.index(f"│ {stage.replace('_', '-')} ") for stage in COMMANDS]
    assert positions == sorted(positions)
