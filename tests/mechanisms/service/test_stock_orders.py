"""Orders: what they cover, how often is cheapest, what comes sooner, what suppliers can deliver, what is made."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import Record, record
from abm.kpis.value import lever_cost
from abm.mechanisms.service.stock import fill_rate, stock_out_rate, supplier_fill_rate, wait_acceptance
from abm.mechanisms.service.stock_kernels import FROM_STOCK, MADE, wait_for_making
from abm.mechanisms.service.stock_orders import deliverable, errors_covered, ordered
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.service.test_stock import market, order, replenished, small

STEADY = {"off": ["word_of_mouth"], "burn_in": 20}
SHELF = "firms.north.stock."


class TestByHand:
    def test_an_order_covers_the_interval_and_what_will_have_sold(self):
        """Three periods of 100, two ahead: 250 - 100 + 40 = 190, then 90 + 30 = 120; the sd is 8 sqrt(3 + 2)."""
        assert order(100.0, 64.0, 2.0, 250, 1.0, 2, 3, (40, 30)) == round(300.0 + 2.0 * 8.0 * 5.0**0.5 - 120.0)
        assert order(100.0, 64.0, 0.0, 250, 1.0, 2, 3, (40, 30, 50)) == 130, "what is due later counts, too"

    def test_errors_covered(self):
        """Three periods, and half and a quarter of the errors before."""
        assert errors_covered(0.5, 2, 3) == 3.75
        assert errors_covered(1.0, 7, 4) == 11.0
        assert errors_covered(0.3, 0, 1) == 1.0

    def test_a_firm_orders_when_it_is_time(self):
        """For two periods in period 0; nothing in period 1, though all is sold."""
        world = small(shelf={"order_interval": 2})
        world.c.visits_forecast[0], world.c.visits_variance[0], world.c.logged_until[0] = 10.0, 0.0, -1
        replenished(world)
        assert (world.c.on_hand.tolist(), world.c.next_order.tolist()) == ([20, 0], [2, 0])
        for t, there in ((1, 0), (2, 20)):
            world.c.on_hand[0], world.c.logged_until[0] = 0, t - 1
            replenished(world, t)
            assert world.c.on_hand[0] == there
        assert world.counted("ordering") == [200, 0, 0]

    def test_what_comes_sooner_costs_more(self):
        """10 units that come in 1 instead of 3 periods at .5 cu for each of two periods: 10 cu, in 1/100 cent."""
        world = small(shelf={"expediting": 2}, lead_time=3)
        world.c.visits_forecast[0], world.c.visits_variance[0], world.c.deliveries_due[:] = 10.0, 0.0, 0
        assert replenished(world) == [10, 0, 0]
        assert world.counted("expedite_spend") == [10 * 2 * 5000, 0, 0]

    def test_nothing_comes_sooner_than_at_once(self):
        world = small(shelf={"expediting": 9}, lead_time=3)
        world.c.visits_forecast[0], world.c.visits_variance[0] = 10.0, 0.0
        replenished(world)
        assert world.c.on_hand[0] == 10
        assert world.counted("expedite_spend") == [10 * 3 * 5000, 0, 0]

    def test_what_a_supplier_delivers(self):
        """1.5 times what it expects, 20; told three quarters of an order of 60, 1.5 (5 + 45) are more than that."""
        assert deliverable(60, 20.0, 1.5, 0.0) == 30
        assert deliverable(60, 20.0, 1.5, 0.75) == 60
        assert deliverable(60, 20.0, 1.0, 0.5) == 40
        assert deliverable(60, 20.0, 0.0, 0.0) == 60, "who can deliver whatever is ordered"
        assert deliverable(60, -1.0, 1.0, 0.0) == 60, "nor is the first order cut"

    def test_a_supplier_learns_from_orders(self):
        """It expects 20 and delivers 20 of 60; then it expects 20 + .25 x 40."""
        world = small(supplier_capacity=1.0, supplier_memory=0.25)
        world.c.visits_forecast[0], world.c.visits_variance[0], world.c.supplier_expects[0] = 60.0, 0.0, 20.0
        replenished(world)
        assert (world.c.on_hand[0], world.c.supplier_expects[0]) == (20, 30.0)
        assert (world.counted("units_ordered"), world.counted("units_short")) == ([60, 0, 0], [40, 0, 0])

    def test_waiting_until_it_is_made_costs_performance(self):
        world = small(shelf={"made_to_order": 1.0, "making_time": 0.5}, making_loss=0.25)
        world.visits([0, 1], [0, 0])
        world.passing.stock_outcome[:2], world.passing.performance_shift[:2] = [FROM_STOCK, MADE], 0.5
        world.run("stock", wait_for_making)
        assert world.at("performance_shift").tolist() == [0.5, 0.375]

    def test_costs_of_levers(self):
        """Three quarters off 8 cu, at scale 2 and 3: -2 ln .25 - 3 ln .5; made in half a period at twice the cost."""
        levers = {"order_cost": 8.0, "setup_reduction": 0.75, "setup_scale": 2.0, "sharing_scale": 3.0}
        firm = market(shelf={**levers, "forecast_sharing": 0.5, "making_time": 0.5, "making_cost": 0.4}).firms[0]
        cents = {name: held.into(value) for name, (held, value) in firm.stock.worked_out(firm).items()}
        assert cents["order_expense"] == 200
        assert cents["programme_expense"] == round(-200.0 * np.log(0.25) - 300.0 * np.log(0.5))
        assert cents["making_expense"] == 8000


@given(st.floats(1.0, 1e4), st.floats(0.5, 3.0), st.integers(0, 12), st.integers(1, 52))
def test_safety_stock_grows_with_the_root_of_interval_and_lead_time(variance, z, lead, interval):
    """What is ordered beyond the mean, of goods that keep: z sd sqrt(R + L), within the rounding of a unit."""
    covered = errors_covered(1.0, lead, interval)
    beyond = ordered(1e4, variance, z, 0.0, covered, interval) - interval * 10_000
    assert abs(beyond - z * np.sqrt(variance * (lead + interval))) <= 0.5 + 1e-6


@given(st.integers(0, 500), st.floats(0.0, 500.0), st.floats(0.1, 3.0), st.floats(0.0, 0.5), st.floats(0.5, 0.99))
def test_who_is_told_more_never_delivers_less_of_a_large_order(units, expected, capacity, less, more):
    few, many = (deliverable(units, expected, capacity, told) for told in (less, more))
    assert 0 <= min(few, many) <= units
    assert units < expected or few <= many


@cache
def steady(interval, order_cost=100.0, customers=3000) -> Record:
    """Return a market of steady demand whose first firm orders every so many periods, with shelves seldom empty."""
    shelf = {"order_interval": interval, "order_cost": order_cost, "holding_cost": 0.02, "availability": 0.95}
    return record(market(customers, 140, shelf, **STEADY), 1)


def sums(run, name):
    return run.tallies.totals(run.burn_in)[name][0] / (run.periods - run.burn_in)


def test_the_interval_of_the_economic_order_quantity_is_the_cheapest():
    """sqrt(2 K / (h D)) against the least simulated cost of orders and of keeping: within one period, and 2 % of cost.

    Orders cost as 1 / R; keeping grows by h D / 2 for each period of the interval, but for safety stock.
    """
    intervals = (1, 2, 3, 4, 5, 6, 8, 12)
    for order_cost in (40.0, 250.0):
        cost = [sums(steady(r, order_cost), "ordering") + sums(steady(r), "holding") for r in intervals]
        demand = sums(steady(1), "units_sold")
        economic = np.sqrt(2.0 * order_cost / (0.02 * demand))
        nearest = int(np.argmin(np.abs(np.array(intervals) - economic)))
        assert abs(intervals[int(np.argmin(cost))] - economic) <= 1.0
        assert cost[nearest] <= 1.02 * min(cost)
        orders = [sums(steady(r, order_cost), "ordering") * r / order_cost for r in intervals]
        assert orders == pytest.approx([1.0] * len(intervals), abs=0.11), "120 periods are no multiple of all of them"
        kept = [sums(steady(r), "holding") for r in (2, 4, 8)]
        assert (kept[2] - kept[1]) / (0.02 * demand * 2.0) == pytest.approx(1.0, abs=0.15)
        assert (kept[1] - kept[0]) / (0.02 * demand) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(("interval", "lead"), [(4, 0), (1, 4), (3, 2)])
def test_shelves_are_empty_in_as_many_intervals_as_the_lever_says(interval, lead):
    """At .5: within 3 standard errors of the number of intervals, and what forecasts of moving visits miss, .12."""
    shelf = {"order_interval": interval, "availability": 0.5}
    scenario = market(2000, 220, shelf, stock={"lead_time": lead, "wait_share": 0.0}, off=["word_of_mouth"], burn_in=40)
    run = Engine(scenario, 1)
    run.run(220)
    empty = run.world.tallied("stock_out_periods")[40:, 0]
    first = (lead - 40) % interval  # deliveries of orders placed in periods 0, R, 2 R, ...
    whole = empty[first : first + (180 - first) // interval * interval].reshape(-1, interval).any(axis=1)
    assert abs(whole.mean() - 0.5) < 3.0 * 0.5 / np.sqrt(whole.size) + 0.12


def test_far_suppliers_take_more_stock_and_near_ones_more_money():
    far = market(1500, 120, {"availability": 0.95}, stock={"lead_time": 6}, **STEADY)
    runs = [record(one, 1) for one in (far, far.replace({f"{SHELF}expediting": 6}))]
    assert sums(runs[0], "holding") > 1.3 * sums(runs[1], "holding")
    assert (sums(runs[0], "expedite_spend"), sums(runs[1], "expedite_spend") > 0) == (0.0, True)


def test_who_tells_suppliers_gets_more_of_what_is_ordered():
    supply = {"supplier_capacity": 1.0, "wait_share": 0.0}
    alone = market(1500, 120, stock=supply, demand_shock={"shock_spread": 0.3}, **STEADY)
    found = [
        record(one, 1).summary((supplier_fill_rate, fill_rate, lever_cost))[0]
        for one in (alone, alone.replace({f"{SHELF}forecast_sharing": 0.95}))
    ]
    assert found[0][0] < found[1][0] <= 1.0
    assert np.isnan(record(alone.replace({f"{SHELF}stock_rule": "none"}), 1).summary((supplier_fill_rate,))[0, 0])


def test_who_makes_to_order_keeps_nothing_and_lets_everybody_wait():
    """e^(-.5 x 1.2) of all wait; half of the goods to order: those of the shelf are there as often as before."""
    made = {"made_to_order": 1.0, "making_time": 1.2}
    scenario = market(1500, 60, made, stock={"impatience": 0.5}, **STEADY)
    run = record(scenario, 1)
    assert (sums(run, "holding"), sums(run, "units_wanted"), sums(run, "units_ordered")) == (0.0, 0.0, 0.0)
    assert run.summary((wait_acceptance,))[0, 0] == pytest.approx(np.exp(-0.6), abs=0.02)
    assert sums(run, "making") == pytest.approx(sums(run, "units_made") / 1.2, rel=1e-3)
    half = record(scenario.replace({f"{SHELF}made_to_order": 0.5, f"{SHELF}availability": 0.8}), 1)
    assert half.summary((stock_out_rate,))[0, 0] == pytest.approx(0.2, abs=0.15)
    assert sums(half, "units_made") > 0 < sums(half, "units_sold")


def test_levers_of_orders_are_neutral_at_their_defaults():
    """A limit that no order reaches, and what cannot come sooner, leave the market as it is, but for the cost."""
    plain = market(300, 30, {"availability": 0.3})
    first = Engine(plain, 2)
    first.run(30)
    wide = plain.replace({"stock.supplier_capacity": 100.0, f"{SHELF}expediting": 5, f"{SHELF}forecast_sharing": 0.3})
    second = Engine(wide, 2)
    second.run(30)
    for name in ("units_sold", "units_held", "visits", "lost_to_stock_outs", "ordering", "expedite_spend"):
        np.testing.assert_array_equal(first.world.tallied(name), second.world.tallied(name), err_msg=name)
    assert second.world.tallied("supply_programmes")[:, 0].sum() > 0
    np.testing.assert_array_equal(first.world.customers.satisfaction, second.world.customers.satisfaction)


def test_goods_that_perish_within_a_period_are_not_ordered_for_several():
    with pytest.raises(Refusal, match=r"kept_share = 0, but firm 'north' orders for 3 periods.*order_interval to 1"):
        market(shelf={"order_interval": 3}, stock={"kept_share": 0.0})


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    shelf = {"availability": 0.4, "order_interval": 3, "made_to_order": 0.3, "expediting": 1, "forecast_sharing": 0.4}
    scenario = market(shelf=shelf, stock={"lead_time": 4, "supplier_capacity": 0.9, "kept_share": 0.8})
    one = ran(scenario)
    assert one.tallied("units_made").sum() > 20
    for other in (ran(scenario, threads=threads), ran(scenario, tile=50)):
        assert_same(one, other)
