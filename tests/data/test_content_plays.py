"""Plays with one vector for each item from metadata and sound."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import made
from scipy.sparse import csr_matrix
from test_plays import WORLD
from tiny_sound import N_CLIPS, RATE, SECONDS, WINDOW, write_sound_folder

from muso_exp.data.content_plays import ContentPlays
from muso_exp.errors import ConfigError

EMBEDDERS = {
    "mel_cnn": {"_target_": "muso_exp.models.mel_cnn.MelCNN", "n_samples": WINDOW, "channels": [4]},
    "musicnn": {"_target_": "muso_exp.models.musicnn.Musicnn", "cache": "", "sample_rate": 16000},
    "popularity": {"_target_": "muso_exp.models.popularity.Popularity", "n_users": 2, "n_items": 2},
}


def clips(root: Path | None, cache: Path, embedder: str = "", **sizes: Any) -> dict[str, Any]:
    """The node of `dataset.sound`."""
    store = {"sample_rate": RATE, "seconds": SECONDS, "crop": "centre", "workers": 1}
    node = None
    if embedder:
        node = {"head": "regression", "n_outputs": 1, "sample_rate": RATE} | EMBEDDERS[embedder]
        if embedder == "musicnn":
            node["cache"] = str(sizes.pop("weights", cache))
        if embedder == "popularity":
            node = EMBEDDERS[embedder] | {"cutoffs": [10]}
    world = {"users": 40, "artists": 60, "genres": 3, "clips": 24, "per_artist": 4, "seed": 0}
    return {
        "_target_": "muso_exp.data.content.clip_sound.ClipSound",
        "store": store | sizes,
        "windows": {"n_samples": WINDOW, "eval_windows": 2},
        "world": world | {"seconds": 4.0, "sample_rate": RATE},
        "cache": str(cache),
        "root": None if root is None else str(root),
        "embedder": node,
    }


def content(cache: Path, root: Path | None, fields: list[str], **options: Any) -> ContentPlays:
    shuffled = options.pop("shuffled", False)
    small = {"world": WORLD, "min_user_items": 1, "n_tags": 0} | options
    node = {"fields": fields, "shuffled": shuffled}
    data = made("content_plays", root, cache, content=node, **small)
    data.prepare_data()
    data.setup()
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sounds") / "folder")


def test_items_of_one_artist_share_a_vector_and_others_do_not(cache: Path, folder: Path) -> None:
    data = content(cache, folder, ["artist"])
    vectors = data.item_vectors.dense()
    artists = data.data.items["artist"].to_numpy()
    assert ((vectors @ vectors.T > 0.99) == (artists[:, None] == artists)).all()


def test_the_train_batch_has_the_vectors_beside_the_plays(cache: Path, folder: Path) -> None:
    data = content(cache, folder, ["artist"])
    (batch,) = data.train_dataloader()
    parts = (batch["content_values"], batch["content_col"], batch["content_crow"])
    shape = (data.dims["n_items"], data.dims["n_content"])
    vectors = csr_matrix(tuple(part.numpy() for part in parts), shape=shape)
    assert (vectors != data.item_vectors.vectors).nnz == 0
    assert batch["values"].sum() == data.split.train.sum()


def test_items_and_artists_that_the_test_leaves_are_hidden_for_the_blend(cache: Path) -> None:
    shares = {"items": 0.1, "artists": 0.1, "users": 0.1}
    data = content(cache, None, ["artist"], cold=shares)
    batch = next(iter(data.train_dataloader()))
    train, hidden = data.split.train, batch["hidden"].numpy()
    heard, known = np.unique(train.indices), np.unique(train.indices[~hidden])
    artist = batch["artist"].numpy()
    of_unknown = ~np.isin(artist[heard], artist[known])
    assert np.isin(heard, known).mean() < 0.9  # a tenth one by one, a tenth by artists
    assert 0.03 < of_unknown.mean() < 0.25


@pytest.mark.parametrize("embedder", ["", "mel_cnn"])
def test_an_item_with_a_clip_has_sound_and_one_without_has_none(
    cache: Path, folder: Path, embedder: str
) -> None:
    data = content(cache, folder, ["sound"], sound=clips(folder, cache, embedder))
    has_clip = data.data.items["title"] != f"song {N_CLIPS}"
    assert data.item_vectors.known.tolist() == has_clip.tolist()
    assert set(data.item_vectors.fields) == {"sound"}
    dense = data.item_vectors.dense()
    assert len(np.unique(dense[has_clip], axis=0)) == N_CLIPS


def test_fields_that_the_plays_lack_come_from_the_table_of_the_sound(
    cache: Path, folder: Path
) -> None:
    fields = ["artist", "genre", "tags", "year"]
    data = content(cache, folder, fields, sound=clips(folder, cache))
    assert list(dict.fromkeys(data.item_vectors.fields)) == ["artist", "genre", "tags"]
    same = data.item_vectors.of(["genre"]).dense() @ data.item_vectors.of(["genre"]).dense().T
    number = data.data.items["id"].to_numpy(int)
    assert ((same > 0) == (number[:, None] % 2 == number % 2))[:N_CLIPS, :N_CLIPS].all()


def test_musicnn_describes_the_clips_of_the_simulated_world(cache: Path) -> None:
    node = clips(None, cache, "musicnn", sample_rate=16000, seconds=4.0)
    node["windows"] = {"n_samples": 47616, "eval_windows": 1}
    data = content(cache, None, ["sound", "tags"], sound=node)
    assert (data.item_vectors.fields == "sound").sum() == 200
    assert data.item_vectors.of(["sound"]).known.sum() == 24
    assert data.simulated and data.item_vectors.of(["tags"]).known.mean() > 0.1


def test_the_tags_of_hetrec_are_fields_by_what_they_say(cache: Path) -> None:
    data = content(cache, None, ["artist", "genre", "tags"], source="hetrec")
    assert "artist" not in data.item_vectors.fields  # the items are the artists
    assert "tags" in data.item_vectors.fields


def test_shuffled_vectors_are_the_same_ones_of_other_items(cache: Path, folder: Path) -> None:
    own, moved = (content(cache, folder, ["artist"], shuffled=flag) for flag in (False, True))
    first, second = own.item_vectors.dense(), moved.item_vectors.dense()
    assert sorted(first.tolist()) == sorted(second.tolist())
    assert (first != second).any()
    assert own.fingerprint != moved.fingerprint


def test_frequencies_come_from_items_that_are_played_in_training(cache: Path) -> None:
    data = content(cache, None, ["artist"], split="cold_items")
    cold = data.split.candidates
    assert len(cold) and data.item_vectors.known[cold].all()
    heard = np.unique(data.split.train.indices)
    assert not np.isin(cold, heard).any()


@pytest.mark.parametrize(
    ("fields", "sound", "says"),
    [
        (["sound"], False, "fields names sound, but there is no dataset.sound"),
        (["year"], False, r"have none of them; they have artist"),
        (["year"], True, r"have none of them; they have artist, genre, tags, sound"),
    ],
)
def test_what_the_data_lack_is_refused(
    cache: Path, folder: Path, fields: list[str], sound: bool, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        content(cache, folder, fields, sound=clips(folder, cache) if sound else None)


def test_a_model_without_an_embedding_is_refused(cache: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match="Popularity has no embedding of sound; take musicnn"):
        content(cache, folder, ["sound"], sound=clips(folder, cache, "popularity"))


def test_weights_that_were_not_fetched_are_named(cache: Path, folder: Path, tmp_path: Path) -> None:
    node = clips(folder, cache, "musicnn", sample_rate=16000, weights=tmp_path)
    with pytest.raises(ConfigError, match="run python -m muso_exp fetch musicnn"):
        content(cache, folder, ["sound"], sound=node)


def test_clips_of_held_out_items_alone_are_refused(
    cache: Path, folder: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "cold.txt"
    listed.write_text("\n".join(str(number + 1) for number in range(N_CLIPS)))
    split = {"by": "published", "list": str(listed)}
    with pytest.raises(ConfigError, match="no item of training has sound; hold out fewer items"):
        content(cache, folder, ["sound"], sound=clips(folder, cache), split=split)
