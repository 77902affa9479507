"""The parts of the page of one person's taste that rest on what others listen to."""

from __future__ import annotations

from functools import partial

import pandas as pd

from muso_exp.figures.listening import compared_figure, stacked_figure
from muso_exp.records import Section
from muso_exp.tasks.recommendation.fold_in import WEAK
from muso_exp.tasks.taste.groups import MOST_ITEMS, Groups
from muso_exp.tasks.taste.others import N_FAVOURITES, Others

N_RECOMMENDED = 30  # that the page shows; the table beside it has all
N_TAGS, N_YEAR_TAGS = 14, 8
_APART = 0.1  # silhouette, below which groups run into each other


def others_sections(others: Others) -> list[Section]:
    """Return what a catalogue knows, recommends and says about listeners, groups and tags."""
    return [
        _known(others),
        *_recommended(others),
        *_listeners(others),
        *_groups(others.groups),
        *_tags(others),
        *_tag_years(others),
    ]


def _known(others: Others) -> Section:
    known, catalogue = others.known, others.catalogue
    items = "artists" if catalogue.of_artists else "songs"
    n_known, n_items = known.of_items
    text = (
        f"Of your {n_items:,} {items} the run {others.name} knows {n_known:,} "
        f"({_percent(n_known, n_items)}), among the {len(catalogue.items):,} it has."
    )
    if known.seeds.plays is not None:
        plays, total = known.of_plays
        text += f" They have {plays:,.0f} of your {total:,.0f} plays ({_percent(plays, total)})."
    unknown = known.unknown.head(len(others.near_unknown))
    if unknown.empty:
        return Section("known", "How much of it is known", text)
    text += (
        " What is below rests on these alone. Unknown, the most played first, with the most "
        "similar name that is known; it is not taken for yours:"
    )
    table = pd.DataFrame({"unknown": _names(unknown), "plays": unknown["plays"].to_numpy()})
    if known.seeds.plays is None:
        table = table.drop(columns="plays")
    table["most similar name"] = others.near_unknown
    return Section("known", "How much of it is known", text, table)


def _names(rows: pd.DataFrame) -> list[str]:
    shown = rows[["artist", "title", "id"]].itertuples(index=False)
    return [" - ".join(part for part in row[:2] if part) or row[2] for row in shown]


def _recommended(others: Others) -> list[Section]:
    title, table = "What you might like", others.recommended
    if table is None:
        return [Section("recommended", title, others.missing["recommended"])]
    who = others.catalogue.who
    text = (
        f"What the run ranks first of what you have not played, with the three of yours that are "
        f"most like it (cosine of what the model learned), and how many of its {who} have it: "
        f"weak are fewer than {WEAK}."
    )
    if (table["support"] == "weak").all():
        text += " No recommendation is well supported."
    names = [name for name in ("rank", "artist", "title") if name in table]
    shown = table[[*names, "near", who, "support"]].head(N_RECOMMENDED)
    if not shown["support"].any():
        shown = shown.drop(columns="support")
    return [Section("recommended", title, text, shown.rename(columns={"near": "like your"}))]


def _listeners(others: Others) -> list[Section]:
    table = others.listeners
    if table is None:
        return [_missing("listeners", "Listeners like you", others)] if others.missing else []
    text = (
        "The listeners of the run's data, by number, whose taste is most like yours: the cosine of "
        "their factors with yours, for which nothing was learned anew. The percentile says which "
        "share of all pairs of listeners are less alike. Beside them the "
        f"{N_FAVOURITES} that the model ranks first for them."
    )
    shown = table.assign(
        cosine=table["cosine"].map("{:.3f}".format),
        percentile=table["percentile"].map("{:.2f}".format),
    )
    return [Section("listeners", "Listeners like you", text, shown)]


def _missing(name: str, title: str, others: Others) -> Section:
    return Section(name, title, others.missing.get(name, ""))


def _groups(groups: Groups | None) -> list[Section]:
    if groups is None:
        return []
    apart = (
        "they run into each other, so take them as a rough sketch"
        if groups.silhouette < _APART
        else "near 0 they would run into each other, at 1 be far apart"
    )
    text = (
        f"What the same listeners like stands together; of your {len(groups.group)} most played "
        f"known ones (at most {MOST_ITEMS}). Silhouette {groups.silhouette:.2f}: {apart}."
    )
    table = groups.table.assign(share=[f"{100 * share:.0f} %" for share in groups.table["share"]])
    if not table["tags"].any():
        table = table.drop(columns="tags")
    return [Section("groups", "Your groups", text, table.rename(columns=_words))]


def _tags(others: Others) -> list[Section]:
    table = others.tags
    if table is None or table.empty:
        return [_missing("tags", "Your tags", others)] if "tags" in others.missing else []
    text = (
        "A play counts for each tag of its artist or song by how much of its tags that one is; "
        f"{100 * others.tagged_plays:.0f} % of your known plays have tags. Beside yours the mean "
        "of the run's listeners; the tags that differ most first."
    )
    first = table.head(N_TAGS)
    figure = partial(
        compared_figure,
        first["tag"].tolist(),
        100 * first["yours"].to_numpy(),
        100 * first["average"].to_numpy(),
        ("you", "average listener"),
        "% of plays",
    )
    shown = first.assign(
        yours=[f"{100 * share:.1f} %" for share in first["yours"]],
        average=[f"{100 * share:.1f} %" for share in first["average"]],
    )
    return [Section("tags", "Your tags", text, shown, figure)]


def _tag_years(others: Others) -> list[Section]:
    table = others.tag_years
    if table is None or others.tags is None or len(table) < 2:
        return []
    mine = others.tags.sort_values("yours", ascending=False, kind="stable")
    first = mine["tag"][mine["yours"] > 0].head(N_YEAR_TAGS).tolist()
    figure = partial(
        stacked_figure,
        table.index.tolist(),
        {tag: 100 * table[tag].to_numpy() for tag in first},
        "% of the year's tagged plays",
        height=3.0,
    )
    text = f"Your {len(first)} most played tags; what is missing to 100 % are all others."
    return [Section("tag_years", "Your tags over the years", text, figure=figure)]


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def _words(name: object) -> str:
    return str(name).replace("_", " ")
