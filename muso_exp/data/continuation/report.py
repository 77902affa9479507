"""What the continuation task tells about itself: predictions, audit, counts, sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.data.continuation.mpd import CHALLENGE_SET, CHALLENGE_TRUTH, find_one
from muso_exp.data.continuation.tables import CHALLENGE, TRUTH
from muso_exp.data.listening.report import with_columns
from muso_exp.metrics.challenge import CooccurrenceError
from muso_exp.plots import forest_figure
from muso_exp.results import Finding, Section, SideTask

if TYPE_CHECKING:
    from muso_exp.data.playlist_continuation import PlaylistContinuation

N_EXAMPLES, N_SHOWN = 3, 10  # playlists shown, and tracks of each
SHOWN = ("r_precision", "ndcg_at_500", "clicks")  # by kind of seeds


def predictions(data: PlaylistContinuation, preds: dict[str, Tensor]) -> pd.DataFrame:
    """Return a row per playlist: id, seeds, held-out tracks, recommended tracks, all columns."""
    held = data.test_held
    rows = data.continuation.playlists[held.users]
    table = pd.DataFrame({"playlist": data.data.pids[rows].astype(str)})
    table["seeds"] = data.continuation.category[held.users]
    table["n_seeds"] = np.diff(held.seen.indptr)
    tracks = np.split(held.positives.indices, held.positives.indptr[1:-1])
    table["held_out"] = [items.tolist() for items in tracks]
    return with_columns(table, preds)


def audit(data: PlaylistContinuation) -> list[Finding]:
    """Return repeats, strangers among seeds and held-out tracks, and who has no sound."""
    n_repeats, n_short = data.continuation.n_repeats, data.continuation.n_short
    return [
        Finding(
            "repeated_tracks",
            n_repeats,
            f"{n_repeats} tracks stood in a playlist a second time and were left out",
        ),
        *_seed_findings(data),
        *_challenge_findings(data),
        *_track_findings(data),
        Finding(
            "unfilled_kinds",
            n_short,
            f"{n_short} playlists are missing to share them out evenly to the kinds of seeds, for "
            "want of long ones",
        ),
        *_training_findings(data.learned),
    ]


def _seed_findings(data: PlaylistContinuation) -> list[Finding]:
    """Return how many playlists have no seeds, or none that anything is known of."""
    held, heard = data.test_held, data.file_order >= 0
    elsewhere = data.popularity - _counts(held.seen, len(heard))  # in playlists of training
    n, n_seeds = len(held.users), np.diff(held.seen.indptr)
    strange = int((_rows_with(held.seen, elsewhere > 0) == 0)[n_seeds > 0].sum())
    deaf = int((_rows_with(held.seen, heard) == 0)[n_seeds > 0].sum())
    return [
        Finding(
            "playlists_without_seeds",
            float((n_seeds == 0).sum()),
            f"{(n_seeds == 0).sum()} of {n} continued playlists have no seeds (their title only); "
            "`titles` alone, and a mix with it, reads titles",
        ),
        Finding(
            "strange_seeds",
            strange,
            f"{strange} of {n} continued playlists have seeds, none of which is in a playlist of "
            "training",
        ),
        Finding(
            "deaf_seeds",
            deaf,
            f"{deaf} of {n} continued playlists have seeds, none of which has features",
        ),
    ]


def _challenge_findings(data: PlaylistContinuation) -> list[Finding]:
    """Return what of a challenge is there and not used: half of its files, or of its playlists."""
    kinds, pids = data.data.kinds, data.data.pids
    asked, truth = (set(pids[kinds == kind].tolist()) for kind in (CHALLENGE, TRUTH))
    if not asked and data.root is not None:
        names = [name for name in (CHALLENGE_SET, CHALLENGE_TRUTH) if find_one(data.root, name)]
        text = f"{' and '.join(names)}: there and not read; tracks are held out of the slices"
        return [Finding("unread_challenge_files", len(names), text)] if names else []
    alone = len(asked ^ truth)
    text = f"{alone} playlists are in only one of {CHALLENGE_SET} and {CHALLENGE_TRUTH}"
    return [Finding("challenge_without_truth", alone, text, "warning")] if alone else []


def _track_findings(data: PlaylistContinuation) -> list[Finding]:
    """Return the shares of held-out tracks that are in no playlist, and of tracks without sound."""
    positives, silent = data.test_held.positives, data.file_order < 0
    unseen = float((data.popularity[positives.indices] == 0).mean())
    return [
        Finding(
            "unseen_test_entries",
            unseen,
            f"{unseen:.1%} of the {positives.nnz} held-out entries are of tracks that are in no "
            "other playlist; playlists alone cannot rank them",
            "warning" if unseen > 0.1 else "note",
        ),
        Finding(
            "tracks_without_features",
            float(silent.mean()),
            f"{silent.sum()} of {len(silent)} tracks ({silent.mean():.1%}) are not in the feature "
            "table; recommenders by sound put them last",
            "warning" if silent.mean() > 0.1 else "note",
        ),
    ]


def _counts(matrix: object, n: int) -> np.ndarray:
    return np.bincount(matrix.indices, minlength=n)  # type: ignore[attr-defined]


def _rows_with(matrix: object, chosen: np.ndarray) -> np.ndarray:
    """Return how many of the chosen columns (n,) each row of a 0/1 matrix has, (n_rows,)."""
    return np.asarray(matrix @ chosen.astype(np.int64)).ravel()  # type: ignore[operator]


def _training_findings(learned: dict[str, Tensor]) -> list[Finding]:
    """Return whether training reached the net, where the model tells."""
    if "weights_moved" not in learned:
        return []
    gradient, moved = float(learned["gradient"]), float(learned["weights_moved"])
    text = f"the largest gradient of a step has norm {gradient:.3g}; the first layer moved by "
    text += f"{moved:.1%} of its norm"
    if gradient == 0:
        text += ": nothing was learned, the weights are those of the start"
    level = "warning" if gradient == 0 else "note"
    return [
        Finding("gradient", gradient, text, level),  # type: ignore[arg-type]
        Finding("weights_moved", moved, f"the first layer moved by {moved:.1%} of its norm"),
    ]


def counts(data: PlaylistContinuation) -> dict[str, int]:
    """Return playlists, tracks and entries."""
    heard = int((data.file_order >= 0).sum())
    return {
        "playlists": data.continuation.known.shape[0],
        "tracks": len(data.data.tracks),
        "artists": int(data.artist.max()) + 1,
        "tracks_with_features": heard,
        "test_playlists": len(data.test_held.users),
        "known_entries": data.continuation.known.nnz,
        "held_out_entries": data.continuation.held_out.nnz,
    }


def cooccurrence_task(learned: dict[str, Tensor]) -> SideTask | None:
    """Return the dev loss of a net that predicts co-occurrence rows, beside the mean row."""
    if "dev_squared_error" not in learned:
        return None
    own, null = learned["dev_squared_error"], learned["dev_null_squared_error"]
    songs = learned["dev_songs"]
    return SideTask(
        MetricCollection({"cooccurrence_mse": CooccurrenceError()}, compute_groups=False),
        {"squared_error": own},
        songs,
        songs.numpy()[:, None],
        {"mean_row": {"squared_error": null}},
    )


def sections(data: PlaylistContinuation, table: pd.DataFrame) -> list[Section]:
    """Return the scores by kind of seeds, some continuations, what the model tells, the tracks."""
    return [by_seeds(table), examples(data, table), *_weights(data.learned), _tracks(data)]


def by_seeds(table: pd.DataFrame) -> Section:
    """Return the challenge's metrics for each kind of seeds, with 95 % intervals."""
    names = [name for name in SHOWN if name in table]
    grouped = table.groupby("seeds", sort=False)
    shown = grouped[names].mean()
    shown.insert(0, "playlists", grouped.size())
    shown.insert(1, "mean_held_out", grouped["n_positives"].mean())
    half = 1.96 * grouped["r_precision"].std(ddof=0) / np.sqrt(shown["playlists"])
    order = table.groupby("seeds")["n_seeds"].mean().sort_values(kind="stable").index
    shown, half = shown.loc[order], half.loc[order]
    centre = shown["r_precision"].to_numpy()
    intervals = np.stack([centre - half, centre + half], axis=1)
    figure = forest_figure(
        shown.index.tolist(), centre, intervals, "mean R-precision of playlists with such seeds"
    )
    text = "How much a few known tracks help: means over playlists, by the kind of their seeds."
    return Section("by_seeds", "By kind of seeds", text, shown.reset_index(), figure)


