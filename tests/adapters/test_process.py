"""Who acts is named as a person would, and a process is known to be gone only where that is certain."""

import os
import socket
import subprocess
import sys

import pytest

from gallop.adapters.process import MACHINE, PID, STARTED, is_gone, is_this_process, own_marks, who
from tests.support.dead_process import marks_of_a_dead_process

CI = ("GALLOP_WHO", "GITHUB_ACTIONS", "GITLAB_CI", "BUILD_TAG")


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "anna", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"},
            "anna in GitHub Actions, o/r run 7",
        ),
        (
            {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "anna", "CI_PROJECT_PATH": "o/r", "CI_JOB_ID": "7"},
            "anna in GitLab CI, o/r job 7",
        ),
        ({"BUILD_TAG": "jenkins-leads-7"}, "Jenkins, jenkins-leads-7"),
        ({"GALLOP_WHO": " the night job "}, "the night job"),
    ],
)
def test_a_ci_run_is_named_with_who_began_it(monkeypatch, variables, name):
    for variable in CI:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert who() == name


def test_a_person_is_named_with_the_host(monkeypatch):
    for variable in CI:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LOGNAME", "anna")
    assert who() == f"anna@{socket.gethostname()}"


def test_a_user_whom_no_one_has_named_has_a_number(monkeypatch):
    for variable in (*CI, "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    assert who() == f"user {os.getuid()}@{socket.gethostname()}"


def test_a_process_that_ended_is_gone_and_a_live_one_is_not():
    assert is_gone(marks_of_a_dead_process())
    assert not is_gone(own_marks())
    assert is_this_process(own_marks())


def test_a_process_whose_number_another_one_has_now_is_gone():
    marks = own_marks()
    if not marks[STARTED]:
        pytest.skip("this system does not tell when a process began")
    assert is_gone(marks | {STARTED: "1"})


def test_of_another_machine_or_container_nothing_is_known():
    dead = marks_of_a_dead_process()
    assert not is_gone(dead | {"gallop.host": "elsewhere"})
    assert not is_gone(dead | {MACHINE: "another boot, another container"})
    assert not is_gone(dead | {PID: "x"})
    assert not is_gone({})


def test_marks_of_another_process_are_told_apart():
    code = "from gallop.adapters.process import own_marks; import json; print(json.dumps(own_marks()))"
    import json

    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not is_this_process(json.loads(other.stdout))
