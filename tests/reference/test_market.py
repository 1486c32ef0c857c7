"""The reference market: nothing appears or vanishes, and single periods worked by hand."""

from __future__ import annotations

import copy
import math
from random import Random

import pytest

from tests.reference.market import TALLIES, Market
from tests.reference.state import ACTIVE, DORMANT, LOST, NOBODY, PROSPECT

STILL = {"spread_within": 0.0, "spread_between": 0.0, "failure_rate": 0.0}
PLAIN = {"taste": {"taste_spread": 0.0}, "perceived_value": {"value_weight": 0.0}}
SURE = PLAIN | {"need": {"process": "every_period"}, "choice": {"rule": "deterministic", "outside": -100.0}}
TIERED = {
    "enrolment": "automatic",
    "earn_per_visit": 1.0,
    "earn_rate": 0.05,
    "goal": 10.0,
    "reward": 5.0,
    "endowment": 2.0,
    "redemption": 0.5,
    "expiry": 6,
    "tier_threshold": (60.0, 120.0),
    "tier_discount": (0.05, 0.10),
    "tier_bonus": (0.5, 1.0),
    "tier_window": 5,
}


def world(n=30, **changes):
    """Return the arguments of a market of n customers and three firms; all its details are arbitrary."""
    luck = Random(n)
    firms = [
        {"quality": 0.75, "unit_cost": 0.6, "quality_cost": 1.0, "reliability_cost": 2.0, "program": TIERED},
        {"quality": 0.70, "unit_cost": 0.6, "fixed_cost": 3.0, "richness": 0.5, "promise": 0.7},
        {"quality": 0.65, "price": 0.9, "promise": 0.8, "failure_rate": 0.2, "exit_fee": 5.0},
    ]
    customers = [
        {
            "purchase_rate": 0.1 + luck.expovariate(1.5),
            "basket": luck.lognormvariate(3.0, 1.0),
            "price_weight": 0.5 + luck.random(),
            "aware": [luck.random() < 0.7 for _ in firms],
            "expectation": [luck.uniform(0.5, 0.9) for _ in firms],
        }
        for _ in range(n)
    ]
    ties = [[] for _ in range(n)]
    for i in range(n):
        for k in {luck.randrange(n) for _ in range(3)} - {i}:
            if k not in dict(ties[i]):
                weight = luck.choice((1.0, 0.3))
                ties[i].append((k, weight))
                ties[k].append((i, weight))
    parameters = {"defection": {"exit_rate": 0.005}}
    return {"parameters": parameters, "firms": firms, "customers": customers, "ties": ties, "seed": 3} | changes


def one(firms, parameters=SURE, **state):
    """Return a market of one customer without ties, who buys for 20 cu a period, whatever the price and the name."""
    start = {"purchase_rate": 1.0, "basket": 20.0, "aware": [True] * len(firms)}
    start["expectation"] = [0.7] * len(firms)
    return Market(PLAIN | parameters, firms, [start | state], [[]])


MODES = [
    {"rule": "mnl"},
    {"rule": "habit"},
    {"rule": "threshold"},
    {"rule": "deterministic"},
    {"rule": "satisfice"},
    {"rule": "eba"},
    {"market": "lost_for_good", "term": 4},
]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_appears_or_vanishes(mode):
    arguments = world()
    arguments["parameters"]["choice"] = mode
    market = Market(**arguments)
    for _ in range(15):
        before = copy.deepcopy(market.customers)
        tally = market.step()
        check_visits(market, tally, before)
        check_points(market, tally, before)
        check_knowledge(market, tally, before)
        check_ranges(market)


