"""Which settings cost a verdict."""

from collections.abc import Iterator

import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from muso_exp.experiment.settings import (
    changed_settings,
    config_hash,
    inert_keys,
    is_below,
    is_same,
    other_test,
    recorded_settings,
    settle,
)
from muso_exp.training.checkpoint import flatten

DOS = ["+experiment=dos_classifier"]


@pytest.fixture
def composed() -> Iterator[callable]:
    def make(*overrides: str) -> DictConfig:
        places = ["paths.outputs=unused", "paths.run=unused"]
        cfg = compose("config", [*overrides, *places], return_hydra_config=True)
        cfg.hydra.overrides.task = list(overrides)
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_readonly(cfg, False)
        with open_dict(cfg):
            del cfg["hydra"]
        settle(cfg)
        return cfg

    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        yield make
    HydraConfig.instance().cfg = None


def test_what_a_null_model_scores_depends_on_the_data_alone(composed: callable) -> None:
    training = ["scale=smoke", "model.lr=1", "dataset.batch_size=3", "trainer.max_epochs=1"]
    assert other_test(composed(*DOS, *training)) == []
    assert other_test(composed(*DOS, "scale=smoke", "dataset.label=closure")) == ["dataset.label"]


def test_the_users_word_is_no_changed_setting_but_is_said_of_the_run(composed: callable) -> None:
    quiet, said = composed(*DOS), composed(*DOS, "dataset.published=true")
    assert changed_settings(said) == []
    assert config_hash(quiet) != config_hash(said)
    assert changed_settings(composed(*DOS, "dataset.label=closure")) == ["dataset.label"]


NO_SAMPLER = {"config": "of an earlier version"}


def earlier(own: dict, gone: dict | None = None, new: tuple[str, ...] = ()) -> dict:
    """The record of a run that knew the options `gone`, and did not know those in `new`."""
    settings = {key: value for key, value in own["settings"].items() if key not in new}
    defaults = [key for key in own["defaults"] if key not in new]
    known = {key: value for key, (value, _) in (gone or {}).items()}
    stood = [key for key, (_, at_default) in (gone or {}).items() if at_default]
    return {
        "config": "the hash of an earlier version",
        "settings": settings | known,
        "defaults": defaults + stood,
    }


def test_an_option_at_its_default_is_no_part_of_what_a_run_is(composed: callable) -> None:
    own = recorded_settings(composed(*DOS))
    sampler = {"trainer.use_distributed_sampler": (True, True)}
    for new in ("trainer.detect_anomaly", "trainer.max_time", "model.dropout"):
        assert is_same(earlier(own, sampler, (new,)), own), new


@pytest.mark.parametrize(
    ("args", "gone", "new"),
    [
        ([], {"trainer.use_distributed_sampler": (False, False)}, ()),
        (["trainer.limit_val_batches=0.5"], {}, ("trainer.limit_val_batches",)),
        ([], {}, ("model.hidden_sizes",)),  # the experiment's, not the default
        ([], {}, ("seed",)),
        ([], {}, ("model._target_",)),
    ],
)
def test_an_option_that_was_set_and_came_or_went_makes_another_run(
    args: list[str], gone: dict, new: tuple[str, ...], composed: callable
) -> None:
    own = recorded_settings(composed(*DOS, *args))
    assert not is_same(earlier(own, gone, new), own)


def test_another_value_makes_another_run_and_a_hash_alone_is_compared(composed: callable) -> None:
    own, other = (recorded_settings(composed(*DOS, f"model.lr={lr}")) for lr in (0.1, 0.2))
    assert is_same(earlier(own), own) and not is_same(earlier(other), own)
    assert is_same({"config": own["config"]}, own) and not is_same(NO_SAMPLER, own)


def test_secrets_are_not_kept(composed: callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "canary-1234567")
    assert "canary" not in str(recorded_settings(composed(*DOS, "+paper.x=canary-1234567")))


def test_a_nested_target_is_of_the_kind_that_its_place_asks_for(composed: callable) -> None:
    sound = ["dataset=content_plays", "model=popularity", "+sound@dataset.sound=clips"]
    cfg = composed(*sound, "dataset.sound.windows.n_samples=16000", "dataset.sound.root=a")
    marked = inert_keys(cfg)
    assert {"dataset.sound.root", "dataset.sound.cache", "dataset.root"} <= set(marked)
    assert "dataset.sound.windows.n_samples" not in marked
    named = ["+experiment=content_representations", "variant=musicnn"]
    assert "dataset.embedder.cache" in inert_keys(composed(*named))


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("dataset.windows.eval_windows=2", ["dataset.windows.eval_windows"]),
        ("models.musicnn.layer=max_pool", ["dataset.embedder.layer"]),
        ("models.musicnn.cache=elsewhere", []),
    ],
)
def test_what_is_changed_below_a_nested_target_is_named(
    composed: callable, override: str, changed: list[str]
) -> None:
    named = ["+experiment=content_representations", "variant=musicnn"]
    assert changed_settings(composed(*named, override)) == changed


PLACES = "root cache layout num_workers workers n_threads max_gib time_limit memory_limit".split()


@pytest.mark.parametrize("group", ["dataset", "model"])
def test_what_only_says_where_or_how_fast_costs_no_verdict(group: str) -> None:
    found = 0
    for file in sorted((REPOSITORY / "conf" / group).glob("*.yaml")):
        chosen = {"dataset": "muso", "model": "popularity", group: file.stem}
        named = [f"{slot}={name}" for slot, name in chosen.items()]
        with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
            cfg = compose("config", [*named, "paths.outputs=unused", "paths.run=unused"])
        keys = flatten({group: OmegaConf.to_container(cfg[group], resolve=True)})
        asked = {key for key in keys if key.rpartition(".")[2] in PLACES} - {"dataset.checks.root"}
        assert [key for key in asked if not is_below(key, inert_keys(cfg))] == [], file.stem
        found += len(asked)
    assert found > 3
