"""Clips on disk: tables, determinism, and that the track can be heard in the sound."""

from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from muso_exp.simulation.msd import track_names
from muso_exp.simulation.names import genre_name
from muso_exp.simulation.playlists import audio_features
from muso_exp.simulation.sound import (
    choose_tracks,
    describe_songs,
    timbres,
    track_features,
    track_genres,
    write_sounds,
)
from muso_exp.simulation.sound_mix import HEADROOM
from muso_exp.simulation.sound_song import TIMBRES
from muso_exp.simulation.world import World, simulate_world

SECONDS, SAMPLE_RATE, N_TRACKS = 6.0, 16000, 144


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=150, n_artists=300, n_genres=4, seed=3)


@pytest.fixture(scope="module")
def tracks(world: World) -> np.ndarray:
    return choose_tracks(world, N_TRACKS, per_artist=3)


@pytest.fixture(scope="module")
def folder(world: World, tracks: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    write_sounds(world, tracks, folder, SECONDS, SAMPLE_RATE)
    return folder


@pytest.fixture(scope="module")
def waveforms(folder: Path, tracks: np.ndarray) -> list[np.ndarray]:
    paths = [folder / "audio" / f"{track + 1}.flac" for track in tracks]
    return [soundfile.read(path, dtype="float32")[0] for path in paths]


@pytest.fixture(scope="module")
def coefficients(waveforms: list[np.ndarray]) -> np.ndarray:
    """Mean and standard deviation of 20 MFCC of each clip, (N_TRACKS, 40)."""
    options = {"sr": SAMPLE_RATE, "n_mfcc": 20, "n_fft": 1024, "hop_length": 512}
    frames = [librosa.feature.mfcc(y=waveform, **options) for waveform in waveforms]
    return np.array([[*mfcc.mean(axis=1), *mfcc.std(axis=1)] for mfcc in frames])


def test_tracks_are_played_and_spread_over_artists_and_genres(
    world: World, tracks: np.ndarray
) -> None:
    n_plays = np.asarray(world.plays.sum(axis=0)).ravel()
    assert len(np.unique(tracks)) == N_TRACKS and (n_plays[tracks] > 0).all()
    assert np.bincount(world.catalogue.track_artist[tracks]).max() == 3
    assert np.bincount(track_genres(world, tracks)).tolist() == [N_TRACKS // 4] * 4
    assert np.array_equal(tracks, choose_tracks(world, N_TRACKS, per_artist=3))


def test_the_most_played_track_of_each_genre_is_chosen_first(world: World) -> None:
    n_plays = np.asarray(world.plays.sum(axis=0)).ravel()
    genre = track_genres(world, np.arange(len(n_plays)))
    best = [int(np.where(genre == number, n_plays, -1).argmax()) for number in range(4)]
    assert choose_tracks(world, 4).tolist() == sorted(best)


@pytest.mark.parametrize("n_tracks", [0, 10**6])
def test_no_tracks_or_more_than_are_played_are_refused(world: World, n_tracks: int) -> None:
    with pytest.raises(ValueError, match=r"n_tracks must be 1 to \d+, the played tracks with at"):
        choose_tracks(world, n_tracks)


@pytest.mark.parametrize(
    ("n_tracks", "seconds", "rate"), [(0, 30, 22050), (1, 0.5, 22050), (1, 30, 4000)]
)
def test_clips_that_hold_no_music_are_refused(
    world: World, tmp_path: Path, n_tracks: int, seconds: float, rate: int
) -> None:
    with pytest.raises(ValueError, match=r"tracks, seconds and sample_rate must be at least"):
        write_sounds(world, np.arange(n_tracks), tmp_path, seconds, rate)
    assert not list(tmp_path.iterdir())


def test_the_manifest_names_every_clip(world: World, tracks: np.ndarray, folder: Path) -> None:
    table = pd.read_csv(folder / "manifest.csv", keep_default_na=False)
    assert table.columns.tolist() == ["path", "track_id", "artist", "title", "genre", "tags"]
    assert table["track_id"].tolist() == (tracks + 1).tolist()
    assert sorted(table["path"]) == sorted(f"audio/{p.name}" for p in (folder / "audio").iterdir())
    first = int(tracks[0])
    assert tuple(table.loc[0, ["artist", "title"]]) == track_names(world, first)
    assert table.loc[0, "genre"] == genre_name(int(track_genres(world, tracks[:1])[0]))


def test_tags_of_a_track_are_tags_of_its_artist(
    world: World, tracks: np.ndarray, folder: Path
) -> None:
    table = pd.read_csv(folder / "manifest.csv", keep_default_na=False)
    names = world.catalogue.tag_names
    for track, tags in zip(tracks.tolist(), table["tags"], strict=True):
        artist = world.catalogue.artist_tags[int(world.catalogue.track_artist[track])]
        assert set(tags.split("|")) - {""} <= set(names[artist.indices])
    n_tags = table["tags"].str.split("|").str.len()
    assert n_tags.mean() > 3
    own = [genre in tags for genre, tags in zip(table["genre"], table["tags"], strict=True)]
    assert np.mean(own) > 0.8


def test_the_features_of_a_track_do_not_depend_on_which_are_chosen(
    world: World, tracks: np.ndarray, folder: Path
) -> None:
    table = pd.read_csv(folder / "track_features.csv", keep_default_na=False)
    few = track_features(world, tracks[5:7]).reset_index(drop=True)
    pd.testing.assert_frame_equal(table.iloc[5:7].reset_index(drop=True), few, check_dtype=False)
    rng = np.random.default_rng([world.seed, 600])
    all_rows = audio_features(world.catalogue.track_factors, 0.35, rng)
    assert table["tempo"].tolist() == all_rows["tempo"].to_numpy()[tracks].tolist()
    assert table.shape[1] == 3 + 13


def test_any_number_of_workers_writes_the_same_bytes(
    world: World, tracks: np.ndarray, folder: Path, tmp_path: Path
) -> None:
    write_sounds(world, tracks[:10], tmp_path, SECONDS, SAMPLE_RATE, workers=2)
    for path in (tmp_path / "audio").iterdir():
        assert path.read_bytes() == (folder / "audio" / path.name).read_bytes()
    head = (folder / "manifest.csv").read_text(encoding="utf-8").splitlines()[:11]
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines() == head


def test_a_clip_has_the_length_and_level_of_its_track_and_does_not_clip(
    waveforms: list[np.ndarray], folder: Path
) -> None:
    loudness = pd.read_csv(folder / "track_features.csv")["loudness"].to_numpy()
    decibels = [20 * np.log10(np.sqrt(np.mean(waveform**2))) for waveform in waveforms]
    assert {len(waveform) for waveform in waveforms} == {int(SECONDS * SAMPLE_RATE)}
    assert np.abs(decibels - (loudness - HEADROOM)).max() < 0.5
    assert max(np.abs(waveform).max() for waveform in waveforms) < 0.98


def test_two_songs_of_one_artist_differ(world: World, tracks: np.ndarray) -> None:
    artists = world.catalogue.track_artist[tracks]
    pair = tracks[artists == np.bincount(artists).argmax()][:2]
    first, second = describe_songs(world, pair, track_features(world, pair))
    assert first.artist == second.artist and first.features != second.features
    assert first.timbre != second.timbre


def test_the_place_on_the_map_makes_most_of_the_timbre_but_not_all(world: World) -> None:
    place, timbre = world.catalogue.track_factors, timbres(world)
    assert timbre.shape == (len(place), len(TIMBRES)) and np.abs(timbre).max() < 2.2
    inputs = np.column_stack([place, np.ones(len(place))])
    rest = timbre - inputs @ np.linalg.lstsq(inputs, timbre, rcond=None)[0]
    explained = 1 - rest.var(axis=0) / timbre.var(axis=0)
    assert explained.min() > 0.6 and explained.max() < 0.95


def test_genre_is_heard_across_artists(
    world: World, tracks: np.ndarray, coefficients: np.ndarray
) -> None:
    genre, artist = track_genres(world, tracks), world.catalogue.track_artist[tracks]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    preds = cross_val_predict(model, coefficients, genre, groups=artist, cv=GroupKFold(4))
    assert np.mean(preds == genre) > 0.6  # chance: 0.25


def test_nearest_in_sound_share_a_genre(
    world: World, tracks: np.ndarray, coefficients: np.ndarray
) -> None:
    genre, artist = track_genres(world, tracks), world.catalogue.track_artist[tracks]
    scaled = StandardScaler().fit_transform(coefficients)
    distance = ((scaled[:, None] - scaled[None]) ** 2).sum(axis=2)
    distance[artist[:, None] == artist] = np.inf
    nearest = np.argsort(distance, axis=1)[:, :5]
    assert np.mean(genre[nearest] == genre[:, None]) > 0.4  # chance: 0.25


def test_place_on_the_map_is_heard_across_artists_but_not_all_of_it(
    world: World, tracks: np.ndarray, coefficients: np.ndarray
) -> None:
    factors, artist = world.catalogue.track_factors[tracks], world.catalogue.track_artist[tracks]
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
    preds = cross_val_predict(model, coefficients, factors, groups=artist, cv=GroupKFold(4))
    rest = ((preds - factors) ** 2).sum(axis=0) / ((factors - factors.mean(axis=0)) ** 2).sum(
        axis=0
    )
    assert 0.3 < np.mean(1 - rest) < 0.95


def test_spotify_features_are_heard_in_the_spectrum_below_5_khz(
    waveforms: list[np.ndarray], world: World, tracks: np.ndarray
) -> None:
    spectra = np.abs(np.fft.rfft(waveforms, axis=1))[:, : int(5000 * SECONDS)]
    bins = np.log(spectra.reshape(len(spectra), 500, -1).mean(axis=2) + 1e-3)
    names = ["energy", "loudness", "instrumentalness", "acousticness"]
    target = StandardScaler().fit_transform(track_features(world, tracks)[names].astype(float))
    artist = world.catalogue.track_artist[tracks]
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 6, 13)))
    preds = cross_val_predict(model, bins, target, groups=artist, cv=GroupKFold(4))
    errors = dict(zip(names, ((preds - target) ** 2).mean(axis=0), strict=True))
    assert errors["energy"] < 0.6 and errors["loudness"] < 0.4
    assert np.mean(list(errors.values())) < 0.8
