"""Theories that are off unless their section is there: at neutral parameters they change no bit of anything else."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario

MARKET = {"periods": 30, "population": {"customers": 400, "purchase_rate": 0.6}}
FIRMS = [{"name": "north", "program": {"preset": "points"}}, {"name": "east"}]
NEUTRAL = {  # what switches off the effect of a theory that has one as soon as its section is there
    "recovery": {"second_disappointment": 0.0},
    "exit": {"exit_rate": 0.0},
    "discounting": {"member_discount": 0.0},
    "fairness": {"equity_weight": 0.0},
    "convenience": {"distance_weight": 0.0},
    "attributes": {"attribute_spread": 0.0},
    "buying_centre": {"centre_share": 0.0},
    "demand_profile": {"profile": []},
    "demand_shock": {"shock_spread": 0.0},
    "adoption": {"initial_adopters": 1.0},
    "affect": {"affect_weight": 0.0, "affect_talk": 0.0},
    "durable": {"owning_at_start": 0.0, "first_purchase_rate": 0.0},
    "difficult_customers": {"type_shares": [0.0] * 5},
    "expertise": {"raised": 0.0, "eased": 0.0, "independence": 0.0, "meeting": 0.0},
    "opinion": {"opinion_weight": 0.0},
    "ratings": {"valence_weight": 0.0, "volume_weight": 0.0, "listing": 0.0},
}
OPTIONAL = [kind for kind in shipped() if not kind.standard]


def run(sections):
    """Return the world after a run."""
    engine = Engine(Scenario.parse({**MARKET, "firms": FIRMS, **sections}), 3)
    engine.run(30)
    return engine.world


@pytest.mark.parametrize("kind", OPTIONAL, ids=lambda kind: kind.name)
def test_neutral_is_the_same_bits(kind):
    optional = {one.name for one in OPTIONAL}
    sections = {name: NEUTRAL.get(name, {}) for name in (*kind.needs, kind.name) if name in optional}
    before, after = run({}), run(sections)
    for name, column in before.customers.items():
        np.testing.assert_array_equal(column, after.customers[name], err_msg=name)
    for name in before.tallies:
        np.testing.assert_array_equal(before.tallied(name), after.tallied(name), err_msg=name)
