"""What --help lists, read from files alone."""

from conftest import REPOSITORY

from muso_exp.experiment.listing import describe_parts, group, uses, variants


def test_models_data_sets_and_sweeps_are_listed() -> None:
    assert {"ease", "wmf"} <= set(group("model")) and "plays" in group("dataset")
    assert {"seeds", "training_seeds"} <= set(group("sweep"))
    assert "models (model=NAME): " in describe_parts()


def test_the_rows_of_every_table_are_listed() -> None:
    assert variants()["wmf_baselines"][:2] == ["wmf", "wmf_biased"]
    tables = [path.stem for path in (REPOSITORY / "conf" / "experiment").glob("*.yaml")
              if "      variant: " in path.read_text()]  # fmt: skip
    assert set(variants()) == set(tables)


def test_the_experiments_of_a_model_are_named_as_they_are_typed() -> None:
    assert uses("muso_exp.models.ease.EASE") == (
        "+experiment=strong_generalization variant=popularity,ease, "
        "+experiment=wmf_baselines variant=wmf,ease"
    )
    assert "+experiment=wmf" in uses("muso_exp.models.wmf.WMF").split(", ")
    assert uses("somebody.elses.Model") == ""
