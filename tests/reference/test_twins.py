"""Each function of the reference, held against a number worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.reference import (
    accounts,
    advertising,
    choice,
    closeness,
    defection,
    encounter,
    fees,
    learning,
    lifecycle,
    need,
    perceived_value,
    rewards,
    switching_cost,
    taste,
    trust,
    word_of_mouth,
)
from tests.reference.state import ACTIVE, DORMANT, LOST, NOBODY, PROSPECT, WON_BACK, Firm, Programme

share = st.floats(0.0, 1.0)


class TestNeed:
    def test_season_by_hand(self):
        """Half a year after the peak, amplitude 0.2: 1 - 0.2."""
        p = {**need.EXAMPLE, "season_amplitude": 0.2}
        assert need.season(0, 52, p) == pytest.approx(1.2)
        assert need.season(26, 52, p) == pytest.approx(0.8)

    def test_rate_by_hand(self):
        assert need.rate(0.25, 0.8, 1.25) == pytest.approx(0.25)

    def test_poisson_quantile_by_hand(self):
        """Mean 1: P(0) = 0.3679, P(at most 1) = 0.7358, P(at most 2) = 0.9197."""
        assert [need.poisson_quantile(u, 1.0, 15) for u in (0.3, 0.5, 0.9)] == [0, 1, 2]
        assert need.poisson_quantile(0.5, 0.0, 15) == 0
        assert need.poisson_quantile(0.5, 100.0, 15) == 15

    @given(st.floats(1e-6, 1 - 1e-6), st.floats(0.01, 3.0))
    def test_poisson_quantile_is_that_of_scipy(self, u, mean):
        k = need.poisson_quantile(u, mean, 15)
        assert stats.poisson.cdf(k, mean) >= u - 1e-12 or k == 15
        assert k == 0 or stats.poisson.cdf(k - 1, mean) < u + 1e-12

    def test_occasions_of_the_gone_and_of_every_period(self):
        every = {**need.EXAMPLE, "process": "every_period"}
        assert need.occasions(0.999, 5.0, True, need.EXAMPLE) == 0
        assert need.occasions(0.001, 0.0, False, every) == 1
        assert need.occasions(0.999, 5.0, True, every) == 0

    def test_occasions_by_a_chance(self):
        chance = {**need.EXAMPLE, "process": "bernoulli"}
        assert [need.occasions(u, 0.4, False, chance) for u in (0.399, 0.4, 0.9)] == [1, 0, 0]
        assert need.occasions(0.999, 1.3, False, chance) == 1
        assert need.occasions(0.001, 1.0, True, chance) == 0


class TestSwitchingCost:
    def test_facets_by_hand(self):
        assert switching_cost.economic_risk([0.6, 0.8]) == pytest.approx(0.2)
        assert switching_cost.economic_risk([]) == 1.0
        assert switching_cost.evaluation(1.0, 3) == 0.25
        assert switching_cost.learning(6, 6.0) == pytest.approx(0.632121, abs=1e-6)  # 1 - 1/e
        assert switching_cost.set_up(3, 3.0, 0.1) == pytest.approx(0.668909, abs=1e-6)  # 1 - 0.9 / e
        assert switching_cost.benefit_loss(2.0, 4.0, 42.0) == pytest.approx(0.125)
        assert switching_cost.benefit_loss(200.0, 40.0, 80.0) == 0.75
        assert switching_cost.monetary_loss(10.0, 40.0) == 0.2
        assert switching_cost.integration_cost(0.5, 2.0) == pytest.approx(2.0 * math.log(2.0))

    def test_bother_by_hand(self):
        """Odds of 1 to 3, three times: 1 to 1. Certainty stays certainty."""
        assert switching_cost.felt(0.25, 3.0) == pytest.approx(0.5)
        assert switching_cost.felt(1.0, 3.0) == 1.0
        assert switching_cost.bother(2.0, {"bother_spread": 0.5}) == pytest.approx(math.e)

    def test_worth_of_points_and_tier_by_hand(self):
        """5 points of 0.4 cu: 2 cu. 5 % of 40 cu, once in 4 periods, for 8 periods: 4 cu."""
        assert switching_cost.points_value(500, 0.4) == pytest.approx(2.0)
        assert switching_cost.tier_value(0.05, 40.0, 0.25, 8) == pytest.approx(4.0)
        assert [switching_cost.periods_left(t, 52) for t in (0, 50, 51, 52)] == [52, 2, 1, 52]

    def test_classes_by_hand(self):
        """Procedural 1.8 / 4 = 0.45, financial 0.26, relational 0.2: 0.18 + 0.052 + 0.08 = 0.312."""
        facets = [0.2, 0.25, 0.6, 0.75, 0.15, 0.37, 0.1, 0.3]
        assert switching_cost.switching_cost(facets, switching_cost.EXAMPLE) == pytest.approx(0.312)
        assert switching_cost.calculative_commitment(facets) == pytest.approx(2.32 / 6)

    def test_trait_by_hand(self):
        """Mean 1/2 and precision 2 make it uniform; the median of a symmetrical one is its mean."""
        uniform = {"trait_mean": 0.5, "trait_precision": 2.0}
        assert switching_cost.trait(0.3, uniform) == pytest.approx(0.3)
        assert switching_cost.trait(0.5, {**uniform, "trait_precision": 9.0}) == pytest.approx(0.5)

    def test_bond_by_hand(self):
        """0.2 + 0.05 * 0.5 * 0.8."""
        assert switching_cost.updated_bond(0.2, 0.5, switching_cost.EXAMPLE) == pytest.approx(0.22)

    @given(st.lists(share, min_size=8, max_size=8))
    def test_cost_stays_between_0_and_1(self, facets):
        assert 0.0 <= switching_cost.switching_cost(facets, switching_cost.EXAMPLE) <= 1.0 + 1e-12


class TestFees:
    def test_by_hand(self):
        """A basket of 20: of a fee of 100, 40 are owed, and half of that is foreseen; 10 are owed in full."""
        assert [fees.owed(fee, 20.0, fees.EXAMPLE) for fee in (10.0, 100.0)] == [10.0, 40.0]
        assert fees.seen_coming(10.0, 100.0, 20.0, fees.EXAMPLE) == pytest.approx(1.5)
        assert [fees.is_outsider(relation) for relation in range(5)] == [True, False, False, True, False]


class TestChoice:
    def test_consideration(self):
        contracts = {**choice.EXAMPLE, "market": "lost_for_good"}
        assert choice.considered(True, LOST, 1, choice.EXAMPLE)
        assert choice.considered(True, ACTIVE, 1, contracts)
        assert not choice.considered(True, LOST, 10_000, contracts)
        assert not choice.considered(False, ACTIVE, 1, choice.EXAMPLE)

    def test_a_firm_that_was_left_is_considered_again_after_a_while(self):
        contracts = {**choice.EXAMPLE, "market": "lost_for_good", "reconsider_after": 4}
        assert [choice.considered(True, LOST, away, contracts) for away in (1, 3, 4)] == [False, False, True]
        assert not choice.considered(False, LOST, 4, contracts)

    def test_attraction_is_expectation_until_first_use(self):
        assert choice.attraction(math.nan, 0.7, 0) == 0.7
        assert choice.attraction(0.9, 0.7, 1) == 0.9

    def test_utility_by_hand(self):
        """5 * 0.8 + 0.5 + 0.2 - 1.2 * 0.9 + 0.1 + 0.05 - 0.4 + 0.3 = 3.67."""
        found = choice.utility(
            attraction=0.8,
            trust=0.5,
            affective_commitment=0.2,
            price_weight=1.0,
            price=1.2,
            discount=0.1,
            word_of_mouth=0.1,
            program_utility=0.05,
            taste=-0.4,
            name_worth=0.3,
            parameters={**choice.EXAMPLE, **choice.PRICING, **trust.EXAMPLE, **word_of_mouth.EXAMPLE},
        )
        assert found == pytest.approx(3.67)

    def test_probabilities_by_hand(self):
        """Utility ln 2 above nobody: twice as likely. An unknown firm: never."""
        assert choice.probabilities([1.0 + math.log(2.0), None], 1.0) == pytest.approx([1 / 3, 2 / 3, 0.0])
        assert choice.probabilities([None], 1.0) == [1.0, 0.0]

    def test_pick_by_hand(self):
        """Nobody up to 0.2, firm 0 up to 0.7, firm 1 above; a firm with share 0 is passed over."""
        assert [choice.pick([0.2, 0.5, 0.3], u) for u in (0.1, 0.2, 0.69, 0.71)] == [NOBODY, 0, 0, 1]
        assert choice.pick([0.2, 0.0, 0.8], 0.2) == 1
        assert choice.pick([0.5, 0.5, 0.0], 1.0) == 0

    @given(st.lists(st.floats(-20, 20), min_size=1, max_size=5), st.floats(1e-6, 1 - 1e-6))
    def test_mnl_is_a_distribution(self, utilities, u):
        firm, preference = choice.mnl(utilities, 1.0, u)
        assert NOBODY <= firm < len(utilities)
        assert sum(choice.probabilities(utilities, 1.0)) == pytest.approx(1.0)
        assert preference == choice.probabilities(utilities, 1.0)[1:]

    def test_deterministic_takes_the_best_and_the_earlier_of_equals(self):
        assert choice.deterministic([1.5, 2.0, 2.0], 1.0)[0] == 1
        assert choice.deterministic([1.0, None], 1.0) == (NOBODY, [0.5, 0.0])

    def test_habit(self):
        """Under the strength the provider again, unless she has none or it is not considered."""
        assert choice.habit([0.0, 9.0], 1.0, 0, strength=0.5, u=0.9, again=0.4)[0] == 0
        assert choice.habit([0.0, 9.0], 1.0, 0, strength=0.5, u=0.9, again=0.5)[0] == 1
        assert choice.habit([0.0, 9.0], 1.0, NOBODY, strength=0.5, u=0.9, again=0.4)[0] == 1
        assert choice.habit([None, 9.0], 1.0, 0, strength=0.5, u=0.9, again=0.4)[0] == 1

    def test_preference_is_what_beliefs_alone_would_choose(self):
        """Whatever the rule: the logit probabilities of the utilities."""
        expected = choice.probabilities([0.0, 9.0], 1.0)[1:]
        assert choice.habit([0.0, 9.0], 1.0, 0, strength=1.0, u=0.9, again=0.4) == (0, expected)
        assert choice.deterministic([0.0, 9.0], 1.0) == (1, expected)
        assert choice.mnl([0.0, 9.0], 1.0, 0.9) == (1, expected)

    def test_threshold(self):
        """A rival better by 1 is not worth a switching term of 1, but one better by 1.5 opens a free choice."""
        assert choice.threshold([2.0, 3.0], 1.0, 0, 1.0, 0.99) == (0, choice.probabilities([3.0, 3.0], 1.0)[1:])
        firm, preference = choice.threshold([2.0, 3.5], 1.0, 0, 1.0, 0.99)
        assert firm == 1
        assert preference == choice.probabilities([2.0, 3.5], 1.0)[1:]  # without the switching term
        assert choice.threshold([0.0], 1.0, 0, 0.5, 0.01)[0] == NOBODY  # nobody beats 0.5

    def test_decide_adds_the_switching_term(self):
        for rule, expected in (("mnl", 0), ("deterministic", 0), ("habit", 0), ("threshold", 0)):
            p = {**choice.EXAMPLE, "rule": rule, "habit_strength": 0.0}
            assert choice.decide([2.0, 3.0], 0, 50.0, u=0.99, again=0.5, parameters=p)[0] == expected
        assert choice.with_switching_term([2.0, None], 1, 5.0) == [2.0, None]

    def test_satisfice(self):
        """Who is content stays; else of two that are good enough the second, with luck from a half; else the logit."""
        of = {"attracted": [0.7, 0.6, 0.9], "aspiration": 0.6, "u": 0.0}
        assert choice.satisfice([2.0, 3.0, 4.0], 1.0, 0, again=0.9, **of)[0] == 0
        assert choice.satisfice([2.0, 3.0, 4.0], 1.0, 1, again=0.5, **of)[0] == 2
        assert choice.satisfice([2.0, 3.0, 4.0], 1.0, NOBODY, again=0.49, **of)[0] == 0
        assert choice.satisfice([1.0, 3.0, None], 1.0, 0, again=0.5, **of)[0] == NOBODY
        assert (
            choice.satisfice([2.0], 1.0, 0, again=0.5, attracted=[0.7], aspiration=0.6, u=0.9)[1]
            == (choice.probabilities([2.0], 1.0)[1:])
        )

    def test_an_aspect_is_drawn_by_its_weight(self):
        weights = (0.25, 0.0, 0.25, 0.5, 0.0)
        assert [choice.drawn_aspect(u, [], weights) for u in (0.24, 0.25, 0.5, 0.99)] == [0, 2, 3, 3]
        assert [choice.drawn_aspect(u, [3], weights) for u in (0.49, 0.5)] == [0, 2]
        assert choice.drawn_aspect(0.5, [0, 2, 3], weights) == -1

    def test_elimination(self):
        """On quality firm 2 falls out, on price firm 0; of all that stay one is drawn."""
        seen = choice.Comparison((), ((1.0, 0.75, 0.0), (-2.0, -1.0, 0.0), (0,) * 3, (0,) * 3, (0,) * 3), (0.1,) * 4)
        weights = (0.5, 0.5, 0.0, 0.0, 0.0)
        assert choice.eliminate([0, 1, 2], seen, weights, 0.25) == [1]
        assert choice.eliminate([0, 1, 2], seen, weights[::-1], 0.25) == [0, 1, 2]
        p = {**choice.EXAMPLE, "shortfall": 9.0}
        found = [choice.by_aspects([1.0, None, 1.0], 1.0, seen, p, u=u, again=0.5)[0] for u in (0.3, 0.34)]
        assert found == [NOBODY, 2]

    def test_contract_binds_for_its_term(self):
        p = {**choice.EXAMPLE, "market": "lost_for_good", "term": 3}
        assert [choice.under_contract(0, 5, t, p) for t in (5, 7, 8)] == [True, True, False]
        assert [choice.renewal(0, 5, t, p) for t in (5, 7, 8)] == [False, False, True]
        assert not choice.renewal(NOBODY, NOBODY, 8, p)
        assert not choice.under_contract(NOBODY, 5, 5, p)
        assert not choice.under_contract(0, 5, 5, choice.EXAMPLE)


class TestEncounter:
    def test_quality_by_hand(self):
        """Spreads 0.3 and 0.4 make 0.5: 0.7 + 0.05 - 2 * 0.5."""
        assert encounter.delivered_quality(0.7, 0.05, encounter.spread(0.3, 0.4), -2.0) == pytest.approx(-0.25)
        assert encounter.severity(0.5, encounter.EXAMPLE) == pytest.approx(0.4)

    def test_performance_by_hand(self):
        assert encounter.performance(1.1, 0.8, 0.0) == 1.0
        assert encounter.performance(-0.1, 0.8, 0.0) == 0.0
        assert encounter.performance(0.6, 0.8, 0.5) == pytest.approx(0.7)

    def test_loss_hurts_twice_as_much_as_gain(self):
        """0.1 above expectation adds 0.03, 0.1 below takes 0.06."""
        gain, loss = encounter.EXAMPLE["gain"], encounter.EXAMPLE["loss"]
        better = encounter.transaction_satisfaction(0.8, encounter.disconfirmation(0.8, 0.7), gain, loss)
        worse = encounter.transaction_satisfaction(0.7, encounter.disconfirmation(0.7, 0.8), gain, loss)
        assert better == pytest.approx(0.83)
        assert worse == pytest.approx(0.64)

    @given(share, share, st.floats(-2.0, 2.0))
    def test_satisfaction_stays_between_0_and_1(self, performance, expectation, shift):
        d = encounter.disconfirmation(performance, expectation)
        assert 0.0 <= encounter.transaction_satisfaction(performance, d, 0.3, 0.6, shift) <= 1.0


class TestLearning:
    p = learning.EXAMPLE

    def test_satisfaction_by_hand(self):
        """First use: S = s. After 5 visits the rate is 0.1 + 0.4 / e = 0.247152."""
        assert learning.updated_satisfaction(math.nan, 0.64, 0, self.p) == 0.64
        assert learning.satisfaction_rate(0, self.p) == pytest.approx(0.5)
        assert learning.updated_satisfaction(0.6, 0.9, 5, self.p) == pytest.approx(0.6741455, abs=1e-6)

    def test_expectation_by_hand(self):
        """0.7 + 0.15 * 0.1 + 0.10 * 0.2 = 0.735 after the first visit; after four a quarter of the promise's pull."""
        assert learning.updated_expectation(0.7, 0.8, 0.9, 1, self.p) == pytest.approx(0.735)
        assert learning.updated_expectation(0.7, 0.8, 0.9, 4, self.p) == pytest.approx(0.72)
        assert learning.updated_expectation(0.7, 0.8, 0.9, 1, {**self.p, "drift": 1.0}) == 1.0

    def test_first_expectation_by_hand(self):
        """Two spreads of 0.08 above 0.7, and never beyond 0.95 or below 0.05."""
        assert learning.initial_expectation(0.7, 2.0, self.p) == pytest.approx(0.86)
        assert learning.initial_expectation(0.9, 2.0, self.p) == 0.95
        assert learning.initial_expectation(0.1, -2.0, self.p) == 0.05


