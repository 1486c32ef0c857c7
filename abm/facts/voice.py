"""Facts of exit, voice, silence and recovery, and of what satisfaction goes with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import (
    DE_MATOS_2007,
    HIRSCHMAN_1970,
    KNOX_VAN_OEST_2014,
    PICK_EISEND_2014,
    SZYMANSKI_HENARD_2001,
)
from abm.engine.visit_log import room, taken, visit_log
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.kpis.kpi import Kpi
from abm.mechanisms.service.encounter import Encounter
from abm.mechanisms.voice.aftermath import (
    praise_after_recovery,
    praise_undisturbed,
    return_after_complaint,
    return_after_recovery,
    return_after_silence,
    return_undisturbed,
)
from abm.mechanisms.voice.complaint import voice_share
from abm.mechanisms.voice.recovery import paradox_gap

_THEORIES = ("complaint", "recovery", "exit", "aftermath")
USUAL = {"compensation": 0.5, "empathy": 0.5, "answer_speed": 0.5, "solution_speed": 0.5}
VERY_GOOD = {"compensation": 1.5, "empathy": 0.95, "answer_speed": 0.95, "solution_speed": 0.95}
_JUDGED = ("performance", "transaction")


def _speaking(lab: Laboratory, amends: Mapping[str, float]) -> dict[str, Any]:
    """Return the changes that let customers speak and all firms make amends, where the market has none of it."""
    lab.need("lifecycle", "word_of_mouth")
    absent: dict[str, Any] = {name: {} for name in _THEORIES if getattr(lab.scenario, name) is None}
    firms = (firm.name for firm in lab.scenario.firms)
    return absent | {f"firms.{name}.recovery.{lever}": x for name in firms for lever, x in amends.items()}


def _means(lab: Laboratory, amends: Mapping[str, float], *kpis: Kpi) -> np.ndarray:
    """Return the means over firms of measures in a market that speaks: (replications, measures)."""
    return lab.kpis(kpis, _speaking(lab, amends)).mean(axis=1)


def voice(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure which part of the dissatisfied complains."""
    return {"complaints / dissatisfied visits": _means(lab, USUAL, voice_share)[:, 0]}


