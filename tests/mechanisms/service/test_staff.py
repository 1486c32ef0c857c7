"""Staff: abilities are learned, forgotten and carried away, morale reaches customers through quality alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.value import lever_cost
from abm.mechanisms.service.staff import (
    Staff,
    morale_exit_share,
    pay_exit_share,
    staff_emotion,
    staff_knowledge,
    staff_morale,
    staff_skill,
    staff_turnover,
    training_cost,
)
from abm.mechanisms.service.staff_kernels import (
    USUAL,
    USUAL_CUSTOMER_TIME,
    above_market,
    burnout,
    develop_staff,
    leaving,
    recovered,
    relative,
    serve_as_able,
    serve_at_pace,
    trained,
    uncontrolled,
    weigh_staff,
)
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small

unit = st.floats(0, 1)
ONE = 2**20
STATES = ("staff_knowledge", "staff_skill", "staff_emotion", "staff_morale")


def market(*firms, periods=60, customers=400, **sections):
    named = [{"name": f"f{j}", **firm} for j, firm in enumerate(firms)]
    population = {"customers": customers, "purchase_rate": 0.5}
    data = {"periods": periods, "burn_in": periods // 2, "population": population, "staff": {}, "firms": named}
    return Scenario.parse({**data, **sections})


def ran(scenario, seed=1, **more):
    engine = Engine(scenario, seed, **more)
    engine.run(scenario.periods)
    return engine


def developed(staff=None, states=(USUAL,) * 4, strain=(0.0, 0.0), load=(0.0, 0.0), periods=1, **theory):
    """Return the columns of two firms after some periods of `develop_staff`."""
    small = Small(3, [{"staff": staff or {}}, {}], staff=theory)
    for name, state in zip(STATES, states, strict=True):
        small.c[name][:] = state
    small.c.staff_strain[:], small.c.staff_load[:] = strain, load
    for _ in range(periods):
        small.run("staff", develop_staff)
    return small.c


class TestEquations:
    def test_pay_is_held_against_the_others(self):
        """Premiums of .3, 0 and 0: .3 above the others; .15 below them. Alone, the market's is 0."""
        own = round(0.3 * ONE)
        assert above_market(own, own, 3) == pytest.approx(0.3, abs=1e-6)
        assert above_market(0, own, 3) == pytest.approx(-0.15, abs=1e-6)
        assert above_market(own, own, 1) == pytest.approx(0.3, abs=1e-6)

    @given(st.integers(0, ONE), st.integers(2, 16))
    def test_who_pays_as_all_do_pays_nothing_above_them(self, own, firms):
        assert above_market(own, own * firms, firms) == 0.0

    def test_leaving_by_hand(self):
        assert leaving(0.01, 0.0, 0.5, 3.0, 2.0) == 0.01
        assert leaving(0.01, 0.1, 0.7, 3.0, 2.0) == pytest.approx(0.01 * math.exp(-0.3 - 0.4), rel=1e-12)
        assert leaving(0.9, -1.0, 0.0, 3.0, 2.0) == 1.0, "nobody can leave twice"

    def test_training_by_hand(self):
        """.6 + .1 x .5 x .4 - .02 x .1 - .05 x (.6 - .7)."""
        assert trained(0.6, 0.5, 0.7, 0.05, 0.1, 0.02) == pytest.approx(0.6 + 0.02 - 0.002 + 0.005)

    def test_burnout_by_hand(self):
        """(1 - .5)(1 x 50 x .001 + .1 x (.95 - .8)); nobody who handles emotions fully burns out."""
        assert burnout(0.001, 0.95, 0.5, 1.0, 50.0, 0.1, 0.8) == pytest.approx(0.5 * (0.05 + 0.015))
        assert burnout(0.001, 0.95, 1.0, 1.0, 50.0, 0.1, 0.8) == 0.0
        assert burnout(0.0, 0.8, 0.0, 1.0, 50.0, 0.1, 0.8) == 0.0

    def test_what_is_usual_changes_nothing(self):
        assert relative(USUAL, 0.37) == 1.0
        assert uncontrolled(USUAL_CUSTOMER_TIME, 0.83, 4.0) == 1.0

    def test_who_knows_the_work_needs_less_control(self):
        assert uncontrolled(np.float32(0.9), 0.5, 4.0) == pytest.approx(math.exp(0.8), rel=1e-6)
        assert uncontrolled(np.float32(0.9), 1.0, 4.0) == 1.0
        assert uncontrolled(np.float32(0.5), 0.5, 4.0) == pytest.approx(math.exp(-0.8), rel=1e-6)

    @given(unit, unit, unit, unit, unit, unit)
    def test_abilities_are_shares(self, ability, effort, newcomers, left, learning, forgetting):
        assert 0.0 <= trained(ability, effort, newcomers, left, learning, forgetting) <= 1.0

    @given(unit, unit, unit, st.floats(0, 5), unit)
    def test_morale_is_a_share(self, morale, target, left, burnt, recovery):
        assert 0.0 <= recovered(morale, target, left, burnt, recovery) <= 1.0

    @given(unit, st.floats(-1, 1), unit, st.floats(0, 100), st.floats(0, 100))
    def test_leavers_are_a_share(self, turnover, premium, morale, pay_stay, morale_stay):
        assert 0.0 <= leaving(turnover, premium, morale, pay_stay, morale_stay) <= 1.0


