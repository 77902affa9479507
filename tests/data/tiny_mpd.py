"""Files of the Million Playlist Dataset small enough to check by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from made import made

from muso_exp.data.playlist_continuation import PlaylistContinuation
from muso_exp.errors import MusoError

CONF = Path(__file__).parents[2] / "conf" / "dataset"


def track(number: int, pos: int = 0) -> dict[str, Any]:
    """Track `number`; ten tracks share an artist."""
    return {
        "pos": pos,
        "artist_name": f"artist {number // 10}",
        "track_uri": f"spotify:track:t{number:03d}",
        "artist_uri": f"spotify:artist:a{number // 10:02d}",
        "track_name": f"song {number} é",
        "album_uri": f"spotify:album:b{number // 5:02d}",
        "duration_ms": 200_000,
        "album_name": "NA",
    }


def playlist(pid: int, numbers: Sequence[int], name: str = "NA", **changes: Any) -> dict[str, Any]:
    tracks = [track(number, pos) for pos, number in enumerate(numbers)]
    known = {"name": name, "pid": pid, "num_tracks": len(tracks), "tracks": tracks}
    return {"collaborative": "false", **known, **changes}


def asked(pid: int, numbers: Sequence[int], held: int, **changes: Any) -> dict[str, Any]:
    """An incomplete playlist of the challenge."""
    counts = {"num_samples": len(numbers), "num_holdouts": held, "num_tracks": len(numbers) + held}
    return playlist(pid, numbers, **{**counts, **changes})


def write(path: Path, playlists: Sequence[Any], indent: int | None = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"info": {"slice": "0-1", "version": "v1"}, "playlists": playlists}
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False), encoding="utf-8")
    return path


def write_slices(folder: Path, n: int = 12, length: int = 12) -> Path:
    """Two slices; playlist p holds `length` neighbouring tracks of 40."""
    lists = [playlist(p, [(5 * p + i) % 40 for i in range(length)]) for p in range(n)]
    write(folder / f"mpd.slice.0-{n // 2 - 1}.json", lists[: n // 2])
    write(folder / f"mpd.slice.{n // 2}-{n - 1}.json", lists[n // 2 :])
    return folder


def write_features(folder: Path, numbers: Sequence[int] = range(40)) -> Path:
    names = (
        "id,danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,"
        "liveness,valence,tempo,duration_ms,time_signature"
    )
    rows = [
        f"t{n:03d},{n / 50},{1 - n / 50},{n % 12},{-n / 5},{n % 2},0.1,0.2,0,0.1,{n / 60},"
        f"{100 + n},200000,4"
        for n in numbers
    ]
    (folder / "track_features.csv").write_text("\n".join([names, *rows]) + "\n")
    return folder


def dataset(root: Path | None, cache: Path, **options: Any) -> PlaylistContinuation:
    return made("playlist_continuation", root, cache, **{"workers": 1, **options})


def ready(root: Path | None, cache: Path, **options: Any) -> PlaylistContinuation:
    data = dataset(root, cache, **options)
    data.prepare_data()
    data.setup("fit")
    return data


def message(root: Path, tmp_path: Path, **options: Any) -> str:
    """Return the one line in which files are refused; nothing half-written may be left."""
    with pytest.raises(MusoError) as caught:
        ready(root, tmp_path / "cache", **options)
    text = str(caught.value)
    assert "\n" not in text
    left = [path for path in tmp_path.glob("cache/*") if path.is_dir()]
    assert not [path for path in left if path.name.endswith(".partial")]
    assert all((path / "tracks.arrow").is_file() for path in left)  # whole or not at all
    return text
