"""Listening CSV files: what is read, whatever program wrote them, and what is refused."""

import bz2
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import made

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.listening import csv_tables
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import ReadOptions, SourceOptions
from muso_exp.formats.listening.sources import SOURCES

COUNTED = "user,artist,plays\nann,NA,3\nbob,NA,1\nbob,null,2\n"
EVENTS = (
    "Username\tArtist Name\tAlbum\tTrack Name\tplayed at\n"
    'ann\tNA\tx\t"One"\t2020-01-01\n'
    'ann\tNA\tx\t"One"\t2020-01-02\n'
    "bob\tNA\ty\tTwo\t2020-01-01\n"
)


def write(folder: Path, **tables: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in tables.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name.replace("_", ".", 1)).write_bytes(raw)
    return folder


def read(root: Path, **options: object) -> Interactions:
    chosen = ReadOptions(root / "cache", **options)  # type: ignore[arg-type]
    source = SOURCES["table"]
    return source.read(source.find(root), chosen)


def checks(data: Interactions) -> dict[str, float]:
    return {note.check: note.value for note in data.notes}


def test_counted_plays_of_artists(tmp_path: Path) -> None:
    data = read(write(tmp_path, a_csv=COUNTED))
    assert data.plays.toarray().tolist() == [[3, 0], [1, 2]]
    assert data.items.to_dict("list") == {
        "id": ["NA", "null"],
        "artist": ["NA", "null"],
        "title": ["", ""],
    }
    assert checks(data) == {"tables_read": 1}


def test_a_row_is_a_play_where_none_are_counted_and_tracks_come_before_artists(
    tmp_path: Path,
) -> None:
    data = read(write(tmp_path, a_tsv=EVENTS))
    assert data.plays.toarray().tolist() == [[2, 0], [0, 1]]
    assert data.names == ['NA - "One"', "NA - Two"] == data.items["id"].tolist()
    assert data.items["title"].tolist() == ['"One"', "Two"]
    (note,) = data.notes  # repeated rows are plays, nothing to note
    assert "user from 'Username', artist from 'Artist Name', track from 'Track Name'" in note.text
    assert note.text.endswith("not read: Album, played at")


@pytest.mark.parametrize(
    ("items", "names", "plays"),
    [("artist", ["NA"], [[2], [1]]), ("album", ["NA - x", "NA - y"], [[2, 0], [0, 1]])],
)
def test_the_items_can_be_chosen(items: str, names: list, plays: list, tmp_path: Path) -> None:
    data = read(write(tmp_path, a_tsv=EVENTS), reading=SourceOptions(items=items))
    assert (data.names, data.plays.toarray().tolist()) == (names, plays)


def test_a_track_goes_by_its_id_if_it_has_one(tmp_path: Path) -> None:
    table = "user,track_id,title,artist\na,7,One,X\nb,7,One (live),X\nb,8,One,X\n"
    data = read(write(tmp_path, a_csv=table))
    assert data.items["id"].tolist() == ["7", "8"]
    assert data.names == ["X - One", "X - One"]
    assert data.plays.toarray().tolist() == [[1, 0], [1, 1]]
    data = read(write(tmp_path / "b", a_csv="user,track_id\na,7\nb,8\n"))
    assert data.names == ["7", "8"] == data.items["title"].tolist()


def test_several_tables_are_joined_and_repeated_rows_summed(tmp_path: Path) -> None:
    more = b'\xef\xbb\xbfPlay Count;Artist;USER_ID\r\n5;"A; ""B""";cid\r\n4.0;NA;ann\r\n'
    root = write(tmp_path, a_csv=COUNTED, notes_txt="no table")
    (root / "b.csv.gz").write_bytes(gzip.compress(more))
    data = read(root)
    assert data.items["id"].tolist() == ['A; "B"', "NA", "null"]
    assert data.plays.toarray().tolist() == [[0, 7, 0], [0, 1, 2], [5, 0, 0]]
    assert checks(data) == {"repeated_rows": 1, "tables_read": 2}


@pytest.mark.parametrize("mark", [",", ";"])
def test_every_value_may_stand_in_quotes(mark: str, tmp_path: Path) -> None:
    lines = [mark.join(f'"{cell}"' for cell in line.split(",")) for line in COUNTED.split()]
    assert read(write(tmp_path, a_csv="\n".join(lines))).plays.toarray().tolist() == [
        [3, 0],
        [1, 2],
    ]


def test_tables_may_lie_beside_a_manifest_of_sound(tmp_path: Path) -> None:
    root = write(tmp_path, a_csv=COUNTED, manifest_csv="track_id,path\n1,x.wav\n")
    assert read(root).plays.sum() == 6


def test_a_file_may_be_called_anything(tmp_path: Path) -> None:
    root = write(tmp_path / "it's [my] *", a_csv=COUNTED)
    (root / "a.csv").rename(root / "what? [2020] {1}'s.csv")
    assert read(root).plays.sum() == 6