def silence(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether the silent dissatisfied come back less than those who complained."""
    silent, heard, recovered = _means(
        lab, USUAL, return_after_silence, return_after_complaint, return_after_recovery
    ).T  # fmt: skip
    return {"return, silent less unrecovered": silent - heard, "return, silent less recovered": silent - recovered}


def offset(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how much of what a bad visit takes from coming back a very good recovery gives back."""
    fine, recovered, silent = _means(
        lab, VERY_GOOD, return_undisturbed, return_after_recovery, return_after_silence
    ).T  # fmt: skip
    return {"part of the loss that is made good": (recovered - silent) / (fine - silent)}


def paradox(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether recovered visits are praised above good ones, and whether anything else follows."""
    gap, again, fine, praised, praised_fine = _means(
        lab, VERY_GOOD, paradox_gap, return_after_recovery, return_undisturbed, praise_after_recovery,
        praise_undisturbed,
    ).T  # fmt: skip
    return {"satisfaction said": gap, "return": again - fine, "praise": praised - praised_fine}


def intention_and_behaviour(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what satisfaction with the provider has to do with choosing it again, as meant and as done."""
    lab.need("learning")
    lab.need_rivals()
    meant, done = [], []
    for engine in lab.runs():
        engine.run(lab.launch)
        c = engine.world.customers
        here = np.flatnonzero(c.provider >= 0)
        provider = c.provider[here].copy()
        satisfaction = c.satisfaction[provider, here].astype(np.float64)
        intention = c.preference[provider, here].astype(np.float64)
        before = c.encounters.sum(axis=0)[here].copy()
        engine.run(lab.year // 4)
        came = c.encounters.sum(axis=0)[here] > before
        again = (c.provider[here] == provider).astype(np.float64)
        meant.append(np.corrcoef(satisfaction, intention)[0, 1])
        done.append(np.corrcoef(satisfaction[came], again[came])[0, 1])
    return {
        "correlation with repurchase": np.array(done),
        "the same less that with intention": np.array(done) - np.array(meant),
    }


def antecedents(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what satisfaction with visits goes with: disconfirmation, performance or expectation."""
    lab.need("learning")
    people = lab.scenario.population.customers
    columns = tuple(column for column in Encounter.owns if column.name in _JUDGED)
    found = []
    for engine in lab.runs({}, (visit_log(columns, room(people, 1), first=lab.launch),)):
        engine.run(lab.launch)
        parts = []
        for _ in range(lab.year // 4):
            expectation = engine.world.customers.expectation.copy()  # what visitors of the period will compare with
            engine.run(1)
            log = taken(engine.world, _JUDGED)
            expected = expectation[log["firm"], log["customer"] % people]  # newcomers are a multiple of people later
            parts.append([log["transaction"], log["performance"], expected])
        satisfaction, performance, expected = np.concatenate(parts, axis=1).astype(np.float64)
        found.append([np.corrcoef(satisfaction, x)[0, 1] for x in (performance - expected, performance, expected)])
    gap, performance, expected = np.array(found).T
    return {"disconfirmation less expectation": gap - expected, "performance less expectation": performance - expected}


FACTS = (
    Fact(
        19,
        "voice_of_the_dissatisfied",
        "three or four of ten dissatisfied customers complain, the others are silent",
        cite(HIRSCHMAN_1970, "exit, voice and silence; the share is that of the toolkit's prototype, .38"),
        "calibration",
        "complaints per dissatisfied visit, where customers may speak and all firms make some amends",
        (Part("complaints / dissatisfied visits", "share", 0.3, 0.4),),
        voice,
    ),
    Fact(
        20,
        "silence_costs_more",
        "the silent dissatisfied come back less often than those who complain",
        cite(HIRSCHMAN_1970, "voice keeps who would leave"),
        "held out",
        "next visit after a bad one to the same firm, by whether she complained, where all firms make some amends",
        (
            Part("return, silent less unrecovered", "share", high=0.0),
            Part("return, silent less recovered", "share", high=0.0, coded=True),
        ),
        silence,
    ),
    Fact(
        21,
        "recovery_offsets_in_part",
        "a good recovery makes good a part of what a failure costs in loyalty, rarely all of it",
        cite(KNOX_VAN_OEST_2014, "abstract: recovery offsets, rarely fully"),
        "held out",
        "next visit to the same firm after a visit that went well, a recovered one and a silent one, where all firms "
        "give back one and a half baskets, with care and at once",
        (Part("part of the loss that is made good", "share", 0.0, 1.0),),
        offset,
    ),
    Fact(
        22,
        "recovery_paradox",
        "a very good recovery of a first, mild failure is praised above a visit without one, and moves nothing else",
        cite(DE_MATOS_2007, "abstract: the paradox is one of satisfaction, not of repurchase or word of mouth"),
        "held out",
        "satisfaction stated after such a recovery less that of visits that went well; the same of recovered visits' "
        "returns and praise",
        (
            Part("satisfaction said", "0-1", 0.0, coded=True),
            Part("return", "share", high=0.01),
            Part("praise", "1/visit", high=0.01),
        ),
        paradox,
    ),
    Fact(
        23,
        "satisfaction_intention_behaviour",
        "satisfaction goes with what customers mean to do more than with what they do",
        cite(PICK_EISEND_2014, "abstract: intention against behaviour; of satisfaction the same is usually found"),
        "held out",
        "correlation over customers of satisfaction with the provider and the chance of choosing it again, and whether "
        "she did at her latest visit of the next quarter",
        (
            Part("correlation with repurchase", "correlation", 0.0, coded=True),
            Part("the same less that with intention", "correlation", high=0.0),
        ),
        intention_and_behaviour,
    ),
    Fact(
        24,
        "antecedents_of_satisfaction",
        "satisfaction goes with disconfirmation and performance more than with expectation",
        cite(SZYMANSKI_HENARD_2001, "abstract: disconfirmation among the strongest, expectation weakest"),
        "held out",
        "correlations over the visits of a quarter with satisfaction with the visit",
        (
            Part("disconfirmation less expectation", "correlation", 0.0, coded=True),
            Part("performance less expectation", "correlation", 0.0, coded=True),
        ),
        antecedents,
    ),
)
