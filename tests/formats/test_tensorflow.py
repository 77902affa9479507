import numpy as np
import pytest
from tensorflow_files import write_arrays

from muso_exp.formats.tensorflow import read_arrays

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv2d/kernel": RNG.normal(size=(7, 3, 1, 200)).astype(np.float32),
    "conv2d/bias": RNG.normal(size=200).astype(np.float32),
    "conv2d_1/bias": RNG.normal(size=300).astype(np.float32),
    "beta1_power": np.float32(0.5).reshape(()),
}


def test_arrays_are_read_by_name_and_shape() -> None:
    found = read_arrays(*write_arrays(ARRAYS | {"step": np.array([3], np.int64)}))
    assert sorted(found) == sorted(ARRAYS)  # the counter is no float32
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no index of a TensorFlow checkpoint"):
        read_arrays(bytes(100), b"")


def test_a_compressed_index_is_refused() -> None:
    with pytest.raises(ValueError, match="compressed"):
        read_arrays(*write_arrays(ARRAYS, compression=1))


def test_data_that_are_cut_off_are_refused() -> None:
    index, data = write_arrays(ARRAYS)
    with pytest.raises(ValueError, match="does not lie in its data"):
        read_arrays(index, data[:-4])


def test_a_damaged_index_ends_in_one_error() -> None:
    index, data = write_arrays(ARRAYS)
    refused = 0
    for place in range(len(index)):
        damaged = index[:place] + bytes([index[place] ^ 0xFF]) + index[place + 1 :]
        try:
            read_arrays(damaged, data)
        except ValueError as error:
            assert "checkpoint" in str(error), place
            refused += 1
    assert refused > len(index) / 3  # elsewhere names change, or check sums