def test_equal_names_merge_and_the_most_played_stay_as_asked(tmp_path: Path) -> None:
    table = "user,artist\na,Abba\na,Abba\nb,ABBA\nb,Muse\n"
    root = write(tmp_path, a_csv=table)
    assert read(root, merge=True).plays.toarray().tolist() == [[2, 0], [1, 1]]
    assert read(root, top_items=1).names == ["Abba"]


def test_a_long_log_is_that_of_a_group_by(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"user": rng.integers(0, 30, 5000), "track": rng.integers(0, 40, 5000)}
    ).astype(str)
    rows.iloc[:2500].to_csv(tmp_path / "a.csv", index=False)
    rows.iloc[2500:].to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    data = read(tmp_path)
    assert (data.plays.toarray() == pd.crosstab(rows["user"], rows["track"]).to_numpy()).all()


def test_the_sums_are_kept_and_made_anew_for_a_changed_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(write(tmp_path, a_csv=COUNTED))
    write_sums = csv_tables._write_sums
    monkeypatch.setattr(csv_tables, "_write_sums", lambda *rest: pytest.fail("read again"))
    assert read(tmp_path).fingerprint() == first.fingerprint()
    monkeypatch.setattr(csv_tables, "_write_sums", write_sums)
    assert read(write(tmp_path, a_csv=COUNTED + "bob,new,1\n")).plays.sum() == 7


BAD = [
    (
        "artist,album,track,date\nA,b,c,d\n",
        r"line 1: no column of users \(user, user_id, username\) among: artist, album, track, date"
        r"; add one, or set dataset.source=history: each file is then a user",
    ),
    (
        "user;band\na;x\n",
        r"no column of artists \(artist, .*\) or tracks \(track, .*\) among: user, band; name",
    ),
    (COUNTED.replace(",3", ",-3"), r"a.csv, line 2, column plays: a play count from 1 .* got '-3'"),
    (COUNTED.replace(",2", ",many"), "line 4, column plays: a play count .* got 'many'"),
    (COUNTED.replace(",2", ",NaN"), "line 4, column plays: .* got 'NaN'"),
    (COUNTED.replace(",2", ","), "line 4, column plays: .* got ''"),
    (COUNTED.replace(",2", ",0"), "line 4, column plays: .* got '0'"),
    (COUNTED.replace(",2", ",2.5"), "line 4, column plays: .* got '2.5'"),
    (COUNTED.replace(",2", ",9999999999"), "line 4, column plays: .* got '9999999999'"),
    (COUNTED.replace("bob,null", ",null"), "line 4, column user: a name is needed, got ''"),
    (COUNTED.replace("null", '" "'), "line 4, column artist: a name is needed, got ' '"),
    (
        COUNTED.replace("null", "a,b"),
        "line 4: a row has 3 comma-separated columns, this one 4, got 'bob,a,b,2'; correct",
    ),
    (COUNTED.replace(",2", ""), "line 4: a row has 3 comma-separated columns, this one 2"),
    (COUNTED.replace("null", '"nu"ll'), "line 4: no CSV: ',' expected after '\"'"),
    (COUNTED.replace("bob,NA", '"bob,NA'), "line 3: no CSV: unexpected end of data"),
    (COUNTED.replace("NA", "a\nb"), "line 2: a row has 3 comma-separated columns, this one 2"),
    (COUNTED.replace("\n", "\r"), "line 1: no CSV: new-line character"),
    (COUNTED.encode("utf-16"), "line 1: not UTF-8"),
    (COUNTED.encode().replace(b"null", b"caf\xe9"), r"line 4: not UTF-8, got b'\\xe9'; save it as"),
    ("", "a.csv: the file is empty; copy it anew"),
    ("user,artist,plays\n", "a.csv: no rows below the header"),
    (
        "user,artist\nann,x\nann,y\n",
        "all plays are of one user, from which nothing can be learned; join",
    ),
    (COUNTED.replace("2\n", "2\r\n"), "cannot be read: .*; save it anew as CSV in UTF-8"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_what_is_no_listening_table_is_refused(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataFormatError, match=message) as error:
        read(write(tmp_path, a_csv=content))
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("cache/listening_csv-*/*")) or "one user" in message


def test_bad_rows_are_left_out_and_counted_if_so_wished(tmp_path: Path) -> None:
    rows = "bob,,3\nbob,new,0\nbob,new,\n,NA,2\n"
    data = read(write(tmp_path, a_csv=COUNTED + rows), bad_rows="drop")
    assert data.plays.toarray().tolist() == [[3, 0], [1, 2]]
    assert checks(data) == {"tables_read": 1, "nameless_rows": 2, "uncounted_rows": 2}
    with pytest.raises(DataFormatError, match=r"line 5, column artist: .*dataset\.bad_rows=drop"):
        read(tmp_path)
    with pytest.raises(DataFormatError, match="line 5: a row has 3"):
        read(write(tmp_path, a_csv=COUNTED + "bob,x\n"), bad_rows="drop")
    with pytest.raises(DataFormatError, match="line 2, column artist: a name is needed"):
        read(write(tmp_path, a_csv="user,artist,plays\nbob,,3\n"), bad_rows="drop")


@pytest.mark.parametrize("packed", ["", ".bz2"])
def test_published_tables_need_no_header(packed: str, tmp_path: Path) -> None:
    text = f"{'0' * 39}1\t\tband e\t61\n{'0' * 39}2\t\tband j\t84\n".encode()
    path = tmp_path / f"usersha1-artmbid-artname-plays.tsv{packed}"
    path.write_bytes(bz2.compress(text) if packed else text)
    data = read(tmp_path)
    assert data.plays.toarray().tolist() == [[61, 0], [0, 84]]
    assert data.names == ["band e", "band j"]


def test_a_table_may_be_given_as_the_file_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "in", a_csv=COUNTED) / "a.csv"
    found = SOURCES["table"].find(path)
    assert SOURCES["table"].read(found, ReadOptions(tmp_path)).plays.sum() == 6


