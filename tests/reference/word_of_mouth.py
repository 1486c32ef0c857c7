"""Word of mouth: who tells, who listens, and who hears of a firm for the first time.

Claim: very good and very bad visits are told, bad ones more; a story moves a listener the more, the further
she can still move, less if it is bad and about her provider, and less the more she knows the firm herself; a story
makes its firm known, and so do friends who are customers.
Source: docs/model.md, word_of_mouth; Anderson 1998 (U shape); East, Hammond & Lomax 2008 (impact and prior
probability); Goldenberg, Libai & Muller 2001 (weak and strong ties).
"""

from __future__ import annotations

from typing import Any

EXAMPLE: dict[str, Any] = {
    "base": 0.01,  # e0
    "delight": 0.12,  # e+
    "disappointment": 0.35,  # e-
    "devotion": 0.0,  # e_C
    "praise_from": 0.60,
    "contact_rate": 0.25,
    "decay": 0.85,  # delta
    "praise": 0.25,  # eta+
    "blame": 0.30,  # eta-
    "nudge": 0.05,
    "good_target": 0.95,
    "bad_target": 0.15,
    "discovery": 0.005,  # a
    "weak_tie": 0.01,  # beta_w
    "strong_tie": 0.04,  # beta_s
    "referral_match": 0.05,
    "referral_expectation": 0.05,
    "word_of_mouth_weight": 1.0,
    "delighted_from": 0.70,
    "disappointed_below": 0.50,
    "unlikely_below": 0.1,
    "likely_above": 0.7,
    "opposed_part": 0.5,
    "own_brand_part": 0.25,
    "own_experience": 8.0,
    "strong_from": 0.5,
}
FORGOTTEN = 1e-20  # a stock smaller than this is none


def emission_probability(s: float, affective_commitment: float, parameters: dict[str, Any]) -> float:
    """Return e0 + e+ max(s - 0.70, 0) / 0.30 + e- max(0.50 - s, 0) / 0.50 + e_C AC."""
    delighted, disappointed = parameters["delighted_from"], parameters["disappointed_below"]
    return (
        parameters["base"]
        + parameters["delight"] * max(s - delighted, 0.0) / (1.0 - delighted)
        + parameters["disappointment"] * max(disappointed - s, 0.0) / disappointed
        + parameters["devotion"] * affective_commitment
    )


def is_praise(s: float, parameters: dict[str, Any]) -> bool:
    """Tell whether a story is good: s >= 0.60."""
    return s >= parameters["praise_from"]


def arrival_probability(weight: float, parameters: dict[str, Any]) -> float:
    """Return contact_rate * weight of the tie."""
    return parameters["contact_rate"] * weight


def headroom(preference: float, good: bool, own: bool, parameters: dict[str, Any]) -> float:
    """Return 1 - p for a good story, p for a bad one; half of it against the listener's own opinion.

    Against it are a good story where p < 0.1 and a bad one where p > 0.7. Of a bad story about her own provider a
    quarter of that is left.
    """
    if good:
        opposed, room = preference < parameters["unlikely_below"], 1.0 - preference
    else:
        opposed, room = preference > parameters["likely_above"], preference
        room *= parameters["own_brand_part"] if own else 1.0
    return room * parameters["opposed_part"] if opposed else room


def credulity(encounters: int, parameters: dict[str, Any]) -> float:
    """Return 8 / (8 + encounters with the firm): what a story counts with who knows the firm herself."""
    return parameters["own_experience"] / (parameters["own_experience"] + encounters)


def faded(word_of_mouth: float, parameters: dict[str, Any]) -> float:
    """Return what is left of the stock after one period, 0 where it is less than 1e-20 in size."""
    left = parameters["decay"] * word_of_mouth
    return left if abs(left) >= FORGOTTEN else 0.0


def heard(
    word_of_mouth: float, weight: float, good: bool, room: float, belief: float, parameters: dict[str, Any]
) -> float:
    """Return the stock after a story: + eta+ weight belief h, or - eta- weight belief h.

    room, belief : headroom h and credulity of the listener
    """
    effect = parameters["praise"] if good else -parameters["blame"]
    return word_of_mouth + effect * weight * belief * room


def nudged_expectation(expectation: float, good: bool, belief: float, parameters: dict[str, Any]) -> float:
    """Return E + 0.05 belief (0.95 - E) after a good story, E + 0.05 belief (0.15 - E) after a bad one."""
    told = parameters["good_target"] if good else parameters["bad_target"]
    return expectation + parameters["nudge"] * belief * (told - expectation)


def learning_probability(weak: int, strong: int, parameters: dict[str, Any]) -> float:
    """Return 1 - (1 - a)(1 - beta_w)^weak (1 - beta_s)^strong, over active neighbours."""
    silent = (1.0 - parameters["weak_tie"]) ** weak * (1.0 - parameters["strong_tie"]) ** strong
    return 1.0 - (1.0 - parameters["discovery"]) * silent
