"""The task "which tags has this clip?", from its sound, its factors, or both."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.tags import tag_metrics
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.sound_audit import audit
from muso_exp.tasks.tagging.sections import tag_areas_section
from muso_exp.tasks.tagging.tagged_clips import TaggedClips, null_columns, rare_tags

RARE = 5  # test clips that carry a tag, or its area under the curve says little


class ClipTagging(Task):
    """Score the tags of the test clips; artists are the independent unit."""

    def __init__(self, tagged: TaggedClips) -> None:
        clips = tagged.clips
        self.tagged, self.clips = tagged, clips
        self.target, self.units = clips.targets_of(clips.parts["test"]), clips.units()

    def metrics(self) -> MetricCollection:
        """Return the areas under both curves, mean over tags."""
        return MetricCollection({**tag_metrics()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the train shares, and probes on loudness and, with plays, on popularity."""
        return null_columns(self.tagged)

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test clip: id, artist, title, tags, and a score per tag."""
        table = self.clips.part("test")[["track_id", "artist", "title"]]
        names = self.tagged.names
        tags = [[names[tag] for tag in np.flatnonzero(row)] for row in self.target.numpy()]
        return table.assign(
            tags=pd.Series(tags, dtype=object),
            scores=columns["scores"].double().numpy().tolist(),
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what was left out, what train and test share, and how many labels are known."""
        known, every = len(self.tagged.known), len(self.clips.parts["train"])
        rare, n_tags = rare_tags(self.tagged, RARE), len(self.tagged.names)
        return [
            *audit(self.clips),
            Finding("known_labels", known, f"the tags of {known} of {every} train clips are known"),
            Finding(
                "rare_test_tags",
                rare,
                f"{rare} of {n_tags} tags are carried by fewer than {RARE} test clips; "
                "their areas under the curve are mostly chance",
                "warning" if rare > n_tags / 2 else "note",
            ),
        ]

    def counts(self) -> dict[str, int]:
        """Return clips, artists, tags, and train clips whose tags are known."""
        tagged = self.tagged
        return {**self.clips.counts(), "tags": len(tagged.names), "labelled": len(tagged.known)}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the area under the curve of each tag."""
        scores = torch.tensor(np.array(table["scores"].tolist()))
        names = self.tagged.names
        own = tag_areas_section(scores, self.target, names, self.units, answer.bootstrap)
        text = (
            f"Area under the ROC curve of each tag from {'+'.join(self.tagged.inputs)}, on clips "
            "held out, with its 95 % interval. In brackets: test clips with the tag; the dashed "
            "line is a guess."
        )
        return [Section(own.name, "Which tags are heard", text, own.table, own.figure)]
