"""A fitted model on its way to the recorder's process, where it is kept without ever becoming an object."""

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pickled:
    """What is kept of a model. As an object it would import all that it is made of."""

    content: bytes
    answers: "NDArray[np.floating]"
    """What it says of its run's example: shape (rows, 2)."""


def pickled(model: Any, example: object) -> Pickled:
    """A fitted classifier, asked for the probabilities of its example's rows."""
    return Pickled(pickle.dumps(model), model.predict_proba(example))
