"""The task "how well are two lists separated, from how alike their taste is?"."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.regression import R2, MeanSquaredError, RankCorrelation
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.playlist_pairs.list_pairs import ListPairs
from muso_exp.tasks.playlist_pairs.sections import sections


class PlaylistPairs(Task):
    """Predict the AUC at which audio features separate two lists, of lists not in training.

    Lists are the independent unit.

    Args:
        pairs: of lists.
    """

    keys = ("first", "second")

    def __init__(self, pairs: ListPairs) -> None:
        self.pairs = pairs
        test = pairs.part("test")
        self.target = torch.tensor(test["separability"].to_numpy())[:, None]
        self.units = pairs.lists[pairs.rows["test"]]
        self.mean = float(pairs.part("train")["separability"].mean())

    def metrics(self) -> MetricCollection:
        """Return squared error, share of variance explained, and rank correlation."""
        return MetricCollection(
            {
                "mse": MeanSquaredError(),
                "r2": R2(self.mean),
                "rank_correlation": RankCorrelation(),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return the train mean, a line through the lists' length, and .5."""
        train, test = self.pairs.part("train"), self.pairs.part("test")
        lengths = [np.log(part[["n_first", "n_second"]].min(axis=1)) for part in (train, test)]
        slope, start = _line(lengths[0].to_numpy(), train["separability"].to_numpy())
        preds = {
            "train_mean": np.full(len(test), self.mean),
            "list_length": start + slope * lengths[1].to_numpy(),
            "chance": np.full(len(test), 0.5),
        }
        return {name: {"preds": torch.from_numpy(own)[:, None]} for name, own in preds.items()}

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test pair: the lists, how alike they are, separability, prediction."""
        test = self.pairs.part("test").rename(columns={"separability": "target"})
        return test.assign(preds=columns["preds"][:, 0].double().numpy())

    def audit(self, answer: Answer) -> list[Finding]:
        """Return the lists and rows that are left out, and whether artists are known."""
        pairs = self.pairs
        found = [
            Finding(
                "short_lists",
                pairs.too_short,
                f"lists left out for too few tracks: {pairs.too_short} of {pairs.n_read}",
            )
        ]
        for reason, number in pairs.left_out.items():
            found.append(Finding("rows_left_out", number, f"rows left out: {number}, {reason}"))
        if not pairs.names_artists:
            text = "no track has an artist: the cosine of artists says nothing"
            found.append(Finding("artists_unknown", 1, text, "warning"))
        n_estimated = sum(share > 0 for share in pairs.estimated.values())
        if len(set(pairs.estimated.values())) > 1:
            text = (
                f"the features of {n_estimated} of {len(pairs.estimated)} lists were estimated "
                "from sound, those of the others were not, or less of them: lists are separated "
                "by the source; estimate all lists by one run"
            )
            found.append(Finding("lists_with_estimated_features", n_estimated, text, "warning"))
        return found

    def counts(self) -> dict[str, int]:
        """Return how many lists were read and used, and how many pairs each split has."""
        rows = {f"{name}_rows": len(rows) for name, rows in self.pairs.rows.items()}
        return {"lists": self.pairs.n_read, "used": len(np.unique(self.pairs.lists)), **rows}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return separability against likeness, in a figure and in words, and the extreme pairs."""
        return sections(self.pairs, answer.bootstrap)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return slope and start of the least-squares line through x (n,) and y (n,)."""
    centred = x - x.mean()
    slope = float(centred @ y / max(centred @ centred, np.finfo(float).tiny))
    return slope, float(y.mean() - slope * x.mean())