def check_visits(market, tally, before):
    tally = {name: counts[:-1] for name, counts in tally.items()} | {"outside": tally["visits"][NOBODY]}
    for j in range(len(market.firms)):
        there = [visit for visit in market.visits if visit.firm == j]
        assert tally["visits"][j] == len(there)
        assert tally["failures"][j] == sum(visit.failed for visit in there)
        assert tally["revenue"][j] == sum(visit.spend for visit in there)
        learned = sum(c.encounters[j] - b.encounters[j] for c, b in zip(market.customers, before, strict=True))
        assert learned == len(there)
    assert tally["outside"] + sum(tally["visits"]) == len(market.visits)
    assert all(before[visit.customer].exited == NOBODY for visit in market.visits)


def check_points(market, tally, before):
    for j in range(len(market.firms)):
        change = sum(c.points[j] - b.points[j] for c, b in zip(market.customers, before, strict=True))
        issued, spent = tally["points_issued"][j], tally["points_redeemed"][j] + tally["points_expired"][j]
        assert change == issued - spent
        joined = sum(c.member[j] - b.member[j] for c, b in zip(market.customers, before, strict=True))
        assert tally["enrolled"][j] == joined
        redeemed = sum(visit.redeemed for visit in market.visits if visit.firm == j)
        assert tally["points_redeemed"][j] == 1000 * redeemed
        assert tally["rewards_cost"][j] == 500 * redeemed
        assert tally["points_outstanding"][j] == sum(c.points[j] for c in market.customers)
        if market.firms[j].program is None:
            assert not any(c.member[j] or c.points[j] or c.tier[j] for c in market.customers)


def check_knowledge(market, tally, before):
    for j in range(len(market.firms)):
        learned = sum(c.aware[j] - b.aware[j] for c, b in zip(market.customers, before, strict=True))
        assert tally["learned"][j] == learned
    told = sum(tally["positive_messages"]) + sum(tally["negative_messages"])
    assert told >= len(market.stories)
    assert set(market.stories) <= {visit.customer for visit in market.visits if visit.firm != NOBODY}


def check_ranges(market):
    shares = (
        "expectation", "trust", "affective_commitment", "calculative_commitment", "personal_bond", "preference",
        "switching_facet",
    )  # fmt: skip
    for c in market.customers:
        assert all(0.0 <= value <= 1.0 for name in shares for value in getattr(c, name))
        assert sum(c.preference) <= 1.0 + 1e-12
        assert all(p >= 0 for p in c.points)
        for j in range(len(market.firms)):
            assert math.isnan(c.satisfaction[j]) == (c.encounters[j] == 0)
            assert (c.relation[j] == PROSPECT) == (c.encounters[j] == 0)
            assert c.encounters[j] == 0 or c.aware[j]


def test_the_same_seed_is_the_same_world_and_another_replication_is_not():
    first, again, other = Market(**world()), Market(**world()), Market(**world(replication=1))
    for market in (first, again, other):
        for _ in range(8):
            market.step()
    assert first.tallies == again.tallies
    assert repr(first.customers) == repr(again.customers)
    assert first.tallies != other.tallies


def test_a_programme_that_does_nothing_changes_nothing():
    arguments = world()
    arguments["firms"][0]["program"] = None
    without = Market(**arguments)
    arguments["firms"][0]["program"] = {"enrolment": "automatic"}
    neutral = Market(**arguments)
    for _ in range(8):
        without.step()
        neutral.step()
    for name in TALLIES:
        if name not in ("enrolled", "members"):
            assert [t[name] for t in without.tallies] == [t[name] for t in neutral.tallies]
    assert [c.trust for c in without.customers] == [c.trust for c in neutral.customers]


def test_common_luck_person_by_person():
    """A customer who cannot hear of a change lives the same life in both worlds."""
    arguments = world()
    arguments["ties"] = [[] for _ in arguments["customers"]]
    arguments["customers"][4]["aware"] = [False, True, True]
    arguments["parameters"]["word_of_mouth"] = {"discovery": 0.0}
    plain = Market(**arguments)
    arguments["firms"][0]["quality"] = 0.95
    better = Market(**arguments)
    for _ in range(10):
        plain.step()
        better.step()
    mine = [[vars(v) for v in market.visits if v.customer == 4] for market in (plain, better)]
    assert repr(mine[0]) == repr(mine[1])
    assert plain.customers[4].trust == better.customers[4].trust
    assert plain.tallies != better.tallies


