"""MusiCNN's own tags, on random weights."""

from pathlib import Path

import pytest
import torch
from musicnn_arrays import write_musicnn

from muso_exp.errors import ConfigError
from muso_exp.models.musicnn_tags import MusicnnTags


def loaded(cache: Path, tags: list[str]) -> MusicnnTags:
    write_musicnn(cache)  # its tags are called a and b
    model = MusicnnTags(tags, 16000, str(cache))
    model.on_fit_start()
    return model


def test_a_tag_scores_what_the_net_says_of_its_own_and_others_score_nothing(tmp_path: Path) -> None:
    model = loaded(tmp_path, ["B", "other", "very a"])
    x = 0.1 * torch.randn(3, 2, 47616, generator=torch.Generator().manual_seed(0))
    found = model.predict_step({"x": x})["scores"]
    each = torch.stack([model.net(model.net.log_mel(x[:, w]))[1].sigmoid() for w in (0, 1)])
    assert found[:, 0].numpy() == pytest.approx(each.mean(dim=0)[:, 1].numpy(), abs=1e-5)
    assert found[:, 2].numpy() == pytest.approx(each.mean(dim=0)[:, 0].numpy(), abs=1e-5)
    assert (found[:, 1] == 0).all()
    again = MusicnnTags(["B", "other", "very a"], 16000, "nowhere")
    again.load_state_dict(model.state_dict())
    assert again(x).equal(found)


def test_tags_that_it_has_no_word_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"none of these tags is one of MusiCNN's: c, d, \.\.\.; take"
    ):
        loaded(tmp_path, ["c", "d"])


def test_another_rate_or_weights_that_were_not_fetched_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MusiCNN hears sound at 16000 Hz, got 22050"):
        MusicnnTags(["a"], 22050, str(tmp_path))
    with pytest.raises(ConfigError, match="run python -m muso_exp fetch musicnn"):
        MusicnnTags(["a"], 16000, str(tmp_path)).on_fit_start()
