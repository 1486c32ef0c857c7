"""Small markets at random, and how two runs are compared.

A theory brings its own kernels, which take time to compile: theories are drawn in a few fixed groups, levers within
their bounds. A market has 2 to 4 firms, 30 to 200 customers and 5 to 30 periods.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.world.world import World
from tests.examples import examples

NAMES = ("north", "east", "south", "west")
RULES = ("mnl", "deterministic", "habit", "threshold", "satisfice", "eba")

# Sections of the scenario, and levers that each firm draws: path -> the values that it draws from.
GROUPS: dict[str, tuple[dict[str, Any], dict[str, Sequence[Any]]]] = {
    "plain": ({}, {}),
    "voice": (
        {name: {} for name in ("complaint", "recovery", "exit", "aftermath", "failure_causes", "delight")},
        {
            "recovery": ({}, {"compensation": 0.5}, {"empathy": 0.7, "solution_speed": 0.5}),
            "voice": ({}, {"phone_ease": 0.5}),
            "delight": ({}, {"extra": 0.05, "surprise_rate": 0.2}),
        },
    ),
    "talk": (
        {name: {} for name in ("ratings", "opinion", "referral", "advertising")},
        {"advertising": ({}, {"advertising_spend": 0.1, "brand": 0.5})},
    ),
    "club": (
        {name: {} for name in ("discounting", "fairness", "coalition")},
        {"program": ({}, {"preset": "points"}, {"preset": "tiers"}, {"preset": "stamp_card"}, {"preset": "cashback"})},
    ),
    "books": (
        {name: {} for name in ("surplus", "survey", "loyalty_types", "loyalty_measures", "attributes")},
        {"survey": ({}, {"sampling": 0.3}), "attributes": ({}, {"people_level": 0.05})},
    ),
    "lines": (
        {"waiting_line": {}, "situation": {}, "forecasting": {}, "stock": {}},
        {"waiting_line": ({}, {"servers": 2}), "stock": ({}, {"stock_rule": "newsvendor"})},
    ),
}
PER_PERSON = (
    "plain",
    "voice",
    "books",
)  # in these no customer feels what a firm sums up: standing of tiers, ratings, lines


def hundredths(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a number with two decimals."""
    return st.integers(round(100 * low), round(100 * high)).map(lambda k: k / 100)


@st.composite
def firms(draw: st.DrawFn, levers: dict[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Draw two to four firms that differ."""
    found = []
    for name in NAMES[: draw(st.integers(2, 4))]:
        service = {"quality": draw(hundredths(0.3, 0.95)), "failure_rate": draw(hundredths(0, 0.4))}
        own = {"price": draw(hundredths(0.5, 1.5)), "initial_awareness": draw(st.sampled_from([0.3, 0.8, 1.0]))}
        chosen = {path: draw(st.sampled_from(values)) for path, values in levers.items()}
        found.append({"name": name, "service": service, **own, **{path: one for path, one in chosen.items() if one}})
    return found


@st.composite
def markets(
    draw: st.DrawFn, groups: Collection[str] = tuple(GROUPS), rules: Sequence[str] = RULES, shortest: int = 5
) -> dict[str, Any]:
    """Draw the table of a scenario."""
    sections, levers = GROUPS[draw(st.sampled_from(list(groups)))]
    periods, rule = draw(st.integers(shortest, 30)), draw(st.sampled_from(list(rules)))
    if "loyalty_types" in sections and rule == "habit":  # which has to know how strong habits are
        sections = {**sections, "loyalty_types": {"habit_strength": 0.5}}
    kinds = [{"kind": "watts_strogatz"}, {"kind": "erdos_renyi", "neighbours": 5.0}, {"kind": "barabasi_albert"}]
    return {
        **{name: dict(section) for name, section in sections.items()},
        "periods": periods,
        "burn_in": draw(st.integers(0, periods // 2)),
        "periods_per_year": draw(st.sampled_from([4, 13, 52])),
        "population": {
            "customers": draw(st.integers(30, 200)),
            "purchase_rate": draw(hundredths(0.2, 2.0)),
            "basket_spread": draw(st.sampled_from([0.0, 1.0])),
            "price_weight_spread": draw(st.sampled_from([0.0, 0.5])),
        },
        "network": draw(st.sampled_from(kinds)),
        "firms": draw(firms(levers)),
        "choice": {"rule": rule, "outside": draw(hundredths(-4, 1))},
        "word_of_mouth": {"base": draw(hundredths(0, 0.5)), "contact_rate": draw(hundredths(0, 1))},
        "defection": {"exit_rate": draw(st.sampled_from([0.0, 0.01]))},
    }


def holds_over(*drawn: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a relation on fifty random markets, or on the part of them that the profile says."""
    return lambda relation: settings(max_examples=examples(50))(given(*drawn)(relation))


def changed(market: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a market with other entries; a table is merged into the one that is there."""
    tables = {name: {**market.get(name, {}), **value} for name, value in changes.items() if isinstance(value, dict)}
    return {**market, **changes, **tables}


def with_firms(market: dict[str, Any], *own: dict[str, Any], **alike: Any) -> dict[str, Any]:
    """Return a market whose firms set other levers: the first ones their own, all of them those that are alike."""
    padded = [*own, *({} for _ in market["firms"][len(own) :])]
    return {**market, "firms": [{**firm, **alike, **one} for firm, one in zip(market["firms"], padded, strict=True)]}


def tied(customers: int, salt: int) -> dict[str, Any]:
    """Return a written graph of the first customers, of whom each has about four ties of weight 0.7."""
    rng = np.random.default_rng(salt)
    pairs = {tuple(sorted(pair)) for pair in rng.integers(0, max(customers, 1), (2 * customers, 2)).tolist()}
    ties = sorted(pair for pair in pairs if pair[0] != pair[1])
    return {"kind": "ties", "ties": ties, "weights": [0.7] * len(ties)}


def after(market: dict[str, Any] | Scenario, seed: int = 1, replication: int = 0, **how: Any) -> Engine:
    """Return an engine that has run a market to its end."""
    scenario = market if isinstance(market, Scenario) else Scenario.parse(market)
    engine = Engine(scenario, seed, replication, **how)
    engine.run(scenario.periods)
    return engine


def columns_of(world: World, customers: slice = slice(None)) -> dict[str, np.ndarray]:
    """Return all columns whose last axis is the customers, of some of them, in the order of their identities."""
    rows = slice(None) if world.partition is None else world.partition.row
    return {
        name: column[..., rows][..., customers] for name, column in world.customers.items() if name in world.by_customer
    }


def assert_same_people(one: World, other: World, customers: slice = slice(None), but: Collection[str] = ()) -> None:
    """Customers are in the same state, bit for bit."""
    first, second = columns_of(one, customers), columns_of(other, customers)
    for name in first.keys() - set(but):
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def assert_same(one: Engine, other: Engine, but: Collection[str] = ()) -> None:
    """Customers are in the same state and the same was counted in every period, bit for bit."""
    assert_same_people(one.world, other.world, but=but)
    for name in set(one.world.tallies) - set(but):
        np.testing.assert_array_equal(one.world.tallied(name), other.world.tallied(name), err_msg=name)
