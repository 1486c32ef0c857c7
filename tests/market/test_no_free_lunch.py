"""No lever of a firm is a free lunch: wherever it is set, with the others at their defaults, profit rises little.

Every policy of every theory is walked, also of theories that come later. What a firm cannot choose is in the policy's
`given`, what costs nothing by nature in its `free`, both with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

from abm.core.annotations import bare
from abm.core.errors import Refusal
from abm.core.parameters import meaning_of
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.behaviour import frequency, penetration
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.policy import Policy
from abm.mechanisms.service.service_steps_kernels import STEPS
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario
from tests.examples import PROFILE
from tests.market.runs import market

pytestmark = pytest.mark.slow

QUICK = PROFILE == "quick"  # every second value
NEAR = (0.5, 2.0) if QUICK else (0.5, 0.8, 1.25, 2.0)  # of the default
PARTS, FAR = ((0.5,), (1.0, 100.0)) if QUICK else ((0.25, 0.5, 0.75), (0.1, 1.0, 10.0, 100.0))  # of the range; values
RUNS = 3
SCREENED = 1 if QUICK else RUNS  # runs after which a setting that brings no more than usual is left
MOST = 1.25  # of the profit of a firm that leaves everything at its default
PROGRAMMES = ("points", "stamp_card", "tiers")
COMPANY = {  # what some lever of a theory needs
    "contact_centre": ("customer_classes", "information", "contacts", "care", "outbound"),
    "customer_classes": ("complaint", "recovery"),
    "modernisation": ("attributes",),
    "difficult_customers": ("staff",),
    "offers": ("save",),
    "outbound": ("offers", "save"),
    "service_steps": ("information", "contacts", "complaint", "care", "second_product"),
    "waiting_line": ("customer_classes", "forecasting"),
}
_KNOWN = {"firms.north.information.data_coverage": 1.0}
_SAVING = {**_KNOWN, "firms.north.save.save_rate": 0.2, "firms.north.save.save_offer": 2.0}
FURNISHED = {  # what its levers act on
    "bookings": {
        "firms.north.bookings.places": 800.0, "firms.north.bookings.overbooking": 0.1,
        "firms.north.bookings.early_discount": 0.2, "bookings.peak_length": 8,
    },
    "bystanders": {"firms.north.program": {"preset": "tiers"}},
    "care": _KNOWN,
    "channels": {
        **_KNOWN,
        "firms.north.channels.open": ("counter", "phone", "e_mail", "social", "chat", "self_service"),
    },
    "club": {"firms.north.club.events": 6},
    "coalition": {"firms.north.program": {"preset": "points"}, "firms.north.coalition.partners": 2},
    "contact_centre": {"firms.north.contact_centre.agents": 4},
    "co_production": {"firms.north.co_production.participation": 0.5},
    "contacts": _KNOWN,
    "crm": {"firms.north.crm.operational": True},
    "durable": {"need.process": "due", "firms.north.durable.warranty": 1.0},
    "difficult_customers": {"firms.north.staff.emotion_training": 0.1},
    "forecasting": {"firms.north.forecasting.forecast_method": "exponential_smoothing"},
    "improvement": {"firms.north.survey.sampling": 0.2, "firms.north.improvement.improvement_budget": 0.1},
    "modernisation": {"firms.north.modernisation.modernisation_gain": 0.05},
    "offers": _SAVING,
    "outbound": {
        **_SAVING, "firms.north.care.regular_contact": 0.2, "firms.north.contact_centre.agents": 4,
        "firms.north.contact_centre.blended": True,
    },
    "payments": {"firms.north.payments.credit": 0.5},
    "perceived_wait": {"firms.north.waiting_line.servers": 2, "waiting_line.service_minutes": 15.0},
    "personalisation": {
        **_KNOWN, "firms.north.personalisation.interaction": 0.5, "firms.north.personalisation.differentiation": 0.5,
        "firms.north.personalisation.customisation": 0.5,
    },
    "privacy": _KNOWN,
    "referral": {"firms.north.referral.sender_reward": 2.0, "firms.north.initial_awareness": 0.8},
    "sales_force": {**_KNOWN, "firms.north.sales_force.salespeople": 1.0},
    "references": {"firms.north.references.references_wanted": 20.0},
    "save": _SAVING,
    "second_product": {
        **_KNOWN, "firms.north.second_product.second_price": 20.0, "firms.north.second_product.pitch": 0.05,
    },
    "service_innovation": {"firms.east.service_innovation.research": 0.5},
    "service_steps": {
        **_KNOWN, "firms.north.care.follow_up": 1.0, "firms.north.second_product.second_price": 20.0,
        "firms.north.second_product.pitch": 0.1, "firms.north.service_steps.blueprint": True,
        "service_steps.steps": STEPS,
    },
    "stock": {
        "firms.north.stock.stock_rule": "availability", "firms.north.stock.made_to_order": 0.2, "stock.lead_time": 2,
        "stock.supplier_capacity": 1.0,
    },
    "waiting_line": {
        "firms.north.waiting_line.servers": 3, "waiting_line.profile": (1.0, 3.0),
        "firms.north.forecasting.forecast_method": "exponential_smoothing",
    },
    "win_back": {
        **_KNOWN, "firms.north.win_back.acquisition_budget": 0.01, "firms.north.win_back.win_back_offer": 2.0,
        "firms.north.initial_awareness": 0.8,
    },
}  # fmt: skip
THEORIES: list[type[Mechanism]] = [kind for kind in shipped() if kind.policy is not None]


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
        near = [field.default * factor for factor in NEAR] if field.default else []
        far = [low + (high - low) * part for part in PARTS] if high - low <= 2 else FAR
        inside = {kind(min(high, max(low, value))) for value in (low, *near, *far, high)}
        yield from sorted(inside)
    elif name != "preset":
        yield from (word for word in get_args(kind) if isinstance(word, str))


@cache
def start(theory: type[Mechanism], programme: str = "") -> Scenario:
    """Return the default market with the theory in it, and a programme at the first firm."""
    scenario = market(600)
    wanted = (*theory.needs, *COMPANY.get(theory.name, ()), theory.name)
    absent = [name for name in wanted if getattr(scenario, name) is None]
    sections: dict[str, dict[str, Any]] = {name: {} for name in absent}
    furnished = dict(FURNISHED.get(theory.name, {}))
    for path in [
        path for path in furnished if path.partition(".")[0] in sections
    ]:  # of a section that is not there yet
        section, _, name = path.partition(".")
        sections[section][name] = furnished.pop(path)
    scenario = scenario.replace({**sections, **furnished})
    return scenario.replace({"firms.north.program": {"preset": programme}}) if programme else scenario


@cache
def books(scenario: Scenario, runs: int = RUNS) -> tuple[float, float]:
    """Return the profit of the first firm, and what levers cost it a visit; means of some runs."""
    found, engine = [], Engine(scenario, 20)
    for replication in range(runs):
        if replication:
            engine.restart(replication)
        engine.run(scenario.periods)
        found.append(read(engine).summary([profit, lever_cost, penetration, frequency])[0])
    gain, cost, b, w = np.nan_to_num(found).mean(axis=0)
    return float(gain), float(cost / (b * w)) if b else 0.0


def path(policy: type[Policy], name: str) -> str:
    return f"firms.north.{policy.name}.{name}" if policy.name else f"firms.north.{name}"


@cache
def usual_profit(theory: type[Mechanism], runs: int = RUNS) -> float:
    """Return the profit to compare with: of the start, or if it is more, with the theory's own levers at default."""
    scenario = start(theory)
    own = [place for place in FURNISHED.get(theory.name, {}) if place.startswith(f"firms.north.{theory.policy.name}.")]
    default = {place: theory.policy.model_fields[place.rpartition(".")[2]].default for place in own}
    return max(books(scenario, runs)[0], books(scenario.replace(default), runs)[0])


