import gzip
import json
from pathlib import Path

import pytest
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.friends.read import read_social
from muso_exp.formats.friends.social_data import SocialData

EDGES = "node_1,node_2\n0,1\n1,2\n2,10\n"
LIKES = {"0": [5], "1": [5, 6], "3": [7], "10": [6], "4": []}


def write(folder: Path, edges: str = EDGES, likes: dict = LIKES) -> Path:
    (folder / "lastfm_asia_edges.csv").write_text(edges)
    (folder / "lastfm_asia_features.json").write_text(json.dumps(likes))
    (folder / "lastfm_asia_target.csv").write_text("id,target\n0,1\n")
    return folder


def read(folder: Path, **options: str) -> SocialData:
    return read_social(folder, "refuse", "iso-8859-1", **options)


def test_published_layouts_are_joined_by_name(tmp_path: Path) -> None:
    data = read(write(tmp_path))
    assert data.users == ["0", "1", "2", "3", "4", "10"] and data.items == ["5", "6", "7"]
    assert data.pairs.tolist() == [[0, 1], [1, 2], [2, 5]]
    assert data.plays.toarray().tolist() == [
        [1, 0, 0],
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]
    counted = {note.check: note.value for note in data.notes}
    assert counted == {"users_without_listening": 1, "users_without_friends": 1}


def test_gzip_is_the_same_data(tmp_path: Path) -> None:
    before = read(write(tmp_path)).fingerprint()
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert read(tmp_path).fingerprint() == before


def test_the_fingerprint_follows_friendships_and_listening(tmp_path: Path) -> None:
    prints = {read(write(tmp_path)).fingerprint()}
    prints.add(read(write(tmp_path, edges=EDGES + "0,2\n")).fingerprint())
    prints.add(read(write(tmp_path, likes={**LIKES, "0": [6]})).fingerprint())
    assert len(prints) == 3


def test_files_of_different_users_are_refused(tmp_path: Path) -> None:
    message = r"edges.csv: none of its 4 users is in lastfm_asia_features.json, got '0'"
    with pytest.raises(DataFormatError, match=message):
        read(write(tmp_path, likes={"x": [1]}))


def test_several_candidates_must_be_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "RO_edges.csv").write_text("node_1,node_2\n0,3\n")
    message = r"one file of edges \(there are 2: RO_edges.csv, lastfm_asia_edges.csv\); name it"
    with pytest.raises(DatasetNotFoundError, match=message):
        read(tmp_path)
    assert read(
        tmp_path, edges_file="RO_edges.csv", listening_file="lastfm_asia_features.json"
    ).pairs.tolist() == [[0, 2]]


def test_one_of_the_files_stands_for_its_folder(tmp_path: Path) -> None:
    whole = read(write(tmp_path)).fingerprint()
    (tmp_path / "RO_edges.csv").write_text("node_1,node_2\n0,3\n")
    assert read(tmp_path / "lastfm_asia_edges.csv").fingerprint() == whole
    (tmp_path / "RO_edges.csv").unlink()
    assert read(tmp_path / "lastfm_asia_features.json").fingerprint() == whole


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"not found: the folder itself"):
        read(tmp_path / "none")
    with pytest.raises(DatasetNotFoundError, match=r"not found: one file of edges; put"):
        read(tmp_path)
    (tmp_path / "edges.csv").write_text(EDGES)
    with pytest.raises(DatasetNotFoundError, match=r"not found: one file of listening; put"):
        read(tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"not found: other.json"):
        read(tmp_path, listening_file="other.json")


def test_tags_are_absent_outside_hetrec(tmp_path: Path) -> None:
    data = read(write(tmp_path))
    assert data.tags == [] and data.item_tags.shape == (3, 0)
    assert isinstance(data.item_tags, csr_matrix)
