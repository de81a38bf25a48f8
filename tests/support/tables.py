"""Tables for `gallop init`: small, drawn from a seed, with names that give trouble."""

import csv
import io

import numpy as np


def leads(rows: int, seed: int = 7) -> list[list[str]]:
    """A table of leads, the header first: an id, the label `converted`, and columns of every kind under odd names."""
    draw = np.random.default_rng(seed)
    strength = draw.normal(size=rows)
    converted = draw.random(rows) < 1 / (1 + np.exp(-1.5 * strength))
    many = [f"city {number}" for number in draw.integers(0, 40, rows)]
    columns = {
        "lead_id": [f"L{number:05d}" for number in range(rows)],
        "n visits": (10 + 4 * strength + draw.normal(size=rows)).round().astype(int),
        "Größe (€)": [f"{value:.2f}" if draw.random() > 0.1 else "" for value in draw.normal(100, 20, rows)],
        "a[0]<b": draw.choice(["x[1]", "y<2", "z"], rows),
        "side": draw.choice(["left", "right", "LEFT"], rows),
        "gallop_row": many,
        "probability": draw.choice(["yes", "no"], rows),
        "is, it?": [f"2024-{month:02d}-{day:02d}" for month, day in draw.integers(1, 13, (rows, 2))],
        'quote"d': draw.integers(0, 9, rows),
        "true": draw.choice(["a,b", 'say "hi"', "line\nbreak"], rows),
        "100%": ["same"] * rows,
        "名前": draw.choice(["Select", "東京", "大阪"], rows),
        "converted": ["1" if yes else "0" for yes in converted],
    }
    return [list(columns), *([str(value) for value in row] for row in zip(*columns.values(), strict=True))]


def csv_text(rows: list[list[str]], separator: str = ",") -> str:
    """The rows as a CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()