def set_otherwise(theory: type[Mechanism], name: str, programme: str) -> Iterator[tuple[Any, Scenario]]:
    """Yield the values of a parameter and the market with each, but what two parameters together do not allow."""
    base, place = start(theory, programme), path(theory.policy, name)
    for value in settings(theory.policy, name):
        with suppress(Refusal):
            yield value, base.replace({place: value})


def costs_something(scenarios: list[Scenario], runs: int) -> bool:
    """Return whether levers cost more in one of the markets than in another."""
    return len({round(books(scenario, runs)[1], 9) for scenario in scenarios}) > 1


CASES = [
    (theory, name, programme)
    for theory in THEORIES
    for name in walked(theory.policy)
    for programme in (PROGRAMMES if theory.policy.optional else ("",))
]


@pytest.mark.parametrize(("theory", "name", "programme"), CASES, ids=lambda part: getattr(part, "name", part))
def test_no_setting_is_a_free_lunch(theory, name, programme):
    """Five levers had no cost; all together raised profit by 114 %."""
    worlds = list(set_otherwise(theory, name, programme))
    for value, scenario in worlds:
        if books(scenario, SCREENED)[0] > usual_profit(theory, SCREENED):
            most = MOST * usual_profit(theory, RUNS)
            assert books(scenario, RUNS)[0] <= most, f"{path(theory.policy, name)} = {value}"
    if name not in theory.policy.free:
        scenarios = [start(theory, programme), *(scenario for _, scenario in worlds)]
        costly = costs_something(scenarios, SCREENED) or costs_something(scenarios, RUNS)
        assert costly, f"{path(theory.policy, name)} costs nothing; say why in {theory.policy.__name__}"


