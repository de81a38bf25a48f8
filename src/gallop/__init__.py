"""gallop: from website behaviour to a ranked list of the leads most likely to convert.

The command line does everything; `gallop --help` shows it. From Python, a few names use what it has made:
`open_project` reads a project's settings, `load_bundle` checks and loads a model, `score` ranks a frame of leads,
`OneLeadScorer` scores a lead at a time, and `features_of` gives the features of one lead's events at a moment, as the
model has learnt from them.

>>> import gallop
>>> import pandas as pd
>>> project = gallop.open_project("my-leads")
>>> bundle = gallop.load_bundle(project.paths.deployed)
>>> scores = gallop.score(pd.read_csv("new_leads.csv"), bundle)
>>> scores.ranked[["rank", "lead_id", "band"]].values.tolist()
[[1, 'L3', 'hot'], [2, 'L2', 'cold'], [3, 'L1', 'cold']]
>>> scores.counts
{'source_not_kept': 1}

What a person can mend is a `GallopError`, whose message says how. Names that are not here may change in any version.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers know the name; to import it from `typing` takes longer than all the rest here
if TYPE_CHECKING:
    from gallop.artifacts.bundle import Bundle, load_bundle
    from gallop.errors import GallopError
    from gallop.events.live import features_of
    from gallop.flow.frame_scoring import FrameScores, score
    from gallop.flow.project import Project, open_project
    from gallop.serving.one_lead import OneLeadScorer
    from gallop.settings.params import Settings

__version__ = "0.1.0"

__all__ = [
    "Bundle",
    "FrameScores",
    "GallopError",
    "OneLeadScorer",
    "Project",
    "Settings",
    "__version__",
    "features_of",
    "load_bundle",
    "open_project",
    "score",
]

_ROOMS = {
    "Bundle": "artifacts.bundle",
    "FrameScores": "flow.frame_scoring",
    "GallopError": "errors",
    "OneLeadScorer": "serving.one_lead",
    "Project": "flow.project",
    "Settings": "settings.params",
    "features_of": "events.live",
    "load_bundle": "artifacts.bundle",
    "open_project": "flow.project",
    "score": "flow.frame_scoring",
}


def __getattr__(name: str) -> object:
    """Import a name's module when it is first asked for: `import gallop` alone imports nothing else."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
