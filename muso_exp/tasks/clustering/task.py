"""The task "which tracks sound alike?": clusters of a table of audio features."""

from collections.abc import Iterable

import pandas as pd
from torchmetrics import MetricCollection

from muso_exp.metrics import clustering
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.clustering.audit import audit
from muso_exp.tasks.clustering.baselines import null_columns
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks, ClusterOptions
from muso_exp.tasks.clustering.elbow import Elbow, elbow_sections
from muso_exp.tasks.clustering.sections import sections


class Clustering(Task):
    """Group tracks by their audio features, so that a cluster can recommend its tracks.

    No label is true: the target is the test tracks as the model sees them, shape
    (n_rows, n_features); the units are the artists (tracks, where unknown).

    Args:
        tracks: with their split.
        options: of the metrics and of the report.
    """

    keys = ("id",)

    def __init__(self, tracks: ClusteredTracks, options: ClusterOptions) -> None:
        self.tracks, self.options = tracks, options
        self.target, self.units = tracks.inputs["test"], tracks.units["test"]
        self.elbow = Elbow(tracks, options)
        self.extra = [self.elbow]

    def metrics(self) -> MetricCollection:
        """Return how close the test tracks are to their clusters, and to what is recommended."""
        mean, spread = self.tracks.x("train").mean(axis=0), self.tracks.spread
        sample, n_listed = self.options.samples.silhouette_rows, self.options.n_listed
        return MetricCollection(
            {
                "mean_squared_distance": clustering.MeanSquaredDistance(),
                "explained_variance": clustering.ExplainedVariance(mean),
                "explained_share": clustering.ExplainedShare(mean),
                "calinski_harabasz": clustering.CalinskiHarabasz(mean),
                "silhouette": clustering.Silhouette(sample),
                "silhouette_standard": clustering.Silhouette(sample, spread),
                "recommended_distance": clustering.RecommendedDistance(spread, n_listed),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return clusterings of `muso_exp.tasks.clustering.baselines`."""
        tracks, options = self.tracks, self.options
        return null_columns(
            tracks.x("train"), tracks.x("test"), tracks.features, options.n_clusters, options.seed
        )

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test track: id, title, artist, features, cluster, squared_distance."""
        table = self.tracks.part("test")[["id", "title", "artist", *self.tracks.features]]
        shown = {name: columns[name].numpy() for name in ("cluster", "squared_distance")}
        return table.assign(**shown)

    def audit(self, answer: Answer) -> list[Finding]:
        """Return which features rule the distances, and tracks that are the same."""
        return audit(self.tracks)

    def counts(self) -> dict[str, int]:
        """Return tracks as read, distinct ones, rows of each split, features."""
        tracks = self.tracks
        return {
            "tracks": tracks.n_read,
            "distinct_tracks": tracks.n_distinct,
            **{f"{name}_rows": len(rows) for name, rows in tracks.rows.items()},
            "features": len(tracks.features),
        }

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return elbow, shares of the variance, profiles, map, tree, and similar tracks."""
        cluster = table["cluster"].to_numpy()
        return [*elbow_sections(self.elbow, answer), *sections(self.tracks, self.options, cluster)]
