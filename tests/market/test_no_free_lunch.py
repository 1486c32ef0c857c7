"""No lever of a firm is a free lunch: wherever it is set, with the others at their defaults, profit rises little.

Every policy of every theory is walked, also of theories that come later. What a firm cannot choose is in the policy's
`given`, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

from abm.core.annotations import bare
from abm.core.errors import Refusal
from abm.core.parameters import meaning_of
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.value import profit
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.policy import Policy
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario
from tests.market.runs import market

MOST = 1.25  # of the profit of a firm that leaves everything at its default
PROGRAMMES = ("points", "stamp_card", "tiers")
THEORIES: list[type[Mechanism]] = [kind for kind in shipped() if kind.policy is not None]
FREE_BY_NATURE = {
    "promise": "words cost nothing; who promises more or less than she delivers loses repeat purchase or trial",
    "price": "what a price costs is sold quantity",
    "enrolment": "who may join is a rule",
    "goal": "how many points a reward takes is a rule; it costs what rewards cost",
    "expiry": "when points lapse is a rule; who loses them is served worse",
    "tier_window": "for how long a tier is held is a rule",
}


def walked(policy: type[Policy]) -> list[str]:
    """Return the parameters of a policy that a firm chooses and that are not lists or names of presets."""
    return [name for name in policy.model_fields if name not in policy.given and list(settings(policy, name))]


def settings(policy: type[Policy], name: str) -> Iterator[Any]:
    """Yield values of a parameter over its bounds, denser around its default."""
    field = policy.model_fields[name]
    kind, meaning = bare(field.annotation), meaning_of(field)
    if kind is bool:
        yield from (True, False)
    elif kind in (int, float) and meaning is not None and meaning.bounds is not None:
        low, high = meaning.bounds
        near = [field.default * factor for factor in (0.5, 0.8, 1.25, 2.0)] if field.default else []
        far = [low + (high - low) * part for part in (0.25, 0.5, 0.75)] if high - low <= 2 else [0.1, 1.0, 10.0, 100.0]
        inside = {kind(min(high, max(low, value))) for value in (low, *near, *far, high)}
        yield from sorted(inside)
    elif name != "preset":
        yield from (word for word in get_args(kind) if isinstance(word, str))


@cache
def start(theory: type[Mechanism], programme: str = "") -> Scenario:
    """Return the default market with the theory in it, and a programme at the first firm."""
    scenario = market(1200)
    if getattr(scenario, theory.name) is None:
        scenario = scenario.replace({theory.name: {}})
    return scenario.replace({"firms.north.program": {"preset": programme}}) if programme else scenario


@cache
def earned(scenario: Scenario) -> float:
    """Return the profit of the first firm, mean of four runs."""
    found = []
    for replication in range(4):
        engine = Engine(scenario, 20, replication)
        engine.run(scenario.periods)
        found.append(read(engine).summary([profit])[0, 0])
    return float(np.mean(found))


def path(policy: type[Policy], name: str) -> str:
    return f"firms.north.{policy.name}.{name}" if policy.name else f"firms.north.{name}"


CASES = [
    (theory, name, programme)
    for theory in THEORIES
    for name in walked(theory.policy)
    for programme in (PROGRAMMES if theory.policy.optional else ("",))
]


@pytest.mark.parametrize(("theory", "name", "programme"), CASES, ids=lambda part: getattr(part, "name", part))
def test_no_setting_is_a_free_lunch(theory, name, programme):
    """Five levers had no cost; all together raised profit by 114 %."""
    base, usual = start(theory, programme), earned(start(theory))
    for value in settings(theory.policy, name):
        try:
            changed = base.replace({path(theory.policy, name): value})
        except Refusal:
            continue  # what two parameters together do not allow
        assert earned(changed) <= MOST * usual, f"{path(theory.policy, name)} = {value}"


@pytest.mark.parametrize("theory", THEORIES, ids=lambda theory: theory.name)
def test_what_a_firm_cannot_choose_has_a_reason(theory):
    for name, reason in theory.policy.given.items():
        assert name in theory.policy.model_fields
        assert len(reason.split()) >= 4
