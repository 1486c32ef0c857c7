"""Bundles for stages, ways and strategies cost about the same; markets of the four categories of goods differ."""

from __future__ import annotations

from functools import cache

import pytest

import abm
from abm.core.errors import Refusal
from abm.core.presets import presets
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from tests.market.runs import FIRMS, interval, measured, visits

STAGES = ("delight", "awakening", "devotion")
WAYS = (
    "closeness", "attention_to_detail", "touching_gestures", "right_hires", "deliberate_contact", "need_satisfaction",
    "service_recovery",
)  # fmt: skip
MANAGEMENT = (
    "effective_management", "customer_feedback", "staff_training", "multichannel", "crm_system",
    "continual_improvement",
)  # fmt: skip
ADDED = ("delight", "listening", "survey", "attribute_survey", "improvement")  # to `services`, for these bundles
GOODS = ("convenience", "shopping", "specialty", "unsought")


@cache
def services(strategy: str = "", crm: bool = False) -> Scenario:
    """Return the market of services, north with a strategy; two and a half years, the first not measured."""
    base = Scenario.parse(
        {
            "preset": "services", "periods": 130, "burn_in": 52, "firms": [dict(firm) for firm in FIRMS],
            "population": {"customers": 1000}, **({"crm": {}} if crm else {}),
        }
    )  # fmt: skip
    return base.replace({"firms.north.preset": strategy}) if strategy else base


def cost(strategy: str, crm: bool) -> float:
    """Return what levers cost north, as a share of its revenue."""
    scenario = services(strategy, crm)
    return float((measured(scenario, "lever_cost") / measured(scenario, "revenue")).mean())


@pytest.mark.parametrize("strategy", STAGES + WAYS + MANAGEMENT)
def test_a_bundle_costs_about_two_percent_of_revenue(strategy):
    """A bundle that costs twice as much as another tells little by earning more."""
    crm = strategy == "crm_system"
    assert 0.014 < cost(strategy, crm) - cost("", crm) < 0.026


def test_no_two_strategies_are_the_same():
    made = [str(preset.values) for preset in presets(Firm)]
    assert len(set(made)) == len(made) >= 31
    assert str({}) not in made


def test_a_crm_system_takes_the_section_that_it_is_of():
    with pytest.raises(Refusal, match="the market has no crm"):
        services("crm_system")


def test_what_was_added_to_the_market_of_services_moves_nothing():
    """Section by section the same as without them, while no firm sets anything there."""
    assert all(getattr(services(), name) is not None for name in ADDED)
    there = abm.simulate(services().replace({"periods": 30, "burn_in": 0}), seed=3)
    left_out = abm.simulate(services().replace({"periods": 30, "burn_in": 0, "off": ADDED}), seed=3)
    assert there[left_out.columns].equals(left_out)


def test_stages_do_what_they_are_called_after():
    """The silent tell when asked, and what they tell is repaired; extras delight; customers take part."""
    kpis = ("silent_dissatisfied_share", "failure_share", "delighted_share", "participation_rate")
    study = abm.Experiment(
        "stages", services(), {"as_usual": {}, **{name: {"firms.north.preset": name} for name in STAGES}},
        replications=2, kpis=kpis, seed=4,
    )  # fmt: skip
    runs = abm.run(study, workers=1).runs.query("firm == 'north'").groupby("arm")[list(kpis)].mean()
    silent, failed = runs["silent_dissatisfied_share"], runs["failure_share"]
    assert silent["awakening"] < 0.9 * silent["as_usual"]
    assert failed["awakening"] < 0.95 * min(failed["delight"], failed["as_usual"])
    assert failed["devotion"] > failed["as_usual"]
    assert runs["delighted_share"]["delight"] > 0.1
    assert runs["participation_rate"]["devotion"] > 0.1


@cache
def goods(category: str, **north: float) -> Scenario:
    """Return a market of a category of goods, over two years after the first two; north may set levers."""
    base = Scenario(preset=category, population={"customers": 1000}, periods=208, burn_in=104)
    return base.replace({f"firms.north.{name}": value for name, value in north.items()})


@cache
def level(category: str, kpi: str) -> tuple[float, float]:
    """Return mean less and plus three standard errors of north's KPI."""
    return interval(measured(goods(category), kpi))


def test_customers_use_the_more_firms_the_less_a_name_matters():
    sole = {name: level(name, "sole_buyer_share") for name in GOODS}
    assert sole["convenience"][1] < 0.15 < sole["shopping"][0]
    assert sole["shopping"][1] < sole["specialty"][0]
    assert level("shopping", "share_of_wallet")[1] < level("specialty", "share_of_wallet")[0]


def test_goods_that_are_bought_often_reach_more_customers_and_unsought_ones_the_fewest():
    reached = {name: level(name, "penetration") for name in GOODS}
    assert reached["convenience"][0] > max(reached[name][1] for name in GOODS[1:])
    assert reached["unsought"][1] < min(reached[name][0] for name in GOODS[:-1])


def moved(category: str, price: float) -> tuple[float, float]:
    """Return the part of north's visits that its price leaves, mean less and plus three standard errors."""
    return interval(visits(goods(category, price=price)) / visits(goods(category)))


def test_prices_move_most_who_compares_them_and_least_who_wants_one_name():
    left = {name: moved(name, 1.1) for name in GOODS[:3]}
    assert left["shopping"][1] < left["specialty"][0]
    assert left["convenience"][1] < left["specialty"][0]
    assert left["specialty"][1] < 1.0
