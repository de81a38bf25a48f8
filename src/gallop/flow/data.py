"""The data stages: data_clean, data_preprocess, data_split."""

import json
from pathlib import Path
from typing import Final

import narwhals.stable.v2 as nw

from gallop.adapters.dvc import pointer
from gallop.adapters.tables.batches import TextBatches
from gallop.adapters.tables.parts import DiskStore, writing_parts
from gallop.adapters.tables.polars import read_text, scan, write
from gallop.errors import ChecksumError, MissingOutputError
from gallop.files import digest, write_text
from gallop.flow import sample_files
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.results.run import SAMPLE, DataVersion, EventCounts, Quality
from gallop.schema import Role

_QUALITY = "quality.json"
COUNTS = "counts.json"
_SPLIT_ROWS: Final = 1_000_000
"""Leads that are divided at once; the table of all is read once for each so many."""


def raw_table(project: Project) -> tuple[Path, DataVersion]:
    """The table to train on: the raw file where it is there and as pinned, else the sample.

    Raises:
        ChecksumError: the raw file is not the one its pointer pins. MissingOutputError: there is neither.
    """
    raw, sample = project.paths.raw, project.paths.sample
    if raw.is_file():
        pinned = pointer.verify_raw(raw)
        md5 = pinned.md5 if pinned else digest(raw, "md5")
        return raw, DataVersion(origin="dvc" if pinned else "file", path=project.settings.data.raw, md5=md5)
    if sample_files.is_own(project.paths, sample):
        path = str(sample.relative_to(project.paths.root))
        return sample, DataVersion(origin=SAMPLE, path=path, md5=digest(sample, "md5"))
    raise MissingOutputError(
        f"{raw}: not there; `gallop data pull` brings it, `gallop data sample` makes a synthetic one"
    )


@exclusive
def run_data_clean(project: Project) -> Quality:
    """Raw table → data/interim/leads: leads, rejected rows, the sample's truth, and the quality report."""
    from gallop.stages.data_clean import clean_parts

    path, version = raw_table(project)
    if project.settings.events is not None:
        return _clean_decisions(project, version)
    # The sample is always written in gallop's own way.
    form = None if version.origin == SAMPLE else project.settings.table.format
    raw = TextBatches(path, form)
    table = project.settings.table
    raw.require_names([*table.columns], str(path))
    wanted = table.without_role(Role.IGNORE)
    with writing_parts(project.paths.leads) as writer, DiskStore(writer, project.paths.leads) as store:
        quality = clean_parts(raw.frames(wanted), raw.columns, table, str(path), store)
        if version.origin == SAMPLE:
            truth = read_text(project.paths.truth)
            writer.append("truth", truth.select(nw.col("lead_id"), nw.col("probability").cast(nw.Float64)))
    quality = quality.model_copy(update={"remarks": raw.remarks})
    _write_quality(project, quality, version)
    return quality


def _clean_decisions(project: Project, version: DataVersion) -> Quality:
    """The table that the stage events made → data/interim/leads."""
    from gallop.stages.data_clean import clean_parts

    path = project.paths.decisions / "decisions.parquet"
    scan(path)  # refuses a file that is not the one its manifest names
    raw = TextBatches(path)
    with writing_parts(project.paths.leads) as writer, DiskStore(writer, project.paths.leads) as store:
        quality = clean_parts(raw.frames(), raw.columns, project.settings.table, str(path), store)
    quality = quality.model_copy(update={"events": read_counts(project)})
    _write_quality(project, quality, version)
    return quality


def read_counts(project: Project) -> EventCounts:
    """What the stage events counted. Raises `MissingOutputError`."""
    path = project.paths.decisions / COUNTS
    if not path.is_file():
        raise MissingOutputError(f"{path}: not there; run `gallop events` first, or everything with `gallop run`")
    return EventCounts.model_validate(json.loads(path.read_text(encoding="utf-8")))


def _write_quality(project: Project, quality: Quality, version: DataVersion) -> None:
    content = {"quality": quality.model_dump(), "data": version.model_dump()}
    write_text(project.paths.leads / _QUALITY, json.dumps(content, indent=2) + "\n")


def read_quality(project: Project) -> tuple[Quality, DataVersion]:
    """What data_clean found, and on which data. Raises `MissingOutputError`, `ChecksumError`."""
    path = project.paths.leads / _QUALITY
    if not path.is_file():
        raise MissingOutputError(f"{path}: not there; run `gallop data-clean` first, or everything with `gallop run`")
    try:
        content = json.loads(path.read_bytes())
        return Quality.model_validate(content["quality"]), DataVersion.model_validate(content["data"])
    except (ValueError, KeyError, TypeError):
        raise ChecksumError(
            f"{path}: damaged, or of another version of gallop; run `gallop data-clean` again"
        ) from None


@exclusive
def run_data_preprocess(project: Project) -> int:
    """data/interim/leads → data/interim/features; returns the rows."""
    from gallop.stages.data_preprocess import data_preprocess

    leads = scan(project.paths.leads / "leads.parquet")
    features = data_preprocess(leads, project.settings.table, project.settings.features)
    return write({"features": features}, project.paths.features)["features"]


@exclusive
def run_data_split(project: Project) -> tuple[int, int, int]:
    """data/interim/features → data/processed/split; returns the training rows, the test rows, and those left out."""
    from gallop.stages.data_split import split_parts

    features, settings = scan(project.paths.features / "features.parquet"), project.settings
    with writing_parts(project.paths.split) as writer:
        for part in split_parts(features, settings.table, settings.split, settings.seed, _SPLIT_ROWS):
            for name, rows in (("train", part.train), ("test", part.test), ("assignment", part.assignment)):
                writer.append(name, rows)
    train, test, rows = (writer.rows[name] for name in ("train", "test", "assignment"))
    return train, test, rows - train - test
