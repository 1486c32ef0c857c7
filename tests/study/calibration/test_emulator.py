"""The emulator: exact at the values that it was given, right in between, and honest about how sure it is."""

import numpy as np
import pytest

from abm.study.calibration import emulator
from abm.study.calibration.emulator import fitted
from abm.study.plan.sampling import sobol


def wavy(x):
    return np.sin(5 * x[:, 0]) + x[:, 1] ** 2


@pytest.fixture(scope="module")
def smooth():
    x = sobol(32, 2, 1)
    return x, fitted(x, wavy(x))


def test_it_passes_through_what_it_was_told(smooth):
    x, found = smooth
    mean, variance = found.predict(x)
    np.testing.assert_allclose(mean, wavy(x), atol=2e-3)
    assert variance.max() < 1e-4


def test_it_is_right_in_between(smooth):
    points = sobol(256, 2, 2)
    mean, variance = smooth[1].predict(points)
    errors = mean - wavy(points)
    assert np.sqrt(np.mean(errors**2)) < 0.02  # of a range of 2.6
    assert np.mean(np.abs(errors) <= 3 * np.sqrt(variance)) > 0.97


def test_it_knows_less_far_away(smooth):
    near, far = smooth[1].predict(np.array([[0.5, 0.5], [1.0, 1.0]]))[1]
    assert far > 3 * near


def test_a_plane_is_found_exactly():
    x = sobol(16, 3, 1)
    points = sobol(64, 3, 2)
    mean, variance = fitted(x, 2 + x @ [1.0, -3.0, 0.0]).predict(points)
    np.testing.assert_allclose(mean, 2 + points @ [1.0, -3.0, 0.0], atol=1e-6)
    assert variance.max() < 1e-6


def test_luck_becomes_nugget():
    x = sobol(64, 2, 1)
    noise = np.random.default_rng(3).normal(0, 0.2, 64)
    points = sobol(256, 2, 2)
    found = fitted(x, wavy(x) + noise)
    mean, variance = found.predict(points)
    inside = np.abs(mean - wavy(points)) <= 3 * np.sqrt(variance)
    assert inside.mean() > 0.97
    assert found.nugget > 1e-4
    assert np.sqrt(variance).mean() < 0.2  # it averages over luck


def test_a_factor_that_does_nothing_gets_a_long_length():
    x = sobol(32, 2, 1)
    lengths = fitted(x, np.sin(6 * x[:, 0])).lengths
    assert lengths[1] > 5 * lengths[0]


def test_a_constant_stays_constant():
    x = sobol(16, 2, 1)
    mean, variance = fitted(x, np.full(16, 7.0)).predict(sobol(16, 2, 2))
    np.testing.assert_allclose(mean, 7.0)
    assert variance.max() < 1e-6


def test_the_same_values_give_the_same_emulator_whatever_their_unit(smooth):
    x, found = smooth
    points = sobol(16, 2, 2)
    mean, variance = fitted(x, 1000 + 50 * wavy(x)).predict(points)
    np.testing.assert_allclose((mean - 1000) / 50, found.predict(points)[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(variance / 2500, found.predict(points)[1], rtol=0.05)


def test_the_slope_of_the_likelihood_is_that_of_its_values():
    x = sobol(32, 2, 1)
    squares, plane, values = emulator._squares(x, x), emulator._plane(x), wavy(x)

    def fit(logs):
        return emulator._solved(squares, plane, values, np.exp(logs[:-1]), float(np.exp(logs[-1])))

    logs, step = np.log([0.5, 0.9, 1e-2]), 1e-5
    changes = [*emulator._matern_slopes(squares, np.exp(logs[:-1])), np.exp(logs[-1]) * np.eye(32)]
    expected = [(fit(logs + e).misfit - fit(logs - e).misfit) / (2 * step) for e in step * np.eye(3)]
    np.testing.assert_allclose([fit(logs).slope(change) for change in changes], expected, rtol=1e-5)


def test_leave_one_out_errors_are_those_of_leaving_one_out():
    """The shortcut through the inverse against emulators that were not given one value (zero-mean process)."""
    x = sobol(16, 1, 1)
    values = np.sin(5 * x[:, 0])
    values -= values.mean()
    covariance = emulator._matern(emulator._squares(x, x), np.array([0.3])) + 1e-3 * np.eye(16)
    inverse = np.linalg.inv(covariance)
    for k in range(16):
        others = np.arange(16) != k
        rest = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, k])
        assert values[k] - rest @ values[others] == pytest.approx((inverse @ values)[k] / inverse[k, k], rel=1e-6)
        assert covariance[k, k] - rest @ covariance[others, k] == pytest.approx(1 / inverse[k, k], rel=1e-6)


def test_overconfidence_widens():
    x = sobol(32, 2, 1)
    rough = np.sign(x[:, 0] - 0.5) * np.sign(x[:, 1] - 0.5)  # no smooth process
    found = fitted(x, rough)
    assert found.widened >= 1.0
    assert found.predict(sobol(64, 2, 2))[1].mean() > 0.05
