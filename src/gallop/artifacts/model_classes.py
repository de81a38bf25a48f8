"""The exact classes that a model file may hold, and for each the attributes that it may have.

A class that is not here is refused, and so is an attribute that its class does not list: one that would hide a
method, a cache, a meta-estimator. What an attribute holds is plain data (numbers, texts, arrays and containers of
them), or, where the class says so, objects of named classes. Nothing here is a callable of the file's choice.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class ModelClass:
    """A class by its module and name."""

    module: str
    name: str
    data: frozenset[str] = frozenset()
    """Attributes that hold plain data."""
    objects: dict[str, frozenset[str]] = field(default_factory=dict)
    """Attribute → names of the classes whose objects it may hold, alone or in containers, besides plain data."""
    by_call: bool = False  # whether pickles make it by a call with plain data, not by its attributes alone


def _class(path: str, data: str = "", *, by_call: bool = False, **objects: str) -> ModelClass:
    module, _, name = path.rpartition(".")
    held = {attribute: frozenset(names.split()) for attribute, names in objects.items()}
    return ModelClass(module, name, frozenset(data.split()), held, by_call)


_RANDOM: Final = "RandomState Generator"
_COLUMNS: Final = "n_features_in_ feature_names_in_ _sklearn_version _sklearn_output_config "
_TREE: Final = (
    "criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features max_leaf_nodes "
    "min_impurity_decrease class_weight ccp_alpha monotonic_cst splitter n_outputs_ max_features_ classes_ n_classes_ "
)
_FOREST: Final = (
    "n_estimators estimator_params bootstrap oob_score n_jobs verbose warm_start max_samples _n_samples "
    "_n_samples_bootstrap _sample_weight oob_score_ oob_decision_function_ "
)
_BOOSTING: Final = "learning_rate loss n_iter_no_change tol validation_fraction verbose warm_start train_score_ "
_XGB: Final = (
    "max_depth max_leaves max_bin grow_policy learning_rate n_estimators verbosity objective booster tree_method "
    "n_jobs gamma min_child_weight max_delta_step subsample sampling_method colsample_bytree colsample_bylevel "
    "colsample_bynode reg_alpha reg_lambda scale_pos_weight base_score missing num_parallel_tree monotone_constraints "
    "interaction_constraints importance_type device validate_parameters enable_categorical feature_types "
    "feature_weights max_cat_to_onehot max_cat_threshold multi_strategy eval_metric early_stopping_rounds callbacks "
    "kwargs n_classes_ best_iteration best_score evals_result_ random_state use_label_encoder _estimator_type classes_ "
)
_LIGHTGBM: Final = (
    "boosting_type num_leaves max_depth learning_rate n_estimators subsample_for_bin min_split_gain min_child_weight "
    "min_child_samples subsample subsample_freq colsample_bytree reg_alpha reg_lambda objective class_weight n_jobs "
    "importance_type _other_params _classes _n_classes _n_features _n_features_in _objective _class_map _class_weight "
    "fitted_ verbosity verbose max_bin path_smooth feature_fraction_bynode extra_trees deterministic force_row_wise "
    "force_col_wise scale_pos_weight max_delta_step is_unbalance monotone_constraints metric bagging_seed extra_seed "
    "seed _evals_result _best_score _best_iteration _fitted_with_feature_names "
)
_LIGHTGBM_BOOSTER: Final = (
    "_handle _network _train_data_name train_set_version params pandas_categorical best_iteration best_score "
    "name_valid_sets _Booster__higher_better_inner_eval _Booster__init_predictor _Booster__inner_predict_buffer "
    "_Booster__is_predicted_cur_iter _Booster__name_inner_eval _Booster__need_reload_eval_info _Booster__num_class "
    "_Booster__num_dataset _Booster__num_inner_eval _Booster__set_objective_to_none "
)
LIGHTGBM_PARAMETERS: Final = frozenset(
    {*_LIGHTGBM.split(), "random_state", "num_threads", "num_iterations", "early_stopping_round"}
)
"""What LightGBM's classifier and booster may be told; none names a file."""
_FORESTS: Final = "sklearn.ensemble._forest."
_HISTOGRAMS: Final = "sklearn.ensemble._hist_gradient_boosting."

