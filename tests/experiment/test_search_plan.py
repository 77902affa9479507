"""What a search tries: each model's own space, values of the command line, and what is refused."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict, read_write
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from muso_exp.errors import ConfigError
from muso_exp.experiment.search_plan import SearchPlan, make_plan
from muso_exp.models.base import Solver

CONF = REPOSITORY / "conf"
# Beside those that Lightning trains: two descend inside their one step.
SEARCHED = (
    "wmf",
    "ease",
    "item_knn",
    "bpr",
    "gradient_boosting",
    "cooccurrence_net",
    "embedding_net",
    "ials",
    "user_knn",
)


@pytest.fixture
def plan() -> Iterator[callable]:
    def make(*overrides: str, swept: tuple[str, ...] = (), sweep: str = "search") -> SearchPlan:
        cfg = compose("config", [*overrides, f"+sweep={sweep}"], return_hydra_config=True)
        with read_write(cfg.hydra), open_dict(cfg.hydra):
            cfg.hydra.overrides.task = [*cfg.hydra.overrides.task, *swept]
        return make_plan(cfg)

    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield make


def models() -> dict[str, type]:
    """The class of each model of conf/model."""
    found = {}
    for path in sorted((CONF / "model").glob("*.yaml")):
        module, _, name = OmegaConf.load(path)._target_.rpartition(".")
        found[path.stem] = getattr(import_module(module), name)
    return found


@pytest.mark.parametrize("name", list(models()))
def test_every_gradient_model_has_a_search_space(name: str) -> None:
    kind = models()[name]
    wanted = name in SEARCHED or not issubclass(kind, Solver)
    assert (CONF / "search" / f"{name}.yaml").is_file() == wanted


@pytest.mark.parametrize("path", sorted((CONF / "search").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_space_is_of_options_of_its_model(path: object, plan: callable) -> None:
    tree = OmegaConf.load(path)
    options = OmegaConf.load(CONF / "model" / path.name)
    keys = [str(key).removeprefix("model.") for part in ("space", "grid") for key in tree[part]]
    known = [OmegaConf.select(options, key, default="absent") for key in keys]
    assert keys and "absent" not in known
    task = ["dataset=plays", f"model={path.stem}", "headline=map_at_10"]
    found = plan(*task)
    assert set(found.distributions) == set(tree.space)
    for key, values in plan(*task, sweep="grid").space.items():
        assert values == str(tree.grid[key])


def test_a_search_of_wmf_holds_out_validation_and_maximises_its_headline(plan: callable) -> None:
    found = plan("+experiment=wmf", "scale=paper")
    assert (found.objective, found.direction) == ("val/map_at_500", "maximize")
    assert found.hold_out == ["dataset.split.val_share=0.2"]
    assert isinstance(found.distributions["model.n_factors"], IntDistribution)
    assert found.distributions["model.alpha"] == FloatDistribution(0.1, 100.0, log=True)
    trial = found.of_trial(3, {"model.n_factors": 7})
    assert trial == [
        "+experiment=wmf",
        "scale=paper",
        "+sweep=search",
        "model.n_factors=7",
        "dataset.split.val_share=0.2",
        "objective=val/map_at_500",
        "hydra.sweeper.direction=maximize",
        "trial=3",
    ]
    assert found.of_setting({"model.n_factors": 7}) == trial[:4]


def test_the_setting_as_it_stands_is_what_no_key_changes(plan: callable) -> None:
    wmf = plan("+experiment=wmf")
    assert wmf.stands == wmf.default
    assert wmf.stands == {
        "model.n_factors": 40,
        "model.regularization": "validation",
        "model.alpha": 2.0,
        "model.epsilon": 1.0,
    }
    numbers = plan("+experiment=wmf", swept=("model.regularization=interval(1,9)",))
    assert numbers.stands["model.regularization"] == "validation"
    assert set(wmf.default) - set(numbers.default) == {"model.regularization"}  # no number
    dos = plan("+experiment=dos_classifier", "objective=val/loss")
    assert dos.stands["model.weight_decay"] == 0.0
    assert "model.weight_decay" not in dos.default  # a logarithm holds no 0


def test_a_grid_of_the_model_tries_the_setting_as_it_stands_once(plan: callable) -> None:
    ease = ["+experiment=wmf", "model=ease"]
    assert plan(*ease, sweep="grid").stands == {"model.regularization": 250.0}
    known = plan(*ease, "+options.ease.regularization=100.0", sweep="grid")
    values = [setting["model.regularization"] for setting in known.grid]
    assert values == ["10", "30", "300", "1000", "3000"]
    assert plan(*ease, swept=("model.regularization=1,2",), sweep="grid").stands == {}


def test_validation_that_is_there_stays(plan: callable) -> None:
    assert plan("+experiment=wmf", "dataset.split.val_share=0.3").hold_out == []
    dos = plan("+experiment=dos_hetrec", "objective=val/loss")
    assert (dos.hold_out, dos.direction) == ([], "minimize")


def test_values_of_the_command_line_take_the_place_of_the_models_own(plan: callable) -> None:
    found = plan(
        "+experiment=wmf",
        "model.alpha=3",
        swept=("model.n_factors=10,20", "+model.new=interval(0,1)"),
    )
    assert set(found.space) == {
        "model.n_factors",
        "model.regularization",
        "model.epsilon",
        "+model.new",
    }
    assert found.distributions["model.n_factors"] == CategoricalDistribution((10, 20))
    assert "model.alpha=3" in found.fixed and "model.n_factors=10,20" not in found.fixed


def test_a_grid_is_each_combination_in_order(plan: callable) -> None:
    swept = ("model.regularization=1,2", "model.max_gib=8,9,8")
    found = plan("+experiment=wmf", "model=ease", swept=swept, sweep="grid")
    assert [list(setting.values()) for setting in found.grid] == [
        ["1", "8"],
        ["1", "9"],
        ["2", "8"],
        ["2", "9"],
    ]
    assert len(plan("+experiment=wmf", "model=ease", sweep="grid").grid) == 6


@pytest.mark.parametrize(
    ("overrides", "swept", "problem"),
    [
        (["model=popularity"], [], "model popularity has no search space; write conf/search/pop"),
        (["hydra.sweeper.n_trials=0"], [], "hydra.sweeper.n_trials=0: at least 1 is needed"),
        (["hydra.sweeper.n_trials=many"], [], "n_trials=many: at least 1 is needed"),
        (["hydra.sweeper.sampler=magic"], [], "sampler=magic: choose tpe, random, grid"),
        (["hydra.sweeper.direction=up"], [], "direction=up: choose maximize or minimize"),
        (["headline=null"], [], "this sweeper optimises, and objective is not set"),
        (["objective=auc"], [], "objective=auc: a test metric"),
        (["objective=[val/auc,val/loss]"], [], "a search has one objective"),
        (["objective=val/coverage_at_10"], [], "more of it is better is not known; set hydra"),
        (["objective=val/my_own"], [], "more of it is better is not known"),
        ([], ["model.none=1,2"], "search space: model.none: no such key"),
        ([], ["seed=0,1"], r"seed=0,1: a seed is no setting to choose; \+sweep=seeds"),
        ([], ["dataset.seed=0,1"], "a seed is no setting to choose"),
        ([], ["variant=a,b"], "name the row of the table that is searched"),
        ([], ["trial=1,2"], "the search itself numbers its trials"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    overrides: list[str], swept: list[str], problem: str, plan: callable
) -> None:
    with pytest.raises(ConfigError, match=problem):
        plan("+experiment=wmf", *overrides, swept=tuple(swept))


def test_a_table_is_searched_a_row_at_a_time(plan: callable) -> None:
    with pytest.raises(ConfigError, match=r"variant=wmf,wmf_biased,.*: name the row of the table"):
        plan("+experiment=wmf_baselines")  # whose model depends on the row


def test_a_row_that_a_table_does_not_have_is_refused(plan: callable) -> None:
    with pytest.raises(ConfigError, match=r"variant=nosuch: choose wmf, .* or bpr"):
        plan("+experiment=wmf_baselines", "variant=nosuch")


def test_a_row_of_a_table_is_searched_where_its_model_stands(plan: callable) -> None:
    row = plan("+experiment=wmf_baselines", "variant=item_knn")
    assert row.place == "models.item_knn"
    setting = row.of_setting({"model.n_neighbours": 7, "dataset.x": 1})
    assert setting[-2:] == ["models.item_knn.n_neighbours=7", "dataset.x=1"]


def test_a_grid_of_an_interval_is_refused(plan: callable) -> None:
    with pytest.raises(ConfigError, match=r"a grid wants values, such as model.alpha=1,2,3"):
        plan("+experiment=wmf", swept=("model.alpha=interval(1,2)",), sweep="grid")


def test_what_decides_a_search_is_in_its_key(plan: callable) -> None:
    first = plan("+experiment=wmf")
    inert = ["paths", "rerun"]
    assert plan("+experiment=wmf", "rerun=true", "paths.outputs=x").key(inert) == first.key(inert)
    for other in (["model=ease"], ["objective=val/auc"], ["dataset.split.val_share=0.1"]):
        assert plan("+experiment=wmf", *other).key(inert) != first.key(inert)
