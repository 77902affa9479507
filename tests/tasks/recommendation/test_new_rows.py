"""Seeds of a new user or playlist: reading them, finding them, and what is recommended."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made import made
from pytest import approx
from scipy.sparse import csr_matrix
from tiny_mpd import dataset, ready, write_slices

from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.seeds import read_seeds
from muso_exp.models.base import Model
from muso_exp.models.bpr import BPR
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow

SONGS = pd.DataFrame(
    [
        ("s0", "Björk", "Jóga"),
        ("s1", "Björk", "Hunter"),
        ("s2", "The Knife", "Heartbeats"),
        ("s3", "The Knife", "heartbeats"),  # again, under another id
        ("s4", "Moby", "Porcelain"),
        ("s5", "Moby", "Natural Blues"),
    ],
    columns=["id", "artist", "title"],
)
PLAYS = csr_matrix(np.array([[4, 0, 2, 2, 0, 0], [4, 1, 0, 8, 0, 0], [0, 0, 0, 0, 1, 0]]))
LISTENED = ItemCatalogue.of(SONGS, PLAYS, counted=True)
LISTED = ItemCatalogue.of(SONGS, PLAYS, counted=False)
ARTISTS = ItemCatalogue.of(
    pd.DataFrame({"id": [7, 89, 5], "artist": ["Moby", "Sigur Rós", "Abba"], "title": ""}),
    csr_matrix(np.array([[1, 3, 2]])),
    counted=True,
)


def seeds_of(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


class Scorer(Model):
    """Answers with scores that are given, and keeps what it was asked."""

    def __init__(self, *scores: float) -> None:
        super().__init__()
        self.scores = torch.tensor([scores])
        self.asked: dict[str, torch.Tensor] = {}

    def score_new(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        self.asked = batch
        return self.scores


def recommend(path: Path, catalogue: ItemCatalogue, model: Model) -> pd.DataFrame:
    return NewRow(read_seeds(path), catalogue).apply(model)


RISING = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def asked_for(catalogue: ItemCatalogue, path: Path) -> dict[int, float]:
    """Items and plays that a model is asked about."""
    model = Scorer(*RISING[: len(catalogue.items)])
    recommend(path, catalogue, model)
    assert model.asked["crow_indices"].tolist() == [0, len(model.asked["col_indices"])]
    values = model.asked["values"].tolist()
    return dict(zip(model.asked["col_indices"].tolist(), values, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "s4\ns0\n",
        "\ufeffs4\r\n\r\n s0 \r\n",
        "spotify:track:s4\nspotify:track:s0",
        "https://open.spotify.com/track/s4?si=1\nhttps://open.spotify.com/track/s0",
        "Moby - Porcelain\nBJÖRK - jóga",
        "track_id\ns4\ns0",
        "Track URI,Track Name,Artist Name(s)\nspotify:track:s4,x,y\nspotify:track:s0,x,y",
        "artist,title\nMoby,Porcelain\nBjork,Joga",
        "username,Artist Name,Track,played at\nme,Moby,Porcelain,2020\nme,Bjork,Joga,2021",
        "playlist_id,track_id,playlist_name\n1,s4,quiet\n1,s0,quiet",
        "id,artist,title\nelsewhere,Moby,Porcelain\ns0,,",
    ],
)
def test_seeds_are_found_however_they_are_written(text: str, tmp_path: Path) -> None:
    assert asked_for(LISTED, seeds_of(tmp_path, text)) == {0: 1, 4: 1}


@pytest.mark.parametrize("text", ["89\n", "sigur ros\n", "name\nSigur Rós\n", "artist\nSigur Rós"])
def test_artists_are_found_by_id_or_name(text: str, tmp_path: Path) -> None:
    assert asked_for(ARTISTS, seeds_of(tmp_path, text)) == {1: 2}  # the median of 1, 3 and 2


def test_of_songs_with_one_name_the_most_popular_is_meant(tmp_path: Path) -> None:
    path = seeds_of(tmp_path, "The Knife - Heartbeats")
    assert asked_for(LISTED, path) == {3: 1}


def test_plays_are_summed_and_without_them_a_seed_counts_the_median(tmp_path: Path) -> None:
    counted = seeds_of(tmp_path, "id,Play_Count\ns4,2.5\ns0,7\ns4,1")
    assert asked_for(LISTENED, counted) == {0: 7, 4: 3.5}
    assert asked_for(LISTED, counted) == {0: 1, 4: 1}  # in a playlist or not
    assert asked_for(LISTENED, seeds_of(tmp_path, "s4\ns0\n")) == {0: 2, 4: 2}  # of 1 1 2 2 4 4 8


def test_items_are_ranked_without_the_seeds_and_without_the_foot(tmp_path: Path) -> None:
    table = recommend(seeds_of(tmp_path, "s4\n"), LISTED, Scorer(0.7, 0.5, 0, 0.5, 0.9, 0.2))
    assert list(table) == ["rank", "id", "artist", "title", "score", "playlists", "support"]
    assert table["playlists"].tolist() == [2, 2, 1, 0] and set(table["support"]) == {"weak"}
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["id"].tolist() == ["s0", "s3", "s1", "s5"]  # s3 is more popular than s1
    assert table["score"].tolist() == approx([0.7, 0.5, 0.5, 0.2])


def test_a_song_counts_once_whatever_ids_it_has(tmp_path: Path) -> None:
    of_seed = recommend(seeds_of(tmp_path, "s2\n"), LISTED, Scorer(*RISING))
    assert of_seed["id"].tolist() == ["s5", "s4", "s1"]
    of_both = recommend(seeds_of(tmp_path, "s0\n"), LISTED, Scorer(*RISING))
    assert of_both["id"].tolist() == ["s5", "s4", "s3", "s1"]


def test_of_artists_no_title_is_shown(tmp_path: Path) -> None:
    table = recommend(seeds_of(tmp_path, "Moby\n"), ARTISTS, Scorer(1, 2, 0))
    assert table[["rank", "id", "artist"]].to_numpy().tolist() == [[1, "89", "Sigur Rós"]]
    assert list(table) == ["rank", "id", "artist", "score", "listeners", "support"]


def test_it_is_reported_how_many_seeds_are_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    asked_for(LISTED, seeds_of(tmp_path, "id,artist,title\ns4,,\nq,Abba,SOS\nzz,,\n"))
    asked_for(LISTED, seeds_of(tmp_path, "s4\n" + "".join(f"x{n}\n" for n in range(12))))
    asked_for(LISTED, seeds_of(tmp_path, "s4\n"))
    said = [text for text in caplog.messages if text.startswith("in the catalogue of 6 items: ")]
    some, many, all_known = (text.partition(": ")[2] for text in said)
    assert some == "1 of 3 distinct items are known (33 %); unknown: Abba - SOS; zz"
    assert many.endswith("x3; x4; and 7 more")
    assert all_known == "1 of 1 distinct items are known (100 %)"


def test_plays_and_distinct_artists_are_kept_apart_and_the_nearest_name_is_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    log = "artist,track,date\n" + "Moby,a,2020-01-0{}\n" * 3 + "Sigur Ross,b,2020-01-04\n" * 2
    path = seeds_of(tmp_path, log.format(1, 2, 3))
    assert asked_for(ARTISTS, path) == {0: 3}
    (said,) = [text for text in caplog.messages if text.startswith("in the catalogue")]
    assert said == (
        "in the catalogue of 3 items: 3 of 5 plays are known (60 %); 1 of 2 distinct items are "
        "known (50 %); unknown: Sigur Ross (nearest: Sigur Rós)"
    )


@pytest.mark.parametrize(
    "cell", ["Abba;Blur", '"Blur, Abba"', "Abba feat. Blur", "['Abba', 'Blur']"]
)
def test_several_artists_in_a_cell_are_parted_where_the_whole_is_unknown(
    cell: str, tmp_path: Path
) -> None:
    cell = f'"{cell}"' if cell.startswith("[") else cell
    assert asked_for(ARTISTS, seeds_of(tmp_path, f"artist,plays\n{cell},4\n")) == {2: 4}
    both = ItemCatalogue.of(
        pd.DataFrame({"id": ["1", "2"], "artist": ["Abba;Blur", "Abba"], "title": ""}),
        csr_matrix(np.array([[1, 3]])),
        counted=True,
    )
    if cell == "Abba;Blur":
        assert asked_for(both, seeds_of(tmp_path, f"artist,plays\n{cell},4\n")) == {0: 4}


def test_weak_support_is_marked_and_none_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    plays = csr_matrix(np.array([[1, 1, 1]] * 4 + [[1, 1, 0]]))
    known = ItemCatalogue.of(ARTISTS.items, plays, counted=True)
    table = recommend(seeds_of(tmp_path, "Moby\n"), known, Scorer(0, 1, 2))
    assert table[["listeners", "support"]].to_numpy().tolist() == [[4, "weak"], [5, ""]]
    assert caplog.messages[-1] == "1 of 2 are of items with fewer than 5 listeners"
    recommend(seeds_of(tmp_path, "Moby\n"), ARTISTS, Scorer(0, 1, 2))
    assert caplog.messages[-1].startswith("no recommendation is well supported: all of 2")


def test_seeds_of_which_none_is_known_are_refused(tmp_path: Path) -> None:
    path = seeds_of(tmp_path, "Abba\nq\n")
    need = "none of the 2 seeds is among the 6 items of the run: .*Abba; .* and title \\(a run on"
    with pytest.raises(DataFormatError, match=need):
        recommend(path, LISTED, Scorer(*RISING))
    with pytest.raises(DataFormatError, match=r"give ids of its catalogue, or artist \(a run"):
        recommend(seeds_of(tmp_path, "Blur\n"), ARTISTS, Scorer(1, 2, 0))


def test_a_model_that_ranks_no_item_above_another_is_refused(tmp_path: Path) -> None:
    seeds = seeds_of(tmp_path, "s4\n")
    for scores in ([0] * 6, [0, 0, 0, 0, 1, 0]):
        with pytest.raises(ConfigError, match=r"puts no item above another for these seeds$"):
            recommend(seeds, LISTED, Scorer(*scores))


def test_a_model_of_the_users_of_its_training_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"BPR has a place for .* for new ones train wmf, item"):
        recommend(seeds_of(tmp_path, "s4\n"), LISTED, BPR(3, 6, [5], n_factors=2))


def test_a_fault_of_the_model_itself_is_not_hidden(tmp_path: Path) -> None:
    class Faulty(Scorer):
        def score_new(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            raise TypeError("unsupported operand")

    with pytest.raises(TypeError, match="unsupported operand"):
        recommend(seeds_of(tmp_path, "s4\n"), LISTED, Faulty())


def test_a_data_set_of_plays_recommends_from_what_it_saved(cache: Path, tmp_path: Path) -> None:
    def plays() -> Plays:
        sizes = {"users": 40, "artists": 100, "genres": 4}
        return made("plays", None, cache, batch_size=16, world=sizes)

    data, again = plays(), plays()
    data.prepare_data()
    data.setup("fit")
    again.load_state_dict(data.state_dict())
    chosen = data.data.items.iloc[3]
    path = seeds_of(tmp_path, f"artist,title\n{chosen['artist']},{chosen['title']}\n")
    model = Scorer(*range(data.dims["n_items"]))
    table = again.read_new(path).apply(model)
    assert model.asked["values"].tolist() == [np.median(data.split.train.data)]
    assert table["id"].iloc[0] == str(data.data.items["id"].iloc[-1])
    assert len(table) <= data.dims["n_items"] - 2 and str(chosen["id"]) not in set(table["id"])


def test_a_playlist_brings_its_title_too(tmp_path: Path) -> None:
    write_slices(tmp_path)
    data, again = ready(tmp_path, tmp_path / "cache"), dataset(None, tmp_path / "unused")
    again.load_state_dict(data.state_dict())
    model = Scorer(*range(40))
    again.read_new(seeds_of(tmp_path, "playlist_name,track_id\nna,t003\n")).apply(model)
    assert model.asked["title_col"].tolist() == [data.words.index("na")]
    assert model.asked["n_words"] == len(data.words)
    again.read_new(seeds_of(tmp_path, "t003\n")).apply(model)
    assert model.asked["title_crow"].tolist() == [0, 0]
    with pytest.raises(ConfigError, match="these seeds; if it goes by titles, add a column"):
        again.read_new(seeds_of(tmp_path, "t003\n")).apply(Scorer(*[0] * 40))
