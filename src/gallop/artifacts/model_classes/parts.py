"""Parts that the classes of several libraries share: hyperparameters, random generators, the loss of two classes."""

from typing import Any, Final

from gallop.artifacts.model_classes.arrays import INDICES, NAMES_ARRAY, NUMPY_NUMBER, NUMPY_WHOLE
from gallop.artifacts.model_classes.classes import Call, ModelClass, Named, resolved
from gallop.artifacts.model_classes.kinds import (
    FLAG,
    NONE,
    REAL,
    TEXT,
    DictOf,
    Plain,
    TupleOf,
    fields,
    maybe,
    one_of,
    only,
    whole,
)

WHOLE: Final = one_of(whole(), NUMPY_WHOLE)
NUMBER: Final = one_of(REAL, whole(), NUMPY_NUMBER)
COUNT: Final = whole(0, 2**31 - 1)
THREADS: Final = maybe(whole(-1, 256))
VERBOSE: Final = one_of(FLAG, whole(-10, 100))
CLASS_WEIGHT: Final = maybe(only("balanced", "balanced_subsample"), DictOf(one_of(TEXT, FLAG, NUMBER), NUMBER))
OUTPUT: Final = fields({"transform": only("pandas", "default")})
"""What a transformer returns, as `set_output` sets it."""
COLUMN_NAMES: Final = {"feature_names_in_": NAMES_ARRAY}
BYTES: Final = one_of(
    Plain("bytes", lambda value: type(value) is bytearray),
    Call(
        "builtins",
        "bytearray",
        TupleOf((Plain("bytes", lambda value: type(value) is bytes),)),
        lambda arguments, _: bytearray(arguments[0]),
    ),
)
"""A bytearray, which pickles before protocol 5 make by a call."""
_WORD: Final = whole(0, 2**128 - 1)


def left_out(*_: Any) -> None:
    """What only training uses is checked, and not made."""


_SEEDS: Final = Call(
    "numpy.random.bit_generator",
    "__pyx_unpickle_SeedSequence",
    TupleOf((Named("numpy.random.bit_generator", "SeedSequence"), whole(), NONE)),
    left_out,
    TupleOf((maybe(_WORD, NUMPY_WHOLE, INDICES), whole(), INDICES, whole(), TupleOf(()))),
)
_MERSENNE_STATE: Final = fields({"key": INDICES, "pos": whole()})
_MERSENNE: Final = Call(
    "numpy.random._pickle",
    "__bit_generator_ctor",
    TupleOf((Named("numpy.random._mt19937", "MT19937"),)),
    left_out,
    TupleOf((fields({"bit_generator": only("MT19937"), "state": _MERSENNE_STATE}), maybe(_SEEDS))),
)
_PERMUTED: Final = Call(
    "numpy.random._pickle",
    "__bit_generator_ctor",
    TupleOf((Named("numpy.random._pcg64", "PCG64"),)),
    left_out,
    TupleOf(
        (
            fields(
                {
                    "bit_generator": only("PCG64"),
                    "state": fields({"state": _WORD, "inc": _WORD}),
                    "has_uint32": whole(),
                    "uinteger": whole(),
                }
            ),
            _SEEDS,
        )
    ),
)
GENERATOR: Final = Call("numpy.random._pickle", "__generator_ctor", TupleOf((_PERMUTED,)), left_out)
_RANDOM_STATE: Final = Call(
    "numpy.random._pickle",
    "__randomstate_ctor",
    TupleOf((_MERSENNE,)),
    left_out,
    fields({"bit_generator": only("MT19937"), "state": _MERSENNE_STATE, "has_gauss": whole(), "gauss": one_of(REAL)}),
)
RANDOM: Final = maybe(whole(), NUMPY_WHOLE, _RANDOM_STATE)
"""A seed. A generator is left out: it is of no use to a model that is only asked."""

_INTERVAL: Final = ModelClass(
    "sklearn._loss.link",
    "Interval",
    {"low": NUMBER, "high": NUMBER, "low_inclusive": FLAG, "high_inclusive": FLAG},
)


LOSS: Final = ModelClass(
    "sklearn._loss.loss",
    "HalfBinomialLoss",
    {
        "closs": Call(
            "sklearn._loss._loss",
            "CyHalfBinomialLoss",
            TupleOf(()),
            lambda *_: resolved("sklearn._loss._loss", "CyHalfBinomialLoss")(),
        ),
        "link": ModelClass("sklearn._loss.link", "LogitLink"),
        "n_classes": only(1, 2),
        "xp": NONE,
        "device": NONE,
        "approx_hessian": FLAG,
        "constant_hessian": FLAG,
        "interval_y_true": _INTERVAL,
        "interval_y_pred": _INTERVAL,
    },
)
