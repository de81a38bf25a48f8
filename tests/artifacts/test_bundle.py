"""A bundle is verified before it is loaded, and a loaded model is the one that was written."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.artifacts import bundle
from gallop.errors import ChecksumError, GallopError, MissingOutputError, UnsafeModelError
from gallop.modelling.preprocessing import frame
from gallop.tables.features import input_roles
from tests.support.bundles import resealed
from tests.support.made import fitted, leads

pytestmark = pytest.mark.xdist_group("trained")
NAMES = ["pipeline.pkl", "settings.json", "model.pkl", "result.json"]


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
    assert sorted(path.name for path in folder.iterdir()) == sorted([*NAMES, "manifest.json"])
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


def test_a_file_that_the_manifest_does_not_list_is_let_be(folder):
    (folder / "README").write_text("mine")
    bundle.load_bundle(folder)
    assert (folder / "README").read_text() == "mine"


def test_no_bundle_is_no_bundle(tmp_path):
    with pytest.raises(MissingOutputError, match="no bundle there"):
        bundle.load_bundle(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"files": {}}'])
def test_a_manifest_of_another_shape_is_refused(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ChecksumError, match=r"manifest\.json"):
        bundle.verify_bundle(folder)


def test_a_pickle_of_something_else_is_no_model(folder):
    resealed(folder, "pipeline.pkl", pickle.dumps([1, 2]))
    with pytest.raises(ChecksumError, match="holds a list, not a model"):
        bundle.load_bundle(folder)


def test_a_hostile_pickle_is_refused_even_where_the_manifest_agrees(folder, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "canary"),)

    resealed(folder, "pipeline.pkl", pickle.dumps(Hostile()))
    with pytest.raises(UnsafeModelError):
        bundle.load_bundle(folder)
    assert not (tmp_path / "canary").exists()


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
        model=trained.model,
        family=manifest.family,
        settings=small,
        data=manifest.data_version,
        code=manifest.code_version,
        metrics=manifest.metrics,
        plan=trained.result.evidence.decision,
        uncertainty=trained.result.evidence.uncertainty,
        files={},
    )
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "pipeline.pkl", "settings.json"]
    bundle.load_bundle(folder)


@pytest.mark.parametrize("layout", [None, bundle.LAYOUT + 1])
def test_a_bundle_of_another_layout_is_refused_before_its_model_is_loaded(folder, layout):
    content = json.loads((folder / bundle.MANIFEST).read_bytes())
    del content["layout"]
    content |= {"layout": layout} if layout else {}
    (folder / bundle.MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ChecksumError, match=rf"models of layout {layout or 1}; accepted is {bundle.LAYOUT}"):
        bundle.load_bundle(folder)


def test_the_layout_is_raised_when_the_models_classes_change():
    X, y = leads()
    model = fitted(X, y, kind="calibrated")
    splines, trees = model.encoders["splines"], model.encoders["trees"]
    found = [" ".join(sorted(vars(part))) for part in (model, trees, splines, model.members[0], model.calibrator)]
    layouts = {
        3: [
            "base calibrator classes_ encoders inputs members",
            "_levels _rate_places _spans _tables categories center_ fixed numbers sources_ splines",
            "_gaps _levels _middle _quantiles _rate_places _spans _tables categories center_ fixed numbers sources_ "
            "splines",
            "classifier encoder weight",
            "base knots slopes",
        ]
    }
    assert layouts[bundle.LAYOUT] == found, "raise bundle.LAYOUT, and write the new one down here"
