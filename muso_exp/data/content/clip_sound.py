"""Clips of the sound of played items, and a vector of each."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytorch_lightning as pl

from muso_exp.data.content.sound_numbers import EMBEDDING, sound_numbers
from muso_exp.data.sound.clip_items import Match, played_tracks
from muso_exp.data.sound.simulated_sound import SoundWorld, sound_folder
from muso_exp.data.sound.windows import WindowOptions
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.options import Inert
from muso_exp.sound.store import AudioStore, StoreOptions, build_store


class ClipSound:
    """Sound files beside plays: which played item each is, and a vector of its sound.

    Args:
        store: which clips are kept of the files.
        windows: what a network is given of a clip.
        world: the simulated world, rendered to sound where no root is given.
        cache: folder for prepared files.
        root: folder of sound files; None: the simulated one.
        layout: of the files, see `muso_exp.formats.sound.layouts.LAYOUTS`.
        match: how a clip is found among the played items: `id`, or `names`.
        embedder: a model whose embedding, as it is, describes the windows (musicnn); None: the bag
            of cepstral coefficients of the whole clip.
    """

    def __init__(
        self,
        store: StoreOptions,
        windows: WindowOptions,
        world: SoundWorld,
        cache: Inert[str],
        root: Inert[str | None] = None,
        layout: Inert[str] = "auto",
        match: Match = "id",
        embedder: pl.LightningModule | None = None,
    ) -> None:
        self.store_options, self.windows = store, windows.fitted(store.clip)
        self.world, self.cache = world, Path(cache)
        self.root = None if root is None else Path(root)
        self.layout, self.match, self.embedder = layout, match, embedder

    def folder(self) -> Path:
        """Return the folder of the sound files, rendered now where it is the simulated one."""
        if self.root is not None:
            return self.root
        return sound_folder(self.world, self.cache, self.store_options.workers)

    def read(self, plays: Interactions) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the played tracks with sound, the number of their item as `item`, and vectors.

        Returns:
            A row per track, and shape (n_tracks, n_columns), not scaled.

        Raises:
            DatasetNotFoundError: no folder, or its table is missing.
            DataFormatError: a table of another form, or no file that can be used.
            ConfigError: too few tracks that are played; an embedder without its weights.
        """
        listed = read_tracks(self.folder(), self.layout)
        store = build_store(listed, self.cache, self.store_options)
        place = pd.Series(np.arange(len(store)), index=store.index["track_id"])
        decoded = listed[listed["track_id"].isin(place.index)].reset_index(drop=True)
        tracks = played_tracks(plays, decoded, self.match)
        clips = place[tracks["track_id"]].to_numpy()
        return tracks, self._vectors(store)[clips]

    def _vectors(self, store: AudioStore) -> np.ndarray:
        part = "mfcc" if self.embedder is None else EMBEDDING
        every = np.arange(len(store))
        return sound_numbers(store, every, self.cache, self.windows, self.embedder)[part]()
