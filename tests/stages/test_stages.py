"""The spine of the project."""

from gallop.stages import COMMANDS, DVC_STAGES, STAGES


def test_the_spine_has_the_six_stages_in_order():
    assert STAGES == ("data_clean", "data_preprocess", "data_split", "model_training", "model_selection", "deploy")


def test_the_report_is_drawn_when_all_files_are_there_and_before_a_registry_is_asked():
    assert tuple(stage for stage in COMMANDS if stage != "report") == STAGES
    assert COMMANDS[: COMMANDS.index("report") + 1] == DVC_STAGES
