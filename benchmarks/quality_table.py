"""The figures of `benchmarks.quality` as Markdown, from the answers that are kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from benchmarks import tables
from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import log_losses, metrics, paired_difference
from gallop.results.estimates import Estimate

RESAMPLES = {"resamples": 2000, "confidence": 0.95, "seed": 0}


@dataclass(frozen=True)
class Cell:
    """One system on one split."""

    label: np.ndarray
    probability: np.ndarray
    figures: dict


Cells = dict[tuple[str, str, int], Cell]
"""(table, system, split) → what it answered."""


def read(
    kept: Callable[[str, str, int], Path],
    shared: Path,
    names: Sequence[str],
    splits: Sequence[int],
    systems: Sequence[str],
) -> Cells:
    """The answers, as far as they are there."""
    cells = {}
    for name in names:
        for split in splits:
            label = tables.part(name, shared, split).test_label
            for system in systems:
                folder = kept(system, name, split)
                if (folder / "figures.json").is_file():
                    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
                    cells[name, system, split] = Cell(label, np.load(folder / "probabilities.npy"), figures)
    return cells


def markdown(cells: Cells, names: Sequence[str], splits: Sequence[int], systems: Sequence[str]) -> str:
    """All tables: log-loss and the paired differences; then what they add up to, then figures of the systems."""
    ours, *peers = systems
    lines = [
        "| table | test rows | " + " | ".join(systems) + " | " + " | ".join(f"ours − {peer}" for peer in peers) + " |"
    ]
    lines.append("|---|---|" + "---|" * (len(systems) + len(peers)))
    verdicts: dict[str, list[str]] = {peer: [] for peer in peers}
    losses = {}
    for name in names:
        label = np.concatenate([cells[name, ours, split].label for split in splits])
        losses[name] = [_mean_loss(cells, name, system, splits) for system in systems]
        differences = [_difference(cells, name, ours, peer, splits) for peer in peers]
        for peer, difference in zip(peers, differences, strict=True):
            verdicts[peer].append(_verdict(difference))
        shown = [*(f"{loss:.4f}" for loss in losses[name]), *map(_interval, differences)]
        lines.append(f"| {name} | {len(label):,} | " + " | ".join(shown) + " |")
    lines += ["", "| ours against | win | tie | loss |", "|---|---|---|---|"]
    for peer in peers:
        counts = [verdicts[peer].count(verdict) for verdict in ("win", "tie", "loss")]
        lines.append(f"| {peer} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join([*lines, "", *_systems(cells, names, splits, systems, np.array([*losses.values()]))])


def _systems(
    cells: Cells, names: Sequence[str], splits: Sequence[int], systems: Sequence[str], losses: np.ndarray
) -> list[str]:
    """losses: shape (tables, systems)."""
    heads = (
        "mean log-loss",
        "lowest on",
        "mean rank",
        "ROC AUC",
        "ECE",
        "fit s, median",
        "longest",
        "longest, processor s",
        "kB, median",
    )
    lines = ["| system | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    ranks = rankdata(losses, axis=1)
    for index, system in enumerate(systems):
        of_system = [cells[name, system, split] for name in names for split in splits]
        auc = np.mean([_auc(cell) for cell in of_system])
        # Of all splits together: less of it is chance.
        ece = np.mean([_calibration_error([cells[name, system, split] for split in splits]) for name in names])
        seconds = [cell.figures["fit_seconds"] for cell in of_system]
        lowest = int(np.sum(losses[:, index] == losses.min(axis=1)))
        shown = (
            f"{losses[:, index].mean():.4f}",
            f"{lowest} of {len(names)}",
            f"{ranks[:, index].mean():.2f}",
            f"{auc:.4f}",
            f"{ece:.4f}",
            f"{np.median(seconds):.0f}",
            f"{max(seconds):.0f}",
            f"{max(cell.figures.get('fit_cpu_seconds', np.nan) for cell in of_system):.0f}",
            f"{np.median([cell.figures['bytes'] for cell in of_system]) / 1000:,.0f}",
        )
        lines.append(f"| {system} | " + " | ".join(shown) + " |")
    return lines


def _mean_loss(cells: Cells, name: str, system: str, splits: Sequence[int]) -> float:
    of_splits = [cells[name, system, split] for split in splits]
    return float(np.mean([log_losses(cell.label, cell.probability).mean() for cell in of_splits]))


def _difference(cells: Cells, name: str, ours: str, peer: str, splits: Sequence[int]) -> Estimate:
    """Log-loss of ours minus the peer's, over the test rows of all splits, paired."""
    own, other = ([cells[name, system, split] for split in splits] for system in (ours, peer))
    label, mine, its = (
        np.concatenate(parts)
        for parts in (
            [cell.label for cell in own],
            [cell.probability for cell in own],
            [cell.probability for cell in other],
        )
    )
    return paired_difference(label, mine, its, **RESAMPLES)[0]


def _verdict(difference: Estimate) -> str:
    return "win" if difference.high < 0 else "loss" if difference.low > 0 else "tie"


def _interval(difference: Estimate) -> str:
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] {_verdict(difference)}"


def _auc(cell: Cell) -> float:
    return float(metrics(cell.label, cell.probability, np.ones((1, len(cell.label))), 0.5)["roc_auc"][0])


def _calibration_error(of_splits: list[Cell]) -> float:
    """The expected calibration error over ten bins of equally many rows."""
    label = np.concatenate([cell.label for cell in of_splits])
    probability = np.concatenate([cell.probability for cell in of_splits])
    return calibration(label, probability, resamples=100, confidence=0.95, seed=0).ece.value
