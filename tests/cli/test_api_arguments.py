"""Arguments of the Python interface: numbers of NumPy are numbers, and all that is wrong is said at once."""

import numpy as np
import pytest

import simengine as se

DEAL = """
[scenario]
name = "deal"
[inputs]
V = "600 to 1600"
D = 0.8
R = 0.9
L = 0.05
"""


@pytest.fixture
def deal(tmp_path):
    path = tmp_path / "deal.toml"
    path.write_text(DEAL)
    return path


def test_numbers_of_numpy_and_whole_floats_are_numbers(deal):
    plain = se.run(deal, trials=2000, seed=3, percentiles=[5, 50], overrides={"inputs.V": 500.0})
    other = se.run(
        deal,
        trials=2e3,
        seed=np.int64(3),
        strategies="base",
        percentiles=np.array([5, 50]),
        overrides={"inputs.V": np.float64(500)},
    )
    assert plain.percentiles("T").equals(other.percentiles("T"))
    assert np.asarray(other.percentiles("T")).ravel()[0] == 500.0 * 0.8 * 0.9 * (1 - 0.05)


def test_all_arguments_that_are_wrong_are_named(deal):
    with pytest.raises(se.InvalidInput) as failure:
        se.run(deal, trials="1000", seed=1.5, threads=True, memory="5GB")
    assert {problem.key for problem in failure.value.problems} == {"trials", "seed", "threads", "memory"}


@pytest.mark.parametrize("percentiles", [["5"], [0], [100], [5, 5], []])
def test_percentiles_that_do_not_exist_are_refused(deal, percentiles):
    with pytest.raises(se.InvalidInput, match="percentiles"):
        se.run(deal, trials=100, percentiles=percentiles)
