"""`predict RUN HISTORY --genre ... -n ...`, as a user types it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.errors import ConfigError
from muso_exp.evaluation.tested_clips import read_tested
from muso_exp.run import run
from muso_exp.trained import find_trained, load_trained


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, Path]:
    """Small runs on the simulated world."""
    outputs = tmp_path_factory.mktemp("outputs")
    common = ["scale=smoke", "resamples=20", "logger=none", f"paths.cache={cache}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        for name in ("hybrid", "wmf", "bag_of_mfcc"):
            places = [f"paths.outputs={outputs}", f"paths.run={outputs / name}"]
            run(compose("config", [f"+experiment={name}", *common, *places]))
    return {name: outputs / name for name in ("hybrid", "wmf", "bag_of_mfcc")}


@pytest.fixture
def liked(finished: dict[str, Path], tmp_path: Path) -> Path:
    data, _ = load_trained(find_trained(str(finished["hybrid"])))
    data.catalogue.items.iloc[[0, 3, 7]][["artist"]].to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


def test_a_genre_and_a_number_of_rows_are_listed_with_reasons(
    finished: dict[str, Path],
    liked: Path,
    tmp_path: Path,
    call: callable,
) -> None:
    data, _ = load_trained(find_trained(str(finished["hybrid"])))
    genre, out = data.genres.names[0], tmp_path / "listed.csv"
    status, shown, _ = call(
        "predict", finished["hybrid"], liked, "--genre", genre, "-n", 4, "--out", out
    )
    assert status == 0 and "4 rows" in shown
    listed = pd.read_csv(out)
    assert listed["genre"].tolist() == [genre] * 4
    assert {"artist", "confidence", "listeners", "support", "reason"} <= set(listed)


@pytest.mark.parametrize(
    ("name", "genre", "says"),
    [
        ("hybrid", "zydeco of the moon", "genres of this run; the nearest are"),
        ("wmf", "rock", "recommends under no genre; take one on content_plays"),
    ],
)
def test_a_genre_that_cannot_be_had_is_refused_in_a_line(
    name: str,
    genre: str,
    says: str,
    finished: dict[str, Path],
    liked: Path,
    call: callable,
) -> None:
    status, _, error = call("predict", finished[name], liked, "--genre", genre)
    assert status == 2 and says in error and "Traceback" not in error


@pytest.mark.parametrize(
    ("name", "judge", "says"),
    [
        (
            "hybrid",
            "bag_of_mfcc",
            "it judges none of the genres of this run for enough of its songs",
        ),
        ("hybrid", "wmf", "a run of wmf does not judge genres of clips"),
        ("hybrid", "nowhere", "no finished run here"),
        ("wmf", "bag_of_mfcc", "knows no genres of its items"),
    ],
)
def test_runs_that_cannot_say_how_sure_a_genre_is_are_refused_in_a_line(
    name: str,
    judge: str,
    says: str,
    finished: dict[str, Path],
    liked: Path,
    call: callable,
) -> None:
    place = finished.get(judge, finished[name].parent / judge)
    status, _, error = call("predict", finished[name], liked, "--genres-from", place)
    assert status == 2 and says in error and "Traceback" not in error


def test_test_clips_of_runs_are_read_with_the_names_of_their_genres(
    finished: dict[str, Path],
) -> None:
    run_folder = finished["bag_of_mfcc"]
    heard = read_tested([run_folder])
    tested = pd.read_parquet(run_folder / "predictions.parquet").set_index("track_id")
    assert set(heard.clips["id"]) == set(tested.index)
    best = [heard.names[place] for place in heard.probability.argmax(axis=1)]
    assert best == tested["decision"][heard.clips["id"]].tolist()
    fold = run_folder.parent / "fold"
    shutil.copytree(run_folder, fold)
    record = json.loads((fold / "metrics.json").read_text())
    (fold / "metrics.json").write_text(json.dumps(record | {"variant": "fold_1"}))
    assert record["variant"] == "fold_0"
    np.testing.assert_allclose(read_tested([run_folder, fold]).probability, heard.probability)
    with pytest.raises(ConfigError, match="runs of several kinds"):
        read_tested([run_folder, finished["wmf"]])