class TestDevelopment:
    def test_usual_staff_stays_as_it_is_to_the_bit(self):
        c = developed(periods=50)
        for name in STATES:
            assert c[name].tolist() == [USUAL, USUAL], name
        assert c.staff_leaving.tolist() == [[float(np.float32(0.01))] * 2, [0.0] * 2, [0.0] * 2]

    @pytest.mark.parametrize("kind", ["knowledge", "skill", "emotion"])
    def test_training_ends_where_as_much_is_lost(self, kind):
        """Learning .1 x .3 of what is missing against .02 of what is above .5: (.03 + .01) / .05."""
        c = developed({f"{kind}_training": 0.3}, periods=600)
        for name in STATES:
            expected = 0.8 if name == f"staff_{kind}" else 0.5
            assert c[name][0] == pytest.approx(expected, abs=1e-6), name
            assert c[name][1] == USUAL

    def test_the_next_hour_teaches_less(self):
        ends = [developed({"skill_training": x}, periods=600).staff_skill[0] for x in (0.0, 0.2, 0.4, 0.6)]
        gains = np.diff(ends)
        assert gains[0] > gains[1] > gains[2] > 0.0

    def test_all_who_leave_are_replaced_by_newcomers(self):
        """At a turnover of 1 what staff knew is gone, and who was hired with care is there: .5 + .3 x .5."""
        c = developed({"selectivity": 0.5}, (1.0, 0.9, 0.1, 0.5), turnover=1.0, forgetting=0.0)
        for name in STATES[:3]:
            assert c[name].tolist() == pytest.approx([0.65, 0.5], abs=1e-6)

    def test_pay_above_the_others_keeps_staff_and_below_them_drives_it_away(self):
        c = developed({"pay_premium": 0.2})
        assert c.staff_leaving[0].tolist() == pytest.approx([0.01 * math.exp(-0.6), 0.01 * math.exp(0.6)], rel=1e-4)
        assert c.staff_leaving[1].tolist() == pytest.approx([0.0, 0.01 * (math.exp(0.6) - 1.0)], rel=1e-4)
        assert c.staff_morale.tolist() == pytest.approx([0.5 + 0.1 * 0.1, 0.5 - 0.1 * 0.1], rel=1e-4)

    def test_who_lost_heart_says_so_when_leaving(self):
        c = developed(states=(0.5, 0.5, 0.5, 0.25))
        more = math.exp(0.5)
        assert c.staff_leaving[0].tolist() == pytest.approx([0.01 * more] * 2, rel=1e-6)
        assert c.staff_leaving[2].tolist() == pytest.approx([0.01 * (more - 1.0)] * 2, rel=1e-6)
        assert c.staff_leaving[1].tolist() == [0.0, 0.0]

    def test_strain_and_load_take_morale_the_less_the_more_competent_staff_is(self):
        plain = developed(strain=(0.002, 0.0), load=(0.0, 1.0)).staff_morale
        assert plain.tolist() == pytest.approx([0.5 - 0.5 * 0.1, 0.5 - 0.5 * 0.02], rel=1e-5)
        able = developed(states=(0.5, 0.5, 0.9, 0.5), strain=(0.002, 0.0), load=(0.0, 1.0)).staff_morale
        assert able.tolist() == pytest.approx([0.5 - 0.1 * 0.1, 0.5 - 0.1 * 0.02], rel=1e-4)

    def test_the_order_of_firms_does_not_matter(self):
        small = Small(3, [{"staff": {"pay_premium": x, "skill_training": 0.2}} for x in (0.1, 0.37, 0.03)], staff={})
        found = []
        for order in ([0, 1, 2], [2, 0, 1]):
            small.c.staff_morale[:] = np.array([0.2, 0.6, 0.8])[order]
            small.c.staff_skill[:] = USUAL
            small.firms.pay_premium[:] = np.array([0.1, 0.37, 0.03], np.float32)[order]
            small.run("staff", develop_staff)
            back = np.argsort(order)
            found.append([small.c[name][back].tolist() for name in STATES] + small.c.staff_leaving[:, back].tolist())
        assert found[0] == found[1]

    def test_products_of_levers_and_parameters_are_those_of_float64(self):
        """0.3 and 0.7 are numbers of float32, of which a product of float32 would be another one."""
        a, b = float(np.float32(0.3)), float(np.float32(0.7))
        learnt = developed({"knowledge_training": b}, learning=a, turnover=0.0)
        assert learnt.staff_knowledge[0] == pytest.approx(USUAL + 0.5 * a * b, rel=1e-13)
        hired = developed({"selectivity": b}, better_hires=a, turnover=1.0)
        assert hired.staff_skill[0] == pytest.approx(USUAL + a * b, rel=1e-13)
        praised = developed({"incentives": b}, incentive_morale=a, morale_recovery=1.0, turnover=0.0)
        assert praised.staff_morale[0] == pytest.approx(USUAL + a * b, rel=1e-13)
        tired = developed(strain=(0.5, 0.0), strained=a, visits_per_head=b, turnover=0.0)
        assert tired.staff_morale[0] == pytest.approx(USUAL - 0.25 * a * b, rel=1e-13)


