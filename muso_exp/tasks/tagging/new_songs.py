"""New songs, and the likeliest tags of each."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from muso_exp.tasks.new_clips import NewClips

SHOWN = 5  # tags that are named of a new song


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
        scores = self.clips.predict(model)["scores"].double()
        likeliest, order = scores.sort(dim=1, descending=True)
        table = pd.DataFrame({"song": self.clips.songs["track_id"]})
        for place in range(min(SHOWN, len(self.names))):
            table[f"tag {place + 1}"] = [self.names[tag] for tag in order[:, place].tolist()]
            table[f"probability {place + 1}"] = likeliest[:, place].numpy()
        return table.join(self.clips.most_similar(model))
