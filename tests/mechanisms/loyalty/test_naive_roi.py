"""The naive return on a programme: by hand; without a value; above the true one where heavy buyers join."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import abm
from abm.mechanisms.loyalty.membership import naive_programme_roi

BOOKS = {
    "wallet_own": 1000.0, "member_spend": 700.0, "buyers": 50.0, "member_buyers": 20.0, "customers_at_close": 100.0,
    "goods": 600.0, "revenue": 950.0, "discounts": 50.0, "membership_fees": 10.0, "rewards_cost": 40.0,
    "provision": 5.0, "membership": 5.0, "population": 5200.0, "year": 52.0,
}  # fmt: skip


def roi(**changes):
    counts = {name: np.array([value]) for name, value in {**BOOKS, **changes}.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(naive_programme_roi(SimpleNamespace(**counts))[0])


def test_by_hand():
    """20 members paid 700, 20 others would have paid 200: 5 cu a customer more, and .5 of discounts, at a margin of .4,
    and .1 of fees: 2.3, at a cost of 1.
    """
    assert roi() == pytest.approx(2.3 / 1.0 - 1.0)


@pytest.mark.parametrize(
    "books",
    [{"member_buyers": 50.0, "member_spend": 1000.0}, {"customers_at_close": 0.0, "member_spend": 0.0, "buyers": 0.0}],
    ids=["only members", "no year closes"],
)
def test_without_a_value(books):
    assert not np.isfinite(roi(**books)) or np.isnan(roi(**books))


def test_it_flatters_a_programme_that_heavy_buyers_join():
    """The true return is what the programme adds to profit, per cu of its cost, of the same customers with one luck."""
    market = abm.Scenario(periods=104, burn_in=52, population=abm.Population(customers=1500))
    kpis = ("profit", "programme_cost", naive_programme_roi)
    study = abm.Experiment(
        name="return", scenario=market, kpis=kpis, seed=1, replications=3,
        arms={"none": {}, "points": {"firms.north.program": {"preset": "points"}}},
    )  # fmt: skip
    results = abm.run(study, workers=1)
    gained, cost = (results.paired(kpi, "points", firm="north").mean for kpi in ("profit", "programme_cost"))
    runs = results.runs
    naive = runs[(runs.arm == "points") & (runs.firm == "north")]["naive_programme_roi"].mean()
    assert naive > gained / cost
