"""The twins of forecasts, stock, demand profiles and demand shocks in a whole market, period by period.

The twins are told who came where, and who has left the line before the shelf. What customers need, how many occasions
they have, what firms expect and order, who goes away empty-handed, and what that costs they work out by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.forecasting import Forecasting
from abm.mechanisms.service.stock import Stock
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.visits import SERVED
from abm.world.world import World
from tests.reference import demand_profile, demand_shock, forecasting, need, stock
from tests.reference.closeness import as_single
from tests.reference.forecasting import Forecaster, Rule
from tests.reference.random_numbers import customer_words, fine_uniform, stream_key
from tests.reference.stock import EMPTY_HANDED, WAITS, Policy, Shelf

PERIODS, PEOPLE, YEAR, SEED = 36, 160, 12, 4
PROFILE = (1.5, 0.5, 1.0, 1.25, 0.75)
SHOCKS = {"shock_spread": 0.25, "shock_persistence": 0.5}
KEPT = {"kept_share": 0.7, "lead_time": 1, "substitute_share": 0.3, "wait_share": 0.5, "stock_out_resentment": 0.1}
FAR = {
    "kept_share": 0.9, "lead_time": 4, "substitute_share": 0.2, "wait_share": 0.4, "supplier_capacity": 1.0,
    "impatience": 0.6,
}  # fmt: skip
SUPPLY = (
    *("order_interval", "setup_reduction", "expediting", "forecast_sharing", "made_to_order", "making_time"),
    *("setup_scale", "expedite_cost", "sharing_scale", "making_cost"),
)
SUPPLIED = {"units_short", "units_made", "unwilling", "making", "expedite_spend", "supply_programmes"}
STOCK = "firms.{}.stock.{}"
FAR_FIRMS = [
    {
        "name": "other supply",
        "from": 0,
        "set": {
            STOCK.format("north", "order_interval"): 3,
            STOCK.format("north", "setup_reduction"): 0.4,
            STOCK.format("east", "expediting"): 3,
            STOCK.format("east", "forecast_sharing"): 0.7,
            STOCK.format("south", "made_to_order"): 0.4,
            STOCK.format("south", "making_time"): 0.8,
        },
    },
    {
        "name": "sooner",
        "from": 15,
        "set": {
            STOCK.format("north", "order_interval"): 1,
            STOCK.format("north", "expediting"): 2,
            STOCK.format("east", "made_to_order"): 0.25,
        },
    },
]
FRESH = {"kept_share": 0.0, "substitute_share": 0.2, "wait_share": 0.5, "stock_out_distrust": 0.2}
FIRMS: list[dict[str, Any]] = [
    {
        "name": "north",
        "forecasting": {"forecast_method": "holt_winters", "counting": "door", "season_length": 5},
        "stock": {"stock_rule": "availability", "availability": 0.6, "order_cost": 2.35},
        "waiting_line": {"servers": 1},
    },
    {
        "name": "east",
        "forecasting": {"forecast_method": "exponential_smoothing", "forecast_recursion_cost": 0.705},
        "stock": {"stock_rule": "newsvendor", "holding_cost": 2.5},
    },
    {
        "name": "south",
        "stock": {"stock_rule": "contribution", "expected_part": 0.6, "holding_cost": 0.75},
    },
    {"name": "west", "forecasting": {"forecast_method": "moving_average", "forecast_window": 4, "counting": "door"}},
]
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 0.7},
    "renewal": {"leaving_rate": 0.5, "every": 6},
    "waiting_line": {"minutes_open": 150.0, "service_minutes": 9.0, "patience_minutes": 15.0},
    "demand_profile": {"profile": PROFILE},
    "demand_shock": SHOCKS,
    "forecasting": {"error_weight": 0.25},
    "firms": FIRMS,
}
METHOD, RULE = "firms.{}.forecasting.forecast_method", "firms.{}.stock.stock_rule"
CHANGES = [
    {
        "name": "other rules",
        "from": 8,
        "set": {
            METHOD.format("north"): "seasonal_naive",
            METHOD.format("east"): "none",
            METHOD.format("south"): "naive",
            RULE.format("west"): "availability",
        },
    },
    {
        "name": "log anew",
        "from": 16,
        "set": {
            METHOD.format("east"): "holt_winters",
            "firms.east.forecasting.season_length": 2,
            METHOD.format("west"): "none",
            RULE.format("south"): "none",
        },
    },
    {
        "name": "sold out",
        "from": 24,
        "until": 28,
        "set": {RULE.format(name): "none" for name in ("north", "east", "south", "west")},
    },
]


@kernel
def note_occasions(had, visit_count, visit_customer, lo, hi):
    """Note how many occasions each customer has in the period.  had (n,)  occasions  [written]"""
    for i in range(lo, hi):
        had[i] = 0
    for v in range(visit_count[0]):
        had[visit_customer[v]] += 1


class Arrivals(Mechanism):
    """Keeps how many occasions each customer has, and who comes to which firm."""

    name = "arrivals"
    owns = (Column("had", ("customer",), 0, "occasions", "of the period", "int32"),)
    came: ClassVar[list[tuple[int, int, int]]] = []

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        return ((Phase.OCCASIONS, note_occasions), (Phase.OPERATIONS, keep_arrivals))


def keep_arrivals(world: World, t: int) -> None:
    """Keep row, firm and number of every visit."""
    passed = world.passing[0]
    columns = (passed[f"visit_{name}"][: passed.visit_count[0]].tolist() for name in ("customer", "firm", "nth"))
    Arrivals.came[:] = zip(*columns, strict=True)


class Twins:
    """All that the twins hold of a market."""

    def __init__(self, engine: Engine, scenario: Scenario, market: dict[str, Any], replication: int) -> None:
        world = engine.world
        self.world, self.m, self.replication = world, world.m, replication
        self.keys = {name: stream_key(SEED, name) for name in ("stock", "demand_shock", "need")}
        self.p, self.error_weight = {**stock.EXAMPLE, **market}, as_single(0.25)
        occasions = float(np.sum(world.customers.purchase_rate, dtype=np.float64))
        self.usual, self.basket = occasions / self.m, float(np.mean(world.customers.basket, dtype=np.float64))
        self.holds = False
        self.set_levers(scenario)
        self.shelves = [
            Shelf(0, stock.opening_orders(own, occasions, self.m, self.p["lead_time"])) for own in self.policies
        ]
        self.firms = [Forecaster(self.usual, rule) for rule in self.rules]
        self.shock, self.waiting, self.ids = 0.0, np.zeros(world.n), world.customers.customer_id.copy()
        self.latest_return = -1

    def set_levers(self, scenario: Scenario) -> None:
        """Let firms set what they set from now on."""
        levers, firms = self.world.firms, scenario.firms
        self.rules = [
            Rule(
                f.forecasting.forecast_method, f.forecasting.forecast_window, f.forecasting.season_length,
                *(as_single(getattr(f.forecasting, f"{name}_weight")) for name in ("level", "trend", "season")),
            )
            for f in firms
        ]  # fmt: skip
        self.door = [f.forecasting.counting == "door" for f in firms]
        self.expenses = [
            forecasting.expense(
                f.forecasting.forecast_method, f.forecasting.counting == "door", f.forecasting.forecast_rule_cost,
                f.forecasting.forecast_recursion_cost, f.forecasting.door_count_cost,
            )
            for f in firms
        ]  # fmt: skip
        self.policies = [
            Policy(
                f.stock.stock_rule, *(as_single(getattr(f.stock, name)) for name in ("availability", "expected_part")),
                as_single(f.stock.holding_cost), f.stock.order_cost, float(levers.price[j]),
                float(levers.unit_cost[j]), int(levers.service_cost[j]),
                **{name: getattr(f.stock, name) for name in SUPPLY},
            )
            for j, f in enumerate(firms)
        ]  # fmt: skip
        self.holds = self.holds or any(own.holds for own in self.policies)  # a theory stays at work

    def add(self, j: int, numbers: dict[str, int]) -> None:
        """Count numbers of a firm."""
        for name, number in numbers.items():
            self.counted[name][j] += number

    def open(self, t: int) -> None:
        """Let firms order, and the shock move."""
        self.counted = {name: [0] * self.m for name in (*forecasting.COUNTS, *stock.COUNTS)}
        own = SHOCKS["shock_persistence"]
        self.shock = demand_shock.next_shock(self.shock, self.keys["demand_shock"], t, own, self.replication)
        for j, (shelf, own_policy, firm) in enumerate(zip(self.shelves, self.policies, self.firms, strict=True)):
            known = (firm.forecast, firm.variance) if firm.expects(t) else None
            mean, variance = stock.expected_visitors(own_policy, self.usual, known)
            self.add(j, shelf.replenish(mean, variance, own_policy, self.basket, self.p, t))
            assert not shelf.close, f"period {t}"

    def occasions(self, t: int) -> list[tuple[int, int]]:
        """Return of each customer between which two numbers of occasions hers is: both alike, but for rounding."""
        c = self.world.customers
        new = c.customer_id != self.ids
        self.ids[:], self.waiting[new] = c.customer_id, 0.0
        if self.holds:
            self.waiting = np.array([stock.still_postponed(one, self.latest_return, t) for one in self.waiting])
            self.latest_return = t
        common = demand_profile.factor(PROFILE, t) * demand_shock.factor(self.shock, SHOCKS["shock_spread"])
        found = []
        for identity, rate, postponed in zip(c.customer_id, c.purchase_rate.tolist(), self.waiting, strict=True):
            mean = rate * stock.need_of_who_waits(common, postponed if self.holds else 0.0, rate)
            word = customer_words(self.keys["need"], int(identity), t, draw=0, block=0, replication=self.replication)[0]
            u = fine_uniform(word)
            found.append(tuple(need.poisson_quantile(u, mean * by, need.MOST_OCCASIONS) for by in (0.99999, 1.00001)))
        return found

    def serve(self, t: int, visitors: list[list[tuple[int, int, bool]]]) -> list[list[int]]:
        """Serve visitors (row, nth, whether she is still there), firm by firm; return their codes."""
        codes = [[stock.NOTHING] * len(of_firm) for of_firm in visitors]
        self.waiting[:] = 0.0 if self.holds else self.waiting
        for j, of_firm in enumerate(visitors):
            if self.policies[j].holds:
                people = [(int(self.ids[i]), nth, there) for i, nth, there in of_firm]
                codes[j], counted = self.shelves[j].serve(
                    people, self.keys["stock"], t, self.p, self.replication, self.policies[j]
                )
                self.add(j, counted)
            for (i, *_), code in zip(of_firm, codes[j], strict=True):
                self.waiting[i] += code == WAITS
        return codes

    def close(self, t: int, visitors: list[list[tuple[int, int, bool]]], codes: list[list[int]]) -> list[int]:
        """Let what does not keep perish, and firms look back and foretell; return how many each has served."""
        served = []
        for j, (of_firm, own) in enumerate(zip(visitors, codes, strict=True)):
            self.add(j, self.shelves[j].close_up(self.policies[j], self.basket, self.p["kept_share"]))
            there = sum(here and code not in EMPTY_HANDED for (*_, here), code in zip(of_firm, own, strict=True))
            served.append(there)
            self.firms[j].rule = self.rules[j]
            seen = len(of_firm) if self.door[j] else there
            self.add(j, self.firms[j].end(t, len(of_firm), seen, self.error_weight))
            self.add(j, {"came_by": len(of_firm), "forecasting": self.expenses[j]})
        return served


def booked(world: World) -> tuple[list[list[tuple[int, int, bool]]], list[list[int]]]:
    """Return of each firm who came (row, nth, whether she was still there at the shelf), and what she got."""
    book, visitors, codes = world.book, [], []
    for first, last in zip(book["book_start"][:-1], book["book_start"][1:], strict=True):
        places = book["book_visit"][first:last]
        rows, nth = book["book.visit_customer"][places].tolist(), book["book.visit_nth"][places].tolist()
        there = (book["book.visit_outcome"][places] == SERVED).tolist()
        visitors.append(list(zip(rows, nth, there, strict=True)))
        codes.append(book["book.stock_outcome"][places].tolist())
    return visitors, codes


def chosen(m: int) -> list[list[tuple[int, int]]]:
    """Return of each firm who has chosen it (row, nth)."""
    return [[(i, nth) for i, firm, nth in Arrivals.came if firm == j] for j in range(m)]


def assert_same_period(twins: Twins, t: int, served: list[int]) -> None:
    """Compare what is left at the end of a period, and what was counted in it."""
    world, c = twins.world, twins.world.customers
    assert c.demand_shock_state[0] == pytest.approx(twins.shock, abs=1e-5)
    for name, expected in (
        ("on_hand", [shelf.on_hand for shelf in twins.shelves]),
        ("deliveries_due", list(zip(*(stock.in_full(shelf.due) for shelf in twins.shelves), strict=True))),
        ("next_order", [shelf.next_order for shelf in twins.shelves]),
        ("logged_until", [firm.until for firm in twins.firms]),
        ("postponed", twins.waiting),
    ):
        np.testing.assert_array_equal(c[name], expected, err_msg=f"{name} {t}")
    for name, values in (
        ("visits_forecast", [firm.forecast for firm in twins.firms]),
        ("visits_variance", [firm.variance for firm in twins.firms]),
    ):
        np.testing.assert_allclose(c[name], values, rtol=1e-9, err_msg=f"{name} {t}")
    for name, number in {**twins.counted, "visits": served}.items():
        assert world.history[t, world.rows[name], : world.m].tolist() == number, (name, t)


def in_step(scenario: Scenario, market: dict[str, Any], replication: int) -> Twins:
    """Hold a market and its twins equal in every period."""
    engine = Engine(scenario.adding(Arrivals()), seed=SEED, replication=replication)
    stretches = dict(scenario.stretches())
    twins, world = Twins(engine, stretches[0], market, replication), engine.world
    for t in range(PERIODS):
        if t in stretches:
            twins.set_levers(stretches[t])
        twins.open(t)
        engine.run(1)
        for k, (least, most) in zip(world.customers.had.tolist(), twins.occasions(t), strict=True):
            assert least <= k <= most, f"period {t}"
        visitors, found = booked(world)
        assert [[who[:2] for who in row] for row in visitors] == chosen(world.m)
        codes = twins.serve(t, visitors)
        assert not twins.holds or codes == found, f"period {t}"
        assert_same_period(twins, t, twins.close(t, visitors, codes))
    return twins


@pytest.mark.slow
@pytest.mark.parametrize(
    ("market", "changes", "replication"), [(KEPT, [], 0), (FRESH, CHANGES, 1), (FAR, FAR_FIRMS, 2)]
)
def test_a_whole_market_is_that_of_the_twins(market, changes, replication):
    """In the second one firms change their rules, one counts anew after a while, and for a while nobody holds goods.

    In the third one deliveries take long, and suppliers deliver only what they are prepared for.
    """
    scenario = Scenario.parse({**MARKET, "stock": market, "changes": changes})
    twins = in_step(scenario, market, replication)
    world = twins.world
    sums = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    quiet = {"units_closing", "holding", "units_opening"} if market is FRESH else set()
    quiet |= set() if market is FAR else SUPPLIED
    for name in {*forecasting.COUNTS, *stock.COUNTS} - quiet:
        assert sums[name].any(), name
    assert sums["gave_up"][0] > 10
    assert (twins.ids >= PEOPLE).any()
    if not changes:
        assert_measures(sums)
    in_tiles = Engine(scenario, seed=SEED, replication=replication)
    in_tiles.set_tile(32)
    in_tiles.run(PERIODS)
    for name in (*forecasting.COUNTS, *stock.COUNTS):
        np.testing.assert_array_equal(in_tiles.world.tallied(name), world.tallied(name), err_msg=name)


def assert_measures(sums: dict[str, np.ndarray]) -> None:
    """Compare the measures of the whole run; a firm without goods has none, and one without forecasts neither."""
    found = {kpi.name: kpi(Tallied(sums, YEAR, PERIODS)) for kpi in (*Stock.kpis, *Forecasting.kpis)}
    for j in range(4):
        own = {name: float(sums[name][j]) for name in (*stock.COUNTS, *forecasting.COUNTS)}
        expected = stock.measures({**own, "units_held": 2.0 * own["units_held"]}, PERIODS, YEAR) | {
            "forecast_error": stock.ratio(own["forecast_misses"], own["forecast_periods"]),
            "forecast_bias": stock.ratio(own["forecast_gap"], own["forecast_visitors"]),
        }
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected, nan_ok=True), j
    assert [math.isnan(found[name][3]) for name in found] == [True] * 5 + [False] * 2
