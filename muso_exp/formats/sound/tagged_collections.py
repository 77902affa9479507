"""Published collections with tags whose sound lies in numbered folders: MagnaTagATune, Jamendo."""

import logging
import re
from pathlib import Path

import pandas as pd

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.sound.genre_folders import track_table
from muso_exp.formats.tables import no_rows, read_table, refuse_where
from muso_exp.formats.text import read_text
from muso_exp.opening import MAX_LINE, is_file

log = logging.getLogger(__name__)

ANNOTATIONS, CLIP_INFO = "annotations_final.csv", "clip_info_final.csv"
_PARTS = dict.fromkeys("0123456789ab", "train") | {"c": "val"} | dict.fromkeys("def", "test")
JAMENDO_HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
_WHOLE = "autotagging.tsv"  # all tracks with the tags of the published task
_AGAIN = "copy it anew"
_QUOTED = re.compile(r'^"(.*)"$')


def is_magnatagatune(root: Path) -> bool:
    """Return whether a folder holds the annotations of MagnaTagATune."""
    return is_file(root / ANNOTATIONS)


def read_magnatagatune(root: Path) -> pd.DataFrame:
    """Return the clips of MagnaTagATune whose files are there, in the order of the annotations.

    The artist is that of clip_info_final.csv or, without it, what the file name begins with. The
    parts are folders 0 to b, c, and d to f.

    Raises:
        DatasetNotFoundError: no annotations, or none of the files.
        DataFormatError: a table of another form.

    Source: E. Law, L. von Ahn, "Input-agreement", CHI 2009; the parts: S. Dieleman, B. Schrauwen,
    "End-to-end learning for music audio", ICASSP 2014.
    """
    path = root / ANNOTATIONS
    table = _unquoted(path, ["clip_id", "mp3_path"])
    names = [str(name) for name in table if name not in ("clip_id", "mp3_path")]
    for name in names:
        wrong = ~table[name].isin(["0", "1"]).to_numpy()
        refuse_where(path, table, name, wrong, "0 or 1 is needed")
    table = _with_files(root, table, table["mp3_path"].tolist())
    marks = table[names].to_numpy(str) == "1"  # (n_clips, n_tags)
    info = _clip_info(root)
    stems = [Path(place).stem for place in table["path"]]
    artists = [
        info.get(clip, ("", ""))[0] or stem.partition("-")[0].replace("_", " ")
        for clip, stem in zip(table["clip_id"], stems, strict=True)
    ]
    tracks = track_table(
        track_id=table["clip_id"].tolist(),
        path=table["path"].tolist(),
        artist=artists,
        title=[info.get(clip, ("", ""))[1] for clip in table["clip_id"]],
        split=[_PARTS.get(Path(place).parts[0], "") for place in table["mp3_path"]],
    )
    tracks["tags"] = [[names[n] for n in row.nonzero()[0]] for row in marks]
    return tracks


def jamendo_tables(root: Path) -> list[Path]:
    """Return the tables of MTG-Jamendo in a folder or in its `data`, sorted."""
    places = sorted([*root.glob("*.tsv"), *root.glob("data/*.tsv")])
    return [path for path in places if is_file(path) and _first_line(path) == JAMENDO_HEADER]


def read_jamendo(root: Path) -> pd.DataFrame:
    """Return the tracks of MTG-Jamendo whose files are there, in the order of its table.

    Tags keep their kind (`genre---rock`); a track with one genre tag has that genre. The parts are
    those of `splits/split-0` beside the table, where it is there.

    Raises:
        DatasetNotFoundError: no table, none of the files, or a part of the split is missing.
        DataFormatError: several tables, or one of another form.

    Source: D. Bogdanov et al., "The MTG-Jamendo Dataset for Automatic Music Tagging", 2019.
    """
    path = _one_jamendo_table(root)
    rows = [line.split("\t") for line in read_text(path).splitlines()[1:]]
    if not rows:
        raise no_rows(path)
    for number, row in enumerate(rows, 2):
        if len(row) < len(JAMENDO_HEADER):
            need = f"at least {len(JAMENDO_HEADER)} tab-separated columns are needed"
            raise DataFormatError(path, need, line=number, value="\t".join(row), fix=_AGAIN)
    table = pd.DataFrame([row[:5] for row in rows], columns=JAMENDO_HEADER[:5], dtype=str)
    table["tags"] = [[tag for tag in row[5:] if tag] for row in rows]
    table = _with_files(root, table, table["PATH"].tolist())
    genres = [[t for t in tags if t.startswith("genre---")] for tags in table["tags"]]
    parts = _jamendo_parts(path)
    tracks = track_table(
        track_id=table["TRACK_ID"].tolist(),
        path=table["path"].tolist(),
        artist=table["ARTIST_ID"].tolist(),
        split=[parts.get(track, "") for track in table["TRACK_ID"]],
        genre=[own[0].removeprefix("genre---") if len(own) == 1 else "" for own in genres],
    )
    tracks["tags"] = table["tags"].tolist()
    return tracks