_CLASSIFIERS: Final = (
    _class(
        "sklearn.linear_model._logistic.LogisticRegression",
        _COLUMNS + "penalty dual tol C fit_intercept intercept_scaling class_weight solver max_iter verbose warm_start "
        "n_jobs l1_ratio classes_ coef_ intercept_ n_iter_",
        random_state=_RANDOM,
    ),
    _class("sklearn.tree._classes.DecisionTreeClassifier", _COLUMNS + _TREE, random_state=_RANDOM, tree_="Tree"),
    *(
        _class(
            f"{_FORESTS}{name}",
            _COLUMNS + _TREE + _FOREST,
            random_state=_RANDOM,
            estimator=tree,
            estimator_=tree,
            estimators_=tree,
        )
        for name, tree in (
            ("RandomForestClassifier", "DecisionTreeClassifier"),
            ("ExtraTreesClassifier", "ExtraTreeClassifier"),
        )
    ),
    _class(
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        _COLUMNS + _TREE + _BOOSTING + "n_estimators subsample init alpha n_trees_per_iteration_ n_estimators_ "
        "oob_improvement_ oob_scores_ oob_score_",
        random_state=_RANDOM,
        _rng=_RANDOM,
        _loss="HalfBinomialLoss",
        init_="DummyClassifier",
        estimators_="DecisionTreeRegressor",
    ),
    _class(
        f"{_HISTOGRAMS}gradient_boosting.HistGradientBoostingClassifier",
        _COLUMNS + _BOOSTING + "max_iter max_leaf_nodes max_depth min_samples_leaf l2_regularization max_features "
        "max_bins categorical_features monotonic_cst interaction_cst early_stopping scoring class_weight classes_ "
        "n_trees_per_iteration_ _n_features _baseline_prediction _preprocessor is_categorical_ "
        "_is_categorical_remapped _scorer _use_validation_data do_early_stopping_ validation_score_",
        random_state=_RANDOM,
        _random_seed=_RANDOM,
        _feature_subsample_rng=_RANDOM,
        _loss="HalfBinomialLoss",
        _predictors="TreePredictor",
        _bin_mapper="_BinMapper",
        _label_encoder="LabelEncoder",
    ),
    *(
        _class(f"xgboost.sklearn.{name}", _COLUMNS + _XGB, _Booster="Booster", random_state=_RANDOM)
        for name in ("XGBClassifier", "XGBRFClassifier")
    ),
    _class(
        "lightgbm.sklearn.LGBMClassifier",
        _COLUMNS + _LIGHTGBM,
        random_state=_RANDOM,
        _Booster="Booster",
        _le="LabelEncoder",
    ),
)
_STEPS: Final = (
    _class(
        "sklearn.preprocessing._data.StandardScaler",
        _COLUMNS + "with_mean with_std copy mean_ var_ scale_ n_samples_seen_",
    ),
    _class(
        "sklearn.preprocessing._data.MinMaxScaler",
        _COLUMNS + "feature_range copy clip n_samples_seen_ scale_ min_ data_min_ data_max_ data_range_",
    ),
    _class(
        "sklearn.impute._base.SimpleImputer",
        _COLUMNS + "missing_values add_indicator keep_empty_features strategy fill_value copy statistics_ _fit_dtype "
        "_fill_dtype",
        indicator_="MissingIndicator",
    ),
)
_PARTS: Final = (
    _class("sklearn.tree._classes.ExtraTreeClassifier", _COLUMNS + _TREE, random_state=_RANDOM, tree_="Tree"),
    _class("sklearn.tree._classes.DecisionTreeRegressor", _COLUMNS + _TREE, random_state=_RANDOM, tree_="Tree"),
    _class("sklearn.tree._tree.Tree", "max_depth node_count nodes values", by_call=True),
    _class(f"{_HISTOGRAMS}predictor.TreePredictor", "nodes binned_left_cat_bitsets raw_left_cat_bitsets"),
    _class(
        f"{_HISTOGRAMS}binning._BinMapper",
        "n_bins subsample is_categorical known_categories n_threads bin_thresholds_ n_bins_non_missing_ "
        "is_categorical_ missing_values_bin_idx_ _sklearn_version",
        random_state=_RANDOM,
    ),
    _class(
        "sklearn._loss.loss.HalfBinomialLoss",
        "n_classes xp device approx_hessian constant_hessian",
        closs="CyHalfBinomialLoss",
        link="LogitLink",
        interval_y_true="Interval",
        interval_y_pred="Interval",
    ),
    _class("sklearn._loss._loss.CyHalfBinomialLoss", by_call=True),
    _class("sklearn._loss.link.LogitLink", interval_y_pred="Interval"),
    _class("sklearn._loss.link.Interval", "low high low_inclusive high_inclusive"),
    _class(
        "sklearn.dummy.DummyClassifier",
        _COLUMNS + "strategy constant _strategy sparse_output_ n_outputs_ classes_ n_classes_ class_prior_",
        random_state=_RANDOM,
    ),
    _class("sklearn.preprocessing._label.LabelEncoder", "classes_ _sklearn_version _sklearn_output_config"),
    _class("lightgbm.sklearn._LGBMLabelEncoder", "classes_ _sklearn_version _sklearn_output_config"),
    _class(
        "sklearn.impute._base.MissingIndicator",
        _COLUMNS + "missing_values features sparse error_on_new _n_features _precomputed features_",
    ),
    _class("xgboost.core.Booster", "handle feature_names feature_types best_iteration best_score"),
    _class("lightgbm.basic.Booster", _LIGHTGBM_BOOSTER),
)
_PIPELINE: Final = "sklearn.pipeline.Pipeline"
_CLASSIFIER_NAMES: Final = " ".join(of.name for of in _CLASSIFIERS)
_STEP_NAMES: Final = " ".join(of.name for of in _STEPS)

