"""Recovery: complaints and amends by hand, against the twin, in whole runs, with their costs and their absence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.recovery import amended, complaint_probability, complaint_rate, make_amends
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import recovery as twin

share = st.floats(0, 1, width=32)
MARKET = {"periods": 30, "population": {"customers": 400, "purchase_rate": 0.6}, "recovery": {}}


def single(*values):
    """Return numbers as kernels hold them."""
    return (np.float32(value) for value in values)


def with_amends(**policy):
    """Return a market in which the first firm makes amends."""
    firms = [{"name": "north", "recovery": policy}, {"name": "east"}]
    return Scenario.parse({**MARKET, "firms": firms})


@given(share, st.floats(0.0625, 1, width=32), share)
def test_complaints_are_as_likely_as_the_twin_says(satisfaction, mark, voice):
    found = complaint_probability(*single(satisfaction, mark, voice))
    expected = twin.complaint_probability(satisfaction, {**twin.EXAMPLE, "dissatisfied_below": mark, "voice": voice})
    assert found == pytest.approx(expected, abs=1e-6)


@given(share, share, st.floats(0, 2, width=32), st.floats(0, 0.984375, width=32), share, share)
def test_amends_are_those_of_the_twin(satisfaction, expectation, compensation, empathy, distributive, interactional):
    p = {**twin.EXAMPLE, "distributive": distributive, "interactional": interactional}
    found = amended(*single(satisfaction, expectation, compensation, empathy, distributive, interactional))
    assert found == pytest.approx(twin.amended(satisfaction, expectation, compensation, empathy, p), abs=1e-6)


@given(st.floats(0, 2, width=32), st.floats(0, 0.984375, width=32), st.floats(1, 500, width=32))
def test_amends_cost_what_the_twin_says(compensation, empathy, basket):
    policy = {"compensation": compensation, "empathy": empathy, "empathy_scale": 2.0}
    small = Small(1, [{"recovery": policy}], recovery={})
    small.c.basket[0], small.c.expectation[0] = basket, 0.9
    small.visits([0], [0])
    small.passing.complained[0], small.passing.transaction[0] = 1, 0.2
    if compensation or empathy:
        small.run("recovery", make_amends)
    found = small.counted("amends_cost")[0]
    assert abs(found - twin.amends_cents(compensation, empathy, 2.0, basket)) <= 1, "half a cent may fall either way"


def test_who_complains_and_what_amends_restore_by_hand():
    """All the basket back: 0.45 of what is missing to 0.8; who is content does not complain at any voice."""
    small = Small(2, [{"recovery": {"compensation": 1.0}}], recovery={"voice": 1.0, "dissatisfied_below": 0.5})
    small.c.expectation.fill(0.8)
    small.c.basket.fill(20.0)
    small.visits([0, 1], [0, 0])
    small.passing.performance[:2] = [0.0, 0.9]
    small.phases(Phase.JUDGEMENT, Phase.VOICE, Phase.RECOVERY)
    assert small.at("complained").tolist() == [1, 0]
    assert small.at("transaction")[0] == pytest.approx(0.45 * 0.8)
    assert small.counted("complaints") == [1, 0]
    assert small.counted("amends_cost") == [2000, 0]
    assert small.counted("restored")[0] == pytest.approx(0.36 * 2**20, rel=1e-5)


def test_amends_raise_satisfaction_and_their_cost_is_in_profit_and_budget():
    none, some = (record(with_amends(compensation=c), seed=3) for c in (0.0, 1.0))
    measures = (csi, lever_cost, profit, complaint_rate)
    before, after = (run.summary(measures)[0] for run in (none, some))
    assert after[0] > before[0]
    assert after[1] > before[1] + some.tallies.totals(0)["amends_cost"][0] / 400 * 52 / 30 * 0.9
    spent = some.tallies["amends_cost"].sum(axis=0)
    assert spent[0] > 0
    assert spent[1] == 0
    assert 0 < after[3] < 0.2
    assert none.tallies["amends_cost"].sum() == 0


def test_satisfaction_never_leaves_its_bounds():
    engine = Engine(with_amends(compensation=2.0, empathy=0.9), seed=1)
    engine.run(30)
    satisfaction = engine.world.customers.satisfaction
    assert np.nanmin(satisfaction) >= 0
    assert np.nanmax(satisfaction) <= 1


def test_without_its_section_nothing_is_there_and_a_lever_is_refused():
    plain = Scenario.parse({key: value for key, value in MARKET.items() if key != "recovery"})
    assert not {"complain", "make_amends"} & {step.name for step in plain.steps()}
    with pytest.raises(Refusal, match=r"firm 'north' sets recovery, but .* a section \[scenario.recovery\]"):
        plain.replace({"firms.north.recovery.compensation": 1.0})


def test_complaints_alone_change_nothing_but_what_is_known():
    """Without amends, columns and counts of a market are the same bits as without complaints."""
    heard, silent = (Engine(Scenario.parse({**MARKET, "recovery": r}), seed=2) for r in ({}, {"voice": 0.0}))
    for engine in (heard, silent):
        engine.run(30)
    assert heard.world.tallied("complaints").sum() > 0 == silent.world.tallied("complaints").sum()
    for name, column in heard.world.customers.items():
        np.testing.assert_array_equal(column, silent.world.customers[name], err_msg=name)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_do_not_depend_on_threads(threads):
    one, several = Engine(with_amends(empathy=0.5), 1), Engine(with_amends(empathy=0.5), 1, threads=threads)
    for engine in (one, several):
        engine.run(10)
    np.testing.assert_array_equal(one.world.history, several.world.history)
