"""The settings from which a study may start show what such markets are like, and no price nearby is a gift."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from abm.engine.recording import record
from abm.scenario.measures import named
from abm.scenario.scenario import Scenario

BANDS = {  # of the mean firm: what is plausible of such a market, far wider than what luck moves
    "clinic": {
        "csi": (64, 76), "mean_wait": (3, 15), "lost_visit_share": (0.03, 0.2), "occupancy": (0.6, 0.9),
        "complaint_rate": (0.005, 0.06), "retention_rate": (0.5, 0.8),
    },
    "coach": {
        "csi": (70, 80), "load_factor": (0.72, 0.92), "denied_share": (0.02, 0.2), "peak_share": (0.23, 0.32),
        "complaint_rate": (0.02, 0.08), "share_of_wallet": (0.4, 0.7),
    },
    "telecom": {
        "csi": (68, 78), "retention_rate": (0.65, 0.85), "share_of_wallet": (0.8, 0.98), "agent_occupancy": (0.3, 0.7),
        "contact_service_level": (0.75, 0.97), "complaint_rate": (0.01, 0.06),
    },
    "bank": {
        "csi": (67, 77), "retention_rate": (0.85, 0.96), "share_of_wallet": (0.9, 1.0), "remote_share": (0.25, 0.55),
        "class_abc_revenue_share": (0.6, 0.85), "cross_buying_share": (0.08, 0.25),
    },
    "e_commerce": {
        "csi": (66, 77), "repeat_rate": (0.4, 0.65), "share_of_wallet": (0.25, 0.45), "fill_rate": (0.9, 1.0),
        "posted_stars": (3.4, 4.5), "remote_share": (1.0, 1.0),
    },
}  # fmt: skip


@cache
def shown(setting: str, price: float = 1.0, customers: int = 1500) -> dict[str, np.ndarray]:
    """Return KPIs of a setting, whose firm north has a price index of its own, over its second and third year: (m,)."""
    market = Scenario(preset=setting).replace(
        {"periods": 156, "burn_in": 52, "population.customers": customers, "firms.north.price": price}
    )
    kpis = ("profit", "revenue", "market_share", *BANDS[setting])
    run = record(market, 20)
    firms = len(market.firms)
    return dict(zip(kpis, run.summary(named(kpis))[:firms].T, strict=True))


@pytest.mark.parametrize("setting", BANDS)
class TestSettings:
    def test_it_shows_what_such_markets_are_like(self, setting):
        for kpi, (low, high) in BANDS[setting].items():
            assert low <= shown(setting)[kpi].mean() <= high, kpi

    def test_its_firms_are_alike_and_live_on_what_they_earn(self, setting):
        found = shown(setting)
        shares = found["market_share"]
        assert np.abs(shares * shares.size - 1.0).max() < 0.3
        assert (found["profit"] > 0.0).all()
        assert 0.05 < found["profit"].sum() / found["revenue"].sum() < 0.4

    @pytest.mark.parametrize("price", [0.93, 1.07])
    def test_no_price_nearby_is_a_gift(self, setting, price):
        assert shown(setting, price)["profit"][0] < 1.25 * shown(setting)["profit"][0]
