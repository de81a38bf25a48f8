"""The registered model, as MLflow loads it: raw leads in, probabilities out. MLflow runs this file itself.

It holds no logic: the bundle travels with it as an artifact, and gallop's own source as its code.
"""

from pathlib import Path

import mlflow
import pandas as pd


class LeadModel(mlflow.pyfunc.PythonModel):
    """Raw leads as text or typed columns → a frame with the column `probability`; NaN where a rule rejects the row."""

    def load_context(self, context) -> None:
        """Verify and load the bundle."""
        from gallop.artifacts import bundle

        self._bundle = bundle.load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:  # noqa: ARG002
        """Score the rows, in their order and with their index. The id column may be absent."""
        from gallop.scoring import probabilities_of_frame

        return pd.DataFrame({"probability": probabilities_of_frame(model_input, self._bundle)}, model_input.index)


mlflow.models.set_model(LeadModel())