def test_one_visit_by_hand():
    """Expects 0.7, gets 0.8: s = 0.8 + 0.03; E = 0.7 + 0.015 + 0.005; T = 0.5 + 0.08 * 0.33."""
    market = one([{"quality": 0.8, "price": 1.1, "unit_cost": 0.5, **STILL}])
    tally = market.step()
    c = market.customers[0]
    assert c.satisfaction == pytest.approx([0.83])
    assert c.expectation == pytest.approx([0.72])
    assert c.trust == pytest.approx([0.5264])
    assert c.affective_commitment == pytest.approx([0.2 + 0.05 * (0.415 + 0.2632 - 0.2)])
    assert (c.provider, c.encounters, c.last_purchase, c.relation) == (0, [1], [0], [ACTIVE])
    assert tally["revenue"] == [2200, 0]
    assert tally["goods"] == [1000, 0]
    assert c.switching_cost == 0.0  # she had no provider yet
    market.step()
    assert c.switching_facet[:2] == pytest.approx([1.0, 1.0])  # no rival
    assert c.switching_facet[2] == pytest.approx(c.bother / (c.bother + 1.0 / math.expm1(1 / 30)))


def test_two_visits_in_a_period_share_the_beliefs_of_its_start():
    """Many occasions, one belief: each performs 0.8 against 0.7, so satisfaction stays at 0.83."""
    market = one([{"quality": 0.8, "promise": 0.8, **STILL}], {"choice": SURE["choice"]}, purchase_rate=100.0)
    market.step()
    c = market.customers[0]
    assert [visit.satisfaction for visit in market.visits] == pytest.approx([0.83] * 15)
    assert c.satisfaction == pytest.approx([0.83])
    assert c.encounters == [15]
    assert c.expectation == pytest.approx([0.8 - 0.1 * (0.85 - 0.1 / 15) ** 15])  # of the gap
    assert c.missed == [0]


def test_a_story_moves_the_listener_in_the_next_period_only():
    """Customer 1 never buys (p = 1/2): she hears + 0.25 * 0.5, then 0.85 of it and the next story."""
    parameters = SURE | {"word_of_mouth": {"base": 1.0, "contact_rate": 1.0}}
    parameters["need"] = {}
    buyer = {"purchase_rate": 100.0, "basket": 20.0, "aware": [True, False], "expectation": [0.7, 0.7]}
    listener = buyer | {"purchase_rate": 0.0}
    market = Market(parameters, [{"quality": 0.8, **STILL}] * 2, [buyer, listener], [[(1, 1.0)], [(0, 1.0)]])
    tally = market.step()
    assert tally["positive_messages"] == [15, 0, 0]  # all are counted, the last is passed on
    assert market.customers[1].word_of_mouth == pytest.approx([0.125, 0.0])
    assert market.customers[1].expectation[0] == pytest.approx(0.7 + 0.05 * 0.25)
    market.step()
    assert market.customers[1].word_of_mouth == pytest.approx([0.85 * 0.125 + 0.125, 0.0])


def test_a_stock_that_nothing_feeds_is_nothing_in_the_end():
    """0.85^283 is 1.06e-20, and 0.85^284 less than 1e-20: from then on 0, for blame as for praise."""
    market = one([{}, {}], {}, purchase_rate=0.0, word_of_mouth=[1.0, -1.0])
    for _ in range(283):
        market.step()
    assert market.customers[0].word_of_mouth == pytest.approx([0.85**283, -(0.85**283)], rel=1e-9, abs=0.0)
    market.step()
    assert market.customers[0].word_of_mouth == [0.0, 0.0]


