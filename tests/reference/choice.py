"""Choice: which firm, if any, gets an occasion.

Claim: customers weigh what they think of each firm they know, and leaving the provider costs utility
(multinomial logit); habit, threshold and deterministic rules are variants. Others are content with what is good
enough, or compare firms aspect by aspect. With contracts, who leaves is lost for good.
Source: docs/model.md, choice; Rust, Lemon & Zeithaml 2004 (logit with inertia); Jackson 1985 (market modes).

Utilities are lists with one entry a firm, None for a firm that is not considered. An answer is
(firm, preference): NOBODY for the outside option; the preference is the logit probability of each firm,
whatever the rule: what her beliefs alone would choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.state import LOST, NOBODY

EXAMPLE: dict[str, Any] = {
    "rule": "mnl",  # or "deterministic", "habit", "threshold", "satisfice", "eba"
    "market": "always_a_share",  # or "lost_for_good"
    "term": 52,  # periods of a contract
    "reconsider_after": None,  # periods since the last purchase, None = never
    "attraction": 5.0,
    "outside": 1.0,
    "habit_strength": 0.5,
    "aspiration": 0.65,  # satisfaction above which a firm is good enough
    "quality_aspect": 0.35,  # weights of aspects
    "price_aspect": 0.25,
    "trust_aspect": 0.15,
    "taste_aspect": 0.15,
    "convenience_aspect": 0.1,
    "shortfall": 0.3,  # logit units
}
ASPECTS = ("quality", "price", "trust", "taste", "convenience")
PRICING: dict[str, Any] = {"price_sensitivity": 1.0}

Utilities = Sequence[float | None]
Answer = tuple[int, list[float] | None]


@dataclass(frozen=True)
class Comparison:
    """What rules that do not weigh everything look at.

    attracted : satisfaction with each firm, or expectation before first use
    terms     : of each aspect, in the order of ASPECTS, the term of each firm's utility
    lucks     : uniforms by which aspects are drawn
    """

    attracted: Sequence[float] = ()
    terms: Sequence[Sequence[float]] = field(default_factory=tuple)
    lucks: Sequence[float] = ()


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


def pick_running(running: Sequence[int], luck: float) -> int:
    """Return one of the firms in the running by a uniform; NOBODY if there is none."""
    return running[min(math.floor(luck * len(running)), len(running) - 1)] if running else NOBODY


def content_with(utilities: Utilities, outside: float, attracted: Sequence[float], aspiration: float) -> list[int]:
    """Return the considered firms that are good enough: above the aspiration, and worth more than nowhere."""
    return [
        j
        for j, value in enumerate(utilities)
        if value is not None and attracted[j] > aspiration and value > outside
    ]  # fmt: skip


def satisfice(
    utilities: Utilities,
    outside: float,
    provider: int,
    *,
    attracted: Sequence[float],
    aspiration: float,
    u: float,
    again: float,
) -> Answer:
    """Stay with a provider who is good enough, else take any firm that is, else choose by logit."""
    firm, preference = mnl(utilities, outside, u)
    enough = content_with(utilities, outside, attracted, aspiration)
    if provider in enough:
        return provider, preference
    return (pick_running(enough, again) if enough else firm), preference


def drawn_aspect(luck: float, drawn: Sequence[int], weights: Sequence[float]) -> int:
    """Return the aspect that is drawn by its weight among those not drawn yet, -1 if none has a weight."""
    left = [a for a, weight in enumerate(weights) if a not in drawn and weight > 0.0]
    reached, total = 0.0, sum(weights[a] for a in left)
    for a in left:
        reached += weights[a]
        if reached > luck * total:
            return a
    return left[-1] if left else -1


def still_running(running: Sequence[int], terms: Sequence[float], shortfall: float) -> list[int]:
    """Return the firms that are not more than the shortfall below the best of those in the running."""
    best = max(terms[j] for j in running)
    return [j for j in running if best - terms[j] <= shortfall]


def eliminate(
    considered_firms: Sequence[int], seen: Comparison, weights: Sequence[float], shortfall: float
) -> list[int]:
    """Return the firms that are left when aspects have been compared, one after another."""
    running, drawn = list(considered_firms), []
    for luck in (*seen.lucks, 0.5):  # the fifth has no choice
        aspect = drawn_aspect(luck, drawn, weights)
        if len(running) <= 1 or aspect < 0:
            break
        drawn.append(aspect)
        running = still_running(running, seen.terms[aspect], shortfall)
    return running


def by_aspects(
    utilities: Utilities, outside: float, seen: Comparison, parameters: dict[str, Any], *, u: float, again: float
) -> Answer:
    """Choose by logit whether to buy at all, and by elimination where."""
    firm, preference = mnl(utilities, outside, u)
    if firm != NOBODY:
        weights = [parameters[f"{aspect}_aspect"] for aspect in ASPECTS]
        weighed = [j for j, value in enumerate(utilities) if value is not None]
        firm = pick_running(eliminate(weighed, seen, weights, parameters["shortfall"]), again)
    return firm, preference


def decide(
    utilities: Utilities,
    provider: int,
    term: float,
    *,
    u: float,
    again: float,
    parameters: dict[str, Any],
    seen: Comparison | None = None,
) -> Answer:
    """Choose by the scenario's rule.

    utilities : without the switching term
    term      : switching_weight * switching_cost of leaving the provider
    u, again  : the uniforms of the choice and of the habit
    seen      : what rules look at that do not weigh everything
    """
    outside, rule = parameters["outside"], parameters["rule"]
    complete = with_switching_term(utilities, provider, term)
    if rule == "deterministic":
        return deterministic(complete, outside)
    if rule == "habit":
        return habit(complete, outside, provider, strength=parameters["habit_strength"], u=u, again=again)
    if rule == "threshold":
        return threshold(utilities, outside, provider, term, u)
    if rule == "satisfice":
        attracted, aspiration = seen.attracted, parameters["aspiration"]
        return satisfice(complete, outside, provider, attracted=attracted, aspiration=aspiration, u=u, again=again)
    if rule == "eba":
        return by_aspects(complete, outside, seen, parameters, u=u, again=again)
    return mnl(complete, outside, u)


def under_contract(provider: int, signed: int, period: int, parameters: dict[str, Any]) -> bool:
    """Tell whether a contract binds her: with contracts, a provider, and t - signed < term."""
    bound = parameters["market"] == "lost_for_good" and provider != NOBODY
    return bound and period - signed < parameters["term"]


def renewal(provider: int, signed: int, period: int, parameters: dict[str, Any]) -> bool:
    """Tell whether her contract has run out, so that she renews it or leaves."""
    holds = parameters["market"] == "lost_for_good" and provider != NOBODY
    return holds and period - signed >= parameters["term"]
