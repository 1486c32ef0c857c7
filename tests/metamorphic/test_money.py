"""Money: what is spent is taken in, and twice the unit of money is the same market."""

from __future__ import annotations

import numpy as np

from abm.core.parameters import meaning_of
from abm.core.spec import Spec
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.standard import STANDARD
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from tests.metamorphic.scenarios import after, changed, holds_over, markets

OF_EVERYBODY = ("category_spend", "wallet_all")  # tallies of what is spent at any firm
SHARES = [one for one in STANDARD if one.unit in ("share", "0-1")]


def doubled(spec: Spec, absent: set[str]):
    """Return a spec with everything doubled that is in money, and halved that is per unit of money.

    absent : sections of firms for theories that the market does not have, which may only be neutral
    """
    changes = {}
    for name, field in type(spec).model_fields.items():
        value, meaning = getattr(spec, name), meaning_of(field)
        if isinstance(spec, Firm) and name in absent:
            continue
        if isinstance(value, Spec):
            changes[name] = doubled(value, absent)
        elif isinstance(value, tuple) and any(isinstance(one, Spec) for one in value):
            changes[name] = tuple(doubled(one, absent) if isinstance(one, Spec) else one for one in value)
        elif meaning and value is not None and (factor := factor_of(meaning.unit)) != 1.0:
            changes[name] = tuple(factor * one for one in value) if isinstance(value, tuple) else factor * value
    return spec.replace({name: value for name, value in changes.items() if value != getattr(spec, name)})


def factor_of(unit: str) -> float:
    """Return what becomes of a number of a unit when the unit of money is half of what it was."""
    above, _, below = unit.partition("/")
    return 2.0 ** ((above.split(" ")[0] == "cu") - (below.split("/")[0] == "cu"))


@holds_over(markets(("plain", "voice", "books", "club")))
def test_unit_of_money(market):
    """A market counted in half crowns is the market counted in crowns: the same visits bit for bit, twice the money.

    Whole cents are rounded in either, so that each amount may differ by one cent. Prices are indices, and stay.
    """
    scenario = Scenario.parse(market)
    absent = {kind.policy.name for kind in shipped() if kind.policy and getattr(scenario, kind.name) is None}
    one, other = after(scenario), after(doubled(scenario, absent))
    for name, tally in one.world.tallies.items():
        first, second = one.world.tallied(name), other.world.tallied(name)
        if tally.unit == "cu":
            visits = one.world.tallied("visits").sum(axis=0)
            entries = (visits.sum() if name in OF_EVERYBODY else visits) + one.world.n + market["periods"]
            off = np.abs(second.sum(axis=0) - 2.0 * first.sum(axis=0))
            assert np.all(off <= 0.01 * entries + 1e-6), (name, off, entries)
        elif not name.startswith("points"):
            np.testing.assert_array_equal(first, second, err_msg=name)


@holds_over(markets())
def test_what_is_spent_is_taken_in(market):
    """Period by period: firms' visits are customers' visits, their revenue is what these paid, in whole cents."""
    scenario = Scenario.parse(market)
    engine = Engine(scenario, 1)
    c, n = engine.world.customers, engine.world.n
    for t in range(market["periods"]):
        before, exits = c.encounters.copy(), int(np.sum(c.exited >= 0))
        engine.run(1)
        count = engine.world.passing[0].visit_count[0]
        visits = {name: engine.world.passing[0][name][:count] for name in ("visit_firm", "visit_spend")}
        names = ("visits", "revenue", "occasions", "population", "exits")
        counted = {name: engine.world.tallied(name)[t] for name in names}
        went = np.bincount(visits["visit_firm"], minlength=engine.world.m)
        spent = np.bincount(visits["visit_firm"], visits["visit_spend"].astype(float), engine.world.m)
        np.testing.assert_array_equal(np.rint(100.0 * counted["revenue"][:-1]), spent)
        np.testing.assert_array_equal(counted["visits"][:-1], went)
        np.testing.assert_array_equal(counted["visits"][:-1], (c.encounters - before).sum(axis=1))
        assert counted["visits"].sum() <= counted["occasions"].sum()
        assert counted["population"].max() == n == c.customer_id.size
        assert np.sum(c.exited >= 0) - exits == counted["exits"].sum()


@holds_over(markets())
def test_shares_are_shares(market):
    """Whatever the market, a KPI or reading whose unit is a share lies between 0 and 1, or is not defined."""
    found = record(Scenario.parse(market), 1, kpis=SHARES)
    for values in (found.by_period(SHARES), found.summary(SHARES)):
        for kpi, own in zip(SHARES, np.moveaxis(values, -1, 0), strict=True):
            there = own[~np.isnan(own)]
            assert np.all((there >= 0.0) & (there <= 1.0 + 1e-9)), (kpi.name, there.min(), there.max())


@holds_over(markets())
def test_profit_is_what_is_left(market):
    """A firm's profit falls by what a further fixed cost is, and by nothing else; no customer notices it."""
    market = changed(market, firms=[{**market["firms"][0], "fixed_cost": 0.0}, *market["firms"][1:]])
    dear = {**market, "firms": [{**market["firms"][0], "fixed_cost": 3.0}, *market["firms"][1:]]}
    first, second = (record(Scenario.parse(one), 1) for one in (market, dear))
    profit = [one.summary([BY_NAME["profit"]])[:, 0] for one in (first, second)]
    fixed = (second.tallies["fixed"] - first.tallies["fixed"])[market["burn_in"] :, 0].sum()
    counted = market["periods"] - market["burn_in"]
    customers = market["population"]["customers"]
    fall = fixed / customers / counted * market["periods_per_year"]
    np.testing.assert_allclose(profit[0][0] - profit[1][0], fall, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(profit[0][1:], profit[1][1:])
    assert fixed > 0
