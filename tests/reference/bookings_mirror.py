"""Holding an engine and the twins of bookings side by side: a market in which all happens that they have rules for.

A mechanism of its own keeps who comes where before it is known who gets a place, and what bookings have made of need,
utility and feelings, so that each period is compared step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import pytest

import abm
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.visits import DENIED, NO_SHOW, SERVED
from abm.world.world import World
from tests.reference import booking_rules as rules
from tests.reference.booking_rules import Guest, Policy
from tests.reference.bookings import COUNTS, NONE, REFUSED, SEATED, STAYED_AWAY, WALKED, Firm, Visitor
from tests.reference.by_hand import visited
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import stream_key

LEVERS = tuple(of.name for of in fields(Policy))
NOTED = ("fare_open", "full_mean", "full_variance", "noted")
OUTCOME = {NONE: SERVED, REFUSED: DENIED, STAYED_AWAY: NO_SHOW, WALKED: DENIED, SEATED: SERVED}
FEELINGS = ("trust", "satisfaction", "expectation")
PERIODS, CUSTOMERS = 36, 160
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": 12,
    "population": {"customers": CUSTOMERS, "purchase_rate": 0.8, "basket": 90.0, "price_weight_spread": 0.5},
    "renewal": {"leaving_rate": 0.5, "every": 9},
    "need": {"season_amplitude": 0.4, "season_peak": 3.0},
    "pricing": {},
    "bookings": {
        **{"business_share": 0.4, "leisure_no_show": 0.1, "business_no_show": 0.2, "business_lead": 9.0},
        **{"peak_from": 10, "peak_length": 4, "catch_up": 0.3, "outrage": 0.6, "memory_rate": 0.2},
    },
    "firms": [
        {
            "name": "north",
            "bookings": {
                **{"places": 700.0, "place_cost": 3.335, "overbooking": 0.3, "early_discount": 0.25, "protected": 0.2},
                **{"no_show_fee": 0.5, "off_peak_reward": 0.2, "part_time_places": 333.0, "walk_compensation": 1.5},
            },
        },
        {
            "name": "east",
            "bookings": {
                **{"places": 600.0, "overbooking": 0.15, "early_discount": 0.4, "protection_rule": "littlewood"},
                **{"part_time_places": 100.0, "part_time_cost": 7.77, "no_show_fee": 0.1},
            },
        },
        {"name": "south", "bookings": {"places": 900.0, "walk_compensation": 0.0}},
        {"name": "west"},
    ],
}
NO_PLACES = ("places", "part_time_places", "overbooking", "early_discount", "no_show_fee")
RULE = {"firms.south.bookings.protection_rule": "littlewood", "firms.south.bookings.early_discount": 0.3}
CHANGES = [
    {"name": "mild", "from": 12, "until": 20, "set": {"firms.north.bookings.overbooking": 0.0}},
    {"name": "rule", "from": 16, "set": RULE},
    {"name": "over", "from": 28, "set": {"firms.north.bookings.off_peak_reward": 0.0}},
    {"name": "none", "from": 20, "until": 26, "set": {f"firms.east.bookings.{name}": 0.0 for name in NO_PLACES}},
]


def held(policy: Any) -> Policy:
    """Return the twin's policy of a firm, with numbers as float32 holds them, costs apart."""
    return Policy(**{
        name: as_single(value) if isinstance(value, float) and not name.endswith("cost") else value
        for name, value in ((name, getattr(policy, name)) for name in LEVERS)
    })  # fmt: skip


def firms_of(scenario: Scenario, world: World) -> list[Firm]:
    """Return the twins of the firms of a scenario, which have noted what the world's have."""
    numbers = {name: getattr(scenario.bookings, name) for name in rules.EXAMPLE}
    numbers = {name: as_single(value) if isinstance(value, float) else value for name, value in numbers.items()}
    found = []
    for j, firm in enumerate(scenario.firms):
        noted = {name: world.customers[name][j].item() for name in NOTED}
        usual = float(world.customers.equal_share_visits[j])
        found.append(Firm(held(firm.bookings), usual, numbers, world.periods_per_year, **noted))
    return found


@abm.kernel
def copy_feelings(trust_came, satisfaction_came, expectation_came, trust, satisfaction, expectation, lo, hi):
    """Keep what customers think before they are walked.  *_came (m, n)  0-1  [written]"""
    for j in range(trust.shape[0]):
        for i in range(lo, hi):
            trust_came[j, i] = trust[j, i]
            satisfaction_came[j, i] = satisfaction[j, i]
            expectation_came[j, i] = expectation[j, i]


