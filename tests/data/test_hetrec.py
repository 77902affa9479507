import gzip
from pathlib import Path

import numpy as np
import pytest
from tiny_files import hetrec, hetrec_rows, write_dat, write_hetrec_files, write_muso_files

from muso_exp.data.hetrec import SHA256, HetRec, tag_weights
from muso_exp.errors import ConfigError, DatasetNotFoundError
from muso_exp.features.graph import bfs_distances
from muso_exp.formats.hetrec import WANTED, read_hetrec
from muso_exp.formats.text import find_files

PUBLISHED = {  # the data README: pairs by degree of separation
    1: 12717,
    2: 191002,
    3: 657826,
    4: 619912,
    5: 177854,
    6: 32129,
    7: 5474,
    8: 494,
    9: 47,
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_hetrec_files(tmp_path / "hetrec")


SMALL = {"test_users": 0.4, "val_users": 0.0}


def test_distances_on_a_ring_by_hand(files: Path) -> None:
    data = hetrec(files, **SMALL)
    assert data.pairs.listeners.users == [str(number) for number in range(1, 12)]
    assert data.pairs.listeners.distances[0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, -1]


def test_pairs_without_a_path_are_left_out_and_counted(files: Path) -> None:
    data = hetrec(files, **SMALL)
    lost = sum(drawn.n_without_path for drawn in data.pairs.drawn.values())
    split = next(name for name, users in data.pairs.listeners.splits.items() if 10 in users)
    assert lost == len(data.pairs.listeners.splits[split]) - 1
    assert all((drawn.dos > 0).all() for drawn in data.pairs.drawn.values())


def test_no_user_is_in_two_splits(files: Path) -> None:
    splits = hetrec(files, test_users=0.3, val_users=0.4).pairs.listeners.splits
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(11))
    assert [len(splits[name]) for name in ("train", "val", "test")] == [5, 3, 3]


def test_the_split_follows_the_seed(files: Path) -> None:
    splits = [
        hetrec(files, seed=seed, **SMALL).pairs.listeners.splits["test"] for seed in (0, 0, 1, 2)
    ]
    assert splits[0].tolist() == splits[1].tolist()
    assert any(splits[0].tolist() != other.tolist() for other in splits[2:])


def test_names_like_missing_values_and_quotes_survive(files: Path) -> None:
    tables = read_hetrec(find_files(files, WANTED, ""), "iso-8859-1")
    assert tables.artists[:4] == ["NA", 'the "x"', "null", "artist 4"]
    assert tables.tags == ["tropicália", "rock", "NA"]
    assert tables.n_unlisted == 1


def test_tag_weights_by_hand(files: Path) -> None:
    tables = read_hetrec(find_files(files, WANTED, ""), "iso-8859-1")
    counts = tag_weights(tables, np.arange(11), "assignments").toarray()
    assert counts[1].tolist() == [1, 0, 1]  # artist 2: user 2 gave tag 3, user 1 gave tag 1
    assert counts[2].tolist() == [2, 0, 0]  # artist 3: users 3 and 2 gave tag 1
    shares = tag_weights(tables, np.arange(11), "shares").toarray()
    assert shares[1].tolist() == [1 / 2, 0, 1 / 2]
    assert shares[2].tolist() == [1, 0, 0]
    only_first = tag_weights(tables, np.array([0]), "assignments").toarray()
    assert only_first[1].tolist() == [1, 0, 0]


def test_a_users_tag_score_is_plays_times_weight(files: Path) -> None:
    tables = read_hetrec(find_files(files, WANTED, ""), "iso-8859-1")
    scores = (tables.plays @ tag_weights(tables, np.arange(11), "assignments")).toarray()
    assert scores[1].tolist() == [20 * 1 + 21 * 2, 0, 20 * 1]  # user 2: artists 2 and 3


def test_pairs_are_bounded_and_drawn_by_the_seed(files: Path) -> None:
    drawn = [hetrec(files, max_train_pairs=4, **SMALL).pairs.drawn["train"] for _ in range(2)]
    assert len(drawn[0].pairs) == 4
    assert drawn[0].pairs.tolist() == drawn[1].pairs.tolist()


