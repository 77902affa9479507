"""Damaged inputs of every data set: which file is damaged how, and what must come of it."""

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import test_bad_plays
import tiny_features
import tiny_files
import tiny_friends
import tiny_mpd
import tiny_songs
import tiny_tracks

Damage = Callable[[bytes], bytes]
PLAYS = [
    "+experiment=wmf",
    "model.n_factors=1",
    "dataset.min_user_items=1",
    "dataset.candidates=all",
]
TABLE = "user,artist,plays\n" + "".join(
    f"user {u},artist {(u + k) % 6},{1 + (3 * u + k) % 5}\n" for u in range(8) for k in range(4)
)


@dataclass(frozen=True)
class Format:
    """A kind of files: who writes sound ones, which of them are damaged, what reads them."""

    write: Callable[[Path], object]
    files: tuple[str, ...]
    arguments: tuple[str, ...]


def plays(source: str) -> Format:
    arguments = (*PLAYS, f"dataset.source={source}")
    files = tuple(test_bad_plays.FILES[source])
    return Format(lambda root: test_bad_plays.write(root, source, {}), files, arguments)


def challenge(root: Path) -> None:
    tiny_mpd.write_slices(root)
    asked = [tiny_mpd.asked(100 + n, range(n, n + 5), 3) for n in range(4)]
    truth = [tiny_mpd.playlist(100 + n, range(n + 5, n + 8)) for n in range(4)]
    tiny_mpd.write(root / "challenge_set.json", asked)
    tiny_mpd.write(root / "challenge_truth.json", truth)


CHALLENGE = ("+experiment=playlist_continuation", "hydra.mode=RUN", "variant=popularity")
FORMATS = {
    "muso": Format(
        tiny_files.write_muso_files,
        ("train_listening.json", "test_listening.json", "train_dos.csv", "test_dos.csv"),
        ("+experiment=dos_classifier",),
    ),
    "friends": Format(
        tiny_friends.write_network,
        ("edges.csv", "features.json"),
        ("+experiment=friend_prediction", "hydra.mode=RUN", "variant=adamic_adar"),
    ),
    "hetrec": Format(
        tiny_files.write_hetrec_files,
        tuple(f"{name}.dat" for name in tiny_files.hetrec_rows()),
        ("+experiment=dos_hetrec", "dataset.val_users=0", "monitor=null"),
    ),
    "playlists": Format(
        tiny_tracks.write_two, ("a.csv", "b.csv"), ("+experiment=playlist_membership",)
    ),
    "mpd": Format(
        challenge,
        ("mpd.slice.0-5.json", "challenge_set.json", "challenge_truth.json"),
        CHALLENGE,
    ),
    "lfm1b": plays("lfm1b"),
    "taste_profile": plays("taste_profile"),
    "audioscrobbler": plays("audioscrobbler"),
    "table": Format(
        lambda root: (root / "plays.csv").write_text(TABLE),
        ("plays.csv",),
        (*PLAYS, "dataset.source=table"),
    ),
    "track_features": Format(
        tiny_features.write, ("track_features.csv",), ("+experiment=song_clusters",)
    ),
    "spectra": Format(
        tiny_songs.write_matrix,
        ("spectra.npy", "spectra_ids.txt", "track_features.csv"),
        ("+experiment=spectra_features", f"dataset.spectrum.n_bins={tiny_songs.N_BINS}"),
    ),
    "sound": Format(
        tiny_songs.write_songs,
        ("manifest.csv", "track_features.csv"),
        ("+experiment=spectra_features", f"dataset.spectrum.n_bins={tiny_songs.N_BINS}"),
    ),
}


