"""The null models of tags: what a probe can say that knows how much an item is played."""

from dataclasses import replace

import numpy as np
import torch
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.metrics.tags import MacroRocAuc
from muso_exp.tasks.tagging.probe import TagRows, artist_tags, log_popularity


def popular_tags(n_rows: int = 120, seed: int = 0) -> TagRows:
    """Items whose first tag means popular, whose second means nothing."""
    rng = np.random.default_rng(seed)
    popularity = log_popularity(csr_matrix(rng.poisson(rng.exponential(2, n_rows), (30, n_rows))))
    often = popularity[:, 0] > np.median(popularity[:, 0])
    target = np.column_stack([often, rng.random(n_rows) < 0.5]).astype(np.float32)
    third = n_rows // 3
    rows = {
        "train": np.arange(third),
        "val": np.arange(third, 2 * third),
        "test": np.arange(2 * third, n_rows),
    }
    units = np.arange(n_rows).astype(str)[:, None]
    return TagRows(np.arange(n_rows), target, ["liked", "any"], rows, units, popularity)


def areas(rows: TagRows, null: str) -> list[float]:
    target = rows.labels("test")
    ones = torch.ones(1, len(target), dtype=torch.float64)
    return MacroRocAuc().per_tag(ones, **rows.nulls()[null], target=target)[0].tolist()


def test_popularity_is_the_logarithm_of_listeners_and_of_plays() -> None:
    plays = csr_matrix(np.array([[1, 0, 0], [3, 0, 2]]))
    assert log_popularity(plays) == approx(np.log([[1 + 2, 1 + 4], [1, 1], [1 + 1, 1 + 2]]))


def test_popularity_knows_the_tags_of_the_popular_and_the_prior_knows_none() -> None:
    rows = popular_tags()
    liked, other = areas(rows, "popularity")
    assert liked > 0.99 and abs(other - 0.5) < 0.25
    assert areas(rows, "tag_prior") == [0.5, 0.5]


def test_no_null_model_reads_labels_beyond_train() -> None:
    rows = popular_tags()
    target = rows.target.copy()
    target[len(rows.rows["train"]) :] = 1 - target[len(rows.rows["train"]) :]
    other = replace(rows, target=target)
    for name, columns in rows.nulls().items():
        assert torch.equal(columns["scores"], other.nulls()[name]["scores"])
        assert columns["scores"].shape == rows.labels("test").shape


def test_the_tags_of_an_artist_are_those_of_its_train_rows() -> None:
    target, known = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), np.array(["a", "a", "b"])
    found = artist_tags(target, known, np.array(["a", "b", "c"]))
    share = np.array([2 / 3, 1 / 3])
    expected = [(np.array([2, 1]) + share) / 3, share / 2, share]
    assert found.numpy() == approx(np.stack(expected))
