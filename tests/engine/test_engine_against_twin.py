"""The compiled engine and the plain reference market, side by side: every column, every tally, every period."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.reference import learning, random_numbers
from tests.reference.market import OPTIONAL, THEORIES
from tests.reference.mirror import run_side_by_side

TIERED = {
    "enrolment": "automatic", "earn_per_visit": 1.0, "earn_rate": 0.05, "goal": 10.0, "reward": 5.0, "reward_cost": 0.8,
    "redemption": 0.6, "member_cost": 0.0125, "tier_threshold": [40.0, 90.0], "tier_discount": [0.05, 0.1],
    "tier_bonus": [0.5, 1.0], "tier_window": 4,
}  # fmt: skip
CARD = {
    "earn_per_visit": 1.0, "goal": 4.0, "endowment": 1.0, "reward": 3.0, "hassle": 20.0, "redemption": 0.9, "expiry": 3
}  # fmt: skip
TALKATIVE = {"base": 0.3, "contact_rate": 0.7, "devotion": 0.1, "weak_tie": 0.1, "strong_tie": 0.2, "discovery": 0.02}
BASE = {
    "periods": 20,
    "burn_in": 3,
    "periods_per_year": 6,
    "population": {"customers": 24, "purchase_rate": 0.8, "basket": 20.0, "price_weight_spread": 0.4},
    "network": {"kind": "watts_strogatz", "neighbours": 4.0, "rewiring": 0.3},
    "firms": [
        {"name": "north", "integration": 0.2, "service": {"quality": 0.78, "richness": 0.5}},
        {"name": "east", "price": 0.9, "promise": 0.85, "service": {"failure_rate": 0.2, "transparency": 0.5}},
        {"name": "south", "exit_fee": 4.0, "joining_fee": 1.0, "fixed_cost": 2.5, "service": {"quality": 0.6}},
    ],
    "choice": {"outside": 4.0, "attraction": 6.0},
    "pricing": {"price_sensitivity": 1.7},
    "trust": {"commitment_weight": 2.0},
    "word_of_mouth": TALKATIVE,
}


NOBODY_TIED = {"neighbours": 0.0}


def varied(**changes):
    """Return the base scenario with some sections changed."""
    data = copy.deepcopy(BASE)
    for section, fields in changes.items():
        data[section] = {**data[section], **fields} if isinstance(data.get(section), dict) else fields
    return data


def at_north(**fields):
    """Return the base firms, the first of which has further fields."""
    return [{**BASE["firms"][0], **fields}, *BASE["firms"][1:]]


NAMED = [
    {**firm, "initial_awareness": 0.4, "advertising": {"advertising_spend": spend, "brand": brand}}
    for firm, spend, brand in zip(BASE["firms"], (0.1234, 0.0, 0.05), (0.0, 0.7, -0.4), strict=True)
]
SILENT = {"discovery": 0.0, "contact_rate": 0.0, "weak_tie": 0.0, "strong_tie": 0.0}

CASES = {  # what is varied, and what must happen for the comparison to say something about it
    "mnl": (
        varied(),
        [
            "repeats", "broken_promises", "failures", "dissatisfied", "heard", "price_cuts", "retained", "loyalists",
            "mercenaries", "hostages", "defectors", "joining_fees",
            "integration_spend", "asked", "intention_sum", "category_spend",
        ],
    ),
    "tiers_and_demotion": (
        varied(firms=at_north(program=TIERED)),
        ["demoted", "discounts", "rewards_redeemed", "membership", "member_spend", "member_wallet"],
    ),
    "many_visits_in_a_period_of_promotion": (
        varied(firms=at_north(program=TIERED), population={"purchase_rate": 4.0, "customers": 8}), ["discounts"],
    ),
    "stamp_cards_with_endowment": (
        varied(firms=at_north(program=CARD)), ["enrolled", "points_expired", "points_redeemed", "rewards_cost"],
    ),
    "memberships_that_cost_a_fee": (
        varied(
            firms=at_north(program={**TIERED, "enrolment": "by_benefit", "hassle": 3.0, "fee": 4.5, "reward": 2.0}),
            defection={"exit_rate": 0.02},
        ),
        ["membership_fees", "renewals_due", "renewed", "memberships_ended", "points_expired"],
    ),
    "a_discount_of_members": (
        varied(
            firms=at_north(
                program={**TIERED, "enrolment": "by_benefit", "hassle": 6.0, "fee": 2.0, "member_discount": 0.0625}
            )
        ),
        ["discounts", "membership_fees", "renewed", "demoted"],
    ),
    "tiers_within_reach": (
        varied(firms=at_north(program=TIERED), rewards={"pressure": 1.5}),
        ["demoted", "discounts", "rewards_redeemed", "membership", "member_spend", "member_wallet"],
    ),
    "two_programmes": (
        varied(firms=[*at_north(program=TIERED)[:2], {**BASE["firms"][2], "program": CARD}]),
        ["points_redeemed", "points_outstanding"],
    ),
    "points_that_buy_nothing": (varied(firms=at_north(program={**TIERED, "reward": 0.0})), ["rewards_redeemed"]),
    "low_awareness": (
        varied(firms=[{**firm, "initial_awareness": 0.2} for firm in BASE["firms"]]),
        ["learned", "referred", "acquired"],
    ),
    "lost_for_good": (varied(choice={"market": "lost_for_good", "term": 3}), ["repeats"]),
    "lost_for_good_but_reconsidered": (
        varied(choice={"market": "lost_for_good", "term": 2, "reconsider_after": 3}), ["won_back", "exit_fees"]
    ),
    "lost_for_good_and_unknown": (
        varied(
            choice={"market": "lost_for_good", "term": 2},
            firms=[{**firm, "initial_awareness": 0.5} for firm in BASE["firms"]],
        ),
        ["learned"],
    ),
    "habit": (varied(choice={"rule": "habit", "habit_strength": 0.6}), ["repeats"]),
    "threshold": (varied(choice={"rule": "threshold"}, switching_cost={"switching_weight": 1.0}), ["repeats"]),
    "deterministic": (varied(choice={"rule": "deterministic"}), ["repeats"]),
    "habit_and_contracts": (varied(choice={"rule": "habit", "market": "lost_for_good", "term": 4}), ["repeats"]),
    "content_with_enough": (varied(choice={"rule": "satisfice", "aspiration": 0.7}), ["repeats"]),
    "hard_to_content": (
        varied(choice={"rule": "satisfice", "aspiration": 0.9, "market": "lost_for_good", "term": 2}), ["repeats"]
    ),
    "by_aspects": (
        varied(choice={"rule": "eba", "shortfall": 0.25, "taste_aspect": 0.5}, taste={"taste_spread": 1.0}), ["repeats"]
    ),
    "by_aspects_and_contracts": (
        varied(
            choice={"rule": "eba", "shortfall": 0.125, "quality_aspect": 0.0, "market": "lost_for_good", "term": 3},
            firms=at_north(program=TIERED),
        ),
        ["repeats", "discounts"],
    ),
    "cost_of_switching_as_a_trait": (varied(switching_cost={"basis": "trait", "trait_precision": 3.0}), ["repeats"]),
    "season": (varied(need={"season_amplitude": 0.9, "season_peak": 2.0}), ["occasions"]),
    "every_period": (varied(need={"process": "every_period"}), ["occasions"]),
    "by_chance": (varied(need={"process": "bernoulli", "season_amplitude": 0.5}), ["occasions"]),
    "leaving_the_category": (varied(defection={"exit_rate": 0.04, "contagion": 3.0}), ["exits", "left_category"]),
    "silence": (
        varied(population={"purchase_rate": 0.4, "customers": 40}, lifecycle={"dormant_after": 1, "lost_after": 2}),
        ["fell_dormant", "fell_lost", "returned", "won_back", "regained", "exit_fees"],
    ),
    "assimilation_and_drift": (varied(encounter={"assimilation": 0.3}, learning={"drift": 0.01}), ["visits"]),
    "all_alike_and_blind_to_prices": (
        varied(taste={"taste_spread": 0.0}, perceived_value={"value_weight": 0.0}), ["dissatisfied"]
    ),
    "tastes_that_fit": (varied(taste={"taste_spread": 2.5, "fit": 0.1}), ["repeats", "broken_promises"]),
    "prices_that_please_and_hurt": (
        varied(
            firms=at_north(price=1.2, program=TIERED), perceived_value={"value_weight": 1.2, "memory_rate": 0.4},
            population={"purchase_rate": 3.0, "customers": 12}, pricing={"price_sensitivity": 1.0},
        ),
        ["discounts", "dissatisfied"],
    ),
    "advertising": (
        varied(firms=NAMED, advertising={"half_reach": 0.2, "message_pull": 0.5}, word_of_mouth={"discovery": 0.0}),
        ["advertising_cost", "learned", "referred"],
    ),
    "advertising_alone": (
        varied(firms=NAMED, advertising={"goodwill_decay": 0.5, "goodwill_weight": 6.0}, word_of_mouth=SILENT),
        ["advertising_cost", "learned"],
    ),
    "stories_of_unknown_firms_and_of_the_own": (
        varied(
            firms=[{**firm, "initial_awareness": 0.4} for firm in BASE["firms"]],
            word_of_mouth={"own_brand_part": 0.6, "own_experience": 2.0, "strong_tie": 0.0, "weak_tie": 0.0},
        ),
        ["heard", "negative_messages", "referred"],
    ),
    "promises_that_spread_excuses": (
        varied(trust={"usual_spreads": 0.3, "tolerance": 0.02}, learning={"promise_rate": 0.6}), ["broken_promises"]
    ),
    "one_firm": (varied(firms=BASE["firms"][:1]), ["repeats"]),
    "one_customer": (varied(population={"customers": 1, "purchase_rate": 3.0}, network=NOBODY_TIED), ["visits"]),
    "everybody_tied": ({**varied(population={"customers": 12}), "network": {"kind": "complete"}}, ["heard"]),
}  # fmt: skip


def written(value):
    """Return a table without its fields that are None, as a study file would have it."""
    if isinstance(value, dict):
        return {name: written(field) for name, field in value.items() if field is not None}
    return [written(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
def test_rich_scenarios_agree_to_the_end(case):
    data, happens = CASES[case]
    scenario = Scenario.parse(written(data))
    for seed in range(1, 20):
        engine = Engine(scenario, seed)
        if run_side_by_side(engine, scenario.periods) == scenario.periods:
            break
    else:
        pytest.fail("every seed has a close call")
    for name in happens:
        assert engine.world.tallied(name).sum() > 0, name


def test_replications_differ_and_agree():
    scenario = Scenario.parse(BASE)
    engine = Engine(scenario, 2, replication=3)
    assert run_side_by_side(engine, 8) == 8
    assert engine.world.tallied("visits").tolist() != Engine(scenario, 2).world.tallied("visits").tolist()


def number(low, high):
    """Numbers of an uneven lattice, so that no two quantities meet by design of the test."""
    return st.integers(0, 991).map(lambda k: low + (high - low) * (k + 0.37) / 992)


@st.composite
def programmes(draw):
    tiers = draw(st.integers(0, 4))
    step = draw(number(10.0, 80.0))
    return {
        "enrolment": draw(st.sampled_from(["by_benefit", "automatic"])),
        "hassle": draw(number(0.0, 60.0)),
        "earn_per_visit": draw(number(0.0, 2.0)),
        "earn_rate": draw(number(0.0, 0.2)),
        "goal": draw(number(1.0, 12.0)),
        "reward": draw(st.sampled_from([0.0, 2.5, 7.5])),
        "reward_cost": draw(number(0.2, 1.0)),
        "endowment": draw(number(0.0, 3.0)),
        "redemption": draw(number(0.0, 1.0)),
        "expiry": draw(st.integers(0, 4)),
        "member_cost": draw(number(0.0, 0.1)),
        "tier_threshold": [step * k**1.5 for k in range(1, tiers + 1)],
        "tier_discount": [0.031 * k for k in range(1, tiers + 1)],
        "tier_bonus": [0.27 * k for k in range(1, tiers + 1)],
        "tier_window": draw(st.integers(1, 8)),
    }


@st.composite
def names(draw):
    return {"advertising_spend": draw(st.just(0.0) | number(0.0, 0.5)), "brand": draw(number(-1.0, 1.0))}


PRICED = ("quality", "reliability", "consistency", "transparency", "richness")


@st.composite
def firms(draw, j, advertised):
    return {
        "name": f"firm_{j}",
        "price": draw(number(0.7, 1.4)),
        "promise": draw(number(0.4, 0.9)),
        "initial_awareness": draw(st.just(1.0) | number(0.1, 0.9)),
        "exit_fee": draw(number(0.0, 10.0)),
        "integration": draw(number(0.0, 0.5)),
        "fixed_cost": draw(number(0.0, 3.0)),
        "service": {
            "quality": draw(number(0.4, 0.9)),
            "failure_rate": draw(number(0.0, 0.3)),
            "spread_within": draw(number(0.02, 0.3)),
            "spread_between": draw(st.just(0.0) | number(0.02, 0.2)),
            "transparency": draw(number(0.0, 0.99)),
            "richness": draw(number(0.0, 0.99)),
            **{f"{lever}_cost": draw(number(0.0, 4.0)) for lever in PRICED},
        },
        **({"advertising": draw(names())} if advertised else {}),
        "program": draw(st.none() | programmes()),
    }


@st.composite
def advertisings(draw):
    return {
        "half_reach": draw(number(0.02, 0.5)),
        "goodwill_decay": draw(number(0.0, 0.98)),
        "goodwill_weight": draw(number(0.0, 4.0)),
        "message_pull": draw(number(0.0, 1.0)),
    }


@st.composite
def scenarios(draw):
    customers = draw(st.integers(1, 40))
    periods = draw(st.integers(1, 12))
    advertised = draw(st.booleans())
    return {
        "periods": periods,
        "burn_in": draw(st.integers(0, periods)),
        "periods_per_year": draw(st.integers(2, 10)),
        "population": {
            "customers": customers,
            "purchase_rate": draw(number(0.2, 1.5)),
            "rate_shape": draw(number(0.5, 4.0)),
            "price_weight_spread": draw(number(0.0, 0.8)),
        },
        "network": {"kind": "erdos_renyi", "neighbours": float(min(draw(st.integers(0, 8)), customers - 1))},
        "firms": [draw(firms(j, advertised)) for j in range(draw(st.integers(1, 4)))],
        "need": {"season_amplitude": draw(number(0.0, 1.0)), "season_peak": draw(number(0.0, 8.0))},
        "switching_cost": {
            "basis": draw(st.sampled_from(["facets", "facets", "trait"])),
            "complexity": draw(number(0.0, 1.0)),
            "learning_visits": draw(number(1.0, 9.0)),
            "switching_weight": draw(number(0.0, 4.0)),
        },
        "pricing": {"price_sensitivity": draw(number(0.5, 3.0))},
        "choice": {
            "rule": draw(st.sampled_from(["mnl", "deterministic", "habit", "threshold", "satisfice", "eba"])),
            "aspiration": draw(number(0.0, 1.0)),
            "shortfall": draw(number(0.0, 2.0)),
            "market": draw(st.sampled_from(["always_a_share", "lost_for_good"])),
            "term": draw(st.integers(1, 5)),
            "reconsider_after": draw(st.none() | st.integers(1, 6)),
            "attraction": draw(number(2.0, 8.0)),
            "habit_strength": draw(number(0.0, 1.0)),
            "outside": draw(number(-5.0, 6.0)),
        },
        "encounter": {"assimilation": draw(number(0.0, 0.5)), "loss": draw(number(0.0, 2.0))},
        "taste": {"taste_spread": draw(st.just(0.0) | number(0.0, 3.0)), "fit": draw(number(0.0, 0.1))},
        "perceived_value": {
            "value_weight": draw(st.just(0.0) | number(0.0, 1.0)),
            "loss_weight": draw(number(0.0, 4.0)),
            "own_part": draw(number(0.0, 1.0)),
            "memory_rate": draw(number(0.0, 1.0)),
        },
        "learning": {
            "drift": draw(number(-0.02, 0.02)),
            "tenure": draw(number(1.0, 8.0)),
            "promise_rate": draw(number(0.0, 0.8)),
        },
        "trust": {
            "growth": draw(number(0.0, 0.4)),
            "promise_cost": draw(number(0.0, 0.2)),
            "tolerance": draw(number(0.0, 0.2)),
            "usual_spreads": draw(number(0.0, 2.0)),
        },
        "rewards": {"progress_weight": draw(number(0.5, 2.0)), "acceleration": draw(number(0.0, 1.0))},
        "word_of_mouth": {
            "base": draw(number(0.0, 0.3)),
            "contact_rate": draw(number(0.0, 1.0)),
            "devotion": draw(number(0.0, 0.2)),
            "decay": draw(number(0.5, 1.0)),
            "discovery": draw(number(0.0, 0.1)),
            "strong_tie": draw(number(0.0, 0.3)),
            "own_brand_part": draw(number(0.0, 1.0)),
            "own_experience": draw(number(0.5, 20.0)),
        },
        **({"advertising": draw(advertisings())} if advertised else {}),
        "defection": {"exit_rate": draw(st.just(0.0) | number(0.001, 0.05)), "half_life": draw(number(1.0, 6.0))},
        "lifecycle": {"dormant_after": draw(st.integers(1, 3)), "lost_after": draw(st.integers(2, 5))},
    }


@settings(
    derandomize=True, deadline=None, max_examples=examples(25), database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(scenarios(), st.integers(0, 2**40))
def test_any_scenario_agrees(data, seed):
    scenario = Scenario.parse(written(data))
    compared = run_side_by_side(Engine(scenario, seed), scenario.periods)
    event("to the end" if compared == scenario.periods else "until a close call")


def test_first_beliefs_are_drawn_where_the_page_says():
    """Stream learning, draw 0, block j: word 0 the expectation, word 1 whether she knows the firm."""
    data = varied(firms=[{**firm, "initial_awareness": 0.4} for firm in BASE["firms"]])
    scenario = Scenario.parse(written(data))
    engine = Engine(scenario, 5, replication=2)
    key = random_numbers.stream_key(5, "learning")
    c, lever = engine.world.customers, engine.world.firms
    for i in range(engine.world.n):
        for j in range(engine.world.m):
            words = random_numbers.customer_words(key, i, 0, draw=0, block=j, replication=2)
            z = random_numbers.normal(random_numbers.uniform(words[0]))
            expected = learning.initial_expectation(float(lever.promise[j]), z, learning.EXAMPLE)
            assert c.expectation[j, i] == pytest.approx(expected, abs=1e-6)
            assert c.aware[j, i] == (random_numbers.uniform(words[1]) < np.float32(0.4))


def test_the_twins_know_every_parameter_by_its_name():
    """Nothing is translated and nothing is forgotten."""
    scenario = Scenario.parse({name: {} for name in OPTIONAL})
    for theory, example in (THEORIES | OPTIONAL).items():
        assert set(example) == set(type(getattr(scenario, theory)).model_fields), theory
