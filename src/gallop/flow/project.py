"""A project on disk: its settings, and where it keeps things."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from gallop.files import remove_stale
from gallop.settings.params import Settings, load_settings

PARAMS = "params.yaml"


@dataclass(frozen=True)
class ProjectPaths:
    """Where a project keeps things, from its root."""

    root: Path
    raw: Path
    further: tuple[str, ...] = ()
    """Names of the raw files besides it, from the root."""

    @classmethod
    def of(cls, root: Path, settings: Settings) -> "ProjectPaths":
        """The paths of a project."""
        events = settings.events
        parts = (events.leads, events.decisions, events.identity) if events else ()
        return cls(root, root / settings.data.raw, tuple(part.raw for part in parts if part and part.raw))

    @property
    def beside(self) -> tuple[Path, ...]:
        """The raw files of an event project besides the log: of leads, decisions, identities."""
        return tuple(self.root / name for name in self.further)

    @property
    def sample(self) -> Path:
        """The synthetic table: beside the raw one but never under its name, and never outside the project."""
        return self._beside_raw("sample.csv")

    @property
    def truth(self) -> Path:
        """The sample's true probabilities."""
        return self._beside_raw("sample_truth.csv")

    @property
    def sample_digests(self) -> Path:
        """The SHA-256 of the files above, as `sha256sum` writes it: what is not listed there gallop did not make."""
        return self._beside_raw("sample.sha256")

    def _beside_raw(self, name: str) -> Path:
        inside = self.raw.resolve().is_relative_to(self.root.resolve())
        folder = self.raw.parent if inside else self.root / "data/raw"
        return folder / (name if name != self.raw.name else f"synthetic_{name}")

    @property
    def decisions(self) -> Path:
        """Output of the stage events, where the project has one."""
        return self.root / "data/interim/decisions"

    @property
    def leads(self) -> Path:
        """Output of data_clean."""
        return self.root / "data/interim/leads"

    @property
    def features(self) -> Path:
        """Output of data_preprocess."""
        return self.root / "data/interim/features"

    @property
    def split(self) -> Path:
        """Output of data_split."""
        return self.root / "data/processed/split"

    @property
    def candidate(self) -> Path:
        """The bundle that model_training makes."""
        return self.root / "models/candidate"

    @property
    def bundles(self) -> Path:
        """Bundles that are or were deployed, by version."""
        return self.root / "models/bundles"

    @property
    def studies(self) -> Path:
        """Searches that run, or were killed."""
        return self.root / "models/.studies"

    @property
    def outbox(self) -> Path:
        """Runs that no tracking server has yet."""
        return self.root / "models/outbox"

    @property
    def export(self) -> Path:
        """The exported classifier."""
        return self.root / "models/model.pkl"

    @property
    def deployed(self) -> Path:
        """The bundle that scores."""
        return self.root / "models/deployed"

    @property
    def metrics(self) -> Path:
        """The test metrics, a DVC metric."""
        return self.root / "reports/metrics.json"

    @property
    def report(self) -> Path:
        """The report to look at."""
        return self.root / "reports/report.html"

    @property
    def card(self) -> Path:
        """What the model is and is not for, in Markdown."""
        return self.root / "models/model_card.md"

    @property
    def selection(self) -> Path:
        """The outcome of model_selection."""
        return self.root / "reports/selection.json"

    @property
    def decision(self) -> Path:
        """The last decision about what is live, to look at."""
        return self.root / "reports/decision.html"

    @property
    def plots(self) -> Path:
        """Curves of the test rows, as `dvc plots` takes them."""
        return self.root / "reports/plots"

    @property
    def scores(self) -> Path:
        """The log of scores."""
        return self.root / "data/monitoring/scores"

    @property
    def outcomes(self) -> Path:
        """The log of what became of leads."""
        return self.root / "data/monitoring/outcomes"

    @property
    def monitoring_page(self) -> Path:
        """How the live model does, to look at."""
        return self.root / "reports/monitoring.html"

    @property
    def monitoring_key(self) -> Path:
        """The key of the hash under which the logs know a lead."""
        return self.root / "data/monitoring/key"

    @property
    def locks(self) -> Path:
        """Who works on this project now."""
        return self.root / ".gallop"

    def remove_leftovers(self) -> None:
        """Remove what killed stages have left half-written. Only for who holds the project."""
        data = (self.decisions, self.leads, self.features, self.split)
        for folder in (
            *data,
            self.candidate,
            *self.candidate.glob("*/"),
            self.export.parent,
            self.metrics.parent,
            self.plots,
        ):
            remove_stale(folder)
        for path in (self.raw, *self.beside, self.sample, self.truth, self.sample_digests):
            remove_stale(path.parent, path.name)
        for folder in (*self.outbox.glob(".*.tmp"), *self.bundles.glob(".*.coming")):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Project:
    """A project on disk: its settings and places."""

    settings: Settings
    paths: ProjectPaths

    @classmethod
    def open(cls, root: Path) -> "Project":
        """Read the settings. Raises `SettingsError`."""
        settings = load_settings(root / PARAMS)
        return cls(settings, ProjectPaths.of(root, settings))


def open_project(folder: str | Path = ".") -> Project:
    """A project's settings, and where it keeps things. Nothing is run, nor does anything have to have run.

    Args:
        folder: where the project's params.yaml lies.

    Raises:
        SettingsError: no params.yaml, or a key of it is unknown, of a wrong type, or impossible.

    Examples:
        >>> import gallop
        >>> project = gallop.open_project("my-leads")
        >>> project.settings.table.id, project.settings.split.test_share
        ('lead_id', 0.15)
        >>> project.paths.deployed.relative_to(project.paths.root).as_posix()
        'models/deployed'
    """
    return Project.open(Path(folder).resolve())
