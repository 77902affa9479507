"""The page of all finished runs: by document, filtered, chosen to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from nicegui import ui

from muso_exp.app.frame import frame, show
from muso_exp.app.pictures import strip
from muso_exp.app.site import Listed, Site

if TYPE_CHECKING:
    from nicegui.events import GenericEventArguments

ALL = "all"
DATA = {ALL: "all data", "real": "real data", "simulated": "simulated data"}
_SHOWN = 12  # runs of one experiment that its list has at once


@dataclass
class Filter:
    """What a user wants to see.

    Attributes:
        text: words, each of which the run's line must have.
        data: key of `DATA`.
        verdict: of the first metric, or `ALL`.
    """

    text: str = ""
    data: str = ALL
    verdict: str = ALL

    def takes(self, entry: Mapping[str, Any]) -> bool:
        """Return whether the list shows a run."""
        record = entry["record"]
        kind = "simulated" if record["data"]["simulated"] else "real"
        line = f"{entry['label']} {record['data']['name']} {record['scale']} {entry['answer']}"
        first = entry["first"]
        return (
            all(word in line.casefold() for word in self.text.casefold().split())
            and self.data in (ALL, kind)
            and (self.verdict == ALL or (first is not None and first["verdict"] == self.verdict))
        )


@dataclass
class RunsPage:
    """One open page of runs.

    Attributes:
        site: whose runs.
        filter: what is shown.
        chosen: names of the runs to compare, in order.
    """

    site: Site
    filter: Filter = field(default_factory=Filter)
    chosen: dict[str, None] = field(default_factory=dict)

    def build(self) -> None:
        """Put the page together."""
        from muso_exp.evaluation.index import summary

        runs = self.site.runs()
        if not runs:
            show("no_runs.html.j2", outputs=self.site.outputs)
            return
        self.entries = [entry(run) | summary(run.record) for run in runs]
        self._controls()
        self.list = ui.html("", sanitize=False, tag="div")
        self.list.on("change", self._choose, js_handler=_CHECKED)
        self._fill()

    def _controls(self) -> None:
        verdicts = {ALL: "all verdicts"} | {
            text: text
            for text in sorted({e["first"]["verdict"] for e in self.entries if e["first"]})
        }
        with ui.element("div").classes("controls"):
            ui.input("words in a run's line", on_change=lambda e: self._filter(text=e.value or ""))
            ui.select(DATA, value=ALL, label="data", on_change=lambda e: self._filter(data=e.value))
            ui.select(
                verdicts,
                value=ALL,
                label="verdict",
                on_change=lambda e: self._filter(verdict=e.value),
            )
            self.compare = ui.button("compare", on_click=self._compare)
        self.count = ui.label().props('role="status"').classes("soft")

    def _filter(self, **changes: str) -> None:
        for name, value in changes.items():
            setattr(self.filter, name, value)
        self._fill()

    def _fill(self) -> None:
        from muso_exp.app.frame import html
        from muso_exp.evaluation.index import by_documents, standing_for

        found = [entry for entry in self.entries if self.filter.takes(entry)]
        experiments: dict[str, list[dict[str, Any]]] = {}
        for one in found:
            experiments.setdefault(one["record"]["experiment"], []).append(one)
        newest = {name: standing_for(own) for name, own in experiments.items()}
        text = html(
            "runs.html.j2",
            documents=by_documents(newest),
            experiments=experiments,
            chosen=self.chosen,
            not_run=self._not_run(),
            shown=_SHOWN,
        )
        self.list.set_content(text)
        self._say(len(found))

    def _not_run(self) -> dict[str, str]:
        """Return name -> description of the experiments without a finished run."""
        from muso_exp.experiment.listing import experiments

        done = {one["record"]["experiment"] for one in self.entries}
        return {name: text for name, text in experiments().items() if name not in done}

    def _say(self, n_found: int) -> None:
        self.count.set_text(
            f"{n_found} of {len(self.entries)} runs; {len(self.chosen)} chosen to compare"
        )
        self.compare.set_enabled(len(self.chosen) > 1)

    def _choose(self, event: GenericEventArguments) -> None:
        name, is_checked = event.args
        if is_checked:
            self.chosen[name] = None
        else:
            self.chosen.pop(name, None)
        self._fill()

    def _compare(self) -> None:
        ui.navigate.to(compare_address(self.chosen))


_CHECKED = "(event) => emit([event.target.value, event.target.checked])"


def compare_address(names: Iterable[str]) -> str:
    """Return the address of the page that compares runs."""
    return "/compare?" + urlencode([("run", name) for name in names])


def entry(run: Listed) -> dict[str, Any]:
    """Return what the list shows of a run besides its summary: links and the picture."""
    from muso_exp.evaluation.lead import leading, reported_value

    first = next(iter(leading(run.record)), None)
    reported = reported_value(run.record, first["metric"]) if first else None
    table = (run.folder.parent / "table.html").is_file()
    return {
        "name": run.name,
        "label": run.label,
        "link": f"/report?run={quote(run.name)}",
        "table": f"/table?run={quote(run.name)}" if table else None,
        "sweep": str(run.folder.parent),
        "picture": strip(first, reported) if first else None,
    }


def runs_page(site: Site) -> None:
    """Show all finished runs."""
    with frame(site, "/", "Runs"):
        RunsPage(site).build()
