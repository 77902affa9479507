"""Users with friendships and listening, some friendships held out: who are friends?"""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from msgspec.structs import asdict
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import BatchDataset, ExperimentData
from muso_exp.data.friendship.splits import FriendSplit, split_network
from muso_exp.errors import CheckpointError, ConfigError, DataFormatError
from muso_exp.features.networks import Network, as_tensors, friendships
from muso_exp.formats.friends.read import read_social
from muso_exp.formats.friends.social_data import SocialData
from muso_exp.formats.seeds import read_seeds
from muso_exp.options import Cutoffs, NotNegative
from muso_exp.records import Batch
from muso_exp.simulation.checked import WorldOptions, simulated_world
from muso_exp.simulation.hetrec import write_hetrec
from muso_exp.tasks.base import ExtraTask
from muso_exp.tasks.friendship.friend_search import NewListener, People
from muso_exp.tasks.friendship.hypotheses import PopularFriends, TasteByDistance, Tastes
from muso_exp.tasks.friendship.overview import friends_overview
from muso_exp.tasks.friendship.split_network import LabelledPairs, SplitNetwork
from muso_exp.tasks.friendship.task import Friendship
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import known_items

WORLD_VERSION = 1  # raise when simulation.hetrec writes other files for the same arguments
LEAST_USERS = 10


class FriendsWorld(WorldOptions, frozen=True, kw_only=True):
    """A simulated world of friends.

    Attributes:
        homophily: weight of taste in friendships; 0 means that taste adds nothing to the graph.
    """

    homophily: NotNegative


