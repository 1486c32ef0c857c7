"""Facts of loyalty programmes: what they do, to whom, and what they only seem to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import LEENHEER_2007, LIU_2007, MEYER_WAARDEN_2007, NUNES_DREZE_2006
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory, Visits
from abm.mechanisms.loyalty.program import points_program, stamp_card

_NEVER = 1e6  # cu a year: a bother that keeps everybody from joining


def _wallet(log: Visits, people: np.ndarray) -> float:
    """Return the share of the first firm in what some people spend."""
    money = log.money[people].sum(axis=0)
    return float(money[0] / money.sum())


def _joined(lab: Laboratory, changes: Mapping[str, Any]) -> list[tuple[np.ndarray, Visits]]:
    """Return of each replication who is a member of the first firm's programme at the end, and the visits.

    Who is told by identity (people,) bool: places of customers who left the market have members of their own.
    """
    found = []
    for world, log in lab.logged(launched=changes):
        member = np.zeros(log.people, np.bool_)
        member[world.customers.customer_id] = world.customers.member[0] > 0
        found.append((member, log))
    return found


def naive_and_true(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what a programme does to its members' share of wallet, and what comparing them with others suggests."""
    lab.need("rewards")
    lab.need_rivals()
    year = lab.launch, lab.launch + lab.year
    lot = np.arange(lab.scenario.most_identities) % 2 == 0  # numbers have no order: every second is a lot
    programme = points_program()
    without = [log.between(*year) for log in lab.logs()]
    true, ratio, by_lot = [], [], []
    for (member, log), twin in zip(_joined(lab, {"program": programme}), without, strict=True):
        there = log.between(*year)
        effect = _wallet(there, member) - _wallet(twin, member)
        true.append(effect)
        ratio.append((_wallet(there, member) - _wallet(there, ~member)) / effect)
    closed = {"program": points_program(hassle=_NEVER)}
    for log, twin in zip(lab.logs(launched=closed, joining=lot), without, strict=True):
        there = log.between(*year)
        before = _wallet(twin, lot) - _wallet(twin, ~lot)  # what the lot has by chance, 0 on average
        effect = _wallet(there, lot) - _wallet(twin, lot)
        by_lot.append(_wallet(there, lot) - _wallet(there, ~lot) - before - effect)
    return {
        "true effect": np.array(true),
        "naive gap / true effect": np.array(ratio),
        "naive gap less true effect, members by lot": np.array(by_lot),
    }


def gains_by_third(lab: Laboratory) -> np.ndarray:
    """Return by how much members' visits rise with a programme, by their visits before: (replications, 3), light first.

    It is relative, and against the same members' visits without the programme.
    """
    lab.need("rewards")
    lab.need_rivals()
    gains = []
    for (member, log), twin in zip(_joined(lab, {"program": points_program()}), lab.logs(), strict=True):
        before = log.between(0, lab.launch).counts[:, 0]
        edges = np.quantile(before[member], [1 / 3, 2 / 3])
        third = np.digitize(before, edges, right=True)
        year = lab.launch, lab.launch + lab.year
        visits, without = log.between(*year).counts[:, 0], twin.between(*year).counts[:, 0]
        gains.append(
            [visits[member & (third == k)].sum() / max(1, without[member & (third == k)].sum()) - 1 for k in range(3)]
        )
    return np.array(gains)


