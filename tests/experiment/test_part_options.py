"""Options of the parts of a mix are checked as those of a model are."""

import re
from typing import Any

import pytest
import pytorch_lightning as pl

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import check
from muso_exp.experiment.part_options import option_names, refuse_unread
from muso_exp.models.blend import Blend
from muso_exp.models.fusion import RecommenderFusion
from muso_exp.models.popularity import Popularity

MIXES = pytest.mark.parametrize("mix", [RecommenderFusion, Blend])


def checked(mix: type, options: dict[str, Any]) -> None:
    check({"_target_": f"{mix.__module__}.{mix.__name__}", "options": options}, pl.LightningModule)


@MIXES
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"user_knn": {"weighting": "x"}}, "user_knn.weighting=x: one of binary, log, relative"),
        ({"ease": {"precision": 7}}, "ease.precision=7: one of 32, 64 is needed"),
        ({"ease": {"regularization": 0}}, "ease.regularization=0: float > 0 is needed"),
        ({"wmf": {"n_factors": 0}}, "wmf.n_factors=0: int >= 1 is needed"),
        ({"nearest_features": {"features": [1]}}, "nearest_features.features[0]=1: str is needed"),
        ({"wmf": {"n_factor": 3}}, "wmf.n_factor: there is no such option; did you mean n_factors"),
        ({"ease": {"lambda": 7}}, "ease.lambda: there is no such option; there are regularization"),
        ({"ease": {"n_items": 7}}, "ease.n_items: there is no such option"),
        ({"titles": {"x": 7}}, "titles.x: there is no such option; there are none"),
        ({"itemknn": {}}, "itemknn: there is no such part; did you mean item_knn?"),
    ],
)
def test_an_option_of_a_part_is_refused_by_its_place(mix: type, options: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^model\.options\.{re.escape(said)}"):
        checked(mix, options)


@MIXES
def test_no_option_of_a_part_takes_a_value_of_another_type(mix: type) -> None:
    for place in option_names(mix):
        _, part, name = place.split(".")
        with pytest.raises(ConfigError, match=rf"^model\.{place}={{}}: .* is needed$"):
            checked(mix, {part: {name: {}}})
    checked(
        mix, {"wmf": {"n_factors": 3, "epsilon": 1}, "ease": {"weighting": "log"}, "titles": {}}
    )


def test_an_option_of_a_part_that_is_left_out_is_refused_on_the_command_line_alone() -> None:
    tree = {"parts": ["ease"], "options": {"ease": {}, "wmf": {"n_factors": 3}}}
    refuse_unread(tree, RecommenderFusion, "model", ["model.options.ease.precision", "model.parts"])
    with pytest.raises(ConfigError, match=r"nothing reads it; wmf is not in model.parts=\[ease\]"):
        refuse_unread(tree, RecommenderFusion, "model", ["model.options.wmf.n_factors"])


def test_a_model_without_parts_has_no_options_of_theirs() -> None:
    assert list(option_names(Popularity)) == []
