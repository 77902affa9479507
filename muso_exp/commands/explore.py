"""`python -m muso_exp explore`: what a data set holds, before any model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from omegaconf import DictConfig

EXPERIMENT_KEYS = ("dataset", "seed", "scale", "paths", "variant", "experiment", "sizes")


def explore(
    dataset: Annotated[str, typer.Argument(help="name of a data set, as in dataset=NAME")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE...]", help="as of an experiment: dataset.root=FOLDER, seed=1"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="the page; else explore_DATASET.html")] = None,
) -> None:
    """Show what a data set holds: counts, distributions, long tail, missing values, a sample.

    A page that opens offline, and a summary here. Without dataset.root it is of
    the simulated world. Rows that cannot be used are left out and counted
    (dataset.bad_rows=drop), where an experiment refuses them. With
    +experiment=NAME the sizes are those of that experiment.
    """
    import pytorch_lightning as pl

    from muso_exp.data.base import ExperimentData
    from muso_exp.evaluation.exports import check_page
    from muso_exp.evaluation.overview_page import overview_summary, write_overview
    from muso_exp.experiment.build import build
    from muso_exp.experiment.complete import set_up
    from muso_exp.terminal import console

    check_page(out)
    cfg = _configured(dataset, list(overrides or []))
    data = set_up(build(cfg.dataset, pl.LightningDataModule), ExperimentData)
    found = data.overview()
    place = Path(f"explore_{dataset}.html") if out is None else out
    write_overview(found, data.name, _read(data), place)
    terminal = console()
    for part in overview_summary(found, data.name):
        terminal.print(part)
    terminal.print(str(place), soft_wrap=True)


def _read(data: Any) -> str:
    """Return where the data come from."""
    where = "the simulated world" if data.simulated else f"files under {data.root}"
    return f"{where}, fingerprint {data.fingerprint[:16]}"


def _configured(name: str, overrides: list[str]) -> DictConfig:
    """Return the configuration of a data set with a user's overrides.

    Raises:
        ConfigError: no such data set, or an override that nothing reads.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.plugins import Plugins
    from hydra.errors import HydraException

    from muso_exp.experiment.known_keys import refuse_unknown
    from muso_exp.experiment.listing import conf_folder, refuse_unknown_dataset
    from muso_exp.experiment.overrides import in_grammar
    from muso_exp.experiment.renamed import in_place
    from muso_exp.experiment.sweep import WorkingFolderConf
    from muso_exp.experiment.unknown_options import explained

    refuse_unknown_dataset(name)
    _refuse_others(overrides)
    args = in_place([f"dataset={name}", *overrides])
    refuse_unknown(args)
    Plugins.instance().register(WorkingFolderConf)
    given = in_grammar(args)
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            cfg = compose("config", given)
    except HydraException as error:
        raise explained(error, args) from error
    if "bad_rows" in cfg.dataset and not any("bad_rows" in arg for arg in given):
        cfg.dataset.bad_rows = "drop"
    return cfg


def _refuse_others(overrides: list[str]) -> None:
    """Refuse what says nothing of a data set.

    Raises:
        ConfigError: such an override.
    """
    from muso_exp.errors import ConfigError

    for arg in overrides:
        key, equals, _ = arg.lstrip("+~").partition("=")
        known = key.partition(".")[0] in EXPERIMENT_KEYS and key != "dataset"
        if not equals or not known:
            raise ConfigError(
                f"{arg}: explore reads a data set; its options are KEY=VALUE with dataset.KEY, "
                f"or {', '.join(EXPERIMENT_KEYS[1:])}"
            )