class TestTrust:
    p = trust.EXAMPLE

    def trust(self, s, performance, promise, transparency):
        return trust.updated_trust(
            0.5, s, performance=performance, promise=promise, spread=0.0, transparency=transparency, parameters=self.p
        )

    def test_trust_by_hand(self):
        """Won 0.08 of 0.3, lost 0.20 of 0.2; a broken promise 0.05 more, half of it if it was announced."""
        assert self.trust(0.8, 0.7, 0.7, 0.0) == pytest.approx(0.524)
        assert self.trust(0.3, 0.7, 0.7, 0.0) == pytest.approx(0.46)
        assert self.trust(0.3, 0.5, 0.7, 0.0) == pytest.approx(0.41)
        assert self.trust(0.3, 0.5, 0.7, 1.0) == pytest.approx(0.435)

    def test_promise_is_kept_at_the_tolerance(self):
        p = {**self.p, "tolerance": 0.25}
        assert not trust.promise_broken(0.5, 0.75, 0.0, p)
        assert trust.promise_broken(0.49, 0.75, 0.0, p)

    def test_what_varies_anyway_breaks_no_promise(self):
        """0.75 - 0.25 - 1.5 * 0.125 = 0.3125."""
        p = {**self.p, "tolerance": 0.25}
        assert not trust.promise_broken(0.3125, 0.75, 0.125, p)
        assert trust.promise_broken(0.3124, 0.75, 0.125, p)

    def test_commitment_by_hand(self):
        """0.2 + 0.05 (0.4 + 0.3 - 0.2) = 0.225."""
        assert trust.updated_commitment(0.2, 0.8, 0.6, self.p) == pytest.approx(0.225)


