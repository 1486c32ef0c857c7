"""Perceived wait: what a wait is like decides how long it feels, and what it takes from satisfaction.

Claim: a wait feels longer that is empty, before anybody has taken notice, of unknown length, longer than usual for no
reason, unfair, or in what may be the wrong line. Customers judge the wait that they feel against the one that they find
acceptable; an announcement takes uncertainty away and is taken as acceptable, and a wait beyond it is resented the
more. What comes first colours what follows.
Source: MAISTER_1985 (the list of what makes waits long); ANTONIDES_2002 (power function of time; information on
duration lowers overestimation, overruns are punished; acceptable less perceived wait decides the evaluation: abstract);
all sizes are assumed. Left out: company, which makes long waits less acceptable (PRUYN_SMIDTS_1999, abstract).

A wait is what a visitor waited in all lines of the day, also before she came again or went elsewhere, and is judged
with the firm that serves her. Visitors give up and balk by minutes, as `waiting_line` says, and not by what they feel.
Uses no neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.sources import ANTONIDES_2002, MAISTER_1985
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.service.waiting_felt import (
    FACTORS,
    colour_visits,
    count_felt,
    describe_waits,
    feel_waits,
    get_used,
    pay_for_remedies,
    resent_waits,
)
from abm.mechanisms.service.waiting_rules import SECONDS
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_MINUTES_OF_A_YEAR = 365.25 * 24 * 60
_SECONDS_OF_AN_HOUR = 3600.0
_WHAT_MAKES_WAITS_LONG = cite(MAISTER_1985, "list of principles")


@kpi(unit="minutes", better="less", nan="the firm served nobody at a line")
def mean_perceived_wait(c: Tallied) -> FloatArray:
    """How long waits felt / visitors whom the firm served and who came to a line."""
    return c.felt_wait / c.line_visits


@kpi(
    unit="ratio", better="less", nan="nobody who was served had waited",
    source=f"{ANTONIDES_2002.citation} (overestimation of waits)",
)  # fmt: skip
def wait_overestimation(c: Tallied) -> FloatArray:
    """How long waits felt / how long they were, both of visitors who were served; 1 = as they were."""
    return c.felt_wait / c.served_wait


@kpi(unit="share", better="less", nan="nobody who was served had been told of a wait")
def overrun_share(c: Tallied) -> FloatArray:
    """Visitors who waited longer than they were told / visitors who were told of a wait, both of those served."""
    return c.overran / c.told


@kpi(unit="0-1", better="less", nan="the firm served nobody at a line")
def waiting_loss(c: Tallied) -> FloatArray:
    """Satisfaction with the visit that waits took at once / visitors served; what they colour is not counted."""
    return c.lost_to_waiting / c.line_visits


@kpi(unit="cu/visit", better="less", nan="the firm served nobody at a line")
def waiting_cost(c: Tallied) -> FloatArray:
    """What the time is worth that visitors waited / visitors served: no cost of the firm."""
    return c.time_cost / c.line_visits


@kpi(unit="share", better="less")
def life_waiting(c: Tallied) -> FloatArray:
    """Time waited in the firm's lines, by who gave up too / time that the customers of the market lived."""
    return c.waited / c.population * c.year / _MINUTES_OF_A_YEAR


