"""Ten and more markets that differ in kind: between them every rule, every lever and every mechanism is at work."""

from __future__ import annotations

from typing import Any

PERIODS = 60
YEAR = 13

_TIERS = {
    "preset": "tiers", "expiry": 9, "tier_window": 13, "tier_threshold": [60.0, 150.0], "tier_bonus": [0.5, 1.0],
    "redemption": 0.7, "reward_cost": 0.8,
}  # fmt: skip
_CARD = {"preset": "endowed_stamp_card", "expiry": 8, "goal": 6.0, "hassle": 20.0}
_TALK = {"base": 0.1, "contact_rate": 0.6, "devotion": 0.1, "weak_tie": 0.05, "strong_tie": 0.1, "discovery": 0.01}
_THREE = [
    {"name": "north", "integration": 0.2, "service": {"quality": 0.78, "richness": 0.5}},
    {"name": "east", "price": 0.9, "promise": 0.85, "service": {"failure_rate": 0.2, "transparency": 0.5}},
    {"name": "south", "exit_fee": 4.0, "joining_fee": 1.0, "fixed_cost": 2.5, "service": {"quality": 0.6}},
]


def _market(customers: int = 3000, /, **sections: Any) -> dict[str, Any]:
    population = {"customers": customers, "purchase_rate": 0.4, "basket": 20.0, "price_weight_spread": 0.4}
    return {
        "periods": PERIODS, "burn_in": 8, "periods_per_year": YEAR, "firms": _THREE, **sections,
        "population": population | sections.get("population", {}),
    }  # fmt: skip


def _with(changes: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**firm, **changes.get(j, {})} for j, firm in enumerate(_THREE)]


