"""Bookings: the desk against plain Python, exact books, the newsvendor's cost, and nothing where there is no desk."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.capacity.booking_limits import littlewood
from abm.capacity.overbooking import binomial_overbooking_cost
from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import profit
from abm.mechanisms.phases import Phase
from abm.mechanisms.service import booking_desk as desk
from abm.mechanisms.service.booking_guests import resented
from abm.mechanisms.service.booking_peaks import is_peak, share_kept
from abm.mechanisms.service.bookings import (
    denied_share,
    load_factor,
    no_show_rate,
    peak_share,
    revenue_per_place,
    spoilage,
    walked_rate,
)
from abm.scenario.scenario import Scenario
from abm.world.visits import DENIED, NO_SHOW, OUTCOMES, SERVED
from tests.examples import examples
from tests.mechanisms.small import Small

KEY = stream_key(1, "bookings")
COUNTS = ("bookings", "refused", "no_shows", "walked", "seated", "visits", "places_offered", "empty_places")
MODEST = {"leisure_lead": 30.0, "business_lead": 3.0, "leisure_no_show": 0.3, "business_no_show": 0.4}


def market(customers=800, periods=20, firms=3, bookings=None, **levers):
    """Return a market whose firms have places for 700 of 1,000 usual visits."""
    own = {"places": 700.0, **levers}
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.5},
            "firms": [{"name": f"firm_{j}", "bookings": own} for j in range(firms)],
            "bookings": bookings or {},
        }
    )


def crowd(customers=1000, periods=300, places=500.0, **levers):
    """Return a market with one firm to which everybody comes who has an occasion, alike in what she pays."""
    forgiving = {"walk_resentment": 0.0, "outrage": 0.0, "leisure_no_show": 0.1, "business_no_show": 0.1}
    own = {"places": places, "place_cost": 0.0, **levers}
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.2, "rate_shape": 1e6, "basket_spread": 0.0},
            "choice": {"outside": -80.0},
            "network": {"kind": "ring"},
            "off": ["word_of_mouth", "lifecycle", "defection"],
            "firms": [{"name": "inn", "bookings": own, "service": {"richness": 0.0}}],
            "bookings": forgiving,
        }
    )


# ---- the desk, visitor by visitor


def opened(visitors, held, extra, kept, numbers=MODEST, t=3):
    """Run the desk of one firm; return what came of the bookings, in the order of the list, and what was counted.

    visitors : (identity, nth, is leisure); held, extra, kept : places, bookings beyond them, and places protected
    """
    count = len(visitors)
    identity = np.array([one[0] for one in visitors], np.uint32)
    leisure = np.array([one[2] for one in visitors], np.uint8)
    booking, outcome = np.full(count, 9, np.uint8), np.full(count, SERVED, np.uint8)
    order, spare, key = np.zeros(count, np.uint32), np.zeros(count, np.uint32), np.zeros(count, np.int64)
    start, rows = np.array([0, count]), np.arange(count, dtype=np.uint32)
    nth = np.array([one[1] for one in visitors], np.int32)
    places, now = np.ones(1, np.float32), np.array([held])
    more = np.array([extra / held if held else 0.0], np.float32)
    desk.take_bookings(
        outcome, booking, key, order, spare, start, rows, rows, nth, identity, leisure, places, now, more,
        np.array([kept]), *(np.float32(x) for x in numbers.values()), KEY, 0, 0, 1, t,
    )  # fmt: skip
    counted = [np.zeros(2, np.int64) for _ in range(3)]
    desk.walk_guests(outcome, booking, order, start, rows, leisure, places, now, *counted, 0, 1)
    return booking.tolist(), outcome.tolist(), [int(one[0]) for one in counted]


def by_hand(visitors, held, extra, kept, numbers=MODEST, t=3):
    """Return the same in plain Python, from what the docstrings say."""
    drawn = [uniform4(KEY, identity, t, nth, 0) for identity, nth, _ in visitors]
    leads = [
        -(numbers["leisure_lead"] if leisure else numbers["business_lead"]) * math.log(1.0 - float(u[0]))
        for u, (_, _, leisure) in zip(drawn, visitors, strict=True)
    ]
    line = sorted(range(len(visitors)), key=lambda v: (-leads[v], visitors[v][:2]))
    accepted, found = 0, {}
    for v in line:
        leisure = visitors[v][2]
        if accepted < held + extra - (kept if leisure else 0):
            accepted += 1
            stays = float(drawn[v][1]) < numbers["leisure_no_show" if leisure else "business_no_show"]
            found[v] = desk.STAYED_AWAY if stays else desk.SEATED
        else:
            found[v] = desk.REFUSED
    shown = [v for v in line if found[v] == desk.SEATED]
    worst_first = [v for v in shown[::-1] if visitors[v][2]] + [v for v in shown[::-1] if not visitors[v][2]]
    for v in worst_first[: max(0, len(shown) - held)]:
        found[v] = desk.WALKED
    empty = max(0, held - len(shown))
    spoiled = min(empty, list(found.values()).count(desk.REFUSED))
    return [int(found[v]) for v in range(len(visitors))], [held, empty, spoiled]


people = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 2), st.booleans()), unique_by=lambda one: one[:2], max_size=30
).map(sorted)


@settings(max_examples=examples(200))
@given(people, st.integers(1, 20), st.integers(0, 6), st.integers(0, 20))
def test_the_desk_is_that_of_plain_python(visitors, held, extra, kept):
    booking, outcome, counted = opened(visitors, held, extra, kept)
    assert (booking, counted) == by_hand(visitors, held, extra, kept)
    meant = {desk.REFUSED: DENIED, desk.WALKED: DENIED, desk.STAYED_AWAY: NO_SHOW, desk.SEATED: SERVED}
    assert outcome == [meant[one] for one in booking]
    assert booking.count(desk.SEATED) == min(held, booking.count(desk.SEATED) + booking.count(desk.WALKED))
    assert extra or desk.WALKED not in booking, "who accepts no more than there are places walks nobody"


@given(people, st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_what_is_protected_is_never_sold_early(visitors, held, low, high):
    """Fewer leisure bookings are accepted the more places are protected, and no business booking suffers."""
    low, high = sorted((low, high))
    some, more = (opened(visitors, held, 0, kept)[0] for kept in (low, high))
    for kept, found in ((low, some), (high, more)):
        early = [one for one, who in zip(found, visitors, strict=True) if who[2] and one != desk.REFUSED]
        assert len(early) <= max(0, held - kept)
    for found, after, who in zip(some, more, visitors, strict=True):
        assert who[2] or found == desk.REFUSED or after != desk.REFUSED


def test_equal_leads_are_ordered_by_identity():
    keys = [int(desk.earliest_first(np.float32(lead), i)) for lead, i in ((9.0, 5), (9.0, 7), (2.0, 1), (0.0, 0))]
    assert keys == sorted(keys)
    assert int(desk.earliest_first(np.float32(1e4), 2**32 - 1)) < keys[0], "the highest identity keeps its place"


def test_a_visitor_whom_another_theory_has_turned_away_has_no_booking():
    visitors = [(1, 0, True), (2, 0, True)]
    assert opened(visitors, 2, 0, 0)[0].count(desk.NO_BOOKING) == 0
    booking, outcome = np.zeros(2, np.uint8), np.array([DENIED, SERVED], np.uint8)
    order, spare, key = np.zeros(2, np.uint32), np.zeros(2, np.uint32), np.zeros(2, np.int64)
    rows, one = np.arange(2, dtype=np.uint32), np.ones(1, np.float32)
    desk.take_bookings(
        outcome, booking, key, order, spare, np.array([0, 2]), rows, rows, np.zeros(2, np.int32), rows,
        np.ones(2, np.uint8), one, np.array([1]), 0 * one, np.array([0]), np.float32(30), np.float32(3),
        np.float32(0), np.float32(0), KEY, 0, 0, 1, 0,
    )  # fmt: skip
    assert booking.tolist() == [desk.NO_BOOKING, desk.SEATED]
    assert outcome.tolist() == [DENIED, SERVED]


# ---- places, protection, memory: by hand


def test_places_by_hand():
    """12.5 rounds up; half of 5 places is 3."""
    assert int(desk.places_of(np.float32(125.0), 100.0)) == 13
    assert int(desk.places_of(np.float32(0.0), 100.0)) == 0
    assert int(desk.part_of(np.int64(5), np.float32(0.5))) == 3


def test_peaks_by_hand():
    """Of a year of 52 weeks the peak is weeks 50, 51, 0 and 1."""
    found = [t for t in range(104) if is_peak(t, 50, 4, 52)]
    assert found == [0, 1, 50, 51, 52, 53, 102, 103]
    assert not any(is_peak(t, 0, 0, 52) for t in range(60))


def test_places_for_the_peak_are_there_in_the_peak_and_cost_their_price():
    """Of 300 usual visits, 700 places per 1,000 are 210 rooms; 100 more are 30, in periods 4, 5, 14 and 15."""
    levers = {"part_time_places": 100.0, "part_time_cost": 8.0, "place_cost": 3.0}
    scenario = market(1800, 20, bookings={"peak_from": 4, "peak_length": 2}, **levers)
    engine = Engine(scenario.replace({"periods_per_year": 10, "population.rate_shape": 1e6}), 2)
    engine.run(20)
    peak = np.isin(np.arange(20), [4, 5, 14, 15])
    for j in range(3):
        np.testing.assert_array_equal(engine.world.tallied("places_offered")[:, j], 210 + 30 * peak)
        np.testing.assert_allclose(engine.world.tallied("place_spend")[:, j], 630 + 240 * peak)
    assert engine.world.tallied("seated")[peak, :3].mean() > engine.world.tallied("seated")[~peak, :3].mean()


def test_what_is_put_off_is_made_up_for():
    """In the peak 1 - e^-.6 of a need of 1 at rate .5 is put off, after it a quarter of that a period; none is lost."""
    firm = {"bookings": {"places": 900.0, "off_peak_reward": 0.3}}
    world = Small(4, [firm, {}], bookings={"peak_length": 1, "shift_response": 2.0, "catch_up": 0.25})
    world.c.provider[:], world.c.leisure[:], world.c.purchase_rate[:] = [0, 0, 1, -1], [1, 0, 1, 1], 0.5
    wanted, share = np.zeros(4), 1.0 - float(share_kept(np.float32(0.3), np.float32(2.0)))
    assert share == pytest.approx(1.0 - math.exp(-0.6), abs=1e-6)
    for t in range(52):
        world.phases(Phase.OPENING, Phase.NEED, Phase.OCCASIONS, t=t)
        need = world.passing["need"][:4].astype(float)
        if t < 2:
            expected = 1.0 - share if t == 0 else 1.0 + 0.25 * share
            np.testing.assert_allclose(need, [expected, 1.0, 1.0, 1.0], rtol=1e-6)
            np.testing.assert_allclose(world.c.reward_now, [0.3 * t, 0.0])
        wanted += 0.5 * need
    np.testing.assert_allclose(wanted + world.c.put_off_visits, 26.0, rtol=1e-5)
    assert world.c.put_off_visits[0] < 1e-5


def test_a_reward_moves_guests_out_of_the_peak():
    """Where there is room for everybody; in full houses others take what is left free."""
    shares = []
    for reward in (0.0, 0.2):
        peak = {"peak_from": 20, "peak_length": 10}
        scenario = market(2000, 52, bookings=peak, places=2000.0, off_peak_reward=reward)
        shares.append(record(scenario, 4).summary((peak_share,)).mean())
    assert shares[0] == pytest.approx(10 / 52, abs=0.01)
    assert shares[1] < shares[0] - 0.02


@pytest.mark.parametrize("discount", [0.1, 0.4, 0.7])
def test_the_rule_is_littlewoods(discount):
    found = desk.protected_by_littlewood(np.float32(40.0), np.float32(100.0), np.float32(discount))
    assert float(found) == pytest.approx(littlewood(40.0, 10.0, 1.0, 1.0 - discount), abs=1e-4)
    assert desk.protected_by_littlewood(np.float32(40.0), np.float32(100.0), np.float32(0.0)) == 0.0
    assert desk.protected_by_littlewood(np.float32(1.0), np.float32(100.0), np.float32(0.05)) == 0.0


def test_a_firm_protects_what_its_own_bookings_say():
    """The figures of a run are the mean and variance of its full-fare bookings, with equal weights."""
    engine = Engine(
        market(periods=12, bookings={"memory_rate": 0.0}, early_discount=0.3, protection_rule="littlewood"), 4
    )
    full = np.zeros((12, 3))
    for t in range(12):
        expected = [
            round(littlewood(m, math.sqrt(v), 1.0, 0.7)) if t else 0
            for m, v in zip(engine.world.customers.full_mean, engine.world.customers.full_variance, strict=True)
        ]
        engine.run(1)
        book, c = engine.world.book, engine.world.customers
        assert c.protected_now.tolist() == expected
        for j in range(3):
            visits = book["book_visit"][book["book_start"][j] : book["book_start"][j + 1]]
            full[t, j] = (c.leisure[book["book.visit_customer"][visits]] == 0).sum()
    np.testing.assert_allclose(c.full_mean, full.mean(axis=0))
    np.testing.assert_allclose(c.full_variance, full.var(axis=0))
    assert (c.protected_now > 0).all()


def test_walked_guests_are_paid_and_think_less_of_the_firm():
    """Baskets of 30 at a price of .9 less a fifth: 21.60; 1.5 fares are 32.40; trust keeps 1 - .4 / (1 + .5 x 1.5)."""
    firm = {
        "price": 0.9,
        "bookings": {"places": 1.0, "early_discount": 0.2, "walk_compensation": 1.5, "no_show_fee": 0.5},
    }
    world = Small(3, [firm, {}], bookings={"walk_resentment": 0.4, "soothing": 0.5})
    world.c.basket[:], world.c.leisure[:] = 30.0, [1, 0, 1]
    world.c.trust[:], world.c.expectation[:] = 0.8, 0.6
    world.c.satisfaction[0], world.c.encounters[0] = [0.7, 0.7, np.nan], [2.0, 2.0, 0.0]
    world.visits([0, 1, 2], [0, 0, 0])
    world.at("visit_outcome")[:] = [DENIED, NO_SHOW, DENIED]
    world.at("booking")[:] = [desk.WALKED, desk.STAYED_AWAY, desk.WALKED]
    world.phases(Phase.ADMISSION)
    kept = 1.0 - 0.4 / 1.75
    assert resented(np.float32(0.4), np.float32(1.5), np.float32(0.5)) == pytest.approx(1.0 - kept, abs=1e-6)
    np.testing.assert_allclose(world.c.trust[0], [0.8 * kept, 0.8, 0.8 * kept], rtol=1e-6)
    np.testing.assert_allclose(world.c.expectation[0], [0.6 * kept, 0.6, 0.6 * kept], rtol=1e-6)
    np.testing.assert_allclose(world.c.satisfaction[0], [0.7 * kept, 0.7, np.nan], rtol=1e-6)
    assert world.counted("walking_cost") == [6480, 0, 0]
    assert world.counted("no_show_fees") == [1350, 0, 0]
    assert [world.counted(name)[0] for name in ("bookings", "walked", "no_shows", "seated", "refused")] == [
        3,
        2,
        1,
        0,
        0,
    ]
    assert world.c.walked_by.tolist() == [0, -1, 0]


@pytest.mark.parametrize(("outrage", "told"), [(1.0, [2, 0, 2]), (0.0, [0, 0, 0])])
def test_who_was_walked_tells_of_it_and_forgets(outrage, told):
    world = Small(3, [{"bookings": {"places": 1.0}}, {}], bookings={"outrage": outrage})
    world.c.walked_by[:] = [0, -1, 0]
    world.phases(Phase.TELLING)
    assert world.c.story.tolist() == told
    assert world.c.walked_by.tolist() == [-1, -1, -1]
    assert world.counted("negative_messages")[0] == 2 * outrage


def test_fares_are_foreseen_as_far_as_they_are_to_be_had():
    """To leisure 6 x (.3 x .5 - .4 x .1) = .66; to business -6 x .4 x .2 = -.48; where there are no places nothing."""
    firm = {"bookings": {"places": 1.0, "early_discount": 0.3, "no_show_fee": 0.4}}
    chances = {"leisure_no_show": 0.1, "business_no_show": 0.2}
    added = []
    for levers in (firm, {"bookings": {"places": 1.0}}):
        world = Small(2, [levers, {}], bookings=chances)
        world.c.leisure[:], world.c.fare_open[0] = [1, 0], 0.5
        world.c.price_weight[:] = 1.0
        world.phases(Phase.NEED, Phase.VALUATION)
        added.append(world.passing["utility"][:, :2].copy())
    np.testing.assert_allclose(added[0] - added[1], [[0.66, -0.48], [0.0, 0.0]], atol=1e-5)


# ---- whole runs


@pytest.fixture(scope="module")
def busy():
    """Return a run in which everything happens."""
    levers = {"overbooking": 0.2, "early_discount": 0.25, "protection_rule": "littlewood", "no_show_fee": 0.3}
    engine = Engine(market(periods=40, **levers), 3)
    engine.run(40)
    return engine


def test_every_booking_is_accounted_for(busy):
    """Exactly, by firm and period: asked = refused + no-shows + walked + seated; who is seated is who was served."""
    asked, refused, no_shows, walked, seated, visits, places, empty = (
        busy.world.tallied(name)[:, :3].astype(int) for name in COUNTS
    )
    np.testing.assert_array_equal(asked, refused + no_shows + walked + seated)
    np.testing.assert_array_equal(seated, visits)
    np.testing.assert_array_equal(empty, places - seated)
    assert ((walked == 0) | (empty == 0)).all()
    assert min(part.sum() for part in (refused, no_shows, walked, seated, empty)) > 0
    assert (asked - refused <= places + np.floor(0.2 * places + 0.5)).all()


def test_money_is_accounted_for(busy):
    """What guests paid by fare is the firm's revenue, and compensation a lever; places cost what they cost."""
    found = {
        name: busy.world.tallied(name)[:, :3] for name in ("early_revenue", "full_revenue", "revenue", "place_spend")
    }
    np.testing.assert_allclose(found["early_revenue"] + found["full_revenue"], found["revenue"])
    np.testing.assert_allclose(found["place_spend"], 3.0 * busy.world.tallied("places_offered")[:, :3])
    assert busy.world.tallied("walking_cost")[:, :3].sum() > 0


