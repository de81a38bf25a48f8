"""LightGBM's classifier of two classes, and its booster."""

from typing import Any, Final

from gallop.artifacts.model_classes.arrays import LABELS, NUMPY_LABEL, NUMPY_REAL
from gallop.artifacts.model_classes.boosting import LABELLER
from gallop.artifacts.model_classes.classes import Call, Fitted, Made, ModelClass, Named
from gallop.artifacts.model_classes.kinds import (
    FLAG,
    NONE,
    REAL,
    TEXT,
    DictOf,
    Fields,
    ListOf,
    Plain,
    TupleOf,
    maybe,
    one_of,
    only,
    whole,
)
from gallop.artifacts.model_classes.lightgbm_text import check_text
from gallop.artifacts.model_classes.making import Kind, Making, UnexpectedValueError
from gallop.artifacts.model_classes.parts import CLASS_WEIGHT, COUNT, NUMBER, RANDOM, THREADS, WHOLE

_METRICS: Final = one_of(TEXT, ListOf(TEXT))
_SETTINGS: Final[dict[str, Kind]] = {
    "boosting_type": only("gbdt"),
    "num_leaves": WHOLE,
    "max_depth": WHOLE,
    "learning_rate": NUMBER,
    "n_estimators": WHOLE,
    "subsample_for_bin": WHOLE,
    "min_split_gain": NUMBER,
    "min_child_weight": NUMBER,
    "min_child_samples": WHOLE,
    "subsample": NUMBER,
    "subsample_freq": WHOLE,
    "colsample_bytree": NUMBER,
    "reg_alpha": NUMBER,
    "reg_lambda": NUMBER,
    "random_state": RANDOM,
}
_FURTHER: Final[dict[str, Kind]] = {
    **dict.fromkeys(("verbose", "verbosity", "max_bin", "bagging_seed", "extra_seed", "seed"), WHOLE),
    **dict.fromkeys(("path_smooth", "feature_fraction_bynode", "scale_pos_weight", "max_delta_step"), NUMBER),
    **dict.fromkeys(("deterministic", "force_row_wise", "force_col_wise", "extra_trees", "is_unbalance"), FLAG),
    "monotone_constraints": ListOf(whole(-1, 1)),
    "metric": _METRICS,
}
"""What LightGBM takes besides its constructor's arguments; its classifier keeps these as attributes."""
_OF_BOOSTER: Final[dict[str, Kind]] = {
    **_SETTINGS,
    **_FURTHER,
    "objective": only("binary"),
    "metric": _METRICS,
    "num_threads": WHOLE,
    "num_iterations": WHOLE,
    "early_stopping_round": maybe(WHOLE),
}
_HISTORY: Final = Call(
    "collections",
    "OrderedDict",
    TupleOf(()),
    lambda _, items: dict(items or {}),
    items=(TEXT, one_of(REAL, NUMPY_REAL, ListOf(one_of(REAL, NUMPY_REAL)))),
)
_BEST: Final = Call(
    "collections",
    "defaultdict",
    TupleOf((Named("collections", "OrderedDict"),)),
    lambda _, items: dict(items or {}),
    items=(TEXT, _HISTORY),
)


class _BoosterClass(ModelClass):
    """LightGBM makes its booster of a text; it is given one that has been read before."""

    def _made(self, value: Any, making: Making, *, whole: bool) -> object:
        from lightgbm import Booster
        from lightgbm.basic import LightGBMError

        made = self.read(value, making, fitted=whole)
        making.spend(4 * len(made["_handle"]))
        columns = check_text(made["_handle"])
        booster = object.__new__(Booster)
        try:
            booster.__setstate__(made)
        except LightGBMError as error:
            raise UnexpectedValueError(f"is refused by LightGBM: {ascii(str(error))[1:-1][:200]}") from None
        if booster.num_feature() != columns:
            raise UnexpectedValueError("has other columns than its text")
        return booster


_MODEL_TEXT: Final = Plain("a text of LightGBM's", lambda value: type(value) is str)
_BOOSTER: Final = _BoosterClass(
    "lightgbm.basic",
    "Booster",
    fitted={
        "_handle": _MODEL_TEXT,
        "_network": only(False),
        "_train_data_name": TEXT,
        "train_set_version": WHOLE,
        "params": Fields(_OF_BOOSTER, frozenset({"objective"})),
        "pandas_categorical": one_of(NONE, ListOf(NONE)),
        "best_iteration": WHOLE,
        "best_score": one_of(_BEST, DictOf(TEXT, _HISTORY)),
        "name_valid_sets": ListOf(TEXT),
    },
    at_times={
        "_Booster__higher_better_inner_eval": ListOf(FLAG),
        "_Booster__init_predictor": NONE,
        "_Booster__inner_predict_buffer": ListOf(NONE),
        "_Booster__is_predicted_cur_iter": ListOf(FLAG),
        "_Booster__name_inner_eval": ListOf(TEXT),
        "_Booster__need_reload_eval_info": FLAG,
        "_Booster__num_class": only(1),
        "_Booster__num_dataset": COUNT,
        "_Booster__num_inner_eval": COUNT,
        "_Booster__set_objective_to_none": FLAG,
    },
)


def _check(made: Made) -> None:
    booster = made["_Booster"]
    if not booster.num_feature() == made["_n_features"] == made["_n_features_in"] or len(made["_classes"]) != 2:
        raise UnexpectedValueError("has other columns, or classes, than its trees")
    if extra := sorted(made["_other_params"].keys() - made.keys()):
        raise UnexpectedValueError(f"lacks {', '.join(extra)}")


LIGHTGBM: Final = ModelClass(
    "lightgbm.sklearn",
    "LGBMClassifier",
    always={
        **_SETTINGS,
        "objective": maybe(only("binary")),
        "class_weight": CLASS_WEIGHT,
        "n_jobs": THREADS,
        "importance_type": only("split", "gain"),
        "_other_params": Fields({**_SETTINGS, **_FURTHER}, frozenset()),
    },
    fitted={
        "_Booster": Fitted(_BOOSTER),
        "_classes": LABELS,
        "_n_classes": only(2),
        "_n_features": COUNT,
        "_n_features_in": COUNT,
        "_objective": only("binary"),
        "_le": LABELLER,
        "_class_map": DictOf(NUMPY_LABEL, NUMPY_LABEL),
        "fitted_": only(True),
    },
    at_times={
        **_FURTHER,
        "_class_weight": CLASS_WEIGHT,
        "_evals_result": maybe(DictOf(TEXT, _HISTORY)),
        "_best_score": one_of(_BEST, DictOf(TEXT, _HISTORY)),
        "_best_iteration": WHOLE,
        "_fitted_with_feature_names": FLAG,
    },
    check=_check,
)
