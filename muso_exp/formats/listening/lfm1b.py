"""LFM-1b: a log of listening events with time stamps, and tables of its tracks and users."""

import numpy as np
import pandas as pd

from muso_exp.formats.listening.aggregate import aggregate_log, time_quantile
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.load import LoadedPlays, load_plays
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.msd import Files, ReadOptions, with_msd
from muso_exp.formats.listening.names import read_names, unnamed, unreadable
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
        cut = time_quantile(log, LFM_EVENTS, options.earlier_share)
    aggregate = aggregate_log(log, LFM_EVENTS, options.cache, cut)
    top = None if options.matched else options.top_items
    loaded = load_plays({"events": aggregate}, top, events=True, timed=cut is not None)
    tracks = read_names(files["tracks"], LFM_TRACKS, loaded.items)
    artists = read_names(files["artists"], LFM_ARTISTS, np.unique(tracks["artist"].to_numpy()))
    named = tracks.reindex(loaded.items)
    items = pd.DataFrame(
        {
            "id": loaded.items,
            "artist": artists["name"].reindex(named["artist"]).fillna("").to_numpy(),
            "title": named["title"].fillna("").to_numpy(),
        }
    )
    n_unnamed = int((items["artist"] == "").sum())
    data = Interactions(
        loaded.plays["events"],
        np.arange(len(loaded.users)),
        items,
        earlier=loaded.earlier,
        notes=[
            *loaded.notes,
            *unreadable(items),
            *unnamed(n_unnamed, files["tracks"].name),
            *_unknown_tracks(loaded, tracks, files["tracks"].name),
            *_listed_users(files, loaded.users),
        ],
    )
    return with_msd(data, files, options)


def _unknown_tracks(loaded: LoadedPlays, tracks: pd.DataFrame, file: str) -> list[Finding]:
    """Return the note on events whose track is not in the table of tracks."""
    unknown = ~np.isin(loaded.items, tracks.index.to_numpy())
    events = int(np.asarray(loaded.plays["events"].sum(axis=0)).ravel()[unknown].sum())
    text = f"{events} events are of {int(unknown.sum())} tracks that {file} does not have"
    return [Finding("events_of_unknown_tracks", events, text, "warning")] if events else []


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
