"""A service day: who comes, waits, is served or goes, happening by happening.

Claim: none; definitions of lines, pools of servers and what people do in them.
Source: the words of abm/queues, docstrings and the meaning of the records, without a look at its routines.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from tests.reference.facility import (
    ABANDONED,
    AWAY,
    BALKED,
    DENIED,
    IN_SERVICE,
    MOST_POOLS,
    NOBODY,
    SERVED,
    WAITING,
    Facility,
    Line,
    Person,
    Pool,
)  # fmt: skip
from tests.reference.random_numbers import WORD, customer_words, uniform

END, PATIENCE_ENDS, COMES_AGAIN, SHIFT, COMES = range(5)  # in this order at the same time
OUTCOMES = {BALKED: "balked", ABANDONED: "abandoned", DENIED: "denied"}
AFTER_NO_SERVICE, AFTER_SERVICE = 8, 40  # draws, to which the number of the coming is added


ENDLESS = 1e18  # minutes that never end


class ServiceDay:
    """A day of these settings; `trace` has (time, people who wait, (busy, staff) of pools) after each happening.

    day : what has the arrays and numbers of a day by their names, as abm/queues/rules.py tells them
    exponential (u, mean), logistic (x) : of single precision, in which two ways to calculate differ
    """

    def __init__(
        self, day: Any, exponential: Callable[[float, float], float], logistic: Callable[[float], float]
    ) -> None:
        self.day, self.now, self.exponential, self.logistic = day, 0.0, exponential, logistic
        self.key = int(day.key) & WORD, int(day.key) >> 32
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
        f, p = divmod(int(self.day.shift_place[k]), MOST_POOLS)
        pool = self.facilities[f].pools[p]
        pool.staff = int(self.day.shift_staff[k])
        self.give_work(self.facilities[f], pool)

    def come(self, v: Person) -> None:
        """Let a person come in, at the first stage."""
        f = self.facilities[v.facility]
        v.tries, v.stage, v.announced, v.pool = v.tries + 1, 0, -1.0, NOBODY
        f.counts["tried"] += 1
        if f.counts["inside"] >= f.rules["room"]:
            self.turn_away(v, DENIED)
            return
        line = f.chosen(v)
        if f.free_pool(line, None) is None:
            line = self.line_chosen(f, line, v)
        if line is None:
            self.turn_away(v, BALKED)
            return
        if line.place != f.rules["call_back_line"]:
            f.counts["inside"] += 1
            v.in_room = True
        self.join(f, line, v, None)

    def line_chosen(self, f: Facility, line: Line, v: Person) -> Line | None:
        """Return which line a person joins who would have to wait in `line`: None if she balks."""
        r = f.rules
        wait = f.expected_wait(line)
        back = int(r["call_back_line"])
        if back >= 0 and wait > r["call_back_after"] and v.call_luck < r["call_back_taken"]:
            f.counts["called_back"] += 1
            return f.lines[back]
        seen = wait
        if r["announces"]:
            seen = v.announced = r["announced_part"] * wait
        if r["balks"] and (r["visible"] or r["announces"]) and self.balks(seen, v):
            return None
        return line

    def balks(self, seen: float, v: Person) -> bool:
        """Tell whether a person does not join: a logit of the wait that she sees beyond what she accepts."""
        scale = self.facilities[v.facility].rules["balk_scale"]
        if scale == 0.0 or math.isinf(v.accepted):  # any wait is within an endless one, also that
            return bool(seen > v.accepted)
        return v.luck < self.logistic((seen - v.accepted) / scale)

    def join(self, f: Facility, line: Line, v: Person, taken: Pool | None) -> None:
        """Let a person join a line, and wait if nobody is free for her."""
        v.line, v.joined = line.place, self.now
        v.ticket = line.issued
        line.issued += 1
        called_back = line.place == f.rules["call_back_line"]
        pool = f.free_pool(line, taken)
        if pool is not None:
            self.begin(f, line, pool, [v])
            return
        line.stand_behind(v, bool(f.rules["appointments"]))
        v.state = WAITING
        v.deadline = ENDLESS if called_back else self.now + v.patience
        f.counts["longest"] = max(f.counts["longest"], len(line.waiting))
        self.set_alarm(v)

    def set_alarm(self, v: Person) -> None:
        """See to it that somebody looks when her patience ends, unless somebody looks before that anyway."""
        if v.deadline < min(v.alarm, ENDLESS):
            v.alarm = v.deadline
            self.later(v.alarm, PATIENCE_ENDS, v.place, v)

    def look_at_patience(self, v: Person) -> None:
        """Let a person give up if she waits and her patience ends now."""
        v.alarm = ENDLESS
        if v.state != WAITING:
            return
        if v.deadline > self.now:
            self.set_alarm(v)
            return
        f = self.facilities[v.facility]
        f.lines[v.line].waiting.remove(v)
        v.waited += self.now - v.joined
        self.goes_out(f, v)
        self.turn_away(v, ABANDONED)

    def stops_waiting(self, v: Person) -> None:
        """Count the wait of a person who leaves a line, or who did not have to wait in it."""
        v.waited += self.now - v.joined
        if v.stage == 0:
            v.first_wait = self.now - v.joined

    def goes_out(self, f: Facility, v: Person) -> None:
        """Let a person leave the room."""
        if v.in_room:
            f.counts["inside"] -= 1
            v.in_room = False

    def give_work(self, f: Facility, pool: Pool) -> None:
        """Let the free servers of a pool take who is next, as long as somebody is."""
        while pool.busy < pool.staff and (line := f.next_line(pool)) is not None:
            self.begin(f, line, pool, line.waiting[: pool.batch])
        if pool.busy < pool.staff:
            for line in f.served_by(pool):  # where nobody waits every number has been called
                line.called = line.called if line.waiting else line.issued

    def begin(self, f: Facility, line: Line, pool: Pool, together: Sequence[Person]) -> None:
        """Begin to serve some people together."""
        for v in together:
            if v.state == WAITING:
                line.waiting.remove(v)
            self.stops_waiting(v)
            if not v.in_room:
                v.in_room = True
                f.counts["inside"] += 1
            v.state, v.pool, v.began = IN_SERVICE, pool.place, self.now
            line.called = max(line.called, v.ticket + 1)
        for v in together if f.rules["fairness"] else ():
            self.count_overtaken(f, line, v)
        line.serving += len(together)
        pool.busy += 1
        minutes = max(v.needs[v.stage] for v in together) * pool.pace
        if not pool.has_skill(line):
            minutes *= f.rules["wrong_pace"]
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
            if v.stage + 1 < f.rules["stages"]:
                v.stage += 1
                self.join(f, f.chosen(v), v, pool)
            else:
                self.finish(f, v)
        self.give_work(f, pool)

    def luck_after(self, draw: int, v: Person) -> tuple[float, float, float]:
        """Return the uniforms for what a person does next, and give her new luck for when she comes again."""
        day = self.day
        words = customer_words(
            self.key, v.who, day.period, draw=draw + v.tries, block=v.nth, replication=day.replication
        )
        elsewhere, again, when, v.luck = map(uniform, words)
        v.call_luck = v.luck
        return elsewhere, again, when

    def turn_away(self, v: Person, outcome: int) -> None:
        """Let a person who is not served go elsewhere, come again later, or leave."""
        f = self.facilities[v.facility]
        f.counts[OUTCOMES[outcome]] += 1
        comes_again = f.rules["elsewhere"] > 0.0 or f.rules["retries"] > 0.0
        elsewhere, again, when = self.luck_after(AFTER_NO_SERVICE, v) if comes_again else (1.0, 1.0, 1.0)
        if v.second >= 0 and elsewhere < f.rules["elsewhere"]:
            f.counts["moved"] += 1
            v.facility, v.second = v.second, NOBODY
            self.comes_again(v, f.rules["travel"])
        elif again < f.rules["retries"] and v.tries < f.rules["most_tries"]:
            self.comes_again(v, self.exponential(when, f.rules["retry_after"]))
        else:
            self.leave(v, outcome)

    def finish(self, f: Facility, v: Person) -> None:
        """Let a person who was served leave, or come again for what is not done."""
        f.counts["completed"] += 1
        v.handled += 1
        self.goes_out(f, v)
        chance = f.rules["repeats"]
        if not f.pools[v.pool].has_skill(f.lines[v.line]):
            chance = chance + f.rules["wrong_repeats"]
        if chance > 0.0 and v.tries < f.rules["most_tries"]:
            again, _, when = self.luck_after(AFTER_SERVICE, v)
            if again < chance:
                f.counts["repeated"] += 1
                self.comes_again(v, self.exponential(when, f.rules["repeat_after"]))
                return
        self.leave(v, SERVED)

    def comes_again(self, v: Person, after: float) -> None:
        """Let a person come again after some minutes."""
        v.state = AWAY
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
            if v.state == WAITING:
                f = self.facilities[v.facility]
                v.waited += self.now - v.joined
                f.counts["denied"] += 1
                v.state, v.left = DENIED, self.now
        for line in (line for f in self.facilities for line in f.lines):
            for ahead, behind in pairwise(line.waiting):
                ahead.behind, behind.ahead = behind.place, ahead.place
