"""Affect: the feeling that a visit leaves, how it fades, what it does to the next choice, and who tells of it.

Claim: a visit feels as it compared with what was expected, as its setting does beyond what she is used to, and as the
mood does in which she came; a feeling is gone in days.
Source: the words of affect on docs/model.md, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "affect_weight": 0.8, "half_life": 10.0, "uptake": 0.6, "surprise": 1.5, "setting_weight": 0.8,
    "adapted_part": 0.7, "adaptation": 0.1, "mood_spread": 0.1, "affect_talk": 0.05,
}  # fmt: skip
DAYS_OF_A_YEAR = 365.25
FORGOTTEN = 1e-20


@dataclass(frozen=True)
class Policy:
    """What a firm decides: how pleasant its setting is, 0-1; its scale in cu a visit."""

    setting: float = 0.0
    setting_scale: float = 0.12

    def cost(self, visits: int) -> int:
        """Return what the setting costs on a period's visits, 1/100 cent."""
        return visits * hundredths(100.0 * self.setting_scale * effort(self.setting))


def draws(key: Key, customer: int, period: int, nth: int, replication: int = 0) -> tuple[float, float]:
    """Return the uniforms of her mood, and of whether she tells."""
    words = customer_words(key, customer, period, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def left(days: float, p: Mapping[str, Any]) -> float:
    """Return the part of a feeling that is left after some days: half of it after each half-life."""
    return math.exp(-0.6931472 * days / p["half_life"])


def faded(affect: float, periods_per_year: int, p: Mapping[str, Any]) -> float:
    """Return what is left of a feeling after a period."""
    rest = affect * left(DAYS_OF_A_YEAR / periods_per_year, p)
    return rest if abs(rest) >= FORGOTTEN else 0.0


def feeling(gap: float, setting: float, used: float, z: float, p: Mapping[str, Any]) -> float:
    """Return the feeling that a visit leaves by itself; gap : satisfaction with it less expectation."""
    beyond = p["setting_weight"] * (setting - p["adapted_part"] * used)
    return clipped(p["surprise"] * gap + beyond + p["mood_spread"] * z, -1.0, 1.0)


def mood(u: float) -> float:
    """Return her mood, standard normal."""
    return normal(u)


def felt(affect: float, feeling: float, p: Mapping[str, Any]) -> float:
    """Return her affect to the firm after a visit."""
    return affect + p["uptake"] * (feeling - affect)


def used_to(used: float, setting: float, p: Mapping[str, Any]) -> float:
    """Return the setting that she is used to after a visit."""
    return used + p["adaptation"] * (setting - used)


def attraction(affect: float, p: Mapping[str, Any]) -> float:
    """Return what affect adds to the utility of a firm."""
    return p["affect_weight"] * affect


def chance_to_tell(affect: float, p: Mapping[str, Any]) -> float:
    """Return the chance that a visit is told."""
    return p["affect_talk"] * abs(affect)


def measures(c: Mapping[str, float]) -> dict[str, float]:
    """Return what is measured of a firm from its counts."""

    def ratio(part: float) -> float:
        return part / c["visits"] if c["visits"] else math.nan

    return {
        "mean_affect": 2.0 * ratio(c["affect_after"]) - 1.0,
        "affect_left": ratio(c["affect_before"]),
        "bad_feeling_share": ratio(c["bad_feelings"]),
        "feeling_telling_rate": ratio(c["told_by_feeling"]),
    }
