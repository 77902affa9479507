"""The page of one person's taste: one HTML file that opens offline."""

from __future__ import annotations

from functools import partial

import pandas as pd

from muso_exp.evaluation.pages import self_contained
from muso_exp.evaluation.taste_others import others_sections
from muso_exp.figures.listening import clock_figure, months_figure, stacked_figure
from muso_exp.records import Drawing, Section
from muso_exp.tasks.taste.listening import Listening
from muso_exp.tasks.taste.taste import Taste

SHOWN = 20  # rows of the tables of artists and songs
GET_CATALOGUE = (
    "What others listen to is not known here, so nothing is recommended. Give a finished run of a "
    "recommender with --catalogue RUN (python -m muso_exp +experiment=wmf trains one), or "
    "--download, which fetches the listening of 1,892 people (HetRec 2011, 2.5 MB, from GroupLens) "
    "and trains on it once."
)


def taste_page(result: Taste) -> str:
    """Return the page as one HTML text, which needs nothing else; all names are escaped."""
    return self_contained(
        "What you listen to",
        result.history.summary(),
        facts(result.listening),
        taste_sections(result),
    )


def facts(listening: Listening) -> list[tuple[str, str]]:
    """Return the numbers that lead the page, with what each counts."""
    what = "listed tracks" if listening.listed else "plays"
    rows = [(f"{listening.plays:,.0f}", what)]
    if len(listening.artists):
        rows.append((f"{len(listening.artists):,}", "artists"))
    if len(listening.songs):
        rows.append((f"{len(listening.songs):,}", "songs"))
    if listening.measured:
        rows.append((f"{listening.hours:,.0f}", "hours"))
    days = pd.concat([listening.artists[["first", "last"]], listening.songs[["first", "last"]]])
    if days.notna().any(axis=None):
        rows.append((f"{days['first'].min():%d %b %Y} to {days['last'].max():%d %b %Y}", "time"))
    return rows


def taste_sections(result: Taste) -> list[Section]:
    """Return the parts of the page in order; those without anything to show are left out."""
    listening, others = result.listening, result.others
    return [
        *_over_time(listening, result.history.timezone),
        *([] if others is None else others_sections(others)),
        *_most_played(listening),
        *([_no_catalogue()] if others is None else []),
    ]


def _no_catalogue() -> Section:
    return Section("catalogue", "What others would add", GET_CATALOGUE)


def _over_time(listening: Listening, timezone: str) -> list[Section]:
    if not listening.timed:
        text = "This history has no times: what you play over the years is not known."
        return [Section("years", "Over the years", text)]
    missing = listening.plays - listening.timed
    without = f" {missing:,.0f} plays without a time are left out here." if missing else ""
    text = (
        "New is an artist whose first play in this history is in that year; so of the first year "
        f"all are new.{without}{_measured(listening)}"
    )
    return [
        Section("years", "Over the years", text, _years_table(listening.years), _years(listening)),
        *_months(listening),
        Section(
            "clock",
            "Hours of the week",
            f"The stronger the colour, the more plays. Times are those of {timezone}.",
            figure=partial(clock_figure, listening.clock),
        ),
    ]


def _measured(listening: Listening) -> str:
    if not listening.measured:
        return " How long a play was is not known."
    share = listening.measured / listening.plays
    if share > 0.9995:
        return ""
    return f" The hours are those of the {100 * share:.1f} % of plays whose length is known."


def _years(listening: Listening) -> Drawing:
    years = listening.years
    of_new = years["of_new"].to_numpy()
    parts = {"of known artists": years["plays"].to_numpy() - of_new, "of new artists": of_new}
    return partial(stacked_figure, years["year"].tolist(), parts, "plays")


def _months(listening: Listening) -> list[Section]:
    months = listening.months
    if len(months) < 3:
        return []
    new, plays = months["of_new"].to_numpy(), months["plays"].to_numpy()
    figure = partial(months_figure, months["month"].to_numpy(), new, plays - new, "plays a month")
    return [Section("months", "Month by month", figure=figure)]


def _years_table(years: pd.DataFrame) -> pd.DataFrame:
    shown = years.drop(columns="of_new").astype({"year": str})
    shown["of new artists"] = [f"{100 * share:.0f} %" for share in years["of_new"] / years["plays"]]
    return _readable(shown)


def _most_played(listening: Listening) -> list[Section]:
    parts = []
    for name, table in (("artists", listening.artists), ("songs", listening.songs)):
        if len(table):
            text = f"The first {SHOWN} of {len(table):,}." if len(table) > SHOWN else ""
            shown = table.head(SHOWN).drop(columns="uri", errors="ignore")
            parts.append(Section(name, f"Your {name}", text, _readable(shown)))
    return parts


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as the page shows it: days as text, empty columns left out."""
    shown = table.dropna(axis="columns", how="all").copy()
    for name, column in shown.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            shown[name] = column.dt.strftime("%Y-%m-%d").fillna("")
        elif name == "hours":
            shown[name] = column.round(1)
    return shown.rename(columns=lambda name: str(name).replace("_", " "))
