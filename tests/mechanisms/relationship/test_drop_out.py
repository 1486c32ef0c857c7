"""Drop-out: the last occasion ends a customer's list, and a market that is fitted to a log lives as the log does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.logs.bgnbd import expected_purchases, fit_bgnbd
from abm.logs.purchases import read_log, shipped, summary
from abm.mechanisms.relationship.drop_out import count_last_occasions, end_with_last_occasion
from abm.scenario.scenario import Scenario
from abm.world.population import heterogeneity
from tests.mechanisms.small import Small
from tests.reference import drop_out as twin
from tests.reference.random_numbers import stream_key

UNTIL = "1997-09-30"  # the first 39 weeks, to which Fader, Hardie and Lee fitted the model
FITTED = {"population": {"log": "cdnow", "log_until": UNTIL, "customers": 400}}


def fitted(**sections: Any) -> Scenario:
    return Scenario.parse({"periods": 30, **FITTED, **sections})


@pytest.fixture(scope="module")
def tracked():
    return abm.against_log(abm.Population(log="cdnow", log_until=UNTIL), seed=11, copies=20)


def test_the_list_ends_where_the_twin_says():
    small = Small(200, population={"log": "cdnow", "customers": 200}, drop_out={"scale": 1.5})
    counts = np.resize([0, 1, 2, 5], 200)
    who = np.repeat(np.arange(200), counts)
    small.c.drop_out[:] = np.resize([0.0, 0.1, 0.5], 200)
    small.visits(who.tolist(), [0] * who.size)
    small.run("drop_out", end_with_last_occasion, 7)
    key, chances = stream_key(1, "drop_out"), small.c.drop_out
    expected = [
        twin.occasions_until_the_last(int(counts[i]), float(chances[i]), i, 7, key, {"scale": 1.5}) for i in range(200)
    ]
    kept = small.at("visit_customer")
    assert np.bincount(kept, minlength=200).tolist() == [many for many, _ in expected]
    assert (small.c.exited == 7).tolist() == [last for _, last in expected]
    assert 0 < kept.size < who.size
    assert small.counted("occasions")[-1] == kept.size - who.size
    small.c.provider[:] = np.resize([0, -1], 200)
    small.run("drop_out", count_last_occasions, 7)
    assert sum(small.counted("exits")) == sum(last for _, last in expected)
    assert small.counted("exits")[1] == 0


def test_only_a_population_of_a_log_drops_out_and_switched_off_nobody_does():
    names = lambda scenario: [step.name for step in scenario.steps()]  # noqa: E731
    assert "end_with_last_occasion" in names(fitted())
    for other in (Scenario(), fitted(drop_out={"scale": 0.0}), fitted(off=["drop_out"])):
        assert "end_with_last_occasion" not in names(other)
        assert "drop_out" not in Engine(other.replace({"population.customers": 50}), 1).world.customers


def test_chances_are_those_of_the_log_and_independent_of_rates():
    engine = Engine(fitted(population=FITTED["population"] | {"customers": 20_000}), 3)
    found, c = heterogeneity("cdnow", UNTIL, None), engine.world.customers
    assert stats.kstest(c.drop_out, stats.beta(found["a"], found["b"]).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(stats.rankdata(c.drop_out), stats.rankdata(c.purchase_rate))[0, 1]) < 0.03


def test_a_log_that_shows_no_drop_out_has_customers_who_stay(tmp_path):
    """Everybody buys once a quarter or every four weeks, to the end of the log."""
    rows = [
        f"{customer},{day},{10 + customer}"
        for customer in range(40)
        for day in np.arange("2024-01-01", "2025-12-31", 90 if customer % 2 else 28, dtype="datetime64[D]")
    ]
    (tmp_path / "steady.csv").write_text("customer,date,amount\n" + "\n".join(rows) + "\n")
    scenario = Scenario.parse({"periods": 20, "population": {"log": "steady.csv", "customers": 300}})
    engine = Engine(scenario, 1, folder=tmp_path)
    engine.run(20)
    assert not engine.world.customers.drop_out.any()
    assert (engine.world.customers.exited < 0).all()


def test_newcomers_take_the_places_of_who_has_dropped_out():
    """Heavy buyers drop out soonest, so a market whose places are taken still loses occasions, but fewer."""
    scenario = fitted(periods=156, preset="closed_market", population=FITTED["population"] | {"customers": 3000})

    def run(**changes):
        engine = Engine(scenario.replace(changes), 2)
        engine.run(156)
        yearly = engine.world.tallied("occasions")[:, -1].reshape(3, 52).sum(axis=1)
        return yearly[2] / yearly[0], float(np.mean(engine.world.customers.exited >= 0))

    (kept, gone), (kept_with, gone_with) = run(), run(**{"renewal.vacancy": 0, "renewal.every": 4})
    assert gone > 0.25
    assert gone_with < 0.05
    assert kept * 1.25 < kept_with < 0.9


def test_repeat_purchases_of_cdnow(tracked):
    """Customers by repeat purchases in 39 weeks: a chi-square that a draw of the model would have as well."""
    assert tracked.counts["observed"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert tracked.counts["simulated"].sum() == pytest.approx(2357)
    assert tracked.p_value > 0.05
    without = abm.against_log(abm.Population(log="cdnow", log_until=UNTIL), seed=11, copies=1)
    assert without.counts["observed"].equals(tracked.counts["observed"])


def test_tracking_curve_of_cdnow(tracked):
    """Cumulative repeat purchases: within 4 % of the log at the end of the fit, 8 % at the end of the hold-out."""
    assert abs(tracked.error(39)) < 0.04
    assert abs(tracked.error(77)) < 0.08
    assert abs(tracked.error(77, since=39)) < 0.16
    assert tracked.weeks["fitted"].sum() == 39


def test_the_cohort_is_the_model_that_was_fitted(tracked):
    """Expected repeat purchases of everybody, each from her own first day, in closed form."""
    log = read_log(shipped("cdnow"))
    counts = summary(log, end=UNTIL)
    model = fit_bgnbd(counts["frequency"], counts["recency"], counts["age"])
    start = 39 - (counts["age"].to_numpy() + 1 / 7)
    for week in (12, 39, 77):
        expected = float(np.sum(expected_purchases(model, np.maximum(week - start, 0.0))))
        assert tracked.weeks.loc[week, "simulated"] == pytest.approx(expected, rel=0.04)


def test_a_population_without_a_log_has_nothing_to_be_held_against():
    with pytest.raises(Refusal, match="fitted to no log"):
        abm.against_log(abm.Population())