def test_a_firm_becomes_known_through_a_friend_who_was_a_customer_before():
    """Friend 0 buys in period 0; customer 1 can learn of it in period 1, and expects 0.05 more."""
    parameters = {
        "need": SURE["need"],
        "choice": SURE["choice"],
        "word_of_mouth": {"discovery": 0.0, "strong_tie": 1.0, "contact_rate": 0.0},
    }
    friend = {"purchase_rate": 1.0, "basket": 20.0, "aware": [True], "expectation": [0.7]}
    market = Market(parameters, [STILL], [friend, friend | {"aware": [False]}], [[(1, 1.0)], [(0, 1.0)]])
    assert market.step()["learned"] == [0, 0]
    assert market.step()["learned"] == [1, 0]
    assert market.customers[1].match == [0.05]
    assert market.customers[1].expectation == pytest.approx([0.75])
    assert [t["visits"] for t in market.tallies] == [[1, 1], [1, 1]]
    assert market.step()["visits"] == [2, 0]


def test_a_card_is_filled_redeemed_and_paid_by_hand():
    """5 points a visit from the second on, 10 for a reward of 4 cu that costs 0.5 per cu: 2 cu, of which she expects
    e^-0.02, as there is a gap between the two visits.
    """
    card = {"enrolment": "automatic", "earn_per_visit": 5.0, "goal": 10.0, "reward": 4.0, "reward_cost": 0.5}
    market = one([{**STILL, "program": card | {"member_cost": 0.25}}])
    for _ in range(4):
        market.step()
    assert [t["points_issued"][0] for t in market.tallies] == [0, 500, 500, 500]
    assert [t["points_redeemed"][0] for t in market.tallies] == [0, 0, 1000, 0]
    assert [t["rewards_cost"][0] for t in market.tallies] == [0, 0, 200, 0]
    assert [t["provision"][0] for t in market.tallies] == [0, 98, -98, 98]
    assert [t["membership"][0] for t in market.tallies] == [25] * 4
    assert [t["enrolled"][0] for t in market.tallies] == [1, 0, 0, 0]
    worth = 0.2 * math.exp(-0.02)  # of the reward, in baskets
    ahead = 0.25 * 0.5 * worth / (1.0 + worth)  # half way in periods 1 and 3, a quarter of it paid back in each since
    expected = ahead - 0.25 * ahead * 0.75
    assert market.customers[0].boost == pytest.approx(1.0 + expected)
    assert market.customers[0].brought_forward == pytest.approx(ahead * 0.75 + expected)


def test_tiers_rise_at_once_and_fall_at_the_end_of_the_window():
    """Windows of 2 periods, tier 1 at 38 cu: 20 + 20 earns it; with 10 % off 18 + 18 does not."""
    tiers = {"enrolment": "automatic", "tier_threshold": (38.0,), "tier_discount": (0.1,), "tier_window": 2}
    market = one([{**STILL, "program": tiers}])
    seen = []
    for _ in range(4):
        tally = market.step()
        seen.append((tally["revenue"][0], market.customers[0].tier[0], market.customers[0].qualifying_spend[0]))
    assert seen == [(2000, 0, 2000), (2000, 1, 0), (1800, 1, 1800), (1800, 0, 0)]
    assert market.tier_shares() == [[1.0, 0.0]]


def test_all_visits_of_a_period_have_the_bonus_and_the_discount_of_its_start():
    """Fifteen visits of 20 cu, tier 1 from the second on: 1 point each for 20 cu, and 2 for 18 in the next period."""
    tiers = {"tier_threshold": (40.0,), "tier_discount": (0.1,), "tier_bonus": (1.0,), "redemption": 0.0}
    card = tiers | {"enrolment": "automatic", "earn_per_visit": 1.0}
    market = one([{**STILL, "program": card}], {"choice": SURE["choice"]}, purchase_rate=100.0, member=[True])
    tally = market.step()
    assert (tally["visits"][0], tally["revenue"][0], tally["points_issued"][0]) == (15, 30000, 1500)
    assert (market.customers[0].tier, market.customers[0].qualifying_spend) == ([1], [30000])
    tally = market.step()
    assert (tally["visits"][0], tally["revenue"][0], tally["points_issued"][0]) == (15, 27000, 3000)


