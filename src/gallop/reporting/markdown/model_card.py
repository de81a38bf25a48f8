"""The model card: what the model is for, how good it is, and where it must not be trusted. Markdown, from the results.

The headings follow Mitchell et al. (2019), Model Cards for Model Reporting. The same values give the same bytes.
"""

from collections.abc import Iterable, Iterator
from importlib import metadata

from gallop.evaluation.metrics import METRICS, Estimate
from gallop.reporting import decision_text, narrative, rule_text, time_text, uplift_text
from gallop.reporting.event_text import told_counts
from gallop.reporting.formatting import (
    METRIC_MEANINGS,
    SAMPLE_BANNER,
    count,
    describe_given_up,
    direction,
    family,
    figure,
    leads,
    metric,
    money,
    money_range,
    percent,
    percent_of,
    range_text,
    signed_interval,
    version,
    with_interval,
    words,
)
from gallop.reporting.markdown.metrics import escaped
from gallop.results.run import SAMPLE, CodeVersion, DataVersion, Quality, TrainingResult
from gallop.schema import DISTRIBUTION
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
        _probabilities(result),
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
    yield f"A {escaped(family(result.winner))} model that gives each lead its probability of becoming a customer."
    yield f"{escaped(narrative.export(result))}\n"


def _use(settings: Settings) -> Iterator[str]:
    scope = rule_text.scope(settings.table)
    yield "## What it is for\n"
    yield "- To rank leads and to decide whom to contact first."
    if scope:
        yield f"- For leads for which {escaped(scope)}; it has learnt nothing about others."
    yield "- Not for decisions about a person's rights, credit, work or health, and not to learn what causes a"
    yield "  conversion: it finds what goes along with one."
    yield f"- It takes {escaped(', '.join(settings.features.inputs))}.\n"


def _data(result: TrainingResult, quality: Quality, data: DataVersion, settings: Settings) -> Iterator[str]:
    yield "## Data\n"
    yield f"- Table: {escaped(data.path)}, {escaped(version(data))}; outcome: {escaped(settings.table.label.column)}."
    yield f"- {narrative.kept(quality)}"
    yield f"- Leads of {narrative.days(quality) or 'unknown days: the table has no column with the day of a lead'}."
    converted = percent_of(result.train_positives, result.train_rows)
    yield f"- {leads(result.train_rows)} to train on ({converted} customers)."
    held_out = escaped(rule_text.held_out(settings.split))
    yield f"- {leads(result.test.rows)} held out to test on, {held_out}. {narrative.live_fit(result)}\n"
    yield from (f"- {what}: {escaped(said)}.\n" for what, said in told_counts(quality.events))
    meanings = rule_text.meanings(settings.table)
    broken = [rule for rule in quality.rules if rule.rows]
    if broken:
        yield from _table(
            ("rule", "rows", "kind", "meaning"),
            (
                (rule.rule, count(rule.rows), "defect" if rule.defect else "out of scope", meanings.get(rule.rule, ""))
                for rule in broken
            ),
        )


def _candidates(result: TrainingResult) -> Iterator[str]:
    yield "## Candidates\n"
    yield "By cross-validation on the training leads; behind: log-loss minus the winner's on the same leads.\n"
    yield from _table(
        ("family", "log-loss", "ROC AUC", "behind"),
        (
            (
                family(candidate.family) + (", calibrated" if candidate.calibrated else ""),
                with_interval(candidate.metrics["log_loss"]),
                with_interval(candidate.metrics["roc_auc"]),
                "winner" if candidate.family == result.winner else signed_interval(candidate.behind),
            )
            for candidate in result.candidates
        ),
    )
    if above := narrative.above_the_winner(result):
        yield f"{escaped(above)}\n"
    if result.given_up:
        yield f"{describe_given_up(result.given_up)}\n"


