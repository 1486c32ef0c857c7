"""Criteria: what a study claims, written so that its runs can be judged by it.

A criterion is about one number: by how much an arm differs from another in a KPI (the difference), the KPI in the arm
itself (`level`), or one divided by the other (`ratio`). `than` compares that number with another one. `above`, `below`
and `within` say where it lies if the claim is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field, model_validator

from abm.core.errors import Refusal, did_you_mean, joined, one_of, shown
from abm.core.explain import suggestion
from abm.core.spec import Spec
from abm.study.plan import checks
from abm.study.plan.arms import in_arm
from abm.study.plan.design import Design
from abm.study.plan.groups import ALL
from abm.study.provenance.digest import plain

if TYPE_CHECKING:
    from abm.study.plan.experiment import Experiment

Place = Mapping[str, Any]


class Reference(Spec):
    """What else a number is compared with: what is left out is as in the criterion itself."""

    kpi: str = ""
    arm: str = ""
    against: str = ""
    firm: str = ""
    group: str = ""
    level: bool | None = None
    at: dict[str, Any] | None = None


class Criterion(Spec):
    """A claim about the results of a study.

    kpi, firm    : whose KPI; firm left out = the focal firm
    group        : of customers; left out = everybody
    arm, against : the number is arm minus against, paired by their luck; against left out = the baseline
    level        : the number is the KPI in the arm itself; arm left out = the baseline
    ratio        : the means are divided, not subtracted: arm / against, or the number / that of `than`
    at           : {factor: level}, the points of the design that count; left out = the mean of all
    than         : another number, which is subtracted from the first one
    above, below : in the KPI's unit; the number lies between them, without the ends
    within       : the number lies less than this away from no difference (0, of a ratio 1)
    why          : where the claim comes from

    Raises Refusal for claims that say nothing or contradict themselves.
    """

    kpi: str
    arm: str = ""
    against: str = ""
    firm: str = ""
    group: str = ""
    level: bool = False
    ratio: bool = False
    at: dict[str, Any] = Field(default_factory=dict)
    than: Reference | None = None
    above: float | None = None
    below: float | None = None
    within: float | None = None
    why: str = ""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.within is not None:
            self._check_zone(self.within)
        elif self.above is None and self.below is None:
            raise Refusal("claims nothing; say above, below or within")
        elif self.above is not None and self.below is not None and self.above >= self.below:
            raise Refusal(f"= {shown(self.above)} and below = {shown(self.below)} leave nothing between", place="above")
        if self.level and self.against:
            raise Refusal("= true is the KPI in the arm itself; leave against out", place="level")
        if self.ratio and self.level and not self.than:
            raise Refusal("= true has nothing to divide a level by; leave level out, or give than", place="ratio")
        if self.than and self.than.against and (self.level if self.than.level is None else self.than.level):
            raise Refusal("belongs to no level; leave it out, or say level = false", place="than.against")
        return self

    def _check_zone(self, within: float) -> None:
        if within <= 0:
            raise Refusal(f"= {shown(within)} is no zone; give a number above 0", place="within")
        if self.above is not None or self.below is not None:
            raise Refusal(f"= {shown(within)} says both ends; leave above and below out", place="within")
        if self.level and not self.than:
            raise Refusal("is a zone around no difference, and a level is none; give above and below", place="within")

    def naming(self, called: Callable[[str], str]) -> Self:
        """Return the criterion with arms under other names."""

        def names(one: Spec) -> dict[str, str]:
            said = {key: str(getattr(one, key)) for key in ("arm", "against")}
            return {key: called(arm) for key, arm in said.items() if arm}

        than = self.than and self.than.model_copy(update=names(self.than))
        return self.model_copy(update={**names(self), "than": than})

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends between which the number lies if the claim is right; ±inf = no end."""
        if self.within is not None:
            return self._equal - self.within, self._equal + self.within
        return -np.inf if self.above is None else self.above, np.inf if self.below is None else self.below

    @property
    def _equal(self) -> float:
        return 1.0 if self.ratio else 0.0

    def numbers(self, baseline: str, firm: str) -> tuple[Number, ...]:
        """Return the number that is judged, and that of `than` if there is one.

        baseline : of the study       firm : its focal firm
        """
        arm = self.arm or baseline
        own = Number(
            self.kpi, arm, "" if self.level else self.against or baseline, self.firm or firm, self.group, self.at
        )
        if self.than is None:
            return (own,)
        than, level = self.than, self.level if self.than.level is None else self.than.level
        return own, Number(
            than.kpi or own.kpi,
            than.arm or own.arm,
            "" if level else than.against or own.against or baseline,
            than.firm or own.firm,
            than.group or own.group,
            own.at if than.at is None else than.at,
        )

    @property
    def claim(self) -> str:
        """The claim in words, without KPI, arms and firm: "difference above 0", "level above 2 and below 4"."""
        kind = "level" if self.level else "ratio" if self.ratio and not self.than else "difference"
        words = [kind + _at(self.at)]
        if self.than is not None:
            words += ["over" if self.ratio else "minus", self._other(self.than)]
        ends = [("above", self.above), ("below", self.below)]
        said = " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)
        zone = f"within ±{self.within:g}{' of 1' if self.ratio else ''}" if self.within is not None else ""
        return f"{' '.join(words)} {said or zone}"

    def _other(self, than: Reference) -> str:
        kinds = {None: "that", self.level: "that", True: "the level", False: "the difference"}
        named = [name for name in (than.kpi, than.firm) if name]
        arms = [f"under {than.arm}"] if than.arm else []
        arms += [f"against {than.against}"] if than.against else []
        of = [f"of {' of '.join(named)}"] if named else []
        of += [f"among {than.group}"] if than.group else []
        return " ".join([kinds[than.level], *of, *arms]) + _at(than.at or {})


