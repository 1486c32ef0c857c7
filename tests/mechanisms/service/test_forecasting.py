"""Forecasting: against the rules on a recorded log, what is best where, who is seen, and nothing without forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from abm.capacity.forecasts import METHODS, bias, forecast, mape
from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.service.forecasting import (
    forecast_bias,
    forecast_error,
    forecast_visits,
    in_whole_steps,
    judge_forecast,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small

YEAR = 13


def market(method="naive", customers=400, periods=40, firms=1, **more):
    """Return a market whose first firm forecasts, in which nobody talks or leaves; four-weekly periods."""
    policy = {"season_length": YEAR, **more.pop("policy", {}), "forecast_method": method}
    others = [{"name": f"firm_{j}"} for j in range(1, firms)]
    return Scenario.parse(
        {
            "periods": periods, "periods_per_year": YEAR, "network": {"kind": "ring"}, "off": ["word_of_mouth"],
            "firms": [{"name": "north", "forecasting": policy}, *others], "forecasting": {}, **more,
            "population": {"customers": customers, "purchase_rate": 0.5},
        }
    )  # fmt: skip


def logged(scenario, seed=1):
    """Return the visitors of the first firm in each period, and its forecast of each, and of the next to come."""
    engine = Engine(scenario, seed)
    said = [engine.world.customers.visits_forecast[0]]
    for _ in range(scenario.periods):
        engine.run(1)
        said.append(engine.world.customers.visits_forecast[0])
    return engine, engine.world.tallied("came_by")[:, 0], np.array(said)


@pytest.mark.parametrize("method", METHODS)
def test_the_firm_foretells_what_the_rule_says_of_its_log(method):
    engine, came, said = logged(market(method, need={"season_amplitude": 0.4}, policy={"forecast_window": 5}))
    weights = {name: float(np.float32(w)) for name, w in (("level_weight", 0.3), ("trend_weight", 0.05))}
    season = float(np.float32(0.3))
    expected = forecast(came, method, window=5, season_length=YEAR, season_weight=season, **weights)
    np.testing.assert_allclose(said[1:], np.maximum(expected[1:], 0.0), rtol=1e-12)
    assert said[0] == pytest.approx(engine.world.customers.purchase_rate.sum(dtype=float))
    assert engine.world.customers.periods_logged.tolist() == [40]


@pytest.mark.parametrize("method", ["naive", "holt_winters"])
def test_kpis_are_error_and_bias_of_what_was_foretold(method):
    """All but the first period, of which the log told nothing; counted in whole 2^-20."""
    scenario = market(method, customers=60)
    _, came, said = logged(scenario)
    found = record(scenario, 1).summary((forecast_error, forecast_bias))[0]
    assert found[0] == pytest.approx(mape(said[1:-1], came[1:]), abs=1e-6)
    assert found[1] == pytest.approx(bias(said[1:-1], came[1:]), abs=1e-6)


def test_errors_in_whole_steps_by_hand():
    """Half a step is rounded up, on either side of 0."""
    assert [in_whole_steps(x * 2.0**-20) for x in (1.0, 1.5, -1.0, -1.5, 0.49)] == [1, 2, -1, -1, 0]


def test_the_variance_is_that_of_the_errors():
    """The first period's visitors, then .1 of the way to each squared error."""
    engine, came, said = logged(market("naive"))
    expected = came[0]
    for error in said[1:-1] - came[1:]:
        expected += float(np.float32(0.1)) * (error**2 - expected)
    assert engine.world.customers.visits_variance[0] == pytest.approx(expected, rel=1e-6)
    assert came.mean() < expected < 4.0 * came.mean(), "of naive errors: twice that of Poisson visits"


def errors(method, amplitude, replications=4):
    scenario = market(
        method, 3000, 8 * YEAR, 2, burn_in=3 * YEAR, need={"season_amplitude": amplitude}, policy={"level_weight": 0.2}
    )
    found = [record(scenario, 1, r).summary((forecast_error, forecast_bias))[0] for r in range(replications)]
    return np.array(found)


def test_with_a_season_seasonal_rules_beat_the_naive_one():
    naive = errors("naive", 0.4)[:, 0]
    for method in ("seasonal_naive", "holt_winters"):
        assert (errors(method, 0.4)[:, 0] < 0.6 * naive).all()
    assert errors("exponential_smoothing", 0.4)[:, 0].mean() > naive.mean(), "smoothing lags behind a season"


def test_without_a_season_smoothing_beats_the_naive_rule():
    naive = errors("naive", 0.0)[:, 0]
    assert (errors("exponential_smoothing", 0.0)[:, 0] < naive).all()
    assert (errors("moving_average", 0.0)[:, 0] < naive).all()


@pytest.mark.parametrize(
    ("method", "amplitude"), [("naive", 0.0), ("exponential_smoothing", 0.0), ("holt_winters", 0.4)]
)
def test_nothing_is_foretold_too_high_or_too_low(method, amplitude):
    """Within three standard errors of 0, or half a per cent: visits drift a little as customers learn."""
    found = errors(method, amplitude)[:, 1]
    assert abs(found.mean()) < max(0.005, 3.0 * found.std(ddof=1) / np.sqrt(found.size))


def crowded(**policy):
    scenario = market("exponential_smoothing", 1000, 60, policy=policy, waiting_line={"patience_minutes": 5.0})
    return scenario.replace({"firms.north.waiting_line.servers": 3})


