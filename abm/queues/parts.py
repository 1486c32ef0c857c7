"""What a queue is made of, each part a table: who comes and when, who serves, and what people do who wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from abm.core.distributions import Distribution
from abm.core.errors import CONTINUES, Refusal, one_of, shown
from abm.core.spec import Spec, param
from abm.queues.rules import MOST_STAGES

_TIMES = ("constant", "uniform", "lognormal", "exponential", "weibull", "gamma")  # families of times above 0
_LONGEST = 1e9  # minutes


def as_times(data: Any, *names: str) -> Any:
    """Return a table in which a number under these names stands for the exponential distribution of that mean."""
    if not isinstance(data, Mapping):
        return data
    return {key: _as_time(value) if key in names else value for key, value in data.items()}


def _as_time(value: Any) -> Any:
    if isinstance(value, list | tuple):  # by stage
        return [_as_time(one) for one in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"kind": "exponential", "mean": float(value)} if is_number else value


def check_times(place: str, distribution: Distribution | None) -> None:
    """Refuse a distribution of times of which some, or all, are below 0, and one that is 0 throughout."""
    if distribution is None:
        return
    if distribution.kind not in _TIMES:
        message = f'= "{distribution.kind}" is no distribution of times here; take {one_of(_TIMES)}'
        raise Refusal(message, place=f"{place}.kind")
    low, high = distribution.support
    name = "value" if distribution.kind == "constant" else "low"
    if low < 0 or high <= 0:
        raise Refusal(f"{CONTINUES}{shown(low)} minutes is no time; take more than 0", place=f"{place}.{name}")


class Profile(Spec):
    """How the rate of arrivals changes: relative rates of intervals that follow one another, again and again."""

    presets: ClassVar[str] = "arrival_profile"
    presets_of: ClassVar[str] = "arrival profile"
    preset: str = param("level", unit="name", evidence="assumed", doc="profile that the other fields start from")
    rates: tuple[float, ...] = param((1.0,), unit="ratio", bounds=(0, 1e6), evidence="assumed", doc="to their mean")
    interval: float = param(60.0, unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="of one rate")

    @model_validator(mode="after")
    def _somebody_comes(self) -> Self:
        if not sum(self.rates) > 0:
            raise Refusal(f"{CONTINUES}{shown(self.rates)} lets nobody come; give one rate above 0", place="rates")
        return self


class Appointments(Spec):
    """Slots for one customer each, kept more or less."""

    every: float = param(unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="from slot to slot")
    lateness: Distribution | None = param(None, unit="minutes", evidence="assumed", doc="after the slot; below 0 early")
    no_show: float = param(0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="who do not come")

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if self.lateness is not None and self.lateness.kind == "categorical":
            raise Refusal(
                '= "categorical" is no distribution of minutes; take normal or uniform', place="lateness.kind"
            )
        return self


class Population(Spec):
    """A finite calling population: who has left comes again after an exponential time."""

    size: int = param(unit="customers", bounds=(1, 10_000_000), evidence="assumed", doc="members")
    between: float = param(unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="mean time away")


class Shifts(Spec):
    """How many servers are on duty in intervals that follow one another, again and again; a break has fewer."""

    staff: tuple[int, ...] = param(unit="servers", bounds=(0, 100_000), evidence="assumed", doc="by interval")
    interval: float = param(60.0, unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="of one staff")

    @model_validator(mode="after")
    def _somebody_serves(self) -> Self:
        if not sum(self.staff) > 0:
            raise Refusal(f"{CONTINUES}{shown(self.staff)} has nobody on duty; give one number above 0", place="staff")
        return self


class Kind(Spec):
    """A kind of customers."""

    name: str = param(unit="name", evidence="assumed", doc="of the kind")
    share: float = param(unit="share", bounds=(0, 1), evidence="assumed", doc="of arrivals; shares add to 1")
    rank: int = param(0, unit="order", bounds=(0, 1000), evidence="assumed", doc="served before those of higher rank")
    service: tuple[Distribution, ...] = param((), unit="minutes", evidence="assumed", doc="by stage; () = the queue's")
    patience: Distribution | None = param(None, unit="minutes", evidence="assumed", doc="left out = the queue's")

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, data: Any) -> Any:
        return _listed(as_times(data, "patience", "service"))

    @model_validator(mode="after")
    def _times(self) -> Self:
        check_times("patience", self.patience)
        for k, one in enumerate(self.service):
            check_times(f"service[{k}]", one)
        return self


def _listed(data: Any) -> Any:
    """Return a table in which one distribution of service stands for a list of it alone."""
    one = data.get("service") if isinstance(data, Mapping) else None
    return {**data, "service": (one,)} if isinstance(one, Mapping | Distribution) else data


class Pool(Spec):
    """Servers who can stand in for each other."""

    name: str = param(unit="name", evidence="assumed", doc="of the pool")
    servers: int = param(1, unit="servers", bounds=(1, 100_000), evidence="assumed", doc="on duty, without shifts")
    stage: int = param(1, unit="number", bounds=(1, MOST_STAGES), evidence="assumed", doc="of service, from 1")
    pace: float = param(1.0, unit="ratio", bounds=(0.01, 100), evidence="assumed", doc="factor on service times")
    batch: int = param(1, unit="customers", bounds=(1, 10_000), evidence="assumed", doc="most served at a time by one")
    kinds: tuple[str, ...] = param((), unit="name", evidence="assumed", doc="whom it serves; () = all")
    skills: tuple[str, ...] = param((), unit="name", evidence="assumed", doc="kinds it has the skill for; () = all")
    shifts: Shifts | None = param(None, unit="servers", evidence="assumed", doc="instead of `servers`")

    @property
    def most(self) -> int:
        """Most servers on duty at a time."""
        return max(self.shifts.staff) if self.shifts else self.servers

    @property
    def usual(self) -> float:
        """Mean number of servers on duty."""
        return sum(self.shifts.staff) / len(self.shifts.staff) if self.shifts else float(self.servers)


class Balking(Spec):
    """Who sees too long a line does not join it.

    logit : with chance 1 / (1 + exp(-(expected wait - accepted) / scale)); scale 0 = whenever it is above
    naor  : if value < cost x (expected wait + a service)
    """

    rule: Literal["logit", "naor"] = param("logit", unit="name", evidence="assumed", doc="how it is decided")
    accepted: Distribution | None = param(None, unit="minutes", evidence="assumed", doc="logit: expected wait accepted")
    scale: float | None = param(None, unit="minutes", bounds=(0, 1e6), evidence="assumed", doc="logit: left out = 5")
    value: float | None = param(None, unit="cu", bounds=(0, 1e9), evidence="assumed", doc="naor: of being served")
    cost: float | None = param(None, unit="cu/minute", bounds=(1e-9, 1e9), evidence="assumed", doc="naor: of time")

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, data: Any) -> Any:
        accepted = data.get("accepted") if isinstance(data, Mapping) else None
        is_number = isinstance(accepted, int | float) and not isinstance(accepted, bool)
        return {**data, "accepted": {"kind": "constant", "value": float(accepted)}} if is_number else data  # type: ignore[arg-type]

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        own, other = (("accepted",), ("value", "cost")) if self.rule == "logit" else (("value", "cost"), ("accepted",))
        for name in own:
            if getattr(self, name) is None:
                raise Refusal(f'is missing; rule = "{self.rule}" takes {one_of(own, "and")}', place=name)
        for name in (*other, *(("scale",) if self.rule == "naor" else ())):
            if getattr(self, name) is not None:
                raise Refusal(f'does not belong to rule = "{self.rule}"; leave it out', place=name)
        if self.accepted is not None and self.accepted.kind == "categorical":
            raise Refusal('= "categorical" is no distribution of minutes; take lognormal', place="accepted.kind")
        return self


class Announcement(Spec):
    """Who has to wait is told how long."""

    part: float = param(1.0, unit="ratio", bounds=(0, 10), evidence="assumed", doc="of the expected wait that is told")


class CallBack(Spec):
    """Who would wait long may ask to be called back: she waits away from the line, and does not give up."""

    after: float = param(
        2.0, unit="minutes", bounds=(0, _LONGEST), evidence="assumed", doc="expected wait, offered above"
    )
    taken: float = param(0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of those to whom it is offered")
    rank: int | None = param(None, unit="order", bounds=(0, 1000), evidence="assumed", doc="left out = the last kind's")


class Retries(Spec):
    """Who was not served comes again."""

    share: float = param(0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of those not served")
    after: float = param(
        10.0, unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="mean of an exponential"
    )


class Repeats(Spec):
    """Who was served comes again, as what she wanted is not done: 1 - first-contact resolution."""

    share: float = param(0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="not resolved at the first contact")
    wrong_skill: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="more, served without the skill"
    )
    after: float = param(
        60.0, unit="minutes", bounds=(1e-6, _LONGEST), evidence="assumed", doc="mean of an exponential"
    )


class Bot(Spec):
    """A bot or a voice menu in front, through which all go; whom it does not contain joins the line after it."""

    contained: float = param(0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="who need nobody else")
    minutes: float = param(1.0, unit="minutes", bounds=(0, _LONGEST), evidence="assumed", doc="that it takes")
