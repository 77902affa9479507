"""Songs whose sound and whose audio features are both known, from files."""

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.spectra_matrix import find_matrix, read_matrix
from muso_exp.formats.track_tables import log_left_out
from muso_exp.sound.spectra import compute_spectra
from muso_exp.sound.spectrum_task import SpectrumReading
from muso_exp.sound.store import why
from muso_exp.tasks.feature_regression.feature_songs import NAMES

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Songs:
    """Songs with features.

    Attributes:
        table: a row per song: NAMES, path ("" of a matrix), seconds (NaN of a matrix), the
            features.
        values: spectra as a memory map, of which `rows` are the songs'; None if not asked for.
        rows: the row of each song in `values`, (n_songs,).
        quarantine: track_id, path, code, detail of sound files that cannot be used.
        without_features: songs with sound that the feature table lacks.
        without_sound: rows of the feature table without sound.
        catalogue: id, artist, title and features of every row of the feature table.
        bad_rows: rows of it that were left out, by reason.
    """

    table: pd.DataFrame
    values: np.ndarray | None
    rows: np.ndarray
    quarantine: pd.DataFrame
    without_features: int
    without_sound: int
    catalogue: pd.DataFrame
    bad_rows: Mapping[str, int] = field(default_factory=dict)


def fingerprint(
    ids: pd.Series, targets: Tensor, songs: Songs, parts: Mapping[str, np.ndarray]
) -> str:
    """Return the hash of ids, standardised features, spectra where there are any, and split."""
    digest = hashlib.sha256("\n".join(ids).encode())
    digest.update(np.ascontiguousarray(targets.numpy()).tobytes())
    if songs.values is not None:
        for row in songs.rows:
            digest.update(np.ascontiguousarray(songs.values[row]).tobytes())
    for rows in parts.values():
        digest.update(rows.astype(np.int64).tobytes())
    return digest.hexdigest()


def read_songs(
    root: Path,
    cache: Path,
    layout: str,
    features: Sequence[str],
    duplicates: str,
    reading: SpectrumReading | None,
    workers: int,
    bad_rows: str = "refuse",
) -> Songs:
    """Return the songs of a folder: a ready matrix, or sound files, with a feature table.

    Args:
        root: folder with `track_features.csv` and either `spectra.npy` and its ids, or sound
            files in one of the layouts of `muso_exp.formats.sound.layouts`.
        cache: folder for the spectra of sound files.
        layout: of the sound files.
        features: columns of the feature table.
        duplicates: what a second row of an id in it is: `refuse`d, or left out (`first`).
        reading: which part of a file, and what its spectrum is; None for the sound files alone.
        workers: processes that compute spectra.
        bad_rows: `refuse` a row of the table with a feature that is none, or `drop` it: its song
            is then one without features.

    Raises:
        DatasetNotFoundError: a file is missing.
        DataFormatError: a file holds what it must not, or no song has both sound and features.
        ConfigError: a matrix of other width than `reading`'s, or where sound is needed.
    """
    path = find_feature_table(root)
    left = Counter[str]() if bad_rows == "drop" else None
    table = read_feature_table(path, features, duplicates, left_out=left)
    log_left_out(left or {})
    matrix = find_matrix(root) if root.is_dir() else None
    if matrix is not None:
        if reading is None:
            raise ConfigError(f"dataset.inputs=waveform: {matrix.name} holds spectra, no sound")
        matrix_values, sound = _of_matrix(matrix, reading)
        return _match(root, sound, table, features, matrix_values, _nothing(), left or {})
    tracks = read_tracks(root, layout)
    values: np.ndarray | None = None
    quarantine = _nothing()
    if reading is not None:
        found = compute_spectra(tracks, cache, reading, workers)
        values, quarantine = found.values, found.quarantine
        if len(quarantine):
            reasons = why(quarantine)
            log.warning("%d of %d sound files left out: %s", len(quarantine), len(tracks), reasons)
        tracks = found.index.merge(tracks, on="track_id", how="left")
    sound = tracks.rename(columns={"track_id": "id"})
    if "seconds" not in sound:
        sound["seconds"] = np.nan
    return _match(root, sound, table, features, values, quarantine, left or {})


def _of_matrix(path: Path, options: SpectrumReading) -> tuple[np.ndarray, pd.DataFrame]:
    values, ids = read_matrix(path)
    if values.shape[1] != options.spectrum.n_bins:
        raise ConfigError(
            f"dataset.spectrum.n_bins={options.spectrum.n_bins}: {path} has {values.shape[1]} "
            "columns; set dataset.spectrum.n_bins to that"
        )
    sound = pd.DataFrame({"id": ids, "path": "", "seconds": np.nan})
    for name in ("artist", "title", "genre"):
        sound[name] = ""
    return values, sound


def _match(
    root: Path,
    sound: pd.DataFrame,
    table: pd.DataFrame,
    features: Sequence[str],
    values: np.ndarray | None,
    quarantine: pd.DataFrame,
    bad_rows: Mapping[str, int],
) -> Songs:
    """Put sound and features of each song together; names are taken from where they are known."""
    place = pd.Series(np.arange(len(table)), index=table["id"])
    known = sound["id"].isin(place.index).to_numpy()
    if not known.any():
        raise DataFormatError(
            root,
            f"none of {len(sound)} songs with sound is among the {len(table)} of the feature table",
            value=str(sound["id"].iloc[0]),
            fix="their ids must be the same",
        )
    songs = sound[known].reset_index(drop=True)
    described = table.iloc[place[songs["id"]].to_numpy()].reset_index(drop=True)
    for name in ("artist", "title"):
        songs[name] = songs[name].where(songs[name] != "", described[name])
    songs = pd.concat([songs[[*NAMES, "path", "seconds"]], described[list(features)]], axis=1)
    return Songs(
        table=songs,
        values=values,
        rows=np.flatnonzero(known),
        quarantine=quarantine,
        without_features=int((~known).sum()),
        without_sound=len(table) - len(songs),
        catalogue=_catalogue(table, songs, features),
        bad_rows=bad_rows,
    )


def _catalogue(table: pd.DataFrame, songs: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return the whole feature table, with the names that the sound files of its songs give."""
    whole = table[["id", "artist", "title", *features]].set_index("id")
    whole.update(songs.drop_duplicates("id").set_index("id")[["artist", "title"]])
    return whole.reset_index()


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in ("track_id", "path", "code", "detail")}, dtype=str)