class TestConsequences:
    def weighed(self, states, firms=({}, {}), **theory):
        small = Small(3, firms, staff=theory)
        for name, state in zip(STATES, states, strict=True):
            small.c[name][:] = state
        small.run("staff", weigh_staff)
        return small

    def test_usual_staff_adds_nothing_to_the_bit(self):
        c = self.weighed((USUAL,) * 4).c
        assert c.staff_shift.tolist() == [0.0, 0.0]
        assert c.staff_risk.tolist() == c.staff_pace.tolist() == [1.0, 1.0]

    def test_by_hand(self):
        """Failures: (1 - .5 x .9) / .75 of knowledge, 1 - .6 x .35 x .3 of emotional competence. Quality: .03 + .01."""
        c = self.weighed((0.9, 0.8, 0.8, 0.6)).c
        assert c.staff_shift[0] == pytest.approx(0.1 * 0.3 + 0.1 * 0.1, rel=1e-5)
        assert c.staff_risk[0] == pytest.approx(0.55 / 0.75 * (1 - 0.6 * 0.35 * 0.3), rel=1e-5)
        assert c.staff_pace[0] == pytest.approx((1 - 0.2 * 0.9) / 0.9, rel=1e-5)

    def test_time_for_customers_is_taken_from_control(self):
        """ln(.9 / .7) of attention; prices and information, a quarter of failures, go wrong e^.8 times as often."""
        c = self.weighed((USUAL,) * 4, [{"staff": {"customer_time": 0.9}}]).c
        assert c.staff_shift[0] == pytest.approx(0.03 * math.log(0.9 / 0.7), rel=1e-4)
        assert c.staff_risk[0] == pytest.approx(1 + 0.25 * (math.exp(0.8) - 1), rel=1e-4)

    def test_the_best_time_for_customers_lies_within_and_grows_with_knowledge(self):
        """Taken at failures that cost .02 of quality at the usual risk."""
        times, best = np.linspace(0.3, 0.99, 16), []
        for knowledge in (0.5, 0.57):
            firms = [{"staff": {"customer_time": float(time)}} for time in times]
            c = self.weighed((knowledge, 0.5, 0.5, 0.5), firms).c
            best.append(times[np.argmax(c.staff_shift - 0.02 * c.staff_risk)])
        assert 0.55 < best[0] < best[1] < 0.99

    @settings(max_examples=examples(20))
    @given(st.lists(st.tuples(unit, unit, unit, unit), min_size=3, max_size=3))
    def test_no_factor_is_below_zero(self, states):
        firms = [{"staff": {"customer_time": time}} for time in (0.01, 0.5, 0.99)]
        c = self.weighed(np.transpose(states), firms, emotion_failures=2.0, knowledge_failures=1.0).c
        assert (c.staff_risk >= 0.0).all()
        assert (c.staff_pace > 0.0).all()
        assert (np.abs(c.staff_shift) <= 0.1 + 0.03 * math.log(70.0) + 1e-6).all()

    def test_visits_get_what_their_firm_has(self):
        small = self.weighed((0.9, 0.8, 0.8, 0.6))
        small.c.staff_shift[:], small.c.staff_risk[:], small.c.staff_pace[:] = (0.25, 0), (0.5, 1), (0.75, 1)
        small.visits([0, 1, 2], [1, 0, 0])
        shift, risk, time = (np.full(3, x, np.float32) for x in (0.125, 1.0, 1.0))
        p = small.passing
        serve_as_able(shift, risk, p.visit_count, p.visit_firm, small.c.staff_shift, small.c.staff_risk)
        serve_at_pace(time, p.visit_count, np.array([-1, 0, 1], np.int32), small.c.staff_pace)
        assert shift.tolist() == [0.125, 0.375, 0.375]
        assert risk.tolist() == [1.0, 0.5, 0.5]
        assert time.tolist() == [1.0, 0.75, 1.0]


