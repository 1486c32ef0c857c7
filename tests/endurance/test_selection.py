"""The guarantee of a comparison, shown on a thousand races each: the right arm is selected, all intervals cover."""

import pytest

from tests.study.macro import CASES

RACES = 1000
LEAST = 936  # of them: fewer would be improbable if the probability were 0.95
ZONES = {2: 0.5, 10: 0.5, 100: 1.0}  # in standard deviations; the smaller, the longer the races


@pytest.mark.endurance
@pytest.mark.parametrize("arms", ZONES)
@pytest.mark.parametrize("name", CASES)
def test_the_stated_probability_is_kept(name, arms):
    found = CASES[name].races(arms, RACES, ZONES[arms])
    assert found.right >= LEAST
    assert found.covered >= LEAST  # by construction more often than 0.95, so there is no upper limit
