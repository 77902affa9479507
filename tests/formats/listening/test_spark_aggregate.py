"""Logs that Spark sums: the same pairs, to the last byte, as by DuckDB; bad lines in one line."""

import gzip
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from pyarrow import parquet
from test_aggregate import write_log

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.listening.aggregate import Aggregate, aggregate_log
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.sources import SCROBBLES, TRIPLETS
from muso_exp.spark import LOCAL, _failure, spark_session

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark is not here: pip install 'muso_exp[spark]', and Java 17",
)


def both(path: Path, layout: Layout, folder: Path, cut: int | None = None) -> list[Aggregate]:
    return [
        aggregate_log(path, layout, folder / (spark or "duckdb"), cut, spark=spark)
        for spark in ("", LOCAL)
    ]


def same(own: Aggregate, other: Aggregate) -> bool:
    facts = [(a.lines, a.plays, a.pairs_count, a.leading_zeros) for a in (own, other)]
    tables = [parquet.read_table(a.pairs) for a in (own, other)]
    kinds = [table.schema.types for table in tables]
    rows = [table.to_pandas() for table in tables]
    return facts[0] == facts[1] and kinds[0] == kinds[1] and rows[0].equals(rows[1])


@needs_spark
@pytest.mark.parametrize("cut", [None, 50 * 86400])
def test_a_log_is_summed_as_by_duckdb(cut: int | None, tmp_path: Path) -> None:
    write_log(tmp_path / "log", n=5000)
    with (tmp_path / "log").open("a") as file:
        file.write("007\t1\t1\t0012\t5")  # leading zeros, and no end
    assert same(*both(tmp_path / "log", LFM_EVENTS, tmp_path, cut))


@needs_spark
def test_ids_of_text_and_counts_are_summed_as_by_duckdb(tmp_path: Path) -> None:
    lines = [f"u{n % 7:02}é\tS{n % 13}\t{n % 5 + 1}" for n in range(300)]
    with gzip.open(tmp_path / "log.gz", "wt", encoding="utf-8") as file:
        file.write("\r\n".join(lines))
    assert same(*both(tmp_path / "log.gz", TRIPLETS, tmp_path))
    (tmp_path / "scrobbles").write_text("\ufeff1 2 3\n10 2 1\n1 2 4\n2 2 2147483647\n")
    assert same(*both(tmp_path / "scrobbles", SCROBBLES, tmp_path))


BAD = ["1\t1\t1\tx\t5", "1\t1\t1\t2", "", "1\t1\t1\t\udcff\t5", "1\t1\t1\t2\t-5"]


@needs_spark
def test_what_duckdb_refuses_spark_refuses_and_counts(tmp_path: Path) -> None:
    for line in BAD:
        (tmp_path / "log").write_text(f"{line}\n1\t1\t1\t2\t5\n", errors="surrogateescape")
        with pytest.raises(DataFormatError):
            aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")
    (tmp_path / "log").write_text("\n".join([*BAD, "1\t1\t1\t2\t5"]), errors="surrogateescape")
    with pytest.raises(DataFormatError, match="5 lines are not as the format says") as raised:
        aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", spark=LOCAL)
    assert "\n" not in str(raised.value)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "An error occurred while calling o2.parquet.\n: org.x.SparkException: Job aborted\n"
            "\tat x.Y.z(Y.java:1)\nCaused by: java.io.IOException: No space left on device\n\tat",
            "Spark at yarn: IOException: No space left on device",
        ),
        (
            "An error occurred while calling o2.getResult.\n: org.x.SparkException: [FAILED_READ_"
            "FILE] Encountered error while reading file file:///a%20b/log.bz2. SQLSTATE: KD001\n",
            "/a b/log.bz2: damaged bzip2 file: SparkException: [FAILED_READ_FILE]",
        ),
        ("[PATH_NOT_FOUND] no path\n at", "Spark at yarn: [PATH_NOT_FOUND] no path"),
    ],
)
def test_what_java_says_is_its_innermost_cause(said: str, line: str) -> None:
    assert str(_failure("yarn", RuntimeError(said))).startswith(line)


@needs_spark
def test_counts_out_of_range_are_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("u\ts\t0\nu\ts\t2147483648\nu\ts\t1.5\n\ts\t1\nu\ts\t1\n")
    with pytest.raises(DataFormatError, match="4 lines are not as the format says"):
        aggregate_log(tmp_path / "log", TRIPLETS, tmp_path / "cache", spark=LOCAL)


@needs_spark
def test_a_cluster_that_is_not_there_is_one_line() -> None:
    with (
        pytest.raises(ConfigError, match=r"Spark at nonsense does not start: "),
        spark_session("nonsense"),
    ):
        pass


def test_without_spark_the_words_say_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    (tmp_path / "log").write_text("u\ts\t1\n")
    with pytest.raises(ConfigError, match=r"pip install 'muso_exp\[spark\]'; it needs Java 17"):
        aggregate_log(tmp_path / "log", TRIPLETS, tmp_path / "cache", spark=LOCAL)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