def test_spend_qualifies_for_nothing_without_tiers():
    """Wherever she buys, nothing is counted towards tiers that do not exist."""
    without, untiered, tiered = (None, {"enrolment": "automatic"}, {"enrolment": "automatic", "tier_threshold": (1e6,)})
    market = one([{**STILL, "program": program} for program in (without, untiered, tiered)], {"choice": {}})
    seen = [0, 0, 0]
    for _ in range(30):
        tally = market.step()
        seen = [before + cents for before, cents in zip(seen, tally["revenue"], strict=False)]
    assert all(cents > 0 for cents in seen)
    assert market.customers[0].member == [False, True, True]
    assert market.customers[0].qualifying_spend == [0, 0, seen[2]]


def test_promotion_pleases_less_than_demotion_hurts():
    """Trust without learning: + 0.05 at the first visit, then - 0.10 after a window without one, of a standing of 0.5:
    a benefit as large as the noticed, which nobody has.
    """
    tiers = {"enrolment": "automatic", "tier_threshold": (10.0,), "tier_discount": (0.05,), "tier_window": 1}
    unmoved = {"trust": {"growth": 0.0, "fall": 0.0, "promise_cost": 0.0, "commitment_rate": 0.0}}
    market = one([{**STILL, "program": tiers}], SURE | unmoved)
    market.shares = [[1.0, 0.0]]
    market.step()
    assert market.customers[0].trust == pytest.approx([0.525])
    assert market.customers[0].affective_commitment == pytest.approx([0.225])
    market.customers[0].aware = [False]
    market.shares = [[1.0, 0.0]]
    market.step()
    assert market.customers[0].tier == [0]
    assert market.customers[0].trust == pytest.approx([0.475])
    assert market.customers[0].affective_commitment == pytest.approx([0.175])


def test_points_expire_after_silence():
    """Last bought in period 0, expiry 2: void at the end of period 3."""
    card = {"goal": 10.0, "reward": 4.0, "expiry": 2}
    state = {"member": [True], "points": [700], "last_purchase": [0], "encounters": [1], "satisfaction": [0.7]}
    market = one([{"program": card}], {}, purchase_rate=0.0, relation=[ACTIVE], **state)
    assert [market.step()["points_expired"][0] for _ in range(5)] == [0, 0, 0, 700, 0]
    assert market.customers[0].points == [0]


def test_missed_occasions_turn_active_into_dormant_and_lost():
    """Occasions spent nowhere: dormant after more than 2, lost after more than 4."""
    never = {"need": SURE["need"], "choice": {"rule": "deterministic", "outside": 100.0}}
    market = one([{}], never | {"lifecycle": {"dormant_after": 2, "lost_after": 4}}, relation=[ACTIVE])
    seen = []
    for _ in range(5):
        market.step()
        seen.append(market.customers[0].relation[0])
    assert seen == [ACTIVE, ACTIVE, DORMANT, DORMANT, LOST]


def test_who_needs_nothing_is_not_lost_and_who_leaves_the_category_is():
    market = one([{}], {}, purchase_rate=0.0, relation=[ACTIVE], last_purchase=[0])
    for _ in range(50):
        market.step()
    assert market.customers[0].relation == [ACTIVE]
    market.customers[0].exited = 50
    tally = market.step()
    assert (market.customers[0].relation, tally["left_category"], tally["fell_lost"]) == ([LOST], [1, 0], [1, 0])


def test_who_was_lost_when_the_year_began_may_be_regained():
    """Lost before, she buys in a year of two periods, on half her visits."""
    market = one([STILL], relation=[LOST], relation_before=[LOST], own_before=[True])
    market.periods, market.year = 4, 2
    tallies = [market.step() for _ in range(4)]
    assert [t["regained"][0] for t in tallies] == [0, 1, 0, 0]
    assert [t["lost_at_start"][0] for t in tallies] == [0, 1, 0, 0]
    assert [(t["own_at_start"][0], t["retained"][0]) for t in tallies] == [(0, 0), (1, 1), (0, 0), (1, 1)]


