from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_files import CHAIN, DOS, FRIENDS, muso, write_chain, write_muso_files

from muso_exp.data.muso import MuSo
from muso_exp.errors import ConfigError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Columns
from muso_exp.tasks.base import Answer
from muso_exp.tasks.friend_distance.baselines import null_columns
from muso_exp.tasks.friend_distance.sections import sections


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_muso_files(tmp_path / "muso")


def with_chains(files: Path) -> Path:
    write_chain(files, "train", CHAIN, FRIENDS)
    write_chain(files, "test", ["e", "f", "o", "g"], [("e", "f"), ("f", "o"), ("o", "g")])
    return files


def findings(data: MuSo) -> dict[str, float]:
    return {finding.check: finding.value for finding in data.task.audit(None)}


def test_dims_follow_the_train_users_items(files: Path) -> None:
    data = muso(files)
    assert data.dims == {"input_dim": 22, "n_classes": 4, "block_sizes": [3, 2, 3, 3]}
    assert data.pairs.listeners.items["artist"] == ["NA", "null", "None"]
    assert data.pairs.listeners.items["track"] == ["t", 'u "v"', "w"]


def test_train_pairs_come_once_and_test_pairs_in_both_orders(files: Path) -> None:
    data = muso(files)
    assert data.pairs.drawn["train"].pairs.tolist() == [
        [0, 1],
        [0, 2],
        [0, 3],
        [1, 2],
        [1, 3],
        [2, 3],
    ]
    assert data.pairs.drawn["train"].dos.tolist() == [1, 1, 4, 2, 3, 1]
    assert data.pairs.drawn["test"].pairs.tolist() == [[4, 5], [5, 4], [5, 6], [6, 5]]
    assert data.task.target.tolist() == [0, 0, 2, 2]
    assert data.task.units.tolist() == data.pairs.drawn["test"].pairs.tolist()


def test_a_batch_is_the_published_vector(files: Path) -> None:
    data = muso(files, tag_order="fixed", batch_size=0)
    batch = next(iter(data.test_dataloader()))
    assert batch["row"].tolist() == [0, 1, 2, 3]
    assert batch["x"].dtype == torch.float32 and batch["x"].shape == (4, 22)
    artists_of_e = np.array([3.0, 0.0, 0.0])
    expected = (artists_of_e - 1) / np.sqrt(2)
    assert batch["x"][0, :3].numpy() == pytest.approx(expected, abs=1e-6)


def test_pairs_with_a_user_without_a_known_tag_are_nan_as_published(files: Path) -> None:
    x = next(iter(muso(files, batch_size=0).test_dataloader()))["x"]
    assert x.isnan().all(dim=1).tolist() == [False, False, True, True]
    repaired = next(iter(muso(files, batch_size=0, nan="repaired").test_dataloader()))["x"]
    assert not repaired.isnan().any()
    per_item = next(iter(muso(files, batch_size=0, normalisation="per_item").test_dataloader()))
    assert not per_item["x"].isnan().any()


def test_shuffled_tags_move_within_their_block_only_and_stay_over_epochs(files: Path) -> None:
    fixed = muso(files, tag_order="fixed").pairs.vectors["train"][[0, 1]]["x"]
    split = muso(files).pairs.vectors["train"]
    shuffled = split[[0, 1]]["x"]
    assert torch.equal(shuffled, split[[0, 1]]["x"])
    assert torch.equal(fixed[:, :16], shuffled[:, :16])
    assert torch.equal(fixed[:, 16:19].sort().values, shuffled[:, 16:19].sort().values)
    seeds = [muso(files, seed=seed).pairs.vectors["train"][[0, 1]]["x"] for seed in range(9)]
    assert any(not torch.equal(fixed, x) for x in seeds)


def test_categories_come_in_one_order_and_only_those_asked_for(files: Path) -> None:
    data = muso(files, categories=["tag", "artist"])
    assert data.pairs.vectoriser.categories == ["artist", "tag"]
    assert data.dims["block_sizes"] == [3, 3]
    with pytest.raises(ConfigError, match=r"dataset.categories=\['genre'\]: choose some of artist"):
        muso(files, categories=["genre"])


def test_each_quirk_refuses_a_choice_that_does_not_exist(files: Path) -> None:
    with pytest.raises(ConfigError, match=r"vectors.nan=maybe: one of as_published, rep"):
        muso(files, nan="maybe")
    with pytest.raises(ConfigError, match=r"label=guess: one of given, closure"):
        muso(files, label="guess")


@pytest.mark.parametrize(
    ("label", "a_to_d"), [("given", 4), ("dilation", 4), ("closure", 2), ("bfs", 2)]
)
def test_labels_of_the_chain_by_hand(files: Path, label: str, a_to_d: int) -> None:
    data = muso(with_chains(files), label=label)
    expected = np.array(DOS["train"])
    expected[0, 3] = expected[3, 0] = a_to_d
    assert data.pairs.listeners.distances[:4, :4].tolist() == expected.tolist()


