"""How close the simulated world is to the real data: one table."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize

from muso_exp.features.graph import bfs_distances, dilation_distances
from muso_exp.simulation.hetrec import TOP as HETREC_TOP
from muso_exp.simulation.muso import TOP as MUSO_TOP
from muso_exp.simulation.muso import Chain, walk_chains
from muso_exp.simulation.top_lists import TopLists, top_lists, top_tags
from muso_exp.simulation.world import World

# Measured on HetRec 2011 Last.fm-2k (1,892 users). Chains: mean of 40 walks of 101 users; unknown
# artists: 30 users of a chain against 24 others.
HETREC = {
    "friends per user, mean": 13.443,
    "friends per user, median": 6,
    "friends per user, Gini": 0.587,
    "friends who are friends of each other": 0.134,
    "users at distance 1": 0.0071,
    "users at distance 2": 0.1068,
    "users at distance 3": 0.3677,
    "users at distance 4": 0.3465,
    "users at distance 5": 0.0994,
    "users further away": 0.0214,
    "users out of reach": 0.0511,
    "taste cosine of friends, mean": 0.200,
    "taste cosine of users at distance 4, mean": 0.029,
    "friend AUC of the taste cosine": 0.836,
    "rank correlation of taste cosine and distance": -0.266,
    "chain of 101: median DOS": 4.2,
    "chain of 101: largest DOS": 17.2,
    "chain of 101: rank correlation of taste cosine and DOS": -0.44,
    "unknown plays of test users: artists": 0.401,
    "plays per user, Gini": 0.559,
    "top artist's share of a user's top 50": 0.185,
    "plays of the top 1 % artists": 0.519,
    "artists with a single listener": 0.606,
    "listeners of the first artist": 0.323,
}

# Measured on the MuSo chains (30 train and 24 test users, top 100 lists); DOS of the train users.
MUSO = {
    "chain of 101: median DOS": 17,
    "chain of 101: largest DOS": 41,
    "chain of 101: rank correlation of taste cosine and DOS": -0.033,
    "unknown plays of test users: artists": 0.745,
    "unknown plays of test users: albums": 0.894,
    "unknown plays of test users: tracks": 0.930,
    "unknown plays of test users: tags": 0.095,
    "distinct artists per train user": 2223 / 30,
    "distinct albums per train user": 2624 / 30,
    "distinct tracks per train user": 2824 / 30,
    "distinct tags per train user": 1545 / 30,
    "plays per user, Gini": 0.620,
    "plays per user in the top 100, median": 2362,
    "artists per user in the top 100, mean": 92.0,
    "top artist's share of a user's top 100": 0.121,
}

MAX_SOURCES = 2000  # users from whom distances are counted
N_CHAINS = 10
PUBLISHED_TRAIN, PUBLISHED_TEST = 30, 24  # MuSo, "Data"


def statistics_table(world: World) -> pd.DataFrame:
    """Set statistics of a world beside those of the real data.

    Returns:
        A row per statistic; columns statistic, HetRec, MuSo, simulated; NaN where a data set has
        no such statistic. Chain statistics of a world too small for the chains are NaN.
    """
    artists = world.artist_plays()
    measured = {
        **_friendships(world.friends),
        **_taste(world.friends, _cosine_ready(top_lists(artists, HETREC_TOP), artists.shape)),
        **_activity(artists),
        **_chains(world, artists),
    }
    names = dict.fromkeys([*HETREC, *MUSO])
    columns = {"HetRec": HETREC, "MuSo": MUSO, "simulated": measured}
    values = {
        title: [column.get(name, np.nan) for name in names] for title, column in columns.items()
    }
    return pd.DataFrame({"statistic": list(names), **values})


def gini(values: np.ndarray) -> float:
    """Return the Gini coefficient of non-negative values, shape (n,): 0 equal, near 1 one has all.

    Raises:
        ValueError: no value is positive.
    """
    ordered = np.sort(values.astype(np.float64))
    if not ordered.size or ordered[-1] <= 0:
        raise ValueError("gini needs at least one positive value")
    ranks = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float(ranks @ ordered / (len(ordered) * ordered.sum()))


def transitivity(friends: csr_matrix) -> float:
    """Return the share of pairs of a user's friends who are friends, over all users' pairs."""
    wide = friends.astype(np.int64)
    degree = np.asarray(wide.sum(axis=1), dtype=np.float64).ravel()
    closed = (wide @ wide).multiply(wide).sum()
    pairs = (degree * (degree - 1)).sum()
    return float(closed / pairs) if pairs else 0.0


def _friendships(friends: csr_matrix) -> dict[str, float]:
    degree = np.diff(friends.indptr)
    return {
        "friends per user, mean": float(degree.mean()),
        "friends per user, median": float(np.median(degree)),
        "friends per user, Gini": gini(degree),
        "friends who are friends of each other": transitivity(friends),
    }


def _taste(friends: csr_matrix, tastes: csr_matrix) -> dict[str, float]:
    """Measure distances and taste cosines from up to `MAX_SOURCES` users to all others."""
    n_users = friends.shape[0]
    sources = np.random.default_rng(0).permutation(n_users)[:MAX_SOURCES]
    others = sources[:, None] != np.arange(n_users)  # (n_sources, n_users)
    distance = bfs_distances(friends, sources)[others]  # (n_pairs,)
    cosine = (tastes[sources] @ tastes.T).toarray()[others]  # (n_pairs,)
    reached = distance > 0
    return {
        **{f"users at distance {d}": float((distance == d).mean()) for d in range(1, 6)},
        "users further away": float((distance > 5).mean()),
        "users out of reach": float((distance < 0).mean()),
        "taste cosine of friends, mean": _mean(cosine[distance == 1]),
        "taste cosine of users at distance 4, mean": _mean(cosine[distance == 4]),
        "friend AUC of the taste cosine": float(roc_auc_score(distance == 1, cosine)),
        "rank correlation of taste cosine and distance": float(
            spearmanr(cosine[reached], distance[reached])[0]
        ),
    }


def _activity(artists: csr_matrix) -> dict[str, float]:
    fifty, hundred = top_lists(artists, HETREC_TOP), top_lists(artists, MUSO_TOP)
    per_artist = np.bincount(fifty.item, fifty.plays)
    listeners = np.bincount(fifty.item)
    heard = listeners > 0
    first = np.sort(per_artist[heard])[::-1][: max(1, round(heard.sum() / 100))]
    totals = np.bincount(hundred.user, hundred.plays)
    return {
        "plays per user, Gini": gini(np.asarray(artists.sum(axis=1)).ravel()),
        "plays per user in the top 100, median": float(np.median(totals)),
        "artists per user in the top 100, mean": len(hundred.user) / artists.shape[0],
        "top artist's share of a user's top 50": _first_share(fifty),
        "top artist's share of a user's top 100": _first_share(hundred),
        "plays of the top 1 % artists": float(first.sum() / per_artist.sum()),
        "artists with a single listener": float((listeners == 1).sum() / heard.sum()),
        "listeners of the first artist": float(listeners.max() / artists.shape[0]),
    }


def _first_share(lists: TopLists) -> float:
    """Return the mean over users of the first item's share of the list's plays."""
    total = np.bincount(lists.user, lists.plays)
    users, start = np.unique(lists.user, return_index=True)
    return float((lists.plays[start] / total[users]).mean())


def _chains(world: World, artists: csr_matrix) -> dict[str, float]:
    """Average over `N_CHAINS` pairs of chains walked and cut as published."""
    lists = {
        "artists": top_lists(artists, MUSO_TOP),
        "albums": top_lists(world.album_plays(), MUSO_TOP),
        "tracks": top_lists(world.plays, MUSO_TOP),
    }
    tastes = _cosine_ready(lists["artists"], artists.shape)
    rows = []
    for seed in range(N_CHAINS):
        try:
            chains = walk_chains(world, seed, PUBLISHED_TRAIN, PUBLISHED_TEST)
        except ValueError:  # a world too small for chains of 101 users
            continue
        rows.append(_chain_labels(chains["train"], tastes))
        users = [chain.users[chain.stay] for chain in chains.values()]
        for name, category in lists.items():
            rows[-1] |= _unknown(name, *([category.of(u) for u in split] for split in users))
        tagged = ([_tags(world, lists["artists"], user) for user in split] for split in users)
        rows[-1] |= _unknown("tags", *tagged)
    means = pd.DataFrame(rows).mean()
    return {str(name): float(value) for name, value in means.items()}


def _chain_labels(chain: Chain, tastes: csr_matrix) -> dict[str, float]:
    above = np.triu_indices(len(chain.users), k=1)
    label = dilation_distances(chain.relations)[above]
    cosine = (tastes[chain.users] @ tastes[chain.users].T).toarray()[above]
    return {
        "chain of 101: median DOS": float(np.median(label)),
        "chain of 101: largest DOS": float(label.max()),
        "chain of 101: rank correlation of taste cosine and DOS": float(
            spearmanr(cosine, label)[0]
        ),
    }


Lists = Iterable[tuple[np.ndarray, np.ndarray]]  # (items, plays) of each user


def _unknown(name: str, train: Lists, test: Lists) -> dict[str, float]:
    """Return distinct items per train user and the share of test plays of other items."""
    seen = [items for items, _ in train]
    known = np.unique(np.concatenate(seen))
    items, plays = (np.concatenate(part) for part in zip(*test, strict=True))
    return {
        f"unknown plays of test users: {name}": float(
            plays[~np.isin(items, known)].sum() / plays.sum()
        ),
        f"distinct {name} per train user": len(known) / len(seen),
    }


def _tags(world: World, artists: TopLists, user: int) -> tuple[np.ndarray, np.ndarray]:
    weights = top_tags(artists, world.catalogue.artist_tags, user, MUSO_TOP)
    return np.array(list(weights)), np.array(list(weights.values()))


def _cosine_ready(lists: TopLists, shape: tuple[int, ...]) -> csr_matrix:
    """Return log-plays with rows of length one, shape (n_users, n_items)."""
    return normalize(csr_matrix((np.log1p(lists.plays), (lists.user, lists.item)), shape=shape))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
