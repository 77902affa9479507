import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
import pytorch_lightning as pl
import torch
from conftest import REPOSITORY
from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import SimpleProfiler
from pytorch_lightning.strategies import SingleDeviceStrategy

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import accepted, build, parameters, plain
from muso_exp.experiment.values import converted
from muso_exp.options import Count, Options

TRAINER = "pytorch_lightning.Trainer"
POPULARITY = {"_target_": "muso_exp.models.popularity.Popularity"}


@pytest.mark.parametrize(
    "target",
    ["antigravity.fly", "muso_exp_too.Model", "torch.nn.Linear", "hydra.utils.get_method", 3],
)
def test_a_target_outside_the_known_packages_is_refused_before_it_is_imported(
    target: object,
) -> None:
    sys.modules.pop("antigravity", None)
    with pytest.raises(ConfigError, match=rf"_target_={target}: refused; a target must be a class"):
        build({"_target_": target}, pl.LightningModule)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("muso_exp.run.run", pl.LightningModule),  # a function
        ("muso_exp.run.sys", pl.LightningModule),  # a module
        ("muso_exp.experiment.build.DictConfig", pl.LightningModule),  # a class from elsewhere
        ("muso_exp.training.callbacks.Tensor", pl.Callback),
        ("muso_exp.models.popularity.Popularity", pl.Callback),  # a class of another kind
        ("pytorch_lightning.Callback", pl.LightningModule),
    ],
)
def test_a_target_that_is_no_class_of_its_slot_is_refused(target: str, kind: type) -> None:
    with pytest.raises(ConfigError, match=rf"={target}: refused; a {kind.__name__} of muso_exp or"):
        build({"_target_": target}, kind)


@pytest.mark.parametrize(
    "target",
    [
        "muso_exp.run.os.system",
        "pytorch_lightning.utilities.os.system",
        "pytorch_lightning.callbacks.ModelCheckpoint.load_state_dict",
        "muso_exp.models.nothing.Nothing",
        "muso_exp",
        "muso_exp.",
    ],
)
def test_a_target_is_a_name_in_a_module_and_nothing_below_it(target: str) -> None:
    with pytest.raises(ConfigError, match=f"_target_={target}: (?!refused)"):
        build({"_target_": target}, pl.LightningModule)


def test_a_shell_below_a_callback_is_refused_and_never_runs(tmp_path: Path) -> None:
    shell = {"_target_": "torch.utils.collect_env.run", "command": f"touch {tmp_path}/canary"}
    node = {"_target_": "pytorch_lightning.callbacks.LambdaCallback", "on_fit_start": shell}
    with pytest.raises(ConfigError, match=r"collect_env\.run: refused; a target must be a class"):
        build(OmegaConf.create(node), pl.Callback)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("wrap", [lambda node: node, lambda node: [{"deep": [node]}]])
def test_a_class_is_not_built_where_the_argument_takes_none(wrap: callable) -> None:
    inner = {"_target_": "pytorch_lightning.callbacks.EarlyStopping", "monitor": "x"}
    node = {"_target_": "pytorch_lightning.callbacks.LambdaCallback", "on_fit_start": wrap(inner)}
    with pytest.raises(ConfigError, match="EarlyStopping: refused; this argument takes no class"):
        build(node, pl.Callback)


def test_a_nested_class_must_be_of_the_kind_that_the_argument_names() -> None:
    node = {"_target_": TRAINER, "profiler": POPULARITY}
    with pytest.raises(ConfigError, match="Popularity: refused; a Profiler of muso_exp or"):
        build(node, pl.Trainer)


def test_a_profiler_or_strategy_of_lightning_is_built_below_the_trainer() -> None:
    profiler = {"_target_": "pytorch_lightning.profilers.SimpleProfiler", "extended": False}
    strategy = {"_target_": "pytorch_lightning.strategies.SingleDeviceStrategy", "device": "cpu"}
    node = {"_target_": TRAINER, "profiler": profiler, "strategy": strategy, "accelerator": "cpu"}
    trainer = build(OmegaConf.create(node), pl.Trainer, logger=False)
    assert isinstance(trainer.profiler, SimpleProfiler) and not trainer.profiler.extended
    assert isinstance(trainer.strategy, SingleDeviceStrategy)


@pytest.mark.parametrize("key", ["_partial_", "_args_", "_recursive_", "_convert_"])
def test_a_key_of_hydras_own_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} is refused; give arguments by name"):
        build({**POPULARITY, key: True}, pl.LightningModule)


def test_a_node_without_a_target_is_refused() -> None:
    with pytest.raises(ConfigError, match="no _target_; name the class"):
        build({"root": "x"}, pl.LightningDataModule)


def test_what_stands_in_a_plain_tree_is_not_interpolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "sung")
    node = {"_target_": "muso_exp.data.plays.Plays", "root": "${oc.env:CANARY}"}
    assert plain(node) == node


def test_an_unknown_argument_is_named_with_the_known_ones() -> None:
    node = {"_target_": "muso_exp.models.random.Random", "q": 0.5}
    with pytest.raises(ConfigError, match=r"models\.random\.Random has no argument q; it takes "):
        build(OmegaConf.create(node), pl.LightningModule)


def test_an_empty_node_builds_nothing() -> None:
    assert build(None, pl.Callback) is None
    assert build(OmegaConf.create({}), pl.Callback) is None


def test_a_constructor_gets_the_sizes_it_names_and_the_node_leaves_open() -> None:
    node = OmegaConf.create({"_target_": "muso_exp.models.ridge.Ridge", "n_inputs": 3})
    offers = {"n_inputs": 9, "n_outputs": 2, "n_users": 7}
    assert accepted(node, pl.LightningModule, offers) == {"n_outputs": 2}