def test_measures_are_shares(busy):
    table = record(busy.scenario, 3).summary((load_factor, walked_rate, denied_share, no_show_rate, spoilage))
    assert ((table >= 0) & (table <= 1)).all()
    assert (record(busy.scenario, 3).summary((revenue_per_place,)) > 0).all()


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(busy, threads):
    several, small = Engine(busy.scenario, 3, threads=threads), Engine(busy.scenario, 3)
    small.set_tile(50)
    for other in (several, small):
        other.run(40)
        np.testing.assert_array_equal(busy.world.history, other.world.history)
        for name, column in busy.world.customers.items():
            np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)


def test_where_everybody_comes_and_nothing_is_overbooked_nobody_is_walked():
    sure = {"leisure_no_show": 0.0, "business_no_show": 0.0}
    engine = Engine(market(bookings=sure), 2)
    engine.run(20)
    for name in ("no_shows", "walked", "walking_cost", "spoiled_places"):
        assert engine.world.tallied(name).sum() == 0, name
    assert engine.world.tallied("refused").sum() > 0


@pytest.mark.parametrize("extra", [0, 5, 12])
def test_a_full_house_costs_what_the_newsvendor_says(extra):
    """One inn, 100 rooms, twice as many guests: empty rooms and walked guests as of binomial shows, three errors."""
    engine = Engine(crowd(overbooking=extra / 100.0), 6)
    engine.run(300)
    empty, walked, places = (engine.world.tallied(n)[:, 0] for n in ("empty_places", "walked", "places_offered"))
    assert (places == 100).all()
    assert (engine.world.tallied("bookings")[:, 0] > 130).all()
    cost = 12.0 * empty + 30.0 * walked
    expected = binomial_overbooking_cost(100, extra, 0.1, 12.0, 30.0)
    assert abs(cost.mean() - expected) < 3.0 * cost.std(ddof=1) / math.sqrt(300)
    assert cost.std() / math.sqrt(300) < 0.06 * expected


