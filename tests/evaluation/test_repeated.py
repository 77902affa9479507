"""A run beside its repetition."""

import pytest

from muso_exp.errors import ConfigError
from muso_exp.evaluation.repeated import different_making, different_metrics, overrides_again

RUN = {
    "overrides": ["+experiment=wmf", "seed=2", "+sweep=seeds", "paths.outputs=x", "logger=none"],
    "metrics": {"auc": 0.5, "map": 0.25, "none": None},
    "data": {"fingerprint": "f"},
    "manifest": {"code": {"commit": "a"}, "machine": {"cores": 2}},
}


def test_a_job_of_a_sweep_is_run_again_on_its_own() -> None:
    assert overrides_again(RUN) == ["+experiment=wmf", "seed=2", "hydra.mode=RUN", "rerun=true"]
    with pytest.raises(ConfigError, match=r"\*\*\*@host: a secret was left out"):
        overrides_again({"overrides": ["dataset.root=http://***@host"]})


def test_what_differs_is_named() -> None:
    assert different_metrics(RUN, RUN) == [] and different_making(RUN, RUN) == []
    now = RUN | {"metrics": {"auc": 0.5, "map": 0.26, "none": None}, "manifest": {}}
    assert different_metrics(RUN, now) == [("map", 0.25, 0.26)]
    assert different_making(RUN, now) == [
        ("code commit", "a", "not kept"),
        ("machine cores", "2", "not kept"),
    ]
