"""Clips that are alike by one kind of vectors and by another, on twelve tones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sound_tasks import made, ready
from tiny_sound import N_CLIPS, write_sound_folder

from muso_exp.data.song_similarity import SongSimilarityData
from muso_exp.errors import ConfigError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.song_cosine import SongCosine
from muso_exp.tasks.base import Answer
from muso_exp.tasks.song_similarity.sections import compared_pairs, disagreeing


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def similarity(root: Path, cache: Path, **options: Any) -> SongSimilarityData:
    half = {"by": "track", "test_share": 0.5, "val_share": 0.0}
    return ready(made("song_similarity", root, cache, split=half, **options))  # type: ignore[return-value]


def test_likeness_is_of_other_artists_alone(root: Path, cache: Path) -> None:
    data = similarity(root, cache, against="genre")
    clip = np.arange(N_CLIPS)
    same_artist = np.equal.outer(clip // 3, clip // 3)
    same_genre = np.equal.outer(clip % 2, clip % 2).astype(float)
    found = data.labels.numpy()
    assert np.isnan(found[same_artist]).all()
    assert found[~same_artist] == pytest.approx(same_genre[~same_artist], abs=1e-6)
    assert data.dims["n_songs"] == N_CLIPS and len(data.train_rows()) == N_CLIPS
    assert data.task.target.shape == (len(data.parts["test"]), N_CLIPS)


def test_what_is_set_beside_itself_agrees_and_nulls_do_not(root: Path, cache: Path) -> None:
    data = similarity(root, cache, inputs="genre", against="genre")
    model = SongCosine(data.dims["n_inputs"], data.dims["n_songs"])
    model.songs.copy_(data.x)
    columns = model.predict_step({"x": data.x[data.parts["test"]]})
    metrics = data.task.metrics()
    metrics.update(**columns, target=data.task.target)
    assert float(metrics.compute()["likeness_correlation"]) == pytest.approx(1)
    nulls = data.task.nulls()
    assert set(nulls) == {"random", "shuffled_vectors", "pooled_loudness"}
    alike = data.task.metrics()
    alike.update(**nulls["random"], target=data.task.target)
    assert float(alike.compute()["likeness_correlation"]) == 0


def test_the_table_holds_pairs_that_are_near_by_one_and_far_by_the_other(
    root: Path, cache: Path
) -> None:
    rows = similarity(root, cache, against="genre").task.rows
    test, target = rows.clips.parts["test"], rows.target().numpy()
    pretended = np.where(np.isnan(target), 0, 1 - target)  # near in sound where genres differ
    pairs = compared_pairs(rows, pretended.astype(np.float32))
    numbers = pairs[["one", "other"]].to_numpy()
    assert len({frozenset(pair) for pair in numbers.tolist()}) == len(pairs)
    assert (rows.clips.artists[numbers[:, 0]] != rows.clips.artists[numbers[:, 1]]).all()
    assert np.isin(numbers[:, 0], test).all()
    table = disagreeing(rows, pairs, "near_by_inputs", "mfcc", "genre").table
    assert table is not None and len(table)
    assert (table["cosine by mfcc"] == 1).all() and (table["cosine by genre"] == 0).all()
    named = [*table["song"], *table["and"]]
    assert len(set(named)) == len(named)


def test_the_report_has_the_density_and_both_tables(root: Path, cache: Path) -> None:
    data = similarity(root, cache)
    columns = data.task.nulls()["pooled_loudness"]
    answer = Answer(None, columns, Bootstrap(10))
    found = {section.name: section for section in data.task.sections(pd.DataFrame(), answer)}
    assert set(found) == {"density", "near_by_inputs", "near_by_against"}
    assert found["density"].figure is not None
    assert "audit" not in found and data.task.audit(answer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "audio"}, "audio is no vector; take mfcc"),
        ({"against": "embedding"}, "the part embedding and dataset.embedder need each other"),
        ({"against": "place"}, "no clip has place"),
    ],
)
def test_likeness_that_cannot_be_is_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        similarity(root, cache, **options)


def test_clips_of_one_artist_alone_are_refused(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = folder / "manifest.csv"
    text = manifest.read_text()
    for name in ("two", "three", "four"):
        text = text.replace(f",{name},song", ",one,song")
    manifest.write_text(text)
    with pytest.raises(ConfigError, match="all clips are of one artist"):
        similarity(folder, cache)


def test_new_songs_are_refused(root: Path, cache: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be applied to"):
        similarity(root, cache).read_new(root / "audio" / "4.wav")
