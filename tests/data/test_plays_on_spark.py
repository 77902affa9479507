"""What Spark sums, matches, filters and splits is, to the last count, what this machine does."""

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from made import made
from pyarrow import parquet
from scipy.sparse import csr_matrix

from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.listening.interactions import Interactions, keep_dense
from muso_exp.formats.listening.spark_pairs import filter_stored
from muso_exp.formats.listening.stored_pairs import StoredPairs
from muso_exp.spark import LOCAL, spark_session

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark is not here: pip install 'muso_exp[spark]', and Java 17",
)
DAY = 86400
# letters whose lower case engines and editions of Unicode differ in, and one of no other letters
ODD = [
    "İstanbul",
    "STRASSE ß ẞ",
    "ΟΔΟΣ ΣΑΣ",
    "ΑΣ.",
    "ǅungla",
    "Ⴀ Ა",
    "ΑΣ\u0301Γ",
    "\U00010570",
    "Ꟑ",
    "!",
]


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    """One session for all: the program uses one that is open. Its compiler is the quick one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        with spark_session(LOCAL) as spark:
            spark.conf.set("spark.sql.shuffle.partitions", "2")  # enough for so few rows
            yield


def write_lfm1b(folder: Path, seed: int, n: int = 3000) -> Path:
    """A log with rare users and items, leading zeros and ties; names that only case tells apart."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    user = 3 * rng.integers(1, 90, n) ** 2
    track = 7 + np.minimum(rng.geometric(0.02, n), 160)
    rows = zip(user.tolist(), track.tolist(), rng.integers(0, 100 * DAY, n).tolist(), strict=True)
    lines = [f"{u}\t1\t1\t{'0' * (i % 50 == 0)}{t}\t{at}" for i, (u, t, at) in enumerate(rows)]
    (folder / "LFM-1b_LEs.txt").write_text("\n".join(lines))
    names = [f"{ODD[t % len(ODD)]} {t // 20}" for t in range(200)]
    tracks = [f"{t}\t{names[t].lower() if t % 3 else names[t]}\t{t % 9}" for t in range(5, 170)]
    tracks[3] = tracks[3].replace(" ", " \x07", 1)
    (folder / "LFM-1b_tracks.txt").write_text("\n".join(tracks))
    artists = ["", *(f"{ODD[a]} BAND" for a in range(1, 9))]
    (folder / "LFM-1b_artists.txt").write_text(
        "".join(f"{n}\t{a}\n" for n, a in enumerate(artists))
    )
    asked = [
        f"TR{t}<SEP>SO{t // 2}<SEP>{artists[t % 9].lower()}<SEP>{names[t]}"
        for t in range(0, 160, 2)
    ]
    (folder / "unique_tracks.txt").write_text("\n".join(asked))
    return folder


def write_triplets(folder: Path, seed: int) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = []
    for user in rng.permutation(60):
        songs = rng.choice(50, rng.integers(1, 25), replace=False)
        lines += [f"u{user}é\tSO{song}\t{rng.integers(1, 9)}" for song in songs]
    (folder / "train_triplets.txt").write_text("\n".join(rng.permutation(lines).tolist()) + "\n")
    return folder


def write_scrobbles(folder: Path, seed: int) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    cells = np.unique(rng.integers(1, 40, (900, 2)), axis=0)
    lines = [f"{u} {a} {rng.integers(1, 99)}" for u, a in cells.tolist()]
    (folder / "user_artist_data.txt").write_text("\n".join([*lines, *lines[:9]]) + "\n")
    names = "".join(f"{a}\tArtist {a}\n" for a in range(1, 39))
    (folder / "artist_data.txt").write_text(names)
    (folder / "artist_alias.txt").write_text("3\t4\n5\t4\n")
    return folder


def read(root: Path, cache: Path, engine: str, source: str, **options: Any) -> Plays:
    small = {"min_user_items": 4, "min_item_users": 3, "n_tags": 0, "cutoffs": [5]} | options
    reading = {"engine": engine} | small.pop("reading", {})
    data = made("plays", root, cache, source=source, reading=reading, **small)
    data.prepare_data()
    data.setup()
    return data


