"""A model that needs more memory than is free is refused as it is built, with what lowers it."""

import pytest
from omegaconf import OmegaConf

from muso_exp import memory
from muso_exp.errors import ConfigError
from muso_exp.experiment.build import build_model
from muso_exp.features.ease import ease_memory
from muso_exp.models.als_wr import ALSWR
from muso_exp.models.bpr import BPR
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.ease import EASE
from muso_exp.models.fusion import RecommenderFusion
from muso_exp.models.ials import IALS
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.sansa import SANSA
from muso_exp.models.wmf import WMF

SIZES = {"n_users": 2000, "n_items": 3000}
MODELS = {
    "ease": (lambda: EASE(**SIZES), "set model.precision=32 (a third), or keep fewer users"),
    "fusion": (lambda: RecommenderFusion(**SIZES, parts=["ease"]), "precision=32 (a third), or"),
    "item_knn": (lambda: ItemKNN(**SIZES, n_neighbours=10**6), "set model.n_neighbours lower"),
    "wmf": (lambda: WMF(**SIZES, n_factors=1000), "set model.n_factors lower"),
    "ials": (lambda: IALS(**SIZES, n_factors=10**6), "set model.n_factors lower"),
    "als_wr": (lambda: ALSWR(**SIZES, n_factors=1000), "set model.n_factors lower"),
    "bpr": (lambda: BPR(**SIZES, n_factors=1000), "set model.n_factors lower"),
    "sansa": (lambda: SANSA(**SIZES, density=0.5), "set model.density lower"),
    "net": (lambda: CooccurrenceNet(**SIZES), "a smaller model.hidden_size"),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_does_not_fit_is_refused_before_it_is_made(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, fix = MODELS[name]
    monkeypatch.setattr(memory, "available_memory", lambda: 2**20)
    with pytest.raises(ConfigError, match=r"about .* GiB of memory, and 0\.0 GiB are free") as said:
        make()
    assert fix in str(said.value)


def test_what_fits_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: ease_memory(**SIZES))
    EASE(**SIZES)
    monkeypatch.setattr(memory, "available_memory", lambda: ease_memory(**SIZES) - 1)
    with pytest.raises(ConfigError, match="EASE of 2000 users x 3000 items needs about"):
        EASE(**SIZES)


def test_neighbours_are_at_most_all_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * 3000**2)
    assert ItemKNN(**SIZES, n_neighbours=10**6).n_neighbours == 10**6


def test_an_option_is_named_where_it_is_set() -> None:
    model = {"_target_": "muso_exp.models.ease.EASE", "max_gib": 1e-9}
    tree = {"variant": "one", "models": {"one": model}, "model": "${models.${variant}}"}
    with pytest.raises(ConfigError, match=r"more than models\.one\.max_gib=1e-09; raise that, or"):
        build_model(OmegaConf.create(tree), **SIZES)
    with pytest.raises(ConfigError, match=r"more than model\.max_gib=1e-09"):
        build_model(OmegaConf.create({"model": model}), **SIZES)