MARKETS: dict[str, dict[str, Any]] = {
    "default": {"periods": PERIODS, "population": {"customers": 3000}},
    "all_at_work": _market(
        5000,
        need={"season_amplitude": 0.3, "season_peak": 4.0},
        firms=_with({0: {"program": _TIERS}, 1: {"program": _CARD}, 2: {"initial_awareness": 0.6}}),
        word_of_mouth=_TALK,
        defection={"exit_rate": 0.002, "contagion": 2.0, "half_life": 3.0},
        learning={"drift": 0.002},
        encounter={"assimilation": 0.2},
    ),
    "every_period": _market(
        2500, need={"process": "every_period"}, firms=_with({j: {"program": _TIERS} for j in range(3)})
    ),
    "by_chance": _market(
        2500,
        need={"process": "bernoulli", "season_amplitude": 0.3},
        drop_out={"process": "each_period"},
        population={
            "drop_out": 0.01,
            "segments": [{"name": "loyal", "drop_out": 0.0}, {"name": "others", "share": 0.6}],
        },
    ),
    "contracts": _market(preset="contract", choice={"term": 6}, population={"purchase_rate": 1.2}),
    "contracts_with_an_unknown_firm": _market(
        preset="contract", choice={"term": 4, "rule": "habit"}, firms=_with({2: {"initial_awareness": 0.2}})
    ),
    "closed": _market(preset="closed_market", word_of_mouth=_TALK),
    "habit": _market(choice={"rule": "habit", "habit_strength": 0.6}, lifecycle={"dormant_after": 2, "lost_after": 4}),
    "threshold": _market(
        choice={"rule": "threshold"}, switching_cost={"switching_weight": 1.0}, firms=_with({0: {"program": _CARD}})
    ),
    "deterministic": _market(choice={"rule": "deterministic", "attraction": 5.0}),
    "trait": _market(switching_cost={"basis": "trait", "trait_precision": 3.0, "switching_weight": 4.0}),
    "many_visits": _market(
        700,
        population={"purchase_rate": 3.0, "rate_shape": 0.5},
        firms=_with({0: {"program": {**_TIERS, "tier_window": 4}}, 1: {"program": {"preset": "cashback"}}}),
    ),
    "seven_firms": _market(
        2100,
        firms=[{"name": f"firm_{j}", "price": 0.8 + 0.05 * j, "initial_awareness": 1.0 - 0.1 * j} for j in range(7)],
        network={"kind": "barabasi_albert", "neighbours": 6},
        word_of_mouth=_TALK,
    ),
    "one_firm": _market(1500, firms=_THREE[:1], network={"kind": "erdos_renyi", "neighbours": 4}),
    "voice": _market(
        complaint={},
        recovery={},
        exit={},
        aftermath={},
        failure_causes={},
        listening={},
        delight={},
        servers={},
        fairness={},
        discounting={},
        survey={},
        attributes={},
        attribute_survey={},
        situation={},
        waiting_line={},
        expectation_management={},
        convenience={},
        loyalty_types={},
        loyalty_measures={},
        customer_classes={},
        surplus={},
        firms=_with(
            {
                0: {
                    "recovery": {"compensation": 0.5, "empathy": 0.5, "solution_speed": 0.5},
                    "voice": {"phone_ease": 0.5},
                    "listening": {"complaint_records": 0.5, "front_line": 0.5, "repair_effort": 0.5},
                    "servers": {"team": 20, "continuity": 0.8},
                    "survey": {"sampling": 0.2, "mystery_visits": 2},
                    "expectation": {"adjustment": 0.3},
                    "attributes": {"people_level": 0.05},
                    "waiting_line": {"servers": 4},
                    "classes": {"effort_on_top": 0.6},
                    "convenience": {"outlets": 3},
                    "program": _CARD,
                },
                1: {"failure_causes": {"core_care": 0.3}, "delight": {"extra": 0.05, "surprise_rate": 0.1}},
            }
        ),
    ),
    "lines_and_amends": _market(
        waiting_line={},
        complaint={},
        recovery={},
        firms=_with(
            {
                0: {"waiting_line": {"servers": 3}, "recovery": {"compensation": 0.5}, "program": _CARD},
                1: {"waiting_line": {"servers": 2, "lines": "parallel"}, "recovery": {"empathy": 0.6}},
            }
        ),
    ),
    "service_days": _market(
        waiting_line={"elsewhere": 0.5, "retry": 0.2, "profile": [1.0, 3.0, 2.0]},
        perceived_wait={"adaptation": 0.2},
        contact_centre={},
        complaint={},
        recovery={},
        forecasting={},
        demand_shock={"shock_spread": 0.1},
        firms=_with(
            {
                0: {
                    "waiting_line": {"servers": 3, "announcement": 0.8, "follows_forecast": 0.5, "appointments": 0.3},
                    "contact_centre": {"preset": "gen3"},
                    "forecasting": {"forecast_method": "exponential_smoothing"},
                },
                1: {"waiting_line": {"servers": 3, "lines": "parallel", "discipline": "express", "room": 8}},
            }
        ),
    ),
    "places_and_goods": _market(
        bookings={"peak_length": 10},
        forecasting={},
        stock={"wait_share": 0.3},
        demand_profile={},
        firms=_with(
            {
                0: {"bookings": {"places": 700.0, "overbooking": 0.1, "early_discount": 0.2, "off_peak_reward": 0.1}},
                1: {
                    "forecasting": {"forecast_method": "holt_winters", "season_length": 7},
                    "stock": {"stock_rule": "newsvendor"},
                },
            }
        ),
    ),
    "fitted_to_a_log": {
        **_market(firms=_with({0: {"program": {"preset": "points"}}})),
        "population": {"customers": 3000, "price_weight_spread": 0.4, "log": "cdnow"},
    },
    "brands_and_newcomers": _market(
        1200,
        advertising={"half_reach": 0.05},
        renewal={"leaving_rate": 0.2, "every": 13, "vacancy": 4},
        defection={"exit_rate": 0.004},
        taste={"fit": 0.05},
        firms=_with({0: {"advertising": {"advertising_spend": 0.1, "brand": 0.5}}, 2: {"initial_awareness": 0.5}}),
    ),
    "much_switched_off": _market(
        off=["lifecycle", "defection", "word_of_mouth", "trust"],
        switching_cost={"bond_rate": 0.0},
        firms=_with({0: {"program": _TIERS}}),
    ),
}
