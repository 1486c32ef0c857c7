"""Buying centres: who has influence, what moves each role, who is on the shortlist, and whom it pays to convince."""

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
from abm.kpis.kpi import Tallied
from abm.mechanisms.choice.buying_centre import (
    BuyingCentre,
    BuyingCentrePolicy,
    champion_gap,
    evaluator_sponsor_share,
    mean_support,
    shortlist_rate,
    user_sponsor_share,
    veto_share,
    win_rate,
)
from abm.mechanisms.choice.buying_centre_counts import count_attitudes, count_stages, count_wins
from abm.mechanisms.choice.buying_centre_kernels import (
    ROLES,
    book_efforts,
    form_shortlist,
    learn_roles,
    meet_roles,
    move_attitudes,
    saved,
    stance,
    talked_over,
    usual_price,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

attitudes = st.floats(-2, 2, width=32)
SAME = {"user_part": 0.25, "approver_part": 0.25, "evaluator_part": 0.25, "decider_part": 0.25, "influence_spread": 0.0}


def market(periods=104, customers=700, centre=None, **north):
    """Return a market of organisations with three firms."""
    firms = [{"name": "north", **north}, {"name": "east"}, {"name": "south"}]
    return Scenario.parse(
        {
            "periods": periods,
            "burn_in": periods // 4,
            "population": {"customers": customers, "purchase_rate": 0.4},
            "buying_centre": centre or {},
            "firms": firms,
        }
    )


def small(n=1, firms=({}, {}), **centre):
    """Return a world in which the four roles have the same influence and think nothing of any firm."""
    world = Small(n, list(firms), buying_centre={**SAME, **centre})
    for role in ROLES:
        world.c[f"{role}_attitude"].fill(0.0)
    return world


def think(world, firm, *values):
    """Let user, approver, evaluator and decider of all customers think so of a firm."""
    for role, value in zip(ROLES, values, strict=True):
        world.c[f"{role}_attitude"][firm] = value


class TestInfluence:
    def test_it_adds_up_to_one_and_follows_the_parts(self):
        world = Small(4000, buying_centre={f"{role}_part": 0.7 if role == "user" else 0.1 for role in ROLES})
        influence = world.c.influence
        np.testing.assert_allclose(influence.sum(axis=0), 1.0, atol=1e-6)
        assert (influence > 0).all()
        assert influence[0].mean() > 0.6
        assert influence[1:].mean(axis=1).max() < 0.2
        assert influence[0].std() > 0.05

    def test_without_spread_all_centres_are_the_average(self):
        influence = Small(5, buying_centre={"influence_spread": 0.0}).c.influence
        np.testing.assert_allclose(influence, np.array([[0.25], [0.25], [0.2], [0.3]]) * np.ones(5), atol=1e-6)

    def test_so_many_have_a_centre(self):
        assert abs(Small(4000, buying_centre={"centre_share": 0.3}).c.organisation.mean() - 0.3) < 4 * np.sqrt(
            0.21 / 4000
        )
        assert Small(50, buying_centre={}).c.organisation.all()

    def test_attitudes_begin_around_the_first_and_in_bounds(self):
        c = Small(4000, buying_centre={"first_attitude": 0.5, "attitude_spread": 2.0}).c
        found = np.array([c[f"{role}_attitude"] for role in ROLES])
        assert found.min() == -2.0
        assert found.max() == 2.0
        assert abs(np.median(found) - 0.5) < 0.06
        assert abs(np.corrcoef(found[0, 0], found[1, 0])[0, 1]) < 0.06, "roles do not think alike at first"


class TestStance:
    @pytest.mark.parametrize(
        ("attitude", "code"),
        [(-2, -2), (-1.51, -2), (-1.5, -1), (-0.5, 0), (0.49, 0), (0.5, 1), (1.49, 1), (1.5, 2), (2, 2)],
    )
    def test_it_is_the_nearest_of_five(self, attitude, code):
        assert stance(np.float32(attitude)) == code

    @given(attitudes, st.integers(0, 40), st.floats(0, 1, width=32))
    def test_talks_win_over_ever_less_and_never_beyond_a_sponsor(self, attitude, talks, persuasion):
        one, more, most = (
            float(talked_over(np.float32(attitude), np.float32(k), np.float32(persuasion)))
            for k in (talks, talks + 1, talks + 2)
        )
        assert attitude - 1e-5 <= one <= more + 1e-5
        assert most <= 2.0 + 1e-5
        assert most - more <= more - one + 1e-5


class TestShortlist:
    def listed(self, world):
        world.visits([0], [-1])
        world.passing.utility[:, 0] = 0.0
        world.run("buying_centre", form_shortlist)
        return world.passing.shortlisted[:, 0].tolist(), world.passing.utility[:, 0].tolist()

    def test_x_is_influence_times_attitude_and_enters_utility(self):
        world = small(1, user_part=0.4, approver_part=0.1, evaluator_part=0.2, decider_part=0.3, support_weight=0.5)
        think(world, 0, 2.0, -1.0, 1.0, 0.5)  # .8 - .1 + .2 + .15
        think(world, 1, 0.0, 1.0, 0.0, 0.0)
        listed, utility = self.listed(world)
        assert listed == [1, 1]
        assert utility == pytest.approx([0.5 * 1.05, 0.5 * 0.1], abs=1e-6)

    def test_against_whom_opinion_is_is_left_out_if_there_is_a_better_one(self):
        world = small(1, ({}, {}, {}))
        think(world, 0, 0.1, 0.0, 0.0, 0.0)
        think(world, 1, -0.1, 0.0, 0.0, 0.0)
        listed, utility = self.listed(world)
        assert listed == [1, 0, 0], "X = 0 is not above 0"
        assert utility[0] > -1e29
        assert max(utility[1:]) < -1e29

    def test_if_there_is_none_all_are_on_it(self):
        world = small(1, ({}, {}, {}))
        think(world, 1, -0.5, -0.5, -0.5, -0.5)
        assert self.listed(world)[0] == [1, 1, 1]

    def test_an_approver_vetoes_whatever_the_others_want(self):
        world = small(1)
        think(world, 0, 2.0, -1.6, 2.0, 2.0)
        think(world, 1, -1.0, -1.0, -1.0, -1.0)
        assert self.listed(world)[0] == [0, 1]
        think(world, 0, 2.0, -1.4, 2.0, 2.0)
        assert self.listed(world)[0] == [1, 0]

    def test_nobody_is_on_it_whom_it_does_not_know_or_where_all_are_vetoed(self):
        world = small(1)
        think(world, 0, 2.0, 2.0, 2.0, 2.0)
        world.c.aware[0] = 0
        assert self.listed(world)[0] == [0, 1], "an unknown firm is no alternative either"
        think(world, 1, 2.0, -2.0, 2.0, 2.0)
        assert self.listed(world)[0] == [0, 0]

    def test_who_decides_alone_has_no_shortlist(self):
        world = small(1)
        think(world, 0, -2.0, -2.0, -2.0, -2.0)
        world.c.organisation[0] = 0
        assert self.listed(world)[1] == [0.0, 0.0]

    @given(st.lists(attitudes, min_size=12, max_size=12))
    def test_no_veto_and_no_worse_opinion_than_of_who_is_left_out(self, values):
        world = small(1, ({}, {}, {}))
        for firm in range(3):
            think(world, firm, *values[4 * firm : 4 * firm + 4])
        listed, _ = self.listed(world)
        x = np.array([np.mean(values[4 * firm : 4 * firm + 4]) for firm in range(3)])
        open_to = np.array([np.floor(values[4 * firm + 1] + 0.5) > -2 for firm in range(3)])
        assert any(listed) == open_to.any()
        for firm in range(3):
            assert not (listed[firm] and not open_to[firm])
            if open_to[firm] and not listed[firm]:
                assert x[firm] <= 1e-6
                assert x[np.array(listed) > 0].min() > -1e-6


class TestLearning:
    def after(self, performance=0.75, severity=0.0, trust=0.6, discount=0.0, price=(1.0, 1.0), **centre):
        scales = {"user_scale": 10.0, "approver_scale": 10.0, "evaluator_scale": 10.0, "severity_scale": 5.0}
        world = small(1, **{**scales, "learning": 1.0, **centre})
        world.firms.price[:] = price
        world.c.trust[0] = trust
        world.visits([0], [0])
        world.passing.performance[0], world.passing.failure_severity[0] = performance, severity
        world.passing.visit_discount[0] = discount
        world.run("buying_centre", learn_roles)
        return [float(world.c[f"{role}_attitude"][0, 0]) for role in ROLES]

    def test_each_role_by_its_own_criterion(self):
        """User 10 (.75 - .65) = 1; approver 10 (.95 - .9) / .95 = .526; evaluator 10 (.6 - .55) - 5 * .04 = .3."""
        user, approver, evaluator, decider = self.after(price=(0.9, 1.0), severity=0.04)
        assert [user, approver, evaluator] == pytest.approx([1.0, 0.5263, 0.3], abs=1e-3)
        assert decider == pytest.approx(0.4 * 1.0 + 0.3 * 0.5263 + 0.3 * 0.3, abs=1e-3)

    @pytest.mark.parametrize(
        ("change", "moves"),
        [
            ({"performance": 0.8}, [0, 3]), ({"price": (1.1, 1.0)}, [1, 3]), ({"discount": 0.1}, [1, 3]),
            ({"trust": 0.7}, [2, 3]), ({"severity": 0.2}, [2, 3]),
        ],
    )  # fmt: skip
    def test_nobody_looks_at_what_is_not_hers(self, change, moves):
        before, after = np.array(self.after()), np.array(self.after(**change))
        assert np.flatnonzero(np.abs(after - before) > 1e-6).tolist() == moves

    def test_goals_stay_in_bounds_and_learning_is_a_part_of_the_way(self):
        assert self.after(performance=0.0)[0] == -2.0
        assert self.after(performance=1.0, learning=0.25)[0] == pytest.approx(0.5)
        assert self.after(performance=1.0, learning=0.0)[0] == 0.0

    def test_attitudes_fade_to_the_first(self):
        world = small(1, fading=0.5, first_attitude=0.4)
        think(world, 0, 2.0, -2.0, 0.4, 0.0)
        for name in ROLES:
            world.passing[f"{name}_talks"][:] = 0.0
        world.run("buying_centre", move_attitudes)
        found = [float(world.c[f"{role}_attitude"][0, 0]) for role in ROLES]
        assert found == pytest.approx([1.2, -0.8, 0.4, 0.2], abs=1e-6)


class TestTalks:
    def test_each_role_has_its_own_effort_and_all_are_paid_for(self):
        effort = {"user_effort": 0.5, "decider_effort": 0.2, "talk_cost": 2.0}
        world = Small(4000, [{"buying_centre": effort}, {}], buying_centre={})
        world.c.aware[0, 3000:], world.c.exited[2000:3000] = 0, 5
        for name in ROLES:
            world.passing[f"{name}_talks"][:] = 0.0
        lo, hi = 0, min(4000, world.world.tile)
        for kernel in (meet_roles, book_efforts):
            world.bound("buying_centre", kernel)(lo, hi, 0)
        talks = np.array([world.passing[f"{role}_talks"][0, : min(hi, 2000)] for role in ROLES])
        assert talks[1].max() == talks[2].max() == 0.0
        for role, share in ((0, 0.5), (3, 0.2)):
            assert abs(talks[role].mean() - share) < 4 * np.sqrt(share * (1 - share) / talks.shape[1])
        each = int(np.floor(100 * 100 * 2.0 * (np.log(2) - np.log(0.8)) + 0.5))
        assert world.counted("persuasion_spend")[0] == each * min(hi, 2000)
        assert world.counted("persuasion_spend")[1] == 0

    @given(st.floats(0, 0.9), st.floats(0.001, 0.05))
    def test_each_further_step_costs_more(self, effort, step):
        def cost(level):
            return BuyingCentrePolicy(user_effort=level).worked_out(None)["effort_expense"][1]

        assert cost(effort + step) - cost(effort) >= cost(effort) - cost(max(0.0, effort - step)) - 1e-9

    def test_talks_are_counted_and_move_the_person_talked_with(self):
        world = small(2, fading=0.0, persuasion=0.25)
        for name in ROLES:
            world.passing[f"{name}_talks"][:] = 0.0
        world.passing.approver_talks[0, :2] = [1.0, 2.0]
        world.run("buying_centre", move_attitudes)
        assert world.c.approver_attitude[0].tolist() == [0.5, 0.875]
        assert not world.c.user_attitude[0].any()
        assert world.counted("talks_held")[:2] == [3, 0]


class TestCounts:
    def test_stages_by_hand(self):
        """Three occasions of two centres: the first is for firm 0 of the two, the second knows only firm 1."""
        world = small(3)
        think(world, 0, 1.6, 0.0, 0.0, 0.0)
        world.c.aware[0, 1], world.c.organisation[2] = 0, 0
        world.visits([0, 0, 1, 2], [0, -1, 1, 0])
        world.passing.utility[:, :3] = 0.0
        for kernel in (form_shortlist, count_stages):
            world.run("buying_centre", kernel)
        assert world.counted("centre_needs") == [0, 0, 3]
        assert world.counted("needs_searched")[:2] == [2, 3]
        assert world.counted("needs_shortlisted")[:2] == [2, 1]
        assert world.counted("needs_championed")[:2] == [2, 0]
        world.visits([0, 1, 2], [0, 1, 0])  # as the list is when who buys nowhere is off it
        world.run("buying_centre", count_wins)
        assert world.counted("needs_won")[:2] == [1, 1]
        assert world.counted("champion_wins")[:2] == [1, 0]

    def test_attitudes_by_hand(self):
        world = small(4)
        think(world, 0, 2.0, 0.0, 1.5, 1.0)
        world.c.approver_attitude[0, 1], world.c.exited[2], world.c.aware[0, 3] = -1.5001, 3, 0
        world.run("buying_centre", count_attitudes)
        counted = {name: world.counted(name)[0] for name in ("centres", "vetoes", *(f"{r}_sponsors" for r in ROLES))}
        assert list(counted.values()) == [2, 1, 2, 0, 2, 0]
        assert world.counted("support_sum")[0] / 2**20 == pytest.approx(4.5 / 4 + (4.5 - 1.5001) / 4 + 4, abs=1e-5)

    def test_kpis_by_hand(self):
        counted = {
            "needs_searched": 40.0, "needs_shortlisted": 20.0, "needs_championed": 5.0, "needs_won": 10.0,
            "champion_wins": 4.0, "centres": 50.0, "vetoes": 5.0, "support_sum": 110.0,
        }  # fmt: skip
        tallied = Tallied({name: np.array([value, 0.0]) for name, value in counted.items()}, 52, 1)
        found = [float(k(tallied)[0]) for k in (shortlist_rate, win_rate, champion_gap, veto_share, mean_support)]
        assert found == pytest.approx([0.5, 0.5, 0.8 - 0.4, 0.1, 0.2])


class TestMarkets:
    def test_the_same_bits_on_any_threads_and_tiles_and_once_for_everybody(self):
        found = []
        for threads, tile in ((1, None), (3, None), (1, 64)):
            engine = Engine(market(periods=25, customers=300, buying_centre={"user_effort": 0.3}), 3, threads=threads)
            if tile is not None:
                engine.set_tile(tile)
            engine.run(25)
            found.append(engine.world)
        for other in found[1:]:
            np.testing.assert_array_equal(found[0].history, other.history)
            np.testing.assert_array_equal(found[0].customers.user_attitude, other.customers.user_attitude)
        tallied = found[0].tallied
        assert tallied("centres")[:, :3].max() <= 300
        assert (tallied("centre_needs")[:, -1] == tallied("occasions")[:, -1]).all()
        assert (tallied("needs_won") <= tallied("needs_shortlisted")).all()
        assert (tallied("needs_shortlisted") <= tallied("needs_searched")).all()
        assert (tallied("champion_wins") <= np.minimum(tallied("needs_championed"), tallied("needs_won"))).all()
        np.testing.assert_array_equal(tallied("needs_won")[:, :3], tallied("visits")[:, :3])

    def test_without_centres_nothing_is_done(self):
        still = market(periods=5, centre={"centre_share": 0.0})
        assert "buying_centre" not in [step.mechanism.name for step in still.steps()]
        assert "meet_roles" not in [step.name for step in market(periods=5).steps()]

    def test_shares_lie_in_their_bounds(self):
        effort = dict.fromkeys((f"{role}_effort" for role in ROLES), 0.9)
        summary = record(market(customers=300, buying_centre=effort, price=1.3), 3).summary(BuyingCentre.kpis)
        kpis = {kpi.name: summary[:, k] for k, kpi in enumerate(BuyingCentre.kpis)}
        for name, values in kpis.items():
            if name not in ("mean_support", "champion_gap", "talk_rate"):
                assert ((values[~np.isnan(values)] >= 0) & (values[~np.isnan(values)] <= 1)).all(), name
        assert (np.abs(kpis["mean_support"]) <= 2).all()
        assert kpis["user_sponsor_share"][0] > 0.5 > kpis["user_sponsor_share"][1]

    def test_better_service_wins_the_users_and_the_evaluators_and_a_high_price_brings_vetoes(self):
        kpis = (user_sponsor_share, evaluator_sponsor_share, veto_share)
        plain, good, dear = (
            record(one, 3).summary(kpis)[0] for one in (market(), market(service={"quality": 0.85}), market(price=1.5))
        )
        assert good[0] > plain[0] + 0.02
        assert good[1] > plain[1]
        assert dear[2] > plain[2]

    def test_whom_to_convince_goes_by_who_has_the_influence(self):
        """The same efforts at the same cost: a talk with who has the say brings more."""
        gains = {}
        for strong in ("user", "evaluator"):
            parts = {f"{role}_part": 0.85 if role == strong else 0.05 for role in ROLES}
            for talked in ("user", "evaluator"):
                found = record(market(centre=parts, buying_centre={f"{talked}_effort": 0.6}), 3)
                gains[strong, talked] = found.summary([visit_share])[0, 0]
        assert gains["user", "user"] > gains["user", "evaluator"] + 0.02
        assert gains["evaluator", "evaluator"] > gains["evaluator", "user"] + 0.02


class TestRefusals:
    def test_influences_that_do_not_add_up(self):
        with pytest.raises(
            Refusal, match=r"influences of the four roles add up to 1.25; together they are 1"
        ) as caught:
            market(centre={"user_part": 0.5})
        assert "\n" not in str(caught.value)

    def test_a_decider_who_looks_at_more_than_everything(self):
        with pytest.raises(
            Refusal, match=r"decider_quality and decider_price add up to 1.3; together they are 1 at most"
        ):
            market(centre={"decider_quality": 0.9, "decider_price": 0.4})

    def test_efforts_without_the_theory(self):
        with pytest.raises(Refusal, match=r"sets buying_centre, but .* a section \[scenario.buying_centre\]"):
            market(buying_centre={"user_effort": 0.2}).replace({"buying_centre": None})


@pytest.mark.slow
def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(centre={"centre_share": 0.6}, buying_centre={"approver_effort": 0.5}))


@given(st.lists(st.tuples(st.floats(0.125, 100, width=32), st.booleans()), min_size=1, max_size=6))
def test_the_usual_price_is_that_of_firms_that_are_known(firms):
    """And 0 where none is, against which nothing can be saved."""
    prices, known = np.array([price for price, _ in firms], np.float32), np.array([[knows] for _, knows in firms])
    usual = usual_price(prices, known.astype(np.uint8), 0)
    assert usual == pytest.approx(prices[known[:, 0]].mean(), rel=1e-5) if known.any() else usual == 0.0
    assert saved(usual, usual) == 0.0
    assert saved(usual, np.float32(0.0)) == (1.0 if known.any() else 0.0)