def by_earlier_visits(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure who buys more often with a programme: those who came rarely before, or often."""
    light, moderate, heavy = gains_by_third(lab).T
    return {"light less heavy": light - heavy, "moderate less heavy": moderate - heavy}


def stamps_held(log: Visits, since: int, goal: int, given: int) -> np.ndarray:
    """Return each customer's stamps at the first firm when each period begins: (periods, people); -1 = a full card."""
    periods = int(log.period.max()) + 1
    came = np.zeros((periods, log.people), np.int32)
    here = (log.firm == 0) & (log.period >= since)
    np.add.at(came, (log.period[here], log.customer[here]), 1)
    before = np.vstack([np.zeros((1, log.people), np.int32), came.cumsum(axis=0)[:-1]])
    return np.where(before + given >= goal, -1, before + given)


def _rates(log: Visits, where: np.ndarray, since: int) -> float:
    """Return visits to the first firm per customer-period in the cells (periods, people) that are marked."""
    here = (log.firm == 0) & (log.period >= since)
    marked = where[log.period[here], log.customer[here]]
    return float(marked.sum() / where[since:].sum())


def goal_gradient(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure visits near the goal of a stamp card against the same customers' in the same weeks without one."""
    lab.need("rewards")
    card = stamp_card(enrolment="automatic")
    goal = round(card.goal)
    near, after = [], []
    for log, twin in zip(lab.logs(launched={"program": card}), lab.logs(), strict=True):
        stamps = stamps_held(log, lab.launch, goal, 0)
        total = np.where(stamps < 0, 0, stamps)
        first_card = stamps >= 0
        begun = first_card & (total >= 1) & (total <= goal // 3)
        close = first_card & (total >= goal - goal // 3)
        rewarded = _first_weeks_after(stamps, 4)
        ratio = {
            name: _rates(log, cells, lab.launch) / _rates(twin, cells, lab.launch)
            for name, cells in (("begun", begun), ("close", close), ("rewarded", rewarded))
        }
        near.append(ratio["close"] / ratio["begun"])
        after.append(ratio["rewarded"] / ratio["close"])
    found = {"rate near the goal / at the start": near, "rate after the reward / near the goal": after}
    return {name: np.array(values) for name, values in found.items()}


def _first_weeks_after(stamps: np.ndarray, weeks: int) -> np.ndarray:
    """Return the cells (periods, people) in the first weeks after a card was full."""
    full = stamps < 0
    since = full.cumsum(axis=0)
    return full & (since <= weeks)


def endowed_progress(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how many fill a card of ten stamps of which two are given, against a card of eight."""
    lab.need("rewards")
    found = []
    plain = stamp_card(enrolment="automatic", goal=8.0)
    endowed = stamp_card(enrolment="automatic", goal=10.0, endowment=2.0)
    logs = zip(lab.logs(launched={"program": plain}), lab.logs(launched={"program": endowed}), strict=True)
    for eight, ten in logs:
        shares = [_completed(log, lab.launch, 8) for log in (eight, ten)]
        week = int(np.argmax(shares[0] >= _PLAIN_COMPLETION))
        found.append(shares[1][week] / shares[0][week])
    return {"completion, two given / none given": np.array(found)}


_PLAIN_COMPLETION = 0.19  # of cards of eight, when the two kinds of card are compared (NUNES_DREZE_2006)


def _completed(log: Visits, since: int, needed: int) -> np.ndarray:
    """Return the share of visitors since the launch who have come often enough, by period since then."""
    stamps = stamps_held(log, since, needed, 0)[since:]
    holders = (stamps != 0).any(axis=0)
    return (stamps[:, holders] < 0).mean(axis=1)


def fading(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what is left of a programme's effect on visits in the last quarter of its first year."""
    lab.need("rewards")
    lab.need_rivals()
    quarter = max(1, lab.year // 4)
    left = []
    for log, twin in zip(lab.logs(launched={"program": points_program()}), lab.logs(), strict=True):
        gains = []
        for first in (lab.launch + quarter // 2, lab.launch + 3 * quarter):
            there, without = (one.between(first, first + quarter).counts[:, 0].sum() for one in (log, twin))
            gains.append(there / without - 1)
        left.append(gains[1] / gains[0])
    return {"effect in the fourth quarter / at first": np.array(left)}


FACTS = (
    Fact(
        9,
        "naive_and_true_effect",
        "a programme changes its members little; they differ from others mostly because they chose it",
        cite(LEENHEER_2007, "abstract: the naive effect is seven times the true one"),
        "held out",
        "a points club from the second year on: members' share of wallet against their own without it, and against "
        "others; the same with members drawn by lot, less what the lot has by chance",
        (
            Part("true effect", "share", 0.005, 0.06),
            Part("naive gap / true effect", "ratio", 2.0),
            Part("naive gap less true effect, members by lot", "share", -0.005, 0.005),
        ),
        naive_and_true,
    ),
    Fact(
        10,
        "light_buyers_gain",
        "light and moderate buyers gain more visits by a programme than heavy ones",
        cite(LIU_2007, "abstract"),
        "held out",
        "members of a points club by their visits of the year before: relative gain against their own without it",
        (Part("light less heavy", "share", 0.0), Part("moderate less heavy", "share", 0.0)),
        by_earlier_visits,
    ),
    Fact(
        11,
        "goal_gradient",
        "visits speed up towards a reward and slow down after it; two stamps given make more people fill a card",
        cite(NUNES_DREZE_2006, "abstract: 34 against 19 % completion; gradient as in Kivetz et al. 2006, abstract"),
        "held out",
        "a stamp card: visits by stamps held against the same customers' in the same weeks without it; cards of eight, "
        "and of ten with two given, when 19 % of the first are full",
        (
            Part("rate near the goal / at the start", "ratio", 1.0, coded=True),
            Part("rate after the reward / near the goal", "ratio", high=1.0, coded=True),
            Part("completion, two given / none given", "ratio", 1.5, 2.1),
        ),
        lambda lab: {**goal_gradient(lab), **endowed_progress(lab)},
    ),
    Fact(
        12,
        "fading_effect",
        "what a programme brings fades within a year",
        cite(MEYER_WAARDEN_2007, "abstract: within six to nine months"),
        "held out",
        "a points club: gain in visits in the fourth quarter after the launch against that in the first",
        (Part("effect in the fourth quarter / at first", "ratio", high=0.5),),
        fading,
    ),
)
