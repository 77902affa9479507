"""The challenge set alone as a data set, and songs that are drawn from a collection."""

from pathlib import Path

import numpy as np
import pytest
from tiny_mpd import asked, ready, write, write_slices

from muso_exp.data.continuation.drawn_songs import draw_songs
from muso_exp.errors import ConfigError


def write_challenge(folder: Path, n: int = 12) -> Path:
    lists = [asked(100 + p, list(range(p, p + 8)), 2) for p in range(n)]
    lists.append(asked(99, [], 5))
    path = folder / "challenge_set.json"
    write(path, lists)
    return path


@pytest.mark.parametrize("by", ["auto", "holdout"])
@pytest.mark.parametrize("as_file", [False, True])
def test_a_challenge_set_alone_is_lists_of_its_own(tmp_path: Path, by: str, as_file: bool) -> None:
    path = write_challenge(tmp_path)
    root = path if as_file else tmp_path
    data = ready(root, tmp_path / "cache", by=by, seeds=["first_1"], test_share=0.4)
    split = data.continuation
    assert split.known.shape[0] == 13 and (split.category == "first_1").sum() == 5
    assert split.known.nnz + split.held_out.nnz == 12 * 8
    assert not {f.check for f in data.task.continued.file_findings}


def test_a_challenge_set_alone_has_no_truth_to_be_held_against(tmp_path: Path) -> None:
    write_challenge(tmp_path)
    with pytest.raises(ConfigError, match=r"without slices, and its truth is secret"):
        ready(tmp_path, tmp_path / "cache", by="challenge")


def test_songs_are_drawn_by_the_seed_and_leave_all_lists(tmp_path: Path) -> None:
    write_slices(tmp_path, n=20)
    given = {"by": "holdout", "seeds": ["first_1"], "test_share": 0.3}
    whole = ready(tmp_path, tmp_path / "cache", **given).data
    drawn = draw_songs(whole, 9, 5)
    assert len(drawn.tracks) == 9 and drawn.tracks["id"].is_monotonic_increasing
    kept = set(drawn.tracks["id"])
    lists = {pid: [] for pid in whole.pids}
    lists |= {pid: drawn.tracks["id"][drawn.of(n)].tolist() for n, pid in enumerate(drawn.pids)}
    for number, pid in enumerate(whole.pids):
        names = whole.tracks["id"][whole.of(number)].tolist()
        assert lists[pid] == [name for name in names if name in kept]
    assert all(lists[pid] for pid in drawn.pids)
    again, other = draw_songs(whole, 9, 5), draw_songs(whole, 9, 6)
    assert np.array_equal(again.entries, drawn.entries)
    assert set(other.tracks["id"]) != kept
    assert draw_songs(whole, 10**6, 5) is whole


def test_the_option_draws_and_a_challenge_is_refused(tmp_path: Path) -> None:
    write_slices(tmp_path, n=30)
    options = {"by": "holdout", "seeds": ["first_1"], "test_share": 0.3, "n_songs": 25}
    data = ready(tmp_path, tmp_path / "cache", **options)
    assert data.dims["n_items"] == 25
    write(tmp_path / "challenge_set.json", [asked(100, [1, 2], 2)])
    write(tmp_path / "challenge_truth.json", [asked(100, [3, 4], 0) | {"num_tracks": 2}])
    with pytest.raises(ConfigError, match=r"dataset.n_songs=25: .* dataset.split.by=holdout"):
        ready(tmp_path, tmp_path / "cache", n_songs=25)
