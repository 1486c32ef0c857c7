"""Information: what a firm knows of a customer, and when it is warned that she may be gone.

Claim: a firm notes the visits of those it can identify, learns their rhythm, and is the surer that one is gone the more
of her gaps she has been silent.
Source: the written specification of the theory, without a look at its kernel.

What the warning goes by is a score of `warning_scores`. Rhythms are kept as float32 keeps them, rounded after each
step, because a warning is a threshold on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform
from tests.reference.warning_scores import EXAMPLE as SCORES
from tests.reference.warning_scores import dropped_out, logit_score, recency_warning

EXAMPLE: dict[str, Any] = {"rhythm_rate": 0.3, "warn_from": 0.95, **SCORES}
COUNTS = ("identified", "known_customers", "gone", "warned", "warned_rightly", "record_keeping")


@dataclass
class Record:
    """What a firm knows of a customer: periods of first and latest noted visit, visits, cents, gap in periods, 0-1."""

    known: bool = False
    seen_last: int = -1
    seen_visits: int = 0
    seen_spend: int = 0
    seen_gap: float = 0.0
    warning: float = 0.0
    seen_first: int = -1
    seen_complaints: int = 0

    def note(self, t: int, spend: int, parameters: dict[str, Any]) -> None:
        """Note a visit of a known customer in period t, on which she spent so many cents."""
        since = t - self.seen_last
        if self.seen_visits > 0 and since > 0:
            self.seen_gap = moved_gap(self.seen_gap, since, parameters["rhythm_rate"])
        if self.seen_visits == 0:
            self.seen_first = t
        self.seen_last = t
        self.seen_visits += 1
        self.seen_spend += spend

    def judge(self, t: int, gone: bool, omniscient: bool, parameters: dict[str, Any]) -> None:
        """Set the warning at the end of period t: by a score, or of who sees all by whether she has gone."""
        if self.known:
            self.warning = float(gone) if omniscient else self.score(t, parameters)

    def score(self, t: int, parameters: dict[str, Any]) -> float:
        """Return how sure the firm may be at the end of period t that she is gone."""
        silence, recency = t - self.seen_last, self.seen_last - self.seen_first
        if parameters["score"] == "alive":
            return dropped_out(self.seen_visits - 1, recency, t - self.seen_first, parameters)
        if parameters["score"] == "recency":
            return recency_warning(silence, self.seen_gap)
        return logit_score(
            silence=silence,
            gap=self.seen_gap,
            recency=recency,
            visits=self.seen_visits,
            cents=self.seen_spend,
            complaints=self.seen_complaints,
            p=parameters,
        )


def draw(key: Key, customer: int, period: int, nth: int, replication: int) -> float:
    """Return the uniform that decides whether a visitor is identified on her nth occasion of a period."""
    return uniform(customer_words(key, customer, period, draw=0, block=nth, replication=replication)[0])


def is_identified(u: float, coverage: float, member: bool, omniscient: bool) -> bool:
    """Tell whether a visitor who is not known yet is identified: by luck, by her card, or by who sees all."""
    return omniscient or u < coverage or (member and coverage > 0)


def moved_gap(gap: float, since: int, rhythm_rate: float) -> float:
    """Return gap + rhythm_rate (since - gap), in periods; the first difference sets it."""
    if gap == 0.0:
        return float(since)
    return as_single(gap + as_single(as_single(rhythm_rate) * as_single(since - gap)))


def has_gone(firm: int, provider: int, exited: bool) -> bool:
    """Tell the truth about a customer: whether she is another's, nobody's, or has left the category."""
    return provider != firm or exited


def counted(people: Iterable[tuple[Record, bool]], warn_from: float) -> dict[str, int]:
    """Return how many a firm knows, how many have gone, and of how many it is warned, and rightly.

    people : each customer's record, and whether she has gone
    """
    known = [(record.warning >= warn_from, gone) for record, gone in people if record.known]
    return {
        "known_customers": len(known),
        "gone": sum(gone for _, gone in known),
        "warned": sum(warned for warned, _ in known),
        "warned_rightly": sum(warned and gone for warned, gone in known),
    }


def is_close(record: Record, warn_from: float) -> bool:
    """Tell whether float32 might decide otherwise of whom a firm is warned."""
    return record.known and near(record.warning, warn_from)


def record_keeping(known: int, record_cost: float) -> int:
    """Return what the records of a period cost, 1/100 cent; record_cost of each in cu."""
    return known * hundredths(100 * record_cost)


@dataclass(frozen=True)
class Policy:
    """What a firm decides: chance to identify a visitor, cost of a record in cu a period, whether it sees all."""

    coverage: float = 0.0
    record_cost: float = 0.02
    omniscient: bool = False


class Watch:
    """All firms of a market and what they know: begin a period, let visits be seen in their order, end the period.

    records : records[j][i] of firm j about customer i
    counts  : of the latest period, name -> (firms,), by the names of COUNTS; record_keeping in 1/100 cent
    close   : whether a warning of the period lies so near its threshold that float32 might decide otherwise
    """

    def __init__(self, policies: Sequence[Policy], customers: int, key: Key, parameters: dict[str, Any]) -> None:
        self.policies, self.key, self.parameters = policies, key, parameters
        self.records = [[Record() for _ in range(customers)] for _ in policies]
        self.begin()

    def begin(self) -> None:
        """Begin a period."""
        self.counts = {name: [0] * len(self.policies) for name in COUNTS}
        self.close = False
        self.complaints: list[tuple[int, int]] = []  # of the period: firm, customer

    def visit(self, t: int, i: int, j: int, nth: int, spend: int, member: bool, complained: bool = False) -> None:
        """Let firm j see a visit of customer i, her nth of the period, member or not after it; did she complain?"""
        record, policy = self.records[j][i], self.policies[j]
        if not record.known:
            u = draw(self.key, i, t, nth, replication=0)
            record.known = is_identified(u, policy.coverage, member, policy.omniscient)
            self.counts["identified"][j] += record.known
        if record.known:
            record.note(t, spend, self.parameters)
        if complained:
            self.complaints.append((j, i))

    def end(self, t: int, providers: Sequence[int], exited: Sequence[bool]) -> None:
        """End a period: warnings, counts and cost; each customer's provider, and whether she has left the category."""
        warn_from = self.parameters["warn_from"]
        for j, i in self.complaints:  # who is known by now; also of a visit before she was
            self.records[j][i].seen_complaints += self.records[j][i].known
        for j, (policy, records) in enumerate(zip(self.policies, self.records, strict=True)):
            gone = [has_gone(j, *truth) for truth in zip(providers, exited, strict=True)]
            for record, truth in zip(records, gone, strict=True):
                record.judge(t, truth, policy.omniscient, self.parameters)
                self.close |= is_close(record, warn_from)
            found = counted(zip(records, gone, strict=True), warn_from)
            cost = record_keeping(found["known_customers"], policy.record_cost)
            for name, number in {**found, "record_keeping": cost}.items():
                self.counts[name][j] = number
