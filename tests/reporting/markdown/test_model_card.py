"""The model card: complete, safe, and the same for the same values."""

import re

from gallop.evaluation.metrics import METRICS
from gallop.reporting.formatting import METRIC_NAMES, SAMPLE_BANNER
from gallop.reporting.markdown.model_card import render_card
from tests.support import results as made


def card(result=None, data=None, settings=None) -> str:
    return render_card(
        result or made.result(), made.quality(), data or made.data(), made.CODE, settings or made.settings()
    )


def test_the_same_values_give_the_same_card():
    assert card() == card()


def test_every_part_of_a_model_card_is_there_in_order():
    headings = re.findall(r"^## (.+)$", card(), flags=re.MULTILINE)
    assert headings == [
        "What it is for",
        "Data",
        "Candidates",
        "How good it is",
        "Are the probabilities calibrated?",
        "Whom to call",
        "Slices",
        "Limits",
        "How it was made",
    ]


def test_figures_rules_bands_and_versions_are_shown():
    text = card()
    for name in METRICS:
        assert METRIC_NAMES[name] in text
    for band in ("hot", "warm", "cold"):
        assert f"| {band} |" in text
    assert made.data().md5 in text
    assert str(made.CODE.commit) in text
    assert "visits is below 0" in text
    assert "seed 42" in text


def test_every_warning_of_a_slice_is_among_the_limits():
    result = made.result()
    limits = card(result).split("## Limits")[1]
    worse = [slice_ for slice_ in result.evidence.slices if slice_.worse]
    assert worse
    assert all(slice_.because in limits for slice_ in worse)


def test_evidence_that_is_not_there_is_left_out():
    text = card(made.result(evidence=made.no_evidence()))
    assert "## Slices" not in text
    assert "more data" not in text
    assert "profit" not in text


def test_every_row_has_as_many_cells_as_its_header():
    blocks = re.findall(r"(?:^\|.*\n)+", card(), flags=re.MULTILINE)
    assert len(blocks) >= 6
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_a_name_from_the_data_is_no_markup():
    hostile = "a | b <script> `x` **y**"
    result = made.result(
        evidence=made.evidence(
            slices=tuple(slice_.model_copy(update={"level": hostile}) for slice_ in made.evidence().slices)
        )
    )
    text = card(result)
    assert "<script" not in text
    assert "**y**" not in text


def test_the_sample_is_announced_exactly_for_the_sample():
    assert SAMPLE_BANNER in card(data=made.data("sample"))
    assert "synthetic" in card(data=made.data("sample")).split("## Limits")[1]
    assert SAMPLE_BANNER not in card()


def test_families_that_were_given_up_are_named():
    assert "because clearly behind: random forest, forest." in card(made.result(given_up=("random_forest", "forest")))
    assert "clearly behind" not in card()


def test_a_candidate_with_a_calibrator_says_so():
    first, *others = made.result().candidates
    calibrated = made.result(candidates=(first.model_copy(update={"calibrated": True}), *others))
    assert card(calibrated).count(", calibrated |") == 1
    assert ", calibrated |" not in card()
