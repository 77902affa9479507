"""The table over the finished jobs of a sweep."""

from __future__ import annotations

import sys
from pathlib import Path

from omegaconf import DictConfig

from muso_exp.evaluation.comparison import by_setting, comparison_table, lacking
from muso_exp.evaluation.finished import find_runs
from muso_exp.evaluation.pairwise import comparison_sections, differing
from muso_exp.evaluation.pooling import pooled_table
from muso_exp.evaluation.search import choice_of, mark_chosen, settings_tried
from muso_exp.evaluation.tables import write_comparison
from muso_exp.experiment.build import plain
from muso_exp.experiment.objective import directions, optimises
from muso_exp.experiment.search_plan import searches
from muso_exp.experiment.sweep_summary import swept_values
from muso_exp.redaction import redact


def write_table(folder: Path, config: DictConfig, brief: bool) -> None:
    """Print the table over the finished jobs of a sweep, and write it into the sweep's folder.

    Args:
        folder: of the sweep.
        config: of the sweep.
        brief: print the first metric alone.

    Raises:
        MusoError: jobs that cannot be set beside each other.
    """
    runs = find_runs([folder])
    experiments = list(dict.fromkeys(run.record["experiment"] for run in runs))
    if len(experiments) > 1 and not set.intersection(*(set(run.samples) for run in runs)):
        listed = ", ".join(experiments)
        sys.stderr.write(f"muso_exp: no table: {listed} have no metric in common\n")
        return
    names, folds = [str(name) for name in plain(config.table_metrics)], bool(config.table_mean)
    lead = runs[0].record.get("headline", [])
    names.sort(key=lambda name: lead.index(name) if name in lead else len(lead))
    table = comparison_table(runs, names, mean=folds)
    settings = by_setting(runs, folds)
    shown = list(dict.fromkeys(table["metric"]))
    pooled = pooled_table(settings, shown, folds)
    findings = [*settings_tried(settings), *lacking(runs, shown if names else ())]
    if searches(config.hydra):
        findings = [*choice_of(runs), *findings]
    elif optimises(config.hydra):
        findings = [*mark_chosen(runs, directions(config.hydra)), *findings]
    document = redact(config.paper.document or "")
    lead = str(table["metric"].iloc[0])
    keys = [key for key in swept_values(config) if key in differing(runs)]
    sections = list(comparison_sections(settings, lead, keys)) if len(runs) > 1 else []
    write_comparison(folder, config.name, document, table, pooled, findings, brief, sections)
