"""Whatever is wrong with a MuSo file ends in one line that says where, what and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from damage import Damage, cut_gzip, fails, replaced, written
from tiny_files import CHAIN, FRIENDS, LISTENING, muso, write_chain, write_matrix, write_muso_files

from muso_exp.errors import DataFormatError, MusoError


def plays(value: Any) -> Damage:
    """The plays of artist NA by user a are `value`."""
    users = json.loads(json.dumps(LISTENING["train"]))
    users["a"]["top_artists"]["NA"] = value
    return written("train_listening.json", json.dumps(users))


def category(value: Any) -> Damage:
    """The tags of user b are `value`; None takes them away."""
    users = json.loads(json.dumps(LISTENING["train"]))
    users["b"]["top_tags"] = value
    if value is None:
        del users["b"]["top_tags"]
    return written("train_listening.json", json.dumps(users))


def test_dos(a: str, b: str, c: str, header: str = "user,e,f,g") -> Damage:
    return written("test_dos.csv", f"{header}\n{a}\n{b}\n{c}\n")


test_dos.__test__ = False  # a helper, named after the file
E0, F0, G0 = "e,0,1,9", "f,1,0,3", "g,9,3,0"

MUSO: dict[str, tuple[Damage, str]] = {
    "json cut off": (
        written("train_listening.json", '{"a": {\n "top_artists": {"NA": 4,'),
        r"train_listening.json, line 2, column \d+: no JSON: .*cut off; copy it anew",
    ),
    "json nested too deeply": (
        written("train_listening.json", "[" * 200_000),
        "train_listening.json: no JSON: nested too deeply; copy it anew",
    ),
    "json empty": (
        written("train_listening.json", ""),
        "train_listening.json, line 1, column 1: no JSON",
    ),
    "json of no users": (written("train_listening.json", "{}"), "the file: empty"),
    "json list": (written("train_listening.json", "[1]"), r"the file: an object .* got \[1\]"),
    "json not utf-8": (
        written("train_listening.json", b'{\n"Bj\xf6rk": 1}'),
        r"train_listening.json, line 2: not utf-8, got b'\\xf6'; save it as UTF-8",
    ),
    "gzip cut off": (
        cut_gzip("train_listening.json"),
        "train_listening.json.gz: damaged gzip file: .*; copy it anew",
    ),
    "no gzip": (
        lambda folder: (folder / "train_dos.csv").rename(folder / "train_dos.csv.gz"),
        "train_dos.csv.gz: damaged gzip file: Not a gzipped file",
    ),
    "user only in the matrix": (
        replaced("train_listening.json", '"b": {', '"bb": {'),
        "train_dos.csv: a user that train_listening.json lacks, got 'b'; add the user's listening",
    ),
    "user only in the listening": (
        written("test_dos.csv", "user,e,f\ne,0,1\nf,1,0\n"),
        "test_listening.json: a user that test_dos.csv lacks, got 'g'; add row and column",
    ),
    "duplicate user": (
        replaced("train_listening.json", '"b": {', '"a": {'),
        "train_listening.json: the file: a name stands twice, got 'a'; keep one",
    ),
    "duplicate item": (
        replaced("train_listening.json", '"null": 2', '"NA": 2'),
        "user 'a', top_artists: a name stands twice, got 'NA'; keep one",
    ),
    "user without categories": (
        written("train_listening.json", '{"a": 3}'),
        "user 'a': an object .* is needed, got 3",
    ),
    "category missing": (category(None), "user 'b', top_tags: the category is missing; drop the"),
    "category empty": (category({}), "user 'b', top_tags: empty; drop the user from listening"),
    "category list": (category([1, 2]), r"user 'b', top_tags: an object .* got \[1, 2\]"),
    "plays negative": (plays(-4), "user 'a', top_artists, 'NA': plays must .* got -4; correct it"),
    "plays zero": (plays(0), "'NA': plays must be a number > 0, got 0; .*remove the item"),
    "plays nan": (plays(float("nan")), "user 'a', top_artists, 'NA': plays must .* got nan"),
    "plays infinite": (plays(float("inf")), "user 'a', top_artists, 'NA': plays must .* got inf"),
    "plays text": (plays("12"), "user 'a', top_artists, 'NA': plays must .* got '12'"),
    "plays of too many digits": (
        replaced("train_listening.json", '"NA": 4', '"NA": 1' + "0" * 5000),
        "train_listening.json: no JSON: Exceeds the limit .*; correct the number",
    ),
    "plays of 30 digits": (plays(10**30), "user 'a', top_artists, 'NA': plays must be a number"),
    "plays bool": (plays(True), "user 'a', top_artists, 'NA': plays must .* got True"),
    "plays null": (plays(None), "user 'a', top_artists, 'NA': plays must be a number > 0"),
    "dos asymmetric": (
        test_dos("e,0,1,9", "f,2,0,3", G0),
        "test_dos.csv, line 2, column f: the matrix must be symmetric, the mirrored value is 2, "
        "got 1",
    ),
    "dos negative": (
        test_dos("e,0,-1,9", "f,-1,0,3", G0),
        "test_dos.csv, line 2, column f: a degree of separation is .* got '-1'",
    ),
    "dos fraction": (test_dos("e,0,1.5,9", F0, G0), r"line 2, column f: a degree .* got '1.5'"),
    "dos nan": (test_dos(E0, "f,nan,0,3", G0), "line 3, column e: a degree .* got 'nan'"),
    "dos text": (test_dos(E0, "f,one,0,3", G0), "line 3, column e: a degree .* got 'one'"),
    "dos empty": (test_dos(E0, "f,,0,3", G0), "line 3, column e: a degree .* got ''"),
    "dos diagonal": (
        test_dos(E0, "f,1,2,3", G0),
        "line 3, column f: a user is 0 degrees from themselves, got 2",
    ),
    "index differs from header": (
        test_dos(E0, G0, F0),
        "test_dos.csv, line 3: the index must repeat the header, 'f' is next, got 'g'",
    ),
    "matrix row short": (test_dos(E0, "f,1,0", G0), "line 3: 3 values are needed, got 2"),
    "matrix lacks a row": (
        written("test_dos.csv", f"user,e,f,g\n{E0}\n{F0}\n"),
        "test_dos.csv, line 3: 3 users in the header need 3 rows, got 2",
    ),
    "matrix user twice": (
        test_dos(E0, F0, G0, header="user,e,f,e"),
        "test_dos.csv, line 1: a user stands twice, got 'e'",
    ),
    "matrix empty": (written("test_dos.csv", "user\n"), "test_dos.csv: no rows below the header"),
    "matrix quote open": (
        written("test_dos.csv", 'user,e\n"e,0\n'),
        "test_dos.csv, line 2: no CSV",
    ),
    "no known item": (
        written(
            "test_listening.json",
            json.dumps(
                {u: {k: {"zzz": 1} for k in content} for u, content in LISTENING["test"].items()}
            ),
        ),
        "test_listening.json: no test user plays any artist or album or track or tag that a train",
    ),
    "no test pair in the classes": (
        test_dos("e,0,9,9", "f,9,0,9", "g,9,9,0"),
        "test_listening.json: no pair of the 3 test users has a DOS above 0 and at most 4, as in",
    ),
    "no train pair": (
        written("train_dos.csv", "user,a,b,c,d\n" + "".join(f"{u},0,0,0,0\n" for u in "abcd")),
        "train_listening.json: no pair of the 4 train users has a DOS above 0; more users",
    ),
}


@pytest.mark.parametrize("case", MUSO)
def test_muso_file_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    folder = write_muso_files(tmp_path / "muso")
    damage, match = MUSO[case]
    damage(folder)
    fails(muso, folder, match)


CHAINS: dict[str, tuple[Damage, str]] = {
    "friend of unknown user": (
        replaced("train_friends.csv", "a,c", "a,stranger"),
        r"train_friends.csv, line 8: two different users of train_chain.csv .* got 'a,stranger'",
    ),
    "friend of himself": (replaced("train_friends.csv", "a,c", "a,a"), "line 8: .* got 'a,a'"),
    "friends row long": (replaced("train_friends.csv", "a,c", "a,c,d"), "line 8: .* got 'a,c,d'"),
    "friends header": (
        replaced("train_friends.csv", "user,friend", "user,user2"),
        "train_friends.csv, line 1: the header must be user,friend, got 'user,user2'",
    ),
    "chain header": (
        replaced("train_chain.csv", "position", "place"),
        "train_chain.csv, line 1: the header must be position,user, got 'place,user'",
    ),
    "chain position twice": (
        replaced("train_chain.csv", "1,b", "0,b"),
        "train_chain.csv, line 3: a position of its own and a user are needed, got '0,b'",
    ),
    "chain user twice": (
        replaced("train_chain.csv", "2,x", "2,a"),
        "train_chain.csv: a user stands twice, got 'a'",
    ),
    "matrix user not in the chain": (
        lambda folder: write_chain(folder, "train", CHAIN[1:], FRIENDS[1:-2]),
        "train_chain.csv: a user of the matrix is not in the chain, got 'a'",
    ),
}


@pytest.mark.parametrize("case", CHAINS)
def test_chain_file_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    folder = write_muso_files(tmp_path / "muso")
    write_chain(folder, "train", CHAIN, FRIENDS)
    damage, match = CHAINS[case]
    damage(folder)
    fails(muso, folder, match, label="dilation")


def test_file_that_cannot_be_read_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "train_listening.json":
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **options)

    folder = write_muso_files(tmp_path / "muso")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataFormatError, match=r"train_listening.json: cannot be read: Permission"):
        muso(folder)


def test_a_failed_simulation_leaves_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, folder: Path) -> None:
        (folder / "half.json").write_text("{")
        raise DataFormatError(folder, "broken")

    monkeypatch.setattr("muso_exp.data.muso.MuSo._simulate", fail)
    with pytest.raises(MusoError, match="broken"):
        muso(None, cache=str(tmp_path / "cache"))
    assert not [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"]


def test_two_train_users_are_reported_on(call: Any, tmp_path: Path) -> None:
    folder = tmp_path / "muso"
    folder.mkdir()
    for split in ("train", "test"):
        users = dict(list(LISTENING[split].items())[:2])
        (folder / f"{split}_listening.json").write_text(json.dumps(users))
        write_matrix(folder / f"{split}_dos.csv", list(users), [[0, 1], [1, 0]])
    quick = ("scale=smoke", "logger=none", "resamples=20")
    command = ("+experiment=dos_classifier", f"dataset.root={folder}", *quick)
    status, _, err = call(*command)  # a user without a known tag is NaN, as published
    assert status == 1 and "train/loss is nan" in err and "the input holds such values" in err
    status, _, err = call(*command, "dataset.vectors.nan=repaired")
    assert status == 0, err
