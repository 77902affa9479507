"""Start an experiment with its main options, watch it, and stop it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from nicegui import run, ui

from muso_exp.app.asking import file_input
from muso_exp.app.frame import failing_in_one_line, frame, html, show
from muso_exp.app.free_options import free_options
from muso_exp.app.jobs import Jobs, StartedRun
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError

SCALES = {
    "smoke": "smoke: seconds, to try",
    "desk": "desk: minutes",
    "paper": "paper: the published sizes; hours",
}
ALL_ROWS = ""
EVERY = 1.0  # seconds between two looks at the running experiment


@dataclass(frozen=True)
class StartOptions:
    """What a user chose.

    Attributes:
        experiment: name.
        variant: row of its table, `ALL_ROWS` for all.
        scale: of `SCALES`.
        seed: of data and training.
        root: folder of real files as typed, "" for the simulated world.
        more: further options as on the command line.
    """

    experiment: str
    variant: str
    scale: str
    seed: float | None
    root: str
    more: str = ""

    def command(self, site: Site) -> list[str]:
        """Return what to type after `python -m muso_exp`.

        Raises:
            ConfigError: an experiment or option that there is not, or a folder that may not be
                read.
        """
        from muso_exp.experiment.listing import experiments, variants

        if self.experiment not in experiments():
            raise ConfigError(f"{self.experiment}: no such experiment; choose one of the list")
        rows = variants().get(self.experiment, [])
        if self.variant not in (ALL_ROWS, *rows) or self.scale not in SCALES:
            raise ConfigError("choose a row and a scale of the lists")
        if self.seed is None or self.seed < 0 or self.seed != int(self.seed):
            raise ConfigError("a whole number of 0 or more is needed as seed")
        command = [f"+experiment={self.experiment}", f"scale={self.scale}", f"seed={self.seed:.0f}"]
        if self.variant != ALL_ROWS:
            command += [f"variant={self.variant}", "hydra.mode=RUN"]
        if self.root.strip():
            path = str(site.file(self.root)).replace("\\", "\\\\").replace("'", "\\'")
            command.append(f"dataset.root='{path}'")
        return command + free_options(self.more)


class StartPage:
    """One open page that starts experiments.

    Args:
        site: whose runs.
        jobs: of all pages.
        chosen: name of an experiment, "" for the first.
    """

    def __init__(self, site: Site, jobs: Jobs, chosen: str) -> None:
        self.site, self.jobs, self.chosen = site, jobs, chosen
        self._seen: tuple[str, int] | None = None

    def build(self) -> None:
        """Put the page together."""
        from muso_exp.experiment.listing import experiments, variants

        self.variants = variants()
        known = {name: f"{name}: {text}" for name, text in experiments().items()}
        first = self.chosen if self.chosen in known else next(iter(known))
        with ui.element("div").classes("controls"):
            self.experiment = ui.select(
                known, value=first, label="experiment", with_input=True
            ).classes("long")
            self.experiment.on_value_change(self._rows)
            self.variant = ui.select({ALL_ROWS: "all"}, value=ALL_ROWS, label="row of its table")
            self.scale = ui.select(SCALES, value="smoke", label="scale")
            self.seed = ui.number("seed", value=0, min=0, precision=0)
            self.root = file_input(self.site, "folder of real files; none: the simulated world")
            self.more = ui.input("more options, as model.lr=0.01 resamples=200").classes("long")
            self.more.props('autocomplete="off" spellcheck="false"')
        self._rows()
        with ui.element("div").classes("controls"):
            self.start = ui.button("start", on_click=self._start)
            self.stop = ui.button("stop", on_click=self._stop)
        self.problem = ui.label().classes("failed").props('role="alert"')
        self.problem.set_visibility(False)
        self.state = ui.html("", sanitize=False, tag="div")
        self.state.props('role="status" aria-live="polite"')
        self.log = ui.html("", sanitize=False, tag="div")
        self._look()
        ui.timer(EVERY, self._look)

    def _rows(self) -> None:
        rows = self.variants.get(self.experiment.value or "", [])
        self.variant.set_options({ALL_ROWS: "all"} | {row: row for row in rows}, value=ALL_ROWS)
        self.variant.set_visibility(bool(rows))

    def _say(self, line: str) -> None:
        self.problem.set_text(line)
        self.problem.set_visibility(bool(line))

    def _start(self) -> None:
        self._say("")
        with failing_in_one_line(self._say):
            options = StartOptions(
                self.experiment.value or "",
                self.variant.value or ALL_ROWS,
                self.scale.value or "",
                self.seed.value,
                self.root.value or "",
                self.more.value or "",
            )
            self.jobs.start(options.command(self.site))
        self._look()

    async def _stop(self) -> None:
        await run.io_bound(self.jobs.stop)
        self._look()

    def _look(self) -> None:
        """Show how the experiment stands, if anything changed."""
        job = self.jobs.last
        running = job is not None and job.status == "running"
        self.start.set_enabled(not running)
        self.stop.set_enabled(running)
        if job is None:
            return
        now = (job.status, hash((job.command, *job.lines)))
        if now == self._seen:
            return
        self._seen = now
        facts = {"job": job, "links": self._links(job)}
        self.state.set_content(html("job.html.j2", **facts))
        self.log.set_content(html("job_lines.html.j2", lines=list(job.lines)))

    def _links(self, job: StartedRun) -> dict[str, str]:
        """Return text -> address of what a finished experiment left."""
        if not job.folder:
            return {}
        folder = Path(job.folder).resolve()
        if not folder.is_relative_to(self.site.outputs):
            return {}
        name = folder.relative_to(self.site.outputs).as_posix()
        if (folder / "table.html").is_file():
            first = next((one.name for one in self.site.runs() if one.folder.parent == folder), "")
            return {"its table": f"/table?run={quote(first)}"}
        return {"its report": f"/report?run={quote(name)}"}


def start_page(site: Site, jobs: Jobs, chosen: str = "") -> None:
    """Start an experiment, watch and stop it."""
    with frame(site, "/start", "Start"):
        show("start_intro.html")
        StartPage(site, jobs, chosen).build()