@dataclass(frozen=True)
class Number:
    """A number of the results: a KPI of a firm in an arm, less that in another one; against = "" is the level.

    group : of customers, "" = everybody
    """

    kpi: str
    arm: str
    against: str
    firm: str
    group: str
    at: Place

    @property
    def arms(self) -> tuple[str, ...]:
        """The arm, and the one it is compared with."""
        return (self.arm, self.against) if self.against else (self.arm,)


def _at(place: Place) -> str:
    """Return in words where in the design; a factor by the last step of its path, unless two share it."""
    last = [path.rpartition(".")[2] for path in place]
    said = [name if last.count(name) == 1 else path for name, path in zip(last, place, strict=True)]
    pairs = [f"{name} = {shown(plain(value))}" for name, value in zip(said, place.values(), strict=True)]
    return f" at {' and '.join(pairs)}" if pairs else ""


def points(design: Design, place: Place) -> np.ndarray:
    """Return which points of a design lie at levels of its factors, in order; all if no level is given."""
    if not place:
        return np.arange(len(design))
    where = {list(design.factors).index(path): plain(level) for path, level in place.items()}
    found = [all(plain(row[k]) == level for k, level in where.items()) for row in design.rows]
    return np.flatnonzero(found)


def checked(study: Experiment) -> tuple[Criterion, ...]:
    """Return the criteria of a study, with levels of factors as its scenario holds them; tables become criteria.

    Raises Refusal for KPIs, arms, firms and levels that the study does not have.
    """
    wanted: Any = study.expect
    if isinstance(wanted, str | Mapping) or not isinstance(wanted, Sequence):
        raise Refusal(f"= {shown(wanted)} is not a list of criteria", place="expect")
    found = []
    for index, item in enumerate(wanted):
        place = f"expect[{index}]"
        one = item if isinstance(item, Criterion) else Criterion.parse(checks.table(place, item), place=place)
        with checks.at(place):
            found.append(_known(study, one))
    return tuple(found)


def _known(study: Experiment, one: Criterion) -> Criterion:
    baseline, focal = checks.baseline(study.baseline, study.arms), study.scenario.firms[0].name
    changes = {}
    for number, inside in zip(one.numbers(baseline, focal), ("", "than"), strict=False):
        with checks.at(inside):
            _check_names(study, number)
            said = one.than.at if inside and one.than else one.at
            if said:
                changes[joined(inside, "at")] = _held(study, number.arm, said)
    one = one.replace(changes)
    own, *others = one.numbers(baseline, focal)
    if own in others:
        raise Refusal("is the number itself; say what is different of the other one", place="than")
    return one


def _check_names(study: Experiment, number: Number) -> None:
    kpis, firms = [kpi.name for kpi in study.kpis], [firm.name for firm in study.scenario.firms]
    if number.kpi not in kpis:
        hint = did_you_mean(number.kpi, kpis) or f"; it has {one_of(kpis)}"
        raise Refusal(f"= {shown(number.kpi)} is no KPI of the study{hint}", place="kpi")
    groups = ["", ALL, *(label for labels in study.group_labels.values() for label in labels)]
    said = [("arm", name, list(study.arms)) for name in number.arms]
    said += [("firm", number.firm, firms), ("group", number.group, groups)]
    for what, name, names in said:
        if name not in names:
            key = "against" if name == number.against else what
            raise Refusal(f"= {shown(name)} is no {what}{suggestion(name, filter(None, names))}", place=key)
    if number.arm == number.against:
        raise Refusal(f"'{number.arm}' is compared with itself; name another, or say level = true", place="arm")


def _held(study: Experiment, arm: str, place: Place) -> dict[str, Any]:
    """Return levels as the scenario holds them; refuse factors, levels and points that the design does not have."""
    design, world, held = study.design, in_arm(study.scenario, arm, study.arms[arm]), {}
    with checks.at("at"):
        for factor, level in place.items():
            if factor not in design.factors:
                raise Refusal(f"is no factor of the design{suggestion(factor, design.factors)}", place=factor)
            held[factor] = plain(world.replace({factor: level}).value_at(factor))
            if not len(points(design, {factor: held[factor]})):
                there = f"there is {design.described(factor)}"
                raise Refusal(f"= {shown(level)} is no level of the design; {there}", place=factor)
        if not len(points(design, held)):
            raise Refusal(f"= {shown(place)} is no point of the design")
    return held
