"""A service day: who comes, waits, is served or goes, happening by happening.

Claim: none; definitions of lines, pools of servers and what people do in them.
Source: the words of abm/queues, docstrings and the meaning of the records, without a look at its routines.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from abm.core.distributions import exponential_quantile
from abm.core.functions import logistic32
from abm.core.streams import uniform4
from abm.queues import rules as R
from abm.queues.rules import Day
from tests.reference.facility import Facility, Line, Person, Pool

END, PATIENCE_ENDS, COMES_AGAIN, SHIFT, COMES = range(5)  # in this order at the same time
AFTER_NO_SERVICE, AFTER_SERVICE = 8, 40  # draws, to which the number of the coming is added


class ServiceDay:
    """A day of these settings; `trace` has (time, people who wait, servers busy) after each happening."""

    def __init__(self, day: Day) -> None:
        self.day, self.now = day, 0.0
        self.facilities = [Facility(day, f) for f in range(len(day.rules))]
        records = zip(day.person, day.times, day.wants, strict=True)
        self.people = [Person(place, *rows) for place, rows in enumerate(records)]
        self.events: list[tuple[float, int, int, Any]] = []
        self.trace: list[tuple[float, int, list[list[tuple[int, int]]]]] = []
        first = day.first + day.stride if day.stride else day.last
        for v in self.people[day.first : min(first, day.last)]:
            self.later(v.arrival, COMES_AGAIN if day.stride else COMES, v.place, v)
        for k, time in enumerate(day.shift_time):
            self.later(time, SHIFT, k, None)

    def later(self, time: float, kind: int, place: int, who: Any) -> None:
        """Note something to come."""
        heapq.heappush(self.events, (time, kind, place, who))

    def run(self) -> float:
        """Let the day come about.  Returns the time of the last event."""
        while self.events:
            self.now, kind, place, who = heapq.heappop(self.events)
            if kind == END:
                self.end_service(who)
            elif kind == PATIENCE_ENDS:
                self.look_at_patience(who)
            elif kind == SHIFT:
                self.change_staff(place)
            else:
                self.come(who)
            self.note()
        self.send_home()
        return self.now

    def note(self) -> None:
        """Note how many wait, and per pool who of the staff is busy."""
        waiting = sum(len(line.waiting) for f in self.facilities for line in f.lines)
        busy = [[(pool.busy, pool.staff) for pool in f.pools] for f in self.facilities]
        self.trace.append((self.now, waiting, busy))

    def change_staff(self, k: int) -> None:
        """Let as many servers be on duty as a shift says; who is new takes who waits."""
        f, p = divmod(int(self.day.shift_place[k]), R.MOST_POOLS)
        pool = self.facilities[f].pools[p]
        pool.staff = int(self.day.shift_staff[k])
        self.give_work(self.facilities[f], pool)

    def come(self, v: Person) -> None:
        """Let a person come in, at the first stage."""
        f = self.facilities[v.facility]
        v.tries, v.stage, v.announced, v.pool = v.tries + 1, 0, -1.0, R.NOBODY
        f.counts[R.TRIED] += 1
        if f.counts[R.INSIDE] >= f.rules[R.ROOM]:
            self.turn_away(v, R.DENIED)
            return
        line = f.chosen(v)
        if f.free_pool(line, None) is None:
            line = self.line_chosen(f, line, v)
        if line is None:
            self.turn_away(v, R.BALKED)
            return
        if line.place != f.rules[R.CALL_BACK_LINE]:
            f.counts[R.INSIDE] += 1
            v.in_room = True
        self.join(f, line, v, None)

    def line_chosen(self, f: Facility, line: Line, v: Person) -> Line | None:
        """Return which line a person joins who would have to wait in `line`: None if she balks."""
        r = f.rules
        wait = f.expected_wait(line)
        back = int(r[R.CALL_BACK_LINE])
        if back >= 0 and wait > r[R.CALL_BACK_AFTER] and v.call_luck < r[R.CALL_BACK_TAKEN]:
            f.counts[R.CALLED_BACK] += 1
            return f.lines[back]
        seen = wait
        if r[R.ANNOUNCES]:
            seen = v.announced = r[R.ANNOUNCED_PART] * wait
        if r[R.BALKS] and (r[R.VISIBLE] or r[R.ANNOUNCES]) and balks(seen, v.accepted, r[R.BALK_SCALE], v.luck):
            return None
        return line

    def join(self, f: Facility, line: Line, v: Person, taken: Pool | None) -> None:
        """Let a person join a line, and wait if nobody is free for her."""
        v.line, v.joined = line.place, self.now
        v.ticket = line.issued
        line.issued += 1
        called_back = line.place == f.rules[R.CALL_BACK_LINE]
        pool = f.free_pool(line, taken)
        if pool is not None and not called_back:
            self.begin(f, line, pool, [v])
            return
        line.stand_behind(v, bool(f.rules[R.APPOINTMENTS]))
        v.state = R.WAITING
        v.deadline = math.inf if called_back else self.now + v.patience
        f.counts[R.LONGEST] = max(f.counts[R.LONGEST], len(line.waiting))
        self.set_alarm(v)

    def set_alarm(self, v: Person) -> None:
        """See to it that somebody looks when her patience ends, unless somebody looks before that anyway."""
        if v.deadline < v.alarm:
            v.alarm = v.deadline
            self.later(v.alarm, PATIENCE_ENDS, v.place, v)

    def look_at_patience(self, v: Person) -> None:
        """Let a person give up if she waits and her patience ends now."""
        v.alarm = math.inf
        if v.state != R.WAITING:
            return
        if v.deadline > self.now:
            self.set_alarm(v)
            return
        f = self.facilities[v.facility]
        f.lines[v.line].waiting.remove(v)
        v.waited += self.now - v.joined
        self.goes_out(f, v)
        self.turn_away(v, R.ABANDONED)

    def stops_waiting(self, v: Person) -> None:
        """Count the wait of a person who leaves a line, or who did not have to wait in it."""
        v.waited += self.now - v.joined
        if v.stage == 0:
            v.first_wait = self.now - v.joined

    def goes_out(self, f: Facility, v: Person) -> None:
        """Let a person leave the room."""
        if v.in_room:
            f.counts[R.INSIDE] -= 1
            v.in_room = False

    def give_work(self, f: Facility, pool: Pool) -> None:
        """Let the free servers of a pool take who is next, as long as somebody is."""
        while pool.busy < pool.staff and (line := f.next_line(pool)) is not None:
            self.begin(f, line, pool, line.waiting[: pool.batch])
        if pool.busy < pool.staff:
            for line in f.served_by(pool):  # nobody waits, so that every number has been called
                line.called = line.issued

    def begin(self, f: Facility, line: Line, pool: Pool, together: Sequence[Person]) -> None:
        """Begin to serve some people together."""
        for v in together:
            if v.state == R.WAITING:
                line.waiting.remove(v)
            self.stops_waiting(v)
            if not v.in_room:
                v.in_room = True
                f.counts[R.INSIDE] += 1
            v.state, v.pool, v.began = R.IN_SERVICE, pool.place, self.now
            if f.rules[R.FAIRNESS]:
                self.count_overtaken(f, line, v)
            line.called = max(line.called, v.ticket + 1)
        line.serving += len(together)
        pool.busy += 1
        minutes = max(v.needs[v.stage] for v in together) * pool.pace
        if not pool.has_skill(line):
            minutes *= f.rules[R.WRONG_PACE]
        pool.minutes += minutes
        self.later(self.now + minutes, END, together[0].place, list(together))

    def count_overtaken(self, f: Facility, line: Line, v: Person) -> None:
        """Count one more who overtook them, for all who came to a line of her stage before her and still wait."""
        for other in f.lines:
            for u in other.waiting:
                u.overtaken += other.stage == line.stage and u.joined < v.joined

    def end_service(self, together: Sequence[Person]) -> None:
        """End a service: the people go on to the next stage or leave, and the server takes who is next."""
        f = self.facilities[together[0].facility]
        pool = f.pools[together[0].pool]
        pool.busy -= 1
        f.lines[together[0].line].serving -= len(together)
        for v in together:
            if v.stage + 1 < f.rules[R.STAGES]:
                v.stage += 1
                self.join(f, f.chosen(v), v, pool)
            else:
                self.finish(f, v)
        self.give_work(f, pool)

    def luck_after(self, draw: int, v: Person) -> tuple[float, float, float]:
        """Return the uniforms for what a person does next, and give her new luck for when she comes again."""
        day = self.day
        address = (draw + v.tries) << 16 | v.nth
        luck = uniform4(np.uint64(day.key), v.who, day.period, address, day.replication)
        v.luck = v.call_luck = float(luck[3])
        return luck[0], luck[1], luck[2]

    def turn_away(self, v: Person, outcome: int) -> None:
        """Let a person who is not served go elsewhere, come again later, or leave."""
        f = self.facilities[v.facility]
        f.counts[R.TURNED + outcome - 1] += 1
        comes_again = f.rules[R.ELSEWHERE] > 0.0 or f.rules[R.RETRIES] > 0.0
        elsewhere, again, when = self.luck_after(AFTER_NO_SERVICE, v) if comes_again else (1.0, 1.0, 1.0)
        if v.second >= 0 and elsewhere < f.rules[R.ELSEWHERE]:
            f.counts[R.MOVED] += 1
            v.facility, v.second = v.second, R.NOBODY
            self.comes_again(v, f.rules[R.TRAVEL])
        elif again < f.rules[R.RETRIES] and v.tries < f.rules[R.MOST_TRIES]:
            self.comes_again(v, exponential(when, f.rules[R.RETRY_AFTER]))
        else:
            self.leave(v, outcome)

    def finish(self, f: Facility, v: Person) -> None:
        """Let a person who was served leave, or come again for what is not done."""
        f.counts[R.COMPLETED] += 1
        v.handled += 1
        self.goes_out(f, v)
        chance = f.rules[R.REPEATS]
        if not f.pools[v.pool].has_skill(f.lines[v.line]):
            chance = chance + f.rules[R.WRONG_REPEATS]
        if chance > 0.0 and v.tries < f.rules[R.MOST_TRIES]:
            again, _, when = self.luck_after(AFTER_SERVICE, v)
            if again < chance:
                f.counts[R.REPEATED] += 1
                self.comes_again(v, exponential(when, f.rules[R.REPEAT_AFTER]))
                return
        self.leave(v, R.SERVED)

    def comes_again(self, v: Person, after: float) -> None:
        """Let a person come again after some minutes."""
        v.state = R.AWAY
        self.later(self.now + after, COMES_AGAIN, v.place, v)

    def leave(self, v: Person, outcome: int) -> None:
        """Let a person leave for good; in a finite population she comes again later, as the next person of hers."""
        v.state, v.left = outcome, self.now
        day, place = self.day, v.place + self.day.stride
        if day.stride and place < day.last:
            again = self.people[place]
            if self.now + again.arrival < day.horizon:
                again.arrival = self.now + again.arrival
                self.later(again.arrival, COMES_AGAIN, place, again)

    def send_home(self) -> None:
        """Send home who still waits when nothing more can happen."""
        for v in self.people:
            if v.state == R.WAITING:
                f = self.facilities[v.facility]
                v.waited += self.now - v.joined
                f.counts[R.TURNED + R.DENIED - 1] += 1
                v.state, v.left = R.DENIED, self.now
        for line in (line for f in self.facilities for line in f.lines):
            for ahead, behind in pairwise(line.waiting):
                ahead.behind, behind.ahead = behind.place, ahead.place


def balks(seen: float, accepted: float, scale: float, luck: float) -> bool:
    """Tell whether a person does not join: a logit of the wait that she sees beyond what she accepts."""
    if scale == 0.0:
        return bool(seen > accepted)
    if math.isinf(accepted):  # which any wait is within, also an endless one
        return False
    return bool(luck < logistic32(np.float32((seen - accepted) / scale)))


def exponential(u: float, mean: float) -> float:
    """Return the exponential quantile of u, in single precision."""
    return float(exponential_quantile(np.float32(u), np.float32(mean)))
