"""A bundle is verified before it is loaded, and a loaded model is the one that was written."""

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.artifacts import bundle
from gallop.artifacts.golden import GOLDEN, write_golden
from gallop.errors import ChecksumError, GallopError, MissingOutputError
from gallop.modelling.preprocessing import frame
from gallop.tables.features import input_roles
from tests.support.bundles import resealed

FITS = [f"{fit}/{name}" for fit in ("live", "assessed") for name in ("model.json", "arrays.npz", "trees-0.txt")]
NAMES = [*FITS, "settings.json", "golden.json", "model.pkl", "result.json"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_loaded_model_gives_identical_predictions(folder, trained, train_test, small):
    X = frame(train_test.test, input_roles(small.table, small.features))
    back = bundle.load_bundle(folder)
    assert np.array_equal(back.model.predict_proba(X), trained.model.predict_proba(X))
    assert back.settings == small
    assert back.manifest.family == trained.result.winner


def test_a_model_loaded_in_another_process_gives_identical_predictions(folder, trained, train_test, small):
    X = frame(train_test.test, input_roles(small.table, small.features))
    X.to_pickle(folder.parent / "X.pkl")
    code = (
        "import sys, pathlib, hashlib, pandas; from gallop.artifacts import bundle;"
        "X = pandas.read_pickle(sys.argv[2]); p = bundle.load_bundle(pathlib.Path(sys.argv[1])).model.predict_proba(X);"
        "print(hashlib.sha256(p.tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", code, str(folder), str(folder.parent / "X.pkl")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.stdout.strip() == hashlib.sha256(trained.model.predict_proba(X).tobytes()).hexdigest()


def test_the_manifest_lists_every_other_file(folder):
    manifest = bundle.verify_bundle(folder)
    assert sorted(manifest.files) == sorted(NAMES)
    assert names_in(folder) == sorted([*NAMES, "manifest.json"])
    assert (manifest.data, manifest.version) == ("sample", None)


@given(st.sampled_from(NAMES), st.integers(0, 10**7), st.integers(1, 255))
def test_any_flipped_byte_in_any_file_is_caught(folder, name, place, flip):
    path = folder / name
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[place % len(good)] ^= flip
    path.write_bytes(damaged)
    with pytest.raises(ChecksumError, match=name):
        bundle.load_bundle(folder)
    path.write_bytes(good)
    bundle.verify_bundle(folder)


@examples(max_examples=150)
@given(st.integers(0, 10**7), st.integers(1, 255))
def test_a_flipped_byte_in_the_manifest_is_caught_or_harmless(folder, place, flip):
    path, before = folder / "manifest.json", bundle.read_manifest(folder)
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[place % len(good)] ^= flip
    path.write_bytes(damaged)
    with suppress(ChecksumError):
        assert bundle.verify_bundle(folder) == before
    path.write_bytes(good)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ChecksumError, match=rf"{name}: missing"):
        bundle.verify_bundle(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_file_is_caught(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(ChecksumError):
        bundle.verify_bundle(folder)


@pytest.mark.parametrize("name", ["README", "live/trees-7.txt", ".hidden", "deeper/still/x"])
def test_a_file_that_the_manifest_does_not_list_is_refused(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("mine")
    with pytest.raises(ChecksumError, match=rf"{name}: manifest\.json does not list it"):
        bundle.load_bundle(folder)


def test_what_a_killed_writer_left_half_written_is_no_added_file(folder):
    (folder / "live/.model.json.ab12cd3_.tmp").write_text("half")
    assert bundle.load_bundle(folder).manifest.version is None


def test_no_bundle_is_no_bundle(tmp_path):
    with pytest.raises(MissingOutputError, match="no bundle there"):
        bundle.load_bundle(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"files": {}}'])
def test_a_manifest_of_another_shape_is_refused(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ChecksumError, match=r"manifest\.json"):
        bundle.verify_bundle(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("live/model.json", b"{}"),
        ("live/arrays.npz", b"no zip"),
        ("golden.json", b"{}"),
        ("golden.json", b"[1]"),
        ("live/arrays.npz", pickle.dumps([1, 2])),
    ],
)
def test_a_file_of_another_shape_is_no_traceback_even_where_the_manifest_agrees(folder, name, content):
    resealed(folder, name, content)
    with pytest.raises(ChecksumError, match="holds no model that can be read"):
        bundle.load_bundle(folder)


def test_a_pickle_within_an_array_is_never_loaded(folder, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "canary"),)

    with np.load(folder / "live/arrays.npz") as kept:
        arrays = dict(kept)
    hostile = np.empty(1, dtype=object)
    hostile[0] = Hostile()
    packed = io.BytesIO()
    np.savez(packed, **arrays | {"encoding-0-center": hostile})
    resealed(folder, "live/arrays.npz", packed.getvalue())
    with pytest.raises(ChecksumError, match="holds no model that can be read"):
        bundle.load_bundle(folder)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("by", [1e-5, -0.3])
def test_a_model_that_scores_its_golden_rows_differently_is_refused(folder, by):
    golden = json.loads((folder / "golden.json").read_bytes())
    golden["reasons"][0][0] += by
    resealed(folder, "golden.json", json.dumps(golden).encode())
    with pytest.raises(ChecksumError, match="scores its golden rows differently here"):
        bundle.load_bundle(folder)


def test_a_bundle_is_loaded_and_asked_without_scikit_learn_and_without_a_pickle(folder, train_test, small):
    row = frame(train_test.test, input_roles(small.table, small.features)).head(1).to_dict("list")
    code = (
        "import json, sys, pathlib; seen = []\n"
        "def watch(event, arguments):\n"
        "    if event == 'pickle.find_class' or (event == 'open' and str(arguments[0]).endswith('.pkl')):\n"
        "        seen.append(arguments)\n"
        "sys.addaudithook(watch)\n"
        "absent = ('sklearn', 'joblib', 'cloudpickle', 'mlflow', 'dvc', 'matplotlib', 'optuna')\n"
        "sys.modules.update(dict.fromkeys(absent))\n"
        "import numpy as np\n"
        "from gallop.artifacts import bundle\n"
        "model = bundle.load_bundle(pathlib.Path(sys.argv[1])).model\n"
        "row = {name: np.array(values) for name, values in json.loads(sys.argv[2]).items()}\n"
        "print(seen, float(model.log_odds(row)[0]))\n"
    )
    command = [sys.executable, "-c", code, str(folder), json.dumps(row)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = float(bundle.load_bundle(folder).model.log_odds(row)[0])
    assert done.stdout.strip() == f"[('{folder}/model.pkl', 'r', 524288)] {expected}"


def test_settings_of_another_version_of_gallop_are_no_traceback(folder):
    changed = json.loads((folder / "settings.json").read_bytes()) | {"from_the_future": 1}
    resealed(folder, "settings.json", json.dumps(changed).encode())
    with pytest.raises(GallopError, match=r"settings\.json"):
        bundle.load_bundle(folder)


def test_the_digest_is_the_identity_of_the_contents(folder):
    manifest = bundle.read_manifest(folder)
    assert manifest.model_copy(update={"version": "7"}).digest == manifest.digest
    resealed(folder, "result.json", b"{}")
    assert bundle.read_manifest(folder).digest != manifest.digest


def test_writing_again_leaves_nothing_of_the_previous_bundle(folder, trained, small):
    manifest = bundle.read_manifest(folder)
    bundle.write_bundle(
        folder,
        live=trained.model,
        assessed=trained.model,
        family=manifest.family,
        settings=small,
        data=manifest.data_version,
        code=manifest.code_version,
        metrics=manifest.metrics,
        first_tested=None,
        plan=trained.result.evidence.decision,
        uncertainty=trained.result.evidence.uncertainty,
        files={GOLDEN: write_golden(trained.model, trained.golden)},
    )
    assert names_in(folder) == sorted([*FITS, "golden.json", "manifest.json", "settings.json"])
    bundle.load_bundle(folder)


@pytest.mark.parametrize("layout", [None, bundle.LAYOUT + 1])
def test_a_bundle_of_another_layout_is_refused_before_its_model_is_loaded(folder, layout):
    content = json.loads((folder / bundle.MANIFEST).read_bytes())
    del content["layout"]
    content |= {"layout": layout} if layout else {}
    (folder / bundle.MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ChecksumError, match=rf"models of layout {layout or 1}; accepted is {bundle.LAYOUT}"):
        bundle.load_bundle(folder)