def _figures(result: TrainingResult) -> Iterator[str]:
    yield "## How good it is\n"
    yield (
        f"On {leads(result.test.rows)} that were used neither for training nor for any choice, with "
        f"{percent(result.test.confidence)} intervals; the baseline is an untuned logistic regression.\n"
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


def _probabilities(result: TrainingResult) -> Iterator[str]:
    calibration = result.evidence.calibration
    parts = calibration.brier
    yield "## Are the probabilities calibrated?\n"
    yield f"- {escaped(decision_text.describe_calibration(calibration))}"
    yield "- The ECE and its interval are biased upward. Corrected for chance (Kumar, Liang and Ma 2019), the root mean"
    yield f"  squared gap is {figure(calibration.debiased)}."
    yield (
        f"- Brier score {figure(parts.brier)}: uncertainty {figure(parts.uncertainty)}, less resolution "
        f"{figure(parts.resolution)}, plus reliability {figure(parts.reliability)}, plus differences within bins "
        f"{parts.within:.3f}."
    )
    yield f"- {decision_text.describe_uncertainty(result.evidence.certainty)}\n"


def _decision(result: TrainingResult, settings: Settings) -> Iterator[str]:
    plan, rule = result.evidence.decision, settings.decision
    yield "## Whom to call\n"
    yield f"{decision_text.recommendation(plan)} Chosen out of fold; the test leads only measure it."
    optimism = plan.optimism if plan.cutoff == plan.for_profit else None
    if profit := decision_text.profit_of(plan.cutoff, optimism):
        yield profit
        yield f"Assumed: a customer is worth {money(rule.value or 0)}, a call costs {money(rule.cost or 0)}."
    yield ""
    yield from _table(
        ("band", "from probability", "of the leads", "customers, out of fold", "customers, test leads"),
        (
            (
                band.name,
                figure(band.lowest),
                percent(band.share, 1),
                _rate(band.rate),
                _rate(band.test_rate) if band.test_rate else "no lead",
            )
            for band in plan.bands
        ),
    )
    yield "Of the next 1,000 leads, calling the best:\n"
    yield from _table(
        ("call", "customers to expect", "at random", *(["profit"] if plan.best[0].profit else [])),
        (
            (
                f"{count(choice.contacts)}{' (capacity)' if choice.capacity else ''}",
                f"{decision_text.whole(choice.conversions.value)} ({range_text(choice.conversions)})",
                decision_text.whole(choice.at_random),
                *([f"{money(choice.profit.value)} ({money_range(choice.profit)})"] if choice.profit else []),
            )
            for choice in plan.best
        ),
    )


def _rate(rate: Estimate) -> str:
    return f"{percent(rate.value, 1)} ({percent(rate.low, 1)} to {percent(rate.high, 1)})"


def _slices(result: TrainingResult) -> Iterator[str]:
    if not result.evidence.slices:
        return
    yield "## Slices\n"
    yield f"{decision_text.describe_slices(result.evidence)} (Holm's correction over all tests.)\n"
    yield from _table(
        ("slice", "test leads", "expected", "became customers", "ROC AUC", "warning"),
        (
            (
                f"{words(slice_.column)}: {slice_.level}",
                count(slice_.rows),
                percent(slice_.expected, 1),
                _rate(slice_.rate),
                with_interval(slice_.roc_auc) if slice_.roc_auc else "–",
                slice_.because or "–",
            )
            for slice_ in result.evidence.slices
        ),
    )


def _limits(result: TrainingResult, data: DataVersion, settings: Settings) -> Iterator[str]:
    yield "## Limits\n"
    if data.origin == SAMPLE:
        yield "- It was trained on synthetic leads: its scores mean nothing for real ones."
    told = (*decision_text.cautions(result.evidence), *time_text.time_cautions(result.over_time))
    told += (*time_text.over_time_lines(result), *uplift_text.uplift_lines(result.uplift))
    yield from (f"- {escaped(line)}" for line in told)
    if dominant := narrative.dominant_column(result):
        yield f"- {escaped(dominant)}"
    if not settings.split.is_forward:
        yield "- The test leads are from the same time as the training leads: change over time is not measured."
    yield "- It holds for leads like those above. Where the site, the campaign or the offer changes, measure again."
    yield f"- The figures rest on {leads(result.test.positives)} that became customers among the test leads.\n"


def _made(result: TrainingResult, data: DataVersion, code: CodeVersion, settings: Settings) -> Iterator[str]:
    yield "## How it was made\n"
    yield f"- gallop {metadata.version(DISTRIBUTION)}, code {escaped(code.name)}, seed {settings.seed}."
    yield f"- Data {escaped(data.path)}, md5 {escaped(data.md5)}; test leads {result.test_digest[:12]}."
    yield (
        f"- {settings.training.folds} folds; {percent(settings.evaluation.confidence)} intervals from "
        f"{count(settings.evaluation.resamples)} bootstrap resamples. The same data, code and seed give this same card."
    )
