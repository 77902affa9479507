"""A configuration that Hydra composes to learn its mode is the one that it runs."""

import pickle

import pytest
from conftest import REPOSITORY
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from muso_exp.experiment.hydra_targets import CheckedLoader

ONE = ["+experiment=playlist_membership", "scale=smoke", "model.lr=0.5"]


@pytest.fixture
def loaders(monkeypatch: pytest.MonkeyPatch) -> tuple[CheckedLoader, ConfigLoaderImpl, list]:
    """The program's, Hydra's own, and what the program's has composed."""
    setup_globals()
    monkeypatch.setenv("MUSO_RUN", "x")
    path = create_config_search_path(str(REPOSITORY / "conf"))
    composed: list[list[str]] = []
    whole = ConfigLoaderImpl._load_configuration_impl

    def counted(self: ConfigLoaderImpl, *args: object, **kwargs: object) -> DictConfig:
        if isinstance(self, CheckedLoader):
            composed.append(kwargs["overrides"])
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(ConfigLoaderImpl, "_load_configuration_impl", counted)
    return CheckedLoader(path), ConfigLoaderImpl(path), composed


def loaded(loader: ConfigLoaderImpl, given: list[str], mode: RunMode) -> dict:
    """The configuration as Hydra's command line asks for it: once for its mode, once to run."""
    loader.load_configuration("config", given, RunMode.MULTIRUN, validate_sweep_overrides=False)
    cfg = loader.load_configuration("config", [*given, f"hydra.mode={mode.name}"], mode)
    return OmegaConf.to_container(cfg, resolve=False)


@pytest.mark.parametrize("given", [ONE, ["+experiment=genre_cnn"], ["hydra.mode=MULTIRUN"]])
@pytest.mark.parametrize("mode", RunMode)
def test_it_is_the_same_and_composed_once(
    given: list[str], mode: RunMode, loaders: tuple[CheckedLoader, ConfigLoaderImpl, list]
) -> None:
    own, hydras, composed = loaders
    assert loaded(own, given, mode) == loaded(hydras, given, mode)
    assert composed == [given]


def test_what_is_added_or_asked_again_is_composed_anew(
    loaders: tuple[CheckedLoader, ConfigLoaderImpl, list],
) -> None:
    own, _, composed = loaders
    own.load_configuration("config", ONE, RunMode.MULTIRUN, validate_sweep_overrides=False)
    first = own.load_configuration("config", [*ONE, "seed=3"], RunMode.RUN)
    assert first.seed == 3 and len(composed) == 2
    again = own.load_configuration("config", ONE, RunMode.RUN)
    assert again.seed == 0 and len(composed) == 3


def test_a_sweep_in_a_run_is_still_refused(
    loaders: tuple[CheckedLoader, ConfigLoaderImpl, list],
) -> None:
    with pytest.raises(HydraException, match="Ambiguous value for argument 'seed=1,2'"):
        loaded(loaders[0], [*ONE, "seed=1,2"], RunMode.RUN)


def test_the_configuration_of_a_job_is_composed_once_to_check_and_launch_it(
    loaders: tuple[CheckedLoader, ConfigLoaderImpl, list],
) -> None:
    own, hydras, composed = loaders
    master = own.load_configuration("config", ONE, RunMode.MULTIRUN)
    composed.clear()
    own.keep(master, ["seed=1"])
    own.keep(master, ["seed=2"])
    assert pickle.loads(pickle.dumps(own))._kept == {}  # a job of a cluster gets its own alone
    first = own.load_sweep_config(master, ["seed=1"])
    assert first == hydras.load_sweep_config(master, ["seed=1"]) and len(composed) == 2
    first.seed = 7
    assert own.load_sweep_config(master, ["seed=1"]).seed == 1 and len(composed) == 3
    assert own.load_sweep_config(master, ["seed=2"]).seed == 2 and len(composed) == 3
