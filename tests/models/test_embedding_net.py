"""The net with embedding layers: what a playlist's input is, what it learns, what it refuses."""

import numpy as np
import pytest
import torch
from continuation_models import DEAF, SIZES, fit
from ranking_world import N_ITEMS, N_USERS, halves
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.embedding_net import EmbeddingNet, LayerSizes, split_rows

NET: dict[str, object] = {"n_artists": 4, "n_words": 2, "n_genres": 3}
NET |= {"layers": LayerSizes(embedding_size=4, hidden_size=8)}
ALL = ["songs", "artists", "features", "titles", "genres"]


def known() -> dict[str, Tensor]:
    """Artists in fours; playlists of even number have genre 0, those of odd number 1 or 2."""
    genre = np.where(np.arange(N_USERS) % 2 == 0, 0, 1 + np.arange(N_USERS) // 2 % 2)
    return {
        "artist": torch.arange(N_ITEMS) % 4,
        "genre_crow": torch.arange(N_USERS + 1),
        "genre_col": torch.from_numpy(genre),
    }


def net(epochs: int = 30, **options: object) -> EmbeddingNet:
    model = EmbeddingNet(**SIZES, **NET | options)
    trained = fit(model, halves()[0], epochs, **known())
    assert isinstance(trained, EmbeddingNet)
    return trained


def test_held_out_tracks_rank_above_chance() -> None:
    _, held = halves()
    scores = net(60).score_block(torch.arange(N_USERS)).detach()
    ranks = scores.argsort(dim=1, descending=True).argsort(dim=1).numpy()
    assert ranks[held.nonzero()].mean() < 15  # of 0 to 39; 19.5 by chance


def test_of_each_row_one_up_to_half_is_given_and_the_rest_asked_for() -> None:
    rows = csr_matrix(np.tril(np.ones((9, 9)))[1:])  # 2 to 9 tracks
    sizes = []
    for seed in range(40):
        given, asked = split_rows(rows, np.random.default_rng(seed))
        assert ((given + asked) != rows).nnz == 0
        assert given.multiply(asked).nnz == 0
        sizes.append(np.diff(given.indptr))
    least, most = np.min(sizes, axis=0), np.max(sizes, axis=0)
    assert least.tolist() == [1] * 8 and most.tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_the_words_of_a_playlist_do_not_count_for_itself() -> None:
    model = net(1, inputs=ALL)
    seen = (halves()[0] > 0).astype(np.float32)
    own = model._own["genres"][[3]]
    bag = model._bag("genres", csr_matrix(seen[3]), own).toarray()[0]
    others = np.delete(np.arange(N_USERS), 3)
    shared = (seen[others] @ seen[3].T).toarray()[:, 0]
    expected = shared @ model._own["genres"][others].toarray()
    assert bag == pytest.approx(expected / expected.sum())


def test_a_track_of_no_playlist_is_scored_by_artist_and_sound() -> None:
    seen = halves()[0].tolil()
    seen[:, 5] = 0
    model = EmbeddingNet(**SIZES, **NET)
    fit(model, csr_matrix(seen), 20, **known())
    assert not model.popular[5]
    assert (model.song_scores.weight[5] == 0).all() and model.bias[5] == 0
    assert model.score_block(torch.tensor([0]))[0, 5] != 0


def test_a_playlist_without_known_tracks_scores_0() -> None:
    scores = net(1).score_rows(csr_matrix((2, N_ITEMS), dtype=np.float32))
    assert scores.shape == (2, N_ITEMS) and (scores == 0).all()


def test_what_the_files_lack_is_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = EmbeddingNet(**SIZES, **NET | {"n_genres": 0}, inputs=ALL)
    assert model.embedded == ["songs", "artists", "titles"]
    assert "the files have no genres" in caplog.text


def test_a_shuffled_feature_is_put_back() -> None:
    model = net(1)
    before = model.sound.clone()
    with model.shuffled_feature("energy", 0):
        column = model.features.index("energy")
        changed = (model.sound != before) & before.isfinite()
        assert changed[:, column].any() and not changed[:, :column].any()
        assert model.sound[DEAF].isnan().all()
        heard = model.has_sound
        assert model.sound[heard, column].sort().values.equal(before[heard, column].sort().values)
    assert model.sound.nan_to_num().equal(before.nan_to_num())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"inputs": ["songs"]}, r"model\.inputs=\['songs'\]: features and any of"),
        ({"inputs": ["features", "mood"]}, r"model\.inputs=.*'mood'.*: features and any of"),
        ({"inputs": ["features", "features"]}, r"model\.inputs=.*each once"),
        (
            {"max_gib": 1e-9},
            r"more than model\.max_gib=1e-09; raise that, or set model\.layers\.emb",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        EmbeddingNet(**SIZES, **NET | options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"lr": 0}, "model.lr must be > 0, got 0"), ({"dropout": 1}, "model.dropout must be >= 0")],
)
def test_numbers_out_of_range_are_refused(options: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        EmbeddingNet(**SIZES, **NET | options)


def test_playlists_of_one_track_teach_nothing() -> None:
    with pytest.raises(ConfigError, match="no playlist of 2 known tracks"):
        fit(EmbeddingNet(**SIZES, **NET), csr_matrix(np.eye(N_USERS, N_ITEMS)), 1, **known())
