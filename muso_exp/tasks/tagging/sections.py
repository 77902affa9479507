"""The section of the report: which tags are recognised."""

from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.metrics.tags import MacroRocAuc
from muso_exp.records import Section


def tag_areas_section(
    scores: Tensor, target: Tensor, names: list[str], units: np.ndarray, bootstrap: Bootstrap
) -> Section:
    """Return the area under the curve of each tag, with its interval over units (artists).

    Args:
        scores: of each row and tag, shape (n_rows, n_tags).
        target: which tags each row has, shape (n_rows, n_tags).
        names: of the tags.
        units: of each row, see `muso_exp.metrics.resampling.bootstrap_weights`.
        bootstrap: of the run.
    """
    ones = torch.ones(1, len(target), dtype=torch.float64)
    weights = torch.cat([ones, bootstrap.weights(units)])
    areas = MacroRocAuc().per_tag(weights, scores=scores, target=target)
    intervals = np.array([percentile_interval(tag) for tag in areas[1:].T])
    shown = pd.DataFrame({"tag": names, "test items": target.sum(dim=0).int().tolist()})
    shown["roc_auc"], shown["low"], shown["high"] = areas[0].numpy(), *intervals.T
    order = shown.sort_values("roc_auc", ascending=False).dropna()
    labels = [f"{tag} ({n})" for tag, n in zip(order["tag"], order["test items"], strict=True)]
    figure = partial(
        forest_figure,
        labels,
        order["roc_auc"].to_numpy(),
        order[["low", "high"]].to_numpy(),
        "area under the ROC curve, 95 % interval",
        0.5,
    )
    text = (
        "Logistic regressions from the item factors to tags, on items held out from the probe. In "
        "brackets: test items with the tag; the dashed line is a guess."
    )
    return Section("tag_auc", "Which tags the factors know", text, order, figure)
