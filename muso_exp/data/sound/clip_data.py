"""The base of every data set of sound: clips in a store, split, cut into windows."""

from abc import abstractmethod
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset, ExperimentData, NewInput
from muso_exp.data.sound.scratch import in_scratch
from muso_exp.data.sound.simulated_sound import SoundWorld, sound_folder
from muso_exp.data.sound.splits import SplitOptions, group_names, split_clips
from muso_exp.data.sound.windows import Crops, EpochBatches, Windows
from muso_exp.errors import ConfigError
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.sound.new_songs import find_songs, warn_of_bad
from muso_exp.formats.sound.split_lists import read_artist_list, read_split_list, set_listed
from muso_exp.options import Count, Positive, Seed, Share, ZeroOrMore
from muso_exp.sound.store import AudioStore, StoreOptions, build_store
from muso_exp.tasks.base import Task
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.sound_clips import SoundClips


class AudioData(ExperimentData):
    """Clips of sound with something to learn of each; a subclass says what.

    Training takes random crops, evaluation the first consecutive windows of a clip, over which a
    model averages. Artists are the independent unit (a clip where the artist is unknown).

    Args:
        root: folder of sound files in one of the layouts of `muso_exp.formats.sound.layouts`; None
            for the simulated world, rendered to sound.
        cache: folder for the store and the simulated files.
        batch_size: crops or clips of a batch; 0 for all at once.
        seed: of the split and of the crops.
        num_workers: processes that make batches.
        layout: auto, manifest, fma, gtzan, emotify or folder.
        sample_rate: that clips are kept at, in Hz.
        seconds: length of a clip; a shorter file is padded, a longer one cropped.
        crop: which part of a longer file is kept: centre or start.
        workers: processes that decode (or render).
        n_samples: length of a window.
        eval_windows: windows of a clip that a prediction is averaged over, at most.
        crops_per_clip: random crops of each clip in a training epoch.
        split: track, artist or published.
        split_list: published list of the split, see `muso_exp.formats.sound.split_lists`.
        artist_list: published list of the artists, for layouts that lack them.
        test_share: share of the clips that is tested on; unread with folds.
        val_share: share of the rest that a model is chosen by; 0 for none.
        n_folds: 0, or the number of folds of a cross-validation.
        fold: which of them is tested on, from 0.
        world_users: users of the simulated world.
        world_artists: its artists.
        world_genres: its genres.
        world_clips: its tracks with sound.
        world_per_artist: most of them of one artist.
        world_seconds: length of their files.
        world_sample_rate: of the files, in Hz.
        world_seed: of the world.

    Raises:
        ConfigError: an option out of its range, or a clip shorter than a window.

    Source: thesis section 6.1 (20 s at 16 kHz, crops, 5 windows).
    """

    head: str  # of `muso_exp.models.audio.AudioModel`

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        num_workers: ZeroOrMore = 0,
        layout: str = "auto",
        sample_rate: Count = 16_000,
        seconds: Positive = 20.0,
        crop: str = "centre",
        workers: Count = 2,
        n_samples: Count = 59_049,
        eval_windows: Count = 5,
        crops_per_clip: Count = 1,
        split: str = "artist",
        split_list: str | None = None,
        artist_list: str | None = None,
        test_share: Share = 0.2,
        val_share: Share = 0.1,
        n_folds: ZeroOrMore = 0,
        fold: ZeroOrMore = 0,
        world_users: Count = 300,
        world_artists: Count = 400,
        world_genres: Count = 8,
        world_clips: Count = 400,
        world_per_artist: Count = 4,
        world_seconds: Positive = 10.0,
        world_sample_rate: Count = 16_000,
        world_seed: Seed = 0,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        sizes = {"n_samples": n_samples, "eval_windows": eval_windows}
        for name, size in {**sizes, "crops_per_clip": crops_per_clip}.items():
            if size < 1:
                raise ConfigError(f"dataset.{name}={size}: at least 1 is needed")
        self.layout, self.n_samples, self.crops_per_clip = layout, n_samples, crops_per_clip
        least = n_samples / sample_rate
        self.store_options = StoreOptions(sample_rate, seconds, crop, least, workers)
        whole = self.store_options.clip.n_samples // n_samples  # windows in a clip
        if whole < 1:
            raise ConfigError(
                f"dataset.seconds={seconds}: a window of {n_samples} samples at {sample_rate} Hz "
                f"is {least:.2f} s long"
            )
        self.eval_windows = min(eval_windows, whole)
        self.split_options = SplitOptions(split, test_share, val_share, n_folds, fold, seed)
        self.split_list = None if split_list is None else Path(split_list)
        self.artist_list = None if artist_list is None else Path(artist_list)
        self._opened: tuple[pd.DataFrame, AudioStore] | None = None
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

    def prepare_data(self) -> None:
        """Render the simulated world where it is asked for, and decode the clips, once.

        Raises:
            DatasetNotFoundError: no folder, or a table is missing.
            DataFormatError: a table of another form, or no file that can be used.
        """
        self._read()

    def setup(self, stage: str | None = None) -> None:
        """Open the store, take the clips that there is something to learn of, and split them.

        Raises:
            ConfigError: too few clips.
        """
        if self.dims:
            return
        tracks, self.store = self._read()
        place = pd.Series(np.arange(len(self.store)), index=self.store.index["track_id"])
        decoded = tracks[tracks["track_id"].isin(place.index)].reset_index(drop=True)
        self.n_read = len(tracks)
        self.tracks = self.choose(decoded).reset_index(drop=True)
        self.clips = place[self.tracks["track_id"]].to_numpy()  # (n_clips,), numbers in the store
        self.parts = split_clips(self.tracks, self.strata(), self.split_options)
        if self.split_options.kind == "published":
            self._drop_unlisted()
        self.artists = group_names(self.tracks)  # (n_clips,)
        self.labels = self.learn()  # (n_clips, ...)
        clips = self._sound_clips()
        self.fingerprint = clips.fingerprint(self.store.fingerprint)
        self.task = self.make_task(clips)
        self.dims |= {
            "head": self.head,
            "n_outputs": self.n_outputs(),
            "sample_rate": self.store.sample_rate,
            "n_samples": self.n_samples,
        }

    @abstractmethod
    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the decoded tracks that there is something to learn of.

        Raises:
            ConfigError: there are none.
        """

    @abstractmethod
    def learn(self) -> Tensor:
        """Return the target of each clip, (n_clips, ...); what it needs is fitted on train."""

    @abstractmethod
    def n_outputs(self) -> int:
        """Return how many numbers a model predicts of a clip."""

    @abstractmethod
    def make_task(self, clips: SoundClips) -> Task:
        """Return what is asked of a model of these clips."""

    @abstractmethod
    def new_songs(self, clips: NewClips) -> NewInput:
        """Return new songs, as what a trained model is asked of them."""

    def strata(self) -> np.ndarray:
        """Return the classes that folds hold equal shares of: the genres, shape (n_clips,)."""
        return np.unique(self.tracks["genre"].to_numpy(str), return_inverse=True)[1]

    def folder(self) -> Path:
        """Return the folder of the sound files: the root, or the simulated one."""
        if self.root is not None:
            return self.root
        return sound_folder(self.world, self.cache, self.store_options.workers)

    def part(self, name: str) -> pd.DataFrame:
        """Return the tracks of train, val or test, in row order."""
        return self.tracks.iloc[self.parts[name]].reset_index(drop=True)

    def train_dataloader(self) -> DataLoader:
        """Return random crops of the train clips, others in each epoch."""
        rows = self.train_rows()
        crops = Crops(
            self.store,
            self.clips[rows],
            self.labels[torch.from_numpy(rows)],
            self.n_samples,
            self.crops_per_clip,
            self.seed,
        )
        batches = EpochBatches(len(crops), self.batch_size or len(crops), self.seed, self.epoch)
        return DataLoader(crops, sampler=batches, batch_size=None, num_workers=self.num_workers)

    def train_rows(self) -> np.ndarray:
        """Return the clips that are trained on."""
        return self.parts["train"]

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the windows of the validation clips; nothing where none are held out."""
        rows = self.parts["val"]
        return self.loader(self.windows(rows), shuffle=False) if len(rows) else []

    def test_dataloader(self) -> DataLoader:
        """Return the windows of the test clips, in row order."""
        return self.loader(self.windows(self.parts["test"]), shuffle=False)

    def windows(self, rows: np.ndarray) -> BatchDataset:
        """Return the consecutive windows of some clips."""
        labels = self.labels[torch.from_numpy(rows)]
        return Windows(self.store, self.clips[rows], labels, self.n_samples, self.eval_windows)

    def read_new(self, path: Path) -> NewInput:
        """Read new songs: a sound file, or a folder of them.

        Clips are cut as in training. Files that cannot be used are left out, with a warning that
        names each and the reason.

        Raises:
            DatasetNotFoundError: no such file or folder, or no sound file in it.
            DataFormatError: no file that can be used.
        """
        songs = find_songs(path)

        def decode(folder: Path) -> NewClips:
            store = build_store(songs, folder, self.store_options)
            warn_of_bad(store.quarantine, len(songs))
            every, nothing = np.arange(len(store)), torch.zeros(len(store))
            windows = Windows(store, every, nothing, self.n_samples, self.eval_windows)
            named = store.index[["track_id"]].reset_index(drop=True)
            return NewClips(named, self.loader(windows, shuffle=False))

        return self.new_songs(in_scratch(decode))

    def _sound_clips(self) -> SoundClips:
        index = self.store.index
        return SoundClips(
            tracks=self.tracks,
            targets=self.labels,
            parts=self.parts,
            artists=self.artists,
            digests=index["digest"].to_numpy()[self.clips],
            n_filled=index["n_filled"].to_numpy()[self.clips],
            n_samples=self.store.n_samples,
            seconds=self.store_options.seconds,
            split=self.split_options.kind,
            n_folds=self.split_options.n_folds,
            n_read=self.n_read,
            n_decoded=len(self.store),
            quarantine=self.store.quarantine,
        )

    def _read(self) -> tuple[pd.DataFrame, AudioStore]:
        """Return the tracks of the folder and the store of their clips, read once."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> tuple[pd.DataFrame, AudioStore]:
        tracks = read_tracks(self.folder(), self.layout)
        if self.split_list is not None:
            tracks = set_listed(tracks, "split", read_split_list(self.split_list))
        if self.artist_list is not None:
            tracks = set_listed(tracks, "artist", read_artist_list(self.artist_list))
        return tracks, build_store(tracks, self.cache, self.store_options)

    def _drop_unlisted(self) -> None:
        """Keep the clips that the published split names."""
        kept = np.sort(np.concatenate(list(self.parts.values())))
        self.tracks = self.tracks.iloc[kept].reset_index(drop=True)
        self.clips = self.clips[kept]
        self.parts = {name: np.searchsorted(kept, rows) for name, rows in self.parts.items()}