def test_relabelling_needs_the_chain(files: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.label=bfs: needs train_chain.csv and train_fr"):
        muso(files, label="bfs")


def test_audit_by_hand(files: Path) -> None:
    found = findings(muso(with_chains(files)))
    assert found["triangle_violations"] == 2
    assert found["labels_equal_shortest_path"] == pytest.approx(5 / 6)
    assert found["test_pairs_beyond_classes"] == 1
    assert found["nan_vectors"] == 2
    assert found["users_in_train_and_test"] == 0
    assert found["unknown_artist_plays"] == pytest.approx(1 / 7)
    assert found["unknown_album_plays"] == pytest.approx(3 / 6)
    assert found["unknown_tag_plays"] == pytest.approx(7 / 10)
    assert found["classes_below_5_pairs"] == 4
    assert found["test_rows_per_user"] == pytest.approx(8 / 3)
    assert found["shuffled_tag_inputs"] == 6


def test_a_pair_whose_vector_is_nan_is_not_drawn_as_a_prediction(files: Path) -> None:
    data = muso(files)
    assert data.pairs.vectors["test"].is_nan.sum() == 2
    preds = {"strategy": torch.eye(4), "friend": torch.zeros(4)}
    truth = sections(data.pairs, data.task.predictions(preds))[-1]
    assert "2 pairs whose vector is NaN are not drawn" in truth.text
    image = truth.figure().axes[0].collections[0]
    assert image.get_array().sum() == 2


def test_audit_has_less_to_warn_of_where_quirks_are_mended(files: Path) -> None:
    found = findings(muso(files, label="closure", nan="repaired", tag_order="fixed"))
    assert found["triangle_violations"] == 0
    assert found["nan_vectors"] == 0
    assert "shuffled_tag_inputs" not in found and "labels_equal_shortest_path" not in found


def test_users_in_train_and_test_are_found(files: Path) -> None:
    path = files / "test_listening.json"
    path.write_text(path.read_text().replace('"e"', '"a"'))
    path = files / "test_dos.csv"
    path.write_text(
        path.read_text().replace("e,", "a,", 1).replace("e,", "a,").replace("usar", "u")
    )
    path.write_text("user,a,f,g\na,0,1,9\nf,1,0,3\ng,9,3,0\n")
    assert findings(muso(files))["users_in_train_and_test"] == 1


def test_predictions_name_users_and_suffice_for_the_metrics(files: Path) -> None:
    data = muso(files)
    frame = data.task.predictions(data.task.nulls()["best_constant_le3"])
    assert list(frame) == ["user_a", "user_b", "dos", "predicted_dos", "friend_score"]
    assert frame["user_a"].tolist() == ["e", "f", "f", "g"]
    assert frame["dos"].tolist() == [1, 1, 3, 3]


def test_sections_draw_the_matrix_and_the_truth(files: Path) -> None:
    data = muso(files)
    columns = data.task.nulls()["always_1"]

    class Always1:
        def columns(self, batch: dict[str, torch.Tensor]) -> Columns:
            return null_columns(torch.tensor([0]), 4, len(batch["row"]))["always_1"]

    answer = Answer(Always1(), columns, Bootstrap(50))
    found = data.task.sections(data.task.predictions(columns), answer)
    sections = {section.name: section for section in found}
    assert {"sensitivity_categories", "sensitivity_items"} <= set(sections)
    assert sections["dos_matrix"].figure is not None
    assert sections["predicted_dos"].figure is not None
    assert sections["dos_labels"].table["train pairs"].tolist() == [3, 1, 1, 1]
    assert sections["dos_labels"].table["test pairs"].tolist() == [2, 0, 2, 0]


@pytest.mark.data
def test_audit_of_the_real_files_finds_what_the_notes_say(real_data: Path) -> None:
    data = muso(real_data / "muso-lastfm-chains")
    found = findings(data)
    assert found["triangle_violations"] == 400
    assert found["test_pairs_beyond_classes"] == 101
    assert found["nan_vectors"] == 32
    assert found["users_in_train_and_test"] == 0
    shares = {"artist": 0.745, "album": 0.894, "track": 0.930, "tag": 0.095}
    for category, share in shares.items():
        assert found[f"unknown_{category}_plays"] == pytest.approx(share, abs=5e-4)
    x = data.pairs.vectors["test"][list(range(350))]["x"]
    assert int(x.isnan().any(dim=1).sum()) == 32
    texts = [finding.text for finding in data.task.audit(None)]
    assert any("400 of 870 ordered train pairs" in text for text in texts)