class TestRewards:
    p = rewards.EXAMPLE
    card = Programme(
        earn_per_visit=1.0,
        earn_rate=0.05,
        goal=10.0,
        reward=5.0,
        tier_threshold=(100.0, 500.0, 900.0),
        tier_discount=(0.05, 0.10, 0.15),
        tier_bonus=(0.5, 1.0, 1.5),
    )

    def test_bother_by_hand(self):
        assert rewards.hassle_factor(1.0 - math.exp(-1.0)) == pytest.approx(1.0)

    def test_what_a_point_is_worth_by_hand(self):
        """Ten stamps: e^-0.18 to the goal; a claim of 0.5 and 0.49 that she comes again without it: 0.5 / 0.51."""
        assert rewards.chance_lost(0.5, 0, 0.02) == pytest.approx(0.02)
        assert rewards.chance_lost(0.5, 2, 0.02) == pytest.approx(1 - 0.98 * (1 - math.exp(-1.0)))
        assert rewards.chance_paid(0.5, 10.0, 0.02) == pytest.approx(math.exp(-0.18) * 0.5 / 0.51)
        assert [rewards.chance_paid(0.0, 1.0, 0.02), rewards.chance_paid(1.0, 0.3, 0.02)] == [0.0, 1.0]
        stamps = Programme(earn_per_visit=1.0, goal=10.0, reward=5.0)
        assert rewards.point_value(stamps, 1.0, 0.1, 0.02) == pytest.approx(0.5 * math.exp(-0.18))
        assert rewards.point_value(Programme(earn_per_visit=1.0), 1.0, 0.1, 0.02) == 0.0

    def test_the_provision_by_hand(self):
        """5 points of 0.4 cu at half the cost: 100 cents."""
        assert rewards.provision(500, 0.4, 0.5) == pytest.approx(100.0)

    def test_points_by_hand(self):
        """40 cu earn 1 + 2 points; tier 1 half more. 33.33 cu earn 2.6665 points, kept as 2.67."""
        assert rewards.points_earned(self.card, 4000, 0) == 300
        assert rewards.points_earned(self.card, 4000, 1) == 450
        assert rewards.points_earned(self.card, 3333, 0) == 267
        assert rewards.goal_reached(1000, self.card)
        assert not rewards.goal_reached(999, self.card)

    def test_tiers_by_hand(self):
        assert [self.card.discount(k) for k in (0, 1, 3)] == [0.0, 0.05, 0.15]
        assert [self.card.bonus(k) for k in (0, 2)] == [0.0, 1.0]
        assert [rewards.rewards_due(points, self.card) for points in (999, 1000, 3999)] == [0, 1, 3]
        assert rewards.promoted(0.5, 0.6, self.p) == pytest.approx(0.53)
        assert rewards.promoted(0.99, 1.0, self.p) == 1.0
        assert rewards.demoted(0.5, 0.6, self.p) == pytest.approx(0.44)
        assert rewards.demoted(0.05, 1.0, self.p) == 0.0

    def test_expiry_by_hand(self):
        assert [rewards.expired(t, 5, 5) for t in (10, 11)] == [False, True]
        assert not rewards.expired(1000, 5, 0)

    def test_utility_by_hand(self):
        """Held by a tenth, a benefit as large as the noticed: 0.45. Half way: 1.5 * 0.4 (0.1 + 0.05 + 0.05)."""
        assert rewards.progress(500, 10.0) == 0.5
        assert rewards.progress(1200, 10.0) == 1.0
        assert rewards.standing(0.9, 0.05, self.p) == pytest.approx(0.45)
        assert rewards.standing(0.9, 0.0, self.p) == rewards.standing(0.0, 0.05, self.p) == 0.0
        assert rewards.status(2, 0.5, self.p) == pytest.approx(0.175)
        assert rewards.status(0, 0.5, self.p) == 0.0
        pulls = [
            rewards.program_utility(0.1, 0.4, 0.5, sensitivity=1.5, begun=begun, parameters=self.p)
            for begun in (True, False)
        ]
        assert pulls == pytest.approx([0.12, 0.012])  # without points a tenth of it

    def test_given_points_shorten_the_way_by_hand(self):
        """1 of 12 with 2 given is a tenth; one visit brings a whole card that was given, and two that it earns."""
        found = [rewards.share_of_reward(*case) for case in ((1.0, 200, 12.0), (1.0, 1200, 12.0), (24.0, 0, 12.0))]
        assert found == pytest.approx([0.1, 1.0, 2.0])

    def test_haste_by_hand(self):
        """Half way to a reward worth a basket 0.25 * 0.25; near one of a third of a basket 0.25 * 0.8 / 4."""
        assert rewards.haste([(0.5, 1.0), (0.8, 1 / 3)], 0.25) == pytest.approx(0.0625)
        assert rewards.haste([], 0.25) == 0.0


