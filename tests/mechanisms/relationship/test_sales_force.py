"""Sales forces: how calls are divided, whom they reach, what is said, what is sold, foreseen and paid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.behaviour import visit_share
from abm.kpis.kpi import Tallied
from abm.mechanisms.choice.buying_centre_kernels import ROLES
from abm.mechanisms.relationship.sales_force import (
    SalesForce,
    cost_per_trial,
    customer_hit_rate,
    prospect_hit_rate,
    return_rate,
    sales_call_rate,
    sales_forecast_bias,
    sales_forecast_error,
    trial_rate,
)
from abm.mechanisms.relationship.sales_force_kernels import (
    CUSTOMER,
    LEAD,
    NO_LEAD,
    TRIAL,
    add_call_pull,
    aim_calls,
    approach_called,
    count_funnel,
    eagerness,
    make_calls,
    note_sales,
    plan_calls,
    share_of_calls,
    stated_chance,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
THEORIES = {"information": {}, "contacts": {}, "sales_force": {}}


def market(periods=78, customers=700, awareness=0.15, sections=None, known=1.0, **policy):
    """Return a market in which few know the first firm, which may have salespeople."""
    north = {
        "name": "north", "initial_awareness": awareness, "information": {"data_coverage": known},
        "sales_force": {"prospect_share": 0.8, **policy},
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.4},
            **THEORIES,
            "firms": [north, {"name": "east"}, {"name": "south"}],
            **(sections or {}),
        }
    )


def small(n=100, salespeople=10.0, sections=None, **policy):
    """Return a world whose first firm has salespeople, and the approaches of the period at 0."""
    first = {"sales_force": {"salespeople": salespeople, **policy}}
    world = Small(n, [first, {}], **{**THEORIES, **(sections or {})})
    world.passing.approaches[:], world.passing.contact_welcome[:] = 0.0, 1.0
    return world


class TestPlan:
    def test_calls_are_divided_and_no_more_than_one_a_customer(self):
        """20 persons on 1,000, 5 calls each, 10 in all: 4 x .75 to 50 suspects, 4 x .25 to 10 leads, 6 to 40 others."""
        world = small(100, 20.0, {"sales_force": {"calls_each": 5.0}}, prospect_share=0.4, to_leads=0.25)
        world.c.funnel[0, :10], world.c.funnel[0, 10:20], world.c.known[0, 20:50] = LEAD, TRIAL, 1
        world.run("sales_force", plan_calls)
        assert world.c.call_chance[0] == pytest.approx([3 / 50, 1 / 10, 6 / 40])
        assert not world.c.call_chance[1].any()
        world = small(100, 100.0, prospect_share=1.0, to_leads=0.25)
        world.run("sales_force", plan_calls)
        assert world.c.call_chance[0].tolist() == [1.0, 0.0, 0.0], "150 calls for 100 suspects, 50 for no leads"

    def test_who_has_left_the_category_is_nobodys_prospect(self):
        world = small(100, 1.0, prospect_share=1.0, to_leads=0.0)
        world.c.exited[:50] = 3
        world.run("sales_force", plan_calls)
        assert world.c.call_chance[0, 0] == pytest.approx(2 / 50)

    def test_a_commission_makes_eager(self):
        world = small(100, 1.0, {"sales_force": {"zeal": 1.0}}, prospect_share=1.0, to_leads=0.0, commission=0.05)
        world.run("sales_force", plan_calls)
        assert world.c.call_chance[0, 0] == pytest.approx(0.02 * 1.5)

    @given(share, share)
    def test_shares_of_calls_add_up(self, prospects, leads):
        found = [float(share_of_calls(g, np.float32(prospects), np.float32(leads))) for g in (1, 2, 3)]
        assert sum(found) == pytest.approx(1.0, abs=1e-6)
        assert min(found) >= 0.0

    @given(share, st.floats(0.015625, 1, width=32))
    def test_eagerness_is_a_share_with_diminishing_return(self, commission, half):
        low, mid, high = (float(eagerness(np.float32(k * commission), np.float32(half))) for k in (0.0, 0.5, 1.0))
        assert 0.0 == low <= mid <= high <= 1.0
        assert high - mid <= mid + 1e-6

    @given(share, st.floats(-1, 10, width=32))
    def test_a_stated_chance_is_a_chance(self, rate, optimism):
        assert 0.0 <= stated_chance(np.float32(rate), np.float32(optimism)) <= 1.0

    def test_forecast_by_hand(self):
        """10 suspects of whom 4 bought, 5 customers of whom 1 did; foreseen 15 x .25; learned: .25 to .4 and to .2."""
        section = {"sales_force": {"first_hit_rate": 0.2, "optimism": 0.25, "hit_memory": 0.5}}
        world = small(30, sections=section)
        world.c.called[0, :15] = [1] * 6 + [5] * 4 + [3] * 4 + [7]
        world.run("sales_force", plan_calls)
        assert world.counted("sales_foreseen")[0] / 2**20 == pytest.approx(3.75, abs=1e-4)
        assert world.counted("sales_made")[0] == 5
        assert world.counted("sales_missed")[0] / 2**20 == pytest.approx(1.25, abs=1e-4)
        assert world.c.hit_rate[0] == pytest.approx([0.3, 0.2, 0.2])
        assert world.counted("sales_made")[1] == 0


class TestCalls:
    def called(self, n=4, sections=None, **policy):
        """Return a world in which everybody can be called for certain."""
        world = small(n, sections=sections, **policy)
        world.c.call_chance[0] = 1.0
        return world

    def test_a_suspect_learns_of_the_firm_and_becomes_a_lead(self):
        world = self.called(2)
        world.c.aware[0] = [0, 1]
        for kernel in (make_calls, approach_called):
            world.run("sales_force", kernel, t=7)
        assert world.c.funnel[0].tolist() == [LEAD, LEAD]
        assert world.c.aware[0].tolist() == [1, 1]
        assert world.c.called_last[0].tolist() == [7, 7]
        assert world.counted("learned")[0] == 1
        assert world.counted("suspect_calls")[:2] == [2, 0]
        assert not world.passing.approaches[0, :2].any()

    def test_each_is_called_as_what_the_firm_takes_her_for(self):
        """A customer whom nobody knows for one is taken for a suspect, and known to the salespeople after that."""
        world = self.called(5)
        world.c.funnel[0], world.c.known[0, 4] = [0, 1, 2, 0, 0], 1
        world.c.encounters[0, 3], world.c.reachable[0, 4] = 2.0, 1
        world.run("sales_force", make_calls)
        assert world.c.called[0].tolist() == [1, 2, 3, 1, 3]
        world.run("sales_force", approach_called)
        assert world.c.funnel[0].tolist() == [LEAD, LEAD, TRIAL, CUSTOMER, NO_LEAD]
        assert [world.counted(f"{k}_calls")[0] for k in ("suspect", "lead", "customer")] == [2, 1, 2]
        assert world.passing.approaches[0, :5].tolist() == [0, 0, 0, 0, 1]

    def test_who_cannot_be_reached_is_called_in_vain(self):
        world = self.called(2)
        world.c.known[0], world.c.reachable[0] = 1, [0, 1]
        world.run("sales_force", make_calls)
        world.run("sales_force", approach_called)
        assert world.counted("customer_calls")[0] == 2
        assert world.passing.approaches[0, :2].tolist() == [1, 1]
        assert world.c.call_pull[0] == pytest.approx([0.0, 0.5])

    def test_pull_grows_ever_less_fades_and_is_nothing_where_calls_annoy(self):
        world = self.called(3)
        world.c.call_pull[0] = [0.0, 0.8, 0.8]
        world.passing.contact_welcome[0, :3] = [0.5, 1.0, -0.5]
        world.run("sales_force", make_calls)
        assert world.c.call_pull[0] == pytest.approx([0.25, 0.68 + 0.5 * 0.32, 0.68])
        world.c.call_chance[0] = 0.0
        world.run("sales_force", make_calls, t=1)
        assert world.c.call_pull[0] == pytest.approx(0.85 * np.array([0.25, 0.84, 0.68]))

    def test_what_is_said_is_expected_by_who_has_not_used_the_firm(self):
        """Promise .75, and half of .2 more for a commission of .05; with two visits it is a third of the pull."""
        section = {"sales_force": {"exaggeration": 0.2, "said_pull": 0.3}}
        world = self.called(2, section, commission=0.05)
        world.c.expectation[0], world.c.encounters[0] = 0.65, [0.0, 2.0]
        world.run("sales_force", make_calls)
        assert world.c.expectation[0] == pytest.approx([0.65 + 0.3 * 0.2, 0.65 + 0.1 * 0.2], abs=1e-5)

    def test_calls_reach_their_share(self):
        world = small(4000)
        world.c.call_chance[0] = [0.3, 0.0, 0.0]
        world.run("sales_force", make_calls)
        assert abs((world.c.called[0] > 0).mean() - 0.3) < 4 * np.sqrt(0.21 / 4000)

    def test_a_call_is_a_talk_with_the_person_at_whom_the_firm_aims(self):
        for k, role in enumerate(ROLES):
            world = small(3, sections={"buying_centre": {}}, aim=role)
            world.c.called[0], world.c.known[0], world.c.reachable[0] = [1, 0, 3], [0, 0, 1], [0, 0, 0]
            for name in ROLES:
                world.passing[f"{name}_talks"][:] = 0.0
            world.run("sales_force", aim_calls)
            talks = [
                world.passing[f"{name}_talks"][0, :3].tolist() for name in ("user", "approver", "evaluator", "decider")
            ]
            assert talks[k] == [1, 0, 0], "the last one was not reached"
            assert not any(any(one) for place, one in enumerate(talks) if place != k)

    def test_the_term_of_utility(self):
        world = small(2, sections={"sales_force": {"call_weight": 2.0}})
        world.passing.utility[:], world.c.call_pull[0] = 1.0, [0.25, 0.0]
        world.run("sales_force", add_call_pull)
        assert world.passing.utility[0, :2].tolist() == [1.5, 1.0]


class TestSales:
    def test_the_funnel_by_hand(self):
        """A called lead comes twice, a trial once; a stranger and a customer who was called come once."""
        world = small(4, sections={"sales_force": {"credited_for": 2}}, commission=0.1)
        world.c.called[0], world.c.funnel[0] = [2, 0, 0, 3], [LEAD, TRIAL, NO_LEAD, NO_LEAD]
        world.c.called_last[0] = [9, 8, -1, 10]
        world.visits([0, 0, 1, 2, 3], [0] * 5)
        world.passing.visit_spend[:5] = [1005, 1000, 1000, 1000, 1004]
        world.run("sales_force", note_sales, t=10)
        assert world.c.funnel[0].tolist() == [CUSTOMER, CUSTOMER, NO_LEAD, NO_LEAD]
        assert world.c.called[0].tolist() == [6, 0, 0, 7]
        counted = {
            name: world.counted(name)[0] for name in ("prospect_hits", "customer_hits", "lead_trials", "trial_returns")
        }
        assert list(counted.values()) == [1, 1, 1, 2]
        assert world.counted("credited_visits")[0] == 3, "the second was called two periods ago, the third never"
        assert world.counted("commission_paid")[0] == 101 + 100 + 100

    def test_where_everybody_stands(self):
        world = small(6)
        world.c.funnel[0] = [NO_LEAD, LEAD, TRIAL, CUSTOMER, NO_LEAD, LEAD]
        world.c.encounters[0, 2:5], world.c.exited[5] = 1.0, 4
        world.run("sales_force", count_funnel)
        stages = [world.counted(f"funnel_{name}")[:2] for name in ("suspects", "leads", "trials", "customers")]
        assert stages == [[1, 0], [1, 0], [1, 0], [2, 0]]

    def test_kpis_by_hand(self):
        counted = {
            "suspect_calls": 60.0, "lead_calls": 40.0, "customer_calls": 50.0, "prospect_hits": 10.0,
            "customer_hits": 20.0, "lead_trials": 8.0, "funnel_leads": 72.0, "trial_returns": 3.0, "funnel_trials": 9.0,
            "salary_bill": 30.0, "commission_paid": 10.0, "sales_foreseen": 36.0, "sales_made": 30.0,
            "sales_missed": 9.0,
        }  # fmt: skip
        tallied = Tallied({name: np.array([value, 0.0]) for name, value in counted.items()}, 52, 1)
        kpis = (
            prospect_hit_rate, customer_hit_rate, trial_rate, return_rate, cost_per_trial, sales_forecast_bias,
            sales_forecast_error,
        )  # fmt: skip
        assert [float(k(tallied)[0]) for k in kpis] == pytest.approx([0.1, 0.4, 0.1, 0.25, 5.0, 0.2, 0.3])


class TestMarkets:
    def test_the_same_bits_on_any_threads_and_tiles_and_once_for_everybody(self):
        scenario, found = market(periods=30, customers=300, salespeople=8.0, commission=0.05), []
        for threads, tile in ((1, None), (3, None), (1, 64)):
            engine = Engine(scenario, 3, threads=threads)
            if tile is not None:
                engine.set_tile(tile)
            engine.run(30)
            found.append(engine.world)
        for other in found[1:]:
            np.testing.assert_array_equal(found[0].history, other.history)
            np.testing.assert_array_equal(found[0].customers.call_pull, other.customers.call_pull)
            np.testing.assert_array_equal(found[0].customers.hit_rate, other.customers.hit_rate)
        tallied = found[0].tallied
        stages = sum(tallied(f"funnel_{name}")[:, 0] for name in ("suspects", "leads", "trials", "customers"))
        gone = int((found[0].customers.exited >= 0).sum())
        assert stages[-1] == 300 - gone
        assert (tallied("prospect_hits") <= tallied("suspect_calls") + tallied("lead_calls")).all()
        np.testing.assert_allclose(tallied("salary_bill")[:, 0], 8.0 * 20.0 * 0.3)
        late = slice(1, None)
        hits = (tallied("prospect_hits") + tallied("customer_hits"))[:-1, 0]
        np.testing.assert_array_equal(tallied("sales_made")[late, 0], hits)

    def test_without_salespeople_nothing_is_done(self):
        still = market(periods=20, customers=200, commission=0.1)
        assert "sales_force" not in [step.mechanism.name for step in still.steps()]

    def test_a_sales_force_makes_as_many_calls_as_it_can(self):
        calls = record(market(salespeople=3.0), 3).summary([sales_call_rate])[0, 0]
        assert 0.035 < calls < 0.0605, "at most 3 x 20 on 1,000, less while there are few leads and customers"

    def test_shares_lie_in_their_bounds(self):
        summary = record(market(salespeople=90.0, commission=0.5, to_leads=0.9), 3).summary(SalesForce.kpis)
        for k, kpi in enumerate(SalesForce.kpis):
            if kpi.unit in ("share", "1/lead/period", "1/trial/period"):
                values = summary[:, k][~np.isnan(summary[:, k])]
                assert ((values >= 0) & (values <= 1)).all(), kpi.name

    def test_calls_win_custom_for_a_firm_that_few_know(self):
        shares = [record(market(salespeople=k), 3).summary([visit_share])[0, 0] for k in (0.0, 3.0)]
        assert shares[1] > shares[0] + 0.04

    def test_a_commission_brings_calls_and_disappointment(self):
        """The same calls with what is said changed: the promise is what disappoints."""
        kpis = (sales_call_rate, csi, return_rate)
        paid = market(salespeople=10.0, commission=0.1, sections={"sales_force": {"zeal": 0.0}})
        eager = market(salespeople=10.0, commission=0.1)
        honest = paid.replace({"sales_force.exaggeration": 0.0})
        paid, eager, honest = (record(one, 3).summary(kpis)[0] for one in (paid, eager, honest))
        assert eager[0] > paid[0]
        assert paid[1] < honest[1] - 0.3
        assert paid[2] < honest[2]

    def test_forecasts_that_are_too_bright_are_wrong_for_ever(self):
        bias = [
            record(market(salespeople=10.0, sections={"sales_force": {"optimism": k}}), 3).summary(
                [sales_forecast_bias]
            )
            for k in (0.0, 0.5)
        ]
        assert bias[1][0, 0] > bias[0][0, 0] + 0.3
        assert record(market(salespeople=10.0), 3).summary([sales_forecast_error])[0, 0] < 1.0


class TestRefusals:
    def test_to_aim_where_nobody_has_a_buying_centre(self):
        said = r"firm 'north' sets sales_force.aim, but nobody has a buying centre; .* \[scenario.buying_centre\]"
        for sections in ({}, {"buying_centre": {}, "off": ("buying_centre",)}):
            with pytest.raises(Refusal, match=said) as caught:
                market(aim="user", salespeople=1.0, sections=sections)
            assert "\n" not in str(caught.value)
        market(aim="user", salespeople=1.0, sections={"buying_centre": {}})

    def test_salespeople_without_the_theory(self):
        with pytest.raises(Refusal, match=r"sets sales_force, but .* a section \[scenario.sales_force\]"):
            market(salespeople=1.0).replace({"sales_force": None})


@pytest.mark.slow
def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(salespeople=20.0, commission=0.1))
    abm.check_kernels(market(salespeople=20.0, aim="approver", sections={"buying_centre": {"centre_share": 0.5}}))
