"""How the cost of a customer and period grows: with firms, with neighbours, and with theories at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from abm.bench.reference import QUALITIES, full, ref1, relationship, service_day, voice
from abm.bench.turns import in_turn, rate_of
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

CUSTOMERS, PERIODS = 10_000, 50
FIRMS = (2, 3, 6, 12)
NEIGHBOURS = (4, 8, 16, 32)


def default(customers: int, periods: int) -> Scenario:
    """Return the market with nothing but defaults."""
    return Scenario.parse({"periods": periods, "population": {"customers": customers}})


THEORIES: dict[str, Callable[[int, int], Scenario]] = {
    "reference": ref1, "default": default, "standard": full, "voice": voice, "relationship": relationship,
    "service_day": service_day,
}  # fmt: skip


def with_firms(market: Scenario, m: int) -> Scenario:
    """Return a market with m firms like its own, which take turns."""
    firms = (market.firms[j % len(market.firms)].replace({"name": f"firm_{j + 1}"}) for j in range(m))
    return market.replace({"firms": tuple(firms)})


def markets(customers: int = CUSTOMERS, periods: int = PERIODS) -> Iterator[tuple[str, str, Scenario]]:
    """Yield the markets that are measured: what grows, how far, and the market."""
    reference = ref1(customers, periods)
    for m in FIRMS:
        yield "firms", str(m), reference if m == len(QUALITIES) else with_firms(reference, m)
    for k in NEIGHBOURS:
        yield "neighbours", str(k), reference.replace({"network.neighbours": k})
    for name, make in THEORIES.items():
        yield "theories", name, make(customers, periods)


def growth(customers: int = CUSTOMERS, seconds: float = 0.1, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Return ns per customer and period, on one core: {"firms": {"2": …}, "neighbours": {…}, "theories": {…}}.

    All are measured in turn; the median of the rounds.
    """
    rates = {(what, value): rate_of(Engine(market, seed=1)) for what, value, market in markets(customers)}
    found = in_turn(rates, seconds, rounds)
    ns: dict[str, dict[str, float]] = {}
    for (what, value), rate in found.items():
        ns.setdefault(what, {})[value] = 1e9 / float(np.median(rate))
    return ns
