"""The data stages: data_clean, data_preprocess, data_split."""

import json
from pathlib import Path

import narwhals.stable.v2 as nw

from gallop.adapters import dvc
from gallop.adapters.tables.polars import PolarsTables
from gallop.errors import NothingThere
from gallop.files import digest, write_text
from gallop.flow.project import Project
from gallop.results.run import SAMPLE, DataVersion, Quality

TABLES = PolarsTables()
_QUALITY = "quality.json"


def raw_table(project: Project) -> tuple[Path, DataVersion]:
    """The table to train on: the raw file where it is there and as pinned, else the sample.

    Raises:
        DamagedFile: the raw file is not the one its pointer pins. NothingThere: there is neither.
    """
    raw, sample = project.places.raw, project.places.sample
    if raw.is_file():
        origin = "dvc" if dvc.verify(raw) else "file"
        return raw, DataVersion(origin=origin, path=project.settings.data.raw, md5=digest(raw, "md5"))
    if sample.is_file():
        path = str(sample.relative_to(project.places.root))
        return sample, DataVersion(origin=SAMPLE, path=path, md5=digest(sample, "md5"))
    raise NothingThere(f"{raw}: not there; `gallop data pull` brings it, `gallop data sample` makes a synthetic one")


def data_clean(project: Project) -> Quality:
    """Raw table → data/interim/leads: leads, rejected rows, the sample's truth, and the quality report."""
    from gallop.stages.data_clean import data_clean

    path, version = raw_table(project)
    # The sample is always written in gallop's own way.
    form = None if version.origin == SAMPLE else project.settings.table.format
    cleaned = data_clean(TABLES.read_text(path, form), project.settings.table, str(path))
    tables = {"leads": cleaned.leads, "rejected": cleaned.rejected}
    if version.origin == SAMPLE:
        truth = TABLES.read_text(project.places.truth)
        tables["truth"] = truth.select(nw.col("lead_id"), nw.col("probability").cast(nw.Float64))
    TABLES.write(tables, project.places.leads)
    content = {"quality": cleaned.quality.model_dump(), "data": version.model_dump()}
    write_text(project.places.leads / _QUALITY, json.dumps(content, indent=2) + "\n")
    return cleaned.quality


def quality_of(project: Project) -> tuple[Quality, DataVersion]:
    """What data_clean found, and on which data. Raises `NothingThere`."""
    path = project.places.leads / _QUALITY
    if not path.is_file():
        raise NothingThere(f"{path}: not there; run `gallop data-clean` first, or everything with `gallop run`")
    content = json.loads(path.read_text(encoding="utf-8"))
    return Quality.model_validate(content["quality"]), DataVersion.model_validate(content["data"])


def data_preprocess(project: Project) -> int:
    """data/interim/leads → data/interim/features; returns the rows."""
    from gallop.stages.data_preprocess import data_preprocess

    leads = TABLES.read(project.places.leads / "leads.parquet")
    features = data_preprocess(leads, project.settings.table, project.settings.features)
    TABLES.write({"features": features}, project.places.features)
    return len(features)


def data_split(project: Project) -> tuple[int, int]:
    """data/interim/features → data/processed/sides; returns the rows of the training and the test side."""
    from gallop.stages.data_split import data_split

    features = TABLES.read(project.places.features / "features.parquet")
    sides = data_split(features, project.settings.table, project.settings.split, project.settings.seed)
    tables = {"train": sides.train, "test": sides.test, "assignment": sides.assignment}
    TABLES.write(tables, project.places.sides)
    return len(sides.train), len(sides.test)
