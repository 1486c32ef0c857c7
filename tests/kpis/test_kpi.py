"""What all KPIs have in common: definition, unit, meaning of NaN; one function for one period and for many."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.engine.recording import record
from abm.kpis import attitude, behaviour, value
from abm.kpis.kpi import Kpi, Tallied, kpi
from abm.kpis.standard import KPIS, READINGS, STANDARD
from abm.scenario.measures import BY_NAME, OF_THEORIES
from abm.scenario.scenario import Scenario
from tests.kpis.counts import ACCOUNTS, PERIOD, both, nothing, period

NEVER_NAN = {
    "profit", "revenue", "programme_cost", "lever_cost", "points_outstanding", "membership_share", "active_customers",
    "acquisitions", "stories_heard",
}  # fmt: skip


NEITHER = {  # of which neither more nor less is better
    "telling_rate", "stories_heard", "referral_share", "repeat_beyond_taste", "mercenary_share",
    "member_gap", "points_outstanding", "membership_share", "gini_of_spend", "top_fifth_share",
    "satisfaction_curvature",
    "frequency_constant", "duplication_error",
}  # fmt: skip


@pytest.mark.parametrize("measure", STANDARD, ids=lambda k: k.name)
def test_says_what_is_better(measure):
    assert (measure.better == "") == (measure.name in NEITHER)


@pytest.mark.parametrize("measure", KPIS, ids=lambda k: k.name)
class TestEach:
    def test_says_what_it_is(self, measure):
        assert measure.unit
        assert measure.definition.endswith(".")
        assert len(measure.definition.split()) > 3
        assert measure.source
        assert measure.nan

    def test_nan_means_what_it_says(self, measure):
        """Where nothing was counted there is no value, unless the definition says that there always is one."""
        assert (measure.nan == "never") == (measure.name in NEVER_NAN)
        found = measure(nothing())
        assert found.shape == (2,)
        assert np.all(np.isnan(found)) == (measure.name not in NEVER_NAN)

    def test_is_never_infinite(self, measure):
        """Something over nothing is no value either: returns without a fall, redemption without issue."""
        for missing in PERIOD:
            if missing != "population":
                assert not np.any(np.isinf(measure(period(**{missing: (0.0, 0.0, 0.0)})))), missing

    def test_two_equal_periods_measure_as_one(self, measure):
        """Counts are added up before they are divided, so a steady market has one value."""
        np.testing.assert_allclose(measure(both(period(), period())), measure(period()))

    def test_is_the_same_function_for_many_periods_at_once(self, measure):
        counts = {name: np.tile(np.array(values), (3, 1)) for name, values in PERIOD.items()}
        block = measure(Tallied(counts, 52, 1, ACCOUNTS))
        assert block.shape == (3, 2)
        np.testing.assert_array_equal(block, np.tile(measure(period()), (3, 1)))

    def test_reads_only_what_is_counted(self, measure):
        result = record(Scenario.parse({"periods": 3, "population": {"customers": 50}}), seed=1)
        assert set(PERIOD) <= set(result.tallies)
        assert result.by_period([measure]).shape == (3, 3, 1)
        assert result.summary([measure]).shape == (3, 1)


def test_every_kpi_of_the_modules_is_standard_and_named_once():
    found = {k for module in (attitude, behaviour, value) for k in vars(module).values() if isinstance(k, Kpi)}
    assert found == set(KPIS)
    assert (*KPIS, *READINGS) == STANDARD
    assert len(BY_NAME) == len(STANDARD) + len(OF_THEORIES)
    assert all(BY_NAME[k.name] is k for k in STANDARD)


def test_a_kpi_of_ones_own():
    @kpi(unit="cu/visit", nan="nobody visited the firm", source="definition")
    def ticket(c):
        """Revenue / visits."""
        return c.revenue / c.visits

    assert ticket.name == "ticket"
    assert ticket.definition == "Revenue / visits."
    assert ticket(period()).tolist() == [20.0, 20.0]


def test_what_is_not_counted_is_named():
    with pytest.raises(AttributeError, match="nothing is counted under the name 'vists'"):
        _ = period().vists


def test_the_market_includes_nobody():
    assert period().market("visits").tolist() == [100.0]


def test_summary_leaves_the_burn_in_out():
    scenario = Scenario.parse({"periods": 12, "burn_in": 8, "periods_per_year": 4, "population": {"customers": 200}})
    result = record(scenario, seed=1)
    found = result.summary([value.revenue, behaviour.penetration, behaviour.active_customers])
    t = {name: counts[8:, :-1] for name, counts in result.tallies.items()}
    np.testing.assert_allclose(found[:, 0], t["revenue"].sum(axis=0) / (4 * 200) * 4)
    np.testing.assert_allclose(found[:, 1], t["buyers"][3] / 200)
    np.testing.assert_allclose(found[:, 2], t["active"].mean(axis=0))


@pytest.mark.parametrize("name", ["kpi", "reading"])
def test_a_decorator_without_brackets_or_unit_is_refused(name):
    decorator = getattr(abm, name)
    for wrong in (lambda: decorator(len), decorator, lambda: decorator("share")):
        with pytest.raises(abm.Refusal) as caught:
            wrong()
        assert str(caught.value) == f'@abm.{name} needs brackets and a unit: write @abm.{name}(unit="share")'
