"""CRM: what takes which module, how modules come into use, what they save and cost."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.recording import record
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.relationship.crm import (
    CrmPolicy,
    book_crm,
    book_saved,
    crm_use,
    take_off_saved,
    use_after,
    use_modules,
)
from abm.mechanisms.relationship.personalisation import misfit_share, offer_match
from abm.mechanisms.service.channels import lost_context_share
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small

after = partial(ran, seed=5)

SECTIONS = {"information": {}, "channels": {}, "personalisation": {}, "crm": {}}
KNOWS = {"firms.north.information.data_coverage": 0.8, "firms.north.crm.operational": True}
PERSONAL = {
    "firms.north.personalisation.interaction": 0.6, "firms.north.personalisation.differentiation": 0.6,
    "firms.north.personalisation.customisation": 0.7, "firms.north.crm.analytical": True,
}  # fmt: skip
CONNECTED = {
    "firms.north.channels.open": ["counter", "phone", "chat"], "firms.north.channels.shared_records": 0.8,
    "firms.north.crm.collaborative": True,
}  # fmt: skip
ALL = {**KNOWS, **PERSONAL, **CONNECTED}


def market(changes=None, customers=600, periods=40, **sections):
    data = {
        "periods": periods,
        "population": {"customers": customers, "purchase_rate": 0.6},
        "firms": [{"name": "north"}, {"name": "east"}],
        **SECTIONS,
        **sections,
    }
    return Scenario.parse(data).replace(changes or {})


def test_use_by_hand():
    """Reach 0.5 + 0.5 * 0.6 = 0.8; a tenth of the way from 0.3: 0.35; without the module 0 at once."""
    arguments = [np.float32(x) for x in (0.6, 0.5, 0.1)]
    assert float(use_after(np.float32(0.3), 1, *arguments)) == pytest.approx(0.35, abs=1e-6)
    assert float(use_after(np.float32(0.3), 0, *arguments)) == 0.0


@given(*[st.floats(0, 1, width=32)] * 2, st.floats(0, 0.99), st.floats(0, 1, width=32), st.integers(0, 1))
def test_use_is_a_share_and_goes_towards_its_reach(use, basic, training, rate, has):
    found = float(use_after(*np.float32([use]), has, *np.float32([training, basic, rate])))
    reach = basic + (1 - basic) * training if has else 0.0
    assert -1e-6 <= found <= 1 + 1e-6
    assert abs(found - reach) <= abs(use - reach) + 1e-6 or not has


def test_analysis_and_sharing_are_used_no_further_than_the_records_they_stand_on():
    firms = [{"crm": {"operational": True, "analytical": True}}, {"crm": {"operational": True, "collaborative": True}}]
    made = Small(1, firms, **{**SECTIONS, "crm": {"use_rate": 0.1, "basic_use": 0.5}})
    made.c.module_use[:] = [[0.4, 0.1], [0.2, 0.3], [0.3, 0.2]]
    made.run("crm", use_modules)
    expected = [[0.41, 0.14], [0.23, 0.0], [0.0, 0.23]]
    np.testing.assert_allclose(made.c.module_use, expected, atol=1e-6)
    np.testing.assert_allclose(made.c.profile_use, [0.23, 0.0], atol=1e-6)
    np.testing.assert_allclose(made.c.context_use, [0.0, 0.14], atol=1e-6)
    assert made.counted("modules_owned")[:2] == [2, 2]


def test_savings_and_costs_by_hand():
    """Of a visit that costs 5 cu, 0.1 * 0.5 are saved: 25 cents, of a known customer; 5 + 3 + 2 * 1.5 ln 2 by 1,000."""
    service = {
        "quality": 0.0, "transparency": 0.0, "richness": 0.0, "failure_rate": 0.1, "spread_within": 0.25,
        "spread_between": 0.0,
    }  # fmt: skip
    service = {**service, "quality": 1 - np.exp(-1.0), "quality_cost": 5.0}
    policy = {"operational": True, "collaborative": True, "crm_training": 0.5}
    firms = [{"service": service, "crm": policy}, {}]
    made = Small(2, firms, **{**SECTIONS, "crm": {"staff_saved": 0.1}}, customer_accounts={})
    made.c.module_use[0, 0], made.c.known[0] = 0.5, [1, 0]
    made.visits([0, 1], [0, 0])
    made.passing.visit_cost[:2] = 500
    made.run("crm", take_off_saved)
    assert made.at("visit_cost").tolist() == [475, 500]
    made.run("crm", book_saved)
    assert made.counted("records_saved")[:2] == [-25, 0]
    made.run("crm", book_crm)
    assert made.counted("crm_spend")[:2] == [2 * round(100 * (8 + 3 * np.log(2))), 0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"firms.north.information.data_coverage": 0.5}, r"information.data_coverage, which takes the operational"),
        ({**KNOWS, "firms.north.personalisation.customisation": 0.5}, "personalisation.customisation.*analytical"),
        ({**KNOWS, "firms.north.personalisation.differentiation": 0.5}, "personalisation.differentiation.*analytical"),
        ({**KNOWS, "firms.north.channels.shared_records": 0.5}, "channels.shared_records.*collaborative"),
    ],
)
def test_what_a_firm_cannot_do_without_a_module_is_refused(changes, said):
    with pytest.raises(Refusal, match=said) as caught:
        market(changes)
    assert "\n" not in str(caught.value)
    market().replace({"crm": None, **{path: value for path, value in changes.items() if ".crm." not in path}})


def test_targets_by_lot_take_no_analysis_and_targets_by_scores_do():
    saving = market({**KNOWS, "firms.north.save.save_rate": 0.2, "firms.north.save.targeting": "random"},
                    contacts={}, offers={}, save={})  # fmt: skip
    with pytest.raises(Refusal, match=r"save.targeting = 'risk'.*analytical"):
        saving.replace({"firms.north.save.targeting": "risk"})
    assert saving.replace({"firms.north.save.targeting": "risk", "firms.north.crm.analytical": True})


def test_talking_to_customers_takes_no_analysis():
    assert market({**KNOWS, "firms.north.personalisation.interaction": 0.5})


def test_without_modules_it_is_the_market_without_crm():
    with_, without = market(), market().replace({"crm": None})
    assert [step.name for step in with_.steps()] == [step.name for step in without.steps()]
    found, plain = after(with_), after(without)
    for name in plain.tallies:
        np.testing.assert_array_equal(found.tallied(name), plain.tallied(name), err_msg=name)


def test_a_system_that_all_use_from_the_start_and_costs_nothing_is_the_market_without_crm():
    """At the limit the modules limit nothing, and choices are the same person by person."""
    whole = {"basic_use": 1.0, "use_rate": 1.0, "staff_saved": 0.0}
    found = after(market({**ALL, **{f"crm.{name}": value for name, value in whole.items()}}))
    plain = after(market().replace({"crm": None, **{k: v for k, v in ALL.items() if ".crm." not in k}}))
    for name in ("visits", "revenue", "match_sum", "contexts_lost"):
        np.testing.assert_array_equal(found.tallied(name), plain.tallied(name), err_msg=name)


def test_the_bits_do_not_depend_on_threads_and_tiles():
    scenario = market({**ALL, "firms.east.crm.operational": True}, customers=700)
    one = after(scenario)
    for other in (after(scenario, threads=3), after(scenario, tile=64)):
        np.testing.assert_array_equal(one.history, other.history)
        np.testing.assert_array_equal(one.customers.module_use, other.customers.module_use)
    assert one.tallied("modules_owned")[:, :2].tolist() == [[3.0, 1.0]] * 40


def test_kernels_are_sound():
    abm.check_kernels(market(ALL), customers=200)


@given(st.floats(0, 0.99), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=examples(5), deadline=None)
def test_use_is_a_share_in_whole_markets(training, basic, rate):
    changes = {**ALL, "firms.north.crm.crm_training": training, "crm.basic_use": basic, "crm.use_rate": rate}
    value = record(market(changes, customers=120, periods=10), 5, kpis=(crm_use,)).summary((crm_use,))[0, 0]
    assert 0.0 <= value <= 1.0


def test_training_brings_modules_into_use_and_they_then_do_more_at_a_cost():
    kpis = (crm_use, offer_match, lost_context_share, misfit_share, lever_cost)
    plain, trained = (
        record(market({**ALL, "firms.north.crm.crm_training": x}, 1500, 80), 5, kpis=kpis).summary(kpis)[0]
        for x in (0.0, 0.8)
    )
    assert plain[0] < 0.5 < trained[0]
    assert trained[1] > plain[1] + 0.02
    assert trained[2] < plain[2] - 0.1
    assert trained[4] > plain[4]


def test_what_the_modules_bring_comes_late():
    world = after(market(ALL, 1500, 80))
    match = world.tallied("match_sum")[:, 0] / world.tallied("matched_visits")[:, 0]
    lost = world.tallied("contexts_lost")[:, 0] / world.tallied("handovers")[:, 0]
    assert match[60:].mean() > match[:10].mean() + 0.03
    assert lost[60:].mean() < lost[1:10].mean() - 0.1


def test_all_modules_with_what_they_are_for_are_no_free_lunch():
    plain, whole = (
        np.mean([record(market(changes, 600, 104), 5, k).summary((profit,))[0, 0] for k in range(2)])
        for changes in ({}, {**ALL, "firms.north.crm.crm_training": 0.8})
    )
    assert whole <= 1.25 * plain


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(Refusal, match="module_costs has 2 entries; give 3: operational"):
        CrmPolicy.parse({"module_costs": [1.0, 2.0]})
    with pytest.raises(Refusal, match="has crm, but no information for it to work on"):
        Scenario.parse({"crm": {}})
