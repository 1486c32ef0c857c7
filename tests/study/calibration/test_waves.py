"""Waves: what trials rule out, and what to try next, on a model that is a formula."""

import math

import numpy as np
import pytest

from abm.study.calibration.journal import Trial
from abm.study.calibration.targets import Target
from abm.study.calibration.waves import Wave, losses
from abm.study.plan.sampling import sobol

RANGES = {"a": (0.0, 10.0), "b": (-1.0, 1.0)}
TARGETS = (Target("csi", 4.0, 0.3), Target("profit", 0.5, 0.1), Target("trust", 99.0, 1.0, held_out=True))


def model(settings):
    return settings["a"], settings["b"] ** 2 + 0.1 * settings["a"], 0.0


def trial(number, settings, problem=""):
    numbers = ((), ()) if problem else (model(settings), (1e-4, 1e-6, 1.0))
    return Trial(number, settings, *numbers, problem)


def trials(count=32, ranges=RANGES):
    low, high = np.array(list(ranges.values())).T
    rows = low + sobol(count, len(ranges), 1) * (high - low)
    return [trial(number, dict(zip(ranges, map(float, row), strict=True))) for number, row in enumerate(rows)]


@pytest.fixture(scope="module")
def wave():
    return Wave(trials(), RANGES, TARGETS, 32, 0)


def test_loss_by_hand():
    """Standard deviations .1 and .1 / 3; misses .2 and -.1; the target held out does not count."""
    targets = (TARGETS[0], Target("profit", 0.5, 0.1, weight=2.0), TARGETS[2])
    one = Trial(0, {}, (4.2, 0.4, 0.0), (1.0, 1.0, 1.0))
    assert losses([one], targets) == [pytest.approx(2.0**2 + 2 * 3.0**2)]


def test_a_trial_with_a_problem_is_worse_than_any():
    assert losses([trial(0, {"a": 4.0, "b": 0.3}, "no value")], TARGETS) == [math.inf]


def test_implausibility_is_over_the_targets_to_meet(wave):
    first = wave.trials[0]
    own = [abs(first.mean[0] - 4.0) / math.hypot(0.1, 1e-2), abs(first.mean[1] - 0.5) / math.hypot(0.1 / 3, 1e-3)]
    assert wave.sizes[0] == pytest.approx(max(own))


def test_the_region_is_where_the_formula_meets_both_targets(wave):
    """a within 4 ± .3 and b² within .5 - a / 10 ± .1: b within ± sqrt(.23), on both sides of 0."""
    region = wave.region
    assert [10 * region.low[0], 10 * region.high[0]] == pytest.approx([3.7, 4.3], abs=0.05)
    assert [2 * region.low[1] - 1, 2 * region.high[1] - 1] == pytest.approx([-0.48, 0.48], abs=0.06)


def test_next_is_the_best_guess_and_points_apart_in_what_is_left(wave):
    best, *others = wave.next(4)
    assert best["a"] == pytest.approx(4.0, abs=0.05)
    assert best["b"] ** 2 == pytest.approx(0.1, abs=0.02)
    assert len(others) == 3
    for settings in others:
        assert abs(settings["a"] - 4.0) < 0.35
        assert abs(settings["b"] ** 2 + 0.1 * settings["a"] - 0.5) < 0.15
    places = np.array([list(settings.values()) for settings in (best, *others)])
    apart = np.abs(places[:, None] - places[None]).sum(axis=2) + np.eye(4)
    assert apart.min() > 0.1


def test_next_gets_closer_where_everything_is_ruled_out():
    impossible = (Target("csi", 12.0, 0.3), TARGETS[1])
    found = Wave([Trial(t.number, t.settings, t.mean[:2], t.variance[:2]) for t in trials()], RANGES, impossible, 32, 0)
    assert not found.region.left.any()
    assert all(settings["a"] > 8.0 for settings in found.next(3))


def test_settings_are_short_numbers_inside_their_ranges(wave):
    found = wave.settings(np.array([1 / 3, 1.0]))
    assert found == {"a": 3.33333, "b": 1.0}


def test_whole_numbers_stay_whole():
    ranges = {"a": (0, 10), "b": (-1.0, 1.0)}
    rows = [trial(t.number, t.settings | {"a": round(t.settings["a"])}) for t in trials()]
    found = Wave(rows, ranges, TARGETS, 32, 0)
    for settings in found.next(4):
        assert type(settings["a"]) is int
        assert settings["a"] == 4


def test_trials_with_a_problem_teach_nothing(wave):
    broken = [*trials(), *(trial(32 + k, {"a": 4.0, "b": 0.3}, "no value") for k in range(3))]
    found = Wave(broken, RANGES, TARGETS, 32, 0)
    np.testing.assert_array_equal(found.region.points, wave.region.points)
    assert np.isinf(found.sizes[32:]).all()


def test_a_forgiven_target_leaves_more(wave):
    found = Wave(trials(), RANGES, TARGETS, 32, 1)
    assert found.region.share > 5 * wave.region.share
