"""What formulas say of a queue in the long run, to hold a simulation against.

    M/M/c        Erlang C                      M/M/c/K    birth and death; Naor's balking is such a room
    M/M/c/c      Erlang B, any service         M/M/c//N   birth and death
    M/M/c+M      Erlang A                      M/G/1      Pollaczek-Khinchine
    M/G/1, M/M/c with kinds of different rank  Cobham
    G/G/c        Allen-Cunneen, an approximation

Which holds is read off the queue. The formulas themselves are the pages erlang, impatience, rooms, variable_service and
priority beside this one, with their sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.core.distributions import Distribution
from abm.core.errors import Refusal
from abm.queues.erlang import erlang_b, patient_line
from abm.queues.impatience import impatient_line
from abm.queues.people import patience_of
from abm.queues.priority import priority_waits, priority_waits_of_many
from abm.queues.queue import Queue
from abm.queues.rooms import finite_population, limited_room
from abm.queues.variable_service import allen_cunneen, pollaczek_khinchine

if TYPE_CHECKING:
    from abm.queues.served import Served

_ALIKE = 1.0 + 1e-12  # what differs by rounding alone is equal
Expected = dict[str, dict[str, float]]


class Service(NamedTuple):
    """Service by alike servers: its distribution, its mean in minutes at their pace, and how many there are."""

    service: Distribution
    minutes: float
    servers: int

    @property
    def variation(self) -> float:
        """Standard deviation / mean of the service."""
        return math.sqrt(self.service.variance) / self.service.expectation


def against_formula(served: Served) -> pd.DataFrame:
    """Return what the formula of a queue says beside what was simulated.

    Columns formula (its name), kind, measure, expected, simulated, se, z = (simulated - expected) / se.
    Raises Refusal if no formula is known for the queue.
    """
    name, expected = formula(served.queue, served.within / 60.0)
    rows = []
    for kind, values in expected.items():
        found = served.summary[served.summary["kind"] == kind].iloc[0]
        for measure, value in values.items():
            simulated, error = float(found[measure]), float(found[f"{measure}_se"])
            z = (simulated - value) / error if error > 0 else np.nan
            rows.append((name, kind, measure, value, simulated, error, z))
    return pd.DataFrame(rows, columns=["formula", "kind", "measure", "expected", "simulated", "se", "z"])


def formula(queue: Queue, within: float) -> tuple[str, Expected]:
    """Return the name of the formula that holds for a queue, and its measures by kind ("all" = of all customers).

    within : minutes of good service      Raises Refusal if no formula is known.
    """
    service, servers, pace = _alike(queue)
    line, patience = Service(service, service.expectation * pace, servers), patience_of(queue, queue.people[0])
    if queue.population is not None:
        return _population(queue, line)
    rate, gap = queue.rate, queue.interarrival
    if gap is not None and gap.kind != "exponential":
        if patience or queue.room or queue.balking or _has_ranks(queue):
            raise _none("arrivals that are not at random, with ranks or people who go")
        return _spread(1.0 / gap.expectation, line, math.sqrt(gap.variance) / gap.expectation)
    rate = 1.0 / gap.expectation if gap is not None else rate
    if rate is None:
        raise _none("appointments, and arrivals that are given")
    if patience is not None:
        return _patience(queue, rate, line, patience, within)
    if queue.room is not None or queue.balking is not None:
        return _room(queue, rate, line)
    return _ranks(queue, rate, servers, pace) if _has_ranks(queue) else _endless(rate, line, within)


def wait_exceeds(queue: Queue) -> tuple[str, Callable[[Any], Any]] | None:
    """Return the name of the formula and P(W > t) of t in minutes, of Erlang C and Erlang A; None for other queues."""
    try:
        name, _ = formula(queue, 0.0)
    except Refusal:
        return None
    if name not in ("Erlang C", "Erlang A"):
        return None
    service, servers, pace = _alike(queue)
    rate = queue.rate or 1.0 / (queue.interarrival or service).expectation
    line, patience = (rate, service.expectation * pace, servers), patience_of(queue, queue.people[0])
    if patience is None:
        return name, patient_line(*line).wait_exceeds
    return name, impatient_line(*line, patience.expectation).wait_exceeds


def _endless(rate: float, line: Service, within: float) -> tuple[str, Expected]:
    if line.service.kind == "exponential":
        found = patient_line(rate, line.minutes, line.servers)
        level = float(found.answered_within(within))
        return "Erlang C", {"all": _means(found) | {"p_wait": float(found.p_wait), "service_level": level}}
    if line.servers == 1:
        return "Pollaczek-Khinchine", {"all": _means(pollaczek_khinchine(rate, line.minutes, line.variation))}
    return _spread(rate, line, 1.0)


def _has_ranks(queue: Queue) -> bool:
    return queue.discipline == "priority" and len({kind.rank for kind in queue.people}) > 1


def _none(why: str) -> Refusal:
    known = "one stage, servers alike, a constant rate or a finite population, exponential patience or none"
    return Refusal(f"no formula is known for {why}; there is one for {known}", place="against_formula")


def _alike(queue: Queue) -> tuple[Distribution, int, float]:
    """Return the one distribution of service, the number of servers and their pace.  Raises Refusal if they differ."""
    if queue.stages > 1:
        raise _none("several stages")
    services = {queue.served_by(kind) for kind in queue.people}
    patience = {patience_of(queue, kind) for kind in queue.people}
    if (len(services) > 1 and not _has_ranks(queue)) or len(patience) > 1 or () in services:
        raise _none("kinds that differ, or needs that are given")
    if len(queue.pools) > 1 or queue.shifts or any(p.shifts or p.batch > 1 or p.skills or p.kinds for p in queue.pools):
        raise _none("pools that differ, shifts or batches")
    parts: dict[str, Any] = {"profile": queue.profile, "call_back": queue.call_back, "retries": queue.retries}
    parts |= {"repeats": queue.repeats, "bot": queue.bot, "announcement": queue.announcement and queue.balking}
    for name, part in parts.items():
        if part:
            raise _none(name.replace("_", " "))
    if queue.discipline in ("express", "appointment") or (queue.lines == "parallel" and queue.servers > 1):
        raise _none("an express line, slots, or a line for each server")
    pool = queue.pools[0] if queue.pools else None
    return queue.served_by(queue.people[0])[0], pool.servers if pool else queue.servers, pool.pace if pool else 1.0


def _means(line: Any) -> dict[str, float]:
    return {
        "mean_wait": float(line.mean_wait),
        "mean_line": float(line.mean_queue),
        "utilisation": float(line.occupancy),
    }


def _spread(rate: float, line: Service, came: float) -> tuple[str, Expected]:
    found = allen_cunneen(rate, line.minutes, line.servers, line.variation, came)
    return "Allen-Cunneen, an approximation", {"all": _means(found)}


def _population(queue: Queue, line: Service) -> tuple[str, Expected]:
    leaves = queue.room or queue.balking or patience_of(queue, queue.people[0]) or _has_ranks(queue)
    if line.service.kind != "exponential" or leaves or queue.population is None:
        raise _none("a finite population of whom some go or have ranks, or with service that is not exponential")
    members, between = queue.population.size, queue.population.between
    found = finite_population(members, between, line.minutes, line.servers)
    return "M/M/c//N", {"all": _means(found) | {"p_wait": found.p_wait}}


def _patience(queue: Queue, rate: float, line: Service, patience: Distribution, within: float) -> tuple[str, Expected]:
    if line.service.kind != "exponential" or patience.kind != "exponential" or queue.room or queue.balking:
        raise _none("patience or service that is not exponential, or patience in a limited room")
    if _has_ranks(queue):
        raise _none("patience and ranks")
    found = impatient_line(rate, line.minutes, line.servers, patience.expectation)
    values = {"p_wait": found.p_wait, "p_abandon": found.p_abandon, "mean_answer": found.mean_answer}
    return "Erlang A", {"all": _means(found) | values | {"service_level": float(found.answered_within(within))}}


def _room(queue: Queue, rate: float, line: Service) -> tuple[str, Expected]:
    load, servers, rule = rate * line.minutes, line.servers, queue.balking
    if queue.room == servers and rule is None:
        lost = float(erlang_b(servers, load))
        return "Erlang B", {"all": {"p_deny": lost, "utilisation": load * (1.0 - lost) / servers}}
    own_rule = rule is not None and (rule.rule != "naor" or queue.room is not None)
    if line.service.kind != "exponential" or own_rule or _has_ranks(queue):
        raise _none("balking by a logit, or ranks or service that is not exponential in a limited room")
    most, lost_to = queue.room or 0, "p_deny"
    if rule is not None:
        worth = (rule.value or 0.0) / ((rule.cost or 1.0) * line.minutes) * _ALIKE
        most, lost_to = servers + math.floor(servers * (worth - 1.0)), "p_balk"
    found = limited_room(rate, line.minutes, servers, most)
    return "M/M/c/K", {"all": _means(found) | {"p_wait": found.p_wait, lost_to: found.p_block}}


def _ranks(queue: Queue, rate: float, servers: int, pace: float) -> tuple[str, Expected]:
    kinds = sorted(queue.people, key=lambda kind: kind.rank)
    if len({kind.rank for kind in kinds}) < len(kinds):
        raise _none("kinds of which some have the same rank, and others not")
    service = [queue.served_by(kind)[0] for kind in kinds]
    rates, minutes = [rate * kind.share for kind in kinds], [one.expectation * pace for one in service]
    if servers == 1:
        variation = [math.sqrt(one.variance) / one.expectation for one in service]
        waits = priority_waits(rates, minutes, variation)
    elif len(set(service)) == 1 and service[0].kind == "exponential":
        waits = priority_waits_of_many(rates, minutes[0], servers)
    else:
        raise _none("ranks before several servers, with service that differs or is not exponential")
    return "Cobham", {kind.name: {"mean_wait": float(wait)} for kind, wait in zip(kinds, waits, strict=True)}
