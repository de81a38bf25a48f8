"""What a person sees, and what stays untouched, when a run does not get through."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from containers import steps

from gallop.stages import STAGES
from tests.pipeline.standin.calls import Leaf
from tests.pipeline.standin.session import Backend, Recorder, Session

SessionWith = Callable[[Backend], Session]
Planted = dict[tuple[str, ...], tuple[int, str, str]]


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """A model of an earlier run."""
    model = tmp_path / "models" / "model.pkl"
    model.parent.mkdir()
    model.write_text("the previous model", encoding="utf-8")
    return model


@pytest.mark.parametrize("stage", STAGES)
def test_a_failing_stage_stops_with_its_name_and_code_and_leaves_what_it_said_to_the_engines_log(
    stage: str,
    session_with: SessionWith,
    pipeline: ModuleType,
    previous: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing: Planted = {("gallop", stage.replace("_", "-")): (11, "3 rows read", "no column n_visits")}
    session = session_with(Recorder(failing))
    assert pipeline.main(["train", "--out", str(tmp_path)]) == 11
    printed = capsys.readouterr()
    assert f"stage {stage} failed with exit code 11, see above; models/ and reports/ are as they were" in printed.err
    assert "3 rows read" not in printed.err
    assert "no column n_visits" not in printed.err
    assert printed.out == ""
    assert "export" not in [leaf.field for leaf in session.leaves]
    assert previous.read_text(encoding="utf-8") == "the previous model"
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_a_failing_step_that_is_no_stage_is_named_by_its_command(
    session_with: SessionWith, pipeline: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session_with(Recorder({("gallop", "data", "pull"): (20, "", "no remote answers")}))
    assert pipeline.main(["train", "--out", str(tmp_path)]) == 20
    assert "pipeline: gallop data pull failed with exit code 20" in capsys.readouterr().err


def test_failing_checks_end_with_the_makefiles_code(
    session_with: SessionWith, pipeline: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session_with(Recorder({tuple(steps.verb("check")): (2, "E501 line too long", "")}))
    assert pipeline.main(["check", "--out", str(tmp_path)]) == 2
    assert "check failed with exit code 2, see above" in capsys.readouterr().err


class BreaksOff(Recorder):
    """The transfer of reports/ does not get through."""

    def answer(self, leaf: Leaf, type_: str) -> Any:
        if leaf.field == "export" and leaf.on["path"] == "reports":
            raise OSError("no space left on device")
        return super().answer(leaf, type_)


def test_an_export_that_breaks_off_costs_nothing(
    session_with: SessionWith,
    pipeline: ModuleType,
    previous: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    session_with(BreaksOff())
    assert pipeline.main(["train", "--out", str(tmp_path)]) == 1
    assert "no space left on device" in capsys.readouterr().err
    assert previous.read_text(encoding="utf-8") == "the previous model"
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "--secret", "GALLOP_NO_SUCH"], 3, "--secret GALLOP_NO_SUCH: the environment has no variable"),
        (["train", "--tracking", "https://me:hunter2@mlflow.example.org"], 3, "--tracking: holds a password"),
        (["train", "--data-remote", "https://me:hunter2@example.org/dvc"], 3, "--data-remote: holds a password"),
        (["validate"], 21, "models/model.pkl: no model there"),
        (["image"], 21, "models/deployed: nothing is deployed there"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(
    arguments: list[str],
    code: int,
    message: str,
    session: Session,
    pipeline: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pipeline.main([*arguments, "--out", str(tmp_path)]) == code
    printed = capsys.readouterr().err
    assert message in printed
    assert "hunter2" not in printed
    assert session.leaves == []


def test_an_unknown_function_is_refused_with_those_that_exist(
    pipeline: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        pipeline.main(["trian"])
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert [name for name in pipeline.FUNCTIONS if name not in printed] == []
