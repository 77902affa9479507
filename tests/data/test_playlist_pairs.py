"""Pairs of lists: reading, the split by lists, what is shown of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from made import made
from tiny_tracks import tracks

from muso_exp.data.playlist_pairs import ListsOfTracks
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Finding
from muso_exp.tasks.playlist_pairs.sections import correlations, sections

SMALL = {"min_tracks": 12, "folds": 2}


def likes(n_lists: int = 8) -> pd.DataFrame:
    """Lists of 12 to 19 tracks, each louder than the one before; one of 8."""
    parts = [tracks(12 + n, 100 * n, -20.0 + 2 * n).assign(user=f"u{n}") for n in range(n_lists)]
    return pd.concat([*parts, tracks(8, 5000).assign(user="short")])


def ready(folder: Path, table: pd.DataFrame | None = None, **options: Any) -> ListsOfTracks:
    (likes() if table is None else table).to_csv(folder / "likes.csv", index=False)
    given = {"column": "user", **SMALL, **options}
    data = made("playlist_pairs", folder, folder / "cache", **given)
    data.setup()
    return data


def test_lists_are_split_and_every_pair_of_a_side_is_a_row(tmp_path: Path) -> None:
    data = ready(tmp_path)
    pairs = data.task.pairs
    assert len(pairs.table) == 8 * 7 // 2
    assert (pairs.n_read, pairs.too_short) == (9, 1)
    train, test = (set(pairs.lists[pairs.rows[name]].ravel()) for name in ("train", "test"))
    assert (len(train), len(test)) == (4, 4) and not train & test
    assert data.task.counts() == {"lists": 9, "used": 8, "train_rows": 6, "test_rows": 6}
    batch = next(iter(data.test_dataloader()))
    assert batch["x"].shape == (6, 2)
    assert torch.equal(
        batch["target"].double().round(decimals=5), data.task.target.round(decimals=5)
    )


def test_lists_further_apart_are_better_told_apart(tmp_path: Path) -> None:
    table = ready(tmp_path).task.pairs.table
    gap = table["second"].str[1:].astype(int) - table["first"].str[1:].astype(int)
    assert table.loc[gap >= 4, "separability"].min() > table.loc[gap == 1, "separability"].min()
    assert table.loc[gap >= 4, "separability"].min() > 0.9


def test_lists_of_which_some_were_estimated_from_sound_are_warned_of(tmp_path: Path) -> None:
    table = likes().assign(loudness_low=-90.0, loudness_high=0.0)
    assert "lists_with_estimated_features" not in checks(ready(tmp_path, table))
    table.loc[table["user"] == "u2", ["loudness_low", "loudness_high"]] = np.nan
    finding = checks(ready(tmp_path, table))["lists_with_estimated_features"]
    assert (finding.value, finding.level) == (7, "warning")
    assert "the features of 7 of 8 lists were estimated from sound" in finding.text


def checks(data: ListsOfTracks) -> dict[str, Finding]:
    return {finding.check: finding for finding in data.task.audit(None)}


def test_tracks_of_both_lists_tell_them_apart_in_no_way(tmp_path: Path) -> None:
    same = tracks(20, 9000)
    twins = pd.concat([same.assign(user="x"), same.assign(user="y"), likes(6)])
    pairs = ready(tmp_path, twins).task.pairs.table
    twin = pairs[(pairs["first"] == "x") & (pairs["second"] == "y")].iloc[0]
    assert (twin["shared_tracks"], twin["separability"]) == (1.0, 0.5)
    assert twin["artist_cosine"] == pytest.approx(1)


def test_a_folder_of_tables_is_a_list_each(tmp_path: Path) -> None:
    for n in range(8):
        tracks(12, 100 * n).to_csv(tmp_path / f"list{n}.csv", index=False)
    data = made("playlist_pairs", tmp_path, tmp_path / "cache", **SMALL)
    data.setup()
    assert set(data.task.pairs.table["first"]) <= {f"list{n}" for n in range(8)}


def test_too_few_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="8 lists of 12 tracks or more are needed, 7 of 8 are"):
        ready(tmp_path, likes(7))
    with pytest.raises(ConfigError, match=r"dataset\.n_lists must be 8 or more"):
        ready(tmp_path, n_lists=7)


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.column=users: .* it has user"):
        ready(tmp_path, column="users")


def test_a_row_without_a_feature_is_refused_or_dropped(tmp_path: Path) -> None:
    table = likes().astype({"tempo": object}).reset_index(drop=True)
    table.loc[0, "tempo"] = ""
    with pytest.raises(DataFormatError, match=r"set dataset\.bad_rows=drop"):
        ready(tmp_path, table)
    data = ready(tmp_path, table, bad_rows="drop", min_tracks=11)
    assert sum(data.task.pairs.left_out.values()) == 1
    assert "rows_left_out" in {finding.check for finding in data.task.audit(None)}


def test_lists_without_artists_are_audited(tmp_path: Path) -> None:
    data = ready(tmp_path, likes().drop(columns="primary_artist"))
    found = {finding.check: finding for finding in data.task.audit(None)}
    assert found["artists_unknown"].level == "warning"


def test_the_answer_in_words_follows_the_correlation(tmp_path: Path) -> None:
    data = ready(tmp_path)
    pairs = data.task.pairs
    alike = 1 - pairs.table["separability"]
    pairs.table["artist_cosine"] = alike
    found = correlations(pairs, Bootstrap(50))
    assert found["correlation"].iloc[0] == pytest.approx(-1)
    assert found["p"].iloc[0] < 0.05
    shown = sections(pairs, Bootstrap(50))
    assert shown[0].text.startswith("Listeners who share artists are harder to separate")
    pairs.table["artist_cosine"] = 0.0
    assert "does not show" in sections(pairs, Bootstrap(50))[0].text
    assert [section.name for section in shown] == ["likeness", "extremes"]


def test_the_nulls_know_the_mean_and_the_length(tmp_path: Path) -> None:
    task = ready(tmp_path).task
    nulls = task.nulls()
    train = task.pairs.part("train")
    assert np.allclose(nulls["train_mean"]["preds"], train["separability"].mean())
    assert (nulls["chance"]["preds"] == 0.5).all()
    slope, start = np.polyfit(
        np.log(train[["n_first", "n_second"]].min(axis=1)), train["separability"], 1
    )
    test = task.pairs.part("test")
    expected = start + slope * np.log(test[["n_first", "n_second"]].min(axis=1))
    assert nulls["list_length"]["preds"][:, 0].tolist() == pytest.approx(expected.tolist())
    table = task.predictions({"preds": task.target})
    assert table["preds"].tolist() == table["target"].tolist()
