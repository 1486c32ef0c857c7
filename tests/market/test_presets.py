"""The shipped markets are what docs/how-to/markets.md says of them, measured at small size."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from abm.engine.recording import Record, record
from abm.facts.card import FACTS, findings
from abm.facts.laboratory import Laboratory
from abm.kpis.attitude import csi
from abm.kpis.behaviour import market_share, retention_rate
from abm.kpis.measure import Measure
from abm.mechanisms.loyalty.program import points_program
from tests.market.runs import YEAR, market

BY_NAME = {fact.name: fact for fact in FACTS}
PRESETS = ("retail", "contract", "closed_market")


@cache
def history(preset: str, years: int = 6, customers: int = 1000, seed: int = 20) -> Record:
    """Return what was counted in a shipped market of three firms alike; its first two years are not measured."""
    return record(market(customers, years, preset=preset).replace({"burn_in": 2 * YEAR}), seed)


def leave_in_a_year(preset: str) -> np.ndarray:
    """Return those who left each firm, for a rival, for nobody or with the market / its customers, a year: (m,)."""
    run = history(preset)
    sums = run.tallies.totals(run.burn_in)
    lost, moved, current = (sums[name][:-1] for name in ("fell_lost", "departures", "current"))
    return YEAR * (lost + moved) / current


def mean(preset: str, measure: Measure) -> np.ndarray:
    """Return a measure of each firm: (m,)."""
    return history(preset).summary([measure])[:, 0]


def shown(preset: str, fact: str, part: str) -> float:
    """Return a number of the card as the market shows it."""
    (found,) = findings(market(800, preset=preset), [BY_NAME[fact]], replications=2, seed=7)
    return next(one.ours for one in found.parts if one.part.name == part)


def test_a_fifth_of_the_customers_under_contract_leave_in_a_year():
    """Of firms whose customers sign, 22 to 30 % a year are said to defect (THOMAS_BLATTBERG_FOX_2004)."""
    leave = leave_in_a_year("contract")
    assert 0.15 < leave.mean() < 0.25
    assert 0.75 < mean("contract", retention_rate).mean() < 0.9


def test_who_shares_out_her_purchases_is_seldom_lost():
    for preset in ("retail", "closed_market"):
        assert leave_in_a_year(preset).mean() < 0.1


def test_a_contract_market_lasts():
    """Over 20 years visits stay as they were; where nobody came and lost was lost, 15 % of them were left."""
    visits = history("contract", years=20, customers=600).tallies["visits"][:, :-1].sum(axis=1)
    yearly = visits.reshape(20, YEAR).sum(axis=1)
    assert np.abs(yearly / yearly[:3].mean() - 1.0).max() < 0.1


@pytest.mark.parametrize("preset", PRESETS)
def test_firms_alike_share_the_market_and_please_as_firms_do(preset):
    assert np.abs(mean(preset, market_share) - 1 / 3).max() < 0.1
    assert (mean(preset, csi) > 70).all()
    assert (mean(preset, csi) < 80).all()


def test_nobody_buys_outside_a_closed_market():
    assert history("closed_market").tallies["visits"][:, -1].sum() == 0
    assert shown("closed_market", "category_elasticity", "category elasticity") == 0
    assert history("retail").tallies["visits"][:, -1].sum() > 0


def test_prices_move_who_is_free_to_go():
    own = {preset: shown(preset, "own_price_elasticity", "own-price elasticity") for preset in PRESETS}
    assert -3.1 < own["retail"] < -1.7
    assert own["retail"] < own["closed_market"] < own["contract"] < 0


def test_the_card_tells_newcomers_from_those_whose_places_they_take():
    """A programme's members are persons: rows that change hands gave no answer at all."""
    lab = Laboratory(market(300, preset="contract"), 1, seed=7)
    ((world, log),) = lab.logged(launched={"program": points_program(enrolment="automatic")})
    ids = world.customers.customer_id
    assert log.people > 300 > log.stayed.sum() == (ids < 300).sum()
    assert log.purchases.customers == log.stayed.sum()
    lot = np.arange(log.people) % 2 == 0
    ((world, _),) = lab.logged(launched={"program": points_program(hassle=1e6)}, joining=lot)
    member, ids = world.customers.member[0] > 0, world.customers.customer_id
    assert not member[~lot[ids]].any()
    assert member[lot[ids] & (ids < 300)].all()
