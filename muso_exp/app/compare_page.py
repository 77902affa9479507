"""Finished runs beside each other, as `compare` has them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import Markup

from muso_exp.app.frame import frame, show
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError


def compare_page(site: Site, names: Sequence[str]) -> None:
    """Show runs beside each other, with paired differences to the first."""
    with frame(site, "/", "Compare"):
        _compare(site, list(dict.fromkeys(names)))


def _compare(site: Site, names: Sequence[str]) -> None:
    from muso_exp.evaluation.comparison import by_setting, comparison_table, lacking
    from muso_exp.evaluation.finished import load_run
    from muso_exp.evaluation.pooling import pooled_table
    from muso_exp.evaluation.tables import metric_figure, table_facts
    from muso_exp.figures.common import to_svg

    if len(names) < 2:
        raise ConfigError("choose two or more runs on the page Runs, and compare them from there")
    runs = [load_run(site.run(name).folder) for name in names]
    table = comparison_table(runs)
    pooled = pooled_table(by_setting(runs, False), list(dict.fromkeys(table["metric"])), False)
    figures = {
        metric: Markup(to_svg(metric_figure(str(metric), rows), f"metric{number}"))
        for number, (metric, rows) in enumerate(table.groupby("metric", sort=False))
    }
    links = {
        str(run.folder): f"/report?run={quote(name)}" for run, name in zip(runs, names, strict=True)
    }
    show(
        "compare.html.j2",
        runs=[site.run(name) for name in names],
        figures=figures,
        links=links,
        **table_facts(table, pooled, lacking(runs)),
    )
