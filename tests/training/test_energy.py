"""Energy counters, read from a folder laid out as Linux has it."""

from pathlib import Path

import pytest
from pytest import approx

from muso_exp.training import energy


def counter(root: Path, name: str, value: object) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / name / "energy_uj").write_text(f"{value}\n")
    (root / name / "max_energy_range_uj").write_text("1000000000\n")


@pytest.fixture(autouse=True)
def no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_nvml", lambda: None)


def test_whole_processors_are_counted_once(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 5_000_000)
    counter(tmp_path, "intel-rapl:0:0", 4_000_000)  # a part of it
    counter(tmp_path, "intel-rapl:1", "no number")
    before = energy.joules(tmp_path)
    assert before == approx({"intel-rapl:0": 5.0})
    counter(tmp_path, "intel-rapl:0", 7_500_000)
    assert energy.spent(before, energy.joules(tmp_path), tmp_path) == approx(2.5)


def test_a_counter_that_begins_again_has_counted_on(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 999_000_000)
    before = energy.joules(tmp_path)
    counter(tmp_path, "intel-rapl:0", 2_000_000)
    assert energy.spent(before, energy.joules(tmp_path), tmp_path) == approx(3.0)


def test_a_machine_that_tells_nothing_has_no_energy(tmp_path: Path) -> None:
    assert energy.joules(tmp_path) == {}
    assert energy.spent({}, {}, tmp_path) is None


def test_an_accelerator_is_asked_by_its_own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def nvmlDeviceGetCount_v2(self, number: object) -> int:
            number._obj.value = 2
            return 0

        def nvmlDeviceGetHandleByIndex_v2(self, place: int, device: object) -> int:
            device._obj.value = place + 1
            return 0

        def nvmlDeviceGetTotalEnergyConsumption(self, device: object, value: object) -> int:
            value._obj.value = 1500 * device.value
            return 0 if device.value == 1 else 3  # the second one does not count

    monkeypatch.setattr(energy, "_nvml", lambda: Library())
    assert energy.joules(Path("/nowhere")) == approx({"nvml:0": 1.5})
