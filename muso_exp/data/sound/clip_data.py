"""The base of every data set of sound: clips in a store, split, cut into windows."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from msgspec.structs import replace
from torch import Tensor
from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset, ExperimentData, NewInput
from muso_exp.data.shares import own_share
from muso_exp.data.sound.scratch import in_scratch
from muso_exp.data.sound.simulated_sound import SoundWorld, sound_folder
from muso_exp.data.sound.splits import SplitOptions, group_names, split_clips
from muso_exp.data.sound.windows import ClipVectors, Crops, EpochBatches, WindowOptions, Windows
from muso_exp.errors import ConfigError
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.sound.new_songs import find_songs, warn_of_bad
from muso_exp.formats.sound.split_lists import read_artist_list, read_split_list, set_listed
from muso_exp.options import Inert
from muso_exp.sound.loudness import clip_loudness
from muso_exp.sound.store import AudioStore, StoreOptions, build_store
from muso_exp.tasks.base import Task
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.sound_clips import SoundClips
from muso_exp.tasks.sound_overview import clips_overview, loudness_values

SOUND = "audio"  # of the inputs: windows of the sound itself


class AudioData(ExperimentData):
    """Clips of sound with something to learn of each; a subclass says what.

    Training takes random crops, evaluation the first consecutive windows of a clip, over which a
    model averages. Artists are the independent unit (a clip where the artist is unknown).

    Args:
        store: which clips are kept of the files.
        windows: what a network is given of a clip.
        split: which clips are trained on and which tested.
        world: the simulated world, rendered to sound where no root is given.
        layout: of the files: auto, or one of `muso_exp.formats.sound.layouts.LAYOUTS`.
        **common: see `muso_exp.data.base.ExperimentData`; `root` is a folder of sound files in one
            of the layouts of `muso_exp.formats.sound.layouts`.

    Attributes:
        inputs: what a model is given: `audio`, windows of sound; or names of vectors.
        x: vectors in the place of the sound, shape (n_clips, D); None: windows. `learn` fills it.
        offset: what is known of each clip's target before, shape (n_clips, ...), which a network
            adds to its outputs; None: nothing. `learn` fills it.

    Raises:
        ConfigError: a clip shorter than a window.

    Source: thesis section 6.1 (20 s at 16 kHz, crops, 5 windows).
    """

    head: str  # of `muso_exp.models.audio.AudioModel`

    def __init__(
        self,
        store: StoreOptions,
        windows: WindowOptions,
        split: SplitOptions,
        world: SoundWorld,
        layout: Inert[str] = "auto",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        least = windows.n_samples / store.sample_rate
        self.store_options = replace(store, min_seconds=max(store.min_seconds, least))
        self.window_options = windows.fitted(store.clip)
        self.split_options, self.world, self.layout = split, world, layout
        self.inputs = [SOUND]
        self.x: Tensor | None = None
        self.offset: Tensor | None = None
        self._opened: tuple[pd.DataFrame, AudioStore] | None = None

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
        self.lost_genres = sorted(set(tracks["genre"]) - set(decoded["genre"]) - {""})
        self.tracks = self.choose(decoded).reset_index(drop=True)
        self.clips = place[self.tracks["track_id"]].to_numpy()  # (n_clips,), numbers in the store
        self.parts = split_clips(self.tracks, self.strata(), self.split_options, self.seed)
        if self.split_options.by == "published":
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
            "n_samples": self.window_options.n_samples,
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

    def overview(self) -> Overview:
        """Return what the clips hold, see `clips_overview`."""
        loudness = clip_loudness(self.store, self.cache)[self.clips]
        values = loudness_values(loudness) | self.explored()
        return clips_overview(self._sound_clips(), values, self.seed, self.task.counts())

    def explored(self) -> dict[str, np.ndarray]:
        """Return further numbers of each clip, by name, shapes (n_clips,), for `overview`."""
        return {}

    def train_dataloader(self) -> DataLoader:
        """Return random crops of the train clips, others in each epoch, or their vectors."""
        rows = self.train_rows()
        if self.x is not None:
            return self.loader(self.windows(rows), shuffle=True)
        crops = Crops(
            self.store,
            self.clips[rows],
            self.labels[torch.from_numpy(rows)],
            self.window_options.n_samples,
            self.window_options.crops_per_clip,
            self.seed,
            None if self.offset is None else self.offset[torch.from_numpy(rows)],
        )
        batches = EpochBatches(len(crops), self.batch_size or len(crops), self.seed, self.epoch)
        own = own_share(batches)
        return DataLoader(crops, sampler=own, batch_size=None, num_workers=self.num_workers)

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
        """Return the consecutive windows of some clips, or their vectors."""
        own = torch.from_numpy(rows)
        if self.x is not None:
            return ClipVectors(self.x[own], self.labels[own])
        offset = None if self.offset is None else self.offset[own]
        return self._windows(self.store, self.clips[rows], self.labels[own], offset)

    def read_new(self, path: Path) -> NewInput:
        """Read new songs: a sound file, or a folder of them.

        Clips are cut as in training. Files that cannot be used are left out, with a warning that
        names each and the reason.

        Raises:
            DatasetNotFoundError: no such file or folder, or no sound file in it.
            DataFormatError: no file that can be used.
            ConfigError: the run was not trained on sound.
        """
        if self.inputs != [SOUND]:
            raise ConfigError(
                f"a run with dataset.inputs={'+'.join(self.inputs)} cannot be applied to sound; "
                "train one with inputs=audio"
            )
        songs = find_songs(path)

        def decode(folder: Path) -> NewClips:
            store = build_store(songs, folder, self.store_options)
            warn_of_bad(store.quarantine, len(songs))
            every, nothing = np.arange(len(store)), torch.zeros(len(store))
            windows = self._windows(store, every, nothing)
            named = store.index[["track_id"]].reset_index(drop=True)
            return NewClips(named, self.loader(windows, shuffle=False))

        return self.new_songs(in_scratch(decode))

    def _windows(
        self, store: AudioStore, clips: np.ndarray, target: Tensor, offset: Tensor | None = None
    ) -> Windows:
        length = self.window_options
        return Windows(store, clips, target, length.n_samples, length.eval_windows, offset)

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
            split=self.split_options.by,
            n_folds=self.split_options.n_folds,
            n_read=self.n_read,
            n_decoded=len(self.store),
            quarantine=self.store.quarantine,
            lost_genres=self.lost_genres,
        )

    def _read(self) -> tuple[pd.DataFrame, AudioStore]:
        """Return the tracks of the folder and the store of their clips, read once."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> tuple[pd.DataFrame, AudioStore]:
        tracks = read_tracks(self.folder(), self.layout)
        listed, artists = self.split_options.list, self.split_options.artist_list
        if listed is not None:
            tracks = set_listed(tracks, "split", read_split_list(Path(listed)))
        if artists is not None:
            tracks = set_listed(tracks, "artist", read_artist_list(Path(artists)))
        return tracks, build_store(tracks, self.cache, self.store_options)

    def _drop_unlisted(self) -> None:
        """Keep the clips that the published split names."""
        kept = np.sort(np.concatenate(list(self.parts.values())))
        self.tracks = self.tracks.iloc[kept].reset_index(drop=True)
        self.clips = self.clips[kept]
        self.parts = {name: np.searchsorted(kept, rows) for name, rows in self.parts.items()}
