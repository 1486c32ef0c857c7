"""Readings: by hand, taken when the books close and while they are still open, and the same however a run is done."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine import engine as engines
from abm.engine.engine import Engine
from abm.engine.kept import Kept
from abm.engine.recording import read, record, simulate
from abm.kpis import readings
from abm.kpis.behaviour import penetration
from abm.kpis.reading import Reading, averaged, reading
from abm.kpis.standard import READINGS, STANDARD
from abm.logs.brands import duplication_of_purchase, ordered_purchases
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.network.ties import Ties
from abm.world.world import World

NAN = float("nan")
YEARS = Scenario.parse(
    {"periods": 18, "burn_in": 3, "periods_per_year": 5, "population": {"customers": 400, "purchase_rate": 0.3}}
)
CLOSINGS = [2, 7, 12, 17]  # with the burn-in, and after each year


def world(**columns: list[list[float]]) -> World:
    """Return a world of two firms with columns (2, n) written by hand."""
    n = len(next(iter(columns.values()))[0])
    ties = Ties(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    made = World(n, ("north", "south"), {}, ties, periods=1)
    made.allocate([Column(name, ("firm", "customer"), 0, "1", "by hand", "float64") for name in columns], [])
    for name, values in columns.items():
        made.customers[name][:] = values
    return made


def spent(spend: list[list[float]]) -> World:
    """Return a world in which everybody who spent something came once, and nobody else came."""
    return world(year_spend=spend, year_purchases=[[cents > 0 for cents in row] for row in spend])


@reading(unit="cu", better="more", nan="no year closes in the period")
def year_takings(world):
    """Money spent at the firm since the books were opened."""
    return world.customers.year_spend.sum(axis=1) / 100


class TestByHand:
    def test_gini_of_spend(self):
        """Of 1, 2, 3, 4: 2 x (1 + 4 + 9 + 16) / (4 x 10) - 5 / 4 = 0.25; nobody who spent nothing is a buyer."""
        spend = [[400, 0, 100, 300, 200], [0, 0, 70, 70, 70]]
        np.testing.assert_allclose(readings.gini_of_spend(spent(spend)), [0.25, 0.0], atol=1e-12)

    def test_gini_of_one_buyer_and_of_none(self):
        np.testing.assert_allclose(readings.gini_of_spend(spent([[0, 9], [0, 0]])), [0.0, NAN], atol=1e-12)

    def test_who_came_for_nothing_is_a_buyer(self):
        """Of 0, 100 the lower half has nothing: 2 x 200 / (2 x 100) - 3 / 2 = 0.5; where all is free there is none."""
        free = world(year_spend=[[0, 100, 0], [0, 0, 0]], year_purchases=[[1, 1, 0], [2, 0, 0]])
        np.testing.assert_allclose(readings.gini_of_spend(free), [0.5, NAN])
        np.testing.assert_allclose(readings.top_fifth_share(free), [0.4, NAN])

    def test_top_fifth_share(self):
        """One of five buyers spends 6 of 10; of six buyers 1.2 count: 4 + 0.2 x 2 of 10."""
        spend = [[100, 600, 100, 100, 100, 0], [100, 100, 400, 200, 100, 100]]
        np.testing.assert_allclose(readings.top_fifth_share(spent(spend)), [0.6, 0.44])

    @pytest.mark.parametrize("buyers", range(1, 12))
    def test_equal_spending_gives_the_top_fifth_a_fifth(self, buyers):
        spend = [[50] * buyers, [0] * buyers]
        np.testing.assert_allclose(readings.top_fifth_share(spent(spend)), [0.2, NAN])

    def test_median_satisfaction_is_that_of_users(self):
        satisfaction = [[0.25, NAN, 0.5, 0.875], [NAN] * 4]
        np.testing.assert_array_equal(readings.median_satisfaction(world(satisfaction=satisfaction)), [0.5, NAN])

    def test_sole_buyer_share(self):
        """Two of three buyers of the first firm buy nowhere else, and one of two of the second."""
        came = [[1, 2, 3, 0, 0], [0, 0, 5, 8, 0]]
        np.testing.assert_allclose(readings.sole_buyer_share(world(year_purchases=came)), [2 / 3, 1 / 2])
        assert np.isnan(readings.sole_buyer_share(world(year_purchases=[[1], [0]]))).tolist() == [False, True]

    def test_duplication_error(self):
        """North has three buyers, south two, of four; two buy both: 2/3 of north's, all of south's. D = (2/3 + 1) /
        (3/4 + 1/2) = 4/3, so that of south's 4/3 x 3/4 = 1 are expected at north, and 2/3 of north's at south."""
        came = [[1, 2, 5, 0], [0, 3, 1, 0]]
        np.testing.assert_allclose(readings.duplication_error(world(year_purchases=came)), [0.0, 0.0], atol=1e-12)

    def test_duplication_error_is_that_of_the_logs(self):
        luck = np.random.default_rng(3)
        came = luck.poisson([[0.9], [0.3]], (2, 40)) + (luck.random((2, 40)) < 0.1)
        counts = came.astype(int)
        bought = ordered_purchases(
            np.repeat(np.tile(np.arange(40), 2), counts.ravel()), np.zeros(counts.sum(), int),
            np.repeat([0, 1], counts.sum(axis=1)), 40, 2,
        )  # fmt: skip
        expected = np.nanmax(np.abs(duplication_of_purchase(bought).relative_error), axis=0)
        np.testing.assert_allclose(readings.duplication_error(world(year_purchases=came)), expected)

    def test_without_two_firms_that_have_buyers_there_is_no_duplication(self):
        assert np.isnan(readings.duplication_error(world(year_purchases=[[1, 1], [0, 0]]))).all()


@pytest.mark.parametrize("one", READINGS, ids=lambda r: r.name)
def test_each_says_what_it_is(one):
    assert one.unit
    assert one.nan
    assert one.source
    assert one.better in ("more", "less", "")
    assert one.definition.endswith("the mean over the closings after the burn-in that have a value.")
    assert BY_NAME[one.name] is one


def test_every_reading_of_the_module_is_standard():
    assert {r for r in vars(readings).values() if isinstance(r, Reading)} == set(READINGS)


class TestWhenTheyAreTaken:
    def test_the_year_that_closes_is_still_in_the_books(self):
        """What is read off the customers is what the closing books count, in the same periods."""
        result = record(YEARS, 5, kpis=[year_takings])
        found = result.by_period([year_takings])[:, :, 0]
        assert np.flatnonzero(~np.isnan(found).all(axis=1)).tolist() == CLOSINGS
        np.testing.assert_allclose(found[CLOSINGS], result.tallies["wallet_own"][CLOSINGS, :-1])

    def test_over_a_run_it_is_the_mean_over_the_closings_after_the_burn_in(self):
        result = record(YEARS, 5, kpis=[penetration, year_takings])
        found, block = result.summary([penetration, year_takings]), result.by_period([year_takings])
        np.testing.assert_allclose(found[:, 1], block[CLOSINGS[1:], :, 0].mean(axis=0))

    def test_closings_without_a_value_are_left_out_of_the_mean(self):
        np.testing.assert_array_equal(averaged(np.array([[1.0, NAN], [NAN, NAN], [4.0, NAN]])), [2.5, NAN])

    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_neither_threads_nor_chunks_nor_steps_change_them_or_the_run(self, threads, monkeypatch):
        whole = record(YEARS, 5, kpis=READINGS)
        monkeypatch.setattr(engines, "CHUNK", 4 * 400)
        stepped = Engine(YEARS, 5, threads=threads, readings=READINGS)
        for periods in (1, 2, 9, 6):
            stepped.run(periods)
        np.testing.assert_array_equal(read(stepped).by_period(STANDARD), whole.by_period(STANDARD))
        without = Engine(YEARS, 5)
        without.run(18)
        np.testing.assert_array_equal(without.world.history, stepped.world.history)

    def test_starting_again_forgets_them(self):
        kept = Kept()
        for replication in (0, 1):
            again = record(YEARS, 5, replication, kept=kept, kpis=READINGS)
        engine = kept.take(YEARS)
        assert engine.does(5, 1, READINGS)
        kept.put(engine)
        fresh = record(YEARS, 5, 1, kpis=READINGS)
        np.testing.assert_array_equal(again.by_period(READINGS), fresh.by_period(READINGS))
        assert record(YEARS, 5, kept=kept).readings == {}  # an engine with other readings is not used again

    def test_the_stages_are_the_same_with_and_without(self):
        """So that no theory can tell whether readings are taken."""
        stages = [
            [(stage.kind, len(stage.steps)) for stage in Engine(YEARS, 5, readings=r).stages] for r in ([], READINGS)
        ]
        assert stages[0] == stages[1]


class TestTables:
    def test_a_reading_is_a_column_beside_the_kpis(self):
        table = simulate(YEARS, 5, kpis=[penetration, year_takings])
        assert list(table.columns) == ["period", "firm", "penetration", "year_takings"]
        assert sorted(table.dropna()["period"].unique()) == CLOSINGS
        assert {r.name for r in READINGS} < set(simulate(YEARS, 5).columns)

    def test_what_was_not_asked_for_was_not_taken(self):
        with pytest.raises(Refusal, match="reading 'year_takings' was not taken in this run; name it in kpis"):
            record(YEARS, 5).summary([year_takings])


class TestErrors:
    def test_a_reading_that_raises_is_named(self):
        @reading(unit="1")
        def broken(world):
            """Reads a column that nobody has."""
            return world.customers.moood

        with pytest.raises(Refusal, match="reading 'broken' raised AttributeError: moood"):
            simulate(YEARS, 5, kpis=[broken])

    @pytest.mark.parametrize("shape", [(), (2,), (3, 1)])
    def test_a_reading_of_a_wrong_shape_is_named(self, shape):
        @reading(unit="1")
        def odd(world):
            """Gives something else than a number a firm."""
            return np.zeros(shape)

        with pytest.raises(Refusal, match=r"reading 'odd' returned an array of shape \(.*one number a firm, \(3,\)"):
            simulate(YEARS, 5, kpis=[odd])

    def test_infinite_is_no_value(self):
        @reading(unit="1")
        def endless(world):
            """Divides by nothing."""
            return np.ones(2) / np.zeros(2)

        assert np.isnan(endless(world(year_spend=[[1], [1]]))).all()


def test_a_curve_is_that_of_least_squares():
    """Slope at the mean and twice the coefficient of the square, as a polynomial fitted to the upper half has them."""
    engine = Engine(Scenario(periods=200), 3)
    engine.run(200)
    found = readings.satisfaction_slope(engine.world), readings.satisfaction_curvature(engine.world)
    c = engine.world.customers
    for j in range(3):
        own = (c.provider == j) & (c.encounters[j] >= 10)
        x, y = c.satisfaction[j, own].astype(np.float64), c.preference[j, own].astype(np.float64)
        upper = x >= np.median(x)
        x, y = x[upper] - x[upper].mean(), y[upper]
        bend, slope, _ = np.polyfit(x, y, 2)
        np.testing.assert_allclose([found[0][j], found[1][j]], [slope, 2.0 * bend], rtol=1e-8)
