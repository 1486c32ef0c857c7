"""What a run is said to rest on is what moves it: everything else may be changed without a bit of difference."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.parameters import Parameter
from abm.engine.engine import Engine
from abm.scenario.in_force import in_force
from abm.scenario.scenario import Scenario

SMALL = {"periods": 20, "burn_in": 0, "population": {"customers": 60, "purchase_rate": 0.6}}
FIRMS = [{"name": "north"}, {"name": "south"}]
MARKETS = {
    "default": {},
    "programme": {"firms": [{"name": "north", "program": {"preset": "tiers"}}, {"name": "south"}]},
    "log": {"population": {"customers": 40, "log": "cdnow"}},
    "contract": {"preset": "contract", "firms": FIRMS},
}
PARAMETERS = {row.path: row for row in Scenario.parameters()}


def market(name: str) -> Scenario:
    return Scenario.parse({**SMALL, "firms": FIRMS, **MARKETS[name]})


def other(row: Parameter, value: float | None) -> float | int | None:
    """Return another value within the bounds of a parameter."""
    if value is None:
        return 2
    low, high = row.bounds or (None, None)
    whole = row.type == "whole number"
    for tried in (int(v) if whole else v for v in (value * 0.5, value * 2, value + 1, value + 0.5)):
        if tried != value and (low is None or tried >= low) and (high is None or tried <= high):
            return tried
    return None


def bits(scenario: Scenario) -> bytes:
    engine = Engine(scenario, 5)
    engine.run(scenario.periods)
    world = engine.world
    return b"".join(
        np.ascontiguousarray(column).tobytes() for column in [*world.customers.values(), *world.tallies.values()]
    )


@pytest.mark.parametrize("name", ["default", "log", "contract"])
def test_what_is_not_in_force_changes_nothing(name):
    scenario, tried = market(name), 0
    used, as_it_is = set(in_force([scenario])), bits(scenario)
    for path, row in PARAMETERS.items():
        if path in used or "*" in path or row.type not in ("number", "whole number"):
            continue
        try:
            now = scenario.value_at(path)
            if not now:  # 0, or left out, which leaves something out; what is not there is not in force
                continue
            changed = scenario.replace({path: other(row, now)})
        except Refusal:  # a section that is not there, or a value that its neighbours do not allow
            continue
        tried += 1
        assert bits(changed) == as_it_is, path
    assert tried > 5


NOT_FELT = {  # by 60 customers who know both of two firms that are alike
    *(f"perceived_value.{name}" for name in ("value_weight", "loss_weight", "own_part", "memory_rate")),
    *(f"word_of_mouth.{name}" for name in ("discovery", "weak_tie", "strong_tie", "strong_from")),
    *(f"word_of_mouth.{name}" for name in ("referral_match", "referral_expectation")),
    *("trust.notice", "trust.usual_spreads", "learning.lowest_belief", "learning.highest_belief"),
    *("encounter.dissatisfied_below", "accounts.satisfied_from", "accounts.dissatisfied_below"),
    *("word_of_mouth.unlikely_below", "word_of_mouth.likely_above", "rewards.demotion", "switching_cost.financial"),
}


@pytest.mark.parametrize("name", ["programme"])
def test_what_is_in_force_changes_something(name):
    scenario = market(name)
    used, as_it_is = in_force([scenario]), bits(scenario)
    weights = [path for path in used if "*" not in path and PARAMETERS[path].type == "number" and path not in NOT_FELT]
    still = []
    for path in weights:
        try:
            changed = scenario.replace({path: other(PARAMETERS[path], scenario.value_at(path))})
        except Refusal:
            continue
        still += [path] if bits(changed) == as_it_is else []
    assert len(weights) > 50
    assert not still, "\n".join(still)


def test_a_programme_brings_what_it_is_made_of_into_force():
    without, with_one = set(in_force([market("default")])), set(in_force([market("programme")]))
    gained = with_one - without
    assert {"rewards.progress_weight", "firms.*.program.earn_rate", "firms.*.program.tier_discount"} <= gained
    assert not any(path.startswith(("rewards.", "firms.*.program")) for path in without)


def test_a_log_stands_for_rates_and_baskets():
    used = set(in_force([market("log")]))
    assert "population.log" in used
    assert not used & {
        "population.purchase_rate",
        "population.basket",
        "population.rate_shape",
        "population.basket_spread",
    }


def test_drop_out_is_in_force_where_anybody_drops_out():
    both = {"population.drop_out", "population.drop_out_shape"}
    assert not both & set(in_force([market("default")]))
    used = in_force([market("default").replace({"population.drop_out": 0.01})])
    assert both | {"drop_out.process", "drop_out.scale"} <= set(used)


def test_words_that_decide_what_is_done_are_in_force():
    assert {"choice.rule", "choice.market", "need.process", "network.kind"} <= set(in_force([market("default")]))
    assert "network.rewiring" not in in_force([market("default").replace({"network": {"kind": "complete"}})])


def test_what_holds_at_a_later_date_is_in_force():
    scenario = market("default").replace(
        {"changes": [{"name": "launch", "from": 10, "set": {"firms.north.program": {"preset": "points"}}}]}
    )
    assert "firms.*.program.earn_rate" in in_force([scenario])


def test_levers_that_only_plain_functions_read_are_in_force():
    """Promises that follow answers, and stances, are moved between periods, by no kernel."""
    asked = {"name": "north", "survey": {"sampling": 0.5}, "expectation": {"adjustment": 0.5}}
    follows = {**SMALL, "survey": {}, "expectation_management": {}, "firms": [asked, {"name": "south"}]}
    assert "firms.*.expectation.adjustment" in in_force([Scenario.parse(follows)])
    attacks = {"name": "north", "competition": {"stance": "attack"}}
    rivalry = {**SMALL, "competition": {}, "entry": {}, "firms": [attacks, {"name": "south", "entry": {"opens": 5}}]}
    found = in_force([Scenario.parse(rivalry)])
    assert {"firms.*.competition.stance", "firms.*.entry.opens"} <= set(found)
    assert "firms.*.competition.stance" not in in_force([market("default")])
