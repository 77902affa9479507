"""The vectors of items in a train batch."""

import pytest
import torch

from muso_exp.models.content import batch_content

BATCH = {
    "content_crow": torch.tensor([0, 2, 2, 3]),
    "content_col": torch.tensor([0, 1, 3]),
    "content_values": torch.tensor([0.6, 0.8, 1.0]),
}


def test_vectors_are_read_as_they_were_written() -> None:
    found = batch_content(BATCH, 3, 4).toarray()
    assert found.tolist() == [
        pytest.approx(row) for row in ([0.6, 0.8, 0, 0], [0] * 4, [0, 0, 0, 1])
    ]


def test_a_batch_without_vectors_is_refused() -> None:
    with pytest.raises(ValueError, match="no vectors of items; take dataset=content_plays"):
        batch_content({"values": torch.ones(1)}, 3, 4)


@pytest.mark.parametrize(("n_items", "n_content"), [(2, 4), (3, 3)])
def test_vectors_of_other_items_or_columns_are_refused(n_items: int, n_content: int) -> None:
    with pytest.raises(ValueError, match=f"vectors of {n_items} items with {n_content} columns"):
        batch_content(BATCH, n_items, n_content)
