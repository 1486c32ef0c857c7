"""Facts of who stops after a bad visit: those who complained, and those who know the firm little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.sources import KNOX_VAN_OEST_2014
from abm.engine.visit_log import room, taken, visit_log
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.facts.voice import USUAL
from abm.mechanisms.service.encounter import Encounter
from abm.mechanisms.voice.aftermath import return_after_complaint, return_after_recovery, return_undisturbed

_FELT = tuple(column for column in Encounter.owns if column.name == "transaction")
_BAD = 0.5  # satisfaction with a visit below which it dissatisfies


def complaints(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure who comes back: who complained, who was recovered, and whose visit went well."""
    lab.need("complaint", "recovery")
    if lab.scenario.exit is not None:
        raise Refusal("that complaints lead to exit is a parameter of this market")
    changes: dict[str, Any] = {} if lab.scenario.aftermath is not None else {"aftermath": {}}
    for lever, amends in USUAL.items():
        changes |= lab.of_all_firms(f"recovery.{lever}", amends)
    measures = (return_after_complaint, return_after_recovery, return_undisturbed)
    complained, recovered, fine = lab.kpis(measures, changes).mean(axis=1).T
    return {
        "return, complained less fine": complained - fine,
        "return, recovered less complained": recovered - complained,
    }


def _in_order(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return a log of visits by customer, and of a customer as they came."""
    log = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((log["nth"], log["period"], log["customer"]))
    return {name: column[order] for name, column in log.items()}


def _earlier(customer: np.ndarray, firm: np.ndarray) -> np.ndarray:
    """Return how many visits to the same firm each visit of a log in order comes after."""
    pair = customer.astype(np.int64) * (int(firm.max()) + 1) + firm
    order = np.argsort(pair, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(pair[order]) != 0])
    length = np.diff(np.r_[first, pair.size])
    found = np.empty(pair.size, np.int64)
    found[order] = np.arange(pair.size) - np.repeat(first, length)
    return found


def experience(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether a bad visit costs the next one less where there were many before."""
    lab.need_rivals()
    people, found = lab.scenario.population.customers, []
    for engine in lab.runs({}, (visit_log(_FELT, room(people, 1), until=lab.scenario.periods),)):
        parts = []
        for _ in range(lab.scenario.periods):
            engine.run(1)
            parts.append(taken(engine.world, ("transaction",)))
        log = _in_order(parts)
        known = _earlier(log["customer"], log["firm"])[:-1]
        follows = (log["customer"][1:] == log["customer"][:-1]) & (known > 0)
        again, bad = log["firm"][1:] == log["firm"][:-1], log["transaction"][:-1] < _BAD
        much = known > np.median(known[follows & bad])
        loss = [
            again[follows & ~bad & of].mean() - again[follows & bad & of].mean() for of in (much, ~much)
        ]  # fmt: skip
        found.append(loss[0] - loss[1])
    return {"loss of returns by a bad visit, many visits less few": np.array(found)}


FACTS = (
    Fact(
        53,
        "complaints_and_stopping",
        "who complains stops more often, and a recovery takes back a part of it",
        cite(KNOX_VAN_OEST_2014, "abstract: a complaint raises the chance of stopping; recovery counters it"),
        "held out",
        "next visit to the same firm after one that was complained of, one that was recovered and one that went well; "
        "all firms make some amends, and nobody turns her back for having complained",
        (
            Part("return, complained less fine", "share", high=0.0, coded=True),
            Part("return, recovered less complained", "share", 0.0, coded=True),
        ),
        complaints,
        "coach",
    ),
    Fact(
        54,
        "experience_shelters",
        "a bad visit makes those stop less who have come often before",
        cite(KNOX_VAN_OEST_2014, "abstract: earlier purchases mitigate"),
        "held out",
        "next visit after one that dissatisfied and one that did not, by earlier visits to the firm, at least one: "
        "more than the median before bad visits, or fewer",
        (Part("loss of returns by a bad visit, many visits less few", "share", high=0.0),),
        experience,
    ),
)