def test_who_counts_at_the_till_foretells_only_who_is_served():
    till, door = (
        record(crowded(counting=where), 1).summary((forecast_bias, lever_cost))[0] for where in ("till", "door")
    )
    assert till[0] < -0.05
    assert abs(door[0]) < 0.02
    assert door[1] > till[1], "a counter at the door has to be paid"


def test_what_forecasting_costs():
    """Half a unit a period for a rule, one for a recursion, one more for the door; nothing without a forecast."""
    for policy, cents in (
        ({"forecast_method": "none", "counting": "door"}, 0),
        ({"forecast_method": "moving_average"}, 50),
        ({"forecast_method": "holt_winters"}, 100),
        ({"forecast_method": "naive", "counting": "door"}, 150),
    ):
        scenario = market("naive", 50, 3, 2).replace({f"firms.firm_1.forecasting.{k}": v for k, v in policy.items()})
        found = record(scenario, 1).tallies["forecasting"]
        np.testing.assert_allclose(found[:, 1], cents / 100.0)
        np.testing.assert_allclose(found[:, 0], 0.5)


def test_a_firm_that_does_not_forecast_has_none():
    engine, _, _ = logged(market("naive", firms=2))
    assert engine.world.customers.visits_forecast[1] == -1.0
    assert engine.world.tallied("forecast_periods")[:, 1].sum() == 0


def test_a_forecast_is_good_for_one_period():
    """A firm that stops forecasting has last said what period 6 would be."""
    off = {"name": "end", "from": 6, "set": {"firms.north.forecasting.forecast_method": "none"}}
    engine, _, _ = logged(market("naive", 200, 20).replace({"changes": [off]}))
    assert engine.world.customers.logged_until.tolist() == [5]


def test_a_firm_that_begins_later_begins_its_log_then():
    scenario = market("none", 200, 20).replace(
        {"changes": [{"name": "log", "from": 8, "set": {"firms.north.forecasting.forecast_method": "moving_average"}}]}
    )
    engine, came, said = logged(scenario)
    assert (said[1:9] == -1.0).all()
    np.testing.assert_allclose(said[9:], forecast(came[8:], "moving_average")[1:])
    assert engine.world.customers.periods_logged.tolist() == [12]


def test_a_firm_that_stops_and_begins_again_has_an_empty_log():
    off = {"name": "pause", "from": 6, "until": 9, "set": {"firms.north.forecasting.forecast_method": "none"}}
    engine, came, said = logged(market("moving_average", 200, 20).replace({"changes": [off]}))
    assert engine.world.customers.logged_until.tolist() == [19]
    np.testing.assert_allclose(said[10:], forecast(came[9:], "moving_average")[1:])
    assert engine.world.customers.periods_logged.tolist() == [11]


def test_no_firm_expects_fewer_than_nobody():
    """The line through 100, 60 and 20 goes on below 0."""
    policy = {"forecast_method": "holt_winters", "season_length": 1, "level_weight": 1.0, "trend_weight": 1.0}
    policy["season_weight"] = 0.0
    world = Small(4, ({"forecasting": policy}, {}), forecasting={})
    said = []
    for seen in (100, 60, 20):
        world.c.visitors_seen[:] = [seen, 7]
        world.run("forecasting", forecast_visits)
        said.append(world.c.visits_forecast.tolist())
    plain = {name: value for name, value in policy.items() if name != "forecast_method"}
    assert forecast([100, 60, 20], "holt_winters", **plain)[-1] == -20.0
    assert said == [[100.0, -1.0], [20.0, -1.0], [0.0, -1.0]]


def test_a_firm_reckons_with_the_errors_that_it_can_see():
    """Of 10 who came 6 were seen, where 8 were expected: the firm saw an error of 2, and made one of -2."""
    world = Small(4, ({"forecasting": {"forecast_method": "naive"}}, {}), forecasting={"error_weight": 0.5})
    c = world.c
    c.visitors_seen[:], c.visitors_come[:], c.visits_forecast[:] = [6, 3], [10, 3], [8.0, -1.0]
    c.visits_variance[:], c.periods_logged[:] = 2.0, [5, 0]
    world.run("forecasting", judge_forecast)
    assert c.visits_variance.tolist() == [3.0, 2.0]
    counted = ("forecast_misses", "forecast_periods", "forecast_gap", "forecast_visitors")
    assert [world.counted(name)[0] for name in counted] == [209715, 1, -2 * 2**20, 10]
    assert all(world.counted(name)[1] == 0 for name in counted)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    scenario = crowded(counting="door")
    one = ran(scenario)
    for other in (ran(scenario, threads=threads), ran(scenario, tile=50)):
        assert_same(one, other)


def test_where_nobody_forecasts_nothing_is_done():
    plain = Scenario.parse({"population": {"customers": 50}})
    assert [s.name for s in plain.replace({"forecasting": {}}).steps()] == [s.name for s in plain.steps()]


def test_kernels_stay_within_their_arrays():
    check_kernels(market("holt_winters", policy={"season_length": 2}))
    check_kernels(crowded(counting="door"))


def test_a_lever_without_the_theory_is_refused():
    with pytest.raises(Refusal, match=r"firm 'north' sets forecasting, but the market has no forecasting"):
        Scenario().replace({"firms.north.forecasting.forecast_method": "naive"})
