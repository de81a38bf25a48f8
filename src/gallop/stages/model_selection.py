"""model_selection: does the candidate replace the champion? Decided on the same test rows, with the reason written.

The registry's aliases have no compare-and-swap: of two promoters at once, the worse candidate may win. So the champion
is read, compared and replaced under the registry's lock, and what was decided counts only where the history has not
gone on meanwhile. Running it again changes nothing: a candidate that is registered already keeps its version.
"""

from collections.abc import Callable
from pathlib import Path

from gallop.artifacts.bundle import Manifest
from gallop.artifacts.lineage import Lineage
from gallop.errors import RegistryBusyError
from gallop.evaluation.metrics import Vector
from gallop.evaluation.promotion import Circumstances, judge
from gallop.ports import CHALLENGER, CHAMPION, Registered, Registry
from gallop.results.estimates import text_of_figures
from gallop.results.history import SELECTION, Author, Change, History, adopted, next_change
from gallop.results.run import SAMPLE, Decision, Selected
from gallop.settings.params import Settings

_TRIES = 5
"""How often a decision is taken anew because another command was faster, in spite of the lock."""


def decide_promotion(
    label: Vector,
    candidate: Vector,
    champion: Vector,
    settings: Settings,
    circumstances: Circumstances | None = None,
) -> Decision:
    """Compare two sets of probabilities for the same rows under the rule `selection` of the settings.

    The candidate is promoted where its mean loss is lower by more than `minimum_gain`, where luck of the rows explains
    that with a chance of no more than this look is worth, and where every guard rail keeps. A tie keeps the champion.

    Args:
        label: shape (n,), 0 or 1.
        candidate, champion: shape (n,), in [0, 1].
        circumstances: what else the decision needs; None for a first look at rows without categories.
    """
    return judge(label, candidate, champion, settings.selection, circumstances or Circumstances(), settings.resampling)


def model_selection(
    registry: Registry,
    bundle: Path,
    manifest: Manifest,
    run_id: str | None,
    lineage: Lineage,
    compare: Callable[[Registered, History], Decision],
    author: Author,
) -> Selected:
    """Register the candidate (once) and let the aliases say who is champion and who challenger.

    A comparison that fails decides against the candidate: `compare` says so, it does not raise. A champion that a
    person has pinned stays, whatever the candidate is like.

    Args:
        registry: where versions are kept.
        bundle: the candidate's folder.
        manifest: the candidate's manifest.
        run_id: the tracked run it came from.
        lineage: the project and table that it is of.
        compare: decides against a champion on the same test rows, given what was decided before.
        author: who runs this, for the history.

    Raises:
        ForeignModelError: the champion is of another project or table; nothing is registered.
        RegistryBusyError: other commands were faster, again and again.
    """
    with registry.lock():
        registry.settle()
        for _ in range(_TRIES):
            champion, history = read_settled(registry)
            if champion is not None:
                lineage.refuse(champion.tags, manifest.model, champion.version)
                if history.live != champion.version:
                    registry.append(adopted(history, champion.version, author))
                    continue
            candidate = _registered(registry, bundle, manifest, run_id, lineage)
            decision = _decide(candidate, champion, manifest, history, compare)
            change = _change(candidate, champion, decision, manifest, history, author)
            if change is None or registry.append(change):
                _point_challenger(registry, candidate, champion, decision)
                break
        else:
            raise RegistryBusyError(f"registry: other commands have changed {manifest.model} {_TRIES} times meanwhile")
        now, pin = registry.holder(CHAMPION), registry.history().pin
    return Selected(
        decision=decision,
        candidate=candidate.version,
        champion=now.version if now else candidate.version,
        previous=champion.version if champion else None,
        pinned=pin is not None,
    )


def read_settled(registry: Registry) -> tuple[Registered | None, History]:
    """The champion and the history, read while no other command was between them, which a lost lock would let in."""
    history = registry.history()
    for _ in range(_TRIES):
        before = history
        champion, history = registry.holder(CHAMPION), registry.history()
        under_way = history.last is not None and not history.last.done and not history.open_faults
        if history.head == before.head and not under_way:
            break
        registry.settle()
    return champion, history


def _registered(
    registry: Registry, bundle: Path, manifest: Manifest, run_id: str | None, lineage: Lineage
) -> Registered:
    same = [version for version in registry.versions() if version.tags.get("digest") == manifest.digest]
    if same:
        return same[-1]
    tags = lineage.tags() | {
        "digest": manifest.digest,
        "family": manifest.family,
        "data": manifest.data,
        "data_version": manifest.data_version.md5,
        "code_version": manifest.code_version.name,
        "figures": text_of_figures(manifest.metrics),
    }
    return registry.register(bundle, run_id, tags)


def _decide(
    candidate: Registered,
    champion: Registered | None,
    manifest: Manifest,
    history: History,
    compare: Callable[[Registered, History], Decision],
) -> Decision:
    if champion is not None and champion.version == candidate.version:
        return Decision(promote=False, because="the candidate is the champion already")
    if because := _held(candidate, history):
        return Decision(promote=False, because=because)
    if champion is None:
        return Decision(promote=True, because="the registry had no champion")
    of_sample = champion.tags.get("data") == SAMPLE, manifest.data == SAMPLE
    if of_sample == (True, False):
        because = "the champion was trained on the synthetic sample, the candidate on real data"
        return Decision(promote=True, because=because)
    if of_sample == (False, True):
        because = "the candidate was trained on the synthetic sample, the champion on real data"
        return Decision(promote=False, because=because)
    return compare(champion, history)


def _held(candidate: Registered, history: History) -> str | None:
    """Why no run may promote now, whatever it compares."""
    by_hand = f"`gallop promote {candidate.version} --because REASON`"
    if history.open_faults:
        faults = "; ".join(history.open_faults)
        return f"the registry's history is not whole ({faults}), so no run promotes; {by_hand} does, and notes that"
    if pin := history.pin:
        return (
            f"version {pin.live} is pinned since {pin.at} by {pin.who} ({pin.because}); `gallop unpin` lets runs decide"
            f" again, {by_hand} makes this one champion"
        )
    return None


def _change(
    candidate: Registered,
    champion: Registered | None,
    decision: Decision,
    manifest: Manifest,
    history: History,
    author: Author,
) -> Change | None:
    """What goes into the history: every promotion, and every comparison once, since it was a look at the test rows."""
    live = candidate.version if decision.promote or champion is None else champion.version
    if not decision.promote:
        before = [entry.change for entry in history.entries if entry.change.candidate == candidate.version]
        if decision.look is None or any(change.decision == decision and change.live == live for change in before):
            return None
    return next_change(
        history,
        author,
        command=SELECTION,
        live=live,
        because=decision.because,
        candidate=candidate.version,
        decision=decision,
        figures=manifest.metrics if decision.promote else {},
    )


def _point_challenger(
    registry: Registry, candidate: Registered, champion: Registered | None, decision: Decision
) -> None:
    if decision.promote:
        registry.release(CHALLENGER)
    elif champion is not None and candidate.version != champion.version:
        registry.point(CHALLENGER, candidate.version)
    elif (challenger := registry.holder(CHALLENGER)) and challenger.version == candidate.version:
        # The champion was made of the challenger by hand, or a promotion was killed half-way.
        registry.release(CHALLENGER)
