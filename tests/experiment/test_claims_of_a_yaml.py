"""What a paper claims is read from a configuration, or refused in a line."""

import re

import pytest
from omegaconf import OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.evaluation.card import Claim
from muso_exp.experiment.parts import read_claims


def test_a_claim_is_read_with_its_defaults() -> None:
    given = OmegaConf.create([{"source": "table 1", "metric": "auc", "reported": 1}])
    assert read_claims(given) == [Claim("table 1", "auc", 1.0)]
    assert read_claims(OmegaConf.create([])) == []


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([{"metric": "a", "value": 1}], "paper.claims.0 has no field value; there are source, met"),
        ([{"metric": "a"}], "paper.claims: Object missing required field `source` - at `$[0]`"),
        ([3], "paper.claims: Expected `object`, got `int` - at `$[0]`"),
        ({"a": 1}, "paper.claims: Expected `array`, got `object`"),
        (
            [{"source": "x", "metric": "y", "reported": "many"}],
            "paper.claims: Expected `float | null`, got `str` - at `$[0].reported`",
        ),
    ],
)
def test_a_claim_that_is_none_is_refused_in_a_line(claims: object, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_claims(OmegaConf.create(claims))
