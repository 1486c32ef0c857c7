"""Entry and exit: by hand, money and points that add up, dates and books, together with stances, whole markets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.behaviour import visit_share
from abm.kpis.value import profit
from abm.mechanisms.market.entry import customers_left_behind, open_share, points_forfeited
from abm.mechanisms.market.entry_kernels import (
    CLOSED,
    NOT_YET,
    OPEN,
    become_known,
    forfeit_points,
    part_from_customers,
)
from abm.scenario.scenario import Scenario
from abm.world.relations import ACTIVE, DORMANT, LOST, PROSPECT, WON_BACK
from tests.mechanisms.small import Small


def market(periods=40, customers=400, north=None, east=None, **more):
    """Return a market of three firms."""
    firms = [{"name": "north", **(north or {})}, {"name": "east", **(east or {})}, {"name": "south"}]
    people = {"customers": customers, "purchase_rate": 0.5}
    return Scenario.parse({"periods": periods, "population": people, "entry": {}, "firms": firms, **more})


def run(scenario, threads=1, tile=None, seed=3):
    engine = Engine(scenario, seed, threads=threads)
    if tile:
        engine.set_tile(tile)
    engine.run(scenario.periods)
    return engine


LATE = {"entry": {"opens": 10}, "initial_awareness": 0.4, "fixed_cost": 30.0, "survey": {"mystery_visits": 1}}


class TestByHand:
    def small(self, customers=5):
        return Small(customers, entry={}, firms=({"entry": {"closes": 5}, "program": {"preset": "points"}}, {}))

    def test_relations(self):
        small = self.small()
        small.c.closing[:] = [1, 0]
        small.c.relation[0] = small.c.relation[1] = [PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK]
        small.c.provider[:] = [0, 0, 1, -1, 0]
        small.c.signed[:] = [3, -1, 2, -1, 4]
        small.run("entry", part_from_customers)
        assert small.c.relation[0].tolist() == [PROSPECT, LOST, LOST, LOST, LOST]
        assert small.c.relation[1].tolist() == [PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK]
        assert small.c.provider.tolist() == [-1, -1, 1, -1, -1]
        assert small.c.signed.tolist() == [-1, -1, 2, -1, -1]
        for tally in ("current", "fell_lost", "left_behind"):
            assert small.counted(tally) == [3, 0, 0]

    def test_points(self):
        small = self.small(3)
        small.c.closing[:] = [1, 0]
        small.c.points[:] = [[250, 0, 50], [70, 0, 0]]
        small.c.member[:] = [[1, 0, 1], [1, 0, 0]]
        small.c.tier[0] = [2, 0, 0]
        small.c.provided[:] = [[25, 0, 5], [7, 0, 0]]
        small.run("entry", forfeit_points)
        assert small.c.points.tolist() == [[0, 0, 0], [70, 0, 0]]
        assert small.c.member.tolist() == [[0, 0, 0], [1, 0, 0]]
        assert small.c.tier[0].tolist() == [0, 0, 0]
        assert small.counted("points_expired") == small.counted("points_forfeited") == [300, 0, 0]
        assert small.counted("points_outstanding") == [-300, 0, 0]
        assert small.counted("memberships_ended") == [2, 0, 0]
        assert small.c.provided.tolist() == [[0, 0, 0], [7, 0, 0]]
        assert small.counted("provision") == small.counted("provision_held") == [-30, 0, 0]

    @given(st.sampled_from([NOT_YET, OPEN, CLOSED]), st.booleans(), st.floats(0, 1, width=32))
    def test_who_knows(self, state, opening, share):
        small = SMALL
        small.c.open_state[:] = [state, OPEN]
        small.c.opening[:] = [opening and state == OPEN, 0]
        small.firms.initial_awareness[0] = share
        small.c.aware[:] = 1
        small.run("entry", become_known, t=3)
        assert small.c.aware[1].all()
        known = small.c.aware[0].mean()
        if state != OPEN:
            assert known == 0
        elif not opening:
            assert known == 1
        else:
            assert abs(known - share) < 0.12


SMALL = Small(300, entry={}, firms=({"entry": {"closes": 5}}, {}))


class TestOpening:
    def test_before_it_opens_a_firm_is_not_there(self):
        world = run(market(north=LATE, survey={})).world
        for tally in ("visits", "revenue", "fixed", "mystery_bill", "service", "learned", "current"):
            assert world.tallied(tally)[:10, 0].sum() == 0, tally
        assert (world.tallied("fixed")[10:, 0] == 30.0).all()
        assert (world.tallied("mystery_bill")[10:, 0] == 20.0).all()
        assert world.tallied("visits")[10:, 0].sum() > 100
        assert world.tallied("visits")[10, 0] < 0.8 * world.tallied("visits")[10, 1], "six in ten do not know it"

    def test_awareness_spreads_from_what_it_has_at_first(self):
        engine = Engine(market(north=LATE, survey={}), 3)
        engine.run(10)
        aware = engine.world.customers.aware
        assert (aware[0].sum(), aware[1].sum()) == (0, 400)
        engine.run(1)
        at_first = aware[0].mean()
        assert 0.3 < at_first < 0.55
        engine.run(29)
        assert aware[0].mean() > at_first

    def test_a_dated_change_meanwhile_holds_when_it_opens(self):
        change = {"name": "cheaper", "from": 5, "set": {"firms.north.service.quality": 0.9, "firms.north.price": 0.95}}
        engine = Engine(market(north=LATE, survey={}, changes=[change]), 3)
        engine.run(7)
        assert engine.world.firms.quality[0] == np.float32(0.75)
        assert engine.world.firms.fixed_cost[0] == 0
        engine.run(5)
        assert engine.world.firms.quality[0] == np.float32(0.9)
        assert engine.world.firms.price[0] == np.float32(0.95)
        assert engine.levers.firms[0].service.quality == pytest.approx(0.9)

    def test_newcomers_do_not_know_it_either(self):
        engine = Engine(market(north=LATE, survey={}, renewal={"leaving_rate": 0.99, "every": 2}), 3)
        engine.run(9)
        assert engine.world.customers.aware[0].sum() == 0


class TestClosing:
    def test_money_and_points_add_up(self):
        scenario = market(north={"entry": {"closes": 20}, "fixed_cost": 10.0, "program": {"preset": "points"}})
        world = run(scenario).world
        issued, redeemed, expired, left = (
            world.tallied(f"points_{name}") for name in ("issued", "redeemed", "expired", "outstanding")
        )
        flows = (issued - redeemed - expired).cumsum(axis=0)
        np.testing.assert_allclose(flows[:, :3], left[:, :3], atol=1e-6)
        assert left[19, 0] > 0
        assert (left[20:, 0] == 0).all()
        assert world.tallied("points_forfeited")[20, 0] == pytest.approx(left[19, 0])
        np.testing.assert_allclose(
            world.tallied("provision").cumsum(axis=0), world.tallied("provision_held"), atol=1e-9
        )
        assert (world.tallied("provision_held")[20:, 0] == 0).all()
        assert world.tallied("members")[20:, 0].sum() == 0
        for tally in ("visits", "fixed", "service", "membership", "current"):
            assert world.tallied(tally)[21:, 0].sum() == 0, tally

    def test_its_customers_buy_elsewhere(self):
        still, closing = (run(market(north={"entry": {"closes": d}} if d else {})).world for d in (None, 20))
        np.testing.assert_array_equal(still.tallied("visits")[:20], closing.tallied("visits")[:20])
        rivals = [w.tallied("visits")[20:, 1:3].sum() for w in (still, closing)]
        everybody = [w.tallied("visits")[20:, :3].sum() for w in (still, closing)]
        assert rivals[1] > 1.2 * rivals[0]
        assert everybody[1] < everybody[0]
        assert not (closing.customers.provider == 0).any()

    def test_contracts_end_without_a_fee(self):
        scenario = market(north={"entry": {"closes": 20}, "exit_fee": 50.0}, choice={"market": "lost_for_good"})
        engine = run(scenario)
        c = engine.world.customers
        assert not ((c.provider == 0) & (c.signed >= 0)).any()
        assert engine.world.tallied("visits")[20:, 0].sum() == 0
        assert engine.world.tallied("revenue")[20:, 0].sum() == 0

    def test_who_loses_money_for_so_long_gives_up_and_who_earns_stays(self):
        bears = {"exit_after": 20}
        losing, earning = (
            market(periods=60, north={"fixed_cost": cost, "entry": bears}, east={"entry": bears})
            for cost in (500.0, 1.0)
        )  # fmt: skip
        world = run(losing).world
        state = world.tallied("open_periods")[:, :3]
        assert state[:26, 0].all(), "the first look after 20 periods is at 26"
        assert not state[26:, 0].any()
        assert state[:, 1].all()
        assert run(earning).world.tallied("open_periods")[:, 0].all()

    def test_closed_for_good(self):
        change = {"name": "later", "from": 25, "set": {"firms.north.entry.closes": 35}}
        world = run(market(north={"entry": {"closes": 20}}, changes=[change])).world
        assert world.tallied("open_periods")[:, 0].tolist() == [1.0] * 20 + [0.0] * 20


class TestDates:
    def test_a_first_date_set_during_a_run_finds_all_firms_open_and_known(self):
        """Whose rivals attack from the start; nobody opens at the date, and nobody forgets a firm."""
        change = {"name": "gone", "from": 20, "set": {"firms.north.entry.closes": 25}}
        east = {"initial_awareness": 0.5, "competition": {"stance": "attack"}}
        engine = Engine(market(periods=30, east=east, competition={}, changes=[change]), 3)
        c = engine.world.customers
        for period in range(20):
            engine.run(1)
            assert c.open_state.tolist() == [OPEN] * 3
            assert engine.world.firms.price[1] == np.float32(0.9), period
        known = c.aware[1].copy()
        engine.run(1)
        assert not c.opening.any()
        assert (c.aware[1] >= known).all()
        engine.run(9)
        assert c.open_state.tolist() == [CLOSED, OPEN, OPEN]
        assert c.open_since.tolist() == [0] * 3
        noted = engine.world.tallied("noted_periods")[:, 0]
        assert noted.tolist() == [0] * 20 + [1] * 10

    def test_a_firm_that_has_closed_stays_closed_when_the_last_date_ends(self):
        change = {"name": "gone", "from": 5, "until": 15, "set": {"firms.north.entry.closes": 8}}
        engine = run(market(periods=20, north={"fixed_cost": 30.0}, changes=[change]))
        assert engine.world.customers.open_state.tolist() == [CLOSED, OPEN, OPEN]
        assert engine.world.tallied("open_periods")[:, 0].tolist() == [0] * 5 + [1] * 3 + [0] * 12
        assert engine.world.firms.fixed_cost[0] == 0

    def test_what_is_set_by_hand_while_it_is_not_open_costs_nothing(self):
        engine = Engine(market(periods=12, north=LATE, survey={}, advertising={}), 3)
        engine.run(5)
        engine.set_firm(0, engine.levers.firms[0].replace({"advertising.advertising_spend": 0.5}))
        engine.run(7)
        assert engine.world.firms.advertising_spend[0] == 0
        assert engine.world.tallied("advertising_cost")[:, 0].sum() == 0


class TestMarkets:
    def test_neutral(self):
        still = market()
        assert "entry" not in [step.mechanism.name for step in still.steps()]
        one, other = (run(m).world for m in (still, still.replace({"entry": None})))
        np.testing.assert_array_equal(one.tallied("visits"), other.tallied("visits"))

    def test_a_date_beyond_the_run_changes_nothing(self):
        one, other = (run(market(north={"entry": {"closes": date}} if date else {})).world for date in (None, 5000))
        for name in ("visits", "revenue", "fell_lost"):
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name))

    def test_same_bits(self):
        scenario = market(north={**LATE, "program": {"preset": "points"}}, east={"entry": {"closes": 25}}, survey={})
        one, more, tiled = run(scenario), run(scenario, threads=3), run(scenario, tile=64)
        np.testing.assert_array_equal(one.world.history, more.world.history)
        np.testing.assert_array_equal(one.world.history, tiled.world.history)

    def test_a_restart_begins_again(self):
        scenario = market(north=LATE, east={"entry": {"closes": 25}}, survey={})
        engine = run(scenario)
        before = engine.world.history.copy()
        engine.restart(1)
        engine.run(30)
        engine.restart(0)
        engine.run(40)
        np.testing.assert_array_equal(engine.world.history, before)

    def test_kernels(self):
        abm.check_kernels(market(north={"entry": {"opens": 1}}, east={"entry": {"closes": 2}}))

    def test_measures(self):
        kpis = (open_share, customers_left_behind, points_forfeited, visit_share, profit)
        found = record(market(north=LATE, east={"entry": {"closes": 25}}, survey={}), 3).summary(kpis)
        assert found[:, 0].tolist() == [0.75, 0.625, 1.0]
        assert 0 < found[1, 1] <= 400
        assert found[:, 2].tolist() == [0.0, 0.0, 0.0]

    def test_stances_leave_a_firm_that_is_not_open_alone_and_do_not_count_it_as_a_rival(self):
        own = {"competition": {"stance": "attack"}}
        scenario = market(
            north={**LATE, **own, "price": 0.5}, east={"competition": {"stance": "watch"}}, survey={},
            competition={"lag": 0, "window": 4}, advertising={},
        )  # fmt: skip
        engine = Engine(scenario, 3)
        engine.run(9)
        world, c = engine.world, engine.world.customers
        assert c.stance_now.tolist() == [-1, 1, 0]
        assert world.firms.advertising_spend[0] == 0
        assert c.rival_price_seen[1] == 1.0
        engine.run(9)
        assert c.stance_now.tolist() == [2, 1, 0]
        assert world.firms.advertising_spend[0] > 0
        assert c.rival_price_seen[1] == pytest.approx(0.5)
        assert world.tallied("watched_periods")[:, 0].sum() == 8


class TestRefusals:
    def test_a_firm_that_closes_before_it_opens(self):
        with pytest.raises(Refusal, match=r"closes = 8, but it has to be open before it closes; give a later period"):
            market(north={"entry": {"opens": 8, "closes": 8}})

    def test_dates_without_the_theory(self):
        with pytest.raises(Refusal, match=r"sets entry, but .* a section \[scenario.entry\]"):
            market(north={"entry": {"opens": 8}}).replace({"entry": None})
