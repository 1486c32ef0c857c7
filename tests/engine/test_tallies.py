"""Tallies with further axes: counted by a theory of one's own, equal for any number of threads, and seen by KPIs."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.engine import building
from abm.engine.engine import Engine
from abm.engine.recording import read, record
from abm.kpis.kpi import kpi
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario
from abm.world.columns import Tally

BASE = Scenario.parse({"periods": 5, "burn_in": 2, "population": {"customers": 5000}})
EDGE = 30.0  # of a basket, in currency units


@kernel
def sort_customers(by_basket, by_class, heads, provider, basket, lo, hi, t):
    """Count customers by size of basket and by two classes.  by_basket, by_class, heads  tallies [written]"""
    for i in range(lo, hi):
        j = provider[i]
        size = 0 if basket[i] < 15.0 else (1 if basket[i] < 30.0 else 2)
        by_basket[size, j] += 1
        by_class[i % 2, i // 2 % 3, j] += 1 + t
        heads[-1] += 1


class Sorting(Mechanism):
    """Counts customers by firm and bin, and by firm and two classes."""

    name = "sorting"
    counts = (
        Tally("by_basket", "customers", "customers of the firm by size of basket", axes=("bin",)),
        Tally("by_class", "half customers", "customers by two classes", 0.5, stock=True, axes=("two", "three")),
        Tally("heads", "customers", "customers"),
    )

    def schedule(self, policies):
        """Return the count."""
        return ((Phase.CLOSING, sort_customers),)

    def axes(self):
        """Return bins and classes."""
        return {"bin": 3, "two": 2, "three": 3}


@kpi(unit="share", nan="the firm is nobody's provider")
def big_basket_share(c):
    """Customers of the firm with a basket of 30 or more / its customers."""
    return c.by_basket[..., 2, :] / c.by_basket.sum(axis=-2)


def counted(threads: int = 1) -> Engine:
    """Return an engine that has run the market with the theory."""
    engine = Engine(BASE.adding(Sorting()), 4, threads=threads)
    engine.run(5)
    return engine


class TestShapedTallies:
    def test_firm_by_bin_is_what_the_columns_say(self):
        world = counted().world
        c, found = world.customers, world.tallied("by_basket")
        size = np.digitize(c.basket, [15.0, EDGE])
        expected = [[np.sum((size == b) & (c.provider == j)) for j in (0, 1, 2, -1)] for b in range(3)]
        assert found.shape == (5, 3, 4)
        np.testing.assert_array_equal(found[-1], expected)
        np.testing.assert_array_equal(found.sum(axis=(1, 2)), [5000] * 5)

    def test_class_by_class_is_kept_from_period_to_period(self):
        found = counted().world.tallied("by_class")
        assert found.shape == (5, 2, 3, 4)
        i = np.arange(5000)
        sizes = np.array([[np.sum((i % 2 == a) & (i // 2 % 3 == b)) for b in range(3)] for a in range(2)])
        for t in range(5):
            np.testing.assert_array_equal(found[t].sum(axis=-1), 0.5 * sizes * sum(range(1, t + 2)))

    @pytest.mark.parametrize("threads", [2, 3])
    def test_threads_add_up_to_the_same(self, threads):
        one, several = counted().world, counted(threads).world
        np.testing.assert_array_equal(one.history, several.history)
        np.testing.assert_array_equal(one.tallied("by_class"), several.tallied("by_class"))

    def test_others_count_as_if_they_were_not_there(self):
        alone, beside = record(BASE, 4).tallies, read(counted()).tallies
        for name in alone:
            np.testing.assert_array_equal(alone[name], beside[name], err_msg=name)

    def test_a_kpi_sees_the_axes_before_the_firms(self):
        result = read(counted())
        counts = result.tallies["by_basket"][:, :, :-1]
        np.testing.assert_array_equal(result.by_period([big_basket_share])[:, :, 0], counts[:, 2] / counts.sum(axis=1))
        late = counts[2:].sum(axis=0)
        np.testing.assert_array_equal(result.summary([big_basket_share])[:, 0], late[2] / late.sum(axis=0))

    def test_starting_again_counts_from_nothing(self):
        engine = counted()
        first = engine.world.history.copy()
        engine.restart(0)
        assert not engine.world.counted.any()
        engine.run(5)
        np.testing.assert_array_equal(engine.world.history, first)

    def test_memory_is_estimated_with_every_entry(self):
        more = BASE.adding(Sorting()).estimated_bytes() - BASE.estimated_bytes()
        assert more == 8 * 5 * (3 + 2 * 3 + 1) * 4

    def test_an_axis_needs_a_length(self):
        class Vague(Sorting):
            """Does not say how many bins there are."""

            def axes(self):
                """Return nothing."""
                return {}

        with pytest.raises(Refusal, match=r"tally 'by_basket' has the axis 'bin', which has no length.*axes\(\)"):
            Engine(BASE.adding(Vague()), 4)


class TestTheoriesThatAreNotThere:
    @pytest.fixture(autouse=True)
    def _shipped(self, monkeypatch):
        monkeypatch.setattr(building, "shipped", lambda: (*shipped(), Sorting))

    def test_counts_of_a_shipped_theory_that_is_not_there_are_nan(self):
        result = record(BASE, 4)
        assert "by_basket" not in list(result.tallies)
        assert result.tallies["heads"].shape == (5, 4)
        assert np.isnan(result.tallies["heads"]).all()
        assert result.tallies["by_basket"].shape == (5, 3, 4)
        assert np.isnan(result.tallies.totals(2)["by_basket"]).all()
        assert np.isnan(result.by_period([big_basket_share])).all()
        assert np.isnan(result.summary([big_basket_share])).all()

    def test_those_of_one_that_is_there_are_numbers(self):
        assert not np.isnan(read(counted()).tallies["by_basket"]).any()

    def test_a_name_that_nobody_counts_stays_an_error(self):
        @kpi(unit="1")
        def slip(c):
            """Counts nothing."""
            return c.by_baskit

        with pytest.raises(
            Refusal, match="KPI 'slip' raised AttributeError: nothing is counted under the name 'by_bask"
        ):
            record(BASE, 4).summary([slip])
