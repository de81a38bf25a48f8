"""The registered model, as MLflow loads it: raw leads in, probabilities out. MLflow runs this file itself.

It holds no logic: the bundle travels with it as an artifact, and gallop's own source as its code.
"""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd


class LeadModel(mlflow.pyfunc.PythonModel):
    """Raw leads as text or typed columns → one probability per row; NaN where a rule rejects the row."""

    def load_context(self, context) -> None:
        """Verify and load the bundle."""
        from gallop.artifacts import bundle

        self._bundle = bundle.load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context, model_input: pd.DataFrame, params=None) -> np.ndarray:  # noqa: ARG002
        """Score the rows, in their order. The id column may be absent."""
        from gallop.scoring import probabilities_of_frame

        return probabilities_of_frame(model_input, self._bundle)


mlflow.models.set_model(LeadModel())
