"""Songs with their sound and their audio features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from msgspec import Meta
from torch.utils.data import DataLoader

from muso_exp.data.base import ExperimentData
from muso_exp.data.feature_regression.inputs import InputKind, SoundOptions, make_inputs
from muso_exp.data.feature_regression.sources import Songs, fingerprint, read_songs
from muso_exp.data.feature_regression.splits import SongSplit, fit_targets, split_sizes, split_songs
from muso_exp.data.playlist_owner.splits import unit
from muso_exp.data.sound.scratch import in_scratch
from muso_exp.data.sound.simulated_sound import SoundWorld, sound_folder
from muso_exp.data.sound.splits import group_names
from muso_exp.data.sound.windows import WindowOptions
from muso_exp.features.audio import SpectrumOptions
from muso_exp.features.tracks import Scaling
from muso_exp.formats.feature_columns import chosen_features
from muso_exp.formats.sound.named_songs import find_new_songs
from muso_exp.formats.sound.new_songs import warn_of_bad
from muso_exp.options import Inert
from muso_exp.tasks.feature_regression.estimates import SongEstimates, half_widths
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs, LeftOut
from muso_exp.tasks.feature_regression.genre_checks import CheckOptions, GenreChecks, check_features
from muso_exp.tasks.feature_regression.next_songs import ChainOptions, NextSongs
from muso_exp.tasks.feature_regression.overview import songs_overview
from muso_exp.tasks.feature_regression.task import FeatureRegression
from muso_exp.tasks.overview import Overview

KNOWN = ["id", "artist", "title"]  # of the songs that new ones are set beside


class Spectra(ExperimentData):
    """Songs with their sound and Spotify's audio features, which are to be estimated.

    Args:
        features: that are estimated.
        store: which part of a sound file a song is.
        spectrum: what the spectrum of a song is, with `inputs=spectrum`.
        windows: what a network is given of a song, with `inputs=waveform`.
        split: which songs are trained on and which tested.
        world: the simulated world, rendered to sound where no root is given.
        inputs: `spectrum`, or `waveform` for networks on sound (`mel_cnn`, `sample_cnn`).
        layout: of sound files: auto, or one of `muso_exp.formats.sound.layouts.LAYOUTS`.
        drop: features to leave out of these.
        duplicates: a second row of an id in the feature table: `refuse`, or keep the `first`.
        bad_rows: a row of it with a feature that is none: `refuse`, or `drop` it.
        nearest_among: the songs that a new song's nearest are of: all of the feature `table`, with
            sound or without, or `train`, those trained on.
        chain: which songs follow a song, by its estimated features; None: none.
        coverage: share of new songs that an interval shall cover.
        checks: on other songs with genres; None: none.
        **common: see `muso_exp.data.base.ExperimentData`; `root` is a folder with
            `track_features.csv` and either a ready matrix `spectra.npy` with `spectra_ids.txt`, or
            sound files in one of the layouts of `muso_exp.formats.sound.layouts`.

    Raises:
        ConfigError: options that do not fit together.

    Source: document 4, "Enhanced Approach", and its authors' code. Deviation: the document's split
    has another seed.
    """

    name = "spectra"
    task: FeatureRegression

    def __init__(
        self,
        features: list[str],
        store: SoundOptions,
        spectrum: SpectrumOptions,
        windows: WindowOptions,
        split: SongSplit,
        world: SoundWorld,
        inputs: InputKind = "spectrum",
        layout: Inert[str] = "auto",
        drop: Sequence[str] = (),
        duplicates: Literal["refuse", "first"] = "refuse",
        bad_rows: Literal["refuse", "drop"] = "refuse",
        nearest_among: Literal["table", "train"] = "table",
        chain: ChainOptions | None = None,
        coverage: Annotated[float, Meta(gt=0, lt=1)] = 0.9,
        checks: CheckOptions | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.features = chosen_features(features, drop)
        self.checks = checks or CheckOptions()
        check_features(self.checks.expected, self.features)
        self.store, self.spectrum, self.split, self.world = store, spectrum, split, world
        self.layout, self.duplicates, self.coverage = layout, duplicates, coverage
        self.bad_rows, self.nearest_among = bad_rows, nearest_among
        self.chain = None if chain is None or chain.by == "none" else chain
        self.next_songs: NextSongs | None = None
        self.inputs = make_inputs(inputs, spectrum, store, windows, self.num_workers)
        self.half_widths = np.full(len(self.features), np.nan)

    def prepare_data(self) -> None:
        """Render the simulated world where it is asked for, and compute the spectra, once.

        Raises:
            DatasetNotFoundError: a file is missing.
            DataFormatError: a file holds what it must not.
        """
        self._read()

    def setup(self, stage: str | None = None) -> None:
        """Read songs and features, split them, fit the scalings, once.

        Raises:
            ConfigError: too few songs.
            DataFormatError: a feature that has one value in all train songs.
        """
        if self.dims:
            return
        self.songs = self._read()
        kept = self.inputs.open(self.songs, self.cache)
        self.table = self.songs.table[kept].reset_index(drop=True)
        self.artists = group_names(self.table.rename(columns={"id": "track_id"}))
        groups = self.artists if self.split.by == "artist" else np.arange(len(self.table))
        sizes = split_sizes(len(self.table), self.split.val_share, self.split.test_share)
        self.parts = split_songs(groups, sizes, np.random.default_rng([self.seed, 0]))
        raw = self.table[self.features].to_numpy(dtype=np.float64)  # (n_songs, n_features)
        self.scaling = fit_targets(raw[self.parts["train"]], self.features)
        self.labels = torch.from_numpy(self.scaling.apply(raw))  # (n_songs, n_features)
        self.inputs.fit(self.parts["train"])
        self.known = self._nearest_candidates()
        if self.chain is not None:
            held = pd.concat([self.part(name)["id"] for name in ("val", "test")])
            self.next_songs = NextSongs.fit(self.chain, self.known, held.to_numpy(dtype=str))
        self.fingerprint = fingerprint(self.table["id"], self.labels, self.songs, self.parts)
        self.task = self._make_task()
        self.dims |= {**self.inputs.dims, "n_outputs": len(self.features)}

    def overview(self) -> Overview:
        """Return what the songs hold, see `songs_overview`."""
        return songs_overview(self.task.songs, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the train songs, shuffled anew each epoch."""
        rows = self.parts["train"]
        target = self.labels[torch.from_numpy(rows)]
        return self.inputs.training(rows, target, self.batch_size, self.seed, self.epoch)

    def val_dataloader(self) -> DataLoader:
        """Return the dev songs."""
        return self.part_loader("val")

    def test_dataloader(self) -> DataLoader:
        """Return the test songs, in row order."""
        return self.part_loader("test")

    def part_loader(self, part: str) -> DataLoader:
        """Return the songs of a part, in row order."""
        rows = self.parts[part]
        songs = self.inputs.part(rows, self.labels[torch.from_numpy(rows)])
        return self.loader(songs, shuffle=False)

    def part(self, name: str) -> pd.DataFrame:
        """Return the songs of train, val or test, in row order."""
        return self.table.iloc[self.parts[name]].reset_index(drop=True)

    def state_dict(self) -> dict[str, Any]:
        """Return what a new song needs: scalings, known songs, and the errors on dev.

        The errors are those of the model as it is when the checkpoint is saved.
        """
        model: Any = None if self.trainer is None else self.trainer.lightning_module
        if model is not None:
            self.half_widths = half_widths(self.task.songs, self.task.dev, model)
        return {
            "features": self.features,
            "scaling": self.scaling.state(),
            "inputs": self.inputs.state(),
            "known": self.known[KNOWN].to_dict("list"),
            "known_values": torch.from_numpy(self._known_values()),
            "half_widths": torch.from_numpy(self.half_widths),
            "next_songs": self.next_songs and self.next_songs.state(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.features = state_dict["features"]
        self.scaling = Scaling.from_state(state_dict["scaling"])
        self.inputs.restore(state_dict["inputs"])
        self.known = pd.DataFrame(state_dict["known"])
        if "known_values" in state_dict:  # older checkpoints hold them as lists among `known`
            self.known[self.features] = state_dict["known_values"].numpy()
        self.half_widths = np.asarray(state_dict["half_widths"])
        if self.chain is not None:
            saved = state_dict["next_songs"]
            self.next_songs = NextSongs.of_state(self.chain, saved, self.known)
        if self.half_widths.shape != (len(self.features),):
            raise ValueError(f"half_widths: {len(self.features)} numbers are needed, one a feature")

    def _nearest_candidates(self) -> pd.DataFrame:
        """Return the songs that a new song's nearest are of: KNOWN and the features."""
        songs = self.songs.catalogue if self.nearest_among == "table" else self.part("train")
        return songs[[*KNOWN, *self.features]].reset_index(drop=True)

    def _known_values(self) -> np.ndarray:
        return np.ascontiguousarray(self.known[self.features].to_numpy(dtype=np.float64))

    def read_new(self, path: Path) -> SongEstimates:
        """Read new songs: a sound file, or a folder of them.

        Files that cannot be used are left out, with a warning that names each and the reason.

        Raises:
            DatasetNotFoundError: no such file or folder, or no sound file in it.
            DataFormatError: no file that can be used.
        """
        return in_scratch(lambda folder: self._new_songs(path, folder))

    def _new_songs(self, path: Path, prepared: Path) -> SongEstimates:
        files = find_new_songs(path)
        new = self.inputs.of_files(files, prepared)
        warn_of_bad(new.quarantine, len(files))
        index = new.index[["track_id", "seconds"]]
        songs = index.merge(files.drop(columns="path"), on="track_id", how="left")
        named = [name for name in ("artist", "title", "genre") if (songs[name] != "").any()]
        shown = songs[["track_id", *named, "seconds"]].rename(columns={"track_id": "song"})
        return SongEstimates(
            shown,
            group_names(songs),
            self.loader(new.part, shuffle=False),
            self.features,
            self.scaling,
            self.known,
            self.half_widths,
            self.coverage,
            self.next_songs,
        )

    def _feature_songs(self) -> FeatureSongs:
        return FeatureSongs(
            table=self.table,
            features=self.features,
            targets=self.labels,
            scaling=self.scaling,
            parts=self.parts,
            artists=self.artists,
            levels=self.inputs.levels(self.cache),
            group=self.split.by,
            coverage=self.coverage,
            bins=self.spectrum.frequencies if self.inputs.reading else None,
            grouping=self.spectrum.grouping,
            constant_inputs=self.inputs.constant,
            left_out=LeftOut(
                n_bad=len(self.songs.quarantine) + len(self.songs.table) - len(self.table),
                quarantine=self.songs.quarantine,
                without_features=self.songs.without_features,
                without_sound=self.songs.without_sound,
                bad_rows=self.songs.bad_rows,
            ),
            seed=self.seed,
        )

    def _make_task(self) -> FeatureRegression:
        units = np.array([[unit(name)] for name in self.artists])
        checks = None
        if self.checks.root is not None:
            root = Path(self.checks.root)
            songs = self._new_songs(root, self.cache)
            checks = GenreChecks(songs, self.checks.expected, root.name)
        dev, test = self.part_loader("val"), self.part_loader("test")
        rows = self._feature_songs()
        return FeatureRegression(rows, units, dev, test, checks, self.next_songs)

    def _read(self) -> Songs:
        root = self.root
        if root is None:
            root = sound_folder(self.world, self.cache, self.store.workers)
        return read_songs(
            root,
            self.cache,
            self.layout,
            self.features,
            self.duplicates,
            self.inputs.reading,
            self.store.workers,
            self.bad_rows,
        )