def test_own_names_merge_up_to_accents_signs_and_versions(tmp_path: Path) -> None:
    names = ("Zo\u00eb & Co", "Zoe\u0308 and Co", "The Zoe and Co", "!!!", "???")
    rows = "".join(f"{user},{name},1\n" for user in "ab" for name in names)
    root = write(tmp_path, a_csv="user,artist,plays\n" + rows)
    data = read(root, merge=True)
    assert sorted(data.plays.toarray().tolist()) == [[1, 1, 3], [1, 1, 3]]
    apart = {note.check: note for note in read(root).notes}["items_with_a_name_of_another"]
    assert (apart.value, apart.level) == (2, "warning") and "dataset.merge=true" in apart.text
    checks = {note.check for note in data.notes}
    assert "merged_names" in checks and "items_with_a_name_of_another" not in checks


def test_the_fault_is_looked_for_in_each_table(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"b\.csv, line 2, column plays"):
        read(write(tmp_path, a_csv=COUNTED, b_csv="user,artist,plays\na,b,x\n"))


def test_tables_of_other_columns_are_refused(tmp_path: Path) -> None:
    root = write(tmp_path, a_csv=COUNTED, b_csv="user,artist,track\na,b,c\n")
    message = r"b\.csv: has user, artist, track, but a\.csv user, artist, plays; give all tables"
    with pytest.raises(DataFormatError, match=message):
        read(root)


@pytest.mark.parametrize("items", ["artist", "album"])
def test_items_that_a_table_does_not_name_are_refused(items: str, tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"no column of artists \(.* among: user, track"):
        read(write(tmp_path, a_csv="user,track\na,b\n"), reading=SourceOptions(items=items))


@pytest.mark.parametrize("torn", [True, False])
def test_a_damaged_gzip_file_is_refused(torn: bool, tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(EVENTS.encode()))
    whole[-6] ^= 1  # of the check sum, which DuckDB does not look at
    (tmp_path / "a.tsv.gz").write_bytes(whole[:-9] if torn else whole)
    with pytest.raises(DataFormatError, match=r"a\.tsv\.gz: damaged gzip file: .*; copy it anew"):
        read(tmp_path)


def test_a_folder_without_tables_is_refused_and_there_is_no_world_of_them(tmp_path: Path) -> None:
    (tmp_path / ".hidden.csv").write_text(COUNTED)
    with pytest.raises(DatasetNotFoundError, match=r"not found: \*\.csv; put tables with columns"):
        read(tmp_path)
    with pytest.raises(ConfigError, match=r"source=table: not simulated, set dataset\.root"):
        made("plays", None, tmp_path, source="table").prepare_data()


def test_the_task_runs_on_a_table(tmp_path: Path) -> None:
    rows = [f"u{user},a{(user + step) % 9}" for user in range(9) for step in range(6)]
    root = write(tmp_path, a_csv="\n".join(["user,artist", *rows]))
    data = made("plays", root, tmp_path / "cache", source="table")
    data.prepare_data()
    data.setup("fit")
    assert data.data.plays.shape == (9, 9) and not data.simulated
    assert data.catalogue.of_artists


@pytest.mark.data
def test_hetrec_as_a_table_of_names_is_the_same_matrix(real_data: Path, tmp_path: Path) -> None:
    hetrec = SOURCES["hetrec"]
    published = hetrec.read(hetrec.find(real_data / "lastfm-hetrec2011-2k"), ReadOptions(tmp_path))
    user, item = published.plays.nonzero()
    names = published.items["artist"].to_numpy(str)
    rows = pd.DataFrame(
        {"plays": published.plays.data, "artist": names[item], "user": [f"u{u:04}" for u in user]}
    )
    rows.sample(frac=1, random_state=0).to_csv(tmp_path / "a.csv.gz", index=False)
    own_plays = read(tmp_path)
    place = pd.Index(own_plays.items["artist"]).get_indexer(names)
    assert own_plays.plays.shape == (1892, 17632)
    assert (own_plays.plays[:, place] != published.plays).nnz == 0
