"""The task "whose playlist is this track from?"."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.metrics import classification
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.playlist_owner.audit import audit
from muso_exp.tasks.playlist_owner.baselines import artist_columns, null_columns
from muso_exp.tasks.playlist_owner.sections import sections
from muso_exp.tasks.playlist_owner.two_lists import TwoLists

PUBLISHED_BATCH = 50  # document 2, section 3; what the published test loss was averaged over


class PlaylistOwner(Task):
    """Decide which of two lists a test track is of.

    Args:
        lists: tracks and their split.
        target: 1 for each test track of the positive list, else 0, shape (n_rows,), float32.
        units: a number for each test track, by its artist, or itself where unknown, (n_rows, 1).
    """

    keys = ("id", "target")

    def __init__(self, lists: TwoLists, target: Tensor, units: np.ndarray) -> None:
        self.lists, self.target, self.units = lists, target, units

    def metrics(self) -> MetricCollection:
        """Return the metrics of the document, of ranking and of calibration."""
        return MetricCollection(
            {
                "loss": classification.LogLoss(),
                "loss_by_whole_batches": classification.WholeBatchLoss(PUBLISHED_BATCH),
                "accuracy": classification.Accuracy(),
                "precision": classification.Precision(),
                "recall": classification.Recall(),
                "f1": classification.F1(),
                "roc_auc": classification.RocAUC(),
                "average_precision": classification.AveragePrecision(),
                "brier": classification.BrierScore(),
                "calibration_error": classification.CalibrationError(),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return majority, prior, best single feature, and who has more of the track's artist."""
        lists = self.lists
        target = lists.part("train")["target"].to_numpy()
        nulls = null_columns(lists.values("train"), target, lists.values("test"), lists.features)
        if lists.names_artists:
            train, test = (lists.artists[lists.rows[name]] for name in ("train", "test"))
            nulls["artist"] = artist_columns(train, target, test)
        return nulls

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test track: id, title, artist, target, probability, decision."""
        table = self.lists.part("test")[["id", "title", "artist", "target"]]
        return table.assign(**{name: value.double().numpy() for name, value in columns.items()})

    def audit(self, answer: Answer) -> list[Finding]:
        """Return leaks between the splits, the scale of the inputs and what was cut away."""
        return audit(self.lists)

    def counts(self) -> dict[str, int]:
        """Return tracks of each list as read, rows of each split, and features."""
        lists = self.lists
        rows = {f"{name}_rows": len(rows) for name, rows in lists.rows.items()}
        read = zip(("positive_tracks", "negative_tracks"), lists.n_read, strict=True)
        return {**dict(read), **rows, "features": len(lists.features)}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the features of the two lists, curves of the predictions, and what was chosen."""
        return sections(self.lists, table, answer.model)