class TestWordOfMouth:
    p = word_of_mouth.EXAMPLE

    def test_emission_by_hand(self):
        """Half of delight 0.01 + 0.06, half of anger 0.01 + 0.175, in between 0.01."""
        assert word_of_mouth.emission_probability(0.85, 0.5, self.p) == pytest.approx(0.07)
        assert word_of_mouth.emission_probability(0.25, 0.5, self.p) == pytest.approx(0.185)
        assert word_of_mouth.emission_probability(0.60, 0.5, self.p) == pytest.approx(0.01)
        committed = {**self.p, "devotion": 0.2}
        assert word_of_mouth.emission_probability(0.60, 0.5, committed) == pytest.approx(0.11)
        assert word_of_mouth.is_praise(0.60, self.p)
        assert not word_of_mouth.is_praise(0.59, self.p)

    def test_reception_by_hand(self):
        assert word_of_mouth.arrival_probability(0.3, self.p) == pytest.approx(0.075)
        for own in (False, True):  # praise of the own provider is believed as any other
            assert word_of_mouth.headroom(0.30, True, own, self.p) == pytest.approx(0.70)
            assert word_of_mouth.headroom(0.05, True, own, self.p) == pytest.approx(0.475)
        assert word_of_mouth.headroom(0.50, False, False, self.p) == pytest.approx(0.50)
        assert word_of_mouth.headroom(0.80, False, False, self.p) == pytest.approx(0.40)
        assert word_of_mouth.headroom(0.50, False, True, self.p) == pytest.approx(0.125)
        assert word_of_mouth.headroom(0.80, False, True, self.p) == pytest.approx(0.10)
        assert [word_of_mouth.credulity(n, self.p) for n in (0, 8, 24)] == [1.0, 0.5, 0.25]
        assert word_of_mouth.faded(1.0, self.p) == 0.85
        assert word_of_mouth.faded(-1.2e-20, self.p) == pytest.approx(-1.02e-20, abs=0.0)
        assert [word_of_mouth.faded(sign * 1.1e-20, self.p) for sign in (1, -1)] == [0.0, 0.0]
        assert word_of_mouth.heard(0.0, 0.3, True, 0.7, 1.0, self.p) == pytest.approx(0.0525)  # 0.25 * 0.3 * 0.7
        assert word_of_mouth.heard(0.0, 1.0, False, 0.5, 0.5, self.p) == pytest.approx(-0.075)  # 0.30 * 1 * 0.5 / 2
        assert word_of_mouth.nudged_expectation(0.7, True, 1.0, self.p) == pytest.approx(0.7125)
        assert word_of_mouth.nudged_expectation(0.7, False, 0.5, self.p) == pytest.approx(0.68625)

    def test_awareness_by_hand(self):
        """1 - 0.995 * 0.99 * 0.96 = 0.054352; without friends only discovery."""
        assert word_of_mouth.learning_probability(1, 1, self.p) == pytest.approx(0.054352)
        assert word_of_mouth.learning_probability(0, 0, self.p) == pytest.approx(0.005)


