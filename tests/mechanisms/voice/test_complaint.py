"""Complaint: who speaks, about what, through which channel, and what that costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.voice.complaint import complaint_probability, complaint_rate, silent_dissatisfied_share, voice_share
from abm.scenario.scenario import Scenario
from abm.world.visits import ATTITUDE, CORE, NO_FAILURE, PRICE, WAIT
from tests.mechanisms.small import Small
from tests.mechanisms.voice.runs import market, measured, totals

share = st.floats(0, 1, width=32)
USUAL = {"base": -1.9, "depth": 6.0, "ease": 1.0, "faith": 1.0, "usual_trust": 0.5}


def chance(shortfall=0.0, openness=0.0, trust=0.5, inclination=0.0):
    """Return the equation's value at the usual weights."""
    values = (shortfall, openness, trust, inclination, *USUAL.values())
    return float(complaint_probability(*(np.float32(value) for value in values)))


def test_the_chance_of_a_complaint_by_hand():
    """At the mark e^-1.9 / (1 + e^-1.9); .3 below it 1.8 logit units more."""
    assert chance() == pytest.approx(1 / (1 + np.exp(1.9)), abs=1e-5)
    assert chance(0.3) == pytest.approx(1 / (1 + np.exp(0.1)), abs=1e-5)
    assert chance(0.3, openness=0.5, trust=1.0, inclination=-0.9) == pytest.approx(0.5, abs=1e-5)


@given(share, share, share, st.floats(-5, 5, width=32))
def test_a_chance_is_one_and_grows_with_every_reason(shortfall, openness, trust, inclination):
    at = chance(shortfall / 2, openness, trust, inclination)
    assert 0.0 <= at <= 1.0
    assert chance(shortfall / 2 + 0.1, openness, trust, inclination) >= at
    assert chance(shortfall / 2, min(1.0, openness + 0.1), trust, inclination) >= at


def test_what_a_visitor_is_dissatisfied_with():
    """A failure is named; else the price or the wait, if it took more than performance lacked; else the core."""
    small = Small(6, [{}], complaint={}, waiting_line={}, fairness={}, perceived_value={"value_weight": 1.0})
    small.visits(range(6), [0] * 6)
    small.passing.transaction[:6] = [0.2, 0.2, 0.2, 0.2, 0.9, 0.2]
    small.passing.failure_cause[:6] = [ATTITUDE, NO_FAILURE, NO_FAILURE, NO_FAILURE, ATTITUDE, NO_FAILURE]
    small.passing.performance[:6] = 0.6
    small.c.expectation.fill(0.7)  # a gap of -0.1
    small.passing["satisfaction_shift_of_perceived_value"][:6] = [0.0, -0.2, 0.0, -0.05, -0.3, -0.1]
    small.passing["satisfaction_shift_of_fairness"][:6] = [0.0, -0.1, 0.0, 0.0, 0.0, 0.0]
    small.passing["satisfaction_shift_of_perceived_wait"][:6] = [0.0, 0.0, -0.3, 0.0, 0.0, -0.2]
    find = next(step for step in small.scenario.steps() if step.name == "find_grievances")
    find.bind(small.world, 1, small.world.named())(0, 6, 0)
    assert small.at("grievance").tolist() == [ATTITUDE, PRICE, WAIT, CORE, NO_FAILURE, WAIT]
    assert small.world.lookup("grievances", 0)[:, 0].tolist() == [0, 1, 1, 1, 0, 2, 0]


def test_everybody_complains_or_nobody_and_each_through_her_channel():
    small = Small(3, [{}], complaint={"base": 20.0})
    small.c.usual_channel[:] = [0, 1, 2]
    small.c.expectation.fill(0.9)
    small.visits([0, 1, 2], [0, 0, 0])
    small.passing.performance[:3] = [0.1, 0.2, 0.1]
    small.phases(Phase.JUDGEMENT, Phase.VOICE)
    assert small.at("complaint_channel").tolist() == [0, 1, 2]
    assert small.world.lookup("complaints_by_channel", 0)[:, 0].tolist() == [1, 1, 1]
    assert small.counted("hearing") == [300 + 200 + 100, 0]
    assert small.at("handling").tolist() == [1, 1, 1], "nothing has been done yet"


def test_about_two_fifths_of_the_dissatisfied_speak_and_the_shares_add_up():
    rates = measured(market({}, {}, {}), complaint_rate, voice_share, silent_dissatisfied_share)
    assert ((rates[:, 1] >= 0.3) & (rates[:, 1] <= 0.45)).all()
    dissatisfied = rates[:, 0] + rates[:, 2]
    np.testing.assert_allclose(rates[:, 0] / dissatisfied, rates[:, 1], rtol=1e-9)


def test_ease_brings_complaints_and_costs():
    easy = {"voice": {"counter_ease": 0.9, "phone_ease": 0.9, "online_ease": 0.9}}
    (hard, cheap), (heard, dear) = (
        measured(market(firm, {}), voice_share, lever_cost)[0] for firm in ({}, easy)
    )  # fmt: skip
    assert heard > hard + 0.1
    assert dear > cheap


def test_channels_have_their_shares_of_customers():
    counts = totals(market({}, {}, periods=52), "complaints_by_channel")[:, :2].sum(axis=1)
    np.testing.assert_allclose(counts / counts.sum(), [0.4, 0.35, 0.25], atol=0.06)


def test_without_its_section_nothing_is_there_and_what_needs_it_is_refused():
    assert "complain" not in [step.name for step in Scenario().steps()]
    with pytest.raises(Refusal, match=r"has recovery, but no complaint for it to work on; .* \[scenario.complaint\]"):
        Scenario(recovery={})
    with pytest.raises(Refusal, match=r"firm 'north' sets voice, but the market has no complaint"):
        Scenario().replace({"firms.north.voice.phone_ease": 0.5})


def test_channels_that_more_than_everybody_uses_are_refused():
    with pytest.raises(Refusal, match=r"counter_part \+ phone_part = 1.2; together they may be 1 at most"):
        Scenario(complaint={"counter_part": 0.6, "phone_part": 0.6})