def test_a_forgiving_market_earns_most_at_the_static_optimum():
    """Contribution is .4 of 30 less service; without resentment profit follows the cost: .08 beats 0 and .3."""
    earned = [float(record(crowd(overbooking=x), 1).summary((profit,))[0, 0]) for x in (0.0, 0.08, 0.3)]
    assert earned[1] > earned[0] + 0.1
    assert earned[1] > earned[2] + 0.1


def test_results_do_not_depend_on_how_many_customers_there_are():
    loads = []
    for customers in (1000, 8000):
        scenario = market(customers, overbooking=0.05)
        loads.append(record(scenario, 5).summary((load_factor,)).mean())
    assert loads[0] == pytest.approx(loads[1], abs=0.02)


def test_leisure_customers_are_those_to_whom_prices_matter():
    """A share of all where everybody's price weight is 1; the more it weighs, the likelier."""
    people = {"customers": 20_000, "price_weight_spread": 0.0}
    firms = [{"name": "inn", "bookings": {"places": 700.0}}]
    data = {"population": people, "firms": firms, "bookings": {"business_share": 0.3}, "periods": 1}
    c = Engine(Scenario.parse(data), 1).world.customers
    assert c.leisure.mean() == pytest.approx(0.7, abs=0.01)
    people["price_weight_spread"] = 0.8
    c = Engine(Scenario.parse(data), 1).world.customers
    chance = 0.7 * c.price_weight / (0.7 * c.price_weight + 0.3)
    assert c.leisure.mean() == pytest.approx(chance.mean(), abs=0.01)
    assert c.price_weight[c.leisure == 1].mean() > c.price_weight[c.leisure == 0].mean() + 0.2
    for share, all_leisure in ((0.0, 1), (1.0, 0)):
        data["bookings"] = {"business_share": share}
        assert (Engine(Scenario.parse(data), 1).world.customers.leisure == all_leisure).all()