def test_what_a_constructor_may_take_is_asked_of_known_packages_only() -> None:
    with pytest.raises(ConfigError, match=r"_target_=os\.system: refused"):
        accepted(OmegaConf.create({"_target_": "os.system"}), pl.LightningModule, {})


def test_a_constructor_that_refuses_its_argument_ends_in_one_line() -> None:
    node = {"_target_": "pytorch_lightning.callbacks.EarlyStopping", "monitor": "x", "mode": "up"}
    with pytest.raises(ConfigError, match=r"EarlyStopping: `mode` can be min, max"):
        build(OmegaConf.create(node), pl.Callback)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_epochs": "two"}, "max_epochs=two: int or null is needed"),
        ({"min_steps": "x", "max_epochs": "x"}, "Trainer: min_steps=x: "),
        ({"max_steps": True}, "max_steps=True: int is needed"),
        ({"max_epochs": -5}, "`max_epochs` must be a non-negative integer or -1"),
        ({"accelerator": "tpu"}, "pytorch_lightning.Trainer: "),
        ({"max_time": "soon"}, "pytorch_lightning.Trainer: .*soon"),
    ],
)
def test_what_the_trainer_cannot_take_ends_in_one_line(given: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(OmegaConf.create({"_target_": TRAINER, **given}), pl.Trainer)


def test_every_argument_of_the_trainer_can_be_set_but_those_that_are_the_programs() -> None:
    own = {"logger", "callbacks", "plugins", "default_root_dir", "enable_checkpointing"}
    own |= {"use_distributed_sampler"}
    cut = {"fast_dev_run", "barebones", "overfit_batches", "limit_test_batches"}
    unused = {"limit_predict_batches", "model_registry", "enable_autolog_hparams"}
    node = OmegaConf.load(REPOSITORY / "conf" / "trainer" / "default.yaml")
    assert set(parameters(node, pl.Trainer)) - set(node) == own | cut | unused
    assert set(node) - set(parameters(node, pl.Trainer)) == {"_target_"}


class World(Options):
    """Options of a simulated world."""

    users: Count = 5
    kind: Literal["small", "large"] = "small"


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, float, 1.0),
        (None, int | None, None),
        ([1, 2], Sequence[int], [1, 2]),
        ("max", Literal["min", "max"], "max"),
        ({"users": 3}, World, World(users=3)),
        (None, World | None, None),
        ({"_target_": "torch.nn.ReLU"}, torch.nn.Module, {"_target_": "torch.nn.ReLU"}),
    ],
)
def test_a_plain_value_becomes_what_its_annotation_says(
    value: object, hint: object, expected: object
) -> None:
    assert converted("x", value, hint) == expected


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (True, float, "x=True: float is needed"),
        ("1", float, "x=1: float is needed"),
        ([1, "x"], Sequence[int], r"x\[1\]=x: int is needed"),
        ("abc", Sequence[str], "x=abc: array is needed"),
        ("best", Literal["min", "max"], "x=best: one of min, max is needed"),
        ([1.0, float("nan")], Sequence[float], "a finite number is needed"),
        ({"users": 0}, World, r"x\.users=0: int >= 1 is needed"),
        ({"kind": "huge"}, World, r"x\.kind=huge: one of small, large is needed"),
        ({"usrs": 1}, World, "x has no option usrs; there are users, kind"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    value: object, hint: object, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        converted("x", value, hint)


def test_a_place_that_refuses_a_constructor_keeps_its_own_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    uri = f"sqlite:///{tmp_path}/file/below/mlflow.db"
    node = {"_target_": "muso_exp.training.tracking.MlflowLogger", "tracking_uri": uri}
    with pytest.raises(NotADirectoryError):
        build(OmegaConf.create(node), Logger, artifact_location=str(tmp_path))


def test_a_model_that_needs_what_the_data_set_has_not_says_what_it_has() -> None:
    node = OmegaConf.create({"_target_": "muso_exp.models.ridge.Ridge"})
    said = r"Ridge needs n_inputs, and this data set offers n_outputs, n_users: .*it runs in "
    with pytest.raises(ConfigError, match=said):
        accepted(node, pl.LightningModule, {"n_outputs": 2, "n_users": 7})


def descended() -> list[Path]:
    """The models with a learning rate."""
    files = sorted((REPOSITORY / "conf" / "model").glob("*.yaml"))
    return [path for path in files if "lr" in OmegaConf.load(path)]


@pytest.mark.parametrize("path", descended(), ids=lambda path: path.stem)
def test_a_learning_rate_that_is_none_is_refused_before_the_training(path: Path) -> None:
    node = OmegaConf.create({"seed": 0, "model": OmegaConf.load(path)}).model
    node.lr = -1
    named = parameters(node, pl.LightningModule).items()
    sizes = {name: 64 for name, one in named if one.default is one.empty and one.annotation is int}
    offered = {"block_sizes": [32], "head": "genres", "cutoffs": [1]} | sizes
    with pytest.raises(ConfigError, match="lr=-1: float > 0 is needed"):
        build(node, pl.LightningModule, **accepted(node, pl.LightningModule, offered))


def test_a_class_that_moved_answers_with_its_new_place() -> None:
    node = OmegaConf.create({"_target_": "muso_exp.callbacks.ProgressBar"})
    with pytest.raises(ConfigError, match=r"now muso_exp\.training\.callbacks\.ProgressBar"):
        build(node, pl.Callback)
