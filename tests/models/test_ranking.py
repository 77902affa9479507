"""What every ranker rests on: the matrix of plays that it is given, and what it must implement."""

import numpy as np
import pytest
import torch
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, plays, train_batch
from scipy.sparse import csr_matrix

from muso_exp.models.abilities import FoldsIn, HasItemFactors, HasNeighbours
from muso_exp.models.ranking import Ranker, batch_plays

SIZES = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": CUTOFFS}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crow_indices": torch.tensor([0, 1])}, "crow_indices must rise from 0 to .* 60 users"),
        ({"crow_indices": torch.arange(61).flip(0)}, "crow_indices must rise"),
        ({"col_indices": "out of range"}, "col_indices must be 0..39, got 0..40"),
        ({"values": "negative"}, "values must be finite and > 0"),
        ({"values": "nan"}, "values must be finite and > 0"),
    ],
)
def test_a_matrix_that_native_code_must_not_see_is_refused(changes: dict, message: str) -> None:
    batch = train_batch(plays())
    spoilt = {
        "out of range": lambda value: torch.where(value == 39, 40, value),
        "negative": lambda value: -value,
        "nan": lambda value: value * torch.nan,
    }
    for name, change in changes.items():
        batch[name] = spoilt[change](batch[name]) if isinstance(change, str) else change
    with pytest.raises(ValueError, match=message):
        batch_plays(batch, N_USERS, N_ITEMS)


def test_an_empty_matrix_is_refused() -> None:
    batch = train_batch(csr_matrix((N_USERS, N_ITEMS), dtype=np.float32))
    with pytest.raises(ValueError, match="the matrix of plays is empty"):
        batch_plays(batch, N_USERS, N_ITEMS)


def test_repeated_entries_are_summed() -> None:
    batch = {
        "crow_indices": torch.tensor([0, 3]),
        "col_indices": torch.tensor([1, 0, 1]),
        "values": torch.tensor([2.0, 5.0, 3.0]),
    }
    assert batch_plays(batch, 1, 2).toarray().tolist() == [[5, 5]]


def test_a_ranker_must_say_how_it_scores() -> None:
    with pytest.raises(TypeError, match="Ranker does not implement score_block"):
        Ranker(**SIZES).score_block(torch.tensor([0]))


@pytest.mark.parametrize("ability", [HasItemFactors, HasNeighbours, FoldsIn])
def test_a_ranker_has_no_ability_by_itself(ability: type) -> None:
    assert not isinstance(Ranker(**SIZES), ability)
