"""The reference market `ref1`, in the shipped mechanisms.

Every customer buys once a period from one of three firms on a Watts-Strogatz graph (8 neighbours, 10 % rewired); states
per firm are satisfaction, trust, expectation and points, per customer a switching cost ~ Beta(2, 5) and a price weight.

Where the shipped equations differ from the definition of `ref1`, the work is the same or more: attraction is
satisfaction once a firm has been used; satisfaction moves to performance plus disconfirmation instead of a logistic of
disconfirmation; a customer tells all neighbours or none (1 period in 20), and a story moves expectation and a stock of
word of mouth instead of trust; the programme's pull is what points are worth and how near the goal is instead of a
logarithm of points, and what is owed for points is set aside. Tastes and judged prices are off.
States: 4 + 3 extra per firm. Draws: 3 a visit, 1 a story. Exponentials: 4 a choice, 1 a rate. Graph: every tie is read.
"""

from __future__ import annotations

from typing import Any

from abm.scenario.scenario import Scenario

QUALITIES = (0.55, 0.50, 0.45)

_PROGRAM: dict[str, Any] = {
    "enrolment": "automatic", "earn_rate": 1.0, "goal": 1e5, "reward": 1.0, "member_cost": 0.0,
}  # fmt: skip


def ref1(customers: int, periods: int = 100) -> Scenario:
    """Return the reference market with n customers."""
    return Scenario.parse(
        {
            "periods": periods,
            "off": ["lifecycle", "defection", "taste", "perceived_value"],
            "population": {
                "customers": customers, "basket": 1.0, "basket_spread": 0.0, "price_weight_spread": 0.5,
            },
            "network": {"kind": "watts_strogatz", "neighbours": 8, "rewiring": 0.1, "strong_share": 1.0},
            "firms": [
                {
                    "name": name,
                    "service": {"quality": quality, "failure_rate": 0.0, "spread_within": 0.1, "spread_between": 0.0},
                    "program": _PROGRAM,
                }
                for name, quality in zip(("north", "east", "south"), QUALITIES, strict=True)
            ],
            "need": {"process": "every_period"},
            "switching_cost": {"basis": "trait", "bond_rate": 0.0, "switching_weight": 3.0},
            "choice": {"attraction": 2.0, "outside": -80.0},
            "pricing": {"price_sensitivity": 1.0},
            "learning": {"settled_rate": 0.3, "newcomer_rate": 0.0, "expectation_rate": 0.2, "promise_rate": 0.0},
            "trust": {
                "growth": 0.1, "fall": 0.1, "promise_cost": 0.0, "trust_weight": 1.5, "commitment_weight": 0.0,
            },
            "word_of_mouth": {
                "base": 0.05, "contact_rate": 1.0, "delight": 0.0, "disappointment": 0.0, "nudge": 0.1, "decay": 0.85,
                "praise": 0.25, "blame": 0.3,
            },
        }
    )  # fmt: skip


def full(customers: int, periods: int = 100) -> Scenario:
    """Return a market with every standard mechanism at work: tiers, stamp card, an unknown firm, exits, seasons."""
    tiers = {"preset": "tiers", "expiry": 104}
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "need": {"season_amplitude": 0.2},
            "firms": [
                {"name": "north", "program": tiers},
                {"name": "east", "program": {"preset": "endowed_stamp_card"}},
                {"name": "south", "initial_awareness": 0.7},
            ],
            "defection": {"exit_rate": 0.0005},
        }
    )


VOICE = (
    "failure_causes", "complaint", "recovery", "exit", "aftermath", "discounting", "listening", "delight", "servers",
    "attributes", "situation", "fairness", "convenience", "customer_classes", "knock_out", "surplus", "survey",
    "attribute_survey", "expectation_management", "loyalty_types", "loyalty_measures",
)  # fmt: skip


def voice(customers: int, periods: int = 104) -> Scenario:
    """Return the default market with all of exit and voice, surveys and loyalty seen; one firm works at each of it."""
    active = {
        "name": "north", "program": {"preset": "points"}, "waiting_line": {"servers": 4},
        "recovery": {"compensation": 0.5, "empathy": 0.5, "solution_speed": 0.5}, "voice": {"phone_ease": 0.5},
        "listening": {"complaint_records": 0.5, "front_line": 0.5, "repair_effort": 0.5},
        "servers": {"team": 20, "continuity": 0.8}, "survey": {"sampling": 0.2, "mystery_visits": 2},
        "expectation": {"adjustment": 0.3}, "attributes": {"people_level": 0.05}, "classes": {"effort_on_top": 0.6},
        "convenience": {"outlets": 3},
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "firms": [active, {"name": "east", "program": {"preset": "points"}}, {"name": "south"}],
            "waiting_line": {},
            **{name: {} for name in VOICE},
        }
    )


RELATIONSHIP = (
    "information", "contacts", "care", "offers", "save", "win_back", "referral", "privacy", "payments", "coalition",
    "bystanders", "cards", "second_product", "customer_classes", "complaint", "recovery", "exit", "defection_ratio",
)  # fmt: skip


def relationship(customers: int, periods: int = 104) -> Scenario:
    """Return the default market with all that a firm does with a relationship; one firm works at each of it."""
    active = {
        "name": "north", "initial_awareness": 0.9,
        "program": {"preset": "tiers", "fee": 1.0, "member_discount": 0.01}, "coalition": {"partners": 2},
        "treatment": {"visibility": 0.3, "rule_clarity": 0.3}, "information": {"data_coverage": 0.6},
        "contacts": {"data_upkeep": 0.05}, "care": {"preset": "proactive"}, "privacy": {"security": 0.3},
        "save": {"save_rate": 0.1, "save_offer": 2.0, "targeting": "uplift"},
        "win_back": {"acquisition_budget": 0.01, "win_back_offer": 2.0}, "payments": {"preset": "tough_love"},
        "referral": {"sender_reward": 5.0, "receiver_reward": 5.0},
        "second_product": {"second_price": 20.0, "pitch": 0.1, "follow_up_offer": 0.05},
        "recovery": {"compensation": 0.5, "empathy": 0.5, "solution_speed": 0.5},
    }  # fmt: skip
    points = {"program": {"preset": "points"}, "information": {"data_coverage": 0.3}}
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "defection": {"exit_rate": 0.0005},
            "rewards": {"pressure": 1.0},
            "firms": [active, {"name": "east", **points}, {"name": "south"}],
            **{name: {} for name in RELATIONSHIP},
            "privacy": {"breach_rate": 0.001},
        }
    )


def service_day(customers: int, periods: int = 104) -> Scenario:
    """Return the default market with a service day at each of three firms, felt, and a contact centre at the first."""
    lines: dict[str, dict[str, Any]] = {
        "north": {"waiting_line": {"servers": 4, "announcement": 1.0}, "contact_centre": {"preset": "gen3"}},
        "east": {"waiting_line": {"servers": 4, "lines": "numbers"}},
        "south": {"waiting_line": {"servers": 4, "lines": "parallel"}},
    }
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "firms": [{"name": name, **line} for name, line in lines.items()],
            "waiting_line": {"elsewhere": 0.5},
            **{name: {} for name in ("perceived_wait", "contact_centre", "complaint", "recovery")},
        }
    )