def test_largest_class_can_be_capped(files: Path) -> None:
    data = hetrec(files, max_dos=2, **SMALL)
    assert data.dims["n_classes"] <= 2
    assert all((drawn.dos <= 2).all() for drawn in data.pairs.drawn.values())


def test_windows_line_ends_and_gzip_are_the_same_data(files: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in files.iterdir():
        text = path.read_bytes().replace(b"\n", b"\r\n")
        (other / f"{path.name}.gz").write_bytes(gzip.compress(text))
    assert hetrec(other, **SMALL).fingerprint == hetrec(files, **SMALL).fingerprint


def test_fingerprint_follows_the_content(files: Path) -> None:
    before = hetrec(files, **SMALL).fingerprint
    rows = hetrec_rows()["user_artists"]
    rows[1][2] += 1
    write_dat(files / "user_artists.dat", rows)
    assert hetrec(files, **SMALL).fingerprint != before


def test_tags_in_utf8_are_read_when_asked(files: Path) -> None:
    text = (files / "tags.dat").read_text("iso-8859-1")
    (files / "tags.dat").write_text(text, "utf-8")
    data = hetrec(files, tags_encoding="utf-8", **SMALL)
    assert "tropicália" in data.pairs.listeners.items["tag"]


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"not found: user_friends.dat, user_artists"):
        hetrec(write_muso_files(tmp_path / "other"))


def test_download_and_root_exclude_each_other(files: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.download=true: set dataset.root=null"):
        hetrec(files, download=True)


def test_tag_weight_refuses_a_choice_that_does_not_exist(files: Path) -> None:
    with pytest.raises(ConfigError, match=r"tag_weight=tfidf: one of assignments"):
        hetrec(files, tag_weight="tfidf")


def test_without_a_root_the_same_reader_reads_simulated_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HetRec, "_simulate", lambda self, folder: write_hetrec_files(folder))
    data = hetrec(None, cache=str(tmp_path), **SMALL)
    assert data.simulated
    assert data.dims["n_classes"] <= 5


def test_downloaded_files_are_not_called_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str, digests: dict[str, str], folder: Path) -> None:
        assert digests == SHA256 and url.endswith("hetrec2011-lastfm-2k.zip")
        write_hetrec_files(folder)

    monkeypatch.setattr("muso_exp.data.hetrec.fetch_zip", fetch)
    data = hetrec(None, download=True, cache=str(tmp_path), **SMALL)
    assert not data.simulated


def test_audit_counts_what_the_files_leave_out(files: Path) -> None:
    found = {finding.check: finding.value for finding in hetrec(files, **SMALL).task.audit(None)}
    assert found["taggings_of_unlisted_artists"] == 1


@pytest.mark.data
def test_distances_of_the_real_graph_equal_the_published_counts(real_data: Path) -> None:
    files = find_files(real_data / "lastfm-hetrec2011-2k", WANTED, "")
    tables = read_hetrec(files, "iso-8859-1")
    assert tables.plays.shape == (1892, 17632) and tables.plays.sum() == 69183975
    distances = bfs_distances(tables.friends)
    found = dict(enumerate(np.bincount(distances[np.triu_indices(1892, 1)] + 1)))
    assert {dos: int(found[dos + 1]) for dos in PUBLISHED} == PUBLISHED
    assert found[0] / (1892 * 1891 / 2) == pytest.approx(0.051, abs=5e-4)


@pytest.mark.data
def test_the_real_files_split_into_unseen_test_users(real_data: Path) -> None:
    data = hetrec(real_data / "lastfm-hetrec2011-2k")
    counts = data.task.counts()
    assert (counts["train_users"], counts["val_users"], counts["test_users"]) == (1287, 227, 378)
    assert counts["train_pairs"] == counts["test_pairs"] == 20000
    found = {finding.check: finding.value for finding in data.task.audit(None)}
    assert found["users_in_train_and_test"] == 0 and found["nan_vectors"] == 0
