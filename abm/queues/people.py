"""The customers of a queue: when each comes and what she wants, drawn at the address of who she is.

Draws of customer v under a seed, at uniform4(stream_key(seed, "queue"), who, 0, (draw << 16) | nth, replication):

    draw 0   time to the next arrival (of a finite population: time away) | need at stage 1 | patience | kind
    draw 1   balking | taking a call back | accepted wait | contained by the bot
    draw 2   need at stage 2 | need at stage 3 | keeping the appointment | lateness

so that two staffing plans, lines or disciplines share each customer's luck bit for bit. Values are quantiles, worked
out in float32. Those of a gamma distribution are linear between 4097 tabulated ones; that loses, mostly above the last,
at shape 0.1 0.08 % of the mean and 1.0 % of the variance; at 0.5 0.02 %, 0.3 %; at 2 0.005 %, 0.11 %; at 20 0.0006 %,
0.05 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.core.distributions import WEIBULL, Distribution, table
from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.queues.drawing import TABLE, cumulate, draw_luck, pick_kinds, quantiles, warp
from abm.queues.parts import Kind
from abm.queues.queue import Queue

Array = NDArray[np.float64]
POINTS = 4097  # of a table of quantiles
MOST = 50_000_000  # customers of a replication: more do not fit in memory
_MOST_VISITS = 1 << 16  # of a member, as an address of luck can tell apart
_ENOUGH = 6.0  # standard deviations of the number of arrivals that are drawn more than expected
ENDLESS = np.full(1, np.inf)


@dataclass
class People:
    """What customers want: columns (n,), or (1,) where all are alike; times in minutes.

    arrival : first at the door, in no order with appointments; of a finite population: time away before each visit
    need (stages, n), patience, accepted : minutes, the last under naor with the service in it
    luck, call_luck : uniforms that decide on the day
    due     : time of the slot, or None      kind : (n,) from 0
    contained, absent : (n,) by the bot; who does not keep her slot; None = nobody
    stride  : members of a finite population whose visits these are, 0 = endless
    horizon : minutes in which people come, inf = not said
    """

    arrival: Array
    need: Array
    patience: Array
    accepted: Array
    luck: Array
    call_luck: Array
    kind: NDArray[np.int8]
    due: Array | None = None
    contained: NDArray[np.bool_] | None = None
    absent: NDArray[np.bool_] | None = None
    stride: int = 0
    horizon: float = np.inf


class Luck:
    """Uniforms of a number of customers, drawn once each."""

    def __init__(self, seed: int, replication: int, stride: int = 0) -> None:
        self._key, self._replication, self._stride = stream_key(seed, "queue"), np.int64(replication), stride
        self._rows: dict[int, NDArray[np.float32]] = {}

    def row(self, draw: int, word: int, n: int) -> NDArray[np.float32]:
        """Return the uniforms (n,) float32 of a draw's word."""
        rows = self._rows.get(draw)
        if rows is None or rows.shape[1] < n:
            rows = self._rows[draw] = np.empty((4, n), np.float32)
            draw_luck(rows, self._stride, draw, self._key, self._replication, 0, n)
        return rows[word, :n]


def values(families: Sequence[Distribution], luck: NDArray[np.float32], kind: NDArray[np.int8]) -> Array:
    """Return a value (n,) for each uniform: by the distribution of the customer's kind."""
    if len(set(families)) == 1 and families[0].kind == "constant":
        return np.full(len(luck), families[0].expectation)
    alike = families[:1] if len(set(families)) == 1 else families
    numbers = [one.numbers() if _code(one) <= WEIBULL else (TABLE, 0.0, 0.0) for one in alike]
    tabled = any(code == TABLE for code, _, _ in numbers)
    tables = np.zeros((len(alike), POINTS if tabled else 1), np.float32)
    for k, one in enumerate(alike):
        if numbers[k][0] == TABLE:
            tables[k] = table(one, POINTS)
    codes, a, b = (np.array(column) for column in zip(*numbers, strict=True))
    own = kind if len(alike) > 1 else np.zeros(len(luck), np.int8)
    out = np.zeros(len(luck))
    quantiles(out, luck, own, codes, a.astype(np.float32), b.astype(np.float32), tables, 0, len(luck))
    return out


def _code(one: Distribution) -> int:
    return WEIBULL + 1 if one.kind in ("gamma", "beta") else one.numbers()[0]


def drawn(queue: Queue, luck: Luck, customers: int | None, duration: float | None) -> People:
    """Return the customers of a queue: as many as `customers`, or all who come within `duration` minutes.

    Raises Refusal if a finite population may come more often than there is room for.
    """
    if queue.population is not None:
        return _members(queue, luck, customers, duration)
    arrival, due, absent = _arrivals(queue, luck, customers, duration)
    people = wants(queue, luck, arrival, due, absent)
    people.horizon = np.inf if duration is None else duration
    return people


