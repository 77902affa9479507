import pytest
import torch
from pytest import approx
from torch import Tensor

from muso_exp.models.distance_siamese import DistanceSiamese, split_users, tastes

BLOCKS = [5, 3]


def vectors(n_rows: int = 6) -> Tensor:
    return torch.randn(n_rows, 2 * sum(BLOCKS), generator=torch.Generator().manual_seed(0))


def swapped(x: Tensor) -> Tensor:
    return torch.cat([part.flip(1).flatten(1) for part in split_users(x, BLOCKS)], dim=1)


def model(**options: object) -> DistanceSiamese:
    torch.manual_seed(0)
    return DistanceSiamese(16, 4, BLOCKS, code_size=7, hidden_sizes=[6], **options)


def test_vectors_are_taken_apart_category_by_category() -> None:
    artist, tag = split_users(torch.arange(16)[None], BLOCKS)
    assert artist[0].tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert tag[0].tolist() == [[10, 11, 12], [13, 14, 15]]


@pytest.mark.parametrize("ordered", [True, False])
def test_users_who_change_places_change_nothing(ordered: bool) -> None:
    network, x = model(ordered=ordered).eval(), vectors()
    assert not swapped(x).equal(x)
    assert network(swapped(x)).equal(network(x))


def test_one_output_per_class_where_classes_are_not_ordered() -> None:
    assert model(ordered=False).head[-1].out_features == 4
    assert model(ordered=True).head[-1].out_features == 1


def test_tastes_undo_the_zscore_and_have_length_one() -> None:
    plays = torch.tensor([9.0, 16.0, 0.0, 0.0])
    standard = (plays - plays.mean()) / plays.std(correction=0)
    assert tastes(standard[None])[0].tolist() == approx([3 / 5, 4 / 5, 0, 0], abs=1e-3)


def test_a_user_without_known_items_has_no_taste_and_a_nan_stays() -> None:
    block = torch.tensor([[0.0, 0.0], [torch.nan, torch.nan]])
    assert tastes(block)[0].tolist() == [0, 0]
    assert tastes(block)[1].isnan().all()


def test_two_users_of_one_taste_have_cosine_one_and_no_difference() -> None:
    user = vectors(1)[:, :8].split(BLOCKS, dim=1)
    x = torch.cat([user[0], user[0], user[1], user[1]], dim=1)
    features = model().eval().pair_features(x)[0]
    assert features[:2].tolist() == approx([1, 1])
    assert features[2:9].tolist() == [0] * 7


def test_input_dropout_takes_items_from_both_users_alike() -> None:
    network = model(input_dropout=0.5, dropout=0.0).train()
    user = vectors(1)[:, :8].split(BLOCKS, dim=1)
    x = torch.cat([user[0], user[0], user[1], user[1]], dim=1)
    assert network.pair_features(x)[0, 2:9].tolist() == [0] * 7
    assert not network.pair_features(x).equal(network.pair_features(x))


def test_the_input_is_left_as_it_was() -> None:
    x = vectors()
    model()(x)
    assert x.equal(vectors())


def test_blocks_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match=r"input_dim 18 is not twice the sum of block_sizes"):
        DistanceSiamese(18, 4, BLOCKS)
