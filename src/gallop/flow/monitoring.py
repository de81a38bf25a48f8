"""`gallop monitor` and `gallop earned`: the logs and the live model's own figures in, what they tell out."""

import narwhals.stable.v2 as nw

from gallop.adapters.monitoring.outcome_log import read_outcomes
from gallop.adapters.monitoring.score_log import read_scores
from gallop.artifacts.bundle import read_manifest
from gallop.errors import ChecksumError, MissingOutputError, SettingsError
from gallop.files import write_text
from gallop.flow.project import Project
from gallop.flow.score_log import no_scores
from gallop.flow.training import RESULT
from gallop.monitoring.look import ScoresLearnt, look_at_model
from gallop.monitoring.outcomes import LeadOutcome, latest_outcomes
from gallop.results.earned import Earned
from gallop.results.monitoring import MonitoringReport
from gallop.results.run import SAMPLE, TrainingResult
from gallop.schema import DAY_US


def run_earned(project: Project) -> Earned:
    """What the list brought. Raises as `run_monitor`; SettingsError where the uplift may have chosen the contacts."""
    from gallop.monitoring.earned import what_the_list_earned

    settings = project.settings
    if settings.table.treatment is not None:
        raise SettingsError(
            "table.treatment: contacts may be chosen by uplift, which the log of scores does not hold, so nobody can "
            "tell which held-out leads are as good as those contacted; `gallop earned` is for lists by probability"
        )
    scores, outcomes, until = _logs(project)
    return what_the_list_earned(scores, outcomes, until, float(settings.monitoring.horizon_days), settings.decision)


def _logs(project: Project) -> tuple[nw.DataFrame, dict[str, LeadOutcome], float]:
    """Scores, the oldest first; what was said of each lead last; and until when that is known, in days since 1970.

    Raises:
        MissingOutputError: no score, or no outcome, was ever recorded. ChecksumError: a part of a log is damaged.
    """
    scores = read_scores(project.paths.scores)
    if not len(scores):
        raise no_scores(project.paths.scores)
    log = read_outcomes(project.paths.outcomes)
    if log.until is None:
        raise MissingOutputError(
            f"{project.paths.outcomes}: nothing is known of what became of leads; `gallop outcomes FILE` takes it"
        )
    return nw.from_native(scores, eager_only=True), latest_outcomes(log.said), log.until / DAY_US


def run_monitor(project: Project) -> MonitoringReport:
    """Look at the live model, and write the page about it.

    Raises:
        MissingOutputError: no score, or no outcome, was ever recorded. ChecksumError: a part of a log is damaged.
    """
    from gallop.reporting.html.monitoring_page import render_monitoring

    scores, outcomes, until = _logs(project)
    learnt = _learnt(project, scores["model_version"].to_list()[-1])
    report = look_at_model(scores, outcomes, until, project.settings.monitoring, learnt)
    page = render_monitoring(report, project.settings, sample=_is_sample(project))
    write_text(project.paths.monitoring_page, page)
    return report


def _learnt(project: Project, version: str) -> ScoresLearnt | None:
    """What the deployed model's scores were like, where it is the one that scored last."""
    folder = project.paths.deployed
    try:
        manifest = read_manifest(folder)
        if str(manifest.version or "candidate") != version or RESULT not in manifest.files:
            return None
        result = TrainingResult.model_validate_json((folder / RESULT).read_bytes())
    except (MissingOutputError, ChecksumError, OSError, ValueError):
        return None
    return ScoresLearnt(result.evidence.decision.bands, manifest.uncertainty.ranges, result.live_scores)


def _is_sample(project: Project) -> bool:
    try:
        return read_manifest(project.paths.deployed).data == SAMPLE
    except (MissingOutputError, ChecksumError):
        return False
