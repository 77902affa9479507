"""Sixty damaged or odd listening files: each ends in one line, or is accepted and counted."""

import gzip
from pathlib import Path

import pytest
from bad_plays import ACCEPTED, EVENTS, FILES, LOG, REFUSED
from made import made

from muso_exp.data.plays import Plays
from muso_exp.errors import DataFormatError, DatasetNotFoundError, MusoError


def write(root: Path, source: str, changed: dict[str, str | bytes | None]) -> None:
    for name, content in {**FILES[source], **changed}.items():
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (root / name).write_bytes(raw)


def load(root: Path, source: str, cache: Path, **options: object) -> Plays:
    given = {"min_user_items": 1, "candidates": "all", **options}  # too few plays for warm items
    data = made("plays", root, cache, source=source, **given)
    data.prepare_data()
    data.setup("fit")
    return data


def flat(groups: dict[tuple[str, str], list]) -> list[tuple]:
    return [(case[0], *place, *case[1:]) for place, cases in groups.items() for case in cases]


@pytest.mark.parametrize("case", flat(REFUSED), ids=lambda case: case[0])
def test_a_bad_file_ends_in_one_line_with_its_place(case: tuple, tmp_path: Path) -> None:
    _, source, name, content, message = case
    write(tmp_path, source, {name: content})
    with pytest.raises(DataFormatError, match=message) as caught:
        load(tmp_path, source, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    left = {path.name for path in (tmp_path / "cache").glob("*/*")}
    assert left <= {
        "pairs.parquet",
        "facts.json",
        ".manifest.json",
    }  # of a log that was sound: another file was bad
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize("case", flat(ACCEPTED), ids=lambda case: case[0])
def test_an_odd_file_is_accepted_and_counted(case: tuple, tmp_path: Path) -> None:
    _, source, name, content, note, total = case
    write(tmp_path, source, {name: content})
    data = load(tmp_path, source, tmp_path / "cache")
    assert int(data.data.plays.sum()) == total
    counted = {finding.check: finding.value for finding in data.data.notes}
    if note:
        assert counted[note[0]] == note[1]
    else:
        assert not counted.keys() - {"matched_items"}


def test_a_circle_of_aliases_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "audioscrobbler", {"artist_alias.txt": "1\t2\n2\t1\n3\t3\n"})
    data = load(tmp_path, "audioscrobbler", tmp_path / "cache", merge=True)
    counted = {finding.check: finding.value for finding in data.data.notes}
    assert counted["alias_circles"] == 2


def test_there_are_at_least_sixty() -> None:
    assert len(flat(REFUSED)) + len(flat(ACCEPTED)) >= 60


@pytest.mark.parametrize("source", FILES)
def test_a_missing_file_is_named(source: str, tmp_path: Path) -> None:
    first = next(iter(FILES[source]))
    write(tmp_path, source, {first: None})
    with pytest.raises(DatasetNotFoundError, match=first):
        load(tmp_path, source, tmp_path / "cache")


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="the folder itself"):
        load(tmp_path / "nowhere", "lfm1b", tmp_path / "cache")


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_archive_is_refused(keep: float, tmp_path: Path) -> None:
    packed = gzip.compress(EVENTS.encode() * 100)
    write(tmp_path, "lfm1b", {LOG: None})
    (tmp_path / f"{LOG}.gz").write_bytes(packed[: int(keep * len(packed))])
    with pytest.raises(DataFormatError, match="damaged gzip file"):
        load(tmp_path, "lfm1b", tmp_path / "cache")


def test_a_packed_log_equals_a_plain_one(tmp_path: Path) -> None:
    write(tmp_path, "lfm1b", {})
    plain = load(tmp_path, "lfm1b", tmp_path / "cache")
    (tmp_path / f"{LOG}.gz").write_bytes(gzip.compress(EVENTS.encode()))
    (tmp_path / LOG).unlink()
    packed = load(tmp_path, "lfm1b", tmp_path / "cache")
    assert plain.fingerprint == packed.fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "spotify"}, "dataset.source=spotify: choose one of lfm1b"),
        ({"reading": {"items": "song"}}, "items=song: one of artist, album, track is needed"),
        ({"split": "leave_one_out"}, "split.by=leave_one_out: one of holdout, "),
        ({"test_share": 1.0}, "split.test_share=1.0: float < 1 is needed"),
        ({"val_share": -0.1}, "split.val_share=-0.1: float >= 0 is needed"),
        ({"min_user_items": 99}, "nothing is left of 2 users and 3 items"),
        ({"split": "published"}, "no hidden half in the files"),
        ({"split": "cold_items", "test_share": 0.0}, "no plays to test"),
    ],
)
def test_an_impossible_wish_ends_in_one_line(options: dict, message: str, tmp_path: Path) -> None:
    write(tmp_path, "lfm1b", {})
    wishes = {"source": "lfm1b", "min_user_items": 1, **options}
    with pytest.raises(MusoError, match=message):
        data = made("plays", tmp_path, tmp_path / "c", **wishes)
        data.setup()


def test_a_source_without_time_has_no_temporal_split(tmp_path: Path) -> None:
    write(tmp_path, "taste_profile", {})
    with pytest.raises(MusoError, match="no time stamps"):
        load(tmp_path, "taste_profile", tmp_path / "cache", split="temporal")


def test_a_source_without_a_writer_is_not_simulated(tmp_path: Path) -> None:
    data = made("plays", None, tmp_path, source="audioscrobbler")
    with pytest.raises(MusoError, match="audioscrobbler: not simulated"):
        data.prepare_data()
