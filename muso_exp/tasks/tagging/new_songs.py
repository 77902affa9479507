"""New songs, and the likeliest tags of each."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from muso_exp.tasks.new_clips import NewClips

HEADINGS = [(f"tag {place}", f"probability {place}") for place in range(1, 6)]


@dataclass(frozen=True)
class SongTags:
    """New songs whose tags are asked for.

    Attributes:
        clips: the songs.
        names: of the tags, in the order of the model's outputs.
    """

    clips: NewClips
    names: list[str]

    def apply(self, model: Any) -> pd.DataFrame:
        """Return each song's likeliest tags with their probabilities, and the most similar song."""
        return self.clips.likeliest(model, "scores", self.names, HEADINGS)
