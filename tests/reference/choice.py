"""Choice: which firm, if any, gets an occasion.

Claim: customers weigh what they think of each firm they know, and leaving the provider costs utility
(multinomial logit); habit, threshold and deterministic rules are variants. With contracts, who leaves is lost
for good.
Source: docs/model.md, choice; Rust, Lemon & Zeithaml 2004 (logit with inertia); Jackson 1985 (market modes).

Utilities are lists with one entry a firm, None for a firm that is not considered. An answer is
(firm, preference): NOBODY for the outside option; the preference is the logit probability of each firm,
whatever the rule: what her beliefs alone would choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.reference.state import LOST, NOBODY

EXAMPLE: dict[str, Any] = {
    "rule": "mnl",  # or "deterministic", "habit", "threshold"
    "market": "always_a_share",  # or "lost_for_good"
    "term": 52,  # periods of a contract
    "reconsider_after": None,  # periods since the last purchase, None = never
    "attraction": 5.0,
    "outside": 1.0,
    "habit_strength": 0.5,
}
PRICING: dict[str, Any] = {"price_sensitivity": 1.0}

Utilities = Sequence[float | None]
Answer = tuple[int, list[float] | None]


def considered(aware: bool, relation: int, away: int, parameters: dict[str, Any]) -> bool:
    """Tell whether a firm is weighed: she knows it, and with contracts she has not left it, or long enough ago.

    away : periods since her last purchase there
    """
    again = parameters["reconsider_after"]
    closed = parameters["market"] == "lost_for_good" and relation == LOST
    return aware and not (closed and (again is None or away < again))


def attraction(satisfaction: float, expectation: float, encounters: int) -> float:
    """Return satisfaction with a firm that was used, expectation of one that was not."""
    return satisfaction if encounters > 0 else expectation


def utility(
    *,
    attraction: float,
    trust: float,
    affective_commitment: float,
    price_weight: float,
    price: float,
    discount: float,
    word_of_mouth: float,
    program_utility: float,
    taste: float,
    name_worth: float,
    parameters: dict[str, Any],
) -> float:
    """Return the utility of a considered firm, before the switching term."""
    return (
        parameters["attraction"] * attraction
        + parameters["trust_weight"] * trust
        + parameters["commitment_weight"] * affective_commitment
        - parameters["price_sensitivity"] * price_weight * price * (1.0 - discount)
        + parameters["word_of_mouth_weight"] * word_of_mouth
        + program_utility
        + taste
        + name_worth
    )


def with_switching_term(utilities: Utilities, provider: int, term: float) -> list[float | None]:
    """Return the utilities with the switching term added to the provider's, if it is considered."""
    return [u + term if j == provider and u is not None else u for j, u in enumerate(utilities)]


def probabilities(utilities: Utilities, outside: float) -> list[float]:
    """Return e^U / sum of e^U: the outside option first, then every firm (0 if not considered)."""
    every = [outside, *utilities]
    highest = max(u for u in every if u is not None)
    exponentials = [0.0 if u is None else math.exp(u - highest) for u in every]
    return [e / sum(exponentials) for e in exponentials]


def pick(shares: Sequence[float], u: float) -> int:
    """Return the place in which u falls among the cumulated shares: NOBODY, then firm 0, 1, ..."""
    cumulated = 0.0
    for place, share in enumerate(shares):
        cumulated += share
        if u < cumulated:
            return place - 1
    return max(place for place, share in enumerate(shares) if share > 0) - 1


def mnl(utilities: Utilities, outside: float, u: float) -> Answer:
    """Choose by multinomial logit; the preference is the firms' probabilities."""
    shares = probabilities(utilities, outside)
    return pick(shares, u), shares[1:]


def deterministic(utilities: Utilities, outside: float) -> Answer:
    """Choose the largest utility; of equals the outside option, then the earlier firm."""
    best, highest = NOBODY, outside
    for j, value in enumerate(utilities):
        if value is not None and value > highest:
            best, highest = j, value
    return best, probabilities(utilities, outside)[1:]


def habit(utilities: Utilities, outside: float, provider: int, *, strength: float, u: float, again: float) -> Answer:
    """Take a considered provider again with probability `strength`, unweighed; else choose by logit."""
    firm, preference = mnl(utilities, outside, u)
    if provider != NOBODY and utilities[provider] is not None and again < strength:
        firm = provider
    return firm, preference


def best_other(utilities: Utilities, outside: float, provider: int) -> float:
    """Return the largest utility among the outside option and the considered rivals of the provider."""
    return max([outside] + [v for j, v in enumerate(utilities) if v is not None and j != provider])


def stays(utilities: Utilities, outside: float, provider: int, term: float) -> bool:
    """Tell whether a considered provider is kept: no rival, nor nobody, is better by more than the switching term."""
    if provider == NOBODY or utilities[provider] is None:
        return False
    return best_other(utilities, outside, provider) <= utilities[provider] + term


def threshold(utilities: Utilities, outside: float, provider: int, term: float, u: float) -> Answer:
    """Stay with the provider, or choose by logit with the switching term left out.

    utilities : without the switching term; the preference of those who stay includes it
    """
    if stays(utilities, outside, provider, term):
        return provider, probabilities(with_switching_term(utilities, provider, term), outside)[1:]
    return mnl(utilities, outside, u)


def decide(
    utilities: Utilities, provider: int, term: float, *, u: float, again: float, parameters: dict[str, Any]
) -> Answer:
    """Choose by the scenario's rule.

    utilities : without the switching term
    term      : switching_weight * switching_cost of leaving the provider
    u, again  : the uniforms of the choice and of the habit
    """
    outside, rule = parameters["outside"], parameters["rule"]
    complete = with_switching_term(utilities, provider, term)
    if rule == "deterministic":
        return deterministic(complete, outside)
    if rule == "habit":
        return habit(complete, outside, provider, strength=parameters["habit_strength"], u=u, again=again)
    if rule == "threshold":
        return threshold(utilities, outside, provider, term, u)
    return mnl(complete, outside, u)


def under_contract(provider: int, signed: int, period: int, parameters: dict[str, Any]) -> bool:
    """Tell whether a contract binds her: with contracts, a provider, and t - signed < term."""
    bound = parameters["market"] == "lost_for_good" and provider != NOBODY
    return bound and period - signed < parameters["term"]


def renewal(provider: int, signed: int, period: int, parameters: dict[str, Any]) -> bool:
    """Tell whether her contract has run out, so that she renews it or leaves."""
    holds = parameters["market"] == "lost_for_good" and provider != NOBODY
    return holds and period - signed >= parameters["term"]
