"""What Hydra itself would construct from a configuration is checked before it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hydra._internal import hydra as hydra_application
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.plugin import Plugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from muso_exp.errors import ConfigError
from muso_exp.experiment.job_server import TARGET as PROCESSES

# Part of the configuration -> the targets that may be constructed in it.
_TARGETS = {
    "callbacks": re.compile(r"muso_exp\.experiment\.sweep\.SweepTable"),
    "launcher": re.compile(
        r"(hydra\._internal\.core_plugins|hydra_plugins)(\.\w+)+Launcher"
        r"|muso_exp\.experiment\.process_launcher\.ProcessLauncher"
        r"|muso_exp\.experiment\.cluster_launcher\.(Local|Slurm)Launcher"
    ),
    "sweeper": re.compile(
        r"(hydra\._internal\.core_plugins|hydra_plugins)(\.\w+)+Sweeper"
        r"|optuna\.samplers\.[A-Z]\w*Sampler|muso_exp\.experiment\.search_sweeper\.SearchSweeper"
    ),
}
_LOGGING = re.compile(
    r"logging\.(handlers\.)?[A-Z]\w*(Handler|Formatter)|muso_exp\.redaction\.Formatter"
)
# hydra/launcher=NAME -> jobs at once (-1: one a core), each in a process that may die alone. A file
# of conf/ cannot take the place of what Hydra and its plugin for joblib store under these names.
_LAUNCHERS = {"basic": 1, "joblib": -1}
_CLUSTER = {"submitit_local": "LocalLauncher", "submitit_slurm": "SlurmLauncher"}
_MOST_TIMEOUTS = 10  # that a job on a cluster goes on after
_MODES = {f"hydra.mode={mode.name}": mode for mode in RunMode}
_MOST_KEPT = 100  # configurations of jobs, each of some 300 kB
_STREAM = re.compile(r"ext://sys\.std(out|err)")


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's loader, which refuses a configuration whose `hydra` part constructs what it may not.

    Hydra builds callbacks, launcher, sweeper and log handlers before the program is called. It
    composes the whole configuration to learn `hydra.mode`, and again to use it: here once.
    """

    _composed: tuple[str | None, list[str], DictConfig] | None = None  # to learn its mode

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        super().__init__(config_search_path)
        self._kept: dict[tuple[str, ...], DictConfig] = {}  # of jobs that are soon launched

    def keep(self, master_config: DictConfig, sweep_overrides: Sequence[str]) -> None:
        """Compose the configuration of a job that is soon launched, and keep it for then.

        Raises:
            HydraException: it cannot be composed.
        """
        config = super().load_sweep_config(master_config, list(sweep_overrides))
        if len(self._kept) < _MOST_KEPT:
            self._kept[tuple(sweep_overrides)] = config

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return the configuration of a job: that which was kept, once; else it is composed."""
        kept = self._kept.pop(tuple(sweep_overrides), None)
        return super().load_sweep_config(master_config, sweep_overrides) if kept is None else kept

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_kept": {}}

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Compose a configuration.

        Raises:
            ConfigError: a target that is refused.
        """
        known, self._composed = self._composed, None
        if known is not None and validate_sweep_overrides and known[0] == config_name:
            n_known = len(known[1])
            if overrides[:n_known] == known[1] and _takes(known[2], overrides[n_known:]):
                given = OverridesParser.create().parse_overrides(overrides)
                self.validate_sweep_overrides_legal(given, run_mode, from_shell)
                return _in_mode(known[2], overrides[n_known:])
        cfg = super().load_configuration(
            config_name, overrides, run_mode, from_shell, validate_sweep_overrides
        )
        check_hydra(cfg)
        if not validate_sweep_overrides:
            self._composed = config_name, list(overrides), cfg
        return cfg


def _takes(cfg: DictConfig, further: list[str]) -> bool:
    """Return whether nothing but its mode is added to a configuration that lacks no part."""
    return "???" not in cfg.hydra.runtime.choices.values() and set(further) <= set(_MODES)


def _in_mode(cfg: DictConfig, further: list[str]) -> DictConfig:
    for one in further:
        cfg.hydra.mode = _MODES[one]
        cfg.hydra.overrides.hydra.append(one)
    return cfg