def _one_jamendo_table(root: Path) -> Path:
    tables = jamendo_tables(root)
    named = [path for path in tables if path.name == _WHOLE]
    if not tables:
        fix = "copy a table of the folder data of github.com/MTG/mtg-jamendo-dataset there"
        raise DatasetNotFoundError(root, [_WHOLE], fix)
    if len(tables) > 1 and len(named) != 1:
        found = ", ".join(path.name for path in tables[:4])
        raise DataFormatError(root, f"several tables of MTG-Jamendo: {found}", fix="keep one there")
    return (named or tables)[0]


def _jamendo_parts(path: Path) -> dict[str, str]:
    """Return the part of each track by the tables in `splits` beside a table; none without them.

    Of the five splits that are published, each drawn anew, the first one that is there counts.
    """
    found = sorted(path.parent.glob(f"splits/split-*/{path.stem}-train.tsv"))
    if not found:
        return {}
    log.info("the parts of %s are those of %s", path.name, found[0].parent.name)
    parts = {}
    for name, part in (("train", "train"), ("validation", "val"), ("test", "test")):
        listed = found[0].with_name(f"{path.stem}-{name}.tsv")
        if not is_file(listed):
            raise DatasetNotFoundError(listed.parent, [listed.name], "copy all parts of the split")
        for line in read_text(listed).splitlines()[1:]:
            parts[line.partition("\t")[0]] = part
    return parts


def _first_line(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(MAX_LINE).rstrip("\r\n").split("\t")


def _unquoted(path: Path, needed: list[str]) -> pd.DataFrame:
    """Return all columns of a tab-separated table, quotes around cells taken off."""

    def pick(header: list[str]) -> dict[str, int]:
        names = [_QUOTED.sub(r"\1", name) for name in header]
        missing = [name for name in needed if name not in names]
        if missing:
            raise DataFormatError(path, f"no column {missing[0]}", line=1, fix=_AGAIN)
        return {name: place for place, name in enumerate(names)}

    table = read_table(path, pick, delimiter="\t")
    return table.replace(_QUOTED, r"\1", regex=True)


def _clip_info(root: Path) -> dict[str, tuple[str, str]]:
    """Return artist and title of each clip; none where the table is not there."""
    path = root / CLIP_INFO
    if not is_file(path):
        return {}
    table = _unquoted(path, ["clip_id", "artist", "title"])
    names = zip(table["artist"].tolist(), table["title"].tolist(), strict=True)
    return dict(zip(table["clip_id"].tolist(), names, strict=True))


def _with_files(root: Path, table: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    """Return the rows whose file is there, with its `path` in the folder.

    Of MTG-Jamendo a smaller version of `14/214.mp3` is named `14/214.low.mp3`.
    """
    paths = []
    for place in places:
        names = (place, str(Path(place).with_suffix(".low.mp3"))) if place else ()
        paths.append(next((name for name in names if (root / name).is_file()), ""))
    there = [path != "" for path in paths]
    if not any(there):
        fix = "copy the folders of sound there, under the names that they were published with"
        raise DatasetNotFoundError(root, [f"{places[0]} and all others of its table"], fix)
    log.info("%d of the %d tracks of the table have their file in %s", sum(there), len(there), root)
    return table.assign(path=paths)[there].reset_index(drop=True)
