"""Survey of attributes: what those who answer say of each attribute of the service.   Reads only its own customer.

Claim: who answers says of each attribute what she met with on it, coloured by what she thinks of the firm as a whole,
so that answers to attributes go together more than the attributes do.
Source: Thorndike 1920, Journal of Applied Psychology (halo: ratings of parts follow the rating of the whole; from
memory); forms and sizes are assumed.

Five more questions to the same visitors: who is asked and who answers is for `survey` to say, and so are the scale and
the public's leniency. Nothing that customers do follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.core.functions import normal32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.measurement.answers import marks, stated
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.attributes import ATTRIBUTES
from abm.world.columns import Column, Tally


@equation
def coloured(met, satisfaction, halo):
    """Return what she believes of an attribute: what she met with, and by `halo` what she thinks of the firm."""
    return (1.0 - halo) * met + halo * satisfaction


@kernel
def begin_with_quality(
    met_core, met_convenience, met_people, met_speed, met_tangibles, visit_count, visit_firm, quality
):
    """Let visitors meet with the firm's quality on all attributes, as they do where attributes are all alike.

    met_core, … met_tangibles (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        met_core[v] = quality[visit_firm[v]]
        met_convenience[v] = quality[visit_firm[v]]
        met_people[v] = quality[visit_firm[v]]
        met_speed[v] = quality[visit_firm[v]]
        met_tangibles[v] = quality[visit_firm[v]]


@kernel
def answer_attributes(
    answer_on_core, answer_on_convenience, answer_on_people, answer_on_speed, answer_on_tangibles, answered,
    visit_count, visit_customer, visit_nth, visit_pair, customer_id, answer_bias, met_core, met_convenience,
    met_people, met_speed, met_tangibles, satisfaction_at, halo, leniency, slope, noise, most_marks, key, replication,
    t,
):  # fmt: skip
    """Write down what visitors answer of each attribute: 1 + marks of `scale - 1`; 0 of who does not answer.

    The truth is what she met with, coloured by her cumulative satisfaction after all visits of the period. The error of
    each is `noise * z`, beside her bias of the survey; z standard normal: of words 0 to 3 of draw 0 and word 0 of
    draw 1, block nth, in the order of ATTRIBUTES.

    answer_on_core, … answer_on_tangibles (visits,)  [written]
    """
    for v in range(visit_count[0]):
        answer_on_core[v] = 0
        answer_on_convenience[v] = 0
        answer_on_people[v] = 0
        answer_on_speed[v] = 0
        answer_on_tangibles[v] = 0
    for v in range(visit_count[0]):
        if answered[v] > 0:
            i, whole = visit_customer[v], satisfaction_at[visit_pair[v]]
            a, b, c, d = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            e, _, _, _ = uniform4(key, customer_id[i], t, (1 << 16) | visit_nth[v], replication)
            bias = answer_bias[i]
            core = stated(coloured(met_core[v], whole, halo), leniency, slope, bias, noise * normal32(a))
            convenience = stated(coloured(met_convenience[v], whole, halo), leniency, slope, bias, noise * normal32(b))
            people = stated(coloured(met_people[v], whole, halo), leniency, slope, bias, noise * normal32(c))
            speed = stated(coloured(met_speed[v], whole, halo), leniency, slope, bias, noise * normal32(d))
            tangibles = stated(coloured(met_tangibles[v], whole, halo), leniency, slope, bias, noise * normal32(e))
            answer_on_core[v] = 1 + marks(core, most_marks)
            answer_on_convenience[v] = 1 + marks(convenience, most_marks)
            answer_on_people[v] = 1 + marks(people, most_marks)
            answer_on_speed[v] = 1 + marks(speed, most_marks)
            answer_on_tangibles[v] = 1 + marks(tangibles, most_marks)


@kernel
def count_attributes(
    answer_on_core, answer_on_convenience, answer_on_people, answer_on_speed, answer_on_tangibles, answered,
    visit_count, visit_firm, marks_of,
):  # fmt: skip
    """Count what answers add up to above the lowest.  marks_of (attribute, firms)  tally [written]"""
    for v in range(visit_count[0]):
        if answered[v] > 0:
            j = visit_firm[v]
            marks_of[0, j] += np.int64(answer_on_core[v]) - 1
            marks_of[1, j] += np.int64(answer_on_convenience[v]) - 1
            marks_of[2, j] += np.int64(answer_on_people[v]) - 1
            marks_of[3, j] += np.int64(answer_on_speed[v]) - 1
            marks_of[4, j] += np.int64(answer_on_tangibles[v]) - 1


def _score(c: Tallied, attribute: str) -> FloatArray:
    return 100.0 * c.marks_of[..., [*ATTRIBUTES].index(attribute), :] / c.full_marks


_NO_ANSWERS = "nobody answered the firm"
_FORM = "FORNELL_1996 (form of the index)"


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source=_FORM)
def core_score(c: Tallied) -> FloatArray:
    """Core of the service as answered: 100 x (mean answer - 1) / (scale - 1)."""
    return _score(c, "core")


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source=_FORM)
def convenience_score(c: Tallied) -> FloatArray:
    """Convenience as answered: 100 x (mean answer - 1) / (scale - 1)."""
    return _score(c, "convenience")


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source=_FORM)
def people_score(c: Tallied) -> FloatArray:
    """People as answered: 100 x (mean answer - 1) / (scale - 1)."""
    return _score(c, "people")


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source=_FORM)
def speed_score(c: Tallied) -> FloatArray:
    """Speed as answered: 100 x (mean answer - 1) / (scale - 1)."""
    return _score(c, "speed")


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source=_FORM)
def tangibles_score(c: Tallied) -> FloatArray:
    """Tangibles as answered: 100 x (mean answer - 1) / (scale - 1)."""
    return _score(c, "tangibles")