class TestTaste:
    def test_by_hand(self):
        """Half a deviation of 1.6 is 0.8 of utility, and 0.016 of quality."""
        assert taste.taste(0.5, taste.EXAMPLE) == pytest.approx(0.8)
        assert taste.fit(0.8, taste.EXAMPLE) == pytest.approx(0.016)
        assert taste.taste(-3.0, {**taste.EXAMPLE, "taste_spread": 0.0}) == 0.0


class TestPerceivedValue:
    p = perceived_value.EXAMPLE

    def test_reference_by_hand(self):
        """Half of 1.2, which she is used to, and half of 0.9, what 0.8 and 1.0 are on average."""
        assert perceived_value.reference(1.2, [0.8, 1.0], self.p) == pytest.approx(1.05)
        assert perceived_value.reference(1.2, [0.8, 1.0], {**self.p, "own_part": 1.0}) == 1.2
        assert perceived_value.price_paid(1.2, 0.25) == pytest.approx(0.9)

    def test_a_loss_weighs_twice_an_equal_gain(self):
        """A fifth below the reference adds 0.15 / 5, a fifth above it takes twice that; at it nothing happens."""
        shifts = [
            perceived_value.satisfaction_shift(perceived_value.value(1.0, paid), self.p) for paid in (0.8, 1.2, 1)
        ]
        assert shifts == pytest.approx([0.03, -0.06, 0.0])

    def test_no_loss_is_more_than_all_and_no_gain_either(self):
        assert perceived_value.value(0.5, 3.0) == -1.0
        assert perceived_value.value(0.5, 0.0) == 1.0
        assert [perceived_value.value(r, 1.0) for r in (0.0, 0.001)] == [0.0, 0.0]

    def test_memory_by_hand(self):
        """1 + 0.1 * 0.5 = 1.05; who remembers only the latest pays what she is used to."""
        assert perceived_value.remembered(1.0, 1.5, self.p) == pytest.approx(1.05)
        assert perceived_value.remembered(1.0, 1.5, {**self.p, "memory_rate": 1.0}) == 1.5


