"""EASE for very many items: the inverse as a product of two sparse matrices (SANSA)."""

from __future__ import annotations

import logging
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError

Factorizer = Literal["cholesky", "incomplete"]
SHIFT, SHIFT_GROWTH = 1e-3, 2.0  # what an incomplete factorisation that fails adds to the diagonal
SCANS, FINE_STEPS = 1, 5  # of the approximate inverse of the factor


def sparse_inverse(
    weights: csr_matrix, regularization: float, density: float, factorizer: Factorizer
) -> tuple[csr_matrix, csr_matrix]:
    """Return L and R, (n_items, n_items) each, float32: x L R are the scores of a row x.

    L R approximates B - I, B the item-to-item weights of EASE: items of x itself, which are not
    recommended, score lower than by B, and all others the same.

    Args:
        weights: of plays, shape (n_users, n_items).
        regularization: weight of the squared item-to-item weights.
        density: share of the entries of L and R, each, that are kept.
        factorizer: `cholesky` factorises exactly and then drops; `incomplete` never holds more
            than is kept.

    Raises:
        ConfigError: the package is not there; the Gram matrix is not positive definite.

    Source: Spisak et al., RecSys 2023, by its authors' package.
    """
    try:
        import sansa
        from sksparse.cholmod import CholmodError
    except ImportError as error:
        raise ConfigError(
            "model=sansa needs SuiteSparse (Debian: libsuitesparse-dev) and then "
            f"pip install 'muso_exp[sansa]' ({error})"
        ) from error
    logging.getLogger("sansa").setLevel(logging.WARNING)
    if factorizer == "cholesky":
        by = sansa.CHOLMODGramianFactorizerConfig()
    else:
        by = sansa.ICFGramianFactorizerConfig(
            factorization_shift_step=SHIFT, factorization_shift_multiplier=SHIFT_GROWTH
        )
    inverter = sansa.UMRUnitLowerTriangleInverterConfig(scans=SCANS, finetune_steps=FINE_STEPS)
    config = sansa.SANSAConfig(regularization, density, by, inverter)
    try:
        left, right = sansa.SANSA(config).fit(weights).weights
    except CholmodError as error:
        said = str(error).rpartition(": ")[2]
        raise ConfigError(
            f"model=sansa: the Gram matrix cannot be factorised ({said}); "
            f"set model.regularization={regularization:g} nearer to that of conf/model"
        ) from error
    return _plain(left), _plain(right)


def _plain(matrix: csr_matrix) -> csr_matrix:
    found = csr_matrix(matrix, dtype=np.float32)
    found.sort_indices()
    return found
