"""Drop-out: the last occasion ends a customer's list, and a market that is fitted to a log lives as the log does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.bgbb import fit_bgbb
from abm.logs.bgnbd import expected_purchases, fit_bgnbd
from abm.logs.purchases import read_log, shipped, summary
from abm.mechanisms.relationship.drop_out import count_last_occasions, end_before_occasions, end_with_last_occasion
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


def asked(customers: int = 20_000, **sections: Any) -> Scenario:
    people = {"customers": customers, "drop_out": 0.2, "drop_out_shape": 0.7} | sections.pop("population", {})
    data = {"preset": "closed_market", "periods": 6, "off": ["defection"], "firms": [{"name": "only"}]}
    return Scenario.parse({**data, "network": {"kind": "ring"}, "population": people, **sections})


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_who_drops_out_before_the_occasions_is_who_the_twin_says(scale):
    small = Small(
        300, population={"customers": 300, "drop_out": 0.3}, drop_out={"process": "each_period", "scale": scale}
    )
    small.c.drop_out[:] = np.resize([0.0, 0.1, 0.5, 0.9], 300)
    small.c.exited[::7] = 2
    small.run("drop_out", end_before_occasions, 5)
    key, parameters = stream_key(1, "drop_out"), {"process": "each_period", "scale": scale}
    ends = [twin.ends_before(float(small.c.drop_out[i]), i, 5, key, parameters) for i in range(300)]
    expected = np.where(np.arange(300) % 7 == 0, 2, np.where(ends, 5, -1))
    np.testing.assert_array_equal(small.c.exited, expected)
    assert 50 < (expected == 5).sum() < 200
    small.run("drop_out", count_last_occasions, 5)
    assert sum(small.counted("exits")) == (expected == 5).sum()


def test_chances_asked_for_are_beta_and_independent_of_rates():
    """Mean .2 and first shape .7 are Beta(.7, 2.8); a log that said the same would have the same luck."""
    c = Engine(asked(), 3).world.customers
    assert stats.kstest(c.drop_out, stats.beta(0.7, 2.8).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(stats.rankdata(c.drop_out), stats.rankdata(c.purchase_rate))[0, 1]) < 0.03
    alike = Engine(asked(500, population={"drop_out_shape": 1e6}), 3).world.customers.drop_out
    assert alike == pytest.approx(np.full(500, 0.2), abs=0.002)


def test_segments_have_chances_of_their_own():
    kinds = [{"name": "loyal", "share": 0.5, "drop_out": 0.0}, {"name": "fickle", "drop_out": 1.0}]
    scenario = asked(400, population={"segments": kinds}, drop_out={"process": "each_period"})
    engine = Engine(scenario, 2)
    engine.run(2)
    c = engine.world.customers
    np.testing.assert_array_equal(c.exited, np.where(c.segment == 1, 0, -1))
    assert 100 < (c.segment == 1).sum() < 300


def test_periods_until_drop_out_are_those_of_contracts():
    """Who is still there after each period: B(a, b + t) / B(a, b), the sBG."""
    engine = Engine(asked(40_000, need={"process": "every_period"}, drop_out={"process": "each_period"}), 5)
    engine.run(6)
    exited, n = engine.world.customers.exited, 40_000
    for t in range(1, 7):
        share = np.prod([(2.8 + k) / (3.5 + k) for k in range(t)])
        assert ((exited < 0) | (exited >= t)).mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n))
    np.testing.assert_array_equal(
        engine.world.tallied("exits")[:6].sum(axis=1), np.bincount(exited[exited >= 0], minlength=6)
    )


@pytest.mark.slow
def test_a_log_of_yearly_gifts_gives_back_what_made_it():
    """40,000 customers over eight periods: the four shapes of the BG/BB within 3 standard errors."""
    truth, periods, n = np.array([1.2, 0.8, 0.7, 2.8]), 8, 40_000
    people = {"purchase_rate": 0.6, "rate_shape": 1.2}
    scenario = asked(n, population=people, need={"process": "bernoulli"}, drop_out={"process": "each_period"})
    scenario = scenario.replace({"periods": periods}).adding(visit_log((), room(n, periods)))
    visits = logged_to_the_end(Engine(scenario, 8), stretch=periods)
    gave = np.zeros((n, periods), np.int64)
    gave[visits["customer"], visits["period"]] = 1
    assert gave.sum() == visits["customer"].size  # at most one a period
    x, last = gave.sum(axis=1), (gave * np.arange(1, periods + 1)).max(axis=1)
    model = fit_bgbb(x, last, np.full(n, periods))
    found = np.array([model.alpha, model.beta, model.gamma, model.delta])
    errors = np.sqrt(np.diagonal(model.covariance))
    assert np.all(errors < 0.1)
    assert np.all(np.abs(np.log(found / truth)) < 3 * errors)


def test_rates_and_drop_out_asked_for_are_the_bgnbd():
    """Without a log: 40,000 customers over 60 weeks give back r, alpha, a and b within 3 standard errors."""
    truth, periods, n = np.array([0.8, 4.0, 0.9, 2.1]), 60, 40_000
    people = {"purchase_rate": 0.2, "rate_shape": 0.8, "drop_out": 0.3, "drop_out_shape": 0.9}
    scenario = asked(n, population=people).replace({"periods": periods}).adding(visit_log((), room(n, 4)))
    visits = logged_to_the_end(Engine(scenario, 8), stretch=4)
    x, last = np.bincount(visits["customer"], minlength=n), np.zeros(n)
    np.maximum.at(last, visits["customer"], visits["period"] + 0.5)
    model = fit_bgnbd(x, last, np.full(n, float(periods)))
    found, errors = np.array([model.r, model.alpha, model.a, model.b]), np.sqrt(np.diagonal(model.covariance))
    assert np.all(errors < 0.1)
    assert np.all(np.abs(np.log(found / truth)) < 3 * errors)


def test_nobody_drops_out_where_the_chance_or_the_scale_is_0():
    names = lambda scenario: [step.name for step in scenario.steps()]  # noqa: E731
    once, each = asked(300), asked(300, drop_out={"process": "each_period"})
    assert "end_with_last_occasion" in names(once)
    assert "end_before_occasions" in names(each)
    plain = abm.simulate(asked(300, population={"drop_out": 0.0}), seed=4)
    for other in ({"drop_out.scale": 0.0}, {"population.drop_out": 0.0}, {"off": ("drop_out", "defection")}):
        assert not {"end_with_last_occasion", "end_before_occasions"} & {*names(each.replace(other))}
        assert abm.simulate(each.replace(other), seed=4).equals(plain)


def test_kernels_keep_to_their_entries():
    for process in ("after_occasion", "each_period"):
        abm.check_kernels(asked(300, drop_out={"process": process}))


def test_what_a_log_tells_cannot_be_said_too():
    with pytest.raises(Refusal, match=r"drop_out = 0\.1 is not used: the log tells it; leave out one of the two"):
        abm.Population(log="cdnow", drop_out=0.1)
    with pytest.raises(Refusal, match=r"population\.drop_out = 1\.2 is outside \[0, 1\]"):
        Scenario.parse({"population": {"drop_out": 1.2}})
    with pytest.raises(Refusal, match="after_occasion"):
        Scenario.parse({"drop_out": {"process": "each_year"}})
