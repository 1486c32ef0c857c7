"""A facility: people by their records, lines in which they wait, pools of servers, and who is next.

Claim: none; definitions of lines and pools.
Source: the words of abm/queues, docstrings and the meaning of the records, without a look at its routines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

NOBODY, MOST_POOLS, MOST_STAGES = -1, 16, 3
SERVED, BALKED, ABANDONED, DENIED, AWAY, WAITING, IN_SERVICE = range(7)  # what became of a person

# The names of the records, in their order.
PERSON = [
    "state", "stage", "tries", "handled", "facility", "second", "kind", "line", "pool", "behind", "ahead", "mate",
    "overtaken", "ticket", "who", "nth",
]  # fmt: skip
WANTS = ["arrival", "patience", "accepted", "luck", "call_luck", "due"]  # and then the needs of the stages
TIMES = ["alarm", "joined", "deadline", "began", "left", "waited", "first_wait", "announced"]
LINE = ["head", "tail", "length", "serving", "issued", "called"]
COUNTS = [
    "tried", "completed", "balked", "abandoned", "denied", "moved", "called_back", "repeated", "inside", "longest"
]  # fmt: skip
RULES = [
    "room", "visible", "announces", "announced_part", "balk_scale", "balks", "tickets", "appointments",
    "call_back_line", "call_back_after", "call_back_taken", "retries", "retry_after", "most_tries", "elsewhere",
    "travel", "repeats", "wrong_repeats", "repeat_after", "wrong_pace", "fairness", "stages", "lines", "pools",
]  # fmt: skip


class Person:
    """Somebody by her records, a name each; `needs` are the minutes of service of the stages."""

    def __init__(self, place: int, person: Any, times: Any, wants: Any) -> None:
        self.place = place
        self.__dict__.update(zip(PERSON, (int(x) for x in person), strict=True))
        self.__dict__.update(zip(TIMES, times, strict=True))
        self.__dict__.update(zip(WANTS, wants[: len(WANTS)], strict=True))
        self.needs = wants[len(WANTS) :].copy()
        self.in_room = False

    def records(self) -> tuple[list[Any], ...]:
        """Return the records: whole numbers, times, wants."""
        wants = [*(getattr(self, name) for name in WANTS), *self.needs]
        return [getattr(self, name) for name in PERSON], [getattr(self, name) for name in TIMES], wants


@dataclass(eq=False)
class Line:
    """A line and who waits in it, the first first."""

    place: int
    rank: int
    before: int
    stage: int
    waiting: list[Person] = field(default_factory=list)
    serving: int = 0
    issued: int = 0
    called: int = 0

    def records(self) -> list[int]:
        """Return what the line is like at the moment, in the order of LINE."""
        head, tail = (self.waiting[0].place, self.waiting[-1].place) if self.waiting else (NOBODY, NOBODY)
        return [head, tail, len(self.waiting), self.serving, self.issued, self.called]

    def stand_behind(self, v: Person, by_appointment: bool) -> None:
        """Put a person at the end; with appointments, in front of those whose appointment is later."""
        at = len(self.waiting)
        while by_appointment and at > 0 and self.waiting[at - 1].due > v.due:
            at -= 1
        self.waiting.insert(at, v)


@dataclass(eq=False)
class Pool:
    """Servers who can stand in for each other."""

    place: int
    serves: int
    without_skill: int
    batch: int
    reserved: int
    reserve: int
    pace: float
    staff: int
    busy: int = 0
    minutes: float = 0.0

    def has_skill(self, line: Line) -> bool:
        """Tell whether the pool has the skill that a line takes."""
        return not self.without_skill >> line.place & 1

    def has_server(self, line: Line, spoken_for: int = 0) -> bool:
        """Tell whether it serves a line and somebody is free for it, apart from the reserve."""
        kept = self.reserve if self.reserved >> line.place & 1 else 0
        return bool(self.serves >> line.place & 1) and self.staff - self.busy - spoken_for > kept


class Facility:
    """A place where people are served: its rules, lines and pools, and what is counted there."""

    def __init__(self, day: Any, f: int) -> None:
        self.rules = dict(zip(RULES, day.rules[f], strict=True))
        self.joins, self.mean = day.joins[f], day.mean[f]
        lines, pools = int(self.rules["lines"]), int(self.rules["pools"])
        self.lines = [Line(k, *(int(x) for x in day.lines[f, k])) for k in range(lines)]
        staff = day.pool_state[f, :, 0]
        self.pools = [Pool(p, *map(int, day.pools[f, p]), day.pace[f, p], int(staff[p])) for p in range(pools)]
        self.counts = dict.fromkeys(COUNTS, 0)

    def serving(self, line: Line) -> list[Pool]:
        """Return the pools that serve a line."""
        return [pool for pool in self.pools if pool.serves >> line.place & 1]

    def served_by(self, pool: Pool) -> list[Line]:
        """Return the lines that a pool serves."""
        return [line for line in self.lines if pool.serves >> line.place & 1]

    def chosen(self, v: Person) -> Line:
        """Return the line that a person joins at her stage: with the fewest who seem to wait or are served."""
        may = int(self.joins[v.stage, v.kind])
        lines = [line for line in self.lines if may >> line.place & 1]
        return min(lines, key=lambda line: self.seem_to_wait(line) + line.serving)

    def free_pool(self, line: Line, taken: Pool | None) -> Pool | None:
        """Return the first pool with a free server, one with the skill before one without."""
        free = [pool for pool in self.pools if pool.has_server(line, int(pool is taken))]
        return min(free, key=lambda pool: not pool.has_skill(line), default=None)

    def seem_to_wait(self, line: Line) -> int:
        """Return how many seem to wait: with numbers, all that were drawn and not called yet."""
        return line.issued - line.called if self.rules["tickets"] else len(line.waiting)

    def expected_wait(self, line: Line) -> float:
        """Return (those seen who are served no later + 1) x mean minutes / servers, of pace 2 as half a one."""
        seen = sum(self.seem_to_wait(other) for other in self.lines if line.before >> other.place & 1)
        servers = sum((pool.staff / pool.pace for pool in self.serving(line)), 0.0)
        return (seen + 1) * self.mean[line.stage] / servers if servers > 0 else math.inf

    def next_line(self, pool: Pool) -> Line | None:
        """Return the line from which a pool serves next."""
        of_whom = "due" if self.rules["appointments"] else "joined"
        lines = [line for line in self.lines if line.waiting and pool.has_server(line)]
        order = [(line.rank, not pool.has_skill(line), getattr(line.waiting[0], of_whom), line.place) for line in lines]
        return self.lines[min(order)[-1]] if order else None
