"""The reference market with tastes, judged prices, names and stories: single periods worked by hand."""

from __future__ import annotations

import math

import pytest

from tests.reference.market import Market
from tests.reference.test_market import PLAIN, STILL, SURE, one

BUYER = {"purchase_rate": 100.0, "basket": 20.0, "aware": [True], "expectation": [0.7]}
LISTENER = BUYER | {"purchase_rate": 0.0}
TALK = {"base": 1.0, "contact_rate": 1.0, "discovery": 0.0, "weak_tie": 0.0, "strong_tie": 0.0}


class TestTastes:
    def test_whom_a_firm_suits_is_served_better_and_chooses_it(self):
        """A taste of 2 for the firm is worth as much as 0.4 of expectation, and adds 2 * 0.05 to a quality of 0.7."""
        parameters = SURE | {"taste": {"fit": 0.05}}
        firms = [{**STILL, "quality": 0.7}, {**STILL, "quality": 0.7}]
        market = one(firms, parameters, taste=[0.0, 2.0], expectation=[0.7, 0.7])
        market.step()
        assert [visit.firm for visit in market.visits] == [1]
        assert market.visits[0].performance == pytest.approx(0.8)

    def test_tastes_are_drawn_once_with_their_spread(self):
        people = [BUYER | {"aware": [True] * 4, "expectation": [0.7] * 4}] * 500
        market = Market({"taste": {"taste_spread": 2.0}}, [STILL] * 4, people, [[]] * 500)
        before = [c.taste for c in market.customers]
        drawn = [value for tastes in before for value in tastes]
        mean = sum(drawn) / 2000
        assert abs(mean) < 4 * 2.0 / math.sqrt(2000)
        assert math.sqrt(sum((value - mean) ** 2 for value in drawn) / 2000) == pytest.approx(2.0, rel=0.07)
        market.step()
        assert [c.taste for c in market.customers] == before


class TestPrices:
    def visited(self, price, **state):
        """Return the market after one visit to a firm between two others, as good as she expected."""
        firms = [{**STILL, "quality": 0.7, "promise": 0.7, "price": p} for p in (price, 0.5, 2.0)]
        parameters = SURE | {"perceived_value": {}, "pricing": {"price_sensitivity": 0.0}}
        market = one(firms, parameters, taste=[9.0, 0.0, 0.0], **state)
        market.step()
        return market

    def test_what_is_dear_disappoints_and_is_remembered(self):
        """Used to 1, asked 1.5, 0.5 and 2: of a reference of 7 / 6 it is 2 / 7 too dear; 1 + 0.1 * 0.5."""
        market = self.visited(1.5)
        assert market.visits[0].performance == pytest.approx(0.7 + 0.02 * 9.0)
        assert market.visits[0].satisfaction == pytest.approx(0.88 + 0.3 * 0.18 - 0.15 * 2.0 * 2.0 / 7.0)
        assert market.customers[0].usual_price == pytest.approx(1.05)

    def test_only_prices_of_firms_that_she_knows_count(self):
        """Of 1 and (1.5 + 2) / 2 the reference is 1.375."""
        market = self.visited(1.5, aware=[True, False, True])
        assert market.visits[0].satisfaction == pytest.approx(0.88 + 0.3 * 0.18 - 0.15 * 2.0 * 0.125 / 1.375)

    def test_all_visits_of_a_period_are_judged_by_what_was_usual_at_its_start(self):
        """Fifteen visits at half the price that is all she knows: (0.75 - 0.5) / 0.75 each, and 0.5 + 0.5 * 0.9^15."""
        firm = {**STILL, "quality": 0.7, "promise": 0.7, "price": 0.5}
        market = one([firm], {"choice": SURE["choice"], "perceived_value": {}}, purchase_rate=100.0)
        market.step()
        assert [visit.satisfaction for visit in market.visits] == pytest.approx([0.7 + 0.15 / 3.0] * 15)
        assert market.customers[0].usual_price == pytest.approx(0.5 + 0.5 * 0.9**15)

    def test_who_does_not_look_at_prices_remembers_none(self):
        market = one([{**STILL, "price": 2.0}])
        market.step()
        assert market.customers[0].usual_price == 1.0