class TestAdvertising:
    p = advertising.EXAMPLE

    def test_reach_by_hand(self):
        """0.1 cu reaches half, twice as much three quarters; nothing nobody."""
        assert [advertising.reach(s, self.p) for s in (0.0, 0.1, 0.2)] == pytest.approx([0.0, 0.5, 0.75])

    @given(st.floats(0.0, 1.0), st.floats(0.001, 0.5))
    def test_each_further_cu_reaches_fewer(self, spend, step):
        low, middle, high = (advertising.reach(spend + k * step, self.p) for k in range(3))
        assert middle - low >= high - middle >= 0.0
        assert high <= 1.0

    def test_goodwill_by_hand(self):
        """0.9 * 0.5 + 0.1 * 0.75 = 0.525, and half the reach for ever is half of goodwill."""
        assert advertising.goodwill(0.5, 0.75, self.p) == pytest.approx(0.525)
        assert advertising.goodwill(0.5, 0.5, self.p) == pytest.approx(0.5)
        assert advertising.name_worth(0.3, 0.5, self.p) == pytest.approx(1.15)

    def test_a_message_counts_less_the_more_she_knows(self):
        """0.5 + 0.2 * 0.3 without a visit, half of that after one, a quarter after three."""
        found = [advertising.informed_expectation(0.5, 0.8, n, self.p) for n in (0, 1, 3)]
        assert found == pytest.approx([0.56, 0.53, 0.515])

    def test_cost_by_hand(self):
        """0.1234 cu for each of 10: 1.234 cu, 12340 hundredths of a cent; 0.5 of a hundredth is rounded up."""
        assert advertising.cost(0.1234, 10) == 12340
        assert advertising.cost(0.00005, 3) == 3


