"""Choice: utilities by hand, the logit as a distribution and in frequencies, every rule, and contracts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.behaviour import repeat_rate
from abm.mechanisms.choice.contracts import honour_contracts
from abm.mechanisms.choice.memory import keep_visits_to_firms, remember_choices
from abm.mechanisms.choice.rules import (
    ASPECTS,
    choose_best,
    draw_choices,
    eliminate_by_aspects,
    follow_habit,
    keep_stayers,
    mark_stayers,
    settle_for_enough,
)
from abm.mechanisms.choice.valuation import leave_out_lost, leave_out_unknown
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

LOST, ACTIVE = 3, 1
WEIGHTS = {
    "trust": {"trust_weight": 1.0, "commitment_weight": 2.0},
    "pricing": {"price_sensitivity": 1.5},
    "word_of_mouth": {"word_of_mouth_weight": 0.5},
    "taste": {"taste_spread": 0.0},
    "switching_cost": {"switching_weight": 2.0, "basis": "trait"},
}
CROWD = 20_000


def market(customers=1, firms=3, **choice):
    """Return a small world with known weights."""
    return Small(customers, [{}] * firms, **WEIGHTS, choice={"attraction": 5.0, "outside": 1.0, **choice})


def decided(utilities, provider=-1, kernels=(draw_choices,), cost=0.0, t=0, **choice):
    """Let a customer decide between given utilities; return her firm and the world."""
    rule = "threshold" if mark_stayers in kernels else "mnl"
    small = market(1, len(utilities), rule=rule, **choice)
    small.c.provider[0] = provider
    small.visits([0], [-1])
    small.passing.utility[:, 0] = utilities
    if mark_stayers in kernels:
        small.passing.utility_without_switching_cost[:, 0] = utilities
        small.passing.utility[max(provider, 0), 0] += 2.0 * cost if provider >= 0 else 0.0
    for kernel in kernels:
        small.run("choice", kernel, t)
    return int(small.at("visit_firm")[0]), small


NOT_CONSIDERED = -1e30


class TestUtility:
    def test_by_hand(self):
        """5 * 0.8 + 0.5 + 2 * 0.2 - 1.5 * 0.8 * 1.1 * 0.9 + 0.5 * 0.1 + 0.05 = 3.812."""
        small = Small(1, [{"program": {"earn_rate": 0.1}}, {}], **WEIGHTS, choice={"attraction": 5.0})
        c = small.c
        c.encounters[0], c.satisfaction[0], c.expectation[:] = 1, 0.8, [[0.1], [0.7]]
        c.trust.fill(0.5)
        c.affective_commitment.fill(0.2)
        c.word_of_mouth[0], c.program_utility[0], c.price_weight[0], c.tier[0] = 0.1, 0.05, 0.8, 1
        small.firms.price[:] = [1.1, 1.0]
        small.firms.tier_cut[1, 0], c.member[0] = 0.1, 1
        small.visits([0], [-1])
        small.phases(Phase.NEED, Phase.VALUATION)
        assert c.price_response == pytest.approx([1.2])
        assert small.at("utility")[:, 0] == pytest.approx([3.812, 5 * 0.7 + 0.5 + 0.4 - 1.2])

    def test_a_sum_can_be_had_without_the_terms_of_one_theory(self):
        """The rule of the threshold asks for utility without the cost of leaving; all else is in both."""
        small = market(2, 2, rule="threshold")
        small.c.provider[:], small.c.switching_cost[:] = [1, -1], 0.4
        small.visits([0, 1], [-1, -1])
        small.phases(Phase.NEED, Phase.VALUATION)
        whole, without = small.passing.utility[:, :2], small.passing.utility_without_switching_cost[:, :2]
        np.testing.assert_allclose(whole - without, [[0.0, 0.0], [0.8, 0.0]], atol=1e-6)
        assert np.all(without != 0)

    def test_only_known_firms_are_considered_and_no_lost_one_where_leaving_is_for_good(self):
        for mode, considered in (("always_a_share", [True, False, True]), ("lost_for_good", [True, False, False])):
            small = market(1, 3, market=mode)
            small.c.aware[1], small.c.relation[2] = 0, LOST
            small.visits([0], [-1])
            for kernel in (leave_out_unknown, leave_out_lost) if mode == "lost_for_good" else (leave_out_unknown,):
                small.run("choice", kernel)
            assert (small.at("utility")[:, 0] > -1e29).tolist() == considered


class TestLogit:
    @given(st.lists(st.floats(-60, 60, width=32), min_size=1, max_size=4), st.floats(-60, 60, width=32))
    def test_probabilities_are_those_of_the_logit(self, utilities, outside):
        _, small = decided(utilities, outside=outside)
        exact = special.softmax([outside, *utilities])
        np.testing.assert_allclose(small.at("chance")[:, 0], exact[1:], rtol=1e-5, atol=1e-30)
        assert small.at("chance").sum() + exact[0] == pytest.approx(1.0, abs=1e-6)

    def test_frequencies_are_the_probabilities(self):
        """Within four standard errors each; a firm that is not considered is never chosen."""
        small = market(1000, 4)
        utilities = [1.5, 0.2, NOT_CONSIDERED, 1.0]
        small.visits(np.arange(1000), np.full(1000, -1))
        small.passing.utility[:, :1000] = np.array(utilities, np.float32)[:, None]
        firms = []
        for t in range(20):
            small.run("choice", draw_choices, t)
            firms.append(small.at("visit_firm").copy())
        share = np.bincount(np.concatenate(firms) + 1, minlength=5) / CROWD
        p = special.softmax([1.0, 1.5, 0.2, -np.inf, 1.0])
        assert share[3] == p[3] == 0
        assert np.all(np.abs(share - p) <= 4 * np.sqrt(p * (1 - p) / CROWD))

    def test_nobody_considered_means_nowhere(self):
        firm, small = decided([NOT_CONSIDERED] * 3, outside=-80.0)
        assert firm == -1
        assert np.all(small.at("chance") == 0)

    @pytest.mark.parametrize(("outside", "firm"), [(-80.0, 1), (80.0, -1)])
    def test_extreme_utilities_are_certain(self, outside, firm):
        assert decided([NOT_CONSIDERED, 3.0], outside=outside)[0] == firm

    @given(st.floats(-3, 3, width=32), st.floats(0.0078125, 2, width=32), st.integers(0, 30))
    def test_raising_one_firm_never_sends_her_elsewhere(self, u, more, t):
        """Common luck: as nobody is in front of the firms, a better last firm only gains, a better first only keeps."""
        before, after = decided([u, 0.5], t=t)[0], decided([u, 0.5 + more], t=t)[0]
        assert before != 1 or after == 1

    def test_a_common_shift_of_all_options_changes_nothing(self):
        first, second = decided([1.0, 2.0], outside=0.5)[1], decided([4.0, 5.0], outside=3.5)[1]
        np.testing.assert_allclose(first.at("chance"), second.at("chance"), rtol=1e-6)


class TestRules:
    def test_the_best_is_taken_and_of_equals_the_earlier(self):
        best = (draw_choices, choose_best)
        assert decided([1.5, 2.0, 2.0], kernels=best)[0] == 1
        assert decided([1.0, 0.5, NOT_CONSIDERED], kernels=best)[0] == -1  # nobody comes first
        assert decided([1.5, 2.0, 2.0], kernels=best)[1].at("chance").sum() < 1.0  # the preference stays the logit's

    def test_habit_has_its_strength(self):
        small = market(1000, 2, habit_strength=0.3)
        customers = np.arange(1000)
        small.c.provider.fill(0)
        small.visits(customers, np.full(1000, -1))
        small.passing.utility[0, :1000], small.passing.utility[1, :1000] = -60.0, 60.0
        again = 0
        for t in range(20):
            small.run("choice", draw_choices, t)
            small.run("choice", follow_habit, t)
            again += np.sum(small.at("visit_firm") == 0)
        assert abs(again / CROWD - 0.3) < 4 * np.sqrt(0.21 / CROWD)

    @pytest.mark.parametrize(("provider", "utility"), [(-1, 0.0), (0, NOT_CONSIDERED)])
    def test_habit_needs_a_provider_who_is_considered(self, provider, utility):
        kernels = (draw_choices, follow_habit)
        assert decided([utility, 60.0], provider, kernels, habit_strength=1.0)[0] == 1

    THRESHOLD = (mark_stayers, draw_choices, keep_stayers)

    def test_under_the_threshold_she_stays(self):
        """A rival better by 0.8 is not worth a cost of leaving of 2 * 0.5."""
        firm, small = decided([2.0, 2.8], 0, self.THRESHOLD, cost=0.5)
        assert firm == 0
        assert small.at("chance")[:, 0] == pytest.approx(special.softmax([1.0, 3.0, 2.8])[1:])

    def test_above_it_she_evaluates_without_it(self):
        firm, small = decided([2.0, 60.0], 0, self.THRESHOLD, cost=0.5)
        assert firm == 1
        assert small.at("chance")[:, 0] == pytest.approx(special.softmax([1.0, 2.0, 60.0])[1:], abs=1e-20)

    def test_exactly_at_it_she_stays(self):
        assert decided([2.0, 3.0], 0, self.THRESHOLD, cost=0.5)[0] == 0
        assert decided([-1.0, -9.0], 0, self.THRESHOLD, cost=1.0)[0] == 0  # nobody: 1 = -1 + 2

    def test_who_has_no_provider_or_cannot_consider_her_evaluates(self):
        assert decided([2.0, 60.0], -1, self.THRESHOLD, cost=0.5)[0] == 1
        assert decided([NOT_CONSIDERED, 60.0], 0, self.THRESHOLD, cost=0.5)[0] == 1


class TestEnough:
    """The rule satisfice: who is content stays, who is not takes what is good enough."""

    def decided(self, satisfactions, provider, customers=1, utilities=(2.0, 2.0, 2.0), aspiration=0.7, luck=None):
        """Let customers who have used all firms decide; return the firms they choose."""
        small = market(customers, 3, rule="satisfice", aspiration=aspiration)
        small.c.encounters[:], small.c.satisfaction[:] = 1.0, np.array(satisfactions, np.float32)[:, None]
        small.c.provider.fill(provider)
        small.visits(np.arange(customers), np.full(customers, -1))
        small.passing.utility[:, :customers] = np.array(utilities, np.float32)[:, None]
        small.run("choice", draw_choices)
        drawn = small.at("visit_firm").copy()
        if luck is not None:
            small.scratch("choice", "visit_luck")[1, :customers] = luck
        small.run("choice", settle_for_enough)
        return small.at("visit_firm"), drawn

    def test_who_is_content_stays_however_good_the_others_are(self):
        assert self.decided([0.75, 0.99, 0.99], 0, utilities=(1.1, 60.0, 60.0))[0] == 0

    @pytest.mark.parametrize(("luck", "firm"), [(0.0, 1), (0.49, 1), (0.5, 2), (0.9999, 2)])
    def test_who_is_not_takes_one_that_is_good_enough_whichever_is_found_first(self, luck, firm):
        assert self.decided([0.7, 0.71, 0.99], 0, luck=luck)[0] == firm, "0.7 does not exceed 0.7"

    def test_a_firm_that_is_worth_less_than_nowhere_is_not_good_enough(self):
        assert self.decided([0.9, 0.9, 0.9], 0, utilities=(0.5, 2.0, 1.0))[0] == 1
        assert self.decided([0.9, 0.9, 0.9], 0, utilities=(NOT_CONSIDERED, NOT_CONSIDERED, 2.0))[0] == 2

    def test_where_none_is_the_draw_stands(self):
        chosen, drawn = self.decided([0.1, 0.2, 0.3], 1, customers=500)
        np.testing.assert_array_equal(chosen, drawn)
        assert {*drawn} == {-1, 0, 1, 2}

    def test_before_first_use_it_is_the_expectation_that_has_to_be_good_enough(self):
        small = market(1, 2, rule="satisfice", aspiration=0.7)
        small.c.expectation[:] = [[0.6], [0.8]]
        small.visits([0], [-1])
        small.passing.utility[:, 0] = [60.0, 2.0]
        for kernel in (draw_choices, settle_for_enough):
            small.run("choice", kernel)
        assert small.at("visit_firm") == 1

    def test_whom_nothing_satisfies_chooses_by_the_logit(self):
        data = {"periods": 30, "population": {"customers": 300}}
        engines = [Engine(Scenario.parse({**data, "choice": choice}), 3) for choice in (
            {}, {"rule": "satisfice", "aspiration": 1.0}
        )]  # fmt: skip
        for engine in engines:
            engine.run(30)
        np.testing.assert_array_equal(engines[0].world.history, engines[1].world.history)

    def test_the_more_is_asked_the_less_they_stay(self):
        data = {"periods": 60, "burn_in": 30, "population": {"customers": 500, "purchase_rate": 0.5}}
        repeats = [
            record(Scenario.parse({**data, "choice": {"rule": "satisfice", "aspiration": a}}), 3).summary([repeat_rate])
            for a in (0.0, 0.75, 1.0)
        ]
        means = [float(found.mean()) for found in repeats]
        assert means[0] > 0.95, "only who finds the provider worse than nowhere goes elsewhere"
        assert means[0] > means[1] + 0.05
        assert means[1] > means[2] + 0.01


class TestElimination:
    """The rule eba: one aspect at a time, and whoever falls short is out."""

    def world(self, terms, customers=1, shortfall=0.3, utilities=None, **weights):
        """Return a world in which terms (aspect -> by firm) stand, and the logit has drawn the first firm."""
        given = {f"{aspect}_aspect": weights.get(aspect, 0.0) for aspect in ASPECTS}
        small = market(customers, 3, rule="eba", shortfall=shortfall, **given)
        small.visits(np.arange(customers), np.zeros(customers, int))
        small.passing.utility[:, :customers] = np.array(utilities or [1.0] * 3, np.float32)[:, None]
        for theory, aspect in zip(("choice", "pricing", "trust", "taste", "convenience"), ASPECTS, strict=True):
            found = np.array(terms.get(aspect, [0.0] * 3), np.float32)[:, None]
            small.passing[f"utility_of_{theory}"][:, :customers] = found
        return small

    def chosen(self, small, luck=None, t=0):
        small.passing.visit_firm[: small.world.n] = 0
        small.scratch("choice", "visit_luck")[1, : small.world.n] = 0.5 if luck is None else luck
        small.run("choice", eliminate_by_aspects, t)
        return small.at("visit_firm").tolist()

    @pytest.mark.parametrize("aspect", ASPECTS)
    def test_with_one_aspect_the_best_on_it_is_taken(self, aspect):
        terms = {aspect: [-1.0, 0.5, -0.5], **{other: [9.0, 0.0, 0.0] for other in ASPECTS if other != aspect}}
        assert self.chosen(self.world(terms, **{aspect: 0.2})) == [1]

    def test_who_falls_short_by_no_more_than_the_shortfall_stays_and_luck_decides(self):
        small = self.world({"price": [-6.0, -6.25, -6.5]}, price=1.0, shortfall=0.25)
        assert [self.chosen(small, luck)[0] for luck in (0.0, 0.49, 0.5, 0.99)] == [0, 0, 1, 1]

    def test_aspects_are_drawn_in_proportion_to_their_weights(self):
        """Three firms, each the best on one aspect: what an aspect weighs is how often its firm is taken."""
        terms = {"quality": [9.0, 0.0, 0.0], "trust": [0.0, 9.0, 0.0], "convenience": [0.0, 0.0, 9.0]}
        small = self.world(terms, 1000, quality=5.0, trust=3.0, convenience=2.0)
        firms = np.concatenate([self.chosen(small, t=t) for t in range(20)])
        for firm, share in enumerate((0.5, 0.3, 0.2)):
            assert abs(np.mean(firms == firm) - share) < 4 * np.sqrt(share * (1 - share) / CROWD)

    def test_a_second_aspect_decides_among_those_whom_the_first_leaves(self):
        """The last firm is out by price, the first by trust: whichever comes first, one is left after both."""
        terms = {"price": [-6.0, -6.1, -9.0], "trust": [0.0, 2.0, 1.9]}
        small = self.world(terms, 200, price=1.0, trust=1.0)
        assert {*self.chosen(small)} == {1}

    def test_an_aspect_on_which_all_are_alike_says_nothing(self):
        terms = {"quality": [2.0, 2.0, 2.0], "taste": [0.0, 0.0, 3.0]}
        assert {*self.chosen(self.world(terms, 100, quality=100.0, taste=0.01))} == {2}

    def test_firms_not_considered_are_not_in_the_running_and_who_buys_nowhere_does_not_compare(self):
        terms = {"quality": [5.0, 1.0, 0.0]}
        small = self.world(terms, 2, quality=1.0, utilities=[NOT_CONSIDERED, 1.0, 1.0])
        small.passing.visit_firm[1] = -1
        small.run("choice", eliminate_by_aspects)
        assert small.at("visit_firm").tolist() == [1, -1]

    def test_without_weights_it_is_a_lottery_among_those_considered(self):
        small = self.world({"quality": [9.0, 0.0, 0.0]}, 1000)
        luck = np.arange(1000) / 1000
        assert np.bincount(self.chosen(small, luck)).tolist() == [334, 333, 333]

    @given(st.lists(st.floats(-8, 8, width=32), min_size=15, max_size=15), st.floats(0, 2, width=32), st.integers(0, 9))
    def test_whoever_wins_is_beaten_by_more_than_the_shortfall_on_some_aspect_only(self, values, shortfall, t):
        """A firm that is worse than another by more than the shortfall on every aspect never wins."""
        terms = {aspect: values[3 * k : 3 * k + 3] for k, aspect in enumerate(ASPECTS)}
        small = self.world(terms, shortfall=shortfall, **dict.fromkeys(ASPECTS, 1.0))
        winner = self.chosen(small, t=t)[0]
        held = np.array([terms[aspect] for aspect in ASPECTS], np.float32)
        for rival in range(3):
            assert not np.all(held[:, winner] < held[:, rival] - np.float32(shortfall))

    def test_whether_she_buys_at_all_is_the_logits(self):
        data = {"periods": 1, "population": {"customers": 400, "purchase_rate": 1.0}}
        nowhere = []
        for rule in ("mnl", "eba"):
            engine = Engine(Scenario.parse({**data, "choice": {"rule": rule}}), 3)
            engine.run(1)
            nowhere.append(engine.world.tallied("visits")[0])
        assert nowhere[0][-1] == nowhere[1][-1]
        assert nowhere[0][:-1].tolist() != nowhere[1][:-1].tolist()


@pytest.mark.parametrize("rule", ["satisfice", "eba"])
def test_other_rules_have_the_same_bits_on_any_threads_and_tiles(rule):
    found = []
    for threads, tile in ((1, None), (3, None), (1, 64)):
        data = {"periods": 20, "population": {"customers": 300}, "choice": {"rule": rule}, "convenience": {}}
        engine = Engine(Scenario.parse(data), 3, threads=threads)
        if tile is not None:
            engine.set_tile(tile)
        engine.run(20)
        found.append(engine.world.history)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


class TestContracts:
    def after(self, firms, provider=0, signed=0, t=5, term=5):
        """Let one customer's visits be drawn to firms; return where they go and what became of the contract."""
        small = market(1, 3, market="lost_for_good", term=term)
        small.c.provider[0], small.c.signed[0], small.c.relation[:2, 0] = provider, signed, ACTIVE
        small.visits([0] * len(firms), firms)
        small.run("choice", honour_contracts, t)
        small.run("choice", remember_choices, t)
        c = small.c
        return small.at("visit_firm").tolist(), (int(c.provider[0]), int(c.signed[0])), int(c.relation[0, 0])

    def test_a_contract_binds_for_its_term(self):
        assert self.after([1, -1], t=4) == ([0, 0], (0, 0), ACTIVE)
        assert self.after([1], t=5) == ([1], (1, 5), LOST)

    def test_who_leaves_at_a_renewal_is_counted_as_lost(self):
        small = market(2, 3, market="lost_for_good", term=5)
        small.c.provider[:], small.c.signed[:], small.c.relation[0] = 0, 0, ACTIVE
        small.visits([0, 0, 1], [0, 1, 0])
        small.run("choice", honour_contracts, 5)
        assert [small.counted(name) for name in ("current", "fell_lost")] == [[1, 0, 0, 0], [1, 0, 0, 0]]

    def test_renewing_signs_anew(self):
        assert self.after([0]) == ([0], (0, 5), ACTIVE)

    def test_leaving_to_nobody_ends_everything(self):
        assert self.after([-1]) == ([-1], (-1, -1), LOST)

    @pytest.mark.parametrize("firms", [[0, 1], [1, 0], [2, -1], [-1, 2], [1, 2, 0, -1]])
    def test_the_last_of_several_visits_at_renewal_decides_for_all(self, firms):
        last = firms[-1]
        contract = (last, 5) if last >= 0 else (-1, -1)
        assert self.after(firms) == ([last] * len(firms), contract, ACTIVE if last == 0 else LOST)

    @pytest.mark.parametrize(("firms", "signs"), [([1, 2], 2), ([1, -1], 1), ([-1, 1], 1), ([-1, -1], -1)])
    def test_who_had_none_signs_with_the_last_firm(self, firms, signs):
        went, contract, relation = self.after(firms, provider=-1, signed=-1)
        assert went == firms
        assert contract == ((signs, 5) if signs >= 0 else (-1, -1))
        assert relation == ACTIVE

    def test_neighbours_in_the_list_are_told_apart(self):
        """Two customers with visits side by side: the one's renewal does not decide for the other."""
        small = market(2, 3, market="lost_for_good", term=5)
        small.c.provider[:], small.c.signed[:] = [0, 2], [0, 3]
        small.visits([0, 0, 1, 1], [2, 1, 0, 0])
        small.run("choice", honour_contracts, 5)
        assert small.at("visit_firm").tolist() == [1, 1, 2, 2]


