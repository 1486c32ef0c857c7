"""Facts: what is known of markets, as something that can be measured in a simulated one, with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from abm.core.citations import Citation
from abm.facts.laboratory import Laboratory
from abm.study.statistics.paired import interval

Use = Literal["calibration", "held out"]
Verdict = Literal["reproduced", "contradicted", "undecided", "not applicable"]
CONFIDENCE = 0.95  # of each interval over replications
DEFAULT = "retail"  # preset of the default market


@dataclass(frozen=True)
class Part:
    """One number that a fact is about, and where it has to lie.

    low, high : of the target; -inf or inf = open
    coded     : whether the sign of a parameter says it, or a drawn distribution, so that finding it proves nothing
    """

    name: str
    unit: str
    low: float = -np.inf
    high: float = np.inf
    coded: bool = False

    @property
    def target(self) -> str:
        """The target in words: "0.02 to 0.11", "above 2"."""
        if np.isinf(self.high):
            return f"above {self.low:g}"
        if np.isinf(self.low):
            return f"below {self.high:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Fact:
    """A stylised fact.

    use     : whether the default market is calibrated to it, or never was
    design  : what is run and measured, in words
    measure : laboratory -> values (replications,) of each part; raises Refusal where the market cannot show it
    market  : preset of the scenario that it is measured in where no market is given; "retail" is the default market
    """

    number: int
    name: str
    claim: str
    source: Citation | str
    use: Use
    design: str
    parts: Sequence[Part]
    measure: Callable[[Laboratory], Mapping[str, np.ndarray]]
    market: str = DEFAULT

    @property
    def status(self) -> str:
        """How the source was seen, "computed" if the target was computed from data, or "assumed"."""
        if isinstance(self.source, Citation):
            return self.source.source.seen
        return self.source.partition(":")[0]

    @property
    def coded(self) -> bool:
        """Whether all of it is what a parameter says."""
        return all(part.coded for part in self.parts)


@dataclass(frozen=True)
class Measured:
    """A part as a market shows it: mean over replications, its interval, verdict."""

    part: Part
    ours: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Finding:
    """A fact as a market shows it.

    market : preset that the market starts from
    why    : it is not applicable
    """

    fact: Fact
    market: str
    parts: Sequence[Measured]
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """Contradicted if any part is, reproduced if all are, else undecided."""
        verdicts = [measured.verdict for measured in self.parts if not measured.part.coded]
        worse: tuple[Verdict, ...] = ("contradicted", "undecided")
        for verdict in worse:
            if verdict in verdicts:
                return verdict
        return "reproduced" if verdicts else "not applicable"

    @property
    def decisive(self) -> Measured | None:
        """The first number that has the verdict of the whole; None if there is none."""
        return next((one for one in self.parts if one.verdict == self.verdict), None)


def judged(part: Part, values: np.ndarray) -> Measured:
    """Return what the values (replications,) of a part say: inside the target, outside, or neither for sure.

    The verdict is of the interval: wholly inside the target, wholly outside, or across its border; an effect of nothing
    at all, in no replication, is not above 0.
    """
    known = values[np.isfinite(values)]
    if known.size < 2:
        return Measured(part, float(known.mean()) if known.size else np.nan, np.nan, np.nan, "undecided")
    ours, low, high = (float(x) for x in interval(known, CONFIDENCE)[:3])
    if part.low < low and high < part.high:
        return Measured(part, ours, low, high, "reproduced")
    outside = high < part.low or low > part.high
    return Measured(part, ours, low, high, "contradicted" if outside else "undecided")
