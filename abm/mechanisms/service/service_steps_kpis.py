"""What is measured of the steps of a service: which are done, how well, and what is remembered of them."""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.service.service_steps_kernels import (
    ATMOSPHERE,
    CALL,
    CHECK,
    GREETING,
    NEEDS,
    OBJECTIONS,
    SELLING,
    SOLUTION,
)

_NO_STEPS = "the firm's service is not told apart by steps, or nobody visited it"
_NO_STEP = "the step is no part of the firm's service, or nobody visited it"


@kpi(unit="share", better="more", nan=_NO_STEPS)
def step_completion(c: Tallied) -> FloatArray:
    """Steps of visits that were done, well or badly / steps due; an offer or a call that is made is due and done."""
    return c.steps_done.sum(axis=-2) / c.steps_due.sum(axis=-2)


@kpi(unit="share", better="more", nan=_NO_STEP)
def greeting_done_well(c: Tallied) -> FloatArray:
    """Greetings that were done well / visits on which one was due."""
    return c.steps_well[..., GREETING, :] / c.steps_due[..., GREETING, :]


@kpi(unit="share", better="more", nan=_NO_STEP)
def needs_learned(c: Tallied) -> FloatArray:
    """Assessments of needs that were done well / visits on which one was due."""
    return c.steps_well[..., NEEDS, :] / c.steps_due[..., NEEDS, :]


@kpi(unit="share", better="more", nan=_NO_STEP)
def solutions_done_well(c: Tallied) -> FloatArray:
    """Solutions that were done well / visits on which one was due."""
    return c.steps_well[..., SOLUTION, :] / c.steps_due[..., SOLUTION, :]


@kpi(unit="share", better="more", nan="no visitor had an objection")
def objections_answered(c: Tallied) -> FloatArray:
    """Objections that were answered / objections that visitors had at the step of objections."""
    return 1.0 - c.objections_unanswered / c.objections_raised


@kpi(unit="share", better="more", nan=_NO_STEP)
def objection_steps_done_well(c: Tallied) -> FloatArray:
    """Steps of objections that were done well / visits on which one was due, whether or not she had an objection."""
    return c.steps_well[..., OBJECTIONS, :] / c.steps_due[..., OBJECTIONS, :]


@kpi(unit="share", better="more", nan=_NO_STEP)
def atmosphere_done_well(c: Tallied) -> FloatArray:
    """Visits on which atmosphere was done well / visits on which it was a step."""
    return c.steps_well[..., ATMOSPHERE, :] / c.steps_due[..., ATMOSPHERE, :]


@kpi(unit="share", better="more", nan=_NO_STEP)
def checks_done_well(c: Tallied) -> FloatArray:
    """Quality checks that were done well / visits on which one was due."""
    return c.steps_well[..., CHECK, :] / c.steps_due[..., CHECK, :]


@kpi(unit="share", better="more", nan="no offer was made as a step of a visit")
def offers_placed_well(c: Tallied) -> FloatArray:
    """Offers of the second product that were made well / offers that were a step of a visit."""
    return c.steps_well[..., SELLING, :] / c.steps_due[..., SELLING, :]


@kpi(unit="0-1", better="less", nan="no offer was made as a step of a visit")
def resentment_per_offer(c: Tallied) -> FloatArray:
    """Satisfaction that offers took from visits, as they came too early or too often / offers that were a step."""
    return c.resented_offers / c.steps_due[..., SELLING, :]


@kpi(unit="share", better="more", nan="no call followed a visit with steps")
def calls_done_well(c: Tallied) -> FloatArray:
    """Visits of which the call after them was made well / visits with steps that a call followed."""
    return c.steps_well[..., CALL, :] / c.steps_due[..., CALL, :]


@kpi(unit="share", better="less", nan=_NO_STEPS)
def worst_step_share(c: Tallied) -> FloatArray:
    """Visits whose peak, the moment that stands out most, was worse than a step usually is / visits with steps."""
    return c.worst_decided / c.step_visits


@kpi(unit="0-1", better="more", nan=_NO_STEPS)
def memory_gap(c: Tallied) -> FloatArray:
    """What is remembered of visits less the mean of their steps, over visits with steps; a call after it is a step."""
    return (c.step_memory_sum - c.step_mean_sum) / c.step_visits


KPIS = (
    step_completion, greeting_done_well, needs_learned, solutions_done_well, objection_steps_done_well,
    objections_answered, atmosphere_done_well, checks_done_well, offers_placed_well, resentment_per_offer,
    calls_done_well, worst_step_share, memory_gap,
)  # fmt: skip