def wants(
    queue: Queue, luck: Luck, arrival: Array, due: Array | None = None, absent: NDArray[np.bool_] | None = None
) -> People:
    """Return customers who come at given times, with all else drawn that the queue makes a difference by."""
    n, kinds = len(arrival), queue.people
    kind = np.zeros(n, np.int8)
    if len(kinds) > 1:
        pick_kinds(kind, luck.row(0, 3, n), np.cumsum([one.share for one in kinds])[:-1], 0, n)
    people = People(
        arrival,
        _needs(queue, luck, kind),
        _patience(queue, luck, kind),
        ENDLESS,
        ENDLESS,
        ENDLESS,
        kind,
        due,
        None,
        absent,
    )
    if queue.balking is not None:
        people.luck, people.accepted = luck.row(1, 0, n).astype(np.float64), _accepted(queue, luck, kind)
    if queue.call_back is not None:
        people.call_luck = luck.row(1, 1, n).astype(np.float64)
    if queue.bot is not None:
        people.contained = luck.row(1, 3, n) < queue.bot.contained
    return people


def _needs(queue: Queue, luck: Luck, kind: NDArray[np.int8]) -> Array:
    places = ((0, 1), (2, 0), (2, 1))  # draw and word, by stage
    by_kind = [queue.served_by(one) for one in queue.people]
    if not by_kind[0]:
        return np.zeros((1, len(kind)))
    need = [values([one[s] for one in by_kind], luck.row(*places[s], len(kind)), kind) for s in range(queue.stages)]
    return np.stack(need) if len(need) > 1 else need[0][None, :]


def patience_of(queue: Queue, kind: Kind) -> Distribution | None:
    """Return how long customers of a kind wait; None = without end."""
    return kind.patience or queue.patience


def _patience(queue: Queue, luck: Luck, kind: NDArray[np.int8]) -> Array:
    each = [patience_of(queue, one) for one in queue.people]
    ends = [one for one in each if one is not None]
    if not ends:
        return ENDLESS
    out = values([one or ends[0] for one in each], luck.row(0, 2, len(kind)), kind)
    if len(ends) < len(each):
        out[np.array([one is None for one in each])[kind]] = np.inf
    return out


def _accepted(queue: Queue, luck: Luck, kind: NDArray[np.int8]) -> Array:
    rule = queue.balking
    assert rule is not None
    if rule.accepted is not None:
        return values([rule.accepted], luck.row(1, 2, len(kind)), kind)
    return np.full(1, (rule.value or 0.0) / (rule.cost or 1.0))


def _arrivals(
    queue: Queue, luck: Luck, customers: int | None, duration: float | None
) -> tuple[Array, Array | None, NDArray[np.bool_] | None]:
    """Return when customers come, and with appointments their slots and who does not come."""
    slots = queue.appointments
    if slots is not None:
        n = customers if duration is None else int(np.ceil(duration / slots.every))
        due = np.arange(float(n or 1)) * slots.every
        late = (
            values([slots.lateness], luck.row(2, 3, len(due)), np.zeros(len(due), np.int8)) if slots.lateness else 0.0
        )
        absent = luck.row(2, 2, len(due)) < slots.no_show
        return np.maximum(due + late, 0.0), due, absent if slots.no_show > 0 else None
    gap = queue.interarrival or Distribution(
        kind="exponential", mean=1.0 if queue.profile else 1.0 / (queue.rate or 1.0)
    )
    if duration is None:
        return _times(queue, gap, luck, customers or 0), None, None
    expected = duration / gap.expectation * (queue.rate or 1.0 if queue.profile else 1.0)
    n = int(expected + _ENOUGH * np.sqrt(expected) + 16)
    while (arrival := _times(queue, gap, luck, n))[-1] < duration:
        n *= 2
    return arrival[: np.searchsorted(arrival, duration)], None, None


def _times(queue: Queue, gap: Distribution, luck: Luck, n: int) -> Array:
    arrival = values([gap], luck.row(0, 0, n), np.zeros(n, np.int8))
    cumulate(arrival, 0, n)
    if queue.profile is not None and queue.rate is not None:
        rates = np.array(queue.profile.rates)
        warp(arrival, rates / rates.mean() * queue.rate, np.array([queue.profile.interval]), 0, n)
    return arrival


def _members(queue: Queue, luck: Luck, customers: int | None, duration: float | None) -> People:
    """Return the visits of a finite population, visit by visit: row v is visit v div size of member v mod size."""
    members = queue.population
    assert members is not None
    cycle = members.between + (queue.times[0].expectation if queue.times else 0.0)
    horizon = duration if duration is not None else (customers or 1) / members.size * cycle
    expected = horizon / members.between
    visits = int(expected + _ENOUGH * np.sqrt(expected) + 16)
    n = members.size * visits
    if n > MOST or visits > _MOST_VISITS:
        message = f"may lead to {visits:,} visits of each of {members.size:,} members"
        raise Refusal(f"{message}; take a shorter time", place="population")
    away = values([Distribution(kind="exponential", mean=members.between)], luck.row(0, 0, n), np.zeros(n, np.int8))
    people = wants(queue, luck, away)
    people.stride, people.horizon = members.size, horizon
    return people
