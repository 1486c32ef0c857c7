"""What a paper claims, as numbers with tolerances that are fixed before anything is run.

`targets.csv` of a paper has a header and a row per claim; its columns, in any order, all there:

claim      what was found, in words; the script returns its number under the same words
where      where it is printed: table, page, abstract, or the formula
seen       verified = in the source itself; secondary = in a text about it; analytic = a closed form, worked out
published  their number; empty = only a direction is known
tolerance  the largest difference that still counts as reproduced: "0.002"; "4 %" of the number; "3 se" = of ours, in
           standard errors; empty without a number
direction  what counts as the same direction: "above 0", "below 1"; empty = none is claimed

A number that is only remembered is no target.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.toml import check_ordinary
from abm.logs.csv_rows import read_rows
from abm.study.statistics.paired import interval

Verdict = Literal["reproduced", "direction only", "not reproduced"]
COLUMNS = ("claim", "where", "seen", "published", "tolerance", "direction")
SEEN = ("verified", "secondary", "analytic")
CONFIDENCE = 0.95  # of the interval of ours
_NORMAL = 1.959963984540054  # quantile that leaves CONFIDENCE between its two sides
_TOLERANCE = re.compile(r"([0-9.eE+-]+) ?(%|se)?")
_DIRECTION = re.compile(r"(above|below) ([0-9.eE+-]+)")


@dataclass(frozen=True)
class Claim:
    """A claim, as a row of `targets.csv`; published is NaN if only a direction is known."""

    claim: str
    where: str
    seen: str
    published: float
    tolerance: str = ""
    direction: str = ""

    def room(self, error: float) -> float:
        """Return the largest difference from the published number that counts as reproduced.

        error : standard error of ours
        """
        amount, unit = _read(_TOLERANCE, self.tolerance)
        return amount * {"%": abs(self.published) / 100, "se": error, "": 1.0}[unit]

    @property
    def in_errors(self) -> bool:
        """Whether the tolerance counts standard errors of ours."""
        return self.tolerance.endswith("se")


@dataclass(frozen=True)
class Ours:
    """Our number, its standard error, and its interval of 95 %; without luck in it the error is 0."""

    value: float
    error: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Any) -> Ours:
        """Return a number, values of replications (R,), or a pair (value, standard error), as a number of ours."""
        if isinstance(found, tuple):
            value, error = (float(x) for x in found)
            return cls(value, error, value - _NORMAL * error, value + _NORMAL * error)
        values = np.atleast_1d(np.asarray(found, np.float64))
        if values.size == 1:
            return cls(float(values[0]), 0.0, float(values[0]), float(values[0]))
        mean, low, high, sd = interval(values, CONFIDENCE)
        return cls(mean, sd / math.sqrt(values.size), low, high)


def judged(claim: Claim, ours: Ours) -> Verdict:
    """Return the verdict.

    reproduced     : ours differs from the published number by no more than the tolerance; where that does not count
                     standard errors, the interval of ours must be no wider than the tolerance to either side
    direction only : the whole interval of ours lies on the side that is claimed
    """
    if not math.isnan(claim.published) and math.isfinite(ours.value):
        room = claim.room(ours.error)
        narrow = claim.in_errors or max(ours.high - ours.value, ours.value - ours.low) <= room
        if abs(ours.value - claim.published) <= room and narrow:
            return "reproduced"
    if claim.direction:
        border, side = _read(_DIRECTION, claim.direction)
        if ours.low > border if side == "above" else ours.high < border:
            return "direction only"
    return "not reproduced"


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Read `targets.csv`.

    Raises Refusal, with file and line, for a missing, unknown or doubled column, a value that is not allowed, a claim
    made twice and a file without any.
    """
    check_ordinary(path)
    rows = read_rows(path, path.name, COLUMNS)
    line, header = next(rows)
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            said = "twice" if name in COLUMNS else f"unknown{did_you_mean(name, COLUMNS)}"
            raise Refusal(f"column {shown(name)} is {said}; columns are {one_of(COLUMNS, 'and')}", source=path.name)
    if missing := [name for name in COLUMNS if name not in header]:
        raise Refusal(f"has no column {one_of(missing, 'and')}", source=path.name)
    found: dict[str, Claim] = {}
    for line, cells in rows:
        claim = _claim(dict(zip(header, cells, strict=True)), f"{path.name}: line {line}")
        if claim.claim in found:
            raise Refusal(f"{shown(claim.claim)} is claimed already", place=f"{path.name}: line {line}")
        found[claim.claim] = claim
    if not found:
        raise Refusal("claims nothing; write a row below the header", source=path.name)
    return tuple(found.values())


def _claim(row: dict[str, str], place: str) -> Claim:
    def refuse(message: str) -> NoReturn:
        raise Refusal(message, place=place)

    for name in ("claim", "where"):
        if not row[name]:
            refuse(f"{name} is empty")
    if row["seen"] not in SEEN:
        refuse(f"seen = {shown(row['seen'])} is not {one_of(SEEN)}{did_you_mean(row['seen'], SEEN)}")
    if row["tolerance"] and not _is(_TOLERANCE, row["tolerance"]):
        refuse(f'tolerance = {shown(row["tolerance"])} is not like "0.01", "4 %" or "3 se"')
    if row["direction"] and not _is(_DIRECTION, row["direction"]):
        refuse(f'direction = {shown(row["direction"])} is not like "above 0" or "below 1"')
    if bool(row["published"]) != bool(row["tolerance"]):
        refuse("a published number needs a tolerance, and a tolerance a number")
    if not row["published"] and not row["direction"]:
        refuse("there is neither a number nor a direction")
    try:
        published = float(row["published"] or "nan")
    except ValueError:
        refuse(f"published = {shown(row['published'])} is not a number")
    return Claim(row["claim"], row["where"], row["seen"], published, row["tolerance"], row["direction"])


def _is(form: re.Pattern[str], words: str) -> bool:
    try:
        return _read(form, words)[0] is not None
    except ValueError:
        return False


def _read(form: re.Pattern[str], words: str) -> tuple[float, str]:
    """Return the number in a tolerance or a direction, and its word.  Raises ValueError if it is neither."""
    found = form.fullmatch(words)
    if found is None:
        raise ValueError(words)
    first, second = found.groups()
    return (float(first), second or "") if form is _TOLERANCE else (float(second), first)


__all__ = ["COLUMNS", "SEEN", "Claim", "Ours", "Verdict", "judged", "read_claims"]
