"""Points of the unit cube: where they lie, that they stay, and that SALib's designs are laid out the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.sample import sobol as salib_sobol
from scipy.stats import qmc

from abm.study.plan import sampling
from abm.study.plan.sampling import LEVELS, METHODS, latin_hypercube, morris, saltelli, sobol
from tests.examples import examples

seeds = st.integers(0, 2**63 - 1)


def parts(column, count):
    """Return which of `count` equal parts of [0, 1) each number lies in."""
    return np.floor(column * count).astype(int)


@given(seeds, st.integers(1, 40), st.integers(1, 6))
@settings(deadline=None)
def test_a_latin_hypercube_has_one_value_in_each_part(seed, points, factors):
    drawn = latin_hypercube(points, factors, seed)
    assert drawn.shape == (points, factors)
    for column in drawn.T:
        assert sorted(parts(column, points)) == list(range(points))


def test_the_order_of_a_latin_hypercube_is_random_by_factor():
    orders = {tuple(parts(column, 6)) for column in latin_hypercube(6, 40, 1).T}
    assert len(orders) > 35  # of 720 equally likely


@given(seeds, st.integers(0, 7), st.integers(1, 12))
@settings(max_examples=examples(30), deadline=None)
def test_every_factor_of_a_sobol_sequence_has_one_point_in_each_part(seed, power, factors):
    drawn = sobol(2**power, factors, seed)
    assert drawn.min() > 0
    assert drawn.max() < 1
    for column in drawn.T:
        assert sorted(parts(column, 2**power)) == list(range(2**power))


@given(seeds)
@settings(max_examples=examples(20), deadline=None)
def test_two_factors_of_a_sobol_sequence_have_one_point_in_each_box(seed):
    """A (0, m, 2)-net: every way to cut the square into 64 equal boxes of powers of two."""
    x, y = sobol(64, 2, seed).T
    for power in range(7):
        boxes = parts(x, 2**power) * 2 ** (6 - power) + parts(y, 2 ** (6 - power))
        assert sorted(boxes) == list(range(64))


def test_a_sobol_sequence_is_as_even_as_scipys():
    ours = [qmc.discrepancy(sobol(256, 5, seed)) for seed in range(20)]
    theirs = [qmc.discrepancy(qmc.Sobol(5, seed=seed).random(256)) for seed in range(20)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.1)
    assert np.mean(ours) < np.mean([qmc.discrepancy(latin_hypercube(256, 5, seed)) for seed in range(20)]) / 2


def test_a_saltelli_design_is_laid_out_as_salib_does(monkeypatch):
    """Without scrambling, the same numbers."""
    plain = qmc.Sobol(6, scramble=False).random(16)
    monkeypatch.setattr(sampling, "sobol", lambda *_: plain)
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}
    theirs = salib_sobol.sample(problem, 16, calc_second_order=False, scramble=False)
    assert np.array_equal(saltelli(16, 3, 1), theirs)


@given(seeds, st.integers(1, 8), st.integers(1, 6))
@settings(max_examples=examples(40), deadline=None)
def test_a_morris_trajectory_moves_every_factor_once(seed, samples, factors):
    levels = morris(samples, factors, seed) * (LEVELS - 1)
    assert np.allclose(levels, np.round(levels))
    assert {0, 1, 2, 3} >= set(np.round(levels).ravel())
    for path in levels.reshape(samples, factors + 1, factors):
        steps = np.diff(path, axis=0)
        assert sorted(np.flatnonzero(steps) % factors) == list(range(factors))
        assert set(np.round(np.abs(steps)).ravel()) == {0, 2} or factors == 1
        assert (np.count_nonzero(steps, axis=1) == 1).all()


def test_morris_trajectories_start_anywhere_and_go_both_ways():
    paths = (morris(400, 2, 3) * 3).round().reshape(400, 3, 2)
    for factor in range(2):
        counts = np.unique(paths[:, 0, factor], return_counts=True)[1]
        assert len(counts) == LEVELS
        assert counts.min() > 60  # of 100 expected
    first = np.abs(np.diff(paths[:, :2, 0], axis=1)).ravel() > 0
    assert 150 < first.sum() < 250  # either factor moves first


@pytest.mark.parametrize("draw", [sobol, saltelli, morris])
def test_more_samples_begin_with_the_fewer(draw):
    few, many = draw(8, 3, 5), draw(32, 3, 5)
    assert np.array_equal(many[: len(few)], few)


@pytest.mark.parametrize("name", METHODS)
def test_the_seed_decides(name):
    draw = METHODS[name].draw
    assert np.array_equal(draw(8, 3, 5), draw(8, 3, 5))
    assert not np.array_equal(draw(8, 3, 5), draw(8, 3, 6))
    assert len(draw(8, 3, 5)) == 8 * METHODS[name].rows(3)


def test_pinned():
    """Points of stored studies must not move."""
    assert latin_hypercube(2, 2, 7)[0].tolist() == [0.5250791480018595, 0.01927635351792839]
    assert sobol(2, 2, 7)[0].tolist() == [0.5862677381373942, 0.5349286082200706]
    assert (morris(1, 3, 7) * 3).round().astype(int).tolist() == [[0, 1, 1], [0, 3, 1], [0, 3, 3], [2, 3, 3]]
