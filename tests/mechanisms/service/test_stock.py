"""Stock: by hand, visitor by visitor, conservation, the newsvendor against all levels, and nothing without stock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.value import lever_cost
from abm.mechanisms.service.stock import Stock, fill_rate, stock_out_rate, stock_turn
from abm.mechanisms.service.stock_kernels import (
    FROM_STOCK,
    LOST,
    NOTHING,
    SUBSTITUTE,
    WAITS,
    close_shelves,
    come_back,
    empty_handed,
    end_waiting,
    forget_waiting,
    remember_stock_outs,
    serve_from_stock,
    take_substitutes,
)
from abm.mechanisms.service.stock_orders import (
    deliver_orders,
    errors_covered,
    fractile_of,
    newsvendor_fractile,
    ordered,
    place_orders,
    receive_goods,
    there_when_it_comes,
)
from abm.scenario.scenario import Scenario
from abm.world.visits import DENIED, SERVED
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small

ORDERING = (receive_goods, place_orders, deliver_orders)
CODES = {"from": FROM_STOCK, "instead": SUBSTITUTE, "later": WAITS, "away": LOST}


def market(customers=400, periods=30, shelf=None, method="exponential_smoothing", **more):
    """Return a market of two firms, the first of which has shelves, and counts at the door."""
    north = {"stock": {"stock_rule": "availability", **(shelf or {})}}
    north["forecasting"] = {"forecast_method": method, "counting": "door"}
    return Scenario.parse(
        {
            "periods": periods, "network": {"kind": "ring"}, "firms": [{"name": "north", **north}, {"name": "east"}],
            "forecasting": {}, "stock": {}, **more, "population": {"customers": customers, "purchase_rate": 0.5},
        }
    )  # fmt: skip


def order(mean, variance, z, on_hand, kept_share, lead, interval=1, due=()):
    """Return what a firm orders, with what is due in 1, 2, ... periods."""
    coming = np.zeros((12, 1), np.int64)
    coming[: len(due), 0] = due
    there = there_when_it_comes(on_hand, coming, 0, mean, kept_share, lead)
    return ordered(mean, variance, z, there, errors_covered(kept_share, lead, interval), interval)


def replenished(world, t=0):
    """Let firms receive, order and be delivered to."""
    for act in ORDERING:
        world.run("stock", act, t)
    return world.c.deliveries_due[:, 0].tolist()[:3]


def small(customers=6, shelf=None, **stock):
    return Small(
        customers, ({"stock": {"stock_rule": "availability", **(shelf or {})}}, {}), forecasting={}, stock=stock
    )


class TestByHand:
    def test_fractile(self):
        """Margin 12, and 18 paid for a unit that perishes: .4. One that keeps costs .1: 12 / 12.1."""
        assert newsvendor_fractile(12.0, 18.0) == pytest.approx(0.4)
        assert newsvendor_fractile(12.0, 0.0) == 0.999
        assert newsvendor_fractile(-3.0, 18.0) == 0.001
        assert newsvendor_fractile(0.0, 0.0) == 0.001
        goods = {"price": 1.0, "unit_cost": 0.6, "unit_basket": 30.0, "service_cost": 500, "holding_cost": 2.0}
        assert fractile_of(2, 0.7, *goods.values(), 0.0, 1) == pytest.approx(12.0 / 30.0)
        assert fractile_of(2, 0.7, *goods.values(), 1.0, 1) == pytest.approx(12.0 / 14.0)
        assert fractile_of(2, 0.7, *goods.values(), 0.5, 1) == pytest.approx(12.0 / 22.0)
        assert fractile_of(3, 0.7, *goods.values(), 0.0, 1) == pytest.approx(7.0 / 25.0), "serving costs 5"
        assert fractile_of(1, 0.7, *goods.values(), 0.0, 1) == 0.7

    def test_order(self):
        """100 + 2 x 8 = 116 less what is there; a period later half of 130 - 100 is, and the sd is 8 sqrt 1.5."""
        assert order(100.0, 64.0, 2.0, 30, 1.0, 0) == 86
        assert order(100.0, 64.0, 2.0, 300, 1.0, 0) == 0
        assert order(100.0, 64.0, 2.0, 130, 0.5, 1) == round(100.0 + 2.0 * 8.0 * 1.5**0.5 - 15.0)
        assert order(100.0, 64.0, 0.0, 40, 1.0, 1) == 100, "what runs out leaves nothing"
        assert order(1.5, 0.0, 0.0, 0, 1.0, 0) == 2, "half a unit is rounded up"

    def test_an_order_is_received_and_counted(self):
        """5 are on hand, 3 are due; 10 are expected, without any doubt."""
        world = small()
        world.c.on_hand[0], world.c.deliveries_due[0, 0] = 5, 3
        world.c.visits_forecast[0], world.c.visits_variance[0] = 10.0, 0.0
        assert replenished(world) == [0, 0, 0]
        assert world.c.on_hand.tolist() == [10, 0]
        for name, count in (("units_opening", 5), ("units_delivered", 5), ("units_held", 10), ("ordering", 100)):
            assert world.counted(name) == [count, 0, 0], name

    def test_an_order_that_takes_a_period_is_on_its_way(self):
        """5 and 3 are on hand, none of which will be left of 10 visitors."""
        world = small(lead_time=1)
        world.c.on_hand[0], world.c.deliveries_due[0, 0] = 5, 3
        world.c.visits_forecast[0], world.c.visits_variance[0] = 10.0, 0.0
        assert replenished(world) == [10, 0, 0]
        assert world.c.on_hand.tolist() == [8, 0]
        assert world.counted("units_delivered") == [3, 0, 0]

    def test_without_a_forecast_a_part_of_the_usual_is_expected(self):
        """Half of 40 visits, Poisson: 20 + 1.2816 sqrt 20 = 25.73."""
        world = small(shelf={"expected_part": 0.5, "availability": 0.9})
        world.c.usual_visits[:] = 40.0
        replenished(world)
        assert world.c.on_hand.tolist() == [26, 0]

    def test_a_forecast_of_another_period_is_none(self):
        """In period 3, with a log until period 1."""
        world = small()
        world.c.usual_visits[:], world.c.visits_forecast[:], world.c.visits_variance[:] = 40.0, 7.0, 0.0
        world.c.logged_until[:] = [1, 1]
        replenished(world, t=3)
        assert world.c.on_hand.tolist() == [48, 0], "40 + 1.2816 sqrt 40"
        world.c.on_hand[:], world.c.next_order[:] = 0, 0
        replenished(world, t=2)
        assert world.c.on_hand.tolist() == [7, 0]

    def test_what_perishes_and_what_it_costs(self):
        """Of 5 a half keeps: 3, rounded up. 10 cents for each, and 2 x .6 x 30 cu."""
        world = small(kept_share=0.5)
        world.c.on_hand[:], world.c.unit_basket[:] = [5, 7], 30.0
        world.run("stock", close_shelves)
        assert world.c.on_hand.tolist() == [3, 7], "who holds no stock is left alone"
        for name, count in (("units_perished", 2), ("units_closing", 3), ("units_held", 5), ("write_offs", 3600)):
            assert world.counted(name) == [count, 0, 0], name
        assert world.counted("holding") == [3000, 0, 0], "in 1/100 cent"

    def test_memory(self):
        """The denied lose a twentieth of trust, expectation and satisfaction; a firm not used has no satisfaction."""
        world = small(stock_out_resentment=0.05, stock_out_distrust=0.1)
        world.visits([0, 1, 2, 3], [0, 0, 0, 0])
        world.passing.stock_outcome[:4] = [FROM_STOCK, SUBSTITUTE, WAITS, LOST]
        c = world.c
        c.trust[0, :], c.satisfaction[0, :], c.expectation[0, :], c.encounters[0, :] = 0.5, 0.8, 0.6, [1, 1, 1, 0, 1, 1]
        world.passing.visit_outcome[:4] = SERVED
        world.run("stock", remember_stock_outs)
        assert world.at("visit_outcome").tolist() == [SERVED, SERVED, DENIED, DENIED]
        np.testing.assert_allclose(c.trust[0], [0.5, 0.5, 0.45, 0.45, 0.5, 0.5])
        np.testing.assert_allclose(c.satisfaction[0], [0.8, 0.8, 0.76, 0.8, 0.8, 0.8])
        np.testing.assert_allclose(c.expectation[0], [0.6, 0.6, 0.57, 0.57, 0.6, 0.6])
        assert c.postponed.tolist() == [0, 0, 1, 0, 0, 0]

    def test_a_substitute_lacks_something(self):
        world = small(substitute_loss=0.25)
        world.visits([0, 1, 2], [0, 0, 1])
        world.passing.stock_outcome[:3], world.passing.performance_shift[:3] = [FROM_STOCK, SUBSTITUTE, NOTHING], 0.125
        world.run("stock", take_substitutes)
        assert world.at("performance_shift").tolist() == [0.125, -0.125, 0.125]

    def test_what_is_done_at_an_empty_shelf(self):
        """Below .4 a substitute, below .4 + .2 waiting, else lost."""
        done = [empty_handed(np.float32(u), np.float32(0.4), np.float32(0.2)) for u in (0.39, 0.41, 0.59, 0.61)]
        assert done == [SUBSTITUTE, WAITS, WAITS, LOST]

    def test_who_waits_needs_one_occasion_more_once(self):
        world = small()
        world.c.postponed[:], world.c.purchase_rate[:] = [0, 1, 2, 1, 0, 0], [0.5, 0.25, 0.5, 0.0, 1, 1]
        world.passing.need[:] = 0.8
        world.run("stock", come_back)
        np.testing.assert_allclose(world.passing.need[:6], [0.8, 4.8, 4.8, 0.8, 0.8, 0.8])
        world.run("stock", end_waiting)
        assert not world.c.postponed.any()

    def test_who_waits_does_not_come_back_after_a_break(self):
        """Put off in period 4: made up for in period 5, and no more in period 7, if nobody held stock in period 6."""
        world = small()
        for t, left in ((4, 0), (5, 1), (7, 0), (8, 1)):
            world.c.postponed[:] = 1
            world.run("stock", forget_waiting, t)
            assert world.c.postponed.tolist() == [left] * 6


def occasions(scenario):
    """Return how many occasions the market has in each period."""
    engine = Engine(scenario, seed=1)
    engine.run(scenario.periods)
    return engine.world.tallied("occasions")[:, -1]


@pytest.mark.parametrize("pause", [{"firms.north.stock.stock_rule": "none"}, {"stock.wait_share": 0.0}])
def test_visits_put_off_before_a_break_do_not_come_back_after_it(pause):
    """Everybody finds the shelf empty and waits, but in periods 5 to 8; the luck of needs is the same."""
    empty = {"expected_part": 0.0, "stock_rule": "availability"}
    plain = market(periods=12, shelf=empty, method="none", stock={"substitute_share": 0.0, "wait_share": 1.0})
    broken = plain.replace({"changes": [{"name": "pause", "from": 5, "until": 9, "set": pause}]})
    nobody_waits = occasions(plain.replace({"stock.wait_share": 0.0}))
    more = occasions(broken) - nobody_waits
    assert more[1:5].min() > 0
    again = (
        1 if "firms.north.stock.stock_rule" in pause else 0
    )  # the theory stays at work, and who waited comes once more
    assert more[5 : 5 + again].all()
    assert not more[5 + again : 10].any()
    assert more[10:].min() > 0


def by_hand(engine, shares, on_hand):
    """Return the outcome of each visit of the first firm, in the order of the book, worked out visitor by visitor."""
    book, key, t = engine.world.book, stream_key(5, "stock"), engine.t - 1
    places = book["book_visit"][: book["book_start"][1]]
    ids = engine.world.customers.customer_id[book["book.visit_customer"][places]]
    nth = book["book.visit_nth"][places]
    words = [uniform4(key, i, t, k, 0)[:2] for i, k in zip(ids, nth, strict=True)]
    found = [""] * len(words)
    for v in sorted(range(len(words)), key=lambda v: (words[v][0], ids[v], nth[v])):
        if on_hand > 0:
            found[v], on_hand = "from", on_hand - 1
        elif words[v][1] < shares[0]:
            found[v] = "instead"
        else:
            found[v] = "later" if words[v][1] < shares[0] + shares[1] else "away"
    return places, found


def test_who_gets_what_visitor_by_visitor():
    """With so few goods that half of the visitors find none."""
    engine = Engine(market(shelf={"availability": 0.001}, stock={"kept_share": 0.3}), seed=5)
    outcomes = []
    for _ in range(12):
        engine.run(1)
        book, c = engine.world.book, engine.world.customers
        sold = int(engine.world.tallied("units_sold")[engine.t - 1, 0])
        places, expected = by_hand(engine, (np.float32(0.4), np.float32(0.2)), sold)
        got = book["book.stock_outcome"][places]
        assert got.tolist() == [CODES[word] for word in expected]
        others = book["book_visit"][book["book_start"][1] : book["book_start"][2]]
        assert (book["book.stock_outcome"][others] == NOTHING).all()
        assert c.postponed.sum() == expected.count("later")
        outcomes += expected
    assert all(outcomes.count(word) > 20 for word in CODES)


@pytest.mark.parametrize("lead_time", [0, 1])
@pytest.mark.parametrize("kept_share", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("rule", [{"availability": 0.2}, {"availability": 0.95}, {"stock_rule": "contribution"}])
def test_units_are_conserved(lead_time, kept_share, rule):
    """Opening + delivered = sold + perished + closing; what is closed with is opened with; all who came are counted."""
    engine = Engine(market(shelf=rule, stock={"lead_time": lead_time, "kept_share": kept_share}), 3)
    engine.run(30)
    n = {tally.name: engine.world.tallied(tally.name)[:, 0] for tally in Stock.counts}
    left = n["units_sold"] + n["units_perished"] + n["units_closing"]
    np.testing.assert_array_equal(n["units_opening"] + n["units_delivered"], left)
    np.testing.assert_array_equal(n["units_opening"][1:], n["units_closing"][:-1])
    without = n["substituted"] + n["postponed_visits"] + n["lost_to_stock_outs"]
    np.testing.assert_array_equal(n["units_wanted"], n["units_sold"] + without)
    served = engine.world.tallied("visits")[:, 0]
    np.testing.assert_array_equal(served, n["units_sold"] + n["substituted"])
    np.testing.assert_array_equal(engine.world.tallied("came_by")[:, 0], n["units_wanted"])
    assert (n["stock_out_periods"] == (without > 0)).all()
    assert n["units_sold"].sum() > 500
    assert all(value.min() >= 0 for value in n.values())


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e7), st.floats(-3.1, 3.1), st.integers(0, 10**6), st.floats(0, 1))
def test_orders_never_take_goods_back(mean, variance, z, on_hand, kept_share):
    for lead_time in (0, 1, 5):
        assert order(mean, variance, z, on_hand, kept_share, lead_time) >= 0
    filled = on_hand + order(mean, variance, z, on_hand, kept_share, 0)
    assert filled >= np.floor(mean + z * np.sqrt(variance))


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(1.0, 3.0))
def test_a_dearer_shortage_never_means_a_lower_fractile(shortage, surplus, factor):
    assert newsvendor_fractile(shortage * factor, surplus) >= newsvendor_fractile(shortage, surplus)
    assert newsvendor_fractile(shortage, surplus * factor) <= newsvendor_fractile(shortage, surplus)


@pytest.mark.parametrize(("shortage", "surplus"), [(12.0, 18.0), (12.0, 2.0), (5.0, 20.0)])
def test_the_newsvendors_level_earns_most_in_a_single_period(shortage, surplus):
    """Against all levels, for normal demand of mean 200 and sd 15, cut off at whole units."""
    demand = np.arange(0, 500)
    chance = stats.norm.pdf(demand, 200.0, 15.0)
    chance /= chance.sum()
    levels = np.arange(100, 300)
    cost = [(chance * np.where(demand > s, shortage * (demand - s), surplus * (s - demand))).sum() for s in levels]
    z = stats.norm.ppf(newsvendor_fractile(shortage, surplus))
    assert abs(levels[int(np.argmin(cost))] - order(200.0, 225.0, z, 0, 0.0, 0)) <= 1


@pytest.mark.parametrize("lead_time", [0, 1])
@pytest.mark.parametrize("kept_share", [0.0, 1.0])
def test_shelves_are_empty_as_often_as_the_lever_says(lead_time, kept_share):
    """One less availability, within three standard errors and what forecasts of moving visits miss, .04."""
    for availability in (0.4, 0.8):
        scenario = market(
            3000, 160, {"availability": availability}, burn_in=40,
            stock={"lead_time": lead_time, "kept_share": kept_share}, off=["word_of_mouth"],
        )  # fmt: skip
        found = [record(scenario, 1, r).summary((stock_out_rate,))[0, 0] for r in range(3)]
        expected = 1.0 - availability
        assert abs(np.mean(found) - expected) < 3.0 * np.sqrt(expected * availability / 360.0) + 0.04


def test_fuller_shelves_cost_more_and_please_more():
    few, many = (market(800, 78, {"availability": a}, burn_in=26, stock={"kept_share": 0.0}) for a in (0.1, 0.95))
    found = [record(one, 4).summary((fill_rate, stock_out_rate, stock_turn, lever_cost, csi))[0] for one in (few, many)]
    assert found[0][0] < found[1][0] <= 1.0
    assert found[0][1] > found[1][1]
    assert found[0][2] > found[1][2]
    assert found[0][3] < found[1][3]
    assert found[0][4] < found[1][4]


def test_turn_by_hand():
    """All sold as delivered, half held on average: two turns a period, 104 a year."""

    class Counts:
        units_sold, year, units_held = np.array([100.0]), 52, np.array([50.0])

    assert stock_turn.function(Counts()) == 104.0


def test_with_enough_goods_nobody_is_denied():
    """At the limit the market has the visits of one without stock, person by person."""
    plain = market().replace({"firms.north.stock.stock_rule": "none"})
    full = market(shelf={"availability": 0.999, "expected_part": 10.0}, method="none")
    first, second = Engine(plain, 1), Engine(full, 1)
    for engine in (first, second):
        engine.run(30)
    assert second.world.tallied("stock_out_periods")[:, 0].sum() == 0
    np.testing.assert_array_equal(first.world.tallied("visits"), second.world.tallied("visits"))
    np.testing.assert_array_equal(first.world.customers.satisfaction, second.world.customers.satisfaction)


def test_goods_on_their_way_when_the_market_begins():
    """What is expected is there in period 0, also if orders take a period."""
    engine = Engine(market(stock={"lead_time": 1}), 1)
    usual = engine.world.customers.usual_visits[0]
    assert engine.world.customers.deliveries_due[0].tolist() == [np.floor(usual + 0.5), 0]
    engine.run(1)
    assert engine.world.tallied("units_sold")[0, 0] > 0


def test_who_is_not_served_in_the_line_takes_nothing_from_the_shelf():
    """And who finds the shelf empty is none of those whom the line sent away."""
    crowded = market(2000, shelf={"availability": 0.2}, waiting_line={}).replace(
        {"firms.north.waiting_line.servers": 3, "firms.north.forecasting.counting": "till"}
    )
    engine = Engine(crowded, 1)
    engine.run(30)
    n = {name: engine.world.tallied(name)[:, 0] for name in ("gave_up", "balked", "sent_away", "came_by", "came")}
    np.testing.assert_array_equal(n["came"], n["came_by"])
    left = n["gave_up"] + n["balked"] + n["sent_away"]
    np.testing.assert_array_equal(engine.world.tallied("units_wanted")[:, 0], n["came_by"] - left)
    assert left.sum() > 100
    assert engine.world.tallied("lost_to_stock_outs")[:, 0].sum() > n["sent_away"].sum()


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    scenario = market(shelf={"availability": 0.2}, stock={"lead_time": 1, "kept_share": 0.5})
    one = ran(scenario)
    assert one.tallied("lost_to_stock_outs").sum() > 20
    for other in (ran(scenario, threads=threads), ran(scenario, tile=50)):
        assert_same(one, other)


def test_where_nobody_holds_stock_nothing_is_done():
    plain = Scenario.parse({"population": {"customers": 50}})
    with_theory = plain.replace({"stock": {}, "forecasting": {}})
    assert [step.name for step in with_theory.steps()] == [step.name for step in plain.steps()]


def test_the_kernels_stay_within_their_arrays():
    check_kernels(market(shelf={"availability": 0.2}, stock={"kept_share": 0.5, "lead_time": 1}))
    ordering = {"order_interval": 3, "expediting": 2, "made_to_order": 0.5, "forecast_sharing": 0.5}
    check_kernels(market(shelf=ordering, stock={"lead_time": 12, "supplier_capacity": 1.0}))
    assert serve_from_stock.per == "firm"


def test_refusals():
    with pytest.raises(Refusal, match=r"wait_share = 0.7 and substitute_share make 1.1, more than all"):
        market(stock={"wait_share": 0.7})
    with pytest.raises(Refusal, match=r"waiting_line.elsewhere = 0.5, but firm 'north' holds stock"):
        market(waiting_line={"elsewhere": 0.5})
    with pytest.raises(Refusal, match=r"the market has stock, but no forecasting for it to work on"):
        Scenario.parse({"stock": {}})
