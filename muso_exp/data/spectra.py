"""The task "which audio features does a song have?", from its sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.data.audio.base import predict_batches
from muso_exp.data.audio.splits import group_names
from muso_exp.data.audio.world import SoundWorld, sound_folder
from muso_exp.data.base import ExperimentData, Predict
from muso_exp.data.membership.readers import chosen_features
from muso_exp.data.membership.splits import unit
from muso_exp.data.separation.vectors import require_choice
from muso_exp.data.sound_features import audit, report
from muso_exp.data.sound_features.estimates import estimate_songs
from muso_exp.data.sound_features.inputs import INPUTS, make_inputs
from muso_exp.data.sound_features.reading import ReadOptions
from muso_exp.data.sound_features.sanity import check_features
from muso_exp.data.sound_features.sources import NAMES, Songs, read_songs
from muso_exp.data.sound_features.splits import fit_targets, split_sizes, split_songs
from muso_exp.errors import ConfigError
from muso_exp.features.audio import SpectrumOptions
from muso_exp.features.conformal import conformal_half_widths
from muso_exp.features.tracks import Scaling
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.regression import R2, MeanSquaredError, OutputAccuracy
from muso_exp.ranges import Count, Positive, PositiveShare, Seed, Share, ZeroOrMore
from muso_exp.results import Finding, Section

GROUPS = ("track", "artist")


class Spectra(ExperimentData):
    """Songs with their sound and Spotify's audio features, which are to be estimated.

    Args:
        root: folder with `track_features.csv` and either a ready matrix `spectra.npy` with
            `spectra_ids.txt`, or sound files in one of the layouts of
            `muso_exp.data.audio.layouts`; None for the simulated world, rendered to sound.
        cache: folder for spectra and the simulated files.
        batch_size: songs of a batch; 0 for all at once (`ridge`).
        seed: of the split and of the batches.
        num_workers: processes that make batches.
        inputs: `spectrum`, or `waveform` for networks on sound (`mel_cnn`, `sample_cnn`).
        layout: of sound files: auto, manifest, fma, gtzan, emotify or folder.
        features: that are estimated.
        drop: features to leave out of these.
        duplicates: a second row of an id in the feature table: `refuse`, or keep the `first`.
        group: `track`, split as published, or `artist`, no artist in two parts.
        val_share: share of the songs that the checkpoint and the intervals come from ("dev").
        test_share: share that is tested on.
        n_bins, top, grouping, window, magnitude, level: see
            `muso_exp.features.audio.SpectrumOptions`.
        sample_rate: that the sound is brought to, in Hz; null keeps each file's (spectrum only).
        seconds: at most so much of each file; null takes all of it (spectrum only).
        crop: which part of a longer file: centre or start.
        n_samples: of a window, with waveforms.
        eval_windows: windows of a song that a prediction is averaged over, with waveforms.
        workers: processes that decode, render and compute spectra.
        coverage: share of new songs that an interval shall cover.
        check_root: folder of other songs with genres, on which `checks` are made; null for none.
        checks: [feature, genre where a listener expects more of it, genre where less].
        world_users: users of the simulated world.
        world_artists: its artists.
        world_genres: its genres.
        world_clips: its tracks with sound.
        world_per_artist: most of them of one artist.
        world_seconds: length of their files.
        world_sample_rate: of the files, in Hz.
        world_seed: of the world.

    Raises:
        ConfigError: an option out of its range.

    Source: document 4, "Enhanced Approach", and its authors' code. Deviation: the document's split
    has another seed.
    """

    name = "spectra"

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        features: list[str],
        num_workers: ZeroOrMore = 0,
        inputs: str = "spectrum",
        layout: str = "auto",
        drop: Sequence[str] = (),
        duplicates: str = "refuse",
        group: str = "track",
        val_share: Share = 0.2,
        test_share: Share = 0.1,
        n_bins: Count = 10_000,
        top: Positive = 5_000.0,
        grouping: str = "published",
        window: str = "none",
        magnitude: str = "linear",
        level: str = "keep",
        sample_rate: Count | None = None,
        seconds: Positive | None = None,
        crop: str = "centre",
        n_samples: Count = 66_150,
        eval_windows: Count = 10,
        workers: Count = 2,
        coverage: PositiveShare = 0.9,
        check_root: str | None = None,
        checks: Sequence[Sequence[str]] = (),
        world_users: Count = 300,
        world_artists: Count = 1000,
        world_genres: Count = 8,
        world_clips: Count = 2000,
        world_per_artist: Count = 4,
        world_seconds: Positive = 10.0,
        world_sample_rate: Count = 22_050,
        world_seed: Seed = 0,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        require_choice("inputs", inputs, INPUTS)
        require_choice("duplicates", duplicates, ("refuse", "first"))
        require_choice("group", group, GROUPS)
        if not 0 < coverage < 1:
            raise ConfigError(f"dataset.coverage={coverage}: above 0 and below 1 is needed")
        self.features = chosen_features(features, drop)
        check_features(checks, self.features)
        self.layout, self.duplicates, self.group = layout, duplicates, group
        self.shares = {"val_share": val_share, "test_share": test_share}
        self.workers, self.coverage = workers, coverage
        self.check_root = None if check_root is None else Path(check_root)
        self.checks = [list(check) for check in checks]
        spectrum = SpectrumOptions(n_bins, top, grouping, window, magnitude, level)
        self.read_options = ReadOptions(spectrum, sample_rate, seconds, crop)
        self.inputs = make_inputs(
            inputs, self.read_options, n_samples, eval_windows, workers, num_workers
        )
        self.world = SoundWorld(
            world_users,
            world_artists,
            world_genres,
            world_clips,
            world_per_artist,
            world_seconds,
            world_sample_rate,
            world_seed,
        )
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
        groups = self.artists if self.group == "artist" else np.arange(len(self.table))
        sizes = split_sizes(len(self.table), **self.shares)
        self.parts = split_songs(groups, sizes, np.random.default_rng([self.seed, 0]))
        raw = self.table[self.features].to_numpy(dtype=np.float64)  # (n_songs, n_features)
        self.scaling = fit_targets(raw[self.parts["train"]], self.features)
        self.labels = torch.from_numpy(self.scaling.apply(raw))  # (n_songs, n_features)
        self.inputs.fit(self.parts["train"])
        self.fingerprint = audit.fingerprint(self)
        self.dims |= {**self.inputs.dims, "n_outputs": len(self.features)}

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

    def metrics(self) -> MetricCollection:
        """Return the document's squared error, R2, and how often the mode is right."""
        metrics: dict[str, WeightedMetric] = {"mse": MeanSquaredError(), "r2": R2()}
        if "mode" in self.features:
            place = self.features.index("mode")
            half = (0.5 - self.scaling.shift[place]) / self.scaling.span[place]
            metrics["mode_accuracy"] = OutputAccuracy(place, float(half))
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the train mean and, where artists stand in two parts, the mean of the artist."""
        return audit.nulls(self)

    def target(self) -> Tensor:
        """Return the standardised features of the test songs, (n_rows, n_features)."""
        return self.labels[torch.from_numpy(self.parts["test"])]

    def units(self) -> np.ndarray:
        """Return the artist of each test song (the song where it is unknown), (n_rows, 1)."""
        return np.array([[unit(name)] for name in self.artists[self.parts["test"]]])

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test song: names, each feature and its estimate, in own units."""
        raw = self.own_units(preds["preds"].double().numpy())
        estimated = pd.DataFrame(raw, columns=[f"{name}_estimate" for name in self.features])
        return pd.concat([self.part("test")[[*NAMES, *self.features]], estimated], axis=1)

    def own_units(self, values: np.ndarray) -> np.ndarray:
        """Return standardised features (n, n_features) in their own units."""
        return values * self.scaling.span + self.scaling.shift

    def audit(self) -> list[Finding]:
        """Return what was left out, what the parts share, and what the targets are."""
        return audit.audit(self)

    def counts(self) -> dict[str, int]:
        """Return songs, artists, songs of each part, and features."""
        parts = {f"{name}_songs": len(rows) for name, rows in self.parts.items()}
        n_artists = len(np.unique(self.artists))
        return {
            "songs": len(self.table),
            "artists": n_artists,
            **parts,
            "features": len(self.features),
        }

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return errors by feature, what frequencies do, intervals, and checks on other songs."""
        return report.sections(self, predictions, predict)

    def state_dict(self) -> dict[str, Any]:
        """Return what a new song needs: scalings, known songs, and the errors on dev.

        The errors are those of the model as it is when the checkpoint is saved.
        """
        model: Any = None if self.trainer is None else self.trainer.lightning_module
        if model is not None:
            self.half_widths = self.dev_half_widths(model.columns)
        return {
            "features": self.features,
            "scaling": self.scaling.state(),
            "inputs": self.inputs.state(),
            "known": self.part("train")[[*NAMES, *self.features]].to_dict("list"),
            "half_widths": torch.from_numpy(self.half_widths),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.features = state_dict["features"]
        self.scaling = Scaling.from_state(state_dict["scaling"])
        self.inputs.restore(state_dict["inputs"])
        self.known = pd.DataFrame(state_dict["known"])
        self.half_widths = np.asarray(state_dict["half_widths"])
        if self.half_widths.shape != (len(self.features),):
            raise ValueError(f"half_widths: {len(self.features)} numbers are needed, one a feature")

    def dev_half_widths(self, predict: Predict) -> np.ndarray:
        """Return half the width of the intervals, in own units, from the dev songs."""
        preds = predict_batches(self.val_dataloader(), predict)["preds"]
        errors = (preds - self.labels[torch.from_numpy(self.parts["val"])]).double().numpy()
        return conformal_half_widths(errors, self.coverage) * self.scaling.span

    def apply(self, path: Path, predict: Predict) -> pd.DataFrame:
        """Estimate the features of new songs: a sound file, or a folder of them.

        Files that cannot be used are left out, with a warning that names each and the reason.

        Args:
            path: of the file or folder.
            predict: the trained model.

        Returns:
            A row per song: names, seconds heard, the nearest train songs by standardised features
            and by raw ones, as published; the estimates, then the ends of their intervals.

        Raises:
            DatasetNotFoundError: no such file or folder, or no sound file in it.
            DataFormatError: no file that can be used.
        """
        return estimate_songs(self, path, predict)

    def _read(self) -> Songs:
        root = self.root
        if root is None:
            root = sound_folder(self.world, self.cache, self.workers)
        return read_songs(
            root,
            self.cache,
            self.layout,
            self.features,
            self.duplicates,
            self.read_options,
            self.workers,
            self.inputs.spectra,
        )
