"""Relations that a marketing scientist believes: who stays, who comes back, what customers say of it."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario

THREE = {
    "periods": 260,
    "burn_in": 104,
    "population": {"customers": 1500},
    "firms": [{"name": "north"}, {"name": "east"}, {"name": "south"}],
}


def measured(names, seed=1, **changes):
    """Return KPIs of three firms alike over three years, their mean over the firms."""
    scenario = Scenario.parse(THREE).replace({path.replace("__", "."): value for path, value in changes.items()})
    found = record(scenario, seed).summary([BY_NAME[name] for name in names])
    return dict(zip(names, np.mean(found, axis=0), strict=True))


@pytest.mark.parametrize(
    ("path", "values"),
    [("switching_cost__trait_mean", (0.001, 0.999)), ("switching_cost__switching_weight", (0.0, 10.0))],
)
def test_retention_does_not_fall_as_switching_costs_rise(path, values):
    """It fell when every firm at which she had bought of late counted as having kept her: .81 to .69 over the trait."""
    basis = {"switching_cost__basis": "trait"} if "trait" in path else {}
    low, high = (measured(["retention_rate", "repeat_rate"], **basis, **{path: value}) for value in values)
    assert high["repeat_rate"] > low["repeat_rate"] + 0.1
    assert high["retention_rate"] > low["retention_rate"] + 0.02


def test_most_of_the_lost_stay_lost():
    """Judged by periods of silence, 93 % of the lost came back within a year; the win-back share reached 1.03."""
    found = measured(["win_back_share", "temporary_churn_share", "churn_rate"])
    assert 0.0 < found["win_back_share"] < 0.5
    assert 0.0 <= found["temporary_churn_share"] <= 1.0
    assert 0.0 < found["churn_rate"] < 0.01


def test_who_needs_nothing_is_not_lost():
    """Silence in periods made customers lost who had bought nowhere: in a year without need nobody is."""
    scenario = Scenario.parse({**THREE, "periods": 156, "burn_in": 52})
    scenario = scenario.replace({"need.season_amplitude": 1.0, "population.purchase_rate": 0.02})
    assert record(scenario, 1).tallies["fell_lost"].sum() == 0


def test_intention_is_about_the_provider_she_has():
    """It was .648 beside a repeat rate of .735: it held what leaving the provider before the latest would have cost."""
    changes = {"choice.outside": -80.0, "switching_cost.basis": "trait"}
    tallies = record(Scenario.parse(THREE).replace(changes), 3).tallies
    asked, repeats, intended = (tallies[name][104:, :-1].sum() for name in ("asked", "repeats", "intention_sum"))
    sd = np.sqrt(intended * (1.0 - intended / asked))
    assert abs(repeats - intended) < 3.0 * sd
    assert sd < 0.005 * asked


def test_bad_service_drives_customers_out_of_the_category():
    """As many left where every firm delivered a quality of .3 as at .75: leaving had nothing to do with experience."""
    leaving = {"defection__exit_rate": 0.002, "defection__contagion": 0.0}
    bad = {f"firms__{name}__service__quality": 0.3 for name in ("north", "east", "south")}
    usual, worse = (measured(["category_exit_rate"], **leaving, **quality) for quality in ({}, bad))
    assert worse["category_exit_rate"] > 2.0 * usual["category_exit_rate"] > 0.0


def north(names, seed, **changes):
    """Return KPIs of north beside two firms like it, over three years."""
    scenario = Scenario.parse(THREE).replace({path.replace("__", "."): value for path, value in changes.items()})
    return record(scenario, seed).summary([BY_NAME[name] for name in names])[0]


@pytest.mark.parametrize("lever", ["exit_fee", "joining_fee"])
def test_a_boundless_fee_does_not_pay(lever):
    """An exit fee of a million brought 11 % of profit, as nobody paid it and nobody saw it coming; a joining fee bound
    the firm's own customers."""
    names, fee = ["profit", "active_customers"], {f"firms__north__{lever}": 1e6}
    free, charged = (np.mean([north(names, seed, **own) for seed in (1, 2, 3)], axis=0) for own in ({}, fee))
    assert charged[0] < 1.08 * free[0]
    assert charged[1] < 0.95 * free[1], "it keeps customers away"


def test_integration_has_its_price():
    """It was free. Where choices take no notice of the cost of leaving, it is nothing but a cost."""
    without, tied = (
        north(["profit", "lever_cost"], 1, switching_cost__switching_weight=0.0, firms__north__integration=share)
        for share in (0.0, 0.6)
    )
    assert tied[1] > without[1]
    assert tied[0] - without[0] == pytest.approx(without[1] - tied[1], rel=1e-6)


def test_customers_differ_in_what_leaving_would_cost_them():
    """Weighed by their visits it was .54 with a standard deviation of .06: facets were at their ceiling for most."""
    engine = Engine(Scenario.parse(THREE), seed=1)
    engine.run(260)
    c = engine.world.customers
    mine = c.provider >= 0
    cost, visits = c.switching_cost[mine], c.encounters.sum(axis=0)[mine]
    mean = np.average(cost, weights=visits)
    assert np.sqrt(np.average((cost - mean) ** 2, weights=visits)) > 0.12
    assert 0.0 <= cost.min() <= cost.max() <= 1.0
