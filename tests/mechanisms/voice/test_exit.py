"""Exit: grievances that add up and fade, backs that are turned, and reasons of losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.mechanisms.voice.exit import exit_hazard, fresh_grievance, remember_grievances, turn_back
from abm.mechanisms.voice.losses import LOST_TO, give_reasons
from abm.world.complaints import FAILED, GOOD, NO_COMPLAINT
from abm.world.relations import ACTIVE, LOST
from abm.world.visits import ATTITUDE, NO_FAILURE
from tests.mechanisms.small import Small
from tests.mechanisms.voice.runs import market, measured, totals

share = st.floats(0, 1, width=32)


def fresh(memory, handling, justice):
    """Return the equation's value at the usual weights: voiced 2, offset .6, failed 1, repeated .5."""
    return float(fresh_grievance(np.float32(memory), handling, np.float32(justice), *map(np.float32, (2, 0.6, 1, 0.5))))


def test_what_a_bad_visit_adds_by_hand():
    """Silent 1; recovered 2 (1 - .6); a complaint that came to nothing 2 + 1; upon a fresh one half as much again."""
    assert fresh(0, NO_COMPLAINT, 0) == 1.0
    assert fresh(0, GOOD, 1.0) == pytest.approx(0.8)
    assert fresh(0, FAILED, 0.0) == 3.0
    assert fresh(1, FAILED, 0.0) == 4.5


@given(share, share)
def test_the_better_a_complaint_is_handled_the_less_is_remembered(memory, justice):
    assert fresh(memory, GOOD, justice) <= fresh(memory, GOOD, justice / 2) <= fresh(memory, FAILED, justice / 2)


def test_past_visits_shelter():
    assert float(exit_hazard(*map(np.float32, (2, 0, 0.02, 10)))) == pytest.approx(0.04)
    assert float(exit_hazard(*map(np.float32, (2, 10, 0.02, 10)))) == pytest.approx(0.02)
    assert float(exit_hazard(*map(np.float32, (100, 0, 0.5, 10)))) == 1.0


def after(exit_rate, periods, **sections):
    """Return a small market some periods after one customer's bad visit."""
    small = Small(2, [{}, {}], complaint={}, exit={"exit_rate": exit_rate, **sections})
    small.c.relation[0] = ACTIVE
    small.visits([0], [0])
    small.passing.grievance[0] = ATTITUDE
    small.run("exit", remember_grievances, t=3)
    small.visits([], [])
    for t in range(3, 3 + periods):
        small.run("exit", turn_back, t=t)
        small.run("exit", give_reasons, t=t)
    return small


def test_a_grievance_halves_in_its_half_life_and_is_forgotten():
    assert after(0.0, 4).c.grievance_memory[0, 0] == pytest.approx(0.5, abs=1e-5)
    assert after(0.0, 60).c.grievance_memory[0, 0] == 0.0


def test_who_turns_her_back_is_lost_and_its_reason_is_known():
    small = after(1.0, 1)
    assert small.c.turned_back[0].tolist() == [3, -1]
    assert small.c.relation[0].tolist() == [LOST, ACTIVE]
    assert small.world.lookup("losses", 0)[:, 0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert small.counted("fell_lost")[0] == small.counted("exits_angry")[0] == 1


def test_who_is_bound_is_not_lost_before_her_contract_ends():
    small = Small(1, [{}], complaint={}, exit={"exit_rate": 1.0})
    small.c.relation[0], small.c.provider[0], small.c.signed[0], small.c.grievance_memory[0] = ACTIVE, 0, 2, 5.0
    small.run("exit", turn_back, t=3)
    assert small.c.turned_back[0, 0] == 3
    assert small.c.relation[0, 0] == ACTIVE
    assert small.counted("fell_lost")[0] == 0


def test_who_is_lost_already_does_not_leave_again():
    small = Small(1, [{}], complaint={}, exit={"exit_rate": 1.0})
    small.c.relation[0], small.c.grievance_memory[0] = LOST, 50.0
    small.run("exit", turn_back, t=3)
    assert small.counted("exits_angry")[0] == 0


def test_a_relation_that_is_resumed_ends_the_turning_of_her_back():
    small = Small(1, [{}], complaint={}, exit={})
    small.c.relation[0], small.c.reason[0], small.c.turned_back[0] = ACTIVE, 7, 3
    small.run("exit", give_reasons, t=9)
    assert (small.c.reason[0, 0], small.c.turned_back[0, 0]) == (0, -1)


@pytest.mark.parametrize(("t", "there"), [(3, False), (13, False), (14, True)])
def test_the_firm_is_not_considered_until_she_forgives(t, there):
    small = after(1.0, 1, unforgiving=10)
    small.c.aware.fill(1)
    small.phases(Phase.VALUATION, t=t)
    assert (small.passing.utility[0, 0] > -1e20) == there
    assert small.passing.utility[1, 0] > -1e20


def test_losses_have_reasons_and_reasons_are_shares():
    """Every relation that is lost has one reason; silence and amends leave fewer to blame the response."""
    scenario = market({}, {"recovery": {"compensation": 1.0, "empathy": 0.9}}, {})
    shares = measured(scenario, *LOST_TO)
    assert len(LOST_TO) == 8
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-9)
    assert (shares >= 0).all()
    response = [kpi.name for kpi in LOST_TO].index("lost_to_response")
    assert shares[1, response] < shares[0, response]
    lost = totals(scenario, "losses").sum(axis=0)[:3]
    engine = Engine(scenario, 1)
    engine.run(scenario.periods)
    assert (lost >= (engine.world.customers.relation == LOST).sum(axis=1)).all()


def test_without_exits_nobody_turns_her_back():
    kept, lost = (totals(market({}, {}, exit={"exit_rate": rate}), "exits_angry").sum() for rate in (0.0, 0.05))
    assert lost > 0 == kept


def test_no_grievance_without_a_cause():
    small = Small(1, [{}], complaint={}, exit={})
    small.visits([0], [0])
    small.passing.grievance[0] = NO_FAILURE
    small.run("exit", remember_grievances)
    assert small.c.grievance_memory[0, 0] == 0
