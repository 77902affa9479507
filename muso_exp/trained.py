"""Finished runs as they were trained: found, loaded from their checkpoint, applied to new input."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muso_exp.errors import CheckpointError, ConfigError, MusoError
from muso_exp.places import outputs_folder
from muso_exp.training.run_folders import require_one_run

if TYPE_CHECKING:
    import pandas as pd

    from muso_exp.tasks.recommendation.item_genres import ItemGenres

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def find_trained(run: str) -> Path:
    """Return the checkpoint of a run: its best one, or the last where none was chosen.

    Args:
        run: a run folder, a checkpoint file, or the id of an MLflow run.

    Raises:
        CheckpointError: no such run, several runs, or it never came to a checkpoint.
    """
    path = Path(run)
    if not path.exists() and _RUN_ID.fullmatch(run):
        path = _folder_of_mlflow_run(run)
    if path.is_file():
        return path
    for name in ("best.ckpt", "last.ckpt"):
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    require_one_run(run, path)
    raise CheckpointError(
        f"{run}: no checkpoint here; give a run folder, a .ckpt file or an MLflow run id"
    )


def load_trained(checkpoint: Path) -> tuple[Any, Any]:
    """Return data set and model of a run as they were saved, from the checkpoint alone.

    Raises:
        CheckpointError: the file is no checkpoint of a run of this program as it is now.
    """
    import pytorch_lightning as pl

    from muso_exp.experiment.build import build, check
    from muso_exp.experiment.renamed import modern_parts
    from muso_exp.training.checkpoint import UNFIT, load_weights, read_checkpoint

    saved = read_checkpoint(checkpoint)
    recipe = saved.get("recipe")
    if not isinstance(recipe, dict) or not {"dataset", "model"} <= set(recipe):
        raise CheckpointError(f"{checkpoint}: no checkpoint of a muso_exp run: it has no recipe")
    recipe = modern_parts(recipe)
    check(recipe["model"], pl.LightningModule)
    data = build(recipe["dataset"], pl.LightningDataModule)
    model = build(recipe["model"], pl.LightningModule)
    try:
        data.load_state_dict(saved.get(type(data).__qualname__, {}))
    except UNFIT as error:
        raise CheckpointError(
            f"{checkpoint}: what {type(data).__name__} learned is damaged or of an older version "
            f"({type(error).__name__}); train anew"
        ) from error
    load_weights(checkpoint, saved, model)
    return data, model.eval()


def apply(data: Any, model: Any, *sources: Path, **reading: Any) -> pd.DataFrame:
    """Let the data set read the sources and the model predict; it says how that is shown.

    Args:
        data: of the run.
        model: of the run.
        *sources: new input.
        **reading: what else `read_new` of the data set takes.

    Raises:
        ConfigError: several sources, of which the data set reads one.
    """
    given = sources if _reads_several(data) else [single(data, sources)]
    return data.read_new(*given, **reading).apply(model)


def single(data: Any, sources: Sequence[Path]) -> Path:
    """Return the only source.

    Raises:
        ConfigError: several sources.
    """
    if len(sources) > 1:
        raise ConfigError(
            f"a run on the data set {data.name} reads one file or folder, got {len(sources)}"
        )
    return sources[0]


def _reads_several(data: Any) -> bool:
    kinds = [parameter.kind for parameter in signature(data.read_new).parameters.values()]
    return Parameter.VAR_POSITIONAL in kinds


def estimated_features(run: str, songs: Path) -> pd.DataFrame:
    """Return the audio features that a run on spectra estimates of songs.

    Raises:
        ConfigError: the run is on other data.
    """
    data, model = load_trained(find_trained(run))
    if data.name != "spectra":
        need = "a run on spectra (+experiment=spectra_features) is needed"
        raise ConfigError(f"--features {run}: {need}, this is one on {data.name}")
    return apply(data, model, songs)


@contextmanager
def as_file(estimates: pd.DataFrame, songs: Path) -> Iterator[Path]:
    """Write estimated features of songs as a table of tracks; yield its path.

    Raises:
        ConfigError: what the block raises of the table, with the name of the songs' file.
    """
    from muso_exp.csv_cells import write_csv

    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / f"features of {songs.name}.csv"
        write_csv(estimates, table)
        try:
            yield table
        except MusoError as error:
            named = str(error).replace(str(table), f"{songs} (as a table of estimated features)")
            raise ConfigError(named) from error


def judged_by_sound(data: Any, places: Sequence[Path]) -> ItemGenres:
    """Return the genres of a run's items with how sure runs on their sound are of them.

    Args:
        data: of a recommender.
        places: see `muso_exp.evaluation.tested_clips.read_tested`.

    Raises:
        ConfigError: it knows no genres of its items, or the runs judge none of them.
    """
    from muso_exp.evaluation.tested_clips import read_tested

    if getattr(data, "genres", None) is None:
        raise ConfigError(
            f"{places[0]} cannot say how sure a genre is: a run on the data set {data.name} knows "
            "no genres of its items; take one on content_plays (+experiment=hybrid)"
        )
    return read_tested(places).judge(data.genres, data.catalogue)


def _folder_of_mlflow_run(run_id: str) -> Path:
    """Return the folder of a tracked run, from its parameter paths.run."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri is None:
        database = outputs_folder() / "mlflow.db"
        if not database.is_file():
            raise CheckpointError(f"{run_id}: no MLflow store at {database}; set MUSO_OUTPUTS")
        uri = f"sqlite:///{database}"
    try:
        found = MlflowClient(tracking_uri=uri).get_run(run_id)
    except MlflowException as error:
        raise CheckpointError(f"{run_id}: no such run in the MLflow store {uri}") from error
    return Path(found.data.tags.get("path") or found.data.params.get("paths.run", ""))
