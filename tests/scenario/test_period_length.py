"""The same market in weeks and in months: a year of it is nearly the same year."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.parameters import meaning_of
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.behaviour import market_share, share_of_wallet
from abm.kpis.value import profit, revenue
from abm.scenario.period_length import in_periods_of
from abm.scenario.scenario import Scenario

WEEKS = Scenario.parse(
    {
        "periods": 156,
        "burn_in": 52,
        "population": {"customers": 1500},
        "renewal": {"leaving_rate": 0.1},
        "advertising": {},
        "firms": [
            {"name": "north", "program": {"preset": "tiers"}, "advertising": {"advertising_spend": 0.05}},
            {"name": "south", "price": 1.05, "fixed_cost": 10.0},
        ],
        "changes": [{"name": "cut", "from": 78, "until": 104, "set": {"firms.south.price": 0.95}}],
    }
)


def year(scenario, kpis=(profit, revenue, market_share, share_of_wallet)):
    """Return KPIs of the first firm, means of three runs."""
    found = []
    for replication in range(3):
        engine = Engine(scenario, 7, replication)
        engine.run(scenario.periods)
        found.append(read(engine).summary(list(kpis))[0])
    return np.mean(found, axis=0)


def test_a_year_in_months_is_nearly_the_year_in_weeks():
    """What is left are coarser steps: who talks and learns once a month does so with less effect."""
    months = in_periods_of(WEEKS, 12)
    assert (months.periods, months.burn_in) == (36, 12)
    np.testing.assert_allclose(year(months), year(WEEKS), rtol=0.12)


def test_without_conversion_it_is_another_market():
    """The test above would fail without it: a tenth of the purchases, and a programme that pays once in four years."""
    raw = WEEKS.replace({"periods_per_year": 12, "periods": 36, "burn_in": 12, "changes": ()})
    assert abs(year(raw)[1] / year(WEEKS)[1] - 1) > 0.5


@pytest.mark.parametrize(
    ("path", "weekly", "monthly"),
    [
        ("population.purchase_rate", 0.25, 0.25 * 52 / 12),
        ("word_of_mouth.decay", 0.92, 0.92 ** (52 / 12)),
        ("word_of_mouth.discovery", 0.005, 1 - 0.995 ** (52 / 12)),
        ("word_of_mouth.contact_rate", 0.25, 0.25),  # per story
        ("trust.growth", 0.08, 0.08),  # per visit
        ("renewal.every", 52, 12),
        ("renewal.leaving_rate", 0.1, 0.1),  # per year
        ("firms.north.program.tier_window", 52, 12),
        ("firms.north.program.member_cost", 0.01, 0.01 * 52 / 12),
        ("firms.south.fixed_cost", 10.0, 10.0 * 52 / 12),
        ("firms.north.advertising.advertising_spend", 0.05, 0.05 * 52 / 12),
        ("changes.cut.from", 78, 18),
        ("changes.cut.until", 104, 24),
    ],
)
def test_each_kind_of_number(path, weekly, monthly):
    assert WEEKS.value_at(path) == weekly
    assert in_periods_of(WEEKS, 12).value_at(path) == pytest.approx(monthly)


def test_there_and_back_again():
    again = in_periods_of(in_periods_of(WEEKS, 13), 52)
    assert again.value_at("word_of_mouth.decay") == pytest.approx(0.92)
    assert again.periods == WEEKS.periods


def test_what_does_not_fit_is_refused():
    busy = WEEKS.replace({"population.purchase_rate": 3.0})
    with pytest.raises(Refusal, match=r"purchase_rate = 3 becomes 13 in periods of that length"):
        in_periods_of(busy, 12)


@pytest.mark.parametrize(("path", "word"), [("need.process", "bernoulli"), ("drop_out.process", "each_period")])
def test_chances_in_a_period_are_not_converted(path, word):
    with pytest.raises(Refusal, match=rf'{path} = "{word}" goes by chances in a period'):
        in_periods_of(WEEKS.replace({"population.purchase_rate": 0.5, path: word}), 12)


def test_every_unit_with_a_period_in_it_is_known():
    """A new parameter per period is converted by its unit, or is one of those that are not of time."""
    known = (
        "periods", "period", "1/period", "visits/period", "contacts/period", "1/neighbour/period", "kept/period",
        "0-1/period", "cu period/unit",
    )  # fmt: skip
    units = {row.unit for row in Scenario.parameters() if "period" in row.unit}
    spends = {unit for unit in units if unit.startswith(("cu/", "minutes/"))}
    assert units - spends <= set(known)
    assert meaning_of(Scenario.model_fields["periods"]).unit == "periods"