def test_a_contract_binds_and_who_leaves_is_lost_for_good():
    """Nobody would be better all along, but the contract of period 0 holds her for two periods."""
    parameters = {
        "need": SURE["need"],
        "choice": {"rule": "deterministic", "outside": 100.0, "market": "lost_for_good", "term": 2},
    }
    market = one([STILL], parameters, provider=0, signed=0, relation=[ACTIVE], encounters=[1], satisfaction=[0.7])
    assert [market.step()["visits"][0] for _ in range(4)] == [1, 1, 0, 0]
    c = market.customers[0]
    assert (c.provider, c.signed, c.relation) == (NOBODY, NOBODY, [LOST])


def test_renewal_signs_a_new_contract():
    mode = {"market": "lost_for_good", "term": 2}
    market = one([STILL], SURE | {"choice": SURE["choice"] | mode})
    signed = []
    for _ in range(5):
        market.step()
        signed.append(market.customers[0].signed)
    assert signed == [0, 0, 2, 2, 4]


def test_the_last_of_several_visits_at_renewal_decides_for_all():
    """Fifteen visits in the period in which the contract ends: all at another firm; the old relation stays lost."""
    mode = {"market": "lost_for_good", "term": 2, "outside": -100.0}
    state = {"provider": 0, "signed": 0, "encounters": [1, 0, 0], "satisfaction": [0.7] * 3}
    free = {"switching_cost": {"switching_weight": 0.0}}
    market = one(
        [STILL] * 3, {"choice": mode, **free}, purchase_rate=100.0, relation=[ACTIVE, PROSPECT, PROSPECT], **state
    )
    for _ in range(3):
        market.step()
    last = market.visits[-1].firm
    assert {visit.firm for visit in market.visits} == {last}
    assert (market.customers[0].provider, market.customers[0].signed) == (last, 2)
    assert last != 0
    assert market.customers[0].relation[0] == LOST


def test_who_has_no_contract_yet_signs_with_the_last_firm_of_the_period():
    mode = {"market": "lost_for_good", "term": 2, "outside": 3.0}
    market = one([STILL] * 3, {"choice": mode}, purchase_rate=100.0)
    market.step()
    there = [visit.firm for visit in market.visits if visit.firm != NOBODY]
    assert NOBODY in [visit.firm for visit in market.visits]
    assert len(set(there)) > 1
    assert (market.customers[0].provider, market.customers[0].signed) == (there[-1], 0)
    assert LOST not in market.customers[0].relation


def test_who_left_the_category_buys_no_more():
    market = one([STILL], SURE | {"defection": {"exit_rate": 1.0}})
    assert [market.step()["visits"][0] for _ in range(3)] == [1, 0, 0]
    assert market.customers[0].exited == 0


def test_the_utility_of_a_member_by_hand():
    """4.2 - 0.9 + L, no status, as all members are at her tier, and L = 1 cu of 20 a visit, and half way to 5 of 20
    0.1 / 2 + 0.05 of it, which she expects to be paid with e^-0.08: four gaps between five visits.
    """
    card = {"earn_per_visit": 2.0, "goal": 10.0, "reward": 5.0, "tier_threshold": (10.0,), "tier_discount": (0.1,)}
    state = {"member": [True], "points": [500], "tier": [1], "encounters": [1], "satisfaction": [0.7]}
    market = one([{"program": card}], {"need": SURE["need"]}, **state)
    paid = math.exp(-0.08)
    assert market.customers[0].boost == pytest.approx(1.0 + 0.25 * 0.5 * 0.25 * paid / (1.0 + 0.25 * paid))
    market.step()
    utility = 4.2 - 0.9 + paid * (0.05 + 0.1 * 0.25)
    assert market.customers[0].preference == pytest.approx([1.0 / (1.0 + math.exp(1.0 - utility))])