def test_who_pays_more_than_others_finds_it_unfair():
    """An early discount takes from the satisfaction of business customers, where fairness counts."""
    gaps = []
    for weight in (0.0, 1.0):
        data = market(periods=40, early_discount=0.4).to_dict() | {"fairness": {"equity_weight": weight}}
        engine = Engine(Scenario.parse(data), 5)
        engine.run(40)
        c = engine.world.customers
        means = [np.nanmean(c.satisfaction[:, c.leisure == kind]) for kind in (0, 1)]
        gaps.append(means[1] - means[0])
    assert gaps[1] > gaps[0] + 0.05


@pytest.mark.parametrize("peak_length", [2, 0])
def test_a_reward_that_is_withdrawn_ends(peak_length):
    """Nobody has it any more, and what was put off for it comes back, unless there is no peak left to speak of."""
    peak = {"peak_from": 0, "peak_length": 2, "catch_up": 0.25}
    stop = {"firms.firm_0.bookings.off_peak_reward": 0.0, "bookings.peak_length": peak_length}
    rewarding = market(periods=10, firms=1, bookings=peak, off_peak_reward=0.5)
    engine = Engine(rewarding.replace({"changes": [{"name": "stop", "from": 5, "set": stop}]}), 1)
    engine.run(5)
    c, before = engine.world.customers, engine.world.customers.put_off_visits.copy()
    assert c.reward_now[0] == 0.5
    assert before.sum() > 1.0
    engine.run(4)
    assert c.reward_now[0] == 0.0
    np.testing.assert_allclose(c.put_off_visits, before * (0.75**4 if peak_length else 1.0), rtol=1e-5)
    revenue, discounts = (engine.world.tallied(name)[:9] for name in ("revenue", "discounts"))
    assert discounts[2:5].sum() > 0.0
    assert revenue[5:].sum() > 0.0
    assert discounts[5:].sum() == 0.0


