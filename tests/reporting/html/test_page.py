"""The page: complete, safe, self-contained, and the same for the same values."""

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest

from gallop.evaluation.metrics import METRICS, Estimate
from gallop.reporting.formatting import METRIC_NAMES, SAMPLE_BANNER, figure, interval, money
from gallop.reporting.html.page import render_report
from gallop.reporting.html.plots import curves
from gallop.results.run import CodeVersion, Importance, RuleCount
from tests.support import results as made

HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7 * 7 }} $x$"
VOID = {"meta", "link", "br", "hr", "img"}


@cache
def default_page() -> str:
    return page()


def page(result=None, quality=None, data=None, code=made.CODE, settings=None) -> str:
    return render_report(
        result or made.result(), quality or made.quality(), data or made.data(), code, settings or made.settings()
    )


class Outline(HTMLParser):
    """Every element with its attributes; fails where an element is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_same_values_give_the_same_bytes():
    assert page() == default_page()


def test_every_element_is_closed_where_it_was_opened():
    assert Outline(default_page()).elements
    assert Outline(page(result=made.result(best_possible=made.estimates(0.2)), data=made.data("sample"))).elements


def test_the_page_loads_nothing_and_runs_nothing():
    text = default_page()
    for tag, attributes in Outline(text).elements:
        assert tag not in {"script", "iframe", "object", "embed", "img", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_ids_are_used_once():
    ids = [attributes["id"] for _, attributes in Outline(default_page()).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_reference_within_the_page_has_its_target():
    text = default_page()
    ids = {attributes.get("id") for _, attributes in Outline(text).elements}
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= ids


def test_names_from_data_and_settings_are_shown_as_text():
    text = page(
        result=made.result(
            candidates=(made.candidate("gradient_boosting", 0.0, HOSTILE),),
            importances=(Importance(column=HOSTILE, increase=made.estimate(0.1)),),
        ),
        quality=made.quality(
            rules=(RuleCount(rule=HOSTILE, rows=3, defect=True),), missing={HOSTILE: 4, f"{HOSTILE} 2": 0}
        ),
        data=made.data().model_copy(update={"path": HOSTILE}),
        settings=made.settings(HOSTILE),
    )
    assert "<script" not in text
    assert HOSTILE not in text
    assert unescape(text).count(HOSTILE) >= 7
    assert Outline(text).elements


@pytest.mark.parametrize(("origin", "shown"), [("sample", True), ("dvc", False), ("file", False)])
def test_the_sample_banner_is_there_exactly_for_the_sample(origin, shown):
    assert (SAMPLE_BANNER in page(data=made.data(origin))) is shown


def test_the_best_possible_is_there_exactly_where_it_is_known():
    known = made.estimates(0.123)
    assert "best possible" not in default_page()
    text = page(result=made.result(best_possible=known), data=made.data("sample"))
    assert all(interval(estimate) in text for estimate in known.values())


def test_every_metric_of_model_and_baseline_is_shown_with_its_interval():
    result = made.result()
    text = page(result)
    for name in METRICS:
        assert METRIC_NAMES[name] in text
        for estimate in (result.test.metrics[name], result.baseline[name]):
            assert figure(estimate.value) in text
            assert interval(estimate) in text


def test_every_rule_every_column_and_every_candidate_is_shown():
    quality, result = made.quality(), made.result()
    text = page(result, quality)
    for rule in quality.rules:
        assert f"<code>{rule.rule}</code>" in text
    for column in quality.missing:
        assert f"<code>{column}</code>" in text
    for candidate in result.candidates:
        assert candidate.family.replace("_", " ") in text
        assert interval(candidate.metrics["log_loss"]) in text
    assert made.BROKEN in text
    assert "visits is below 0" in text


def test_the_kept_leads_are_counted_in_words():
    assert "2,937 leads" in default_page()


def test_the_page_says_which_data_code_and_seed_it_is_about():
    text = default_page()
    assert made.data().md5 in text
    assert str(made.CODE.commit) in text
    assert "<b>seed</b>42" in text
    assert "uncommitted" not in text
    assert "uncommitted" in page(code=CodeVersion(commit="abc", changed=True))
    assert "no Git commit" in page(code=CodeVersion(commit=None, changed=False))


def test_every_plot_has_a_label_and_says_how_to_read_it():
    text = default_page()
    drawings = re.findall(r"<figure.*?</figure>", text, flags=re.DOTALL)
    assert len(drawings) == 13
    assert all("How to read it:" in drawing for drawing in drawings)
    for tag, attributes in Outline(text).elements:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"


def test_drawings_take_their_colours_from_the_page():
    for drawing in curves(made.report()).values():
        assert "var(--accent)" in drawing
        assert not re.search(r"(fill|stroke): #", drawing)


def test_settings_of_matplotlib_on_this_machine_do_not_change_the_drawings():
    import matplotlib as mpl

    before = curves(made.report())
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "lines.dashed_pattern": [9, 9]}):
        assert curves(made.report()) == before
        assert mpl.rcParams["font.size"] == 30


def test_the_page_stays_small_with_many_test_leads():
    assert len(page(result=made.result(test=made.report(rows=5000)))) < 200_000


@pytest.mark.parametrize("threshold", [0.001, 0.999])
def test_a_threshold_that_calls_everyone_or_nobody_can_be_shown(threshold):
    assert "confusion" in page(result=made.result(test=made.report(threshold=threshold)))


def test_the_page_says_whether_a_model_was_exported():
    assert "No model.pkl was exported" in page(result=made.result(exported=None))
    assert "holds this model" in page(result=made.result(exported="gradient_boosting"))


def test_evidence_that_is_not_there_leaves_no_empty_section():
    text = page(result=made.result(evidence=made.no_evidence()))
    Outline(text)
    for name in ("slices", "cases", "learning", "effects", "profit"):
        assert f'id="{name}"' not in text
        assert f'href="#{name}"' not in text
    assert "worth" not in text[text.index('class="lead"') : text.index('class="tiles"')]


def test_the_summary_says_whom_to_call_and_what_it_is_worth():
    result = made.result()
    lead = page(result)
    lead = lead[lead.index('class="lead"') : lead.index('class="tiles"')]
    best = next(choice for choice in result.evidence.decision.best if choice.capacity)
    assert "best 50 of 1,000 leads, a week’s capacity" in lead
    assert f"{best.conversions.value:.0f} customers" in lead
    assert best.profit is not None
    assert money(best.profit.value) in lead


def test_every_band_slice_and_reason_is_shown():
    result = made.result()
    text = unescape(page(result))
    assert [band.name for band in result.evidence.decision.bands] == re.findall(r'class="band (\w+)"', text)
    for slice_ in result.evidence.slices:
        assert f">{slice_.level}" in text
        assert slice_.because in text
    assert any(slice_.worse for slice_ in result.evidence.slices)
    assert "14 visits: +1.9" in text
    assert "source organic: -0.4" in text
    assert "time spent unknown: +0.1" in text


def test_a_warning_is_in_the_summary_before_anything_else_is_explained():
    text = unescape(page())
    warning = text.index('class="careful"')
    assert warning < text.index('id="decide"')
    assert "organic" in text[warning : text.index("</ul>", warning)]


def test_names_in_the_evidence_are_shown_as_text():
    shown = made.evidence(
        effects=(made.effect(HOSTILE, (HOSTILE, "b")),),
        hits=(made.case(0.9, True).model_copy(update={"reasons": (made.reason(HOSTILE, HOSTILE, 1.0),)}),),
        slices=tuple(
            slice_.model_copy(update={"column": HOSTILE, "level": HOSTILE, "because": HOSTILE})
            for slice_ in made.evidence().slices
        ),
    )
    text = page(result=made.result(evidence=shown))
    assert "<script" not in text
    assert HOSTILE not in text
    assert Outline(text).elements


@pytest.mark.parametrize("rule", [{"threshold": "profit", "value": 1.0, "cost": 90.0}, {"threshold": "f1"}])
def test_every_rule_can_be_shown(rule):
    plan = made.plan(made.DecisionRule(**rule))
    assert page(result=made.result(evidence=made.evidence(decision=plan)))


def test_a_candidate_with_a_calibrator_says_so():
    first, *others = made.result().candidates
    calibrated = page(made.result(candidates=(first.model_copy(update={"calibrated": True}), *others)))
    assert "a monotone calibrator corrects them" in calibrated
    assert "a monotone calibrator corrects them" not in page()


def test_the_page_says_when_its_leads_are_from_where_the_table_says_it():
    assert "<b>leads of</b>2024-01-03 to 2024-01-31" in page(quality=made.quality(days=("2024-01-03", "2024-01-31")))
    assert "<b>leads of</b>" not in page()
    assert "not known: the table has no column with the day of a lead" in page()


def test_money_from_example_values_is_said_before_anything_else_is_explained():
    example = made.plan(made.DecisionRule(**made.MONEY, example=True))
    text = page(result=made.result(evidence=made.evidence(decision=example)))
    assert text.index("The money comes from example values") < text.index('id="decide"')
    assert "example values" not in page()


def test_the_levels_of_a_numeric_category_stand_in_the_order_of_their_numbers():
    levels = ("10", "2", "missing", "1")
    first = made.evidence().slices[0]
    slices = tuple(first.model_copy(update={"column": "group", "level": level}) for level in levels)
    effect = made.effect("group", levels[:2] + levels[3:])
    text = page(result=made.result(evidence=made.evidence(slices=slices, effects=(effect,))))
    table = text[text.index('id="slices"') : text.index('id="columns"')]
    assert re.findall(r'<th scope="row">(\w+)', table) == ["1", "2", "10", "missing"]
    drawn = text[text.index('id="effects"') :]
    assert re.findall(r">(1|2|10)</text>", drawn) == ["1", "2", "10"]


def test_a_column_that_does_nearly_all_the_work_is_named_in_the_summary_and_beside_the_importances():
    importances = tuple(
        Importance(column=name, increase=Estimate(value=value, low=value / 2, high=value * 2))
        for name, value in (("visits", 1.2), ("source", 0.01))
    )
    assert page(result=made.result(importances=importances)).count("One column does nearly all the work") == 2
    shared = tuple(one.model_copy(update={"increase": Estimate(value=1, low=0, high=2)}) for one in importances)
    assert "nearly all the work" not in page(result=made.result(importances=shared))


def test_a_winner_that_stands_under_another_candidate_is_explained():
    first, *others = made.result().candidates
    better = first.model_copy(
        update={"family": "random_forest", "explains": False, "behind": Estimate(value=-0.002, low=-0.004, high=0.001)}
    )
    text = page(result=made.result(candidates=(better, first, *others)))
    assert "Random forest (-0.002 [-0.004, +0.001]) has a lower log-loss than the winner, which may be chance" in text
    assert "a lower log-loss than the winner" not in page()
