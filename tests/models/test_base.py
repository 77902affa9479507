import pytest
import torch

from muso_exp.models.base import Model, Solver

BATCH = {"x": torch.zeros(1, 2), "target": torch.zeros(1, dtype=torch.int64)}


class Silent(Model):
    pass


class Idle(Solver):
    pass


def test_a_model_without_predictions_names_itself() -> None:
    with pytest.raises(TypeError, match=r"Silent does not implement predict_step"):
        Silent().predict_step(BATCH)


def test_a_solver_without_a_step_names_itself() -> None:
    with pytest.raises(TypeError, match=r"Idle does not implement training_step"):
        Idle().training_step(BATCH, 0)


def test_buffers_take_the_size_of_the_checkpoint() -> None:
    solver = Idle()
    solver.register_buffer("counts", torch.zeros(0))
    solver.on_load_checkpoint({"state_dict": {"counts": torch.zeros(7, 2)}})
    assert solver.counts.shape == (7, 2)
