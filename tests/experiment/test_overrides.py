import math
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.experiment.overrides import check, in_grammar


@pytest.mark.parametrize(
    "path", ["/a/Meine Listen ä (1)", "it's", "2024", "a\\b'c", "true", "C:\\new\\", "[x]", "50%{"]
)
def test_hydra_reads_a_path_as_it_was_typed(path: str) -> None:
    (arg,) = in_grammar([f"dataset.root={path}"])
    assert OverridesParser.create().parse_override(arg).value() == path


@pytest.mark.parametrize(
    "arg",
    [
        *("dataset.root=null", "dataset.root='~/x'", "dataset.root=/a b,/c", "ckpt=/plain/path"),
        *("-m", "--cfg", "job", "seed=0,1", "~paper", "model.hidden_sizes=[8]", "--info=ä("),
    ],
)
def test_what_hydra_reads_already_stays_as_it_is(arg: str) -> None:
    assert in_grammar([arg]) == [arg]


@pytest.mark.parametrize("key", ["dataset.plays.root", "+roots.lfm1b", "paths.cache", "ckpt"])
def test_the_home_folder_may_be_named_by_its_sign(key: str) -> None:
    assert in_grammar([f"{key}=~/x"]) == [f"{key}={Path.home()}/x"]


def test_the_message_on_another_value_that_cannot_be_read_shows_the_quotes() -> None:
    with pytest.raises(ConfigError, match=r"""queries=Öl: cannot be .* Hydra: "queries='Öl'"$"""):
        in_grammar(["queries=Öl"])


@pytest.mark.parametrize("time", [None, "00:01:30:00", "10:00:00:00", {"minutes": 1.5}])
def test_a_time_limit_is_what_lightning_takes(time: str | dict | None) -> None:
    tree = {"dataset": {}, "model": {}, "seed": 0, "resamples": 20, "scale": "desk"}
    tree |= {"rerun": "auto", "trial": None}
    tree |= {"sizes": {"desk": {}}, "trainer": {"max_time": time}, "monitor_mode": "min"}
    check(OmegaConf.create(tree))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 2**32}, "seed=4294967296: a whole number from 0 to 4294967295 is needed"),
        ({"seed": True}, "seed=True: a whole number"),
        ({"resamples": 19}, "resamples=19: a whole number of at least 20 is needed"),
        ({"scale": "tiny"}, "scale=tiny: choose smoke"),
        ({"variant": None}, "variant=None: choose a or 1"),
        ({"variants": ..., "variant": "b", "name": "wmf"}, "variant=b: .experiment=wmf is no tab"),
        ({"rerun": "never"}, "rerun=never: choose auto, true or false"),
        ({"monitor_mode": "most"}, "monitor_mode=most: choose min or max"),
        ({"model": {"spark_master": "nonsense"}}, "model.spark_master=nonsense: no address of Sp"),
        ({"dataset": {"reading": {"spark_master": 2}}}, "reading.spark_master=2: no address of Sp"),
        ({"trainer": {"logger": False}}, "trainer.logger is set by the program: set logger=none"),
        ({"trainer": {"accumulate_grad_batches": 0}}, "batches=0: a whole number of at least 1"),
        ({"trainer": {"gradient_clip_val": math.nan}}, "clip_val=nan: a number above 0 is needed"),
        ({"trainer": {"val_check_interval": 0}}, "interval=0: a number above 0 is needed"),
        ({"trainer": {"max_time": -1}}, "max_time=-1: days:hours:minutes:seconds is needed"),
        ({"trainer": {"max_time": "00:00:00:00"}}, "max_time=00:00:00:00: days:hours"),
        ({"trainer": {"max_time": "0:1:0"}}, "max_time=0:1:0: days:hours"),
        ({"trainer": {"max_time": {"hour": 1}}}, "max_time={'hour': 1}: days:hours"),
        ({"trainer": {"max_time": {"hours": 1e99}}}, "max_time={'hours': 1e.99}: days:hours"),
        ({"trainer": {"max_time": []}}, r"max_time=\[\]: days:hours"),
        ({"model": ...}, "name an experiment, or a dataset and a model"),
        (
            {"dataset": ..., "model": {"_target_": "muso_exp.models.ease.EASE"}},
            "name an experiment: .*experiment=wmf_baselines variant=wmf,ease; --help lists them",
        ),
    ],
)
def test_what_no_run_can_begin_with_is_refused(changed: dict, message: str) -> None:
    asked = {"seed": 0, "resamples": 20, "scale": "smoke", "sizes": {"smoke": {}}, "variant": 1}
    asked |= {"trainer": {"gradient_clip_val": None, "check_val_every_n_epoch": 2}}
    asked |= {"monitor_mode": "min", "rerun": True, "trial": None}
    whole = asked | {"variants": {"a": {}, 1: {}}, "dataset": {}, "model": {}}
    check(OmegaConf.create(whole))
    kept = {key: value for key, value in (whole | changed).items() if value is not ...}
    with pytest.raises(ConfigError, match=message):
        check(OmegaConf.create(kept))


def test_a_control_character_in_the_configuration_is_refused() -> None:
    tree = {
        "dataset": {"files": ["a", {"b": "x\x1b[31m"}]},
        "model": {},
        "seed": 0,
        "resamples": 20,
    }
    tree |= {"scale": "desk", "sizes": {"desk": {}}, "trainer": {}, "monitor_mode": "min"}
    tree |= {"rerun": False, "trial": None}
    with pytest.raises(ConfigError, match=r"^dataset\.files\.1\.b=x\\x1b\[31m: a control char"):
        check(OmegaConf.create(tree))


NAMES = ("null", "''", "[a]", "5", "a/b", ".", "..", "../../x")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("paper=null", "paper=None: options are needed"),
        ("metrics=null", "metrics=None: options are needed"),
        ("metrics.extra=null", "metrics.extra=None: options are needed"),
        ("options=5", "options=5: options are needed"),
        ("callbacks=7", "callbacks=7: a name of conf/callbacks is needed"),
        ("table_metrics=auc", "table_metrics=auc: a list is needed"),
        ("paper.claims=null", "paper.claims=None: a list is needed"),
        ("paths.outputs=null", "paths.outputs=None: a name is needed"),
        *((f"name={name}", "a word is needed, it names a folder") for name in NAMES),
        ("model._target_=x", "_target_=x: refused; a target must be a class of muso_exp"),
        ("paper.document=[1]", "paper.document=[1]: a text is needed, or null"),
        ("table_mean=maybe", "table_mean=maybe: true or false is needed"),
        ("table_metrics=[5]", "table_metrics=[5]: names of metrics are needed"),
        ("checkpoint_every=0", "checkpoint_every=0: a whole number of at least 1 is needed"),
    ],
)
def test_a_part_of_another_kind_is_refused(
    override: str, said: str, call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = call("+experiment=playlist_membership", "scale=smoke", override)
    assert status == 2 and said in err.splitlines()[-1] and "Traceback" not in err, err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_options_of_a_model_are_a_node() -> None:
    tree = {"dataset": {}, "model": {}, "options": {"wmf": None, "dff": 5}}
    with pytest.raises(ConfigError, match=r"options\.dff=5: options are needed, such as {a: 1}"):
        check(OmegaConf.create(tree))
