"""The audit of factors from sound: which clips, artists and users are known."""

import numpy as np

from muso_exp.records import Finding
from muso_exp.tasks.factor_regression.factor_clips import FactorClips


def audit(rows: FactorClips) -> list[Finding]:
    """Return who is known of what: the clips, the artists, the users."""
    clips = rows.clips
    items, decoded = len(clips.tracks), clips.n_decoded
    train, test = (clips.artists[clips.parts[name]] for name in ("train", "test"))
    unknown = float((~np.isin(test, train)).mean())
    n_users = len(rows.listening.users)
    return [
        *rows.notes,
        Finding(
            "clips_without_plays",
            decoded - items,
            f"{decoded - items} of {decoded} decoded clips are not among the "
            f"{rows.n_items} played items (dataset.match={rows.match})",
        ),
        Finding(
            "known_songs",
            len(rows.known),
            f"the factors of {len(rows.known)} of {len(clips.parts['train'])} train clips are "
            "known to learn from (dataset.train_share); users are known by all train clips",
        ),
        Finding(
            "items_without_sound",
            rows.n_items - items,
            f"{rows.n_items - items} played items have no clip; their plays shape the factors",
        ),
        Finding(
            "factors_know_test_plays",
            1.0,
            "the factors to be heard were learned from all plays, those of test clips too (as in "
            "the thesis): the upper bound is no forecast, the rows beside it are",
        ),
        Finding(
            "test_clips_by_unknown_artists",
            unknown,
            f"{unknown:.1%} of the test clips are by artists without train clips; for these the "
            "null model artist_mean says the mean of all",
        ),
        Finding(
            "users_in_recommendation",
            n_users,
            f"{n_users} of {rows.n_users} users have played both train and test clips, "
            f"{rows.listening.held.nnz} test entries; popularity is no null model here: no user "
            "knows how often a new song will be played",
            "warning" if n_users < 100 else "note",
        ),
    ]
