"""Steps of a service: a visit is a sequence of steps, each done well, badly or not at all.   Uses no neighbours.

Seven steps (greeting, assessment of needs, solution, objections, atmosphere, cross-selling, follow-up) and six
(greeting, needs, solution, atmosphere, quality check, follow-up) are presets. Two of them are steps that other theories
take: an offer of the second product is the step of cross-selling, a call of `care` after a visit its follow-up; care
finds the silent dissatisfied as it does without steps.
Claim: each step has a consequence of its own. The first colours those after it; a solution fits worse if needs were not
learned; an objection that is not answered costs satisfaction and makes her mind the price, until one is answered or she
forgets; a quality check catches failures; an offer before much has been done for her, or one too many, is resented.
What is remembered is between the mean of the moments and their peak and end, so that where a firm takes care, evenly,
at the end or where it is worst, matters beside how much. Each further step of care costs more than the one before.
Source: SHOSTACK 1984, Harvard Business Review (service blueprint), and KAHNEMAN and others 1993, Psychological Science
(peak and end), both from memory; steps after teaching material on customer service; sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.service.service_steps_kernels import (
    CALL,
    CHECK,
    NEEDS,
    OBJECTIONS,
    SELLING,
    SOLUTION,
    STEPS,
    add_memory,
    add_resistance,
    book_steps,
    catch_failures,
    count_memories,
    count_steps,
    forget_steps,
    hear_objections,
    miss_answers,
    remember_steps,
    serve_steps,
)
from abm.mechanisms.service.service_steps_kpis import KPIS
from abm.mechanisms.service.service_steps_others import call_back, place_offers, resent_placing
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

CARES = (
    "greeting_care", "needs_care", "solution_care", "objections_care", "atmosphere_care", "check_care", "selling_care",
    "call_care",
)  # fmt: skip
_LENDERS = {SELLING: "second_product", CALL: "care"}  # theories that take a step


def _care(of: str) -> Any:
    return param(0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc=f"care taken of {of}")


class ServiceStepsPolicy(Policy):
    """Of which steps of its service a firm takes care."""

    name: ClassVar = "service_steps"
    given: ClassVar = {
        "blueprint": "which steps a service has is its nature; here it says whether they are told apart",
        "step_scale": "what the time of staff costs is given to a firm",
    }
    blueprint: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether steps of its service are told apart"
    )
    greeting_care: float = _care("how visitors are received")
    needs_care: float = _care("finding out what she needs")
    solution_care: float = _care("what is done for her")
    objections_care: float = _care("answering objections")
    atmosphere_care: float = _care("the atmosphere")
    check_care: float = _care("checking what was done before she leaves")
    selling_care: float = _care("when and how the second product is offered")
    call_care: float = _care("what is said in a call after the visit")
    step_scale: float = param(
        0.15, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - care) of each step, its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what care of all steps costs a visit, in 1/100 cent; nothing without a blueprint."""
        cost = -self.step_scale * sum(math.log1p(-care) for care in self.cares()) if self.blueprint else 0.0
        return {"step_expense": (CENTS, 100.0 * cost)}

    def cares(self) -> tuple[float, ...]:
        """Return the care taken of each kind of step, in the order of their codes."""
        return tuple(getattr(self, name) for name in CARES)


def _size(default: float, doc: str, *, unit: str = "0-1", high: float = 1.0) -> Any:
    return param(default, unit=unit, bounds=(0, high), evidence="assumed", doc=doc)


