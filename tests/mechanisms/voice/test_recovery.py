"""Recovery: amends by hand, what they cost and restore, the paradox that is only said, and double deviation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.kpis.attitude import csi
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.voice.amends import distributive_justice, justice, procedural_justice
from abm.mechanisms.voice.recovery import answered_in_time_share, solved_in_time_share
from abm.world.complaints import FAILED, GOOD, MIDDLING
from abm.world.visits import ATTITUDE, CORE, PRICE
from tests.mechanisms.small import Small
from tests.mechanisms.voice.runs import GOOD as ALL_AMENDS
from tests.mechanisms.voice.runs import market, measured, totals

share = st.floats(0, 1, width=32)
AT_ONCE = {"slowest_answer": 0.01, "slowest_solution": 0.01}


def of(equation, *values):
    """Return an equation's value for plain numbers."""
    return float(equation(*(value if isinstance(value, np.uint8) else np.float32(value) for value in values)))


def test_the_three_justices_by_hand():
    """A quarter of the basket for a visit that lacked .5 of 2 baskets' worth: a quarter; late answers count in part."""
    assert of(distributive_justice, 0.25, 0.5, 2.0) == pytest.approx(0.25)
    assert of(distributive_justice, 2.0, 0.5, 2.0) == 1.0
    assert of(procedural_justice, 1.0, 7.0, 3.0, 0.5, 7.0) == pytest.approx(np.exp(-1), abs=1e-5)
    assert of(procedural_justice, 4.0, 7.0, 3.0, 0.25, 7.0) == pytest.approx(np.exp(-1) / 4, abs=1e-5)
    assert of(justice, 1.0, 0.5, 0.25, 0.4, 0.4, 0.2, 0.0, CORE) == pytest.approx(0.65)


def test_amends_that_fit_the_failure_do_more():
    """A quarter of .4 goes over: money alone is worth .5 after a wrong charge, .3 after rudeness."""
    money, respect = ([of(justice, *who, 0.0, 0.4, 0.4, 0.2, 0.25, cause) for cause in (PRICE, CORE, ATTITUDE)]
                      for who in ((1.0, 0.0), (0.0, 1.0)))  # fmt: skip
    assert money == pytest.approx([0.5, 0.4, 0.3], abs=1e-6)
    assert respect == pytest.approx([0.3, 0.4, 0.5], abs=1e-6)


@given(share, share, share, share, share, share, share, st.sampled_from([CORE, ATTITUDE, PRICE]))
def test_justice_is_a_share(d, i, p, wd, wi, wp, match, cause):
    assert 0.0 <= of(justice, d, i, p, wd, wi, wp, match, cause) <= 1.0


def complained(recovery, firm, **kwargs):
    """Return a small market after one customer has complained at the first firm."""
    small = Small(1, [{"recovery": {**AT_ONCE, **firm}}], complaint={"base": 20.0}, recovery=recovery)
    small.c.expectation.fill(kwargs.get("expectation", 0.8))
    small.c.basket.fill(20.0)
    small.c.grievances_before.fill(kwargs.get("before", 0))
    small.visits([0], [0])
    small.passing.performance[0] = kwargs.get("performance", 0.0)
    small.passing.failure_severity[0] = kwargs.get("severity", 0.3)
    small.passing.failure_cause[0] = CORE
    small.phases(Phase.JUDGEMENT, Phase.VOICE, Phase.RECOVERY)
    return small


def test_what_amends_restore_and_cost_by_hand():
    """All of the basket for a visit that lacked .8: .38 x 1 / 1.6 of it, and for time nearly .2 of it."""
    small = complained({}, {"compensation": 1.0})
    in_time = np.exp(-float(small.at("solution_days")[0]) / 7)
    assert small.at("transaction")[0] == pytest.approx((0.38 * 0.625 + 0.2 * in_time) * 0.8, abs=1e-5)
    assert small.counted("amends_cost") == [2000, 0]
    assert small.counted("handled") == [1, 0]


def test_amends_restore_at_most_what_was_missing():
    small = complained({}, {"compensation": 2.0, "empathy": 0.99})
    assert 0.75 < small.at("transaction")[0] <= 0.8


def test_a_complaint_that_comes_to_nothing_disappoints_again():
    """Nothing is done for three years: all of `second_disappointment` of .4 is lost."""
    slow = {"slowest_answer": 1e4, "slowest_solution": 1e4}
    small = Small(1, [{"recovery": slow}], complaint={"base": 20.0}, recovery={"second_disappointment": 0.25})
    small.c.expectation.fill(0.4)
    small.visits([0], [0])
    small.passing.performance[0] = 0.4
    small.phases(Phase.JUDGEMENT, Phase.VOICE, Phase.RECOVERY)
    assert small.at("handling").tolist() == [FAILED]
    assert small.at("transaction")[0] == pytest.approx(0.3, abs=1e-3)


def test_what_comes_of_a_complaint_goes_by_the_justice_that_is_said():
    found = [complained({}, firm).at("handling")[0] for firm in ({}, {"empathy": 0.5}, ALL_AMENDS)]
    assert found == [FAILED, MIDDLING, GOOD]


def test_the_paradox_is_said_after_a_first_and_mild_failure_and_not_felt():
    """Praise above the expectation needs a first, mild failure; what is felt does not depend on the paradox."""
    very_good = {"compensation": 2.0, "empathy": 0.99}
    first, again, severe, none = (
        complained({"paradox": paradox}, very_good, **how)
        for paradox, how in ((0.3, {}), (0.3, {"before": 1}), (0.3, {"severity": 0.5}), (0.0, {}))
    )
    felt = [float(small.at("transaction")[0]) for small in (first, again, severe, none)]
    assert len({*felt}) == 1
    said = [float(small.at("amends_shift")[0]) for small in (first, again, severe, none)]
    assert said[0] == pytest.approx(said[3] + 0.3, abs=1e-6)
    assert said[1] == said[2] == said[3]
    assert first.c.grievances_before[0, 0] == 1


def test_service_levels_follow_from_speed_and_cost():
    """Exponential days: 3 and 7 days of means .2 x 7 and the later of it and .2 x 21 days."""
    quick = {"recovery": {"answer_speed": 0.8, "solution_speed": 0.8}}
    kpis = (answered_in_time_share, solved_in_time_share, lever_cost)
    slow, fast = (measured(market(firm, {}), *kpis)[0] for firm in ({}, quick))
    assert slow[0] == pytest.approx(1 - np.exp(-3 / 7), abs=0.05)
    assert fast[0] == pytest.approx(1 - np.exp(-3 / 1.4), abs=0.05)
    assert fast[1] == pytest.approx((1 - np.exp(-7 / 1.4)) * (1 - np.exp(-7 / 4.2)), abs=0.06)
    assert fast[2] > slow[2]


def test_amends_satisfy_and_their_cost_is_in_the_books():
    none, some = (market({"recovery": amends}, {}) for amends in ({}, ALL_AMENDS))
    (before, cheap), (after, dear) = (measured(scenario, csi, lever_cost)[0] for scenario in (none, some))
    assert after > before
    assert dear > cheap
    spent = totals(some, "amends_cost")
    assert spent[0] > 0 == spent[1]
