"""LFM-1b: a log of listening events with time stamps, and tables of its tracks and users."""

import numpy as np
import pandas as pd

from muso_exp.features.interactions import item_plays
from muso_exp.formats.listening.aggregate import Aggregate, aggregate_log, time_quantile, unended
from muso_exp.formats.listening.engines import find_items, load_log, totals_of
from muso_exp.formats.listening.interactions import Interactions, renumbered
from muso_exp.formats.listening.load import LoadedPlays
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.msd import (
    Files,
    ReadOptions,
    attach_tracks,
    matched_items,
    note_matched,
    preferred,
    with_msd,
)
from muso_exp.formats.listening.names import read_names, read_unique_tracks, unnamed, unreadable
from muso_exp.records import Finding

LFM_EVENTS = Layout(("user", "artist", "album", "track", "time"), "user", "track", time="time")
LFM_TRACKS = Layout(("track", "title", "artist"), names=("title",))
LFM_USERS = Layout(
    ("user_id", "country", "age", "gender", "playcount", "registered_unixtime"),
    names=("country", "age", "gender", "playcount", "registered_unixtime"),
    header=True,
)
LFM_ARTISTS = Layout(("artist", "name"), names=("name",))


def read_lfm1b(files: Files, options: ReadOptions) -> Interactions:
    """Read LFM-1b: a log of listening events with time stamps, and the names of its tracks."""
    log, cut = files["events"], None
    if options.earlier_share is not None:
        cut = time_quantile(log, LFM_EVENTS, options.earlier_share, spark=options.spark)
    aggregate = aggregate_log(log, LFM_EVENTS, options.cache, cut, spark=options.spark)
    if options.matched and not options.merge and "unique_tracks" in files:
        return _read_matched(files, options, aggregate, cut is not None)
    top = None if options.matched else options.top_items
    loaded = load_log({"events": aggregate}, options, top, events=True, timed=cut is not None)
    known, named, items = _named_items(files, loaded.items)
    totals = item_plays(loaded.plays["events"])
    lost = [*unreadable(items), *_lost(files, totals, known, named)]
    data = _interactions(loaded, items, files, [*unended(log, aggregate.ended), *lost])
    return with_msd(data, files, options)


def _read_matched(files: Files, options: ReadOptions, log: Aggregate, timed: bool) -> Interactions:
    """Read the items of the Million Song Dataset, and the most played: the rest is never loaded."""
    summed = totals_of(log, options)
    ids, totals = summed.items, summed.plays
    tracks = read_unique_tracks(files["unique_tracks"])
    artists = read_names(files["artists"], LFM_ARTISTS)["name"]
    order = preferred(totals, options.reading.same_name)
    found = find_items((files["tracks"], LFM_TRACKS), artists, ids, order, tracks, options)
    kept = matched_items(found.item_of_track, len(ids))
    if options.top_items is not None:
        kept[np.argsort(-totals, kind="stable")[: options.top_items]] = True
    logs, kept_ids = {"events": log}, ids[kept]
    loaded = load_log(logs, options, events=True, timed=timed, kept=kept_ids, totals=summed)
    items = _named_items(files, loaded.items)[2]
    lost = _lost(files, totals, found.known, found.named)
    notes = [*unended(files["events"], log.ended), *unreadable(items), *lost]
    data = _interactions(loaded, items, files, notes)
    item = renumbered(found.item_of_track, np.flatnonzero(kept), len(ids))
    return attach_tracks(data, files, tracks, item, [note_matched(found.item_of_track, len(ids))])


def _named_items(files: Files, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return which items the table of tracks has, which have an artist's name, and their rows."""
    tracks = read_names(files["tracks"], LFM_TRACKS, ids)
    artists = read_names(files["artists"], LFM_ARTISTS, np.unique(tracks["artist"].to_numpy()))
    listed = tracks.reindex(ids)
    names = artists["name"].reindex(listed["artist"]).fillna("").to_numpy()
    titles = listed["title"].fillna("").to_numpy()
    items = pd.DataFrame({"id": ids, "artist": names, "title": titles})
    return np.isin(ids, tracks.index.to_numpy()), (items["artist"] != "").to_numpy(), items


def _interactions(
    loaded: LoadedPlays, items: pd.DataFrame, files: Files, notes: list[Finding]
) -> Interactions:
    plays, users = loaded.plays["events"], np.arange(len(loaded.users))
    every = [*loaded.notes, *notes, *_listed_users(files, loaded.users)]
    return Interactions(
        plays, users, items, earlier=loaded.earlier, notes=every, stored=loaded.stored
    )


def _lost(files: Files, plays: np.ndarray, known: np.ndarray, named: np.ndarray) -> list[Finding]:
    """Return notes on items without a name, and on those that the table of tracks does not have.

    Args:
        files: of the data set.
        plays: of each item, shape (n_items,).
        known: which items the table has, shape (n_items,).
        named: which items have an artist's name, shape (n_items,).
    """
    file = files["tracks"].name
    events = int(plays[~known].sum())
    text = f"{events} events are of {int((~known).sum())} tracks that {file} does not have"
    unknown = [Finding("events_of_unknown_tracks", events, text, "warning")] if events else []
    return [*unnamed(int((~named).sum()), file), *unknown]


def _listed_users(files: Files, users: np.ndarray) -> list[Finding]:
    """Return notes on users that the list of users has and the log has not, and the reverse."""
    if "users" not in files:
        return []
    listed = read_names(files["users"], LFM_USERS).index.to_numpy()
    silent = len(np.setdiff1d(listed, users))
    unknown = len(np.setdiff1d(users, listed))
    notes = []
    if silent:
        text = f"{silent} of {len(listed)} users in {files['users'].name} have no plays in the log"
        notes.append(Finding("users_without_plays", silent, text))
    if unknown:
        text = f"{unknown} users of the log are not in {files['users'].name}"
        notes.append(Finding("unlisted_users", unknown, text, "warning"))
    return notes
