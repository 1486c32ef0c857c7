"""Competition: the rule by hand and by property, levers moved and moved back, looks, stages, whole markets."""

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
from abm.kpis.value import lever_cost
from abm.mechanisms.market.competition import AUTO, BY_STAGE, CompetitionPolicy
from abm.mechanisms.market.competition_kernels import count_switchers
from abm.mechanisms.market.competition_kpis import (
    attack_share,
    defend_share,
    lost_to_rivals,
    net_loss_to_rivals,
    posted_price,
    relative_strength,
    retreat_share,
    stage_strategy_share,
)
from abm.mechanisms.market.lever_moves import target, within
from abm.mechanisms.market.stances import (
    ATTACK,
    DEFEND,
    LEVERS,
    MOVES,
    NONE,
    RETREAT,
    STANCES,
    WATCH,
    Move,
    Rule,
    strength_against,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

SHARES = (attack_share, defend_share, retreat_share, stage_strategy_share)
RULE = Rule(attack_from=1.1, retreat_below=0.8, band=0.05, loss_from=0.05, retreat_after=26, least=13)
NORTH = "firms.north.competition.stance"
FULL = {  # theories that have levers which some stance moves, and what these need
    "advertising": {}, "win_back": {}, "convenience": {}, "care": {}, "complaint": {}, "recovery": {},
    "waiting_line": {}, "contact_centre": {}, "information": {}, "customer_classes": {}, "contacts": {}, "offers": {},
    "save": {},
}  # fmt: skip
SET = {
    "name": "north", "price": 1.02, "fixed_cost": 50.0, "program": {"preset": "points"}, "initial_awareness": 0.9,
    "service": {"quality": 0.8, "failure_rate": 0.1}, "advertising": {"advertising_spend": 0.02},
    "win_back": {"acquisition_budget": 0.01}, "convenience": {"outlets": 3}, "care": {"regular_contact": 0.1},
    "recovery": {"compensation": 0.1}, "waiting_line": {"servers": 4}, "contact_centre": {"agents": 4},
    "information": {"data_coverage": 1.0},
}  # fmt: skip


def market(stance="none", periods=60, customers=400, more=None, firms=None, **section):
    """Return a market of three firms, the first with a stance, that reads early."""
    north = {"name": "north", "competition": {"stance": stance}}
    data = {
        "periods": periods, "population": {"customers": customers, "purchase_rate": 0.5},
        "competition": {"lag": 2, "window": 8, **section},
        "firms": firms or [north, {"name": "east"}, {"name": "south"}], **(more or {}),
    }  # fmt: skip
    return Scenario.parse(data)


def run(scenario, threads=1, tile=None, seed=3):
    engine = Engine(scenario, seed, threads=threads)
    if tile:
        engine.set_tile(tile)
    engine.run(scenario.periods)
    return engine


def levers(engine, j=0):
    """Return every lever of a firm that some stance moves."""
    return {lever: engine.world.firms[lever][j].item() for _, _, lever in LEVERS}


class TestTheRule:
    @pytest.mark.parametrize(
        ("strength", "loss", "weak_for", "stance"),
        [
            (1.1, 0.05, -1, ATTACK), (1.09, 0.05, -1, DEFEND), (1.5, 0.04, -1, NONE), (0.79, 0.2, 25, DEFEND),
            (0.79, 0.2, 26, RETREAT), (0.79, -0.2, 26, RETREAT), (0.8, 0.0, -1, NONE),
        ],
    )  # fmt: skip
    def test_from_watching(self, strength, loss, weak_for, stance):
        assert RULE.next(WATCH, 0, strength, loss, weak_for) == stance

    def test_a_stance_is_kept_for_its_least_time_whatever_is_seen(self):
        for stance in (ATTACK, DEFEND, RETREAT):
            assert RULE.next(stance, 12, 5.0, -1.0, -1) == stance
            assert RULE.next(stance, 13, 5.0, -1.0, -1) == NONE

    def test_after_that_while_its_limits_loosened_by_the_band_hold(self):
        assert RULE.next(ATTACK, 13, 1.06, 0.01, -1) == ATTACK
        assert RULE.next(ATTACK, 13, 1.04, 0.01, -1) == NONE
        assert RULE.next(ATTACK, 13, 1.04, 0.06, -1) == DEFEND
        assert RULE.next(DEFEND, 13, 1.14, 0.01, -1) == DEFEND
        assert RULE.next(DEFEND, 13, 1.16, 0.06, -1) == ATTACK
        assert RULE.next(DEFEND, 13, 0.74, 0.01, 26) == RETREAT
        assert RULE.next(RETREAT, 13, 0.84, 1.0, -1) == RETREAT
        assert RULE.next(RETREAT, 13, 0.86, 0.0, -1) == NONE

    @given(
        st.sampled_from([WATCH, ATTACK, DEFEND, RETREAT]), st.integers(0, 60), st.floats(0, 10), st.floats(-2, 2),
        st.integers(-1, 60),
    )  # fmt: skip
    def test_where_nobody_is_lost_only_the_weak_move(self, stance, held_for, strength, loss, weak_for):
        found = RULE.next(stance, held_for, strength, min(loss, 0.0), weak_for)
        if stance == WATCH or held_for >= RULE.least:
            assert found in (NONE, RETREAT)
            assert found == NONE or strength < RULE.retreat_below + RULE.band

    def test_strength(self):
        assert strength_against(300, 200, 10.0) == 1.5
        assert strength_against(-5, 200, 10.0) == 0.0
        assert strength_against(5, -1, 10.0) == 10.0
        assert strength_against(0, 0, 10.0) == 1.0
        assert strength_against(5000, 1, 10.0) == 10.0

    @given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
    def test_strength_in_its_bounds(self, own, rival):
        assert 0.0 <= strength_against(own, rival, 10.0) <= 10.0

    def test_words_and_codes_agree(self):
        words = CompetitionPolicy.words("stance")
        assert words == (*STANCES, "auto", "by_stage")
        assert (words.index("auto"), words.index("by_stage")) == (AUTO, BY_STAGE)


class TestMoves:
    @given(st.sampled_from([move for moves in MOVES.values() for move in moves]), st.floats(0, 1), st.floats(0, 1))
    def test_shares_stay_shares(self, move, base, size):
        field = {"quality": Scenario().firms[0].service, "failure_rate": Scenario().firms[0].service}.get(move.lever)
        if field is not None:
            parameter = type(field).model_fields[move.lever]
            assert 0.0 <= within(parameter, target(move, base, size), base) <= 1.0

    def test_a_whole_number_is_rounded_away_from_what_is_set_and_keeps_one(self):
        servers = type(Scenario().firms[0].waiting_line).model_fields["servers"]
        assert [within(servers, value, 2.0) for value in (1.5, 2.1, 0.2, 0.0)] == [1.0, 3.0, 1.0, 1.0]
        assert within(servers, 10 * 1.1, 10.0) == 11.0
        assert within(servers, 0.0, 0.0) == 0.0

    @pytest.mark.parametrize("stance", [name for name in STANCES if name not in ("none", "watch")])
    def test_every_lever_of_a_full_market_moves_and_comes_back(self, stance):
        change = {"name": "fight", "from": 3, "until": 6, "set": {NORTH: stance}}
        north = {**SET, "competition": {"stance": "watch"}}
        full = market(periods=8, more={**FULL, "changes": [change]}, firms=[north, {"name": "east"}])
        engine = Engine(full, 3)
        engine.run(3)
        before = levers(engine)
        costs = engine.world.firms.service_cost[0].item()
        engine.run(2)
        during = levers(engine)
        expected = {move.lever for move in MOVES[STANCES.index(stance)]} - {"earn_per_visit", "places"}  # are 0
        assert {lever for lever in before if before[lever] != during[lever]} == expected
        if "quality" in expected or "failure_rate" in expected:
            assert engine.world.firms.service_cost[0] != costs, "what follows from a lever moves with it"
        engine.run(3)
        assert levers(engine) == before
        assert engine.world.firms.service_cost[0] == costs

    def test_places_go_with_no_line_and_are_capacity_too(self):
        firms = [
            {"name": "north", "bookings": {"places": 500.0}, "competition": {"stance": "retreat"}},
            {"name": "east"},
        ]
        engine = Engine(market(more={"bookings": {}}, firms=firms, periods=4), 3)
        engine.run(1)
        assert engine.world.firms.places[0] == 375.0

    def test_by_hand(self):
        """Attack: price .9, quality .75 + .1 x .25; advertising is not in the market and stays."""
        engine = Engine(market("attack"), 3)
        engine.run(1)
        found = levers(engine)
        assert found["price"] == pytest.approx(0.9)
        assert found["quality"] == pytest.approx(0.775)
        assert found["advertising_spend"] == 0.0
        assert levers(engine, 1)["price"] == 1.0

    def test_an_attack_does_not_sell_below_the_cost_of_goods(self):
        engine = Engine(market("attack", price_cut=0.7), 3)
        engine.run(1)
        assert levers(engine)["price"] == pytest.approx(0.6)

    def test_who_is_far_cheaper_than_all_rivals_already_does_not_cut(self):
        cheap = market("attack").replace({"firms.north.price": 0.85, "firms.north.service.quality": 0.99})
        engine = Engine(cheap, 3)
        engine.run(5)
        assert levers(engine)["price"] == pytest.approx(0.765), "before there is news"
        engine.run(10)
        assert levers(engine)["price"] == pytest.approx(0.85)
        assert levers(engine)["quality"] == pytest.approx(0.99)

    def test_a_line_that_is_not_there_gets_no_servers(self):
        firms = [{"name": "north", "competition": {"stance": "retreat"}}, {"name": "east"}]
        engine = Engine(market(more={"waiting_line": {}}, firms=firms, periods=4), 3)
        engine.run(4)
        assert levers(engine)["servers"] == 0


class TestTheBase:
    def path(self, change, stance="attack", hand=None, periods=12):
        """Return the first firm's price in each period, with a change of its price, or one by hand at period 5."""
        engine = Engine(market(stance, periods=periods, more={"changes": [change] if change else []}), 3)
        found = []
        for t in range(periods):
            if t == 5 and hand is not None:
                engine.set_firm(0, engine.levers.firms[0].replace({"price": hand}))
            engine.run(1)
            found.append(round(float(engine.world.firms.price[0]), 4))
        return found

    def test_a_dated_change_is_what_the_stance_starts_from(self):
        change = {"name": "dearer", "from": 4, "until": 8, "set": {"firms.north.price": 1.1}}
        assert self.path(change) == [0.9] * 4 + [0.99] * 4 + [0.9] * 4

    def test_also_a_change_to_just_where_the_stance_has_put_it(self):
        change = {"name": "cheaper", "from": 4, "until": 8, "set": {"firms.north.price": 0.9}}
        assert self.path(change) == [0.9] * 4 + [0.81] * 4 + [0.9] * 4

    def test_and_one_in_steps(self):
        change = {"name": "dearer", "from": 4, "ramp": 2, "set": {"firms.north.price": 1.2}}
        assert self.path(change, periods=7) == [0.9] * 4 + [0.99] + [1.08] * 2

    def test_what_is_set_by_hand_counts_too(self):
        assert self.path(None, hand=1.1, periods=7) == [0.9] * 5 + [0.99] * 2

    def test_a_change_of_price_and_stance_at_once(self):
        change = {"name": "both", "from": 4, "until": 8, "set": {"firms.north.price": 1.2, NORTH: "hold"}}
        assert self.path(change, stance="watch") == [1.0] * 4 + [1.14] * 4 + [1.0] * 4

    @pytest.mark.parametrize("stance", ["none", "watch"])
    def test_an_attack_between_two_dates_moves_levers_back_when_it_ends(self, stance):
        """Also if no firm has a stance before and after, and if the firm has set another price meanwhile."""
        fight = {"name": "fight", "from": 4, "until": 8, "set": {NORTH: "attack"}}
        assert self.path(fight, stance=stance) == [1.0] * 4 + [0.9] * 4 + [1.0] * 4
        dearer = {"name": "dearer", "from": 6, "set": {"firms.north.price": 1.1}}
        engine = Engine(market(stance, periods=12, more={"changes": [fight, dearer]}), 3)
        paths = []
        for _ in range(12):
            engine.run(1)
            paths.append(round(float(engine.world.firms.price[0]), 6))
        assert paths == [1.0] * 4 + [0.9] * 2 + [0.99] * 2 + [1.1] * 4

    def test_an_attack_that_is_stopped_by_hand_is_over(self):
        engine = Engine(market("attack", periods=12), 3)
        engine.run(4)
        engine.set_firm(0, engine.levers.firms[0].replace({"competition.stance": "none"}))
        engine.run(1)
        assert engine.world.firms.price[0] == 1.0


class TestLooks:
    def test_who_has_a_provider_when_the_theory_begins_is_held(self):
        """At period 10 first; nobody who stays with a firm has come from none."""
        fight = {"name": "fight", "from": 10, "set": {NORTH: "attack"}}
        engine = Engine(market(more={"changes": [fight]}), 3)
        engine.run(10)
        provider = engine.world.customers.provider.copy()
        engine.run(1)
        held = engine.world.tallied("held_customers")[10]
        assert held.tolist() == [*((provider == j).sum() for j in range(3)), (provider < 0).sum()]
        assert held[:3].sum() > 0

    def test_switchers_by_hand(self):
        """From firm 0 one stays, one goes to firm 1, one has no provider any more; one is new to firm 0."""
        small = Small(4, competition={}, firms=({"competition": {"stance": "watch"}}, {}))
        small.c.provider_before[:] = [0, 0, 0, -1]
        small.c.provider[:] = [0, 1, -1, 0]
        small.run("competition", count_switchers)
        assert small.counted("held_customers") == [3, 0, 1]
        assert small.counted("lost_customers") == [1, 0, 0]
        assert small.counted("won_customers") == [0, 1, 0]
        assert small.c.provider_before.tolist() == [0, 1, -1, 0]

    def test_a_review_reads_a_window_that_ended_some_periods_ago(self):
        engine = Engine(market("watch"), 3)
        engine.run(9)
        assert engine.world.customers.strength_seen[0] == -1, "at period 8 only 8 of 10 periods have passed"
        engine.run(4)
        world, c = engine.world, engine.world.customers
        read = slice(2, 10)
        earned = (world.tallied("revenue") - world.tallied("goods"))[read, :3].sum(axis=0)
        lost, won, held = (
            world.tallied(name)[read, :3].sum(axis=0) for name in ("lost_customers", "won_customers", "held_customers")
        )
        for j in range(3):
            assert c.strength_seen[j] == pytest.approx(earned[j] / max(np.delete(earned, j)), rel=1e-5)
        np.testing.assert_allclose(c.loss_seen, 8 * (lost - won) / held)
        assert c.rival_price_seen.tolist() == [1.0] * 3
        assert np.abs(c.rival_quality_seen - 0.75).max() < 0.06

    def test_who_is_lost_is_won_by_a_rival(self):
        world = run(market("watch")).world
        lost, won = (world.tallied(name)[:, :3].sum(axis=1) for name in ("lost_customers", "won_customers"))
        np.testing.assert_array_equal(lost, won)
        assert lost.sum() > 50
        assert (world.tallied("held_customers").sum(axis=1) == 400).all()


class TestMarkets:
    def test_neutral(self):
        still = market()
        assert "competition" not in [step.mechanism.name for step in still.steps()]
        one, other, watched = (run(m) for m in (still, still.replace({"competition": None}), market("watch")))
        for name in ("visits", "revenue", "service"):
            np.testing.assert_array_equal(one.world.tallied(name), other.world.tallied(name))
            np.testing.assert_array_equal(one.world.tallied(name), watched.world.tallied(name))

    def test_same_bits(self):
        scenario = market("auto", more={"advertising": {}}, loss_from=0.0, least=4).replace(
            {"firms.east.competition.stance": "auto", "firms.south.competition.stance": "auto"}
        )
        one, more, tiled = run(scenario), run(scenario, threads=3), run(scenario, tile=64)
        assert one.world.tallied("stance_periods").sum() > 20
        np.testing.assert_array_equal(one.world.history, more.world.history)
        np.testing.assert_array_equal(one.world.history, tiled.world.history)

    def test_a_restart_begins_again(self):
        scenario = market("auto", loss_from=0.0, least=4)
        engine = run(scenario)
        before = engine.world.history.copy()
        engine.restart(1)
        engine.run(20)
        engine.restart(0)
        engine.run(scenario.periods)
        np.testing.assert_array_equal(engine.world.history, before)

    def test_kernels(self):
        abm.check_kernels(market("attack"))

    def test_an_attack_wins_share_and_costs(self):
        kpis = (visit_share, lever_cost, posted_price, attack_share, net_loss_to_rivals, relative_strength)
        still, attacked = (record(market(s, customers=1000), 3).summary(kpis)[0] for s in ("watch", "attack"))
        assert attacked[0] > still[0] + 0.05
        assert attacked[1] > still[1] + 5
        assert attacked[2] == pytest.approx(0.9, abs=1e-5)
        assert (still[3], attacked[3]) == (0.0, 1.0)
        assert attacked[4] < still[4]
        assert attacked[5] > still[5]

    def test_a_weak_firm_retreats_by_itself_and_a_strong_one_that_loses_customers_answers(self):
        """North delivers badly from the start; then south turns cheap, and takes customers from the strong east."""
        weak = market("auto", periods=100, customers=800).replace({"firms.north.service.quality": 0.55})
        assert record(weak, 3).summary((retreat_share,))[0, 0] > 0.5
        cut = {"name": "cut", "from": 30, "set": {"firms.south.price": 0.8}}
        firms = [{"name": "north", "price": 1.2}, {"name": "east", "service": {"quality": 0.85}}, {"name": "south"}]
        firms[1]["competition"] = {"stance": "auto"}
        scenario = market(periods=80, customers=800, firms=firms, more={"changes": [cut]})
        path = record(scenario, 3).by_period((attack_share, defend_share))[:, 1, :]
        assert path[:30].sum() == 0
        assert path[30:].sum() > 8

    def test_shares_lie_between_0_and_1(self):
        found = record(market("auto", loss_from=0.0, least=4), 3).by_period((*SHARES, lost_to_rivals))
        known = found[np.isfinite(found)]
        assert known.size > 500
        assert ((known >= 0) & (known <= 1)).all()
        assert np.nansum(found[:, :, :4], axis=2).max() <= 1


class TestStages:
    def test_the_strategy_follows_the_stage(self):
        section = {"initial_adopters": 0.05, "innovation": 0.05, "imitation": 2.0}
        more = {"adoption": section, "advertising": {}, "network": {"kind": "ring", "neighbours": 4}}
        engine = Engine(market("by_stage", periods=330, more=more), 3)
        seen = set()
        for _ in range(330):
            engine.run(1)
            stage, stance = int(engine.world.customers.life_cycle_stage[0]), int(engine.world.customers.stance_now[0])
            assert STANCES[stance] == ("introduce", "build", "hold", "harvest")[max(stage, 0)]
            seen.add(stance)
        assert len(seen) >= 3
        assert record(engine.scenario, 3).summary((stage_strategy_share,))[0, 0] == 1.0

    def test_other_stances_by_stage(self):
        more = {"adoption": {}, "network": {"kind": "ring", "neighbours": 4}}
        engine = Engine(market("by_stage", more=more, stage_stances=("attack", "watch", "defend", "retreat")), 3)
        engine.run(1)
        assert engine.world.customers.stance_now[0] == ATTACK


class TestRefusals:
    def test_stages_without_adoption(self):
        with pytest.raises(Refusal, match=r"competition.stance = \"by_stage\", but the market has no stages; give"):
            market("by_stage")

    def test_no_rival(self):
        with pytest.raises(Refusal, match="there is no rival; give the market a second firm"):
            market(firms=[{"name": "north", "competition": {"stance": "watch"}}])

    def test_limits_that_cross(self):
        with pytest.raises(Refusal, match=r"retreat_below = 1.2 is above attack_from = 1.1"):
            market(retreat_below=1.2)

    def test_a_stance_without_the_theory(self):
        with pytest.raises(Refusal, match=r"sets competition, but .* a section \[scenario.competition\]"):
            market("attack").replace({"competition": None})


def test_a_move_says_what_it_is():
    assert MOVES[ATTACK][0] == Move("accounts", "", "price", "times", -1, "price_cut")
