"""A candidate's files, as MLflow loads them: model inputs in, probabilities of both answers out."""

from pathlib import Path
from typing import TYPE_CHECKING

from gallop.additive.document import read_document
from gallop.additive.model import AdditiveModel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class CandidatePredictor:
    """What MLflow asks."""

    def __init__(self, model: AdditiveModel) -> None:
        self._model = model

    def predict(self, model_input: "pd.DataFrame", params: object = None) -> "np.ndarray":  # noqa: ARG002
        """Shape (rows, 2)."""
        return self._model.predict_proba(model_input)


def load(folder: Path) -> CandidatePredictor:
    """Read a folder of a model's files."""
    return CandidatePredictor(read_document({path.name: path.read_bytes() for path in folder.iterdir()}))


def _load_pyfunc(path: str) -> CandidatePredictor:
    """MLflow's name for `load`."""
    return load(Path(path))