class ServiceSteps(Mechanism):
    """Steps of a visit, and what is remembered of them."""

    name = "service_steps"
    presets: ClassVar = "service_steps"
    presets_of: ClassVar = "sequence of steps"
    serves = ("C5",)
    policy = ServiceStepsPolicy
    owns = (
        Column("doubt", ("firm", "customer"), 0, "0-1", "what is left of an objection that was not answered"),
        Column("offer_pressure", ("firm", "customer"), 0, "offers", "made to her as steps of visits, as they fade"),
        Column(
            "step_state", ("service_step", "visit"), 0, "code", "of each kind: no part, left out, badly, well", "uint8"
        ),
        Column("step_quality", ("service_step", "visit"), -1, "0-1", "of each kind of step, -1 = no part of the visit"),
        Column("step_moments", ("visit",), 0, "steps", "of the visit, a call after it included"),
        Column("step_mean", ("visit",), 0, "0-1", "mean quality of the steps"),
        Column("step_peak", ("visit",), 0, "0-1", "quality of the step that stands out most"),
        Column("step_memory", ("visit",), 0, "0-1", "what is remembered of the steps"),
        Column("unanswered", ("visit",), 0, "bool", "whether an objection was not answered", "uint8"),
        Column("offer_resented", ("visit",), 0, "0-1", "satisfaction that an offer takes from the visit"),
    )
    writes = ("transaction",)
    counts = (
        Tally("steps_due", "steps", "steps that were part of visits, by kind", axes=("service_step",)),
        Tally("steps_done", "steps", "of these, done, by kind", axes=("service_step",)),
        Tally("steps_well", "steps", "of these, done well, by kind", axes=("service_step",)),
        Tally("objections_raised", "visits", "visits on which she had an objection"),
        Tally("objections_unanswered", "visits", "of these, on which it was not answered"),
        Tally("resented_offers", "0-1", "sum of satisfaction that offers took from visits", 1 / FIXED_POINT),
        Tally("step_visits", "visits", "visits with steps"),
        Tally("worst_decided", "visits", "of these, whose peak was worse than a step usually is"),
        Tally("step_mean_sum", "0-1", "sum over these of the mean quality of steps", 1 / FIXED_POINT),
        Tally("step_memory_sum", "0-1", "sum over these of what is remembered of steps", 1 / FIXED_POINT),
        Tally("step_spend", "cu", "cost of care of steps", CENT / 100, account="lever"),
    )
    kpis = KPIS
    preset: str = param("core_steps", unit="name", evidence="assumed", doc="sequence that other fields follow")
    steps: tuple[str, ...] = param(
        ("greeting", "needs_assessment", "solution", "objection_handling", "atmosphere"), unit="names",
        evidence="assumed", doc=f"in the order of a visit, each once, of {', '.join(STEPS)}",
    )  # fmt: skip
    peak_end: float = _size(
        0.5, "weight of peak and end in what is remembered; 0 = the mean of all moments", unit="share"
    )
    negativity: float = _size(1.5, "how much more a bad moment stands out than a good one", unit="ratio", high=10.0)
    completion: float = _size(0.85, "chance that a step is done without care", unit="share")
    usual_step: float = _size(0.75, "quality of a step that is done without care, on average")
    care_gain: float = _size(0.6, "part of what it lacks to 1 that full care adds to a step's quality", unit="share")
    step_spread: float = _size(0.15, "sd of a step's quality over visits")
    left_out_quality: float = _size(0.2, "quality of a step that is left out; it is below `well_from`")
    well_from: float = _size(0.5, "quality from which a step is done well")
    first_impression: float = _size(0.2, "pull of the first step's quality on those after it", unit="ratio")
    unlearned: float = _size(0.3, "what a solution lacks if nothing is known of her needs")
    usual_visit: float = _size(
        0.58, "memory of steps that leaves performance, and check that leaves failures, as it is"
    )
    step_weight: float = _size(0.3, "weight of what is remembered of steps in performance", unit="ratio")
    objection_rate: float = _size(0.3, "chance that a visitor has an objection", unit="1/visit")
    unanswered_loss: float = _size(0.08, "satisfaction lost by an objection that is not answered")
    resistance: float = _size(0.3, "how much more she minds the price who has doubts", unit="logit/price", high=20.0)
    doubt_kept: float = _size(0.95, "part of a doubt kept from period to period", unit="kept/period")
    caught: float = _size(0.5, "how strongly a quality check moves the risk of a failure", unit="ratio", high=5.0)
    too_early: float = _size(0.15, "satisfaction that an offer takes before anything is done for her")
    early_below: float = param(
        0.6, unit="0-1", bounds=(0.01, 1), evidence="assumed", doc="quality of the steps before it from which it is not"
    )
    too_hard: float = _size(0.05, "satisfaction that an offer takes for each that she has heard lately", unit="1/offer")
    pressure_kept: float = _size(0.8, "part of the pressure of offers kept from period to period", unit="kept/period")

    @model_validator(mode="after")
    def _is_a_sequence(self) -> Self:
        for step in self.steps:
            if step not in STEPS:
                raise Refusal(f"names {step!r}{did_you_mean(step, STEPS)} (steps: {one_of(STEPS)})", place="steps")
            if self.steps.count(step) > 1:
                raise Refusal(f"has {step!r} twice; each step may stand there once", place="steps")
        if not any(code < SELLING for code in self.sequence):
            raise Refusal(f"= {list(self.steps)} leaves a visit without steps; name {STEPS[SOLUTION]!r}", place="steps")
        if self.left_out_quality >= self.well_from:
            raise Refusal(f"= {self.left_out_quality:g} is not below well_from", place="left_out_quality")
        if {NEEDS, SOLUTION} <= {*self.sequence} and self.steps.index(STEPS[NEEDS]) > self.steps.index(STEPS[SOLUTION]):
            raise Refusal(f"has {STEPS[SOLUTION]!r} before {STEPS[NEEDS]!r}, on which it goes", place="steps")
        return self

    @property
    def sequence(self) -> np.ndarray:
        """Codes of the steps in their order, as kernels take them."""
        return np.array([STEPS.index(step) for step in self.steps], np.int64)

    def fits(self, market: Any) -> None:
        """Refuse steps that no theory of the market takes, and care of what is no step."""
        for code, lender in _LENDERS.items():
            if code in self.sequence and (getattr(market, lender) is None or lender in market.off):
                step = f"give the scenario a section [scenario.{lender}], or leave the step out"
                raise Refusal(f"names {STEPS[code]!r}, which is done by {lender}; {step}", place="service_steps.steps")
        for firm in market.firms:
            own = firm.service_steps
            for code, care in enumerate(own.cares()):
                place = f"firms.{firm.name}.service_steps.{CARES[code]}"
                if care > 0 and not own.blueprint:
                    step = f"set firms.{firm.name}.service_steps.blueprint = true"
                    raise Refusal(f"= {care:g}, but the firm's steps are not told apart; {step}", place=place)
                if care > 0 and code not in self.sequence:
                    known = one_of(self.steps)
                    raise Refusal(f"= {care:g}, but {STEPS[code]} is no step of the market's ({known})", place=place)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm has a blueprint; else the steps, what follows from them, and their cost."""
        if not any(policy.blueprint for policy in policies):
            return ()
        there = {*self.sequence.tolist()}
        found: list[Any] = [(Phase.CONTACT, forget_steps)]
        found += [(Phase.DELIVERY, kernel) for kernel in (serve_steps, remember_steps, add_memory)]
        if OBJECTIONS in there:
            found += [(Phase.DELIVERY, hear_objections), (Phase.JUDGEMENT, miss_answers)]
            found.append((Phase.VALUATION, add_resistance))
        if CHECK in there:
            found.append((Phase.DELIVERY, catch_failures))
        if SELLING in there:
            found += [(Phase.ENCOUNTER, place_offers), (Phase.JUDGEMENT, resent_placing)]
        if CALL in there:
            found.append((Phase.RECOVERY, call_back))
        found += [(Phase.RECOVERY, count_steps), (Phase.RECOVERY, count_memories)]
        if any(any(policy.cares()) for policy in policies):
            found.append((Phase.BOOKS, book_steps))
        return tuple(found)

    def axes(self) -> Mapping[str, int]:
        """Return how many kinds of steps there are."""
        return {"service_step": len(STEPS)}
