"""Alternating least squares by Apache Spark's MLlib, for matrices of a cluster's size."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from scipy.sparse import csr_matrix

from muso_exp.spark import escaped, spark_session

_ENTRIES = 2**22  # that are written at once


def fit_by_spark(
    strength: csr_matrix,
    n_factors: int,
    iterations: int,
    regularization: float,
    seed: int,
    master: str,
    folder: Path,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit factors to confidence c = 1 + strength; each row's penalty is by its entries.

    Args:
        strength: of the stored entries, > 0, shape (n_users, n_items).
        n_factors: latent factors.
        iterations: sweeps, items first.
        regularization: weight of a row's squared norm for each of its entries.
        seed: of the factors at the start, which are MLlib's own.
        master: see `muso_exp.spark.spark_session`.
        folder: for the entries and the factors as Parquet, where all machines see them.

    Returns:
        Factors of the users (n_users, n_factors) and of the items (n_items, n_factors), float32;
        0 of a row without entries.

    Raises:
        ConfigError: no Spark, see `spark_session`.

    Source: Hu, Koren and Volinsky, ICDM 2008; the penalty of Zhou et al. 2008 (ALS-WR), as MLlib
    has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name, spark_session(master) as spark:
        from pyspark.ml.recommendation import ALS

        place = Path(name)
        # every tenth sweep is written, else Java's stack runs over with what it might do anew
        spark.sparkContext.setCheckpointDir(f"file:{(place / 'checkpoints').absolute()}")
        _write_entries(strength, place / "entries.parquet")
        als = ALS(
            rank=n_factors,
            maxIter=iterations,
            regParam=regularization,
            implicitPrefs=True,
            alpha=1.0,  # the strength is weighted already
            seed=seed,
            userCol="user",
            itemCol="item",
            ratingCol="strength",
        )
        model = als.fit(spark.read.parquet(escaped(place / "entries.parquet")))
        sides = (("users", model.userFactors), ("items", model.itemFactors))
        for side, rows in sides:
            rows.write.parquet(f"file:{(place / side).absolute()}")
        users, items = (
            _read_factors(place / side, n, n_factors)
            for (side, _), n in zip(sides, strength.shape, strict=True)
        )
    return users, items


def _write_entries(strength: csr_matrix, path: Path) -> None:
    """Write user, item and strength of each stored entry."""
    schema = pa.schema([("user", pa.int32()), ("item", pa.int32()), ("strength", pa.float32())])
    lengths = np.diff(strength.indptr)
    ends = np.searchsorted(strength.indptr, np.arange(0, strength.nnz, _ENTRIES)[1:])
    rows = np.unique([0, *ends, len(lengths)])
    with parquet.ParquetWriter(path, schema) as writer:
        for first, last in pairwise(rows):
            part = slice(strength.indptr[first], strength.indptr[last])
            users = np.repeat(np.arange(first, last), lengths[first:last])
            columns: list[Any] = [users, strength.indices[part], strength.data[part]]
            arrays = [
                pa.array(column).cast(field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _read_factors(folder: Path, n_rows: int, n_factors: int) -> np.ndarray:
    factors = np.zeros((n_rows, n_factors), dtype=np.float32)
    for file in sorted(folder.glob("part-*.parquet")):
        for batch in parquet.ParquetFile(file).iter_batches():
            values = batch["features"].flatten().to_numpy()
            factors[batch["id"].to_numpy()] = values.reshape(-1, n_factors)
    return factors