TIERS = {
    "tier_discount": [(0.0, 0.0), (0.05, 0.1), (0.2, 0.4), (0.9, 0.99)],
    "tier_bonus": [(0.5, 1.0), (5.0, 10.0), (100.0, 100.0)],
    "tier_threshold": [(0.01, 0.02), (50.0, 100.0), (1000.0, 5000.0)],
}


@pytest.mark.parametrize("name", TIERS)
def test_no_tiers_are_a_free_lunch(name):
    """Status for everybody raised profit by 36 %."""
    rewards = next(theory for theory in THEORIES if theory.name == "rewards")
    base, usual = start(rewards, "tiers"), books(start(rewards))[0]
    for values in TIERS[name]:
        assert books(base.replace({f"firms.north.program.{name}": values}))[0] <= MOST * usual


LINE = next(theory for theory in THEORIES if theory.name == "waiting_line")


@pytest.mark.parametrize("name", [name for name in walked(LINE.policy) if name != "servers"])
def test_nothing_that_a_firm_sets_for_its_line_stands_in_for_servers(name):
    """Beside a firm with as many servers, as one with servers enough, which cost nothing, is no measure."""
    base = start(LINE)
    for value in settings(LINE.policy, name):
        with suppress(Refusal):
            assert books(base.replace({path(LINE.policy, name): value}))[0] <= MOST * books(base)[0]


@pytest.mark.parametrize("discounts", [(0.05,), (0.2, 0.1, 0.05), (0.1,) * 4, (0.5,) * 4, (0.99,) * 4])
def test_no_discounts_by_class_are_a_free_lunch(discounts):
    """What the best are spared is forgone."""
    classes = next(theory for theory in THEORIES if theory.name == "customer_classes")
    base = start(classes).replace({"customer_classes.every": 10})
    assert books(base.replace({"firms.north.classes.class_discount": discounts}))[0] <= MOST * books(base)[0]


@pytest.mark.parametrize("theory", THEORIES, ids=lambda theory: theory.name)
def test_what_is_given_or_free_has_a_reason(theory):
    for name, reason in (*theory.policy.given.items(), *theory.policy.free.items()):
        assert name in theory.policy.model_fields
        assert len(reason.split()) >= 4
    assert not theory.policy.given.keys() & theory.policy.free.keys()
