"""The listening of the MuSo document's users as play counts."""

import numpy as np
import pandas as pd

from muso_exp.features.interactions import sum_plays
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import Files, ReadOptions, only_top
from muso_exp.formats.muso import read_listening


def read_muso_plays(files: Files, options: ReadOptions) -> Interactions:
    """Read the listening of the MuSo document: the top 100 artists, albums or tracks of 54 users.

    The user names are people's handles: they are read past, not kept.
    """
    users = [
        counts[options.reading.items]
        for name in ("train_listening", "test_listening")
        for counts in read_listening(files[name]).values()
    ]
    names = sorted({item for user in users for item in user})
    number = {name: place for place, name in enumerate(names)}
    rows = np.repeat(np.arange(len(users)), [len(user) for user in users])
    columns = np.array([number[item] for user in users for item in user])
    counts = np.array([plays for user in users for plays in user.values()])
    plays = sum_plays(rows, columns, np.maximum(np.round(counts), 1), len(users), len(names))
    kind, other = ("artist", "title") if options.reading.items == "artist" else ("title", "artist")
    items = pd.DataFrame({"id": names, kind: names, other: ""})
    return only_top(Interactions(plays, np.arange(len(users)), items), options)
