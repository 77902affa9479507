"""Tags from sound, from factors and from both, on twelve tones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sound_tasks import Heard, made, mean_of, ready, tags
from tiny_sound import GENRES, N_CLIPS, write_sound_folder

from muso_exp.data.sound import clip_vectors
from muso_exp.data.sound.clip_vectors import clip_bags, predicted_factors
from muso_exp.errors import ConfigError


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def test_tags_are_the_frequent_ones_of_train(root: Path, cache: Path) -> None:
    data = tags(root, cache, n_tags=2)
    assert data.names[0] == "loud" and data.names[1] in GENRES
    assert data.labels[:, 0].eq(1).all()
    assert data.labels[:, 1].tolist() == [
        float(genre == data.names[1]) for genre in data.tracks["genre"]
    ]


def test_fewer_labels_are_a_part_of_more(root: Path, cache: Path) -> None:
    rows = [set(tags(root, cache, label_share=share).train_rows()) for share in (0.3, 0.6, 1.0)]
    assert rows[0] < rows[1] < rows[2] and len(rows[0]) == round(0.3 * len(rows[2]))


def test_all_inputs_are_tested_on_the_same_clips(root: Path, cache: Path) -> None:
    wanted = ["audio", "mfcc", "factors", "predicted_factors", "mfcc+factors"]
    found = [tags(root, cache, inputs=name) for name in wanted]
    assert len({tuple(data.part("test")["track_id"]) for data in found}) == 1
    sizes = [data.dims.get("input_dim") for data in found]
    assert sizes == [None, 819, 3, 3, 822]
    batch = next(iter(found[4].test_dataloader()))
    assert batch["x"].shape[1] == 822 and batch["target"].shape[1] == len(found[4].names)


def test_predicted_factors_of_a_clip_never_come_from_its_own(root: Path, cache: Path) -> None:
    data = tags(root, cache, inputs="predicted_factors")
    before = data.x.numpy()
    data.factors = data.factors.copy()
    clip = int(data.parts["train"][0])
    data.factors[clip] += 100
    bags = clip_bags(data.store, data.cache)[data.clips]
    after = predicted_factors(bags, data.factors, data.parts["train"], data.artists)
    assert after[clip] == pytest.approx(before[clip], rel=1e-4)
    test = data.parts["test"]
    assert not np.allclose(after[test], before[test])


def test_the_tag_prior_is_of_the_known_labels(root: Path, cache: Path) -> None:
    data = tags(root, cache, label_share=0.6)
    own = data.labels[torch.from_numpy(data.train_rows())].mean(dim=0)
    assert data.task.nulls()["tag_prior"]["scores"][0].tolist() == pytest.approx(own.tolist())


def test_popularity_is_a_null_model_where_plays_are_given(root: Path, cache: Path) -> None:
    data = tags(root, cache)
    alone = ready(made("audio_tags", root, cache))
    nulls = alone.task.nulls()
    assert {"tag_prior", "level"} <= set(nulls)
    assert set(data.task.nulls()) - set(nulls) == {"popularity"}
    assert nulls["level"]["scores"].shape == alone.task.target.shape


def test_no_null_model_of_tags_reads_unknown_labels(root: Path, cache: Path) -> None:
    data = tags(root, cache, label_share=0.6)
    before = data.task.nulls()
    unknown = np.setdiff1d(np.arange(N_CLIPS), data.train_rows())
    data.labels[torch.from_numpy(unknown)] = 1 - data.labels[torch.from_numpy(unknown)]
    for name, columns in data.task.nulls().items():
        assert torch.equal(columns["scores"], before[name]["scores"])


def test_tags_of_new_songs_come_with_probabilities(root: Path, cache: Path) -> None:
    data = tags(root, cache)
    n_tags = len(data.names)
    model = Heard(lambda b: {"scores": mean_of(b["x"])[:, :1].expand(-1, n_tags)})
    table = data.read_new(root / "audio").apply(model)
    assert len(table) == N_CLIPS and set(table["tag 1"]) <= set(data.names)
    probe = tags(root, cache, inputs="mfcc")
    with pytest.raises(ConfigError, match=r"a run with dataset\.inputs=mfcc cannot be applied"):
        probe.read_new(root / "audio")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "mfcc+audio"}, r"inputs=mfcc\+audio: audio, or some of mfcc"),
        ({"label_share": 0.0}, "label_share=0.0: float > 0 is needed"),
        ({"n_tags": 0}, "n_tags=0: int >= 1 is needed"),
    ],
)
def test_tags_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        tags(root, cache, **options)


def test_factors_need_plays(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"inputs=factors: set dataset\.plays"):
        made("audio_tags", root, Path("unused"), inputs="factors")


@pytest.mark.parametrize(("tagged", "message"), [(3, "3 of 12 clips have tags"), (6, "no tag is")])
def test_too_few_tags_are_refused(tagged: int, message: str, tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    lines = (folder / "manifest.csv").read_text().splitlines()
    kept = [
        line.rpartition(",")[0] + (f",tag {i}" if 0 < i <= tagged else ",")
        for i, line in enumerate(lines)
    ]
    (folder / "manifest.csv").write_text("\n".join([lines[0], *kept[1:]]) + "\n")
    with pytest.raises(ConfigError, match=message):
        tags(folder, cache)


def test_clips_are_described_in_several_processes_as_in_one(
    root: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tags(root, cache).store
    alone = clip_vectors.clip_features(store, tmp_path / "alone", "contrast")
    monkeypatch.setattr(clip_vectors, "BLOCK", 5)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    together = clip_vectors.clip_features(store, tmp_path / "together", "contrast")
    assert len(alone) == len(store) > 10 and np.array_equal(alone, together)