class TestDefection:
    def test_hazard_by_hand(self):
        """A strong friend just left, a weak one four periods before: 1 + 0.15; 0.01 (1 + 0.8 * 1.15)."""
        assert defection.age_of_exit(5, 4) == 0
        exposure = defection.exposure([(1.0, 0), (0.3, 4)], 4.0)
        assert exposure == pytest.approx(1.15)
        some = {**defection.EXAMPLE, "exit_rate": 0.01}
        assert defection.hazard(exposure, 0.75, some) == pytest.approx(0.0192)
        assert defection.hazard(exposure, 0.5, some) == pytest.approx(0.0192 * math.e)
        assert defection.hazard(exposure, 0.0, {**some, "exit_rate": 0.5}) == 1.0
        assert defection.hazard(exposure, 0.75, defection.EXAMPLE) == 0.0

    def test_satisfaction_with_the_category_is_weighted_by_use(self):
        assert defection.category_satisfaction([0.9, 0.3, math.nan], [1, 3, 0], 0.75) == pytest.approx(0.45)
        assert defection.category_satisfaction([math.nan], [0], 0.75) == 0.75


class TestLifecycle:
    p = lifecycle.EXAMPLE

    def test_purchase_makes_active_or_won_back(self):
        after = [lifecycle.after_purchase(r) for r in (PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK)]
        assert after == [ACTIVE, ACTIVE, ACTIVE, WON_BACK, ACTIVE]

    def test_silence_by_hand(self):
        """Dormant after more than 13 missed occasions, lost after more than 26."""
        states = [lifecycle.after_silence(ACTIVE, missed, self.p) for missed in (13, 14, 26, 27)]
        assert states == [ACTIVE, DORMANT, DORMANT, LOST]

    @pytest.mark.parametrize("relation", [PROSPECT, LOST])
    def test_silence_says_nothing_of_prospects_and_the_lost(self, relation):
        assert lifecycle.after_silence(relation, 1000, self.p) == relation

    def test_active_means_active_or_won_back(self):
        assert [r for r in range(5) if lifecycle.is_active(r)] == [ACTIVE, WON_BACK]


