"""A finished run from Python: its numbers, predictions and model, and how it compares."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muso_exp.errors import CheckpointError
from muso_exp.trained import apply, find_trained, load_trained
from muso_exp.training.run_folders import require_one_run

if TYPE_CHECKING:
    import pandas as pd
    import pytorch_lightning as pl

    from muso_exp.evaluation.finished import Finished


class LoadedRun:
    """A finished run. What is large is read when it is first asked for.

    Args:
        folder: of the run.

    Attributes:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        from muso_exp.evaluation.finished import load_run

        self.folder = folder
        self._finished: Finished = load_run(folder)

    def __repr__(self) -> str:
        """Return the experiment, its variant and where it lies."""
        record = self.record
        name = " ".join(filter(None, [record["experiment"], record["variant"]]))
        return f"<{name}, {record['scale']}, seed {record['seed']}: {self.folder}>"

    @property
    def record(self) -> dict[str, Any]:
        """All that metrics.json holds: settings, claims, audit, manifest, seconds, ..."""
        return self._finished.record

    @property
    def metrics(self) -> dict[str, float | None]:
        """Test metric -> value; None where it could not be measured."""
        return dict(self.record["metrics"])

    @property
    def intervals(self) -> dict[str, tuple[float | None, float | None]]:
        """Test metric -> its 95 % interval over test units."""
        return {name: (low, high) for name, (low, high) in self.record["intervals"].items()}

    @property
    def settings(self) -> dict[str, Any]:
        """What decided the result: `model.lr`, ... -> value."""
        return dict(self.record.get("settings") or {})

    @property
    def samples(self) -> pd.DataFrame:
        """The bootstrap: a row per resample, a column per metric and per difference to a null."""
        return self._finished.samples

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row per test item, with enough to compute every metric again."""
        import pandas as pd

        return pd.read_parquet(self.folder / "predictions.parquet")

    @property
    def model(self) -> pl.LightningModule:
        """The trained model, in evaluation mode, on the CPU.

        Raises:
            CheckpointError: the run kept no checkpoint that can be read.
        """
        return self._trained[1]

    @property
    def data(self) -> pl.LightningDataModule:
        """The data set as the run saved it: vocabularies and scalers, not its rows.

        Raises:
            CheckpointError: the run kept no checkpoint that can be read.
        """
        return self._trained[0]

    @cached_property
    def _trained(self) -> tuple[Any, Any]:
        return load_trained(find_trained(str(self.folder)))

    def predict(self, *sources: str | Path) -> pd.DataFrame:
        """Apply the model to new input, as the command `predict` does.

        Args:
            *sources: files or folders that the data set can read.

        Raises:
            MusoError: input that it cannot read.
        """
        return apply(*self._trained, *map(Path, sources))

    def compare(self, *others: LoadedRun) -> pd.DataFrame:
        """Return this run and others beside each other: a row per metric and run.

        Columns are those of `compare`: value, interval, the paired difference to this run with its
        interval and corrected p-value (`p_holm`), or why it is not paired (`not_paired`).

        Args:
            *others: of the same task.

        Raises:
            ConfigError: no metric in common.
        """
        from muso_exp.evaluation.comparison import comparison_table

        return comparison_table([self._finished, *(other._finished for other in others)])


def open_run(place: str | Path) -> LoadedRun:
    """Return a finished run; see `muso_exp.load_run`."""
    path = Path(place)
    if not path.exists():
        path = find_trained(str(place)).parent.parent
    require_one_run(str(place), path)
    if not (path / "metrics.json").is_file():
        raise CheckpointError(f"{place}: no finished run here (a metrics.json); run one first")
    return LoadedRun(path)
