"""Damaged tables: each gives a model or a clear refusal, never a traceback."""

import gzip
import random
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gallop.adapters.tables.polars import read_text
from gallop.errors import GallopError
from gallop.flow import init
from gallop.modelling import candidates
from gallop.modelling.candidates import Assembly, fit_plain
from gallop.modelling.preprocessing import frame
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.study import Trial
from gallop.modelling.stack import StackWeights
from gallop.profiling.proposal import InitOptions
from gallop.stages.data_clean import data_clean
from gallop.stages.data_preprocess import data_preprocess
from gallop.stages.data_split import data_split
from gallop.tables.features import input_roles
from tests.support.tables import csv_text, leads

ODD_TEXTS = ["", " ", "NA", "nan", "inf", "1e999", "-", "Select", "'", "0x1F", "1,5", "2024-13-45", "TRUE", "\u2028"]
ODD_TEXTS += ["🙂", "9" * 60]
ODD_NAMES = ["", " ", "label", "side", "gallop_rule", "a.b", "{x}", "a: b", "#", "null", "é" * 80, "row\nbreak", "["]
ODD_NAMES += ["\x7f", "-", "converted "]


def mutate(rows: list[list[str]], kind: str, draw: random.Random) -> list[list[str]]:  # noqa: PLR0912 one branch a kind
    """The table with one error or oddity."""
    header, *body = [list(row) for row in rows]
    index = draw.randrange(len(header))
    match kind:
        case "odd texts":
            for row in draw.sample(body, min(len(body), max(1, len(body) // draw.choice([1, 2, 10, 100])))):
                row[index] = draw.choice(ODD_TEXTS)
        case "odd name":
            header[index] = draw.choice(ODD_NAMES)
        case "shuffled values":
            values = [row[index] for row in body]
            draw.shuffle(values)
            for row, value in zip(body, values, strict=True):
                row[index] = value
        case "one value":
            for row in body:
                row[index] = body[0][index] if body else ""
        case "no value":
            for row in body:
                row[index] = ""
        case "one class":
            for row in body:
                row[-1] = "1"
        case "three classes":
            for row in body[: len(body) // 3]:
                row[-1] = "2"
        case "few rows":
            body = body[: draw.choice([0, 1, 2, 19, 25, 40])]
        case "ragged":
            row = draw.choice(body) if body else header
            row[:] = row[:-1] if draw.random() < 0.5 else [*row, "more"]
        case "column gone":
            header.pop(index)
            for row in body:
                row.pop(index)
        case "column twice":
            header.append(header[index])
            for row in body:
                row.append(row[index])
        case "copy of the label":
            header.append("copy")
            for row in body:
                row.append(row[-1])
        case "rows twice":
            body += body
        case "numbers":
            for row in body:
                row[index] = repr(draw.gauss(0, 10 ** draw.randint(-8, 8)))
        case "wide":
            for number in range(draw.choice([30, 120])):
                header.append(f"x{number}")
                for row in body:
                    row.append(draw.choice(["a", "b", "1", ""]))
    return [header, *body]


KINDS = (
    "odd texts", "odd name", "shuffled values", "one value", "no value", "one class", "three classes", "few rows",
    "ragged", "column gone", "column twice", "copy of the label", "rows twice", "numbers", "wide",
)  # fmt: skip


def written(rows: list[list[str]], encoding: str, separator: str, pack: str, draw: random.Random) -> bytes:
    content = csv_text(rows, separator).encode(encoding, "replace")
    if pack == "gz":
        return gzip.compress(content)
    if pack == "cut":
        return content[: draw.randrange(len(content))]
    if pack == "flipped":
        index = draw.randrange(len(content))
        return content[:index] + bytes([draw.randrange(256)]) + content[index + 1 :]
    return content


def model_or_refusal(content: bytes) -> str:
    """The outcome for a table: `model`, or the refusal. Anything else is a traceback, and fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "leads.csv")
        path.write_bytes(content)
        try:
            with init.source(str(path)) as source:
                proposal = init.guard(source, init.look(source, InitOptions("converted")))
                made = init.prepared(source, proposal)
                table, features = made.table, made.features
                leads_ = data_clean(read_text(path, source.form), table, "leads.csv").leads
                train_test = data_split(data_preprocess(leads_, table, features), table, made.split, made.seed)
        except GallopError as error:
            return f"{type(error).__name__}: {error}"
        roles = input_roles(table, features)
        X, y = frame(train_test.train, roles), train_test.train["converted"].to_numpy().astype(float)
        rows = AllRows(X, y, roles, made.training)
        boosted = fit_plain(rows, "gradient_boosting", {"max_iter": 3}, 1)
        stack = candidates.fit_assembly(rows, SMALL_STACK, 1)
        table = frame(train_test.test, roles)
        for model in (boosted, stack):
            assert model.predict_proba(table).shape == (len(table), 2)
        parts, base = stack.contributions(table)
        assert base + parts.sum(axis=1) == pytest.approx(stack.log_odds(table), abs=1e-6)
        return "model"


BASE = leads(120)
SETTINGS = {
    "splines": {"C": 1.0},
    "lightgbm": {"n_estimators": 3, "num_leaves": 4, "min_child_samples": 5},
    "forest": {"n_estimators": 3},
}
MEMBERS = tuple(Trial(family, parameters, np.zeros(0), 0.0) for family, parameters in SETTINGS.items())
SMALL_STACK = Assembly(MEMBERS, StackWeights(0.0, np.full(len(MEMBERS), 1 / 3)), MEMBERS[0])


def examples(count: int):
    return hypothesis_settings(max_examples=count, derandomize=True, deadline=None, database=None)


ARGUMENTS = {
    "kinds": st.lists(st.sampled_from(KINDS), max_size=3),
    "encoding": st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    "separator": st.sampled_from([",", ";", "\t", "|"]),
    "pack": st.sampled_from(["plain", "plain", "plain", "gz", "cut", "flipped"]),
    "seed": st.integers(0, 2**32 - 1),
}


REFUSAL = re.compile(r"\w+Error: .*(leads\.csv|column '|params\.yaml).*", re.DOTALL)
"""A refusal names the file, the column or the settings that a person can mend."""


def outcome(kinds, encoding, separator, pack, seed) -> str:
    draw, rows = random.Random(seed), BASE
    # Rows of another length come last: the other kinds of damage need every column in every row.
    for kind in sorted(kinds, key="ragged".__eq__):
        rows = mutate(rows, kind, draw)
    return model_or_refusal(written(rows, encoding, separator, pack, draw))


def is_clear(result: str) -> bool:
    return result == "model" or REFUSAL.fullmatch(result) is not None


def test_the_table_as_it_is_gives_a_model():
    assert model_or_refusal(csv_text(BASE).encode()) == "model"


@examples(12)
@given(**ARGUMENTS)
def test_a_damaged_table_gives_a_model_or_a_refusal(kinds, encoding, separator, pack, seed):
    result = outcome(kinds, encoding, separator, pack, seed)
    assert is_clear(result), result


@pytest.mark.slow
@examples(1000)
@given(**ARGUMENTS)
def test_a_thousand_damaged_tables_give_a_model_or_a_refusal(kinds, encoding, separator, pack, seed):
    result = outcome(kinds, encoding, separator, pack, seed)
    assert is_clear(result), result