class TestAccounts:
    def test_half_a_cent_is_rounded_up(self):
        assert [accounts.hundredths(x) for x in (0.125, 0.12, 0.124, 0.126, 0.0)] == [13, 12, 12, 13, 0]

    def test_money_by_hand(self):
        assert accounts.spend(1.2, 50.0, 0.1) == pytest.approx(54.0)
        assert accounts.goods_cost(0.6, 50.0) == pytest.approx(30.0)
        assert accounts.reward_cost(5.0, 0.8) == pytest.approx(4.0)

    def test_service_cost_by_hand(self):
        """Quality 0.8 costs 2 ln 5 = 3.218876; half the ordinary failures cost 3 ln 2 = 2.079442; none, 3 ln 1000."""
        assert accounts.service_cost(Firm(quality=0.8, quality_cost=2.0)) == pytest.approx(3.218876, abs=1e-6)
        failing = [accounts.service_cost(Firm(failure_rate=rate, reliability_cost=3.0)) for rate in (0.05, 0.2, 0.0)]
        assert failing == pytest.approx([2.079442, 0.0, 3.0 * math.log(1000.0)], abs=1e-6)

    def test_each_lever_of_service_has_its_cost(self):
        """Half of transparency ln 2, of richness 2 ln 2; a spread of 0.125, half the ordinary, 4 ln 2; 0.3 nothing."""
        levers = {"transparency": 0.5, "transparency_cost": 1.0, "richness": 0.5, "richness_cost": 2.0}
        steady = {"spread_within": 0.1, "spread_between": 0.075, "consistency_cost": 4.0}
        assert accounts.service_cost(Firm(**levers, **steady)) == pytest.approx(7.0 * math.log(2.0))
        assert accounts.service_cost(Firm(**{**steady, "spread_within": 0.3})) == 0.0
        still = Firm(**{**steady, "spread_within": 0.0, "spread_between": 0.0})
        assert accounts.service_cost(still) == pytest.approx(4.0 * math.log(1000.0))

    @given(st.floats(0.0, 0.9), st.floats(0.001, 0.09))
    def test_each_step_costs_more_than_the_one_before(self, quality, step):
        low, middle, high = (
            accounts.service_cost(Firm(quality=q, quality_cost=1.0))
            for q in (quality, quality + step / 2, quality + step)
        )
        assert high - middle > middle - low > 0

    def test_membership_is_rounded_once_for_all_members(self):
        """At 1.25 cents a member, 3 members cost 3.75 cents: 4. At 0.1 cents, 4 cost nothing and 5 one cent."""
        assert accounts.membership_cost(3, 0.0125) == 4
        assert [accounts.membership_cost(n, 0.001) for n in (4, 5)] == [0, 1]

    def test_price_cut_by_hand(self):
        assert accounts.price_cut(0.9, 50.0) == pytest.approx(5.0)
        assert accounts.price_cut(1.1, 50.0) == 0.0

    def test_loyalty_by_hand(self):
        """Satisfied from 0.8, dissatisfied below 0.5; half of the wallet is as good as all of it."""
        assert [accounts.loyalty(0.8, spent, 100) for spent in (50, 49)] == ["loyalists", "mercenaries"]
        assert [accounts.loyalty(0.49, spent, 100) for spent in (50, 49)] == ["hostages", "defectors"]
        assert [accounts.loyalty(s, 100, 100) for s in (0.5, 0.79)] == [None, None]
        assert accounts.chance_order(3, 4) == (3 * 2**19, 9 * 2**18)
        assert accounts.chance_order(2, 3) == (2 * 2**20 // 3, 4 * 2**20 // 3)
        assert accounts.chance_order(1, 1) == accounts.chance_order(0, 5) == accounts.chance_order(0, 0) == (0, 0)
        assert accounts.rounded_down(0.5) == 0.5
        assert accounts.rounded_down(0.4999999) == 0.5 - 2.0**-20

    def test_books_close_with_the_burn_in_and_each_year_after_it(self):
        closing = [t for t in range(1, 31) if accounts.books_close(t, periods=30, burn_in=5, year=10)]
        assert closing == [5, 15, 25]
        closing = [t for t in range(1, 15) if accounts.books_close(t, periods=14, burn_in=5, year=10)]
        assert closing == [5, 14]


class TestCloseness:
    def test_near_is_close_but_not_equal(self):
        assert closeness.near(0.5 + 1e-6, 0.5)
        assert not closeness.near(0.5, 0.5)
        assert not closeness.near(0.5 + 1e-4, 0.5)
        assert not closeness.near(3, math.inf)

    def test_half_a_cent_is_near(self):
        assert closeness.near_half(0.125)
        assert not closeness.near_half(0.12)

    def test_bounds_between_places(self):
        assert closeness.cumulated([0.2, 0.5, 0.3]) == pytest.approx([0.2, 0.7])

    def test_a_difference_is_found_and_named(self):
        people = [Person(trust=[0.5, 0.6]), Person(trust=[0.7, math.nan])]
        closeness.assert_same_state(people, {"trust": [[0.5, 0.7], [0.6, math.nan]]})
        with pytest.raises(AssertionError, match="trust"):
            closeness.assert_same_state(people, {"trust": [[0.5, 0.7], [0.6, 0.9]]})


class Person:
    """Anything with attributes."""

    def __init__(self, **columns):
        self.__dict__.update(columns)