def same_matrix(first: csr_matrix | None, second: csr_matrix | None) -> bool:
    if first is None or second is None:
        return first is second
    parts = ("indptr", "indices", "data")
    arrays = [[getattr(matrix, part) for part in parts] for matrix in (first, second)]
    same = all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(*arrays, strict=True))
    return same and first.shape == second.shape


def both(root: Path, cache: Path, source: str, **options: Any) -> tuple[Plays, Plays]:
    """The data set by both engines; everything that leaves it is compared."""
    here, there = (read(root, cache, engine, source, **options) for engine in ("duckdb", "spark"))
    compare(here, there)
    return here, there


def compare(here: Plays, there: Plays) -> None:
    a, b = here.data, there.data
    for name in ("plays", "earlier", "hidden"):
        assert same_matrix(getattr(a, name), getattr(b, name)), name
    assert a.users.tolist() == b.users.tolist()
    assert a.items.equals(b.items) and a.items.dtypes.equals(b.items.dtypes)
    assert list(a.notes) == list(b.notes)
    assert (a.tags is None) == (b.tags is None)
    assert here.fingerprint == there.fingerprint
    assert here.used_fingerprint() == there.used_fingerprint()
    for name in ("train", "val", "test", "brought"):
        assert same_matrix(getattr(here.split, name), getattr(there.split, name)), name
    candidates = here.split.candidates, there.split.candidates
    assert all(c is None for c in candidates) or np.array_equal(*candidates)
    assert here.split.warm == there.split.warm
    assert here.task.plays.n_read == there.task.plays.n_read


@pytest.fixture(scope="module")
def lfm1b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lfm1b(tmp_path_factory.mktemp("lfm1b") / "root", 0)


HASH = {"draw": "hash", "val_share": 0.2}
LFM1B = [
    {"split": HASH | {"by": "holdout"}, "matched": True},
    {"split": HASH | {"by": "temporal"}, "matched": True, "top_items": 60,
     "reading": {"same_name": "arbitrary"}},
]  # fmt: skip


@needs_spark
@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("options", LFM1B)
def test_lfm1b_is_the_same_by_both_engines(options: dict, lfm1b: Path, cache: Path) -> None:
    here, there = both(lfm1b, cache, "lfm1b", **options)
    assert here.parts is None
    assert there.parts is not None
    assert here.data.plays.shape != here.task.plays.n_read


@needs_spark
@pytest.mark.usefixtures("session")
def test_the_taste_profile_is_the_same_and_no_matrix_of_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, split = write_triplets(tmp_path / "root", 1), HASH | {"by": "users"}
    here = read(root, tmp_path / "a", "duckdb", "taste_profile", split=split)
    monkeypatch.delattr("muso_exp.formats.listening.engines.load_plays")
    there = read(root, tmp_path / "b", "spark", "taste_profile", split=split)
    compare(here, there)
    assert there.parts is not None


@needs_spark
@pytest.mark.usefixtures("session")
def test_a_published_list_is_held_out_there_and_a_hidden_half_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_triplets(tmp_path / "root", 2)
    (tmp_path / "list.txt").write_text("SO3\nSO4\nSO7\n")
    listed = {"by": "published", "list": str(tmp_path / "list.txt")}
    there = both(root, tmp_path / "cache", "taste_profile", split=HASH | listed)[1]
    assert there.parts is not None and there.split.candidates is not None
    for name, seed in (("visible", 3), ("hidden", 4)):
        write_triplets(tmp_path / name, seed)
        (tmp_path / name / "train_triplets.txt").rename(root / f"{name}_triplets.tsv")
    caplog.set_level("INFO")
    half = both(root, tmp_path / "cache", "taste_profile", split={"by": "published"})[1]
    assert half.parts is None and half.data.hidden is not None
    assert "filtered and split on this machine: halves of users are read together" in caplog.text


