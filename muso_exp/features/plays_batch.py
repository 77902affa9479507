"""Plays as a batch: what recommenders learn from, and what new rows bring."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from muso_exp.records import Batch


def plays_batch(plays: csr_matrix) -> Batch:
    """Return plays (B, n_items) as a batch of new rows."""
    return {
        "crow_indices": torch.from_numpy(plays.indptr.astype(np.int64)),
        "col_indices": torch.from_numpy(plays.indices.astype(np.int64)),
        "values": torch.from_numpy(plays.data.astype(np.float32)),
    }
