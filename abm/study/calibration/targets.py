"""Targets: what a market is known to show, and a simulated one is calibrated to.   One value, one row of a CSV file.

`targets.csv` has a header and a row per target. Columns, in any order; those marked * must be there:

claim        what was found, in words
kpi *        name of a KPI (`patronage show kpis`), or of one that the study has itself
firm         whose; empty = the first firm of the scenario
arm          in which arm of the study; empty = the baseline
against      the arm it is compared with; empty = none
statistic    mean | difference | ratio; empty = mean, or with `against` difference (arm minus against)
period       number of a single period, from 0; empty = all periods after the burn-in, counted together
value *      what was observed, in the KPI's unit (of a ratio: arm / against)
tolerance *  the largest miss that still counts as met, in the same unit: three standard deviations of what is not
             known of the value. Of a value with a standard error write 3 of them
discrepancy  how far off the model may be at its best, likewise as three standard deviations; empty = 0
weight       in the loss; empty = 1
held_out     yes = compared at the end, but not calibrated to; empty = no
locator      where the value is printed: source and table or page
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from abm.core import given
from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.toml import check_ordinary
from abm.logs.csv_rows import read_rows
from abm.study.provenance.files import write_whole
from abm.study.storage.spreadsheet import marked, unmarked

SIGMAS = 3.0  # standard deviations in a tolerance: where nothing else is uncertain, a larger miss is implausible
STATISTICS = ("mean", "difference", "ratio")
REQUIRED = ("kpi", "value", "tolerance")
_YES, _NO = ("yes", "true", "1"), ("", "no", "false", "0")
_WORDS = ("kpi", "firm", "arm", "against", "statistic", "claim", "locator")


@dataclass(frozen=True)
class Target:
    """What a market shows in one KPI of one firm; the fields are the columns of `targets.csv`.

    Raises Refusal for a value that is not finite, a tolerance or weight that is not positive, and a statistic that
    does not go with `against`.
    """

    kpi: str
    value: float
    tolerance: float
    firm: str = ""
    arm: str = ""
    against: str = ""
    statistic: str = ""
    period: int | None = None
    discrepancy: float = 0.0
    weight: float = 1.0
    held_out: bool = False
    claim: str = ""
    locator: str = ""
    origin: str = field(default="", compare=False, repr=False)  # "targets.csv: line 3", for refusals

    def __post_init__(self) -> None:
        for name in _WORDS:
            if not isinstance(getattr(self, name), str):
                self.refuse(f"{name} = {shown(getattr(self, name))} is not text")
        for name in ("value", "tolerance", "discrepancy", "weight"):
            object.__setattr__(self, name, self._number(name))
        if not self.kpi:
            self.refuse("names no KPI")
        for name in ("tolerance", "weight"):
            if getattr(self, name) <= 0:
                self.refuse(f"{name} = {getattr(self, name):g} is not a positive number")
        if self.discrepancy < 0:
            self.refuse(f"discrepancy = {self.discrepancy:g} is negative")
        if not isinstance(self.held_out, bool):
            self.refuse(f"held_out = {shown(self.held_out)} is not true or false")
        if self.period is not None and (type(self.period) is not int or self.period < 0):
            self.refuse(f"period = {shown(self.period)} is not the number of a period, 0 or more")
        object.__setattr__(self, "statistic", self._statistic())

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.refuse(f"{name} = {shown(value)} is not a finite number")
        return float(value)

    def _statistic(self) -> str:
        statistic = self.statistic or ("difference" if self.against else "mean")
        if statistic not in STATISTICS:
            near = did_you_mean(statistic, STATISTICS)
            self.refuse(f"statistic = {shown(statistic)} is not {one_of(STATISTICS)}{near}")
        if statistic == "mean" and self.against:
            self.refuse("statistic = mean compares nothing; leave against empty, or say difference or ratio")
        if statistic != "mean" and not self.against:
            self.refuse(f"statistic = {statistic} needs an arm in against")
        return statistic

    def refuse(self, message: str) -> None:
        """Raise a Refusal that begins with where the target was read."""
        raise Refusal(message, place=self.origin)

    @property
    def sd(self) -> float:
        """Standard deviation of the miss of a model with the right parameters, its luck aside, in the KPI's unit."""
        return math.hypot(self.tolerance, self.discrepancy) / SIGMAS

    @property
    def subject(self) -> tuple[Any, ...]:
        """What the target is about: no two targets share it."""
        return self.kpi, self.firm, self.arm, self.against, self.statistic, self.period

    @property
    def label(self) -> str:
        """What the target is about, in words: "profit of north, points minus none"."""
        text = self.kpi + (f" of {self.firm}" if self.firm else "")
        if self.against:
            sign = "minus" if self.statistic == "difference" else "/"
            text += f", {self.arm or 'baseline'} {sign} {self.against}"
        elif self.arm:
            text += f" in arm {self.arm}"
        return text if self.period is None else f"{text} in period {self.period}"


COLUMNS = (
    "claim", "kpi", "firm", "arm", "against", "statistic", "period", "value", "tolerance", "discrepancy", "weight",
    "held_out", "locator",
)  # fmt: skip

_OPTIONAL = ", ".join(name for name in COLUMNS if name not in REQUIRED)
_WANTED = f"; {', '.join(REQUIRED)} must be there, and {_OPTIONAL} may"