def test_an_exit_pulls_friends_from_the_next_period_on():
    """A hazard of next to nothing without exits, and of certainty beside one."""
    contagious = PLAIN | {"defection": {"exit_rate": 1e-12, "contagion": 1e15, "dissatisfaction": 0.0}}
    person = {"purchase_rate": 1.0, "basket": 20.0, "aware": [True], "expectation": [0.7]}
    market = Market(contagious, [STILL], [person] * 3, [[(1, 1.0)], [(0, 1.0), (2, 0.3)], [(1, 0.3)]])
    market.step()
    assert [c.exited for c in market.customers] == [NOBODY] * 3
    market.customers[0].exited = 0
    for _ in range(2):
        market.step()
    assert [c.exited for c in market.customers] == [0, 1, 2]


def test_all_stories_count_and_only_the_latest_is_passed_on():
    """Fifteen visits, all worth telling: fifteen stories told, and one, of the firm visited last, to be heard."""
    parameters = {"word_of_mouth": {"base": 1.0}, "choice": {"outside": -100.0}}
    market = one([STILL] * 3, parameters, purchase_rate=100.0)
    tally = market.step()
    assert len({visit.firm for visit in market.visits}) == 3
    assert sum(tally["positive_messages"]) == 15
    assert market.stories == {0: (market.visits[-1].firm, True)}


def test_a_purchase_in_time_saves_the_points_of_the_same_period():
    """Silent since long before, she buys in period 9: nothing is void, and 5 points are added."""
    card = {"earn_per_visit": 5.0, "goal": 100.0, "reward": 4.0, "expiry": 2}
    state = {"member": [True], "points": [700], "last_purchase": [0], "encounters": [1], "satisfaction": [0.7]}
    market = one([{"program": card}], relation=[ACTIVE], **state)
    market.t = 9
    assert market.step()["points_expired"][0] == 0
    assert market.customers[0].points == [1200]


def test_a_visit_to_nobody_leaves_the_provider():
    parameters = {"need": SURE["need"], "choice": {"rule": "deterministic", "outside": 100.0}}
    market = one([STILL], parameters, provider=0)
    tally = market.step()
    assert tally["visits"] == [0, 1]
    assert market.customers[0].provider == 0
    assert market.customers[0].preference == pytest.approx([0.0], abs=1e-30)  # of the logit, whatever the rule


def test_loyalty_is_counted_when_the_books_close():
    """A delighted member who buys only at firm 0; one who buys at a bad firm and more at a good one; and nobody's."""
    person = {"purchase_rate": 0.0, "basket": 20.0, "aware": [True] * 2, "expectation": [0.7] * 2}
    delighted = person | {
        "satisfaction": [0.9, math.nan],
        "year_spend": [2000, 0],
        "year_purchases": [1, 0],
        "member": [True, False],
    }
    torn = person | {"satisfaction": [0.4, 0.9], "year_spend": [1000, 2000], "year_purchases": [1, 2]}
    market = Market(PLAIN, [{"program": {}}, {}], [delighted, torn, person], [[]] * 3, periods=1)
    tally = market.step()
    expected = {
        "buyers": [2, 1, 0], "loyalists": [1, 1, 0], "mercenaries": [0, 0, 0], "hostages": [0, 0, 0],
        "defectors": [1, 0, 0], "member_spend": [2000, 0, 0], "member_wallet": [2000, 0, 0],
        "category_spend": [5000, 5000, 0],
    }  # fmt: skip
    assert {name: tally[name] for name in expected} == expected


def test_unknown_parameters_are_refused():
    with pytest.raises(KeyError, match=r"choice\.atraction"):
        Market({"choice": {"atraction": 5.0}}, [{}], [], [])
    with pytest.raises(KeyError, match="chioce"):
        Market({"chioce": {}}, [{}], [], [])
    with pytest.raises(ValueError, match="trust has 1 entries for 2 firms"):
        one([{}, {}], trust=[0.5])