def examples(data: PlaylistContinuation, table: pd.DataFrame) -> Section:
    """Return the first tracks recommended for some playlists; a star marks a held-out one."""
    held = data.test_held
    named = data.data.tracks
    rows = []
    for place in np.linspace(0, len(table) - 1, min(N_EXAMPLES, len(table))).astype(int):
        hidden = set(table["held_out"].iloc[place])
        seeds = held.seen.indices[held.seen.indptr[place] : held.seen.indptr[place + 1]]
        playlist = data.continuation.playlists[held.users[place]]
        label = data.data.names[playlist] or f"playlist {data.data.pids[playlist]}"
        known = ", ".join(_label(named, int(seed)) for seed in seeds[:2]) or "none"
        more = f" and {len(seeds) - 2} more" if len(seeds) > 2 else ""
        for rank, track in enumerate(table["top"].iloc[place][:N_SHOWN], start=1):
            if track >= 0:
                hit = "*" if track in hidden else ""
                rows.append((label, known + more, rank, _label(named, track), hit))
    columns = ["playlist", "seeds", "rank", "recommended", "held out"]
    text = "A star marks a track that was held out of the playlist."
    shown = pd.DataFrame(rows, columns=columns)
    return Section("examples", "Some continuations", text, table=shown)


def _label(tracks: pd.DataFrame, track: int) -> str:
    row = tracks.iloc[track]
    return " - ".join(part for part in (row["artist"], row["title"]) if part) or str(row["id"])


def _weights(learned: dict[str, Tensor]) -> list[Section]:
    """Return the weights of a mix, where the model is one."""
    if "blend_weights" not in learned:
        return []
    parts = [name.removeprefix("blend_part_") for name in learned if name.startswith("blend_part_")]
    shown = pd.DataFrame(learned["blend_weights"].numpy().round(3), columns=parts)
    shown.insert(0, "seeds", learned["blend_seeds"].tolist())
    text = "Weights of the parts' z-scores for playlists with at least so many seeds."
    return [Section("blend", "Weights of the mix", text, table=shown)]


def _tracks(data: PlaylistContinuation) -> Section:
    """Return id and artist of the track numbers in the predictions, written to tracks.npz."""
    ids = data.data.tracks["id"].to_numpy().astype(str)
    arrays = {"id": ids, "artist": data.artist, "playlists": data.popularity}
    text = f"tracks.npz: id, artist number and playlists of training of {len(ids)} tracks."
    return Section("tracks", "Tracks", text, arrays=arrays)


def ask(predict: object) -> dict[str, Tensor]:
    """Return what a model tells about its training or its factors; nothing where it has none."""
    return predict({"factors": torch.zeros(0)})  # type: ignore[operator]