def test_where_there_is_a_place_for_everybody_nothing_is_done():
    plain = Scenario.parse({"periods": 10, "population": {"customers": 300}})
    with_theory = plain.replace({"bookings": {}})
    assert [step.name for step in with_theory.steps()] == [step.name for step in plain.steps()]
    assert "no_show" in OUTCOMES


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"firms.firm_0.bookings.overbooking": -0.1}, r"overbooking = -0.1 is outside \[0, 1\]"),
        ({"firms.firm_0.bookings.protected": 1.2}, r"protected = 1.2 is outside \[0, 1\] \(share of places\)"),
        ({"bookings.leisure_no_show": 1.0}, r"leisure_no_show = 1.0 is outside \[0, 0.99\]"),
        ({"firms.firm_0.bookings": {"overbooking": 0.1}}, r"overbooking = 0.1, but the firm takes no bookings while"),
        ({"firms.firm_2.bookings.part_time_places": 9.0}, r"part_time_places = 9 goes by the peak of a year"),
        ({"firms.firm_2.bookings.off_peak_reward": 0.1}, r"firm_2.bookings.off_peak_reward = 0.1 goes by the peak"),
        ({"need.process": "every_period"}, r"firms.firm_0.bookings.places = 700 go by purchase rates"),
        ({"need.process": "bernoulli"}, r'with Poisson occasions, not need.process = "bernoulli"; take "poisson"'),
        (
            {"waiting_line": {}, "firms.firm_1.waiting_line.servers": 2},
            r"700 go with no waiting line; set firms.firm_1.waiting_line",
        ),
    ],
)
def test_what_cannot_be_is_refused(change, told):
    with pytest.raises(Refusal, match=told):
        market().replace(change)


