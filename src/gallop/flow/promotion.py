"""What a promotion depends on besides outcomes and probabilities: earlier looks, slices, contract, leaks, data."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import narwhals.stable.v2 as nw

from gallop.artifacts.bundle import Bundle
from gallop.errors import GallopError
from gallop.evaluation.promotion import Circumstances, earlier_looks, look_at
from gallop.flow.project import Project
from gallop.flow.training import LEAKS, read_training_result
from gallop.ports import Registered
from gallop.results.history import History
from gallop.results.run import GuardRail
from gallop.schema import Role


def circumstances_of(
    project: Project,
    leads: nw.DataFrame,
    candidate: Bundle,
    champion: Registered,
    history: History,
    versions: Sequence[Registered],
) -> Circumstances:
    """What is known of a comparison of a project's candidate with the champion on these leads.

    Args:
        leads: the rows that are compared, clean leads.
        history, versions: what the registry has.
    """
    table = project.settings.table
    look = look_at(leads[table.id].to_list(), candidate.manifest.digest, champion.version)
    decisions = [entry.change.decision for entry in history.entries if entry.change.decision]
    return Circumstances(
        look=look,
        earlier=earlier_looks(look, decisions),
        categories={
            name: leads[name].to_list()
            for name, column in table.columns.items()
            if column.role is Role.CATEGORY and name in leads.columns
        },
        groups=leads[table.group].to_list() if table.group else None,
        rails=(
            _contract_rail(project),
            _leak_rail(project),
            data_rail(candidate.manifest.data_version.md5, champion, versions),
        ),
    )


def _contract_rail(project: Project) -> GuardRail:
    if not project.settings.export.contract:
        return GuardRail(name="contract", kept=True, because="the project has none")
    exported = read_training_result(project).exported
    because = f"kept by {exported}" if exported else "no candidate meets it"
    return GuardRail(name="contract", kept=exported is not None, because=because)


def _leak_rail(project: Project) -> GuardRail:
    """Every finding that stops a run was acknowledged, under today's settings too."""
    from gallop.leakage.finding import Finding
    from gallop.leakage.policy import finding_columns, open_stops

    try:
        content = json.loads(Path(project.paths.candidate / LEAKS).read_bytes())
        findings = tuple(Finding.model_validate_json(json.dumps(finding)) for finding in content)
    except (OSError, ValueError, GallopError):
        return GuardRail(name="leak guard", kept=False, because="what it found is not there; train again")
    if stops := open_stops(findings, project.settings):
        named = ", ".join(sorted({finding_columns(finding) for finding in stops}))
        return GuardRail(name="leak guard", kept=False, because=f"nobody has acknowledged its findings about {named}")
    acknowledged = len(project.settings.leaks.acknowledged)
    because = f"clean; {acknowledged} findings acknowledged" if acknowledged else "clean"
    return GuardRail(name="leak guard", kept=True, because=because)


def data_rail(md5: str, champion: Registered, versions: Iterable[Registered]) -> GuardRail:
    """Whether the candidate's data is no older than the champion's: by which of them a version was made first.

    Args:
        md5: of the candidate's raw table.
        versions: of the registry, the oldest first.
    """
    order: dict[str, int] = {}
    for number, version in enumerate(versions):
        order.setdefault(version.tags.get("data_version", ""), number)
    theirs = champion.tags.get("data_version", "")
    if md5 == theirs:
        return GuardRail(name="data version", kept=True, because="the same as the champion's")
    if order.get(md5, len(order)) < order.get(theirs, -1):
        because = (
            f"md5 {md5[:8]} is older than the champion's {theirs[:8]}: a version before the champion's first had it"
        )
        return GuardRail(name="data version", kept=False, because=because)
    return GuardRail(name="data version", kept=True, because="newer than the champion's")
