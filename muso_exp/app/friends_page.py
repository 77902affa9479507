"""Friends for a user: the graph around, who is suggested, and two users side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, file_input, needs_run, run_choice
from muso_exp.app.frame import about, frame, show
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError
from muso_exp.text import visible

if TYPE_CHECKING:
    import pandas as pd

    from muso_exp.tasks.friendship.friend_graph import FriendGraph

N_SUGGESTED = 10
ONE_ROW = "variant=friend_fusion hydra.mode=RUN"  # of the table of that experiment
DISTANCES = ("the user", "a friend", "two steps away", "three steps away", "further")
COLOURS = ("#d9822b", "#2563a8", "#3f9c8f", "#8a5fb0", "#8a8f98")  # distance 0, 1, 2, 3, more


@dataclass(frozen=True)
class Found:
    """What the page shows of a user.

    Attributes:
        name: of the user.
        suggested: see `FriendSearch.suggest`.
        graph: around them.
        other: of the second user; "" where there is none.
        together: see `FriendSearch.compatibility`; None without a second user.
    """

    name: str
    suggested: pd.DataFrame
    graph: FriendGraph
    other: str
    together: pd.DataFrame | None


def friends_page(site: Site) -> None:
    """Ask for a run and a user, and show friends for them."""
    with frame(site, "/friends", "Friends"):
        runs = site.of_data("friends")
        if not needs_run(runs, f"+experiment=friend_prediction {ONE_ROW}"):
            return
        with ui.element("div").classes("controls"):
            chosen = run_choice(runs)
            user = ui.input("name of a user of the run, or")
            history = file_input(site, "file of your own listening")
            other = ui.input("beside (name of another user)")

        async def asked() -> None:
            name, given = chosen.value, (user.value or "", history.value or "", other.value or "")
            await answer.fill(lambda: _find(site, name, *given), lambda f: _show(site, name, f))

        ask_button("show", asked, user, history, other)
        answer = AnswerPlace()


def _find(site: Site, name: str, user: str, history: str, other: str) -> Found:
    from muso_exp.tasks.friendship.friend_graph import friends_around
    from muso_exp.tasks.friendship.friend_search import FriendSearch, require_search

    data, model = site.trained(name)
    require_search(data, model, name)
    people = data.people
    if user.strip() and history.strip():
        raise ConfigError("give the name of a user, or a file of your own listening, not both")
    if history.strip():
        people = data.people_with(site.file(history))
        number = len(people.users) - 1
    else:
        number = people.number(user.strip()) if user.strip() else _most_friends(people)
    search = FriendSearch(people, model)
    suggested = search.suggest(number, N_SUGGESTED)
    graph = friends_around(search, number, [people.number(one) for one in suggested["user"]])
    together = None
    if other.strip():
        second = people.number(other.strip())
        if second == number:
            raise ConfigError(f"{other}: the same user twice; name two")
        together = search.compatibility(number, second)
    return Found(people.users[number], suggested, graph, other.strip(), together)


def _most_friends(people: Any) -> int:
    return int(people.network.degrees.argmax())


def _show(site: Site, name: str, found: Found) -> None:
    about(site.run(name))
    show("friends.html.j2", found=found)
    ui.echart(graph_options(found.graph)).classes("graph").props(
        'role="img" aria-label="friends and suggestions as a graph; the tables say the same"'
    )


def graph_options(graph: FriendGraph) -> dict[str, Any]:
    """Return the graph as ECharts draws it: distance by colour, suggestions dashed."""
    nodes = [
        {
            "id": str(user),
            "name": visible(name),
            "category": _category(distance),
            "symbolSize": 26 if distance == 0 else 18 if suggested else 11,
            "label": {"show": distance == 0 or bool(suggested)},
        }
        for user, name, distance, suggested in graph.nodes.to_numpy().tolist()
    ]
    links = [
        {
            "source": str(one),
            "target": str(other),
            "lineStyle": {"type": "dashed", "color": COLOURS[0], "width": 2}
            if suggested
            else {"type": "solid", "opacity": 0.35},
        }
        for one, other, suggested in graph.edges.to_numpy().tolist()
    ]
    return {
        "color": list(COLOURS),
        "legend": [{"data": list(DISTANCES), "textStyle": {"color": COLOURS[4]}}],
        "tooltip": {"renderMode": "richText"},
        "animation": False,
        "series": [
            {
                "type": "graph",
                "layout": "force",
                "roam": "move",
                "zoom": 1.4,
                "force": {"repulsion": 160, "edgeLength": 70},
                "categories": [{"name": name} for name in DISTANCES],
                "label": {"position": "right", "color": COLOURS[4]},
                "data": nodes,
                "links": links,
            }
        ],
    }


def _category(distance: int) -> int:
    return 4 if distance < 0 else min(distance, 4)
