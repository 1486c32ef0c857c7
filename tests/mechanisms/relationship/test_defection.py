"""Defection: the hazard, its contagion, and that exits are felt from the next period on."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.mechanisms.relationship.defection import fading, leave_category
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small


def leaving(ties, customers, exit_rate, contagion=0.8, half_life=4.0):
    """Return a small world with ties (i, k, weight) whose customers may leave."""
    return Small(customers, defection={"exit_rate": exit_rate, "contagion": contagion, "half_life": half_life}).tie(
        ties
    )


def test_an_exit_fades_by_half_lives():
    assert [fading(np.float32(age), np.float32(4.0)) for age in (0, 4, 8)] == pytest.approx([1.0, 0.5, 0.25])


def test_hazard_by_hand_in_frequencies():
    """Alone 0.05. A strong neighbour just gone and a weak one four periods ago: 0.05 (1 + 0.8 * 1.15) = 0.096."""
    groups, t = 1000, 9
    ties = [(4 * g, 4 * g + 1, 1.0) for g in range(groups)] + [(4 * g, 4 * g + 2, 0.3) for g in range(groups)]
    left = {0: 0, 3: 0}
    small = leaving(ties, 4 * groups, 0.05)
    for replication in range(5):
        small.world.replication = replication
        small.c.exited.fill(-1)
        small.c.exited[1::4], small.c.exited[2::4] = t - 1, t - 5
        small.run("defection", leave_category, t)
        for place in left:
            left[place] += int(np.sum(small.c.exited[place::4] == t))
    for place, p in ((0, 0.096), (3, 0.05)):
        assert abs(left[place] / 5000 - p) < 4 * np.sqrt(p * (1 - p) / 5000)


def test_an_exit_pulls_nobody_in_its_own_period():
    """A chain with a contagion that makes exit certain: it moves one neighbour a period, in both directions."""
    chain = [(k, k + 1, 1.0) for k in range(6)]
    small = leaving(chain, 7, exit_rate=0.01, contagion=100.0)
    small.c.exited[3] = 0
    for t in (1, 2, 3):
        small.run("defection", leave_category, t)
    assert small.c.exited.tolist() == [3, 2, 1, 0, 1, 2, 3]


def test_exits_are_counted_with_the_provider():
    small = leaving([], 3, exit_rate=1.0)
    small.c.provider[:] = [1, -1, 1]
    small.run("defection", leave_category, 5)
    assert small.c.exited.tolist() == [5, 5, 5]
    assert small.counted("exits") == [0, 2, 1]
    small.run("defection", leave_category, 6)
    assert small.c.exited.tolist() == [5, 5, 5]  # once and for all


def test_dissatisfaction_by_hand_in_frequencies():
    """Met firm 0 once at 0.9 and firm 1 three times at 0.3: 0.45, so 0.05 e^(4 * 0.3); who has met nobody: 0.05."""
    small = leaving([], 4000, 0.05)
    small.c.encounters[0, ::2], small.c.encounters[1, ::2] = 1, 3
    small.c.satisfaction[0, ::2], small.c.satisfaction[1, ::2] = 0.9, 0.3
    small.run("defection", leave_category, 5)
    for first, p in ((0, 0.05 * np.exp(1.2)), (1, 0.05)):
        assert abs(np.mean(small.c.exited[first::2] == 5) - p) < 4 * np.sqrt(p * (1 - p) / 2000)


def test_without_an_effect_of_satisfaction_nobody_looks_at_it():
    small = leaving([], 2000, 0.05)
    small.world.replication = 1
    small.run("defection", leave_category, 5)
    plain = small.c.exited.copy()
    other = Small(2000, defection={"exit_rate": 0.05, "dissatisfaction": 0.0})
    other.world.replication = 1
    other.c.encounters.fill(1)
    other.c.satisfaction.fill(0.1)
    other.run("defection", leave_category, 5)
    np.testing.assert_array_equal(other.c.exited, plain)


def test_no_hazard_is_above_one():
    small = leaving([], 50, 1.0)
    small.c.encounters.fill(1)
    small.c.satisfaction.fill(0.0)
    small.run("defection", leave_category, 5)
    assert np.all(small.c.exited == 5)


def test_off_by_default_and_then_without_a_kernel():
    assert Scenario().defection.schedule(()) == ()


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_without_contagion_survival_is_geometric(rate):
    scenario = Scenario.parse(
        {
            "periods": 20,
            "population": {"customers": 5000},
            "defection": {"exit_rate": rate, "contagion": 0.0, "dissatisfaction": 0.0},
        }
    )
    engine = Engine(scenario, seed=3)
    engine.run(20)
    alive, p = np.mean(engine.world.customers.exited < 0), (1 - rate) ** 20
    assert abs(alive - p) < 4 * np.sqrt(p * (1 - p) / 5000)