@abm.kernel
def copy_what_is_left(trust_left, satisfaction_left, expectation_left, trust, satisfaction, expectation, lo, hi):
    """Keep what they think after that.  *_left (m, n)  0-1  [written]"""
    for j in range(trust.shape[0]):
        for i in range(lo, hi):
            trust_left[j, i] = trust[j, i]
            satisfaction_left[j, i] = satisfaction[j, i]
            expectation_left[j, i] = expectation[j, i]


@abm.kernel
def copy_need(need_as_usual, need_in_the_end, provider_then, need_without_bookings, need, provider, lo, hi):
    """Keep need, what it were without bookings, and the provider before all visits.

    need_as_usual, need_in_the_end (n,)  ratio, provider_then (n,)  firm  [written]
    """
    for i in range(lo, hi):
        provider_then[i] = provider[i]
        need_as_usual[i] = need_without_bookings[i - lo]
        need_in_the_end[i] = need[i - lo]


@abm.kernel
def copy_worth(worth_of_fares, utility_of_bookings, lo, hi):
    """Keep what fares are worth.  worth_of_fares (m, n)  logit units  [written]"""
    for j in range(worth_of_fares.shape[0]):
        for i in range(lo, hi):
            worth_of_fares[j, i] = utility_of_bookings[j, i - lo]


