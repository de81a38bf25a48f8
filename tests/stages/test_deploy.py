"""deploy brings the champion, whole and verified, and changes nothing where it cannot."""

import os

import pytest

from gallop.artifacts import bundle
from gallop.errors import ChecksumError, MissingOutputError
from gallop.ports import CHAMPION
from gallop.stages.deploy import deploy
from tests.stages.test_model_selection import MemoryRegistry

pytestmark = pytest.mark.xdist_group("trained")


@pytest.fixture
def registry(folder) -> MemoryRegistry:
    made = MemoryRegistry()
    made.point(CHAMPION, made.register(folder, None, {}).version, "first")
    return made


def test_the_champion_is_deployed_under_its_version(registry, tmp_path):
    manifest = deploy(registry, tmp_path / "models/deployed")
    assert manifest.version == "1"
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest == manifest


def test_deployed_is_a_relative_link_so_that_the_project_may_move(registry, tmp_path):
    deploy(registry, tmp_path / "models/deployed")
    assert not os.readlink(tmp_path / "models/deployed").startswith("/")
    (tmp_path / "models").rename(tmp_path / "moved")
    bundle.load_bundle(tmp_path / "moved/deployed")


def test_deploying_again_changes_nothing(registry, tmp_path):
    first = deploy(registry, tmp_path / "models/deployed")
    before = sorted(path.relative_to(tmp_path) for path in (tmp_path / "models").rglob("*"))
    assert deploy(registry, tmp_path / "models/deployed") == first
    assert sorted(path.relative_to(tmp_path) for path in (tmp_path / "models").rglob("*")) == before


def test_going_back_is_deploying_the_earlier_champion(registry, tmp_path, folder):
    deploy(registry, tmp_path / "models/deployed")
    registry.point(CHAMPION, registry.register(folder, None, {}).version, "second")
    assert deploy(registry, tmp_path / "models/deployed").version == "2"
    registry.point(CHAMPION, "1", "back")
    deploy(registry, tmp_path / "models/deployed")
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest.version == "1"


def test_without_a_champion_nothing_is_deployed(tmp_path):
    with pytest.raises(MissingOutputError, match="run `gallop model-selection` first"):
        deploy(MemoryRegistry(), tmp_path / "models/deployed")
    assert not (tmp_path / "models/deployed").exists()


def test_a_damaged_bundle_leaves_the_deployed_one(registry, tmp_path, folder):
    before = deploy(registry, tmp_path / "models/deployed")
    registry.point(CHAMPION, registry.register(folder, None, {}).version, "second")
    (folder / "pipeline.pkl").write_bytes(b"damaged")
    with pytest.raises(ChecksumError):
        deploy(registry, tmp_path / "models/deployed")
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest == before


def test_a_folder_in_the_place_of_the_link_is_not_touched(registry, tmp_path):
    (tmp_path / "models/deployed").mkdir(parents=True)
    (tmp_path / "models/deployed/mine").write_text("x")
    with pytest.raises(MissingOutputError, match="move it away"):
        deploy(registry, tmp_path / "models/deployed")
    assert (tmp_path / "models/deployed/mine").read_text() == "x"


def test_a_deployment_that_was_damaged_is_mended_by_deploying_again(registry, tmp_path):
    deploy(registry, tmp_path / "models/deployed")
    (tmp_path / "models/deployed/pipeline.pkl").write_bytes(b"damaged")
    deploy(registry, tmp_path / "models/deployed")
    bundle.load_bundle(tmp_path / "models/deployed")