def _validate(sweeper: Any, batch: Sequence[Sequence[str]]) -> None:
    """Compose the configurations of a sweep's jobs before the first is launched."""
    for overrides in batch:
        sweeper.hydra_context.config_loader.keep(sweeper.config, overrides)


def use_checked_loader() -> None:
    """Let Hydra's command line load configurations by `CheckedLoader`, those of jobs once."""
    hydra_application.ConfigLoaderImpl = CheckedLoader  # type: ignore[misc]
    Sweeper.validate_batch_is_legal = _validate  # type: ignore[assignment, method-assign]


def use_own_plugins(*kinds: type[Plugin]) -> None:
    """Let Hydra construct this package's own sweeper.

    Hydra takes plugins from its own packages alone, by their names; `check_hydra` has refused all
    others by then.

    Args:
        kinds: classes of plugins.
    """
    for kind in kinds:
        Plugins.instance().register(kind)
    Plugins.is_in_toplevel_plugins_module = staticmethod(_is_plugin)  # type: ignore[assignment]


def use_own_launchers() -> None:
    """Let `hydra/launcher=basic`, the default, and `joblib` be this package's launcher.

    Those of submitit too, with the parameters of hydra-submitit-launcher, where that is installed.
    """
    store = ConfigStore.instance()
    place = {"group": "hydra/launcher", "package": "hydra.launcher", "provider": "muso_exp"}
    for name, n_jobs in _LAUNCHERS.items():
        store.store(name=name, node={"_target_": PROCESSES, "n_jobs": n_jobs}, **place)
    known = store.list("hydra/launcher")
    if all(f"{name}.yaml" in known for name in _CLUSTER):
        from muso_exp.experiment import cluster_launcher

        for name, kind in _CLUSTER.items():
            Plugins.instance().register(getattr(cluster_launcher, kind))
            node = store.load(f"hydra/launcher/{name}.yaml").node
            own: dict[str, Any] = {"_target_": f"muso_exp.experiment.cluster_launcher.{kind}"}
            if "max_num_timeout" in node:
                own["max_num_timeout"] = _MOST_TIMEOUTS
            store.store(name=name, node=OmegaConf.merge(node, own), **place)


def _is_plugin(name: str) -> bool:
    return name.startswith(
        ("hydra_plugins.", "hydra._internal.core_plugins.", "muso_exp.experiment.")
    )


def check_hydra(cfg: DictConfig) -> None:
    """Raise ConfigError if Hydra would construct anything but what it needs for a run.

    Args:
        cfg: the composed configuration with its `hydra` part.
    """
    for part, allowed in _TARGETS.items():
        for key, value in _leaves(_plain(cfg, part)):
            special = key == "_args_" or (key == "_partial_" and part != "sweeper")
            if special or (key == "_target_" and not _is(allowed, value)):
                raise ConfigError(f"hydra.{part}: {key}={value}: refused")
    for part in ("job_logging", "hydra_logging"):
        for key, value in _leaves(_plain(cfg, part, resolve=False)):
            outside = key in ("()", "class", "factory") and not _is(_LOGGING, value)
            stream = str(value).startswith(("ext://", "cfg://")) and not _is(_STREAM, value)
            node = key != "filename" and "${" in str(value)
            if outside or stream or node:
                raise ConfigError(f"hydra.{part}: {key}={value}: refused")


def _is(allowed: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and allowed.fullmatch(value) is not None


def _plain(cfg: DictConfig, part: str, resolve: bool = True) -> Any:
    node = cfg.hydra.get(part)
    try:
        return OmegaConf.to_container(node, resolve=resolve) if OmegaConf.is_config(node) else node
    except OmegaConfBaseException as error:
        raise ConfigError(f"hydra.{part}: {str(error).splitlines()[0]}") from error


def _leaves(tree: Any, key: Any = "") -> list[tuple[Any, Any]]:
    """Return the values of a plain tree, each with its own key."""
    if isinstance(tree, dict):
        return [leaf for name, value in tree.items() for leaf in _leaves(value, name)]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in _leaves(value, key)]
    return [(key, tree)]