class Kept(Mechanism):
    """Keeps who comes where, and what bookings have made of need, utility and feelings in a period."""

    name = "kept"
    owns: ClassVar = (
        *(
            Column(f"{name}_{when}", ("firm", "customer"), 0, "0-1", when)
            for name in FEELINGS
            for when in ("came", "left")
        ),
        *(Column(name, ("customer",), 0, "ratio", name) for name in ("need_as_usual", "need_in_the_end")),
        Column("provider_then", ("customer",), -1, "firm", "provider before all visits", "int32"),
        Column("worth_of_fares", ("firm", "customer"), 0, "logit units", "what fares are worth"),
    )
    came: ClassVar[list[tuple[int, int, int]]] = []

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the copies."""
        return (
            (Phase.OCCASIONS, copy_need),
            (Phase.CHOICE, copy_worth),
            (Phase.ARRIVAL, copy_feelings),
            (Phase.OPERATIONS, keep_arrivals),
            (Phase.DELIVERY, copy_what_is_left),
        )


def keep_arrivals(world: World, t: int) -> None:
    """Keep row, firm and number of every visit."""
    passed = world.passing[0]
    columns = (passed[f"visit_{name}"][: passed.visit_count[0]].tolist() for name in ("customer", "firm", "nth"))
    Kept.came[:] = zip(*columns, strict=True)


class Mirrored:
    """An engine and its twins, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.stretches = dict(scenario.stretches())
        self.engine = Engine(scenario.adding(Kept()), seed=seed, replication=replication)
        self.world, self.c, self.replication = self.engine.world, self.engine.world.customers, replication
        self.firms = firms_of(self.stretches[0], self.world)
        self.p, self.key = self.firms[0].p, stream_key(seed, "bookings")
        self.business_share = as_single(scenario.bookings.business_share)
        self.identities = [-1] * CUSTOMERS
        self.people = [Guest() for _ in range(CUSTOMERS)]

    def luck(self, i: int, t: int, what: int) -> float:
        """Return the uniform of one of a customer's decisions."""
        return rules.draw(self.key, self.identities[i], t, what, self.replication)

    def open(self, t: int) -> None:
        """Let levers move, newcomers enter and firms open on the side of the twins."""
        if t in self.stretches:
            for firm, of in zip(self.firms, self.stretches[t].firms, strict=True):
                firm.policy = held(of.bookings)
        for i, identity in enumerate(self.c.customer_id.tolist()):
            if identity != self.identities[i]:
                self.identities[i] = identity
                chance = rules.leisure_chance(float(self.c.price_weight[i]), self.business_share)
                u = self.luck(i, 0, rules.KIND)
                assert not near(u, chance, 1e-7)
                self.people[i] = Guest(u < chance)
        for firm in self.firms:
            firm.counts = dict.fromkeys(COUNTS, 0)
            firm.open(t)

    def assert_need(self, t: int) -> None:
        """Compare what is put off, and made up for."""
        c, peak = self.c, rules.is_peak(t, self.p, self.world.periods_per_year)
        rows = zip(
            self.people, c.provider_then.tolist(), c.purchase_rate.tolist(), c.need_as_usual.tolist(), strict=True
        )
        expected = []
        for one, j, rate, usual in rows:
            reward = self.firms[j].policy.off_peak_reward if j >= 0 else 0.0
            expected.append(one.need_moved(usual, reward, rate, peak, self.p))
            one.note(expected[-1], reward, rate, peak, self.p)
        np.testing.assert_allclose(c.need_in_the_end, expected, rtol=2e-6)
        np.testing.assert_allclose(c.put_off_visits, [one.put_off_visits for one in self.people], rtol=1e-5, atol=1e-6)

    def assert_worth(self) -> None:
        """Compare what fares are worth, by what is known of them before anybody books."""
        expected = [
            [response * price * rules.worth_of_fare(one.leisure, of.policy, of.fare_open, of.reward_now, self.p)
             for one, response in zip(self.people, self.c.price_response.tolist(), strict=True)]
            for of, price in zip(self.firms, self.world.firms.price.tolist(), strict=True)
        ]  # fmt: skip
        np.testing.assert_allclose(self.c.worth_of_fares, expected, atol=2e-6)

    def assert_booked(self, t: int) -> list[Visitor]:
        """Let the twins book whom the engine has seen arrive; compare what becomes of each; return them, as listed."""
        listed = [Visitor(i, self.identities[i], nth, self.people[i].leisure) for i, _, nth in Kept.came]
        for j, firm in enumerate(self.firms):
            own = [one for one, (_, at, _) in zip(listed, Kept.came, strict=True) if at == j]
            firm.take(own, t, self.key, self.replication)
            firm.walk()
            firm.note()
            assert not firm.close
            for name in (*NOTED, "places_now", "protected_now", "reward_now", "equal_share_visits"):
                assert self.c[name][j] == pytest.approx(getattr(firm, name), rel=1e-12), name
        book = self.world.book
        places = np.sort(book["book_visit"][: len(listed)])
        assert book["book.booking"][places].tolist() == [one.booking for one in listed]
        assert book["book.visit_outcome"][places].tolist() == [OUTCOME[one.booking] for one in listed]
        return listed

    def assert_settled(self, t: int, listed: Sequence[Visitor]) -> None:
        """Compare money, what is left of feelings, and stories."""
        left = np.ones((self.world.m, CUSTOMERS))
        prices, baskets, paid = self.world.firms.price.tolist(), self.c.basket.tolist(), []
        for one, (i, j, _) in zip(listed, Kept.came, strict=True):
            firm = self.firms[j]
            firm.settle(one, baskets[i], prices[j], t)
            if one.booking == WALKED:
                left[j, i] *= 1.0 - rules.resented(self.p, firm.policy.walk_compensation)
                self.people[i].walked_by = j
            elif one.booking in (NONE, SEATED):
                reduced = one.leisure and firm.takes_bookings
                paid.append(rules.fare_paid(baskets[i], prices[j], reduced, firm.policy, firm.reward_now))
        seen = visited(self.engine, "visit_customer", "visit_firm", "visit_spend")
        np.testing.assert_allclose([cents for *_, cents in seen], np.multiply(paid, 100.0), atol=0.501)
        for i, j, cents in seen:
            if self.firms[j].takes_bookings:
                self.firms[j].counts["early_revenue" if self.people[i].leisure else "full_revenue"] += cents
        for name in FEELINGS:
            expected = self.c[f"{name}_came"] * left
            np.testing.assert_allclose(self.c[f"{name}_left"], expected, atol=1e-6, err_msg=name)

    def assert_told(self, t: int) -> int:
        """Compare who tells of being walked; return how many do."""
        told = 0
        for i, one in enumerate(self.people):
            u = self.luck(i, t, rules.TELLS)
            if one.walked_by >= 0 and u < self.p["outrage"]:
                assert self.c.story[i] == 2 * (one.walked_by + 1)
                told += 1
            one.walked_by = -1
        assert (self.c.walked_by == -1).all()
        return told

    def step(self, t: int) -> int:
        """Run a period on both sides and compare them; return how many tell of being walked."""
        self.engine.run(1)
        self.open(t)
        assert self.c.leisure.tolist() == [one.leisure for one in self.people]
        self.assert_need(t)
        self.assert_worth()
        self.assert_settled(t, self.assert_booked(t))
        for firm in self.firms:
            firm.book_places()
            assert not firm.close
        for name in COUNTS:
            found = self.world.history[t, self.world.rows[name], : self.world.m].tolist()
            assert found == [firm.counts[name] for firm in self.firms], (name, t)
        return self.assert_told(t)