def test_a_lever_without_the_theory_is_refused():
    with pytest.raises(Refusal, match=r"firm 'north' sets bookings, but the market has no bookings"):
        Scenario().replace({"firms.north.bookings.places": 500.0})


@pytest.mark.parametrize("preset", ["hotel", "airline"])
def test_shipped_markets_have_full_houses_and_pay(preset):
    """Firms alike, 78 weeks: houses four fifths full or more, some who stay away, and a profit for each."""
    scenario = Scenario(preset=preset, periods=78, burn_in=26)
    found = record(scenario, 1).summary((load_factor, no_show_rate, denied_share, profit))
    assert ((found[:, 0] > 0.8) & (found[:, 0] < 1.0)).all()
    assert ((found[:, 1] > 0.04) & (found[:, 1] < 0.13)).all()
    assert (found[:, 2] > 0.0).all()
    assert (found[:, 3] > 0.0).all()


def test_every_entry_that_a_kernel_uses_is_its_own():
    """Each kernel followed in plain Python in a small market."""
    levers = {"overbooking": 0.1, "early_discount": 0.2, "protection_rule": "littlewood", "off_peak_reward": 0.1}
    scenario = market(150, 6, bookings={"peak_length": 3}, part_time_places=50.0, no_show_fee=0.2, **levers)
    check_kernels(scenario, customers=150)
