"""The quality benchmark: nobody sees a test label, and wins, ties and losses are counted apart."""

import json

import numpy as np
import pytest
from benchmarks import quality_table, tables


@pytest.mark.parametrize("name", ["telco", "hotel cancellation", "credit card approval"])
@pytest.mark.parametrize("split", [1, 2])
def test_no_row_is_on_both_sides_and_no_test_row_has_its_label(name, split, shared):
    part = tables.part(name, shared, split)
    label = tables.TABLES[name].label
    assert label in part.train
    assert label not in part.test
    assert not set(part.train[tables.KEY]) & set(part.test[tables.KEY])
    assert len(part.test) == len(part.test_label)
    assert len(part.test) / (len(part.test) + len(part.train)) == pytest.approx(tables.TEST_SHARE, abs=0.002)
    assert set(part.train[label]) == {"0", "1"}
    assert set(part.test_label) == {0.0, 1.0}


def test_wins_ties_and_losses_are_counted_apart():
    draw = np.random.default_rng(1)
    truth = draw.uniform(0.1, 0.9, 4_000)
    label = (draw.random(4_000) < truth) * 1.0
    worse = np.full(4_000, label.mean())
    equal = np.clip(truth + draw.normal(scale=1e-3, size=4_000), 0.01, 0.99)

    def cells(**systems):
        figures = {"fit_seconds": 1.0, "bytes": 1}
        return {("t", name, 1): quality_table.Cell(label, given, figures) for name, given in systems.items()}

    page = quality_table.markdown(cells(ours=truth, weak=worse, same=equal), ["t"], [1], ["ours", "weak", "same"])
    assert "| weak | 1 | 0 | 0 |" in page
    assert "| same | 0 | 1 | 0 |" in page
    page = quality_table.markdown(cells(ours=worse, strong=truth), ["t"], [1], ["ours", "strong"])
    assert "| strong | 0 | 0 | 1 |" in page
    assert "| ours | " in page


def test_answers_that_are_kept_are_read_again(tmp_path, shared):
    label = tables.part("credit card approval", shared, 1).test_label
    folder = tmp_path / "answers"
    folder.mkdir()
    np.save(folder / "probabilities.npy", np.full(len(label), 0.5))
    (folder / "figures.json").write_text(json.dumps({"fit_seconds": 1.0, "bytes": 1}), encoding="utf-8")
    names, systems = ["credit card approval"], ["ours"]
    [cell] = quality_table.read(lambda *_: folder, shared, names, [1], systems).values()
    assert np.array_equal(cell.label, label)
    assert len(cell.probability) == len(label)
