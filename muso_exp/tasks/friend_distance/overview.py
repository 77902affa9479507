"""Users with listening and degrees of separation, before any model."""

import numpy as np
import pandas as pd

from muso_exp.records import Finding, Section
from muso_exp.tasks.friend_distance.user_pairs import UserPairs
from muso_exp.tasks.overview import (
    Overview,
    counted_section,
    frequencies_section,
    ordered_counts,
    play_rows,
    plays_tails,
    sample_section,
    tail_section,
)


def pairs_overview(
    pairs: UserPairs, counts: dict[str, int], notes: list[Finding], seed: int
) -> Overview:
    """Return what users and their pairs hold.

    Args:
        pairs: with all users, over the items of the train users.
        counts: of the task.
        notes: findings on the files.
        seed: of the sample.
    """
    sections: list[Section] = [_distances(pairs)]
    for name, plays in pairs.listeners.plays.items():
        sections += [
            tail_section(
                plays_tails(plays, f"{name}s"), "plays", f"Plays by {name}", f"tail_{name}"
            )
        ]
        listeners = np.diff(plays.tocsc().indptr)
        most = ordered_counts(listeners, pairs.listeners.items[name])
        sections.append(counted_section(most, f"Most known: {name}s", "users", f"most_{name}"))
    sections += [_missing(pairs), _sample(pairs, seed)]
    return Overview(counts, sections, notes)


def _distances(pairs: UserPairs) -> Section:
    dos = np.concatenate([own.dos for own in pairs.drawn.values()])
    found = frequencies_section(dos.astype(int), "Degrees of separation", "pairs", "distances")
    rows = [
        {
            "part": name,
            "pairs of users": own.n_candidates,
            "without a known distance": own.n_without_path,
            "beyond the classes": own.n_beyond,
            "used": len(own.dos),
            "median": float(np.median(own.dos)) if len(own.dos) else np.nan,
            "most": int(own.dos.max()) if len(own.dos) else np.nan,
        }
        for name, own in pairs.drawn.items()
    ]
    text = "Of the pairs that are used, in all parts: how many have each degree, most first."
    return Section(found.name, found.title, text, table=pd.DataFrame(rows), figure=found.figure)


def _missing(pairs: UserPairs) -> Section:
    rows = [
        {
            "category": name,
            "users without any": int((np.diff(plays.indptr) == 0).sum()),
            "items": plays.shape[1],
            "items of the test users that no train user plays, %": round(
                100 * pairs.unknown[name].entries, 1
            ),
            "their plays, %": round(100 * pairs.unknown[name].plays, 1),
        }
        for name, plays in pairs.listeners.plays.items()
    ]
    text = "What the test users play and no train user does is unknown to every model."
    return Section("missing", "What is missing", text, table=pd.DataFrame(rows))


def _sample(pairs: UserPairs, seed: int) -> Section:
    name, plays = next(iter(pairs.listeners.plays.items()))
    rows = play_rows(plays, pairs.listeners.users, pairs.listeners.items[name])
    return sample_section(rows.rename(columns={"item": name}), seed, "entries")
