"""New songs, and the genre of each."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from muso_exp.tasks.new_clips import NewClips

HEADINGS = [  # of the genres that are named of a new song, the likeliest first
    ("genre", "confidence"),
    ("genre 2", "confidence 2"),
    ("genre 3", "confidence 3"),
]


@dataclass(frozen=True)
class SongGenres:
    """New songs whose genre is asked for.

    Attributes:
        clips: the songs.
        names: of the genres, in the order of the model's outputs.
    """

    clips: NewClips
    names: list[str]

    def apply(self, model: Any) -> pd.DataFrame:
        """Return song, genre, confidence, the genres that come next, and the most similar song."""
        return self.clips.likeliest(model, "probabilities", self.names, HEADINGS)
