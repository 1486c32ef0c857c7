import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs.likelihood import column, described, maximise, numbers, positive, same_length


def poisson(counts):
    """Log likelihood of Poisson counts in the rate: its maximum is the mean."""
    return lambda rate: (
        float(np.sum(counts * np.log(rate[0]) - rate[0])),
        np.array([np.sum(counts / rate[0] - 1.0)]),
    )


def test_maximum_is_found_to_the_last_digits():
    counts = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])
    (rate,), value, covariance = maximise(poisson(counts), {"rate": 1e-3}, "Poisson")
    assert rate == pytest.approx(25 / 7, rel=1e-14)
    assert value == pytest.approx(25 * np.log(25 / 7) - 25, rel=1e-14)
    assert covariance == pytest.approx(np.array([[1 / 25]]), rel=1e-6)  # of the logarithm: 1 over the events


def test_order_of_the_parameters_is_that_of_the_start():
    def hill(parameters):
        logs = np.log(parameters) - np.log([2.0, 5.0])
        bent = np.array([[1.0, 0.9], [0.9, 1.0]])  # a narrow ridge
        return -0.5 * float(logs @ bent @ logs), -(bent @ logs) / parameters

    found, value, covariance = maximise(hill, {"x": 1.0, "y": 1.0}, "hill")
    assert found == pytest.approx([2.0, 5.0], rel=1e-10)
    assert value == pytest.approx(0.0, abs=1e-15)
    assert covariance == pytest.approx(np.linalg.inv([[1.0, 0.9], [0.9, 1.0]]), rel=1e-6)


def test_the_climb_begins_also_where_the_hill_is_not_yet_rounded():
    def bell(parameters):  # so far below zero that the first search sees no slope
        off = np.log(parameters) - np.log(5.0)
        height = np.exp(-0.5 * off**2)
        return float(height[0]) - 1e12, -height * off / parameters

    (found,), *_ = maximise(bell, {"x": 5.0 * np.exp(1.5)}, "bell")
    assert found == pytest.approx(5.0, rel=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_parameter_that_runs_off_is_named(sign):
    def endless(parameters):  # rises for ever in one direction, ever more slowly
        x, y = parameters
        return float(-(x ** (-sign)) - np.log(y) ** 2), np.array([sign * x ** (-sign - 1), -2 * np.log(y) / y])

    with pytest.raises(Refusal, match="ridge: these purchases do not determine x; use a longer log"):
        maximise(endless, {"x": 1.0, "y": 2.0}, "ridge")


def test_a_parameter_that_does_not_matter_is_named():
    def ridge(parameters):
        y = parameters[1]
        return -float(np.log(y) ** 2), np.array([0.0, -2 * np.log(y) / y])

    with pytest.raises(Refusal, match="ridge: these purchases do not determine x; use a longer log"):
        maximise(ridge, {"x": 1.0, "y": 2.0}, "ridge")


def test_columns_say_what_came_and_what_is_allowed():
    assert column("x", [1, 2]).dtype == np.float64
    cases = {
        "x[1] = nan is not a number of at least 0": lambda: column("x", [1.0, np.nan]),
        "x[0] = inf is not a number of at least 0": lambda: column("x", [np.inf]),
        "x[2] = -1 is not a whole number of at least 0": lambda: column("x", [0, 1, -1], whole=True),
        "x[0] = 0.5 is not a whole number of at least 0": lambda: column("x", [0.5], whole=True),
        "x is not made of numbers": lambda: column("x", ["many"]),
        "x has shape (0,); a column with one number per customer is expected": lambda: column("x", []),
        "x has shape (1, 2); a column with one number per customer is expected": lambda: column("x", [[1, 2]]),
        "t = -1 is not a number of at least 0": lambda: numbers("t", -1),
        "t[0, 1] = -1 is not a number of at least 0": lambda: numbers("t", [[1, -1]]),
        "one number per customer is needed: a has 1, b has 2": lambda: same_length(a=np.ones(1), b=np.ones(2)),
        "NBD.r = 0 is not a positive number": lambda: positive("NBD", alpha=1.0, r=0.0),
        "NBD.r = nan is not a positive number": lambda: positive("NBD", r=float("nan")),
    }
    for message, call in cases.items():
        with pytest.raises(Refusal) as refused:
            call()
        assert str(refused.value) == message


def test_description_leaves_out_what_is_not_known():
    assert described("NBD", "r = 1", None, None) == "NBD: r = 1"
    assert described("NBD", "r = 1", 2357, -3193.0587) == "NBD over 2,357 customers: r = 1; log likelihood -3,193.06"