@needs_spark
@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("merge", [False, True])
def test_scrobbles_that_a_generator_draws_are_split_here(merge: bool, tmp_path: Path) -> None:
    root = write_scrobbles(tmp_path / "root", 5)
    options = {"split": {"by": "holdout"}, "merge": merge, "top_items": 30}
    there = both(root, tmp_path / "cache", "audioscrobbler", **options)[1]
    assert there.parts is None


def long_peel(seed: int) -> csr_matrix:
    """Plays whose core is found in many rounds: a chain that loses its ends, and a thick block."""
    rng = np.random.default_rng(seed)
    plays = np.zeros((60, 50), dtype=np.int32)
    plays[:30, :30] = rng.random((30, 30)) < rng.uniform(0.05, 0.4, 30)
    chain = np.arange(30, 40)
    plays[chain, chain] = plays[chain + 1, chain] = 1
    plays[40:, :] = rng.random((20, 50)) < 0.05
    return csr_matrix(plays * rng.integers(1, 5, plays.shape))


@needs_spark
@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("least", [(2, 2), (0, 4)])
def test_the_core_of_random_plays_is_that_of_this_machine(
    least: tuple[int, int], tmp_path: Path
) -> None:
    plays = long_peel(sum(least))
    rows = np.repeat(np.arange(60), np.diff(plays.indptr))
    table = {"user": rows * 5 - 9, "item": plays.indices * 3 + 1, "plays": plays.data}
    table = {name: values.astype(np.int64) for name, values in table.items()}
    (tmp_path / "log").mkdir()
    pairs = tmp_path / "log" / "pairs.parquet"
    parquet.write_table(pa.table(table | {"earlier": table["plays"] // 2}), pairs)
    items = pd.DataFrame({"id": np.arange(50) * 3 + 1, "artist": "", "title": ""})
    whole = Interactions(plays, np.arange(60), items)
    stored = StoredPairs(pairs, np.arange(60) * 5 - 9, plays.dtype, False, LOCAL)
    left = filter_stored(replace(whole, stored=stored), stored, least, lambda *_: None)
    here = keep_dense(whole, *least)
    assert same_matrix(here.plays, left.data.plays) and left.parts is None
    assert here.users.tolist() == left.data.users.tolist() and here.items.equals(left.data.items)
    assert left.fingerprint == whole.fingerprint()


@needs_spark
@pytest.mark.usefixtures("session")
def test_a_filter_that_leaves_nothing_is_one_line(lfm1b: Path, cache: Path) -> None:
    message = r"min_user_items=400, min_item_users=3: nothing is left of \d+ users and \d+ items"
    for engine in ("duckdb", "spark"):
        with pytest.raises(ConfigError, match=message):
            read(lfm1b, cache, engine, "lfm1b", min_user_items=400)


@needs_spark
@pytest.mark.usefixtures("session")
def test_a_packed_log_that_is_cut_is_refused_with_its_name_and_cause(tmp_path: Path) -> None:
    log = write_scrobbles(tmp_path / "a [root]", 6) / "user_artist_data.txt"
    log.with_name(f"{log.name}.gz").write_bytes(gzip.compress(log.read_bytes())[:-9])
    log.unlink()
    with pytest.raises(
        DataFormatError, match=r"a \[root\]/user_artist_data.txt.gz: damaged gzip f"
    ):
        read(log.parent, tmp_path / "cache", "spark", "audioscrobbler")


@needs_spark
@pytest.mark.usefixtures("session")
def test_bad_lines_alone_are_refused_where_the_days_are_counted_too(tmp_path: Path) -> None:
    root = write_lfm1b(tmp_path / "root", 6)
    (root / "LFM-1b_LEs.txt").write_text("1\t1\t1\tx\t\n2\t3\n")
    with pytest.raises(DataFormatError, match="2 lines are not as the format says"):
        read(root, tmp_path / "cache", "spark", "lfm1b", split={"by": "temporal"})


@needs_spark
@pytest.mark.usefixtures("session")
def test_a_session_that_is_open_is_used_and_left_open() -> None:
    with spark_session("nonsense") as first:
        pass
    with spark_session(LOCAL) as second:
        assert first is second and second.range(3).count() == 3
