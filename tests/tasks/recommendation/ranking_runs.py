"""A hybrid on the simulated HetRec files, fitted in one step."""

from pathlib import Path

from made import made

from muso_exp.data.content_plays import ContentPlays
from muso_exp.features.als import FactorOptions
from muso_exp.features.hybrid import HybridOptions
from muso_exp.models.hybrid import Hybrid

WORLD = {"users": 80, "artists": 150, "genres": 4}
SMALL = HybridOptions(
    factors=FactorOptions(n_factors=6, iterations=4, regularization=3.0, epsilon=1.0),
    n_choices=400,
    n_others=20,
)


def trained_hybrid(cache: Path, **options: object) -> tuple[ContentPlays, Hybrid]:
    """Return data set up, and the model fitted to them."""
    node = {"fields": ["genre", "tags"]}
    data = made("content_plays", None, cache, source="hetrec", world=WORLD, content=node, **options)
    data.prepare_data()
    data.setup()
    sizes = {name: data.dims[name] for name in ("n_users", "n_items", "n_content")}
    model = Hybrid(**sizes, cutoffs=[10, 50], fit=SMALL)
    (batch,) = data.train_dataloader()
    model.training_step(batch, 0)
    return data, model.eval()
