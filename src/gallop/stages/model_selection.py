"""model_selection: does the candidate replace the champion? Decided on the same test rows, with the reason written.

The registry's aliases have no compare-and-swap: of two promoters at once, the worse candidate may win. So the champion
is read, compared and replaced under the registry's lock. Running it again changes nothing: a candidate that is
registered already keeps its version.
"""

from collections.abc import Callable
from pathlib import Path

from gallop.artifacts.bundle import Manifest
from gallop.artifacts.lineage import Lineage
from gallop.evaluation.metrics import Vector, paired_difference
from gallop.ports import CHALLENGER, CHAMPION, Registered, Registry
from gallop.results.run import SAMPLE, Decision, Selected
from gallop.settings.params import Settings


def decide_promotion(label: Vector, candidate: Vector, champion: Vector, settings: Settings) -> Decision:
    """Compare two sets of probabilities for the same rows under the rule `selection` of the settings.

    The candidate is promoted where its mean log-loss is lower by more than `minimum_gain` and lower in at least
    `confidence` of the paired bootstrap resamples.
    """
    rule = settings.selection
    difference, sure = paired_difference(
        label,
        candidate,
        champion,
        resamples=settings.evaluation.resamples,
        confidence=settings.evaluation.confidence,
        seed=settings.seed,
    )
    figures = (
        f"log-loss {difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] on the same "
        f"{len(label)} test rows, better in {sure:.0%} of resamples"
    )
    if difference.value < -rule.minimum_gain and sure >= rule.confidence:
        return Decision(promote=True, because=figures, difference=difference)
    needs = f"a promotion needs a gain of more than {rule.minimum_gain:.4f}, in {rule.confidence:.0%} of resamples"
    return Decision(promote=False, because=f"{figures}; {needs}", difference=difference)


def model_selection(
    registry: Registry,
    bundle: Path,
    manifest: Manifest,
    run_id: str | None,
    lineage: Lineage,
    compare: Callable[[Registered], Decision],
) -> Selected:
    """Register the candidate (once) and let the aliases say who is champion and who challenger.

    A comparison that fails decides against the candidate: `compare` says so, it does not raise.

    Args:
        registry: where versions are kept.
        bundle: the candidate's folder.
        manifest: the candidate's manifest.
        run_id: the tracked run it came from.
        lineage: the project and table that it is of.
        compare: decides against a champion on the same test rows.

    Raises:
        ForeignModelError: the champion is of another project or table; nothing is registered.
    """
    tags = lineage.tags() | {
        "digest": manifest.digest,
        "family": manifest.family,
        "data": manifest.data,
        "data_version": manifest.data_version.md5,
        "code_version": manifest.code_version.name,
    }
    with registry.lock():
        champion = registry.holder(CHAMPION)
        if champion is not None:
            lineage.refuse(champion.tags, manifest.model, champion.version)
        candidate = registry.find("digest", manifest.digest) or registry.register(bundle, run_id, tags)
        decision = _decide(candidate, champion, manifest, compare)
        if decision.promote:
            registry.point(CHAMPION, candidate.version, decision.because)
            registry.release(CHALLENGER)
        elif champion is not None and candidate.version != champion.version:
            registry.point(CHALLENGER, candidate.version, decision.because)
        elif (challenger := registry.holder(CHALLENGER)) and challenger.version == candidate.version:
            # The champion was made of the challenger by hand, or a promotion was killed half-way.
            registry.release(CHALLENGER)
        now = registry.holder(CHAMPION)
    return Selected(
        decision=decision,
        candidate=candidate.version,
        champion=now.version if now else candidate.version,
        previous=champion.version if champion else None,
    )


def _decide(
    candidate: Registered,
    champion: Registered | None,
    manifest: Manifest,
    compare: Callable[[Registered], Decision],
) -> Decision:
    if champion is None:
        return Decision(promote=True, because="the registry had no champion")
    if champion.version == candidate.version:
        return Decision(promote=False, because="the candidate is the champion already")
    of_sample = champion.tags.get("data") == SAMPLE, manifest.data == SAMPLE
    if of_sample == (True, False):
        return Decision(
            promote=True,
            because="the champion was trained on the synthetic sample, the candidate on real data",
        )
    if of_sample == (False, True):
        return Decision(
            promote=False,
            because="the candidate was trained on the synthetic sample, the champion on real data",
        )
    return compare(champion)
