"""Holding an engine and the reference market side by side.

`reflection` starts a Market in the state of an engine: same people, firms, ties, seed and replication. The twins
take their parameters under the names of the compiled specs, so there is nothing to translate; what the engine
keeps as float32 is handed over as the number that float32 holds. `assert_same` compares every column and every
tally after a period; a column or a tally that the reference does not know is an error, not a gap.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from abm.engine.engine import Engine
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.columns import TIERS
from tests.reference import closeness, coalition
from tests.reference.market import OPTIONAL, THEORIES, Market

TRAITS = ("purchase_rate", "basket", "price_weight")
BELIEFS = ("aware", "expectation")
SINGLE = (
    "price", "quality", "promise", "failure_rate", "transparency", "richness", "integration", "exit_fee", "joining_fee",
    "unit_cost", "advertising_spend", "brand", "hassle", "earn_per_visit", "earn_rate", "redemption",
    "tier_discount", "tier_bonus", "member_discount", "partner_earn", "partner_redemption",
)  # fmt: skip
ROUNDED = ("provided", "provision", "provision_held")  # cents, rounded from numbers that float32 holds
FIXED_POINT = ("performance_sum", "transaction_sum", "satisfaction_sum", "trust_sum", "intention_sum", "spilled_trust")


def reflection(engine: Engine) -> Market:
    """Return a market in the state of an engine that has not run yet."""
    scenario, c, ties = engine.scenario, engine.world.customers, engine.world.ties
    neighbours = [
        [(int(ties.target[e]), float(ties.weight[e])) for e in range(ties.start[i], ties.start[i + 1])]
        for i in range(engine.world.n)
    ]
    people = [
        {name: c[name][i].item() for name in TRAITS} | {name: c[name][:, i].tolist() for name in BELIEFS}
        for i in range(engine.world.n)
    ]
    for person in people:
        person["aware"] = [bool(known) for known in person["aware"]]
    return Market(
        parameters(scenario), [levers(firm) for firm in scenario.firms], people, neighbours, engine.seed,
        engine.world.replication, periods=scenario.periods, burn_in=scenario.burn_in, year=scenario.periods_per_year,
    )  # fmt: skip


def parameters(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return every parameter of every theory in the market; the twins know them by the same names."""
    specs = {theory: spec for theory in (*THEORIES, *OPTIONAL) if (spec := getattr(scenario, theory)) is not None}
    return {
        theory: {name: single(getattr(spec, name)) for name in type(spec).model_fields}
        for theory, spec in specs.items()
    }


def levers(firm: Firm) -> dict[str, Any]:
    """Return what a firm decides as the fields of the reference's Firm."""
    fields = {name: getattr(firm, name) for name in type(firm).model_fields}
    service, program, advertising = (fields.pop(name) for name in ("service", "program", "advertising"))
    terms = fields.pop("coalition", None)
    others = [kind.policy.name for kind in shipped() if kind.policy and not kind.standard]
    for name in ("policies", "preset", *others):  # of theories that are not in the market, and where it started
        fields.pop(name, None)
    if advertising is not None:
        fields |= {name: getattr(advertising, name) for name in type(advertising).model_fields}
    del fields["initial_awareness"]  # has done its work when the world begins
    fields |= {name: getattr(service, name) for name in type(service).model_fields}
    if program is not None:
        fields["program"] = narrowed({n: getattr(program, n) for n in type(program).model_fields if n != "preset"})
    if terms is not None:
        own = narrowed({name: getattr(terms, name) for name in type(terms).model_fields})
        fields["coalition"] = coalition.Partners(**own)
    return narrowed(fields)


def narrowed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields with those that the engine keeps as float32 as numbers that float32 holds."""
    return {name: single(value) if name in SINGLE else value for name, value in fields.items()}


def single(value: Any) -> Any:
    """Return a number, or each of a tuple, as float32 holds it; all else as it is."""
    if isinstance(value, tuple):
        return tuple(single(item) for item in value)
    return closeness.as_single(value) if isinstance(value, float) else value


def expected_column(market: Market, name: str) -> np.ndarray:
    """Return a column of the engine as the reference has it."""
    if name == "customer_id":
        return np.arange(len(market.customers))
    if name == "price_response":
        sensitivity = market.parameters["pricing"]["price_sensitivity"]
        return np.array([sensitivity * c.price_weight for c in market.customers])
    if name == "goodwill":
        return np.array(market.goodwill)
    if name == "story":
        told = [market.stories.get(i) for i in range(len(market.customers))]
        return np.array([0 if story is None else 2 * (story[0] + 1) + story[1] for story in told])
    if name == "tier_members":
        members = np.zeros((TIERS, len(market.firms)), np.int64)
        for c in market.customers:
            for j in np.flatnonzero(c.member):
                members[c.tier[j], j] += 1
        return members
    return closeness.column(market.customers, name)


def assert_same(market: Market, engine: Engine, tolerance: float = 1e-4) -> None:
    """Compare all columns and the tallies of the latest period.

    Raises AssertionError with the name of the first that differs.
    """
    world = engine.world
    for name, found in world.customers.items():
        if name == "patronage":
            assert_patronage(market, found, world.firms.initial_awareness)
            continue
        expected = expected_column(market, name)
        if name in ROUNDED:
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1, err_msg=name)
        elif found.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)
    latest = world.history[engine.t - 1]
    assert set(world.tallies) == set(market.tally)
    for (name, tally), found in zip(world.tallies.items(), latest, strict=True):
        counted = np.array(market.tally[name])
        if name in ROUNDED:
            np.testing.assert_allclose(found, counted, rtol=1e-5, atol=2, err_msg=name)
        elif name in FIXED_POINT:
            entries = sum(market.tally["asked"]) if name == "intention_sum" else len(market.visits)
            np.testing.assert_allclose(found * tally.scale, counted, atol=1e-5 * (1 + entries), err_msg=name)
        else:
            np.testing.assert_array_equal(found, counted, err_msg=name)


def assert_patronage(market: Market, found: np.ndarray, initial_awareness: np.ndarray) -> None:
    """Compare who uses which firm, for firms that somebody may still have to hear of."""
    for j in np.flatnonzero(initial_awareness < 1.0):
        active = np.array([firms[j] for firms in market.was_active])
        np.testing.assert_array_equal((found >> np.uint32(j)) & 1, active, err_msg=f"patronage of firm {j}")


def run_side_by_side(engine: Engine, periods: int, market: Market | None = None) -> int:
    """Step both and compare after each period; return how many periods were compared.

    The comparison ends before a period in which float32 may have decided otherwise.
    """
    market = market or reflection(engine)
    for period in range(periods):
        engine.run(1)
        market.step()
        if market.close_calls:
            return period
        assert_same(market, engine)
    return periods