SCORES = (core_score, convenience_score, people_score, speed_score, tangibles_score)  # in the order of ATTRIBUTES


class AttributeSurvey(Mechanism):
    """What is asked of each attribute."""

    name = "attribute_survey"
    serves = ("B21", "F4")
    needs = ("survey", "attributes")
    owns = tuple(
        Column(f"answer_on_{attribute}", ("visit",), 0, "answer", f"how good: {what}? 0 = not answered", "uint8")
        for attribute, what in ATTRIBUTES.items()
    )
    writes = tuple(f"met_{attribute}" for attribute in ATTRIBUTES)
    counts = (Tally("marks_of", "marks", "above the lowest answer, sum by attribute", axes=("attribute",)),)
    kpis = SCORES
    halo: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of an answer that is of the firm as a whole and not of the attribute",
    )  # fmt: skip
    noise: float = param(0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of a single answer")
    scale: int = param(10, unit="answers", bounds=(2, 100), evidence="assumed", doc="highest answer, as of survey")
    leniency: float = param(
        0.0, unit="shift of 0-1", bounds=(-1, 1), evidence="assumed", doc="added to every answer, as of survey"
    )
    slope: float = param(
        1.0, unit="ratio", bounds=(0, 10), evidence="assumed", doc="of what is stated, in the truth, as of survey"
    )

    @property
    def most_marks(self) -> int:
        """Steps of the scale."""
        return self.scale - 1

    def fits(self, market: Any) -> None:
        """Refuse another way of answering than that of the other questions of the survey."""
        for name in ("scale", "leniency", "slope"):
            own, asked = getattr(self, name), getattr(market.survey, name)
            if own != asked:
                step = "the questions are on one sheet, so give both the same"
                raise Refusal(f"= {own:g} is not survey.{name} = {asked:g}; {step}", place=f"{self.name}.{name}")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the questions, which only who answers the survey answers."""
        asked = tuple((Phase.TELLING, act) for act in (answer_attributes, count_attributes))
        return ((Phase.SEATING, begin_with_quality), *asked)
