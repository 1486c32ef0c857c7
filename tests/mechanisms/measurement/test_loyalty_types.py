"""Types of loyalty: each market with one reason to be loyal shows that reason, and looking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read, record
from abm.mechanisms.measurement.loyalty_types import LoyaltyTypes
from abm.mechanisms.measurement.loyalty_types_kernels import (
    INERTIA,
    LATENT,
    LOYALTIES,
    MONOPOLY,
    NONE,
    PREMIUM,
    PRICE,
    attitude_step,
    choose_among_firms,
    find_ties,
    lowest_top_step,
    name_loyalties,
    rank_attitudes,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

SHARES = LoyaltyTypes.kpis
BLOCKS = ("switching_cost", "convenience", "pricing", "rewards", "customer_classes", "choice", "trust", "taste")
NOTHING = {  # a market in which no firm has anything over another
    "choice.attraction": 0.0, "taste.taste_spread": 0.0, "pricing.price_sensitivity": 0.0,
    "switching_cost.switching_weight": 0.0, "off": ("trust", "word_of_mouth"),
}  # fmt: skip


def market(**settings):
    data = {"periods": 52, "population": {"customers": 500, "purchase_rate": 0.5}, "loyalty_types": {}}
    return Scenario.parse(data).replace(NOTHING | settings)


def shares(scenario):
    """Return the shares of the seven types at each firm in the year: (firms, 7)."""
    return record(scenario, 1, kpis=SHARES).summary(SHARES)


def only(found, kind):
    """Return whether all who are loyal beside the latent ones are so for one reason, and some are."""
    column = LOYALTIES.index(kind) - 1
    others = [k for k in range(len(SHARES)) if k not in (column, LOYALTIES.index("latent") - 1)]
    return bool(found[0, column] > 0.2 and not found[:, others].any())


def test_one_firm_is_a_monopoly():
    assert shares(market(firms=({"name": "alone"},)))[0].tolist() == [1.0, 0, 0, 0, 0, 0, 0]


def test_taste_alone_is_premium():
    assert only(shares(market(**{"taste.taste_spread": 2.0})), "premium")


def test_costs_of_leaving_alone_are_inertia():
    costs = {"switching_cost.basis": "trait", "switching_cost.trait_mean": 0.8, "switching_cost.switching_weight": 4.0}
    assert only(shares(market(**costs)), "inertia")


def test_the_cheapest_firm_is_chosen_for_its_price():
    found = shares(market(**{"pricing.price_sensitivity": 6.0, "firms.north.price": 0.6}))
    assert only(found, "price")
    assert found[0, LOYALTIES.index("price") - 1] > 0.8


def test_one_price_everywhere_ties_nobody_however_much_prices_matter():
    """Removed by itself, and not set to one, the price would be worth six units at each firm."""
    found = shares(market(**{"pricing.price_sensitivity": 6.0}))
    assert not found[:, [k for k, kind in enumerate(LOYALTIES[1:]) if kind != "latent"]].any()


def test_a_card_at_one_firm_is_an_incentive():
    card = {"preset": "stamp_card", "enrolment": "automatic", "reward": 60.0}
    found = shares(market(**{"pricing.price_sensitivity": 0.5, "firms.north.program": card, "rewards.begun": 5.0}))
    kinds = dict(zip(LOYALTIES[1:], found[0], strict=True))
    assert kinds["incentivised"] > 0.3
    assert kinds["premium"] == kinds["price"] == kinds["monopoly"] == kinds["inertia"] == 0.0


def test_a_discount_of_her_class_is_an_incentive():
    """Whoever has bought at the first firm pays half there."""
    gift = {"firms.north.classes.class_discount": (0.5, 0.5, 0.5, 0.5), "customer_classes": {"every": 10}}
    found = shares(market(**{"pricing.price_sensitivity": 6.0, **gift}))
    kinds = dict(zip(LOYALTIES[1:], found[0], strict=True))
    assert kinds["incentivised"] > 0.3
    assert kinds["premium"] == kinds["price"] == kinds["monopoly"] == kinds["inertia"] == 0.0


def test_shares_add_up_to_1_at_most():
    found = shares(Scenario.parse({"periods": 52, "population": {"customers": 300}, "loyalty_types": {}}))
    assert ((found >= 0) & (found <= 1)).all()
    assert (found.sum(axis=1) <= 1 + 1e-12).all()


def test_looking_changes_nothing():
    """Every count and column of a market is what it is where nobody looks."""
    data = {"periods": 60, "burn_in": 8, "population": {"customers": 400}, "firms": [{"name": "a"}, {"name": "b"}]}
    seen, unseen = (Engine(Scenario.parse(data | extra), 4) for extra in ({"loyalty_types": {}}, {}))
    for engine in (seen, unseen):
        engine.run(60)
    for name, array in unseen.world.customers.items():
        np.testing.assert_array_equal(array, seen.world.customers[name], err_msg=name)
    looked, alone = read(seen).tallies, read(unseen).tallies
    for name in alone:
        np.testing.assert_array_equal(alone[name], looked[name], err_msg=name)


@pytest.mark.parametrize("threads", [2, 3])
def test_it_is_the_same_on_threads(threads):
    """Attitudes are ranked over all customers, whoever works on them."""
    scenario = Scenario.parse({"periods": 30, "population": {"customers": 5000}, "loyalty_types": {}})
    one, many = (record(scenario, 2, threads=number).tallies for number in (1, threads))
    for name in one:
        np.testing.assert_array_equal(one[name], many[name], err_msg=name)


def test_kernels_are_sound():
    check_kernels(Scenario.parse({"loyalty_types": {}}))


class TestByHand:
    def test_a_removed_block(self):
        """P 0.6, 0.2 (0.2 nowhere): among firms 0.75; less ln 3 at the first, 0.2 to 0.2: a half, at any level.

        The third firm is not considered, whatever is removed.
        """
        preference = np.array([[0.6], [0.2], [0.0]], np.float32)
        at_first = np.float32(np.log(3.0))
        for removed, left in (((0, 0, 9), 0.75), ((at_first, 0, -9), 0.5), ((at_first + 5, 5, 1e30), 0.5)):
            chances = np.array(removed, np.float32).reshape(1, 3, 1)
            choose_among_firms(chances, preference, np.empty((3, 1), np.float32), 0, 1)
            np.testing.assert_allclose(chances[0, :, 0], [left, 1 - left, 0.0], atol=1e-6)

    def tied(self, terms, preference=((0.4, 0.4), (0.4, 0.0)), providers=(-1, -1), habit=0.0):
        """Return what ties two visitors to two firms, whose terms of utility are {theory: (2, 2)}."""
        rule = {"rule": "habit", "habit_strength": habit} if habit else {}
        small = Small(2, choice=rule, loyalty_types={"habit_strength": habit})
        small.visits([0, 1], [0, 0])
        small.c.preference[:] = preference
        small.scratch("loyalty_types", "provider_then")[:2] = providers
        for theory in BLOCKS:
            small.passing[f"utility_of_{theory}"][:, :2] = terms.get(theory, 0.0)
        small.run("loyalty_types", find_ties)
        return small.c.loyalty_tie

    def test_the_block_that_matters_most_names_the_tie(self):
        """The second visitor has one firm to go to; the first is held by taste more than by price, at the other firm
        by the price alone."""
        found = self.tied({"taste": [[1.0, 0.0], [0.0, 0.0]], "pricing": [[-1.0, 0.0], [-0.5, 0.0]]})
        assert found.tolist() == [[PREMIUM, MONOPOLY], [PRICE, NONE]]

    def test_of_equal_falls_the_first_in_order_counts(self):
        """A taste and a price that are worth the same: the price stands before."""
        alike = [[1.0, 0.0], [0.0, 0.0]]
        assert self.tied({"taste": alike, "pricing": alike})[0, 0] == PRICE

    def test_satisfaction_trust_and_taste_are_one_block(self):
        """Of 0.4 each they are worth more than a cost of leaving of 1."""
        parts = {theory: [[0.4, 0.0], [0.0, 0.0]] for theory in ("choice", "trust", "taste")}
        found = self.tied({**parts, "switching_cost": [[1.0, 0.0], [0.0, 0.0]]})
        assert found[0, 0] == PREMIUM

    def test_habit_is_inertia(self):
        """With habit .5 a provider of P = 1/2 is returned to in 3 of 4 cases; a taste of 0.2 is worth less."""
        terms = {"taste": [[0.2, 0.0], [0.0, 0.0]]}
        assert self.tied(terms, providers=(0, -1), habit=0.5)[0, 0] == INERTIA
        assert self.tied(terms, providers=(1, -1), habit=0.5)[0, 0] == PREMIUM

    def test_who_has_no_provider_has_no_habit(self):
        """A taste of 0.06 lowers 1/2 by 0.015; with habit .5 at another provider by half of that: too little."""
        terms = {"taste": [[0.06, 0.0], [0.0, 0.0]]}
        found = [self.tied(terms, providers=(of, -1), habit=0.5)[0, 0] for of in (1, -1)]
        assert found == [NONE, PREMIUM]

    def test_a_habit_is_that_of_the_choice(self):
        habit = {"rule": "habit", "habit_strength": 0.25}
        assert Scenario.parse({"choice": habit, "loyalty_types": {"habit_strength": 0.25}})
        for sections in ({"choice": habit, "loyalty_types": {}}, {"loyalty_types": {"habit_strength": 0.25}}):
            with pytest.raises(Refusal, match=r"loyalty_types.habit_strength = 0\S*, and with choice.rule = '\w+'"):
                Scenario.parse(sections)

    def test_what_hardly_matters_ties_nobody(self):
        """A taste of 0.02 lowers a probability of a half by 0.005."""
        assert self.tied({"taste": [[0.02, 0.0], [0.0, 0.0]]})[0, 0] == NONE

    def test_steps_are_equal_parts_of_attitude(self):
        """Each begins at its number in 1024ths, and the highest holds the best attitude too."""
        for step in range(1024):
            for within in (0.0, 0.5, 0.99):
                assert attitude_step(np.float32((step + within) / 1024)) == step
        assert attitude_step(np.float32(1.0)) == 1023

    @pytest.mark.parametrize(("top", "step"), [(0.0, 5), (0.19, 5), (0.2, 3), (0.5, 3), (0.6, 2), (1.0, 0)])
    def test_the_top_of_attitudes(self, top, step):
        """Of 4, 4 and 2 relations in steps 1, 2 and 4, never more than the share are at the top."""
        assert int(lowest_top_step(np.array([0, 4, 4, 0, 2, 0]), np.float32(top))) == step

    def test_main_firms_and_latent_loyalty(self):
        """3 of 4 visits: by the tie; 2 of 4 at either: by that of the provider; none of half, or no visits at all:
        latent if the attitude is among the third that is highest; nobody who has left the category."""
        small = Small(6, ({}, {}, {}), loyalty_types={})
        c = small.c
        c.year_purchases[:] = [[3, 2, 1, 0, 1, 0], [1, 2, 1, 0, 1, 0], [0, 0, 1, 0, 1, 0]]
        c.provider[:] = [0, 1, 2, 1, 0, 0]
        c.loyalty_tie[0], c.loyalty_tie[1] = PREMIUM, INERTIA
        c.encounters[:] = 1.0
        c.satisfaction.fill(0.2)
        c.satisfaction[2, 2], c.satisfaction[1, 3], c.satisfaction[0, 5] = 0.9, 0.9, 0.9
        c.affective_commitment.fill(0.4)
        c.exited.fill(-1)
        c.exited[5] = 3
        small.run("loyalty_types", rank_attitudes, 9)
        small.run("loyalty_types", name_loyalties, 9)
        assert c.loyalty_type.tolist() == [PREMIUM, INERTIA, LATENT, LATENT, NONE, NONE]
        assert small.counted("typed") == [1, 2, 1, 2]
        assert small.counted("latent_loyal") == [0, 1, 1, 0]
        assert small.counted("premium_loyal") == [1, 0, 0, 0]