def as_targets(wanted: Any) -> tuple[Target, ...]:
    """Return targets given as a list of them, as a table {kpi: (value, tolerance)}, or as the path of a CSV file.

    Raises Refusal for anything else, for two targets about the same, and when all are held out.
    """
    if hasattr(wanted, "columns"):  # a table of pandas, which as a list is the names of its columns
        step = 'df.to_csv("targets.csv", index=False) writes a file to name'
        raise Refusal(f"targets = {shown(wanted)} is no list of targets; {step}, or give {{kpi: (value, tolerance)}}")
    if isinstance(wanted, str | Path):
        targets: Sequence[Any] = read_targets(wanted)
    elif isinstance(wanted, Mapping):
        targets = [_of_pair(kpi, pair) for kpi, pair in wanted.items()]
    elif isinstance(wanted, Iterable):
        targets = list(wanted)
    else:
        raise Refusal(f"targets = {shown(wanted)} is no list of targets, no table and no path of a CSV file")
    for target in targets:
        if not isinstance(target, Target):
            advice = "write abm.Target(kpi=…, value=…, tolerance=…)"
            raise Refusal(f"targets hold {shown(target)}, which is not a Target; {advice}")
    _check_distinct(targets)
    if all(target.held_out for target in targets):
        said = "all targets are held out" if targets else "there are no targets"
        raise Refusal(f"{said}; calibration needs at least one to meet")
    return tuple(targets)


def _of_pair(kpi: Any, pair: Any) -> Target:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Refusal(f"= {shown(pair)} is not (value, tolerance)", place=f"targets.{kpi}")
    value, tolerance = pair
    return Target(kpi, value, tolerance, origin=f"targets.{kpi}")


def _check_distinct(targets: Sequence[Target]) -> None:
    seen: dict[tuple[Any, ...], Target] = {}
    for target in targets:
        first = seen.setdefault(target.subject, target)
        if first is not target:
            where = f", as {first.origin.rpartition(': ')[2]}" if first.origin else ""
            target.refuse(f"'{target.label}' has a target already{where}")


def resolved(
    targets: Iterable[Target],
    firms: Sequence[str],
    arms: Sequence[str],
    baseline: str,
    kpis: Iterable[str],
    periods: int,
) -> tuple[Target, ...]:
    """Return targets with the names of a study filled in: each with its firm, and no arm for the baseline.

    Raises Refusal for names that the study does not have, a period beyond its end and two targets about the same.
    """
    found = []
    for target in targets:
        own = replace(target, firm=target.firm or firms[0], arm="" if target.arm == baseline else target.arm)
        asked = (("KPI", own.kpi, kpis), ("firm", own.firm, firms), ("arm", own.arm or baseline, arms))
        for what, name, names in (*asked, ("arm", own.against or baseline, arms)):
            if name not in (names := list(names)):
                known = did_you_mean(name, names) or (f"; there is {one_of(names)}" if what != "KPI" else "")
                target.refuse(f"no {what} {shown(name)}{known}")
        if (own.arm or baseline) == own.against:
            target.refuse(f"compares arm '{own.against}' with itself")
        if own.period is not None and own.period >= periods:
            target.refuse(f"period = {own.period} is beyond the run, whose last period is {periods - 1}")
        found.append(own)
    _check_distinct(found)
    return tuple(found)


def read_targets(path: Path | str) -> tuple[Target, ...]:
    """Read targets from a CSV file in the form above.

    Raises Refusal, beginning with file and line, for a missing, unknown or doubled column, a ragged row, a value that
    is not allowed and two targets about the same; and for a file that is missing, empty or not UTF-8.
    """
    path = given.path("path", path)
    check_ordinary(path)
    rows = read_rows(path, path.name, REQUIRED)
    line, header = next(rows)
    _check_header(header, f"{path.name}: line {line}")
    targets = []
    for line, cells in rows:
        origin = f"{path.name}: line {line}"
        targets.append(_target(dict(zip(header, cells, strict=True)), origin))
    if not targets:
        raise Refusal("has a header and no target", source=path.name)
    _check_distinct(targets)
    return tuple(targets)


def write_targets(path: Path | str, targets: Iterable[Target]) -> None:
    """Write the CSV file that `read_targets` reads back as equal targets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for target in targets:
        writer.writerow([_written(getattr(target, name)) for name in COLUMNS])
    write_whole(Path(path), text.getvalue().encode())


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else marked(value) if isinstance(value, str) else repr(value)


def _check_header(header: Sequence[str], origin: str) -> None:
    for name in header:
        if name not in COLUMNS:
            raise Refusal(f"no targets column {shown(name)}{did_you_mean(name, COLUMNS) or _WANTED}", place=origin)
        if header.count(name) > 1:
            raise Refusal(f"the column {name} is there twice", place=origin)
    for name in REQUIRED:
        if name not in header:
            raise Refusal(f"no column {name}{_WANTED}", place=origin)


def _target(cells: Mapping[str, str], origin: str) -> Target:
    values: dict[str, Any] = {"origin": origin}
    for name, cell in cells.items():
        if name in _WORDS:
            values[name] = unmarked(cell)
        elif name == "held_out":
            if cell.lower() not in (*_YES, *_NO):
                raise Refusal(f"held_out = {shown(cell)} is not yes or no", place=origin)
            values[name] = cell.lower() in _YES
        elif cell or name in REQUIRED:
            values[name] = _number(name, cell, origin)
    return Target(**values)


def _number(name: str, cell: str, origin: str) -> float:
    try:
        plain = cell if "_" not in cell else ""  # Python reads 1_000 as a number; nobody else does
        return int(plain) if name == "period" else float(plain)
    except ValueError:
        kind = "a whole number" if name == "period" else "a number"
        raise Refusal(f"{name} = {shown(cell)} is not {kind}", place=origin) from None