class TestMemory:
    def test_provider_preference_and_counts(self):
        small = market(3, 2)
        small.c.provider[:] = [0, -1, 1]
        small.visits([0, 0, 1, 2], [1, 0, 1, -1])
        small.scratch("choice", "chance")[:, :4] = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.4, 0.3, 0.2]]
        small.run("choice", remember_choices)
        assert small.c.provider.tolist() == [0, 1, 1]  # of the last visit that was not skipped
        np.testing.assert_allclose(small.c.preference, [[0.2, 0.3, 0.4], [0.4, 0.3, 0.2]])
        assert small.counted("visits") == [1, 2, 1]
        assert small.counted("repeats") == [1, 0, 0]
        assert small.counted("repeat_base") == [2, 0, 0]

    def test_visits_to_nobody_leave_the_list_and_the_others_know_their_pair(self):
        small = market(5, 3)
        small.visits([0, 1, 1, 3, 4], [2, -1, 0, -1, 1])
        small.at("visit_provider")[:] = [2, 1, 0, -1, 0]
        small.run("choice", keep_visits_to_firms)
        assert small.at("visit_customer").tolist() == [0, 1, 4]
        assert small.at("visit_provider").tolist() == [2, 0, 0]
        assert small.at("visit_nth").tolist() == [0, 1, 0]
        assert small.at("visit_firm").tolist() == [2, 0, 1]
        assert small.at("visit_pair").tolist() == [10, 1, 9]

    def test_a_list_without_them_stays_as_it_is(self):
        small = market(5, 3)
        small.visits([4, 4], [1, 2])
        small.run("choice", keep_visits_to_firms)
        assert small.at("visit_customer").tolist() == [4, 4]
        assert small.at("visit_pair").tolist() == [9, 14]

    def test_intention_is_of_the_provider_before_the_choice(self):
        """Chances of 1/4 and 1/8 are a whole number of 2^-20, one a little below 1/2 is rounded down; whoever chose
        another firm, or none, was asked about the provider whom she had."""
        small = market(4, 2)
        small.c.provider[:] = [0, 1, 0, -1]
        small.visits([0, 1, 2, 3], [1, 1, -1, 0])
        small.scratch("choice", "chance")[:, :4] = [[0.25, 0.9, 0.125, 0.9], [0.9, 0.4999999, 0.9, 0.9]]
        small.run("choice", remember_choices)
        assert small.counted("asked") == [2, 1, 0]
        assert small.counted("intention_sum") == [3 * 2**17, 2**19 - 1, 0]

    def test_everybody_begins_with_equal_preference(self):
        assert np.all(market(5, 3).c.preference == np.float32(1 / 3))