class NetworkPairs(BatchDataset):
    """Labelled pairs of users; a batch holds the network too.

    Args:
        network: all scores of the pairs rest on it.
        labelled: the pairs.
    """

    def __init__(self, network: Network, labelled: LabelledPairs) -> None:
        self.network, self.labelled = as_tensors(network), labelled

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.labelled)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the network, and `pairs` (B, 2), `target`, `fold` and `row` (B,)."""
        own = self.labelled
        return {
            **self.network,
            "pairs": torch.from_numpy(own.pairs[rows]),
            "target": torch.from_numpy(own.kind[rows]),
            "fold": torch.from_numpy(own.fold[rows]),
            "row": torch.as_tensor(rows, dtype=torch.int64),
        }


class Friends(ExperimentData):
    """Friendships of users, of which some are held out, and what the users listen to or like.

    Citation and licence: those of the files. Formats: HetRec 2011 Last.fm-2k; or a list of
    friendships, CSV with the columns node_1,node_2 or id_1,id_2 (Rozemberczki et al., Last.fm Asia
    and Deezer, SNAP) or user names, with what each user likes, JSON `{user: [item, ...]}`, a CSV
    of plays (user, artist, plays), or listens of ListenBrainz, one JSON object a line.

    Args:
        edges_file: name of the list of friendships under root; None for the only `*edges*.csv`.
        listening_file: name of the listening; None for the only other file that can be it.
        bad_rows: of a list of friendships: `refuse`, or `drop` and count.
        tags_encoding: of HetRec's tags.dat.
        listening: `own`, or `shuffled` among the users: taste then adds nothing, and the card must
            say so.
        split: which friendships are held out, and which pairs stand against them.
        cutoffs: the k of the lists of suggestions.
        hypotheses: whether to look at how taste goes with distance and popularity too.
        world: the simulated world in HetRec's format, where no root is given.
        **common: see `muso_exp.data.base.ExperimentData`; `batch_size` must be 0, all pairs at
            once, since a batch holds the whole network.

    Raises:
        ConfigError: another batch size.
    """

    name = "friends"

    def __init__(
        self,
        edges_file: str | None,
        listening_file: str | None,
        bad_rows: Literal["refuse", "drop"],
        tags_encoding: str,
        listening: Literal["own", "shuffled"],
        split: FriendSplit,
        cutoffs: Cutoffs,
        hypotheses: bool,
        world: FriendsWorld,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if self.batch_size:
            raise ConfigError(
                f"dataset.batch_size={self.batch_size}: must be 0, all pairs at once, since a "
                "batch holds the whole network"
            )
        self.files = edges_file, listening_file
        self.bad_rows, self.tags_encoding = bad_rows, tags_encoding
        self.listening, self.split, self.world = listening, split, world
        self.cutoffs, self.hypotheses = cutoffs, hypotheses
        self.network: SplitNetwork | None = None
        self.people: People | None = None

    def prepare_data(self) -> None:
        """Simulate the files once, where no root is given."""
        if self.simulated:
            self._folder()

    def setup(self, stage: str | None = None) -> None:
        """Read the files and hold friendships out, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file breaks its format, or holds too few users.
            ConfigError: too few friendships are left.
        """
        if self.network is not None:
            return
        root = self._folder()
        read = read_social(root, self.bad_rows, self.tags_encoding, *self.files)
        if len(read.users) < LEAST_USERS:
            problem = f"{len(read.users)} users; at least {LEAST_USERS} are needed"
            raise DataFormatError(root, problem, fix="give a larger network")
        self.social = self._shuffled(read) if self.listening == "shuffled" else read
        whole = Network(friendships(read.pairs, len(read.users)), self.social.plays)
        test, fit = split_network(whole, self.split, self.seed)
        self.network = SplitNetwork(read.users, whole, test, fit, read.notes)
        self.people = People(read.users, whole, read.items, read.item_tags, read.tags)
        self.fingerprint = self.social.fingerprint()
        self.dims = {"n_users": whole.n_users, "n_items": whole.plays.shape[1]}
        tests = self._hypotheses(whole)
        self.task = Friendship(self.network, self.cutoffs, tests, self.cache)

    def overview(self) -> Overview:
        """Return what the network holds, see `friends_overview`."""
        if self.people is None:
            raise RuntimeError("setup was not called")
        notes = list(self.social.notes)
        return friends_overview(self.people, notes, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the pairs to fit on with the network they are taken out of, as one batch."""
        return self._batch(self._split().fit)

    def test_dataloader(self) -> DataLoader:
        """Return the test pairs with the network without their friendships, as one batch."""
        return self._batch(self._split().test)

    def state_dict(self) -> dict[str, Any]:
        """Return the users and their network; Lightning keeps it in every checkpoint."""
        return {} if self.people is None else self.people.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.people = People.from_state(state_dict)

    def people_with(self, path: Path) -> People:
        """Return the users of the training and somebody new, the last one, with their listening.

        Args:
            path: see `muso_exp.formats.seeds.read_seeds`; where the file has no play counts, each
                item counts the median of training.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: no seeds in the file, or none that the run knows.
        """
        if self.people is None:
            raise CheckpointError("this run keeps no users; train it anew")
        plays = self.people.network.plays
        names = pd.DataFrame({"id": self.people.items, "artist": self.people.items}).assign(
            title=""
        )
        catalogue = ItemCatalogue.of(names, plays, counted=True)
        items, counts = known_items(read_seeds(path), catalogue)
        row = csr_matrix((counts, (np.zeros(len(items), int), items)), shape=(1, plays.shape[1]))
        return self.people.with_listener(row)

    def read_new(self, path: Path) -> NewListener:
        """Read what somebody new listens to, see `people_with`."""
        return NewListener(self.people_with(path))

    def _hypotheses(self, whole: Network) -> list[ExtraTask]:
        if not self.hypotheses:
            return []
        tastes = Tastes(whole, self.seed)
        return [TasteByDistance(tastes, self.seed), PopularFriends(tastes)]

    def _batch(self, labelled: LabelledPairs) -> DataLoader:
        return self.loader(NetworkPairs(self._split().known, labelled), shuffle=False)

    def _split(self) -> SplitNetwork:
        if self.network is None:
            raise RuntimeError("setup was not called")
        return self.network

    def _shuffled(self, read: SocialData) -> SocialData:
        from dataclasses import replace

        order = np.random.default_rng([self.seed, 7]).permutation(len(read.users))
        return replace(read, plays=csr_matrix(read.plays[order]))

    def _folder(self) -> Path:
        if self.root is not None:
            return self.root
        key = cache_key("friends", WORLD_VERSION, asdict(self.world))
        return cached_folder(self.cache, key, partial(_simulate, self.world))


def _simulate(options: FriendsWorld, folder: Path) -> None:
    world = simulated_world(
        n_users=options.users,
        n_artists=options.artists,
        n_genres=options.genres,
        seed=options.seed,
        homophily=options.homophily,
    )
    write_hetrec(world, folder)
