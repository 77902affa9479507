"""What a catalogue says about a history: against counts by hand, in a world of two tastes."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made_taste import (
    ARTISTS,
    N_ITEMS,
    N_USERS,
    PLAYS,
    TAGS,
    WEIGHTS,
    catalogue,
    history_of,
    renamed,
)
from pytest import approx

from muso_exp.errors import ConfigError
from muso_exp.formats.listening.histories import read_history
from muso_exp.models.base import Model
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.taste.others import Catalogue, Others
from muso_exp.tasks.taste.taste import taste

ME = 4  # of the taste of rock


def asked(folder: Path, user: int = ME, more: str = "", run: Catalogue | None = None) -> Others:
    found = taste(history_of(folder, user, more), run or catalogue()).others
    assert found is not None
    return found


def test_a_listener_of_the_training_finds_themselves_first(tmp_path: Path) -> None:
    found = asked(tmp_path)
    first = found.listeners.iloc[0]
    assert first["listener"] == 100 + ME and first["cosine"] == approx(1, abs=1e-3)
    like = found.listeners["listener"].to_numpy() - 100
    assert (like % 2 == ME % 2).all() and found.listeners["cosine"].is_monotonic_decreasing
    vectors = catalogue().model.listener_vectors().numpy().astype(float)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [units[a] @ units[b] for a in range(N_USERS) for b in range(a)]
    share = np.mean(np.array(pairs) < found.listeners["cosine"].iloc[1])
    assert found.listeners["percentile"].iloc[1] == approx(100 * share, abs=0.05)


def test_what_is_recommended_is_new_of_the_own_taste_and_like_what_is_played(
    tmp_path: Path,
) -> None:
    found = asked(tmp_path)
    played = {ARTISTS[item] for item in np.flatnonzero(PLAYS[ME])}
    table = found.recommended
    assert played.isdisjoint(table["artist"]) and len(table) >= 3
    rock = [artist for artist in ARTISTS[:12] if artist not in played]
    assert set(table["artist"][: len(rock)]) <= {*rock, "Rock Band 11"}
    assert table["listeners"].tolist() == [
        int((PLAYS[:, ARTISTS.index(artist)] > 0).sum()) for artist in table["artist"]
    ]
    assert table["support"].tolist() == ["weak" if n < 5 else "" for n in table["listeners"]]
    reasons = table["near"].iloc[0].split(", ")
    assert len(reasons) == 3 and all(reason.startswith("Rock Band") for reason in reasons)
    assert {reason.rpartition(" (")[0] for reason in reasons} <= played


def test_known_and_unknown_are_counted_in_plays_and_in_items(tmp_path: Path) -> None:
    more = "Nobody,1700000000\nNobody,1700000300\nRock Bend 3,1700000600\n"
    found = asked(tmp_path, more=more)
    total = PLAYS[ME].sum()
    assert found.known.of_plays == (total, total + 3)
    n_known = int((PLAYS[ME] > 0).sum())
    assert found.known.of_items == (n_known, n_known + 2)
    assert found.known.unknown[["artist", "plays"]].to_numpy().tolist() == [
        ["Nobody", 2],
        ["Rock Bend 3", 1],
    ]
    assert found.near_unknown[1] == "Rock Band 3"
    expected = {ARTISTS[item]: PLAYS[ME, item] for item in np.flatnonzero(PLAYS[ME])}
    assert dict(zip(found.mine["artist"], found.mine["plays"], strict=True)) == expected


def shares_by_hand(plays: dict[int, float]) -> dict[str, float]:
    """Share of each tag in the plays of items with tags."""
    heard: Counter[str] = Counter()
    tagged = {item: n for item, n in plays.items() if WEIGHTS[item].sum()}
    for item, n in tagged.items():
        for tag, weight in zip(TAGS, WEIGHTS[item], strict=True):
            heard[tag] += n / sum(tagged.values()) * weight / WEIGHTS[item].sum()
    return heard


def test_tags_are_shares_of_the_tagged_plays_beside_the_mean_listener(tmp_path: Path) -> None:
    found = asked(tmp_path)
    mine = {item: int(PLAYS[ME, item]) for item in np.flatnonzero(PLAYS[ME])}
    yours = shares_by_hand(mine)
    everybody = [
        shares_by_hand({i: int(row[i]) for i in np.flatnonzero(row)}) for row in PLAYS if row.any()
    ]
    table = found.tags.set_index("tag")
    assert set(table.index) == {"rock", "jazz", "live"}  # nothing has the tag "never"
    for tag, row in table.iterrows():
        assert row["yours"] == approx(yours[tag])
        assert row["average"] == approx(np.mean([shares[tag] for shares in everybody]))
    apart = (table["yours"] - table["average"]).abs()
    assert apart.is_monotonic_decreasing
    tagged = sum(n for item, n in mine.items() if item not in (5, 17))
    assert found.tagged_plays == approx(tagged / sum(mine.values()))


def test_tags_of_each_year_are_those_of_its_plays(tmp_path: Path) -> None:
    history = history_of(tmp_path, ME)
    found = taste(history, catalogue()).others
    years = history.table["time"].dt.year
    assert found.tag_years.index.tolist() == sorted(years.unique())
    for year in found.tag_years.index:
        artists = Counter(history.table["artist"][years == year])
        expected = shares_by_hand({ARTISTS.index(artist): n for artist, n in artists.items()})
        for tag in ("rock", "jazz", "live"):
            assert found.tag_years.loc[year, tag] == approx(expected[tag])


def test_two_tastes_of_one_person_are_two_groups(tmp_path: Path) -> None:
    both = "".join(f"{artist},{1_700_000_000 + n}\n" for n, artist in enumerate(ARTISTS[:22]))
    (tmp_path / "log.csv").write_text("artist,uts\n" + both.replace("Rock Band 11", "Rock Band 0"))
    history = read_history(tmp_path / "log.csv", min_seconds=0, one_person=True)
    found = taste(history, catalogue()).others
    names = found.mine["name"].tolist()
    kinds = {name.split()[0]: set() for name in names}
    for name, group in zip(names, found.groups.group, strict=True):
        kinds[name.split()[0]].add(int(group))
    assert kinds["Rock"].isdisjoint(kinds["Jazz"]) and found.groups.silhouette > 0.2
    assert found.groups.table["items"].sum() == len(names)
    assert found.groups.table["share"].sum() == approx(1)
    assert "rock" in " ".join(found.groups.table["tags"])


def test_few_items_are_not_grouped_and_unknown_ones_have_no_recommendations(
    tmp_path: Path,
) -> None:
    (tmp_path / "few.csv").write_text("artist,plays\nRock Band 1,3\n")
    few = taste(read_history(tmp_path / "few.csv", one_person=True), catalogue()).others
    assert few.groups is None and few.recommended is not None and few.tag_years is None
    (tmp_path / "none.csv").write_text("artist,plays\nNobody,3\n")
    none = taste(read_history(tmp_path / "none.csv", one_person=True), catalogue()).others
    assert none.recommended is None and none.listeners is None
    assert none.missing["recommended"] == "The catalogue knows nothing of this history."


def test_addresses_are_given_where_the_ids_are_those_of_spotify(tmp_path: Path) -> None:
    items = pd.DataFrame({"id": np.arange(N_ITEMS), "artist": ARTISTS, "title": ""})
    items["uri"] = [
        f"spotify:track:{'x' * 20}{item:02d}" if item % 2 else "" for item in items["id"]
    ]
    table = asked(tmp_path, run=catalogue(items)).recommended
    for artist, uri in table[["artist", "uri"]].to_numpy():
        item = ARTISTS.index(artist)
        assert uri == (f"spotify:track:{'x' * 20}{item:02d}" if item % 2 else "")
    assert not asked(tmp_path).recommended["uri"].any()


class Flat(Model):
    """Folds new rows in, and puts no item above another."""

    def score_new(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.zeros(1, N_ITEMS)


def test_what_a_model_cannot_say_is_told(tmp_path: Path) -> None:
    found = asked(tmp_path, run=renamed(catalogue(tags=False), Flat()))
    assert found.recommended is None and found.listeners is None and found.groups is None
    assert "puts no item above another" in found.missing["recommended"]
    assert found.missing["listeners"] == "Flat has no vectors of listeners; wmf has."
    assert found.missing["tags"] == "The catalogue has no tags."


def test_a_run_that_recommends_nothing_to_new_listeners_is_refused() -> None:
    class Data:
        name = "clusters"

    with pytest.raises(ConfigError, match="run: Flat on clusters recommends nothing to new"):
        Catalogue.of("run", Data(), Flat())


def test_a_catalogue_is_the_same_out_of_its_state() -> None:
    one = catalogue().new_row(None).catalogue
    other = ItemCatalogue.from_state(one.state())
    assert other.items.equals(one.items) and len(one.items)
    assert other.rows.tolist() == one.rows.tolist() and other.tags.names == one.tags.names
    assert (other.tags.weights != one.tags.weights).nnz == 0
    assert other.tags.average.tolist() == one.tags.average.tolist()
    old = {name: value for name, value in one.state().items() if name not in ("rows", "tags")}
    old["items"] = one.items.to_dict("list")  # as versions before kept them
    assert ItemCatalogue.from_state(old).tags is None
    assert ItemCatalogue.from_state(old).items.equals(one.items)
