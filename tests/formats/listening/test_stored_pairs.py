"""Pairs in files are, read in batches, the matrix that they were written from."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy.sparse import csr_matrix

from muso_exp.formats.listening import stored_pairs
from muso_exp.formats.listening.interactions import matrix_numbers
from muso_exp.formats.listening.stored_pairs import NumberedPairs


@pytest.mark.parametrize("batch", [1, 7, 2**20])
def test_numbered_pairs_are_the_matrix(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_pairs, "BATCH", batch)
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (20, 12)).astype(np.int32)
    counts[3] = 0
    plays = csr_matrix(counts)
    earlier = plays.copy()
    earlier.data //= 2
    cells = {
        "user": np.repeat(np.arange(20), np.diff(plays.indptr)).astype(np.int32),
        "item": plays.indices,
        "plays": plays.data.astype(np.int64),
        "earlier": earlier.data.astype(np.int64),
        "part": (plays.indices % 3).astype(np.int8),
    }
    earlier.eliminate_zeros()
    for number, rows in enumerate((slice(0, 40), slice(40, 40), slice(40, None))):
        table = pa.table({name: values[rows] for name, values in cells.items()})
        parquet.write_table(table, tmp_path / f"part-0000{number}.parquet")
    pairs = NumberedPairs(tmp_path, (20, 12))
    assert len(pairs) == plays.nnz and (pairs.parts() == cells["part"]).all()
    for counted, matrix in (("plays", plays), ("earlier", earlier)):
        found = pairs.matrix(counted, np.int32)
        assert found.has_sorted_indices and found.dtype == np.int32
        assert (found != matrix).nnz == 0 and found.nnz == matrix.nnz
        numbers = np.concatenate(list(pairs.numbers(counted)))
        assert numbers.tolist() == np.concatenate(list(matrix_numbers(matrix))).tolist()
