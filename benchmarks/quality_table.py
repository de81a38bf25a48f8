"""The figures of `benchmarks.quality` as Markdown, from the answers that are kept."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import tables
from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import metrics, paired_difference

RESAMPLES = {"resamples": 2000, "confidence": 0.95, "seed": 0}
SHOWN = ("log_loss", "roc_auc", "pr_auc", "brier")


@dataclass(frozen=True)
class Cell:
    """One system on one split."""

    label: np.ndarray
    probability: np.ndarray
    figures: dict

    def measured(self) -> dict[str, float]:
        """Figures by name."""
        found = metrics(self.label, self.probability, np.ones((1, len(self.label))), 0.5)
        ece = calibration_error(self.label, self.probability)
        rows = len(self.label)
        return {name: float(found[name][0]) for name in SHOWN} | {
            "ece": ece,
            "fit_seconds": self.figures["fit_seconds"],
            "predict_us": 1e6 * self.figures["predict_seconds"] / rows,
            "kilobytes": self.figures["bytes"] / 1000,
        }


def calibration_error(label: np.ndarray, probability: np.ndarray) -> float:
    """The expected calibration error over ten bins of equally many rows."""
    return calibration(label, probability, resamples=100, confidence=0.95, seed=0).ece.value


def read(answers: Path, shared: Path, seeds: list[int], systems: list[str]) -> dict[tuple[str, str, int], Cell]:
    """(table, system, seed) → what it answered, as far as it is there."""
    found = {}
    for name in tables.NAMES:
        for seed in seeds:
            part = tables.part(name, shared, seed)
            for system in systems:
                folder = answers / name.replace(" ", "-") / str(seed) / system.replace(" ", "-")
                if (folder / "figures.json").is_file():
                    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
                    label = part.test_label.astype(float)
                    found[name, system, seed] = Cell(label, np.load(folder / "probabilities.npy"), figures)
    return found


def markdown(cells: dict[tuple[str, str, int], Cell], seeds: list[int], systems: list[str]) -> str:
    """Every table's figures, means over the seeds; then the paired differences, and all tables together."""
    measured = {key: cell.measured() for key, cell in cells.items()}
    lines, totals = [], {system: [] for system in systems}
    heads = ("log-loss", "ROC AUC", "PR AUC", "Brier", "ECE", "ECE, seeds together", "fit s", "predict µs/row", "kB")
    for name in tables.NAMES:
        rows = len(next(cell.label for (table, _, _), cell in cells.items() if table == name))
        lines += [f"\n## {name} ({rows:,} test rows)\n", "| system | " + " | ".join(heads) + " | ours minus it |"]
        lines.append("|---|" + "---|" * (len(heads) + 1))
        for system in systems:
            of_seeds = [measured[name, system, seed] for seed in seeds if (name, system, seed) in measured]
            if not of_seeds:
                continue
            mean = {key: float(np.mean([each[key] for each in of_seeds])) for key in of_seeds[0]}
            totals[system].append(mean["log_loss"])
            together = [cells[name, system, seed] for seed in seeds if (name, system, seed) in cells]
            label, probability = (
                np.concatenate(each)
                for each in zip(*((cell.label, cell.probability) for cell in together), strict=True)
            )
            shown = [f"{mean[key]:.4f}" for key in (*SHOWN, "ece")]
            shown += [f"{calibration_error(label, probability):.4f}"]
            shown += [f"{mean['fit_seconds']:.0f}", f"{mean['predict_us']:.1f}", f"{mean['kilobytes']:,.0f}"]
            lines.append(
                f"| {system} | " + " | ".join(shown) + f" | {_ahead(cells, name, system, systems[0], seeds)} |"
            )
    lines += [
        "\n## All tables\n",
        "| system | mean log-loss | lowest on | predictions, all test sets, ms |",
        "|---|---|---|---|",
    ]
    complete = [system for system in systems if len(totals[system]) == len(tables.NAMES)]
    for system in complete:
        best = sum(
            totals[system][place] == min(totals[other][place] for other in complete)
            for place in range(len(tables.NAMES))
        )
        lines.append(
            f"| {system} | {np.mean(totals[system]):.4f} | {best} of {len(tables.NAMES)} | "
            f"{_milliseconds(cells, system, seeds, 'predict_seconds')} |"
        )
    return "\n".join(lines)


def _ahead(cells: dict, name: str, system: str, ours: str, seeds: list[int]) -> str:
    """Log-loss of ours minus the system's, over the test rows of all seeds, paired."""
    if system == ours:
        return ""
    both = [(cells[name, ours, seed], cells[name, system, seed]) for seed in seeds]
    label, mine, other = (
        np.concatenate(each)
        for each in zip(*((own.label, own.probability, its.probability) for own, its in both), strict=True)
    )
    found, _ = paired_difference(label, mine, other, **RESAMPLES)
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _milliseconds(cells: dict, system: str, seeds: list[int], key: str) -> str:
    def total(name: str) -> float:
        sums = [sum(cells[table, system, seed].figures[name] for table in tables.NAMES) for seed in seeds]
        return 1000 * float(np.mean(sums))

    kept = "predict_seconds_kept"
    if kept in cells[tables.NAMES[0], system, seeds[0]].figures:
        return f"{total(key):,.0f} ({total(kept):,.0f} with its models kept in memory)"
    return f"{total(key):,.0f}"


def coverage(cells: dict[tuple[str, str, int], Cell], seeds: list[int], ours: str) -> str:
    """How often our conformal sets and ranges hold, over all seeds."""
    lines = [
        "\n### Prediction sets and rate ranges (nominal 0.90)\n",
        "| table | sets hold | of converted | of others | ranges hold |",
        "|---|---|---|---|---|",
    ]
    every = np.zeros(6)
    for name in tables.NAMES:
        counts = sum(np.array(cells[name, ours, seed].figures["held"], dtype=float) for seed in seeds)
        every += counts
        lines.append(f"| {name} | {_rates(counts)} |")
    lines.append(f"| all | {_rates(every)} |")
    return "\n".join(lines)


def _rates(counts: np.ndarray) -> str:
    yes, converted, no, others, held, ranges = counts
    shares = ((yes + no) / (converted + others), yes / converted, no / others, held / ranges)
    return " | ".join(f"{share:.3f}" for share in shares)
