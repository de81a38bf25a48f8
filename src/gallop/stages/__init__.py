"""One module per stage of the pipeline. A stage is pure, or has effects only through a port it is given."""

from typing import Final

STAGES: Final = (
    "data_clean",
    "data_preprocess",
    "data_split",
    "model_training",
    "model_selection",
    "deploy",
)
"""The spine of the project, in order. A stage's name is its module, its DVC stage and (dashed) its command."""

DVC_STAGES: Final = (*STAGES[:4], "report")
"""The stages that turn files into files. The last two change a registry and a deployment, which no file hash knows."""

EVENTS: Final = "events"
"""The stage before the first, in projects whose leads are made from a log of events."""

COMMANDS: Final = (*DVC_STAGES, *STAGES[4:])
"""All stages, in the order in which they run."""
