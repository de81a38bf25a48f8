"""The model card: what the model is for, how good it is, and where it must not be trusted. Markdown, from the results.

The headings follow Mitchell et al. (2019), Model Cards for Model Reporting. The same values give the same bytes.
"""

from collections.abc import Iterable, Iterator
from importlib import metadata

from gallop.evaluation.metrics import METRICS, Estimate
from gallop.reporting import decision_text, narrative, rule_text
from gallop.reporting.formatting import (
    METRIC_MEANINGS,
    SAMPLE_BANNER,
    between,
    count,
    direction,
    family,
    figure,
    given_up,
    leads,
    metric,
    money,
    money_between,
    percent,
    percent_of,
    signed_interval,
    version,
    with_interval,
    words,
)
from gallop.reporting.markdown.metrics import escaped
from gallop.results.run import SAMPLE, CodeVersion, DataVersion, Quality, TrainingResult
from gallop.settings.params import Settings


def render_card(
    result: TrainingResult, quality: Quality, data: DataVersion, code: CodeVersion, settings: Settings
) -> str:
    """The whole card. Arguments as in `reporting.html.page.render_report`."""
    parts = (
        _head(result, data, settings),
        _use(settings),
        _data(result, quality, data, settings),
        _candidates(result),
        _figures(result),
        _promises(result),
        _decision(result, settings),
        _slices(result),
        _limits(result, data, settings),
        _made(result, data, code, settings),
    )
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A table whose cells are escaped, the first column to the left and the others to the right."""
    names = list(header)
    yield f"| {' | '.join(names)} |"
    yield f"|:--{'|--:' * (len(names) - 1)}|"
    for cells in rows:
        yield f"| {' | '.join(escaped(cell) for cell in cells)} |"
    yield ""


def _head(result: TrainingResult, data: DataVersion, settings: Settings) -> Iterator[str]:
    yield f"# Model card: {escaped(settings.project.model)}\n"
    if data.origin == SAMPLE:
        yield f"> **{SAMPLE_BANNER}**\n"
    yield f"A {escaped(family(result.winner))} that gives each lead its probability of becoming a customer."
    yield f"{escaped(narrative.export(result))}\n"


def _use(settings: Settings) -> Iterator[str]:
    scope = rule_text.scope(settings.table)
    yield "## What it is for\n"
    yield "- To rank leads and to decide whom to contact first."
    if scope:
        yield f"- For leads for which {escaped(scope)}; of others it knows nothing."
    yield "- Not for decisions that concern a person's rights, credit, work or health, and not to learn what causes a"
    yield "  conversion: it knows what goes along with one."
    yield f"- It takes {escaped(', '.join(settings.features.inputs))}.\n"


def _data(result: TrainingResult, quality: Quality, data: DataVersion, settings: Settings) -> Iterator[str]:
    held_out = "the last days" if settings.split.by == "day" else "drawn at random within each outcome"
    yield "## Data\n"
    yield f"- Table: {escaped(data.path)}, {escaped(version(data))}; outcome: {escaped(settings.table.label.column)}."
    yield f"- {narrative.kept(quality)}"
    converted = percent_of(result.train_positives, result.train_rows)
    yield f"- {leads(result.train_rows)} to learn from ({converted} customers)."
    yield f"- {leads(result.test.rows)} held out to test on, {held_out}.\n"
    meanings = rule_text.meanings(settings.table)
    broken = [each for each in quality.rules if each.rows]
    if broken:
        yield from _table(
            ("rule", "rows", "kind", "meaning"),
            (
                (each.rule, count(each.rows), "defect" if each.defect else "out of scope", meanings.get(each.rule, ""))
                for each in broken
            ),
        )


def _candidates(result: TrainingResult) -> Iterator[str]:
    yield "## Candidates\n"
    yield "By cross-validation on the training leads; behind: log-loss minus the winner's on the same leads.\n"
    yield from _table(
        ("family", "log-loss", "ROC AUC", "behind"),
        (
            (
                family(each.family) + (", calibrated by a curve" if each.calibrated else ""),
                with_interval(each.metrics["log_loss"]),
                with_interval(each.metrics["roc_auc"]),
                "winner" if each.family == result.winner else signed_interval(each.behind),
            )
            for each in result.candidates
        ),
    )
    if result.given_up:
        yield f"{given_up(result.given_up)}\n"


def _figures(result: TrainingResult) -> Iterator[str]:
    yield "## How good it is\n"
    yield (
        f"On {leads(result.test.rows)} that had no say in anything, with {percent(result.test.confidence)} intervals; "
        "the baseline is an untuned logistic regression.\n"
    )
    yield from _table(
        ("metric", "this model", "baseline", "meaning"),
        (
            (
                f"{metric(name)} ({direction(name)})",
                with_interval(result.test.metrics[name]),
                with_interval(result.baseline[name]),
                METRIC_MEANINGS[name],
            )
            for name in METRICS
        ),
    )
    if more := decision_text.more_data(result.evidence.learning):
        yield f"Would more data help? {more}\n"


def _promises(result: TrainingResult) -> Iterator[str]:
    found = result.evidence.calibration
    parts = found.brier
    yield "## Do the probabilities mean what they say?\n"
    yield f"- {escaped(decision_text.calibrated(found))}"
    yield "- The ECE and its interval are biased upward. With chance taken off (Kumar, Liang and Ma 2019), the root"
    yield f"  mean squared gap is {figure(found.debiased)}."
    yield (
        f"- Brier score {figure(parts.brier)}: uncertainty {figure(parts.uncertainty)}, less resolution "
        f"{figure(parts.resolution)}, plus reliability {figure(parts.reliability)}, plus differences within bins "
        f"{parts.within:.3f}."
    )
    yield f"- {decision_text.certain(result.evidence.certainty)}\n"


def _decision(result: TrainingResult, settings: Settings) -> Iterator[str]:
    plan, rule = result.evidence.decision, settings.decision
    yield "## Whom to call\n"
    yield f"{decision_text.in_force(plan)} Chosen out of fold; the test leads only measure it."
    optimism = plan.optimism if plan.cutoff == plan.for_profit else None
    if profit := decision_text.profit_of(plan.cutoff, optimism):
        yield profit
        yield f"A customer is taken to be worth {money(rule.value or 0)}, a call to cost {money(rule.cost or 0)}."
    yield ""
    yield from _table(
        ("band", "from probability", "of the leads", "customers, out of fold", "customers, test leads"),
        (
            (
                each.name,
                figure(each.lowest),
                percent(each.share, 1),
                _rate(each.rate),
                _rate(each.test_rate) if each.test_rate else "no lead",
            )
            for each in plan.bands
        ),
    )
    yield "Of the next 1,000 leads, calling the best:\n"
    yield from _table(
        ("call", "customers to expect", "at random", *(["profit"] if plan.best[0].profit else [])),
        (
            (
                f"{count(each.contacts)}{' (capacity)' if each.capacity else ''}",
                f"{decision_text.whole(each.conversions.value)} ({between(each.conversions)})",
                decision_text.whole(each.at_random),
                *([f"{money(each.profit.value)} ({money_between(each.profit)})"] if each.profit else []),
            )
            for each in plan.best
        ),
    )


def _rate(rate: Estimate) -> str:
    return f"{percent(rate.value, 1)} ({percent(rate.low, 1)} to {percent(rate.high, 1)})"


def _slices(result: TrainingResult) -> Iterator[str]:
    if not result.evidence.slices:
        return
    yield "## Slices\n"
    yield f"{decision_text.checked(result.evidence)} (Holm's bound over all tests.)\n"
    yield from _table(
        ("slice", "test leads", "expected", "became customers", "ROC AUC", "warning"),
        (
            (
                f"{words(each.column)}: {each.level}",
                count(each.rows),
                percent(each.expected, 1),
                _rate(each.rate),
                with_interval(each.roc_auc) if each.roc_auc else "–",
                each.because or "–",
            )
            for each in result.evidence.slices
        ),
    )


def _limits(result: TrainingResult, data: DataVersion, settings: Settings) -> Iterator[str]:
    yield "## Limits\n"
    if data.origin == SAMPLE:
        yield "- It was trained on synthetic leads: its scores mean nothing for real ones."
    for each in decision_text.careful(result.evidence):
        yield f"- {escaped(each)}"
    if settings.split.by == "random":
        yield "- The test leads are from the same time as the training leads: change over time is not measured."
    yield "- It holds for leads like those above. Where the site, the campaign or the offer changes, measure again."
    yield f"- The figures rest on {leads(result.test.positives)} that became customers among the test leads.\n"


def _made(result: TrainingResult, data: DataVersion, code: CodeVersion, settings: Settings) -> Iterator[str]:
    yield "## How it was made\n"
    yield f"- gallop {metadata.version('gallop')}, code {escaped(code.name)}, seed {settings.seed}."
    yield f"- Data {escaped(data.path)}, md5 {escaped(data.md5)}; test leads {result.test_digest[:12]}."
    yield (
        f"- {settings.training.folds} folds; {percent(settings.evaluation.confidence)} intervals from "
        f"{count(settings.evaluation.resamples)} bootstrap resamples. The same data, code and seed give this same card."
    )
