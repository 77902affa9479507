"""An audio store that is decoded in parts, by many jobs, and joined."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tiny_store import OPTIONS, N, good_files, good_store, table

from muso_exp.errors import ConfigError, PartOnlyError
from muso_exp.sound import shards
from muso_exp.sound.store import build_store
from muso_exp.sound.workers import run_each


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_files(tmp_path_factory.mktemp("sound"))


@pytest.fixture(autouse=True)
def _two_clips_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 2 * 2 * N)


def part(sound: Path, cache: Path, which: str) -> str:
    """Decode a part of the clips; return what is said of it."""
    tracks = table(sorted((sound / "good").iterdir()))
    with pytest.raises(PartOnlyError) as ended:
        build_store(tracks, cache, replace(OPTIONS, part=which))
    return str(ended.value)


def test_parts_make_the_store_that_one_build_makes(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = table(sorted((sound / "good").iterdir()))
    third = part(sound, tmp_path, "3/3")
    assert "2 clips decoded, 0 in quarantine; 1 of 4 shards are there" in third
    first = part(sound, tmp_path, "1/3")
    assert "4 clips decoded, 0 in quarantine; 3 of 4 shards are there" in first
    decoded = []

    def counted(*arguments: object) -> object:
        for ended in run_each(*arguments):  # type: ignore[arg-type]
            decoded.append(Path(ended[0][0]).name)
            yield ended

    monkeypatch.setattr(shards, "run_each", counted)
    joined = build_store(tracks, tmp_path, OPTIONS)
    assert sorted(decoded) == list(tracks["track_id"][2:4])  # of the second part
    assert joined.fingerprint == good_store(sound).fingerprint
    assert not list(tmp_path.glob("*.parts"))
    assert f"nothing to do, {joined.folder} is whole" in part(sound, tmp_path, "2/3")


def test_a_part_that_is_there_is_not_decoded_again(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part(sound, tmp_path, "2/4")
    monkeypatch.setattr(shards, "run_each", lambda *arguments: pytest.fail("decoded again"))
    assert "1 of 4 shards are there" in part(sound, tmp_path, "2/4")


def test_files_in_quarantine_are_those_of_one_build(sound: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF no sound")
    tracks = table([*sorted((sound / "good").iterdir()), bad])
    cache = tmp_path / "cache"
    for which, n_bad in (("1/2", 1), ("2/2", 0)):
        with pytest.raises(PartOnlyError, match=f"{n_bad} in quarantine"):
            build_store(tracks, cache, replace(OPTIONS, part=which))
    joined = build_store(tracks, cache, OPTIONS)
    assert list(joined.quarantine["track_id"]) == ["bad.wav"]


@pytest.mark.parametrize(
    ("which", "said"),
    [("5/4", "parts are 1 to 4"), ("1/5", "8 clips fill 4 of"), ("4/2", "parts are 1 to 2")],
)
def test_a_part_that_there_is_not_is_refused(
    which: str, said: str, sound: Path, tmp_path: Path
) -> None:
    tracks = table(sorted((sound / "good").iterdir()))
    with pytest.raises(ConfigError, match=said):
        build_store(tracks, tmp_path, replace(OPTIONS, part=which))