TRAINED = {"staff": {"knowledge_training": 0.3, "skill_training": 0.2, "pay_premium": 0.1, "selectivity": 0.4}}


class TestMarkets:
    def test_without_effort_the_market_is_the_same_to_the_bit(self):
        without, neutral = ran(market({}, {}, staff=None)), ran(market({}, {}))
        for name, column in without.world.customers.items():
            np.testing.assert_array_equal(column, neutral.world.customers[name], err_msg=name)
        for name in ("revenue", "goods", "service", "failures", "performance_sum"):
            np.testing.assert_array_equal(without.world.tallied(name), neutral.world.tallied(name))
        assert not neutral.world.tallied("staff_hiring").any()

    def test_morale_acts_through_quality_alone(self):
        """With quality as it was, customers of a firm that lifts morale are the same to the bit."""
        lifted = {"staff": {"incentives": 0.6, "pay_premium": 0.2}}
        dull = [ran(market(firm, {}, staff={"morale_quality": 0.0})).world for firm in ({}, lifted)]
        assert dull[1].customers.staff_morale[0] > dull[0].customers.staff_morale[0] + 0.1
        for name, column in dull[0].customers.items():
            if not name.startswith("staff_"):
                np.testing.assert_array_equal(column, dull[1].customers[name], err_msg=name)
        felt = [ran(market(firm, {})).world for firm in ({}, lifted)]
        assert felt[1].tallied("performance_sum")[:, 0].sum() > felt[0].tallied("performance_sum")[:, 0].sum()

    def test_measures_are_those_of_the_states(self):
        engine = ran(market(TRAINED, {}, periods=200))
        c, found = engine.world.customers, read(engine)
        kpis = (staff_knowledge, staff_skill, staff_emotion, staff_morale, staff_turnover, pay_exit_share)
        values = found.summary([*kpis, morale_exit_share, training_cost])
        for j, state in ((0, 0), (1, 0), (2, 0), (3, 0)):
            assert values[0, j] == pytest.approx(c[STATES[j]][state], abs=0.02)
        assert values[0, 4] == pytest.approx(52 * c.staff_leaving[0, 0], rel=0.02)
        assert values[1, 5] == pytest.approx(c.staff_leaving[1, 1] / c.staff_leaving[0, 1], rel=0.02)
        assert values[0, 5] == 0.0
        assert values[1, 6] > 0.0, "who is paid less than elsewhere loses heart"
        assert values[0, 7] == pytest.approx(-math.log(0.7) - math.log(0.8), abs=0.006)

    def test_what_is_spent_is_booked(self):
        """In the last period: training and pay a visit; hires beyond the usual ones at 50 visits a head."""
        world = ran(market(TRAINED, {})).world
        visits = world.tallied("visits")[:, 0]
        training, pay, hiring = (world.tallied(f"staff_{name}")[:, 0] for name in ("training", "pay", "hiring"))
        np.testing.assert_allclose(training, visits * round(10_000 * -(math.log(0.7) + math.log(0.8))) / 10_000)
        np.testing.assert_allclose(pay, visits * 0.3)
        hire = 500.0 - 200.0 * math.log(0.6)
        left = world.customers.staff_leaving[0, 0]
        assert hiring[-1] == pytest.approx(visits[-2] / 50.0 * (left * hire - 0.01 * 500.0), abs=0.01)
        assert hiring[0] == 0.0
        costs = read(ran(market(TRAINED, {}))).summary([lever_cost])[:, 0]
        assert costs[0] > costs[1]

    def test_knowledge_shortens_service(self):
        """Minutes of service a visit fall by what knowledge saves."""
        line = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0, "service_kind": "constant"}
        firms = [{"waiting_line": {"servers": 9}, "staff": {"knowledge_training": x}} for x in (0.9, 0.0)]
        world = ran(market(*firms, customers=800, waiting_line=line, periods=120)).world
        busy, visits = (world.tallied(name)[-20:].sum(axis=0)[:2] for name in ("busy_time", "visits"))
        pace = (1 - 0.2 * world.customers.staff_knowledge[0]) / 0.9
        assert (busy / visits).tolist() == pytest.approx([9.0 * pace, 9.0], rel=0.01)

    def test_too_much_work_burns_staff_out(self):
        line = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0}
        firms = [{"waiting_line": {"servers": servers}} for servers in (1, 9)]
        heavy = {"overwork": 1.0}
        c = ran(market(*firms, {}, customers=1200, waiting_line=line, staff=heavy)).world.customers
        assert 0.0 < c.staff_morale[0] < 0.45
        assert c.staff_morale[1:].tolist() == [USUAL, USUAL]
        spared = ran(market(*firms, {}, customers=1200, waiting_line=line, staff={"overwork": 0.0})).world.customers
        assert spared.staff_morale.tolist() == [USUAL] * 3

    def test_the_bits_do_not_depend_on_threads_or_tiles(self):
        line = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0}
        firm = {**TRAINED, "waiting_line": {"servers": 3}}
        scenario = market(firm, {}, waiting_line=line, difficult_customers={}, periods=25)
        engines = [Engine(scenario, 1, threads=k) for k in (1, 3, 1)]
        engines[2].set_tile(64)
        for engine in engines:
            engine.run(25)
        for other in engines[1:]:
            np.testing.assert_array_equal(engines[0].world.history, other.world.history)
            for name in (*STATES, "trust", "satisfaction"):
                np.testing.assert_array_equal(engines[0].world.customers[name], other.world.customers[name])

    def test_kernels_are_what_they_say(self):
        line = {"minutes_open": 300.0, "branch_visits": 400.0}
        check_kernels(market(TRAINED, {"waiting_line": {"servers": 2}}, waiting_line=line), customers=120)

    def test_a_restart_begins_with_usual_staff(self):
        engine = ran(market(TRAINED, {}, periods=20))
        engine.restart(0)
        assert engine.world.customers.staff_knowledge.tolist() == [USUAL, USUAL]


def test_parameters_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="knowledge_failures"):
        Staff(knowledge_failures=1.5)


class TestOpenFirms:
    def test_a_firm_that_is_not_open_is_no_part_of_the_market(self):
        """Until its rival opens, in period 20, staff is as in a firm alone; the rival's is the usual then."""
        paid = {"staff": {"pay_premium": 0.2, "skill_training": 0.5}}
        both = market(paid, {**paid, "entry": {"opens": 20}}, entry={}, periods=21)
        before, alone = (ran(one).world for one in (both.replace({"periods": 20}), market(paid, periods=20)))
        for name in ("staff_morale", "staff_skill", "staff_leaving"):
            found = before.customers[name][..., 0]
            np.testing.assert_array_equal(found, alone.customers[name][..., 0], err_msg=name)
        assert (before.customers.staff_morale[1], before.customers.staff_skill[1]) == (0.5, 0.5)
        assert before.tallied("staff_periods").sum(axis=0)[:2].tolist() == [20, 0]
        over_pay = ran(both).world.customers.staff_leaving[1]
        assert over_pay.tolist() == [0.0, 0.0], "both pay as all do who are open"
