"""deploy brings the champion, whole and verified, and changes nothing where it cannot."""

import os

import pytest

from gallop.artifacts import bundle
from gallop.artifacts.lineage import Lineage
from gallop.errors import ChecksumError, ForeignModelError, MissingColumnError, MissingOutputError, SignatureError
from gallop.ports import CHAMPION
from gallop.stages.deploy import deploy
from tests.support.memory_registry import MemoryRegistry


def unsigned(folder) -> None:
    """No signature is asked for."""


@pytest.fixture
def registry(folder) -> MemoryRegistry:
    made = MemoryRegistry()
    made.point(CHAMPION, made.register(folder, None, {}).version)
    return made


def test_the_champion_is_deployed_under_its_version(registry, tmp_path, small):
    manifest = deploy(registry, tmp_path / "models/deployed", small, unsigned)
    assert manifest.version == "1"
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest == manifest


def test_deployed_is_a_relative_link_so_that_the_project_may_move(registry, tmp_path, small):
    deploy(registry, tmp_path / "models/deployed", small, unsigned)
    assert not os.readlink(tmp_path / "models/deployed").startswith("/")
    (tmp_path / "models").rename(tmp_path / "moved")
    bundle.load_bundle(tmp_path / "moved/deployed")


def test_deploying_again_changes_nothing(registry, tmp_path, small):
    first = deploy(registry, tmp_path / "models/deployed", small, unsigned)
    before = sorted(path.relative_to(tmp_path) for path in (tmp_path / "models").rglob("*"))
    assert deploy(registry, tmp_path / "models/deployed", small, unsigned) == first
    assert sorted(path.relative_to(tmp_path) for path in (tmp_path / "models").rglob("*")) == before


def test_going_back_is_deploying_the_earlier_champion(registry, tmp_path, folder, small):
    deploy(registry, tmp_path / "models/deployed", small, unsigned)
    registry.point(CHAMPION, registry.register(folder, None, {}).version)
    assert deploy(registry, tmp_path / "models/deployed", small, unsigned).version == "2"
    registry.point(CHAMPION, "1")
    deploy(registry, tmp_path / "models/deployed", small, unsigned)
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest.version == "1"


def test_the_last_three_that_were_live_stay_on_disk_and_older_ones_come_from_the_registry(
    registry, tmp_path, folder, small
):
    deployed = tmp_path / "models/deployed"

    def live(version: str) -> list[str]:
        registry.point(CHAMPION, version)
        deploy(registry, deployed, small, unsigned)
        assert bundle.load_bundle(deployed).manifest.version == version
        return sorted(path.name.partition("-")[0] for path in (tmp_path / "models/bundles").iterdir())

    for _ in range(3):
        registry.register(folder, None, {})
    assert [live(version) for version in "1231"][-1] == ["v1", "v2", "v3"]
    assert live("4") == ["v1", "v3", "v4"]
    assert live("2") == ["v1", "v2", "v4"]


def test_without_a_champion_nothing_is_deployed(tmp_path, small):
    with pytest.raises(MissingOutputError, match="run `gallop model-selection` first"):
        deploy(MemoryRegistry(), tmp_path / "models/deployed", small, unsigned)
    assert not (tmp_path / "models/deployed").exists()


def test_a_damaged_bundle_leaves_the_deployed_one(registry, tmp_path, folder, small):
    before = deploy(registry, tmp_path / "models/deployed", small, unsigned)
    registry.point(CHAMPION, registry.register(folder, None, {}).version)
    (folder / "live/model.json").write_bytes(b"damaged")
    with pytest.raises(ChecksumError):
        deploy(registry, tmp_path / "models/deployed", small, unsigned)
    assert bundle.load_bundle(tmp_path / "models/deployed").manifest == before


@pytest.mark.parametrize("kept", [False, True])
def test_a_bundle_whose_signature_does_not_hold_never_goes_live(registry, tmp_path, folder, small, kept):
    def refuse(_) -> None:
        raise SignatureError("not signed")

    deployed = tmp_path / "models/deployed"
    before = deploy(registry, deployed, small, unsigned)
    registry.point(CHAMPION, registry.register(folder, None, {}).version)
    if kept:
        deploy(registry, deployed, small, unsigned)
        registry.point(CHAMPION, "1")
        deploy(registry, deployed, small, unsigned)
        registry.point(CHAMPION, "2")
    with pytest.raises(SignatureError):
        deploy(registry, deployed, small, refuse)
    assert bundle.load_bundle(deployed).manifest == before


def test_a_folder_in_the_place_of_the_link_is_not_touched(registry, tmp_path, small):
    (tmp_path / "models/deployed").mkdir(parents=True)
    (tmp_path / "models/deployed/mine").write_text("x")
    with pytest.raises(MissingOutputError, match="move it away"):
        deploy(registry, tmp_path / "models/deployed", small, unsigned)
    assert (tmp_path / "models/deployed/mine").read_text() == "x"


def test_a_deployment_that_was_damaged_is_mended_by_deploying_again(registry, tmp_path, small):
    deploy(registry, tmp_path / "models/deployed", small, unsigned)
    (tmp_path / "models/deployed/live/model.json").write_bytes(b"damaged")
    deploy(registry, tmp_path / "models/deployed", small, unsigned)
    bundle.load_bundle(tmp_path / "models/deployed")


def foreign(settings, **names):
    return settings.model_copy(update={"project": settings.project.model_copy(update=names)})


@pytest.mark.parametrize("tagged", [True, False])
def test_a_champion_of_another_project_is_never_deployed(registry, tmp_path, small, folder, tagged):
    mine = foreign(small, name="mine")
    if tagged:
        tags = Lineage.of_project(small).tags()
        registry.point(CHAMPION, registry.register(folder, None, tags).version)
    with pytest.raises(ForeignModelError, match=r"is of the project 'lead_scoring', this is 'mine'.*project\.model"):
        deploy(registry, tmp_path / "models/deployed", mine, unsigned)
    assert not (tmp_path / "models/deployed").exists()


def test_a_champion_that_needs_a_column_the_table_has_no_more_is_not_deployed(registry, tmp_path, small):
    columns = {name: column for name, column in small.table.columns.items() if name != "n_visits"}
    fewer = small.model_copy(update={"table": small.table.model_copy(update={"columns": columns})})
    with pytest.raises(MissingColumnError, match=r"\['n_visits'\].*selection\.replace_champion: 1"):
        deploy(registry, tmp_path / "models/deployed", fewer, unsigned)


def test_more_columns_make_no_other_table_and_another_label_does(small):
    lineage = Lineage.of_project(small)
    table = small.table
    more = {**table.columns, "extra": table.columns["n_visits"]}
    same = small.model_copy(update={"table": table.model_copy(update={"columns": more})})
    assert Lineage.of_project(same) == lineage
    label = table.label.model_copy(update={"column": "is_active"})
    other = small.model_copy(update={"table": table.model_copy(update={"label": label})})
    assert lineage.foreign(Lineage.of_project(other).tags()) == "is of a table with another id or label"