class PerceivedWaitPolicy(Policy):
    """What a firm does to make waits easier."""

    name: ClassVar[str] = "perceived_wait"
    given: ClassVar = {
        "occupation_scale": "what it costs to fill an empty minute is given to a firm",
        "greeting_scale": "how long a greeting takes is given to a firm",
        "explanation_scale": "what it costs to find out and to say why is given to a firm",
    }
    occupation: float = param(
        0.0,
        unit="0-1",
        bounds=(0, 0.95),
        evidence="assumed",
        doc="part of waiting time that visitors have something to do",
    )
    occupation_scale: float = param(
        0.02,
        unit="cu/visitor/minute",
        bounds=(0, 1e3),
        evidence="assumed",
        doc="scale of -ln(1 - occupation), its cost",
    )
    greeting: float = param(
        0.0, unit="seconds/visitor", bounds=(0, 600), evidence="assumed",
        doc="time of staff, paid as servers are, to take notice of visitors as they come",
    )  # fmt: skip
    greeting_scale: float = param(
        20.0, unit="seconds/visitor", bounds=(0.1, 600), evidence="assumed",
        doc="1 - e^(-greeting / greeting_scale) of visitors are greeted",
    )  # fmt: skip
    explanation: float = param(
        0.0,
        unit="share",
        bounds=(0, 0.95),
        evidence="assumed",
        doc="waiting visitors to whom is said why it takes long",
    )
    explanation_scale: float = param(
        0.2, unit="cu/visitor", bounds=(0, 1e3), evidence="assumed",
        doc="scale of -ln(1 - explanation), its cost for each who waits",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the part of visitors who are greeted, and what each remedy costs, in 1/100 cent."""
        second = firm.waiting_line.wage / _SECONDS_OF_AN_HOUR
        return {
            "greeted_part": (NUMBER, -math.expm1(-self.greeting / self.greeting_scale)),
            "occupation_expense": (CENTS, -100.0 * self.occupation_scale * math.log1p(-self.occupation)),
            "greeting_expense": (CENTS, 100.0 * second * self.greeting),
            "explanation_expense": (CENTS, -100.0 * self.explanation_scale * math.log1p(-self.explanation)),
        }

    @property
    def pays(self) -> bool:
        """Whether any remedy costs something."""
        return self.occupation > 0 or self.greeting > 0 or self.explanation > 0


def _factor(doc: str) -> Any:
    """Return the parameter of a factor by which a wait feels longer."""
    return param(
        1.25, unit="ratio", bounds=(1, 5), evidence="assumed", source=_WHAT_MAKES_WAITS_LONG, doc=f"of a wait {doc}"
    )


class PerceivedWait(Mechanism):
    """How long waits feel, and what they take from satisfaction."""

    name = "perceived_wait"
    serves = ("A4", "A5", "A6", "A9")
    policy = PerceivedWaitPolicy
    needs = ("waiting_line",)
    owns = (
        Column("perceived_wait", ("visit",), 0, "minutes", "how long the wait felt"),
        Column("usual_wait", ("firm", "customer"), -1, "minutes", "wait that she remembers of the firm, -1 = none"),
    )
    scratch = (
        Column("wait_factors", ("visit", "wait_factor"), 0, "0-1", "part of the wait that each factor holds for"),
        Column("acceptable", ("visit",), 1, "minutes", "wait that she finds acceptable"),
    )
    counts = (
        Tally("line_visits", "visitors", "visitors whom a firm with a line served"),
        Tally("served_wait", "minutes", "time that they waited", 1 / SECONDS),
        Tally("felt_wait", "minutes", "how long that felt", 1 / SECONDS),
        Tally("told", "visitors", "of these, who were told of a wait"),
        Tally("overran", "visitors", "of these, who waited longer than that"),
        Tally("lost_to_waiting", "0-1", "sum of satisfaction that waits took", 1 / FIXED_POINT),
        Tally("time_cost", "cu", "what the time is worth that they waited", CENT),
        Tally("waiting_remedies", "cu", "cost of making waits easier", CENT / 100, account="lever"),
    )
    kpis = (
        mean_perceived_wait, wait_overestimation, overrun_share, waiting_loss, waiting_cost, life_waiting,
    )  # fmt: skip
    exponent: float = param(
        1.0, unit="ratio", bounds=(0.1, 3), evidence="assumed", source=cite(ANTONIDES_2002, "abstract: power function"),
        doc="power of minutes; 1 = twice as long feels twice as long",
    )  # fmt: skip
    unoccupied: float = _factor("with nothing to do")
    pre_process: float = _factor("before anybody has taken notice")
    uncertain: float = _factor("of unknown length")
    unexplained: float = _factor("beyond the usual one, if nobody says why")
    unfair: float = _factor("in which others are served first who came later")
    anxious: float = _factor("in what may be the wrong line")
    overrun_weight: float = param(
        2.0, unit="ratio", bounds=(1, 10), evidence="assumed", source=cite(ANTONIDES_2002, "abstract: overruns"),
        doc="of a minute beyond the announced wait",
    )  # fmt: skip
    greeted_after: float = param(
        1.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="when visitors are greeted who are"
    )
    excuse: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="what is left of unfairness where numbers, an express line or appointments show why others go first",
    )  # fmt: skip
    annoyance: float = param(
        0.15, unit="0-1", bounds=(0, 5), evidence="assumed",
        source=cite(ANTONIDES_2002, "abstract: acceptable less perceived"),
        doc="satisfaction lost by a wait that feels twice as long as is acceptable; times `time_pressure`",
    )  # fmt: skip
    halo: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="performance that an endless wait takes off what follows, an acceptable one half of it",
    )  # fmt: skip
    memory: float = param(
        0.3, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="how fast the usual wait follows a visitor's own"
    )
    adaptation: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="of the usual wait beyond what is acceptable, to which a visitor is used; 0 = to nothing",
    )  # fmt: skip
    time_value: float = param(
        10.0, unit="cu/hour", bounds=(0, 1e4), evidence="assumed", doc="of visitors' time, for `waiting_cost` alone"
    )

    @property
    def factor_weights(self) -> np.ndarray:
        """Weights of the factors, as kernels take them."""
        own = (self.unoccupied, self.pre_process, self.uncertain, self.unexplained, self.unfair, self.anxious)
        return np.array(own, np.float32)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what waits are like, how they feel, what they take, and what is remembered; costs, if any firm pays.

        All of it has to do at firms with a line alone.
        """
        paid = ((Phase.ADMISSION, pay_for_remedies),) if any(policy.pays for policy in policies) else ()
        coloured = ((Phase.DELIVERY, colour_visits),) if self.halo > 0 else ()
        return (
            *paid,
            (Phase.DELIVERY, describe_waits),
            (Phase.DELIVERY, feel_waits),
            *coloured,
            (Phase.JUDGEMENT, resent_waits),
            (Phase.VOICE, count_felt),
            (Phase.LEARNING, get_used),
        )

    def axes(self) -> Mapping[str, int]:
        """Return how many factors there are."""
        return {"wait_factor": FACTORS}
