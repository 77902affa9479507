"""A measure of one user's ranking; its column and its metric, the mean over users, follow."""

from muso_exp.features.ranking_formulas import Array, ranking_formula


@ranking_formula(metric="mrr", at_cutoffs=True)
def reciprocal_rank(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """1 / rank of the first held-out item among the first k, else 0; expected over ties."""
    together = 1  # held-out items in the tie of the first one
    while together < len(above) and above[together] == above[0]:
        together += 1
    total, missed = 0.0, 1.0
    for place in range(min(k - above[0], tied[0] - together + 1)):
        chance = together / (tied[0] - place)
        total += missed * chance / (above[0] + place + 1)
        missed *= 1 - chance
    return total
