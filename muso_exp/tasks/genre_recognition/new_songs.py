"""New songs, and the genre of each."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from muso_exp.tasks.new_clips import NewClips

SHOWN = 3  # genres that are named of a new song, the likeliest first


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
        probabilities = self.clips.predict(model)["probabilities"].double()
        likeliest, order = probabilities.sort(dim=1, descending=True)
        table = pd.DataFrame({"song": self.clips.songs["track_id"]})
        for place in range(min(SHOWN, len(self.names))):
            label = "genre" if place == 0 else f"genre {place + 1}"
            table[label] = [self.names[number] for number in order[:, place].tolist()]
            table["confidence" if place == 0 else f"confidence {place + 1}"] = likeliest[
                :, place
            ].numpy()
        return table.join(self.clips.most_similar(model))
