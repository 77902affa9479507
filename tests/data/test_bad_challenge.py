"""A challenge set or truth that is wrong: one line each."""

from pathlib import Path

import pytest
from tiny_mpd import asked, message, playlist, ready, track, write, write_slices

from muso_exp.errors import ConfigError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer

BAD_CHALLENGES = {
    "samples": (asked(10, [1, 2], 3, num_samples=3), '"num_samples" is 3, but 2 tracks are listed'),
    "sum": (asked(10, [1, 2], 3, num_tracks=4), '"num_tracks" is 4, not 2 seeds + 3 held out'),
    "name": (asked(10, [1, 2], 3, name=5), "Expected `str | null`, got `int` - at `$.name`"),
    "place twice": (
        asked(10, [1, 2], 3, tracks=[track(1, 0), track(2, 0)]),
        'two tracks have one "pos"',
    ),
    "place beyond": (
        asked(10, [1, 2], 3, tracks=[track(1, 0), track(2, 5)]),
        '"pos" is 5, in a playlist of 5 tracks',
    ),
    "place missing": (
        asked(10, [1, 2], 3, tracks=[track(1, 0), track(2) | {"pos": None}]),
        '"pos" is missing of 1 of 2 tracks',
    ),
    "place": (
        asked(10, [1, 2], 3, tracks=[track(1) | {"pos": "0"}]),
        "Expected `int | null`, got `str` - at",
    ),
}


@pytest.mark.parametrize("case", BAD_CHALLENGES)
def test_a_bad_playlist_of_the_challenge_is_reported(case: str, tmp_path: Path) -> None:
    bad, expected = BAD_CHALLENGES[case]
    write_slices(tmp_path)
    write(tmp_path / "challenge_set.json", [bad])
    write(tmp_path / "challenge_truth.json", [playlist(10, [3, 4, 5])])
    text = message(tmp_path, tmp_path)
    assert "challenge_set.json, line " in text and f"playlist 1 (pid 10): {expected}" in text


def test_half_of_a_challenge_is_counted(tmp_path: Path) -> None:
    write_slices(tmp_path)
    (tmp_path / "challenge_set.json").write_text("[malformed")
    found = {
        finding.check: finding
        for finding in ready(tmp_path, tmp_path / "a").task.audit(Answer(None, {}, Bootstrap(20)))
    }
    assert found["unread_challenge_files"].value == 1
    assert "challenge_set.json: there and not read" in found["unread_challenge_files"].text
    write(tmp_path / "challenge_set.json", [asked(90, [1, 2], 1), asked(91, [1, 2], 1)])
    write(tmp_path / "challenge_truth.json", [playlist(91, [3])])
    found = {
        finding.check: finding
        for finding in ready(tmp_path, tmp_path / "b").task.audit(Answer(None, {}, Bootstrap(20)))
    }
    assert found["challenge_without_truth"].value == 1


def test_a_truth_of_other_playlists_is_refused(tmp_path: Path) -> None:
    write_slices(tmp_path)
    write(tmp_path / "challenge_set.json", [asked(90, [1, 2], 1)])
    write(tmp_path / "challenge_truth.json", [playlist(91, [3])])
    with pytest.raises(ConfigError, match="the truth is of no playlist of the challenge"):
        ready(tmp_path, tmp_path / "cache")