class TestStories:
    def told(self, quality, **state):
        """Return the listener after fifteen visits of her friend, one of which she hears of."""
        firm = {**STILL, "quality": quality, "promise": 0.7}
        parameters = PLAIN | {"choice": SURE["choice"], "word_of_mouth": TALK}
        market = Market(parameters, [firm], [BUYER, LISTENER | {"preference": [0.5]} | state], [[(1, 1.0)], [(0, 1.0)]])
        self.tally = market.step()
        return market.customers[1]

    def test_who_has_been_there_believes_less(self):
        """After eight visits a story counts half: 0.25 * 0.5 * 0.5, and 0.05 * 0.5 of the way to 0.95."""
        c = self.told(0.9, encounters=[8], satisfaction=[0.7])
        assert c.word_of_mouth == pytest.approx([0.0625])
        assert c.expectation == pytest.approx([0.70625])

    def test_blame_of_the_own_provider_counts_a_quarter_and_praise_in_full(self):
        """0.3 * 0.5 of blame, of the provider 0.25 of that; the expectation moves all the same."""
        own, other = self.told(0.2, provider=0), self.told(0.2)
        assert (own.word_of_mouth, other.word_of_mouth) == (pytest.approx([-0.0375]), pytest.approx([-0.15]))
        assert own.expectation == other.expectation == pytest.approx([0.7 - 0.05 * 0.55])
        assert self.told(0.9, provider=0).word_of_mouth == pytest.approx([0.125])

    @pytest.mark.parametrize("quality", [0.2, 0.9])
    def test_a_story_makes_its_firm_known_good_or_bad(self, quality):
        c = self.told(quality, aware=[False])
        assert (c.aware, c.match) == ([True], [0.0])
        assert (self.tally["heard"], self.tally["learned"], self.tally["referred"]) == ([1, 0], [1, 0], [1, 0])
        self.told(quality)
        assert (self.tally["heard"], self.tally["learned"], self.tally["referred"]) == ([1, 0], [0, 0], [0, 0])


class TestNames:
    def advertised(self, spend, customers=1, **state):
        """Return a market of one firm that spends, half of whose customers 0.1 cu reaches."""
        firm = {**STILL, "promise": 0.9, "advertising_spend": spend, "brand": 0.25}
        parameters = PLAIN | {"advertising": {}, "word_of_mouth": {"discovery": 0.0}}
        return Market(parameters, [firm], [LISTENER | {"aware": [False]} | state] * customers, [[]] * customers)

    def test_who_is_reached_knows_the_firm_and_hears_its_promise(self):
        """10 cu reach all but one in 2^100: 0.7 + 0.2 * 0.2 at once, less the more visits she has made."""
        market = self.advertised(10.0)
        tally = market.step()
        assert market.customers[0].aware == [True]
        assert market.customers[0].expectation == pytest.approx([0.74])
        assert (tally["learned"], tally["referred"]) == ([1, 0], [0, 0])
        assert market.step()["learned"] == [0, 0]
        used = self.advertised(10.0, aware=[True], encounters=[3], satisfaction=[0.7])
        assert used.step()["learned"] == [0, 0]
        assert used.customers[0].expectation == pytest.approx([0.71])

    def test_half_are_reached_and_all_are_paid_for(self):
        market = self.advertised(0.1, 1000)
        tally = market.step()
        assert abs(tally["learned"][0] - 500) < 4 * math.sqrt(250)
        assert tally["advertising_cost"] == [1_000_000, 0]

    def test_goodwill_grows_to_the_reach_and_fades(self):
        market = self.advertised(0.1)
        seen = []
        for t in range(4):
            if t == 2:
                market.firms[0].advertising_spend = 0.0
            market.step()
            seen.append(market.goodwill[0])
        assert seen == pytest.approx([0.05, 0.095, 0.0855, 0.07695])

    def test_a_firm_that_is_silent_reaches_nobody(self):
        market = self.advertised(0.0, 100)
        tally = market.step()
        assert (tally["learned"], tally["advertising_cost"]) == ([0, 0], [0, 0])
        assert market.goodwill == [0.0]

    def test_the_worth_of_a_name_by_hand(self):
        """5 * 0.9 of satisfaction, 0.5 + 0.2, - 1 of price, 0.25 of brand and 1.7 * 0.05: 4.535."""
        market = self.advertised(0.1, aware=[True], purchase_rate=100.0, encounters=[1], satisfaction=[0.9])
        market.step()
        assert market.customers[0].preference == pytest.approx([1.0 / (1.0 + math.exp(1.0 - 4.535))])

    def test_without_the_theory_nothing_is_spent(self):
        market = one([{**STILL, "advertising_spend": 5.0, "brand": 9.0}], {"choice": {}})
        tally = market.step()
        assert "advertising_cost" not in tally
        assert market.goodwill == [0.0]
        assert market.customers[0].preference == pytest.approx([1.0 / (1.0 + math.exp(1.0 - 3.2))])
