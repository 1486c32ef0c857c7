"""Measures of loyalty: by hand, in range, and taken without changing anything."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.loyalty_measures import (
    LoyaltyMeasures,
    ask_visitors,
    count_skipped,
    measure_loyalty,
    stays_after,
    surprise,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import FIXED_POINT
from abm.world.relations import ACTIVE, LOST
from tests.mechanisms.small import Small

LAST = 9  # period in which the books of a small market close


def small(customers, **settings):
    """Return a small market of three firms whose first and second are known."""
    made = Small(customers, ({}, {"price": 1.2}, {}), loyalty_measures=settings)
    made.c.aware[:] = [[1] * customers, [1] * customers, [0] * customers]
    made.c.encounters[:] = [[1.0] * customers, [0.0] * customers, [1.0] * customers]
    made.c.satisfaction[:] = [[0.8] * customers, [np.nan] * customers, [0.9] * customers]
    made.c.expectation[:] = 0.6
    return made


def test_by_hand():
    """Entropy of a half is ln 2 / 2; a chance of 0.5 after a fall of ln 3 has odds 1 : 3."""
    assert float(surprise(np.float32(0.5))) == pytest.approx(math.log(2) / 2, rel=1e-6)
    assert float(surprise(np.float32(0.0))) == 0.0
    assert float(stays_after(np.float32(0.5), np.float32(math.log(3)))) == pytest.approx(0.25)
    assert float(stays_after(np.float32(1.0), np.float32(5.0))) == 1.0


def test_what_visitors_are_asked():
    """Of 4 units of attraction a failure takes ln 3: from 0.6 to a third; the best rival known is expected to be 0.6,
    however good one that she does not know is; who came anew depends on nobody yet."""
    made = small(2, failure_share=math.log(3) / 4)
    made.visits([0, 1], [0, 0])
    made.scratch("loyalty_measures", "provider_asked")[:2] = [0, 1]
    made.passing.utility_of_choice[:, :2] = 4.0
    made.c.preference[0] = [0.6, 0.6]
    made.c.switching_cost[:] = 0.5
    made.run("loyalty_measures", ask_visitors)
    np.testing.assert_allclose(made.c.failure_tolerance, 1 / 3, rtol=1e-5)
    np.testing.assert_allclose(made.c.dependence, [0.5 * 0.4, np.nan], rtol=1e-5)


def test_the_yearly_measures_are_of_the_firms_own_customers():
    """Two customers of the second firm, of whom one has left the category, and one who is nobody's."""
    made = small(3, seconds_at_once=10.0, seconds_per_nat=60.0)
    c = made.c
    c.provider[:], c.exited[:] = [1, 1, -1], [-1, 3, -1]
    c.preference[:] = [[0.25], [0.5], [0.0]]
    c.price_response[:] = 5.0
    c.failure_tolerance[:], c.dependence[:] = 0.25, [np.nan, 0.5, 0.5]
    c.affective_commitment[:], c.calculative_commitment[:] = 0.5, 0.125
    made.run("loyalty_measures", measure_loyalty, LAST)

    def of(tally, scale=FIXED_POINT):
        counted = made.counted(tally)
        assert counted[0] == counted[2] == counted[3] == 0
        return counted[1] / scale

    entropy = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)  # nowhere is chosen in a quarter of cases
    assert of("asked_customers", 1) == 1
    assert of("deliberation_sum", 1000) == pytest.approx(10 + 60 * entropy, abs=2e-3)
    assert of("sensitivity_sum") == pytest.approx(5.0 * 1.2 * 0.5, rel=1e-6)
    assert of("rival_sum") == pytest.approx(0.8, abs=1e-6)
    assert (of("tolerance_sum"), of("identification_sum"), of("calculative_sum")) == (0.25, 0.5, 0.125)
    assert of("dependants", 1) == of("dependence_sum") == 0


def test_customers_by_occasions_skipped():
    """Of nine who have bought one is lost and one has left the category."""
    made = small(10)
    c = made.c
    c.last_purchase[0], c.relation[0], c.exited[:] = 0, ACTIVE, -1
    c.missed[0] = [0, 0, 1, 2, 3, 4, 5, 9, 0, 0]
    c.last_purchase[0, 9], c.relation[0, 7], c.exited[8] = -1, LOST, 2
    made.run("loyalty_measures", count_skipped, LAST)
    names = ("with_firm", "skipped_none", "skipped_one", "skipped_two", "skipped_few", "skipped_many")
    assert [made.counted(name)[0] for name in names] == [7, 2, 1, 1, 2, 1]
    assert [made.counted(name)[1] for name in names] == [0] * 6


def test_nothing_is_counted_before_the_books_close():
    made = small(3)
    made.c.provider[:] = 0
    for kernel in (measure_loyalty, count_skipped):
        made.run("loyalty_measures", kernel, LAST - 1)
    assert made.counted("asked_customers") == made.counted("with_firm") == [0] * 4


def test_measures_are_in_range_and_shares_add_up():
    scenario = Scenario.parse({"periods": 60, "burn_in": 8, "population": {"customers": 400}, "loyalty_measures": {}})
    kpis = LoyaltyMeasures.kpis
    found = dict(zip((kpi.name for kpi in kpis), record(scenario, 3).summary(kpis).T, strict=True))
    assert (found["deliberation_time"] >= 10).all()
    assert (found["deliberation_time"] <= 10 + 60 * math.log(4)).all()
    for name, values in found.items():
        top = 20.0 if name == "price_sensitivity_of_own" else 1.0 if name != "deliberation_time" else np.inf
        assert ((values > 0) & (values <= top)).all(), name
    np.testing.assert_allclose(sum(values for name, values in found.items() if name.startswith("skipped")), 1.0)


def test_looking_changes_nothing():
    data = {"periods": 30, "population": {"customers": 300}}
    seen, unseen = (Engine(Scenario.parse(data | extra), 4) for extra in ({"loyalty_measures": {}}, {}))
    for engine in (seen, unseen):
        engine.run(30)
    for name, array in unseen.world.customers.items():
        np.testing.assert_array_equal(array, seen.world.customers[name], err_msg=name)


def test_kernels_are_sound():
    check_kernels(Scenario.parse({"loyalty_measures": {}}))


def test_one_firm_that_is_always_chosen_takes_no_thought():
    """In a closed market with one firm the entropy is 0, and prices move nobody."""
    scenario = Scenario.parse(
        {"periods": 20, "population": {"customers": 200}, "firms": [{"name": "a"}], "choice": {"outside": -80.0}}
    ).replace({"loyalty_measures": {}})
    found = dict(zip(LoyaltyMeasures.kpis, record(scenario, 3).summary(LoyaltyMeasures.kpis)[0], strict=True))
    named = {kpi.name: value for kpi, value in found.items()}
    assert named["deliberation_time"] == pytest.approx(10.0, abs=0.01)
    assert named["price_sensitivity_of_own"] == pytest.approx(0.0, abs=1e-5)
    assert named["failure_tolerance"] == pytest.approx(1.0, abs=1e-5)
