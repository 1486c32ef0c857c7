"""Implausibility: the formula by hand, and regions whose shape is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.study.calibration.emulator import fitted
from abm.study.calibration.implausibility import CUTOFF, implausibility, region, worst
from abm.study.calibration.targets import Target
from abm.study.plan.sampling import sobol

NONE = np.empty((0, 2))


def linear(slopes, targets, run=NONE, forgiven=0, luck=0.0):
    """Return what targets leave of a model whose outputs are planes: each row of `slopes` is one."""
    x = sobol(16, 2, 1)
    emulators = [fitted(x, x @ np.array(row)) for row in slopes]
    return region(emulators, targets, np.full(len(targets), luck), run, forgiven)


class TestMeasure:
    def test_by_hand(self):
        """Tolerance .9 and discrepancy 1.2 make a standard deviation of .5; with a variance of .11 of the mean, .6."""
        target = Target("csi", 75, 0.9, discrepancy=1.2)
        found = implausibility(np.array([[73.8], [75.6]]), np.array([[0.11], [0.11]]), [target])
        np.testing.assert_allclose(found, [[-2.0], [1.0]])

    def test_without_noise_the_cut_off_is_the_tolerance(self):
        target = Target("csi", 75, 0.9)
        found = implausibility(np.array([[75.9], [75.0 - 0.90001]]), np.zeros((2, 1)), [target])
        assert abs(found[0, 0]) == pytest.approx(CUTOFF)
        assert abs(found[1, 0]) > CUTOFF

    def test_highest_or_the_next(self):
        each = np.array([[1.0, -5.0, 2.0], [0.0, 0.5, math.nan]])
        assert worst(each, 0).tolist() == [5.0, math.inf]
        assert worst(each, 1).tolist() == [2.0, 0.5]
        assert worst(each, 2).tolist() == [1.0, 0.0]

    @given(st.floats(-1e3, 1e3), st.floats(0, 1e3), st.floats(1e-3, 1e3), st.floats(0.0, 1e3))
    def test_more_uncertainty_never_rules_out_more(self, mean, variance, tolerance, more):
        sizes = [
            abs(implausibility(np.array([[mean]]), np.array([[v]]), [Target("csi", 0, tolerance)])[0, 0])
            for v in (variance, variance + more)
        ]
        assert sizes[1] <= sizes[0]


class TestRegion:
    def test_a_band(self):
        """Of f(x) = x_0 the target .4 ± .05 leaves x_0 from .35 to .45 and all of x_1."""
        found = linear([[1.0, 0.0]], [Target("csi", 0.4, 0.05)])
        np.testing.assert_allclose([found.low, found.high], [[0.35, 0], [0.45, 1]], atol=0.01)
        assert found.share == pytest.approx(0.1, rel=0.1)
        assert found.left.any()
        assert np.abs(found.points[found.left][:, 0] - 0.4).max() < 0.051

    def test_a_small_box_is_found_and_looked_at_closely(self):
        found = linear([[1.0, 0.0], [0.0, 1.0]], [Target("csi", 0.4, 0.01), Target("profit", 0.7, 0.005)])
        np.testing.assert_allclose([found.low, found.high], [[0.39, 0.695], [0.41, 0.705]], atol=1e-3)
        assert found.share == pytest.approx(0.02 * 0.01, rel=0.1)
        assert found.left.sum() > 200

    def test_a_narrow_ridge_is_not_cut_short(self):
        """x_0 + x_1 = 1: the box round it is the whole cube, from corner to corner."""
        found = linear([[1.0, 1.0]], [Target("csi", 1.0, 0.01)])
        assert found.low.max() < 0.05
        assert found.high.min() > 0.95

    def test_luck_widens(self):
        found = linear([[1.0, 0.0]], [Target("csi", 0.4, 0.03)], luck=0.02**2)
        half = 3 * math.hypot(0.01, 0.02)
        np.testing.assert_allclose([found.low[0], found.high[0]], [0.4 - half, 0.4 + half], atol=0.01)

    def test_contradicting_targets_rule_out_everything(self):
        """f is x_0 + 1 and x_0: no x has both at 1."""
        found = linear([[1.0, 0.0], [0.0, 1.0]], [Target("csi", 2.5, 0.01), Target("profit", 0.5, 0.01)])
        assert not found.left.any()
        assert np.isnan(found.low).all()
        assert found.share == 0.0
        assert found.points[np.argmin(found.sizes), 0] > 0.95  # as close as it gets

    def test_one_target_may_be_forgiven(self):
        targets = [Target("csi", 2.5, 0.01), Target("profit", 0.5, 0.01)]
        found = linear([[1.0, 0.0], [0.0, 1.0]], targets, forgiven=1)
        np.testing.assert_allclose([found.low[1], found.high[1]], [0.49, 0.51], atol=2e-3)

    def test_points_that_were_run_belong_to_it(self):
        run = np.array([[0.9, 0.1]])
        found = linear([[1.0, 0.0]], [Target("csi", 0.4, 0.05)], run=run)
        assert found.high[0] == 0.9
