"""A data set of listening: who played which artist how often."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.data.base import ExperimentData
from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.data.recommendation.splits import PlaysSplit, split_plays
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.tables import exactly, read_table, refuse_duplicates, whole_numbers
from muso_exp.formats.text import find_files
from muso_exp.options import Count, Seed, Share, ZeroOrMore
from muso_exp.tasks.recommendation.split_plays import SplitPlays
from tiny_taste.reach import ReachedArtists


class Diary(ExperimentData):
    """Plays of artists, a share of each user's artists held out.

    Args:
        root: folder with diary.tsv; None for the simulated one of this package.
        cache: folder for prepared files, of which there are none.
        batch_size: users scored at once, 0 for all.
        seed: of the split.
        test_share: of each user's artists, held out.
        cutoffs: the k of the ranking metrics.
    """

    name = "diary"

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        test_share: Share,
        cutoffs: Sequence[Count],
    ) -> None:
        super().__init__(root, cache, batch_size, seed)
        self.test_share, self.cutoffs = test_share, list(cutoffs)

    def setup(self, stage: str | None = None) -> None:
        """Read and split the plays, once."""
        if self.dims:
            return
        read = read_diary(self.root or Path(__file__).parent)
        held_out = PlaysSplit(by="holdout", test_share=self.test_share, val_share=0.0, list=None)
        split = split_plays(read, held_out, self.seed)
        plays = SplitPlays(read, split, read.plays.shape, 1, 1)
        self.fingerprint = read.fingerprint()
        self.task = ReachedArtists(plays, self.cutoffs, queries=[0])
        n_users, n_items = read.plays.shape
        self.dims = {"n_users": n_users, "n_items": n_items, "cutoffs": self.cutoffs}

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix as one batch."""
        return self.loader(WholeMatrix(self.task.plays.split.train), shuffle=False)

    def test_dataloader(self) -> DataLoader:
        """Return the users with held-out artists, in row order."""
        return self.loader(UserRows(self.task.held), shuffle=False)


def read_diary(root: Path) -> Interactions:
    """Read diary.tsv: user, artist and plays in each row, tabs between.

    Raises:
        DatasetNotFoundError: it is not there.
        DataFormatError: a row that cannot be used, with its line.
    """
    path = find_files(root, {"diary": ["diary.tsv"]}, "set dataset.root to its folder")["diary"]
    columns = exactly(path, ["user", "artist", "plays"], delimiter="\t")
    table = read_table(path, columns, delimiter="\t")
    refuse_duplicates(path, table, ["user", "artist"], "sum their plays")
    plays = whole_numbers(path, table, "plays", least=1)
    users, user = np.unique(table["user"], return_inverse=True)
    artists, artist = np.unique(table["artist"], return_inverse=True)
    matrix = csr_matrix((plays, (user, artist)), shape=(len(users), len(artists)))
    items = pd.DataFrame({"id": artists, "artist": artists, "title": ""})
    return Interactions(matrix, np.arange(len(users)), items)
