from pathlib import Path

import pytest

from muso_exp.errors import ConfigError
from muso_exp.experiment.known_keys import (
    SET_BY_THE_PROGRAM,
    refuse_trainer_arguments,
    refuse_unknown,
)

TABLE = "+experiment=wmf_merge"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+sweeps=seeds", r"^\+sweeps: nothing reads this key; did you mean seed\?$"),
        ("+trainer_max_epochs=3", "did you mean trainer.max_epochs"),
        ("++foo.bar=1", "foo.bar: nothing reads this key; there are dataset, model"),
        ("+sizes.desk.epsilom=1", r"did you mean sizes\.desk\.epsilon\?$"),
        ("+sizes.smoke.smok=1", r"did you mean (?!sizes\.smoke\.smoke)"),
        ("+paths.output=x", "did you mean paths.outputs"),
        ("+shares=[1]", "shares: nothing reads"),  # a key of another experiment
        ("trainer.logger=false", "trainer.logger is set by the program: set logger=none"),
        ("+trainer.fast_dev_run=true", "set trainer=quick"),
        ("inert=[model]", "inert: the program knows what cannot change a result; leave it"),
        (
            "callbacks=null",
            r"callbacks=null: a name of conf/callbacks is needed; callbacks.KEY=null",
        ),
        ("model=[1]", "a name of conf/model is needed"),
        ("+sweep=true", "a name of conf/sweep is needed"),
        ("=3", "=3: no option stands before the equals sign"),
        ("+=3", "no option stands before"),
        ("model=null", "model=null: name one of conf/model"),
        ("logger=null", "no tracking is logger=none"),
    ],
)
def test_what_nothing_reads_is_refused_with_the_nearest_names(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refuse_unknown([TABLE, override])


@pytest.mark.parametrize(
    "override",
    [
        *("+callbacks.x={_target_: a}", "++trainer.max_epochs=1", "+trainer.barebone=1"),
        *("+dataset.world_x=1", "+name=mine", "+seed=1", "+sizes.desk.n_factors=3", "+logger=none"),
        *("+sizes.tiny={epsilon: 1}", "+variants.third={merge: true}", "+hydra.job.env_set.A=b"),
        *(
            "model={}",
            "model=[wmf]",
            "model=wmf,ease",
            "+dataset@dataset.more=plays",
            "~paper",
            "--cfg",
            "-m",
            "+paper.claims=[]",
        ),
    ],
)
def test_what_is_read_may_be_appended(override: str) -> None:
    refuse_unknown([TABLE, override])


@pytest.mark.parametrize("option", ["+model.n_factors=4", "++model.typo=1"])
def test_an_option_of_the_model_is_set_where_the_rows_of_a_table_have_theirs(option: str) -> None:
    table = ["+experiment=wmf_baselines", "variant=wmf"]
    name = option.strip("+").removeprefix("model.").partition("=")[0]
    with pytest.raises(ConfigError, match=rf"its own model; .* models\.NAME\.{name} \(NAME: .*wmf"):
        refuse_unknown([*table, option])
    refuse_unknown([*table, "model=ease", option])
    refuse_unknown(["+experiment=wmf", option])
    refuse_unknown([*table, "+models.wmf.n_top=4", "+models.ease.popularity_exponent=.5"])
    with pytest.raises(ConfigError, match=r"did you mean models\.wmf\.n_factors"):
        refuse_unknown([*table, "+models.wmf.n_factor=4"])
    with pytest.raises(ConfigError, match=r"\+models\.no_row\.n_top: nothing reads this key"):
        refuse_unknown([*table, "+models.no_row.n_top=4"])


def test_keys_of_an_experiment_of_ones_own_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    file = tmp_path / "conf" / "experiment" / "mine.yaml"
    file.write_text("defaults: [wmf_merge, _self_]\nnights: {lunar: 3}\n")
    with pytest.raises(ConfigError, match=r"\+nights.lunar: nothing reads this key"):
        refuse_unknown(["+experiment=mine", "+nights.lunar=4"])
    with_folder = ["+experiment=mine", "--config-dir", str(tmp_path / "conf")]
    refuse_unknown([*with_folder, "+nights.lunar=4"])
    searched = f"hydra.searchpath=[file://{tmp_path}/conf]"
    refuse_unknown(["+experiment=mine", searched, "+nights.lunar=4"])
    monkeypatch.chdir(tmp_path)
    refuse_unknown(["+experiment=wmf,mine", "+nights.lunar=4", "+sizes.desk.matched=true"])
    with pytest.raises(ConfigError, match=r"did you mean nights\.lunar"):
        refuse_unknown(["+experiment=mine", "+nights.luna=4"])


@pytest.mark.parametrize("name", SET_BY_THE_PROGRAM)
def test_an_argument_that_the_program_sets_names_another_way(name: str) -> None:
    with pytest.raises(ConfigError, match=f"trainer.{name} is set by the program: .+"):
        refuse_trainer_arguments(["max_epochs", name])
