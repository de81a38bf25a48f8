"""What a look at the live model says, in sentences: for the terminal and the page alike."""

from collections.abc import Iterator

from gallop.reporting.formatting import brief, count, leads, percent
from gallop.results.monitoring import DIFFERENT_LEADS, FEWER, FEWER_OR_LATER, GroupRate, MonitoringReport, MovedColumn


def monitoring_title(report: MonitoringReport) -> str:
    """The verdict, in a line."""
    raised = [alarm.name for alarm in report.alarms if alarm.raised]
    alarms = [name for name in raised if name != DIFFERENT_LEADS]
    if alarms:
        return f"version {report.version}: {' and '.join(alarms)} than its scores say"
    said = ", but the leads are different" if raised else ""
    return f"version {report.version}: no alarm{said}"


def expected_by_now(report: MonitoringReport) -> str:
    """How many conversions came, of how many that were to be expected by now."""
    now = report.now
    if now is None:
        return (
            f"{leads(report.leads)} scored. What to expect by now cannot be told yet: how late conversions come is not "
            "known."
        )
    return (
        f"{count(now.came)} conversions came, and {now.expected:,.0f} were expected by now (where all is well, "
        f"{now.low:,.0f} to {now.high:,.0f} in 95 of 100 cases); {now.in_all:,.0f} once all "
        f"{leads(now.leads)} are ripe."
    )


def followed_leads(report: MonitoringReport) -> Iterator[str]:
    """Which leads these are, and what is known of them."""
    yield (
        f"{leads(report.leads)} first scored since {report.since}, outcomes known until {report.until}; "
        f"{count(report.ripe)} are ripe ({report.ripe_days:g} days old)"
    )
    if report.delays_from is not None and report.median_delay is not None:
        yield (
            f"half of the conversions are seen within {report.median_delay:.1f} days "
            f"(from {count(report.delays_from)} conversions)"
        )
    if report.again:
        yield f"{count(report.again)} later scores of the same leads are left out"
    if report.converted_before:
        yield f"left out, since they had converted before: {leads(report.converted_before)}"


def group_line(group: GroupRate) -> tuple[str, str, str, str]:
    """A group's name, leads, expected rate, and the rate that came with its interval."""
    rate = group.rate
    came = f"{percent(rate.value)} [{percent(rate.low)}, {percent(rate.high)}]"
    return group.name, count(group.leads), percent(group.expected), came


def moved(column: MovedColumn) -> str:
    """How a column moved."""
    if column.level is None:
        return f"{column.column}: median {brief(column.before)} → {brief(column.now)}"
    return f"{column.column} {column.level}: {percent(column.before)} → {percent(column.now)} of the leads"


def what_to_do(report: MonitoringReport) -> Iterator[str]:
    """What a person had better do now."""
    raised = {alarm.name for alarm in report.alarms if alarm.raised}
    if FEWER in raised:
        yield (
            "Fewer ripe leads convert than their scores say, or scores tell them apart less. Train again with newer "
            "leads; `gallop rollback` where the version before did better."
        )
    elif FEWER_OR_LATER in raised:
        yield (
            "Young leads convert less than they should, or later. First see whether conversions are still recorded and "
            "exported as before. Do not roll back for this alone: when leads are ripe, `fewer` tells the two apart."
        )
    if DIFFERENT_LEADS in raised:
        yield "See what changed at the source of what moved. Alone it is no alarm: scores may hold for such leads too."
    if not raised:
        yield "Nothing."
