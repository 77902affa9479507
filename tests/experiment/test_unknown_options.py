"""An override of an option that is not there: the nearest names, as for other unknown keys."""

import pytest
from hydra.errors import ConfigCompositionException

from muso_exp.experiment.unknown_options import explained

WMF = ["+experiment=wmf", "scale=smoke"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.world.user=3", "there is no such option; did you mean dataset.world.users"),
        ("model.n_factorz=3", "did you mean model.n_factors"),
        ("trainer.max_epoch=3", "did you mean trainer.max_epochs"),
        ("callbacks.bset=null", "did you mean callbacks.best"),
        ("sedd=3", "sedd: there is no such option; did you mean seed"),
        ("dataset.world_songs=3", "did you mean dataset.world"),
        ("dataset.world.zzz=1", "there are dataset.world.users, "),
        ("dataset.qqq.zzz=1", "there are dataset.root, "),
        ("options.dff=5", "options.dff: there is no such option; there are options.wmf"),
        ("~dataset.world.userz", "did you mean dataset.world.users"),
    ],
)  # fmt: skip
def test_an_unknown_option_is_answered_with_the_nearest(
    override: str, said: str, call: callable
) -> None:
    status, out, err = call(*WMF, override)
    assert status == 2 and said in err and len(err.splitlines()) == 1, out + err


def test_an_unknown_option_of_a_data_set_that_is_explored(call: callable) -> None:
    status, _, err = call("explore", "plays", "dataset.world.userz=3")
    assert status == 2 and "did you mean dataset.world.users" in err


def test_an_option_at_its_default_is_appended() -> None:
    error = ConfigCompositionException("Could not override 'model.seed'.")
    assert str(explained(error, ["+experiment=playlist_membership"])).startswith("model.seed")


def test_another_refusal_stays_as_it_is() -> None:
    for error in (
        ConfigCompositionException("another"),
        ConfigCompositionException("Could not override 'a.b'."),
    ):
        assert explained(error, ["+experiment=wmf", "model=bogus"]) is error
