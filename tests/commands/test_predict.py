"""A finished run applied to new input, from its checkpoint alone."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from pytest import approx

from muso_exp.commands.predict import check_out, predict, shown, write_table
from muso_exp.errors import CheckpointError, ConfigError, DataFormatError
from muso_exp.run import run
from muso_exp.trained import find_trained, load_trained

CONF = str(REPOSITORY / "conf")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A tracked run of gradient boosting on simulated playlists."""
    outputs = tmp_path_factory.mktemp("outputs")
    overrides = [
        "+experiment=playlist_membership",
        "model=gradient_boosting",
        "dataset.batch_size=0",
        "dataset.threshold=validation",
        "dataset.split.val_share=0.2",
        "scale=smoke",
        "resamples=20",
        "trainer.max_epochs=1",
        "trainer.check_val_every_n_epoch=1",
        f"paths.outputs={outputs}",
        f"paths.run={outputs / 'run'}",
        f"paths.cache={cache}",
    ]
    with initialize_config_dir(CONF, version_base="1.3"):
        run(compose("config", overrides))
    return outputs / "run"


@pytest.fixture(scope="module")
def tested(finished: Path, cache: Path) -> pd.DataFrame:
    """The run's own predictions of its test tracks."""
    return pd.read_parquet(finished / "predictions.parquet")


@pytest.fixture(scope="module")
def test_tracks(tested: pd.DataFrame, cache: Path) -> pd.DataFrame:
    """The test tracks of the run, as a table that a user brings."""
    worlds = cache.glob("playlists-*/user_*_likes.csv")  # of other tests too
    likes = pd.concat(pd.read_csv(path) for path in sorted(worlds))
    wanted = likes.merge(
        tested[["id", "title"]], left_on=["id", "track.name"], right_on=["id", "title"]
    )
    return wanted.drop(columns="title").drop_duplicates("id")


def test_the_test_tracks_get_the_predictions_of_the_run(
    finished: Path, tested: pd.DataFrame, test_tracks: pd.DataFrame, tmp_path: Path
) -> None:
    test_tracks.to_csv(tmp_path / "brought.csv", index=False)
    predict(str(finished), [tmp_path / "brought.csv"], tmp_path / "ranked.csv")
    ranked = pd.read_csv(tmp_path / "ranked.csv")
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert (np.diff(ranked["probability"]) <= 0).all()
    both = ranked.merge(tested, on="id")
    assert both["probability_x"].to_numpy() == approx(both["probability_y"].to_numpy())
    assert (both["decision_x"] == both["decision_y"]).all()


def test_a_checkpoint_file_alone_is_enough(
    finished: Path, test_tracks: pd.DataFrame, tmp_path: Path
) -> None:
    shutil.copy(finished / "checkpoints" / "last.ckpt", tmp_path / "taken_away.ckpt")
    test_tracks.to_csv(tmp_path / "brought.csv", index=False)
    for place, out in ((finished, "a.csv"), (tmp_path / "taken_away.ckpt", "b.csv")):
        predict(str(place), [tmp_path / "brought.csv"], tmp_path / out)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_tracked_run_is_found_by_its_id(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MUSO_OUTPUTS", str(finished.parent))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client = MlflowClient(f"sqlite:///{finished.parent}/mlflow.db")
    (tracked,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert find_trained(tracked.info.run_id) == finished / "checkpoints" / "last.ckpt"
    with pytest.raises(CheckpointError, match="no such run in the MLflow store"):
        find_trained("0" * 32)


def test_without_a_store_an_id_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSO_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(CheckpointError, match="no MLflow store at"):
        find_trained("0" * 32)


def test_the_best_checkpoint_goes_before_the_last(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("last", "best"):
        (tmp_path / "checkpoints" / f"{name}.ckpt").touch()
    assert find_trained(str(tmp_path)).name == "best.ckpt"


def test_a_place_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint here; give a run folder"):
        find_trained(str(tmp_path))
    (tmp_path / "x.ckpt").write_text("no")
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_trained(tmp_path / "x.ckpt")
    torch.save({"state_dict": {}}, tmp_path / "y.ckpt")
    with pytest.raises(CheckpointError, match="no checkpoint of a muso_exp run: it has no recipe"):
        load_trained(tmp_path / "y.ckpt")


def test_input_that_does_not_fit_is_refused_and_nothing_written(
    finished: Path, test_tracks: pd.DataFrame, tmp_path: Path
) -> None:
    test_tracks.drop(columns="tempo").to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(DataFormatError, match="no column for tempo"):
        predict(str(finished), [tmp_path / "bad.csv"], tmp_path / "ranked.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_without_out_the_result_is_only_shown(
    finished: Path, test_tracks: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    test_tracks.to_csv(tmp_path / "brought.csv", index=False)
    predict(str(finished), [tmp_path / "brought.csv"])
    assert f"{len(test_tracks)} rows: give --out FILE" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["brought.csv"]


def test_a_few_wide_rows_stand_upright() -> None:
    wide = pd.DataFrame([["song", 0.123456, "x", 1]], columns=["path", "energy", "near", "n"])
    table = shown("song.mp3", wide)
    assert [column.header for column in table.columns] == ["", "song"]
    assert list(table.columns[1].cells) == ["song", "0.1235", "x", "1"]
    assert len(shown("t", wide[["path", "energy"]]).columns) == 2


def test_an_estimate_stands_with_its_interval() -> None:
    row = {"path": "song", "energy": 0.5, "n": 1, "key": 2.0, "energy_low": 0.25, "energy_high": 1}
    table = shown("song.mp3", pd.DataFrame([row]))
    assert list(table.columns[0].cells) == ["path", "energy", "n", "key"]
    assert list(table.columns[1].cells) == ["song", "0.5 [0.25, 1.00]", "1", "2"]


def test_of_many_wide_rows_the_first_columns_are_shown() -> None:
    table = shown("songs", pd.DataFrame(np.zeros((5, 40))))
    assert len(table.columns) == 12
    assert table.title == "songs: first rows, 12 of 40 columns"


def test_the_result_is_written_in_the_format_of_its_name(tmp_path: Path) -> None:
    table = pd.DataFrame({"rank": [1, 2]})
    for name, read in (("a.csv.gz", pd.read_csv), ("a.parquet", pd.read_parquet)):
        write_table(tmp_path / "new" / name, table)
        assert read(tmp_path / "new" / name)["rank"].tolist() == [1, 2]
    with pytest.raises(ConfigError, match=r"a name that ends in \.csv, \.csv\.gz or \.parquet"):
        predict("anywhere", [tmp_path / "t.csv"], tmp_path / "ranked.xlsx")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_table(tmp_path / "file" / "a.csv", table)


def test_a_data_set_that_cannot_be_applied_says_so(cache: Path) -> None:
    from muso_exp.data.base import ExperimentData

    class Other(ExperimentData):
        name = "other"

    with pytest.raises(ConfigError, match="data set other cannot be applied to new input"):
        Other(None, str(cache), 1, 0).read_new(Path("x"))


def test_a_result_is_never_written_over_what_is_read(tmp_path: Path) -> None:
    given = tmp_path / "log.csv"
    given.write_text("artist,track\n")
    check_out(tmp_path / "other.csv", [given])
    (tmp_path / "link.csv").symlink_to(given)
    for out in (given, tmp_path / "link.csv"):
        with pytest.raises(ConfigError, match=r"csv: that is what is read; give another name"):
            check_out(out, [tmp_path / "absent", given])
