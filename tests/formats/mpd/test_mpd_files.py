"""Files of the Million Playlist Dataset: read in batches, kept as columns, joined."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from tiny_mpd import playlist, track, write, write_slices

from muso_exp.errors import DataFormatError
from muso_exp.formats import playlist_tables as tables
from muso_exp.formats.mpd import file as mpd_file
from muso_exp.formats.mpd.dataset import prepare, read_mpd
from muso_exp.formats.mpd.file import read_part
from muso_exp.formats.playlist_tables import SLICE


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize(("batch", "wait"), [(1, 0), (7, 20), (2**10, 2**17)])
def test_slices_become_columns(
    batch: int, wait: int, indent: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_file, "_BATCH", batch)
    monkeypatch.setattr(tables, "_WAIT", wait)
    titles = ["A", "", '🎶 é\n\\"]', "\\ud83d"]
    lists = [playlist(p, range(3 * p, 15), name=name) for p, name in enumerate(titles)]
    lists[0] = playlist(7, [3, 1, 3], name="A")
    part = read_part(write(tmp_path / "x.json", lists, indent), SLICE)
    assert part.playlists["pid"].to_pylist() == [7, 1, 2, 3]
    assert part.playlists["name"].to_pylist() == titles
    assert part.playlists["n_tracks"].to_pylist() == [len(one["tracks"]) for one in lists]
    expected = [entry for one in lists for entry in one["tracks"]]
    for column, field in (("id", "track_uri"), ("artist_id", "artist_uri")):
        read = part.tracks[column].take(part.entries).to_pylist()
        assert read == [entry[field].rpartition(":")[2] for entry in expected]
    for column, field in (("artist", "artist_name"), ("title", "track_name")):
        read = part.tracks[column].take(part.entries).to_pylist()
        assert read == [entry[field] for entry in expected]
    assert len(set(part.tracks["id"].to_pylist())) == len(part.tracks) == 13


def test_slices_that_hold_names_and_addresses_alone_are_read(tmp_path: Path) -> None:
    kept = ("artist_name", "track_uri", "track_name")
    tracks = [{name: track(n)[name] for name in kept} for n in (3, 14, 15)]
    lists = [{"pid": 0, "name": "A", "num_tracks": 3, "tracks": tracks}]
    part = read_part(write(tmp_path / "x.json", lists), SLICE)
    rows = part.tracks.take(part.entries).to_pydict()
    assert rows["id"] == ["t003", "t014", "t015"]
    assert rows["artist"] == ["artist 0", "artist 1", "artist 1"]
    assert rows["artist_id"][0] != rows["artist_id"][1] == rows["artist_id"][2]


def test_a_reader_holds_columns_and_a_batch_not_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [playlist(p, range(60)) for p in range(400)])
    tracemalloc.start()
    part = read_part(path, SLICE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(part.entries) == 24_000
    assert peak < path.stat().st_size / 8


def test_a_file_may_be_packed_and_have_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [playlist(7, [3, 1, 3])])
    content = b"\xef\xbb\xbf" + path.read_bytes()
    packed = tmp_path / "x.json.gz"
    packed.write_bytes(gzip.compress(content))
    path.write_bytes(content)
    parts = [read_part(one, SLICE) for one in (path, packed)]
    assert parts[0].tracks.equals(parts[1].tracks) and len(parts[0].tracks) == 2
    assert parts[0].playlists.equals(parts[1].playlists)
    assert path.read_bytes() == content


HALVES = {
    "high": ("x\ud83d", "x?"),
    "low": ("\udfb6x", "?x"),
    "two": ("\ud83d\ud83d", "??"),
    "beside a whole one": ("\ud83d🎶\udfb6", "?🎶?"),
    "behind a backslash": ("\\\ud83d", "\\?"),
    "spelt": ("\ud83d\\ud83d", "?\\ud83d"),
}


@pytest.mark.parametrize("case", HALVES)
def test_half_an_emoji_is_a_question_mark(case: str, tmp_path: Path) -> None:
    name, expected = HALVES[case]
    path = tmp_path / "mpd.slice.0-0.json"
    lists = [playlist(0, [1], name=name), playlist(1, [2], name=f"no {name}", other=name)]
    path.write_text(json.dumps({"playlists": lists}))
    before = path.read_bytes()
    names = read_mpd(tmp_path, tmp_path / "cache", 1, False).names.tolist()
    assert names == [expected, f"no {expected}"]
    assert path.read_bytes() == before


def test_playlists_are_the_same_in_one_slice_or_in_many(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    lists = [playlist(p, [(7 * p + i) % 40 for i in range(9)]) for p in range(6)]
    write(one / "mpd.slice.0-5.json", lists)
    write(two / "data" / "mpd.slice.0-2.json", lists[3:])
    write(two / "data" / "mpd.slice.3-5.json", lists[:3])
    tables = [read_mpd(root, tmp_path / "cache", 1, challenge=False) for root in (one, two)]
    assert tables[0].fingerprint() == tables[1].fingerprint()
    assert tables[0].pids.tolist() == [0, 1, 2, 3, 4, 5]
    named = tables[1].tracks["id"][tables[1].of(0)].tolist()
    assert named == [f"t{(21 + i) % 40:03d}" for i in range(9)]


def test_another_title_or_order_is_another_fingerprint(tmp_path: Path) -> None:
    versions = {
        "base": playlist(0, [1, 2, 3]),
        "title": playlist(0, [1, 2, 3], name="x"),
        "order": playlist(0, [1, 3, 2]),
        "pid": playlist(1, [1, 2, 3]),
    }
    prints = set()
    for name, content in versions.items():
        write(tmp_path / name / "mpd.slice.0-0.json", [content])
        prints.add(read_mpd(tmp_path / name, tmp_path / "cache", 1, False).fingerprint())
    assert len(prints) == len(versions)


def test_a_slice_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "mpd.slice.0-0.json", [playlist(0, [1, 2])])
    cache = tmp_path / "cache"
    first = prepare(path, SLICE, cache)
    stamp = (first / "entries.arrow").stat().st_mtime_ns
    assert prepare(path, SLICE, cache) == first
    assert (first / "entries.arrow").stat().st_mtime_ns == stamp
    write(path, [playlist(0, [1, 2, 3])])
    assert prepare(path, SLICE, cache) != first


@pytest.mark.parametrize("target", ["mpd.slice.0-0.json", "nowhere"])
def test_a_link_that_leads_to_no_file_is_refused(target: str, tmp_path: Path) -> None:
    path = tmp_path / "mpd.slice.0-0.json"
    path.symlink_to(tmp_path / target)
    with pytest.raises(DataFormatError, match=r"symbolic link.*, not a file; put"):
        read_mpd(tmp_path, tmp_path / "cache", 1, False)


def test_a_preparation_goes_on_where_a_bad_slice_stopped_it(tmp_path: Path) -> None:
    write_slices(tmp_path)
    good, bad = sorted(tmp_path.glob("*.json"))
    text = bad.read_text()
    bad.write_text(text[:500])
    with pytest.raises(Exception, match="cut off"):
        read_mpd(tmp_path, tmp_path / "cache", 1, False)
    kept = prepare(good, SLICE, tmp_path / "cache")
    stamp = kept.stat().st_mtime_ns
    bad.write_text(text)
    assert len(read_mpd(tmp_path, tmp_path / "cache", 1, False).pids) == 12
    assert kept.stat().st_mtime_ns == stamp
