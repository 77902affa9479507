"""Run folders that an earlier version left (tests/fixtures/old_runs) still open."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from old_songs import write_song

OLD_RUNS = Path(__file__).parent / "fixtures" / "old_runs"
INPUTS = {"wmf": "seeds.csv", "playlist_membership": "tracks.csv"}


@pytest.mark.parametrize("name", ["wmf", "playlist_membership", "bag_of_mfcc", "spectra_variants"])
def test_predict_answers_as_the_version_that_trained(
    name: str, call: callable, tmp_path: Path
) -> None:
    if name in INPUTS:
        source = OLD_RUNS / name / INPUTS[name]
    else:
        write_song(source := tmp_path / "song.wav")
    out = tmp_path / "out.csv"
    status, _, error = call("predict", str(OLD_RUNS / name), str(source), "--out", str(out))
    assert status == 0, error
    expected = pd.read_csv(OLD_RUNS / name / "expected.csv")
    answer = pd.read_csv(out).head(len(expected))[list(expected)]  # later versions add columns
    pd.testing.assert_frame_equal(answer, expected, rtol=1e-4)


def test_neighbours_of_an_old_run(call: callable) -> None:
    item = "NA - Chasing Midnight Mornings in Kyoto"
    status, out, _ = call("neighbours", str(OLD_RUNS / "wmf"), item, "--k", "3")
    assert status == 0 and "Chasing Midnight Mornings" in out


def test_an_old_run_is_compared_with_itself(call: callable, tmp_path: Path) -> None:
    for place in ("a", "b"):
        shutil.copytree(OLD_RUNS / "playlist_membership", tmp_path / place)
    status, out, _ = call("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert status == 0 and "roc_auc" in out