def in_the_middle(new: bytes) -> Damage:
    """Put bytes into the middle of the middle line."""

    def damage(raw: bytes) -> bytes:
        lines = raw.split(b"\n")
        line = lines[len(lines) // 2]
        lines[len(lines) // 2] = line[: len(line) // 2] + new + line[len(line) // 2 :]
        return b"\n".join(lines)

    return damage


def last_number(new: bytes) -> Damage:
    """Replace the last run of digits."""

    def damage(raw: bytes) -> bytes:
        end = len(raw.rstrip(b'\r\n\t ]}",.0')) + 1
        end = next((k for k in range(len(raw), 0, -1) if raw[k - 1 : k].isdigit()), end)
        start = end
        while raw[start - 1 : start].isdigit():
            start -= 1
        return raw[:start] + new + raw[end:]

    return damage


def flipped(raw: bytes) -> bytes:
    rng = np.random.default_rng(len(raw))
    damaged = bytearray(raw)
    for place in rng.integers(0, max(len(raw), 1), 20 if raw else 0):
        damaged[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(damaged)


def doubled_line(raw: bytes) -> bytes:
    lines = raw.rstrip(b"\n").split(b"\n")
    return b"\n".join([*lines, lines[-1], b""])


def other_heading(raw: bytes) -> bytes:
    first, _, rest = raw.partition(b"\n")
    return b"x" + first.replace(b",", b",y").replace(b"\t", b"\ty") + b"\n" + rest


def zipped(raw: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a", raw)
    return content.getvalue()


CONTENT: dict[str, Damage] = {
    "empty": lambda raw: b"",
    "one byte": lambda raw: raw[:1],
    "half": lambda raw: raw[: len(raw) // 2],
    "header only": lambda raw: raw.partition(b"\n")[0] + b"\n",
    "flipped": flipped,
    "UTF-16": lambda raw: raw.decode("latin-1").encode("utf-16"),
    "BOM": lambda raw: b"\xef\xbb\xbf" + raw,
    "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "no UTF-8": in_the_middle(b"\xff"),
    "NUL": in_the_middle(b"\0"),
    "ESC": in_the_middle(b"\x1b[31m"),
    "a quote": in_the_middle(b'"'),
    "a line end": in_the_middle(b"\n"),
    "a huge number": last_number(b"9" * 40),
    "a larger number": last_number(b"1e308"),
    "NaN": last_number(b"nan"),
    "infinity": last_number(b"inf"),
    "a negative number": last_number(b"-7"),
    "a word for a number": last_number(b"many"),
    "other headings": other_heading,
    "the last line twice": doubled_line,
    "JSON of another shape": lambda raw: b'{"a": [1, {"b": null}]}',
    "a list": lambda raw: b"[1, 2, 3]",
    "deep JSON": lambda raw: b"[" * 100_000,
    "half a character": lambda raw: b'["\\ud83d"]',
    "an archive": zipped,
    "a web page": lambda raw: b"<html><body>404 Not Found</body></html>\n",
    "random bytes": lambda raw: np.random.default_rng(1).bytes(500),
    "NULs": lambda raw: bytes(len(raw)),
    "a line of 17 MiB": lambda raw: raw + b"x" * (17 * 2**20),
}
PACKED: dict[str, Damage] = {
    "gzip, cut": lambda raw: gzip.compress(raw * 20)[: len(raw) // 20 + 20],
    "gzip, no gzip": lambda raw: raw,
    "gzip, wrong sum": lambda raw: gzip.compress(raw)[:-8] + bytes(8),
    "gzip, empty": lambda raw: b"",
    "gzip, a bomb": lambda raw: gzip.compress(raw + bytes(2**27), 1),
}


def linked(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


PLACE: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "a folder": lambda path: replaced(path, Path.mkdir),
    "a named pipe": lambda path: replaced(path, os.mkfifo),
    "a device": lambda path: linked(path, Path("/dev/zero")),
    "a circle of links": lambda path: linked(path, path),
    "a link to nowhere": lambda path: linked(path, path.parent / "nowhere"),
    "unreadable": lambda path: path.chmod(0),
}
NEVER_READ = {  # which of these damages must end the run, whatever file it is
    *("empty", "UTF-16", "random bytes", "NULs", "a line of 17 MiB", "an archive", "a web page"),
    *PACKED,
    *("a folder", "a named pipe", "a device", "a circle of links", "a link to nowhere"),
}
LOOSE = {"artist_data.txt", "artist_alias.txt"}  # lines that are none are counted, as published
OPTIONAL = {"unique_tracks.txt"}


def damage(path: Path, kind: str) -> None:
    """Damage a file."""
    if kind in CONTENT:
        path.write_bytes(CONTENT[kind](path.read_bytes()))
    elif kind in PACKED:
        path.with_name(path.name + ".gz").write_bytes(PACKED[kind](path.read_bytes()))
        path.unlink()
    else:
        PLACE[kind](path)


def cases() -> Iterator[tuple[str, str, str]]:
    """Yield format, file and damage of each case; unreadable files only where they are."""
    kinds = [*CONTENT, *PACKED, *PLACE]
    for name, form in FORMATS.items():
        for file in form.files:
            for kind in kinds:
                if kind == "unreadable" and os.geteuid() == 0:
                    continue
                if file.endswith(".npy") and kind in PACKED:
                    continue
                yield name, file, kind
