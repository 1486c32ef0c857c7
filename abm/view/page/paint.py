"""Paint: in which colour each customer of the network is drawn, and what the colours mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm.view.page import theme
from abm.view.page.course import Sight

_AUDIBLE = 0.01  # logit units of a stock of hearsay, below which it is drawn as nothing heard


@dataclass(frozen=True)
class Painted:
    """codes : (k,) place of each customer's colour in `colours`        words : what each colour means"""

    codes: np.ndarray
    colours: tuple[str, ...]
    words: tuple[str, ...]


def satisfaction(sight: Sight, j: int) -> Painted:
    """Paint by cumulative satisfaction with firm j, in five levels."""
    levels = len(theme.LEVELS)
    own = _now(sight, "satisfaction", j)
    codes = np.full(len(own), levels)
    known = np.isfinite(own)
    codes[known] = np.clip((own[known] * levels).astype(int), 0, levels - 1)
    steps = tuple(f"{k / levels:.1f} to {(k + 1) / levels:.1f}" for k in range(levels))
    return Painted(codes, (*theme.LEVELS, theme.NOBODY), (*steps, "never been there"))


def provider(sight: Sight, j: int) -> Painted:
    """Paint by the firm that a customer bought from last."""
    firms = sight.record.firms
    own = sight.people["provider"][sight.periods] if "provider" in sight.people else np.full(len(sight.sample.rows), -1)
    codes = np.where(own < 0, len(firms), own).astype(int)
    return Painted(codes, (*map(theme.of_firm, range(len(firms))), theme.NOBODY), (*firms, "none yet"))


def talk(sight: Sight, j: int) -> Painted:
    """Paint by word of mouth about firm j: who told a story in this period, and who still has one in mind."""
    heard, told = _now(sight, "word_of_mouth", j), _now(sight, "story")
    codes = np.full(len(sight.sample.rows), 4)
    codes[heard > _AUDIBLE] = 2
    codes[heard < -_AUDIBLE] = 3
    codes[told == 2 * (j + 1) + 1] = 0
    codes[told == 2 * (j + 1)] = 1
    colours = (theme.GOOD, theme.BAD, theme.HEARD_GOOD, theme.HEARD_BAD, theme.SILENT)
    return Painted(codes, colours, ("tells a good story", "tells a bad one", "heard good", "heard bad", "nothing"))


def _now(sight: Sight, column: str, j: int | None = None) -> np.ndarray:
    """Return a column as it is now, (k,); NaN where the market has none of it."""
    if column not in sight.people:
        return np.full(len(sight.sample.rows), np.nan)
    now = sight.people[column][sight.periods]
    return now if j is None else now[j]


PAINTS: dict[str, Callable[[Sight, int], Painted]] = {
    "satisfaction": satisfaction,
    "provider": provider,
    "word of mouth": talk,
}