EXPORTED: Final = (
    *(*_CLASSIFIERS, *_STEPS, *_PARTS),
    _class(_PIPELINE, _COLUMNS + "transform_input memory verbose", steps=f"{_STEP_NAMES} {_CLASSIFIER_NAMES}"),
)
"""What `validate` and `audit` read: classifiers, alone or at the end of a pipeline of plain steps."""

_OWN: Final = "gallop.modelling."
TRACKED: Final = (
    *EXPORTED[:-1],
    _class(
        _PIPELINE,
        _COLUMNS + "transform_input memory verbose",
        steps=f"{_STEP_NAMES} {_CLASSIFIER_NAMES} Clip ColumnTransformer",
    ),
    _class(
        "sklearn.compose._column_transformer.ColumnTransformer",
        _COLUMNS + "remainder sparse_threshold n_jobs transformer_weights verbose _columns sparse_output_ "
        "_transformer_to_input_indices _remainder output_indices_ _transformers_feature_names_out "
        "_n_features",
        transformers="Pipeline OneHotEncoder TargetEncoder Levels",
        transformers_="Pipeline OneHotEncoder TargetEncoder Levels",
        verbose_feature_names_out="PlainNames",
    ),
    _class(
        "sklearn.preprocessing._encoders.OneHotEncoder",
        _COLUMNS + "categories sparse_output dtype handle_unknown drop min_frequency max_categories categories_ "
        "drop_idx_ _infrequent_enabled _infrequent_indices _default_to_infrequent_mappings _drop_idx_after_grouping "
        "_n_features_outs",
        feature_name_combiner="LevelNames",
    ),
    _class(
        "sklearn.preprocessing._target_encoder.TargetEncoder",
        _COLUMNS + "categories target_type smooth shuffle categories_ classes_ encodings_ target_mean_ target_type_ "
        "_infrequent_enabled",
        cv="StratifiedKFold",
        random_state=_RANDOM,
    ),
    _class("sklearn.model_selection._split.StratifiedKFold", "n_splits shuffle", random_state=_RANDOM),
    _class(f"{_OWN}preprocessing.Clip", _COLUMNS + "sd low_ high_"),
    _class(f"{_OWN}preprocessing.Levels", "names most few fixed"),
    _class(f"{_OWN}preprocessing.LevelNames", "signs"),
    _class(f"{_OWN}preprocessing.PlainNames"),
)
ACCEPTED: Final = (
    f"{_CLASSIFIER_NAMES.replace(' ', ', ')}, alone or in a Pipeline after {_STEP_NAMES.replace(' ', ', ')}"
)
TOP: Final = frozenset({*_CLASSIFIER_NAMES.split(), "Pipeline"})
"""Names of the classes that a whole file may hold."""
