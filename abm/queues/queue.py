"""A queue as it is set up: who comes, in what lines people wait, in what order they are served, and by whom.

The same in Python, `Queue(rate=0.8, minutes=1.0)`, and in a TOML file of the same keys. All times are in minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from abm.core.distributions import Distribution
from abm.core.errors import CONTINUES, Refusal, counted, did_you_mean, one_of, shown
from abm.core.spec import Spec, param
from abm.queues.parts import (
    Announcement,
    Appointments,
    Balking,
    Bot,
    CallBack,
    Kind,
    Pool,
    Population,
    Profile,
    Repeats,
    Retries,
    Shifts,
    as_times,
    check_times,
)
from abm.queues.rules import MOST_POOLS, MOST_STAGES

SOURCES = ("rate", "interarrival", "appointments", "population")  # of arrivals, of which a queue has one
_CUSTOMERS = Kind(name="customers", share=1.0)


class Queue(Spec):
    """A queue: arrivals, lines, discipline, service, servers, and what people do who have to wait.

    Arrivals come from one of rate (with a profile, if it changes), interarrival, appointments and population, or are
    given as an array to `queue`. A number for patience or service is the mean of an exponential distribution.
    """

    rate: float | None = param(None, unit="1/minute", bounds=(1e-9, 1e9), evidence="assumed", doc="mean of arrivals")
    profile: Profile | None = param(None, unit="ratio", evidence="assumed", doc="how the rate changes")
    interarrival: Distribution | None = param(None, unit="minutes", evidence="assumed", doc="time between arrivals")
    appointments: Appointments | None = param(None, unit="minutes", evidence="assumed", doc="slots")
    population: Population | None = param(None, unit="customers", evidence="assumed", doc="finite, instead of a rate")
    kinds: tuple[Kind, ...] = param((), unit="kinds", evidence="assumed", doc="of customers; () = all are alike")

    minutes: float | None = param(None, unit="minutes", bounds=(1e-9, 1e9), evidence="assumed", doc="mean service time")
    service: tuple[Distribution, ...] = param((), unit="minutes", evidence="assumed", doc="by stage, for `minutes`")
    servers: int = param(1, unit="servers", bounds=(1, 100_000), evidence="assumed", doc="at each stage")
    shifts: Shifts | None = param(None, unit="servers", evidence="assumed", doc="instead of `servers`")
    pools: tuple[Pool, ...] = param((), unit="pools", evidence="assumed", doc="instead of `servers`")
    wrong_pace: float = param(
        1.3, unit="ratio", bounds=(1, 100), evidence="assumed", doc="factor on service times without the skill"
    )

    lines: Literal["single", "parallel", "tickets"] = param(
        "single", unit="name", evidence="assumed", doc="one for all, one for each server, or numbers that are drawn"
    )
    discipline: Literal["fcfs", "priority", "express", "appointment"] = param(
        "fcfs", unit="name", evidence="assumed", doc="by time, by rank, short needs apart, or by slot"
    )
    express_limit: float | None = param(
        None,
        unit="minutes",
        bounds=(1e-9, 1e9),
        evidence="assumed",
        doc="most need at the first stage for the express line",
    )
    express_servers: int = param(
        0, unit="servers", bounds=(0, 100_000), evidence="assumed", doc="of `servers`, for it alone; 0 = all, it first"
    )
    room: int | None = param(None, unit="customers", bounds=(1, 10**9), evidence="assumed", doc="most inside at a time")

    patience: Distribution | None = param(None, unit="minutes", evidence="assumed", doc="left out = endless")
    balking: Balking | None = param(None, unit="rule", evidence="assumed", doc="left out = all join")
    announcement: Announcement | None = param(None, unit="rule", evidence="assumed", doc="of the expected wait")
    call_back: CallBack | None = param(None, unit="rule", evidence="assumed", doc="instead of waiting")
    retries: Retries | None = param(None, unit="rule", evidence="assumed", doc="of who was not served")
    repeats: Repeats | None = param(None, unit="rule", evidence="assumed", doc="of who was served")
    most_tries: int = param(5, unit="comings", bounds=(1, 30), evidence="assumed", doc="of a customer, at most")
    bot: Bot | None = param(None, unit="rule", evidence="assumed", doc="in front of the line")

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, data: Any) -> Any:
        data = as_times(data, "patience", "service", "interarrival")
        one = data.get("service") if isinstance(data, Mapping) else None
        return {**data, "service": (one,)} if isinstance(one, Mapping | Distribution) else data

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _check_arrivals(self)
        _check_service(self)
        _check_kinds(self)
        _check_servers(self)
        _check_lines(self)
        return self

    @property
    def people(self) -> tuple[Kind, ...]:
        """The kinds, one of them if all are alike."""
        return self.kinds or (_CUSTOMERS,)

    @property
    def times(self) -> tuple[Distribution, ...]:
        """Distributions of service by stage; () = not said, as needs are given."""
        if self.minutes is not None:
            return (Distribution(kind="exponential", mean=self.minutes),)
        return self.service

    @property
    def stages(self) -> int:
        """Number of stages of service; of needs that are given, that of the pools."""
        known = len(self.times), *(len(kind.service) for kind in self.people)
        return max(1, *known) if any(known) else max([1, *(pool.stage for pool in self.pools)])

    def served_by(self, kind: Kind) -> tuple[Distribution, ...]:
        """Distributions of the service of a kind, by stage."""
        return kind.service or self.times

    @property
    def has_shape(self) -> bool:
        """Whether the day has a beginning and an end that matter: a profile, shifts or appointments."""
        return bool(self.profile or self.appointments or self.shifts or any(pool.shifts for pool in self.pools))


def _check_arrivals(queue: Queue) -> None:
    given = [name for name in SOURCES if getattr(queue, name) is not None]
    if len(given) > 1:
        raise Refusal(f"comes with {given[0]}; a queue takes one of {one_of(SOURCES)}", place=given[1])
    if queue.population is not None and queue.bot is not None:
        raise Refusal("stands in front of arrivals; with a finite population leave it out", place="bot")
    if queue.profile is not None and queue.rate is None:
        raise Refusal("needs a rate, which is its mean; give rate = …", place="profile")
    check_times("interarrival", queue.interarrival)
    check_times("patience", queue.patience)
    if queue.discipline == "appointment" and queue.appointments is None:
        raise Refusal(f'{CONTINUES}"appointment" needs slots; give [appointments]', place="discipline")


def _check_service(queue: Queue) -> None:
    if queue.minutes is not None and queue.service:
        raise Refusal("comes with service; give one of them", place="minutes")
    for k, one in enumerate(queue.service):
        check_times(f"service[{k}]", one)
    if queue.stages > MOST_STAGES:
        raise Refusal(f"has {queue.stages} stages; take at most {MOST_STAGES}", place="service")


def _check_kinds(queue: Queue) -> None:
    names = [kind.name for kind in queue.kinds]
    for k, kind in enumerate(queue.kinds):
        if kind.name in names[:k] or kind.name == "all":
            raise Refusal(f"{CONTINUES}{shown(kind.name)} is taken; give each kind its own", place=f"kinds[{k}].name")
        if len(queue.served_by(kind)) not in (0, queue.stages):
            message = f"has {counted(len(queue.served_by(kind)), 'stage')}, others have {queue.stages}; give as many"
            raise Refusal(message, place=f"kinds[{k}].service")
    total = sum(kind.share for kind in queue.kinds)
    if queue.kinds and abs(total - 1) > 1e-9:
        raise Refusal(f"shares add to {total:.10g}, not 1; change one", place="kinds")


def _check_servers(queue: Queue) -> None:
    for name in ("shifts", "pools"):
        if getattr(queue, name) and "servers" in queue.model_fields_set and queue.servers != 1:
            raise Refusal(f"comes with {name}; give one of them", place="servers")
    if queue.pools and queue.shifts:
        raise Refusal("comes with pools; give each pool its own", place="shifts")
    if len(queue.pools) > MOST_POOLS:
        raise Refusal(f"has {len(queue.pools)} pools; take at most {MOST_POOLS}", place="pools")
    known, names = [kind.name for kind in queue.people], [pool.name for pool in queue.pools]
    for k, pool in enumerate(queue.pools):
        place = f"pools[{k}]"
        if pool.name in names[:k]:
            raise Refusal(f"{CONTINUES}{shown(pool.name)} is taken; give each pool its own", place=f"{place}.name")
        if pool.stage > queue.stages:
            raise Refusal(f"{CONTINUES}{pool.stage} is above the {queue.stages} of service", place=f"{place}.stage")
        for field in ("kinds", "skills"):
            for name in getattr(pool, field):
                if name not in known:
                    message = f"{CONTINUES}{shown(name)} is no kind{did_you_mean(name, known)}"
                    raise Refusal(f"{message} (there are {one_of(known)})", place=f"{place}.{field}")
    for stage in range(1, queue.stages + 1):
        if queue.pools and stage not in [pool.stage for pool in queue.pools]:
            raise Refusal(f"has nobody at stage {stage}; give a pool with stage = {stage}", place="pools")
    _check_room(queue)


def _check_room(queue: Queue) -> None:
    if queue.room is None:
        return
    most = sum(pool.most * pool.batch for pool in queue.pools if pool.stage == 1)
    most = most or (max(queue.shifts.staff) if queue.shifts else queue.servers)
    if queue.room < most:
        message = f"{CONTINUES}{queue.room} is below the {most} who can be served at a time; take at least {most}"
        raise Refusal(message, place="room")


def _check_lines(queue: Queue) -> None:
    express = queue.discipline == "express"
    if express and queue.express_limit is None:
        raise Refusal('is missing; discipline = "express" needs the most minutes of need', place="express_limit")
    for name in ("express_limit", "express_servers"):
        if not express and getattr(queue, name):
            raise Refusal('needs discipline = "express"; give it, or leave this out', place=name)
    if queue.express_servers and (queue.pools or queue.shifts):
        raise Refusal("is a part of servers; leave out pools and shifts", place="express_servers")
    if queue.express_servers and queue.express_servers >= queue.servers:
        message = f"{CONTINUES}{queue.express_servers} leaves none of {counted(queue.servers, 'server')} to the others"
        raise Refusal(f"{message}; take fewer", place="express_servers")
    if queue.lines == "parallel" and (queue.shifts or any(pool.shifts for pool in queue.pools)):
        raise Refusal('= "parallel" has a line for each server, who is always there; take a single line', place="lines")
    _check_balking(queue)


def _check_balking(queue: Queue) -> None:
    rule = queue.balking
    if rule is None or rule.value is None or rule.cost is None or not queue.times:
        return
    least = rule.cost * queue.times[0].expectation
    if rule.value < least:
        message = f"{CONTINUES}{shown(rule.value)} is below the {least:g} that a service costs in time"
        raise Refusal(f"{message}, so that nobody would come; take more", place="balking.value")
