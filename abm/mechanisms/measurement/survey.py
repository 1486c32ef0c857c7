"""Survey: what customers answer when a firm asks them, and what test visits find.   Reads only its own customer.

Claim: what a firm measures is not what is: it asks some of its visitors, of these some answer, the more readily the
further a visit was from the middle, and their answers are whole numbers with a bias of their own. Test visits measure
what is delivered, and not whether anybody is satisfied.
Source: FORNELL_1996 (three items, and the form of the index); REICHHELD_2003 (net promoter score); Mittal & Kamakura
2001, Journal of Marketing Research (answers of groups differ in bias; abstract read); sizes are assumed.

Nothing that customers do follows from it: the same market without it has the same bits. Firms read `surveyed_gap`,
`surveyed_satisfaction` and `surveyed_age`, and never what the answers are about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.measurement.answers import (
    ITEMS,
    answer_questions,
    ask_visitors,
    count_answers,
    draw_bias,
    note_disconfirmation,
)
from abm.mechanisms.measurement.mystery import mystery_quality, shop_in_secret
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World


@kernel
def add_question_cost(visit_cost, approached, visit_count, visit_firm, question_cents):
    """Add what asking costs.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += question_cents[visit_firm[v]] if approached[v] > 0 else 0


@kernel(per="market")
def age_answers(surveyed_age):
    """Let what is known from the latest answers be a period older.  surveyed_age (m,)  periods  [written]"""
    for j in range(surveyed_age.shape[0]):
        surveyed_age[j] += 1 if surveyed_age[j] >= 0 else 0


_NO_ANSWERS = "nobody answered the firm"


@kpi(unit="0-100", better="more", nan=_NO_ANSWERS, source="FORNELL_1996 (form of the index; equal weights assumed)")
def surveyed_csi(c: Tallied) -> FloatArray:
    """Customer satisfaction index as answered: 100 x mean over three items (overall, against expectation, against the
    ideal) of (mean answer - 1) / (scale - 1)."""
    return 100.0 * (c.marks_overall + c.marks_expected + c.marks_ideal) / (3.0 * c.full_marks)


@kpi(unit="-100 to 100", better="more", nan=_NO_ANSWERS, source="REICHHELD_2003 (the score)")
def nps(c: Tallied) -> FloatArray:
    """Net promoter score: 100 x (answers of 9 or 10 - answers of 0 to 6) / answers to whether she would recommend."""
    return 100.0 * (c.promoters - c.detractors) / c.answers


@kpi(unit="share", better="more", nan="the firm asked nobody")
def response_rate(c: Tallied) -> FloatArray:
    """Visitors who answered / visitors who were asked."""
    return c.answers / c.surveyed


@kpi(unit="points of 100", nan=_NO_ANSWERS)
def survey_bias(c: Tallied) -> FloatArray:
    """Overall satisfaction as answered, 100 x (mean answer - 1) / (scale - 1), less the true mean of all visitors: what
    who answers, how, and on which scale have made of it."""
    return 100.0 * (c.marks_overall / c.full_marks - c.satisfaction_sum / c.visits)


@kpi(unit="share", better="more", nan=_NO_ANSWERS)
def recommend_share(c: Tallied) -> FloatArray:
    """Answers of 9 or 10 to whether she would recommend the firm / answers."""
    return c.promoters / c.answers


@kpi(unit="0-1", better="more", nan=_NO_ANSWERS)
def repurchase_intention(c: Tallied) -> FloatArray:
    """Mean intention to come again as answered: (mean answer - 1) / (scale - 1)."""
    return c.marks_repurchase / c.full_marks


@kpi(unit="0-1", better="more", nan=_NO_ANSWERS)
def visit_rating(c: Tallied) -> FloatArray:
    """Mean satisfaction with the visit as answered: (mean answer - 1) / (scale - 1)."""
    return c.marks_visit / c.full_marks


@kpi(unit="-1 to 1", nan=_NO_ANSWERS)
def stated_gap(c: Tallied) -> FloatArray:
    """Performance less expectation as answered: 2 (mean answer - 1) / (scale - 1) - 1."""
    return 2.0 * c.marks_expected / c.full_marks - 1.0


class SurveyPolicy(Policy):
    """Whom a firm asks, and how often it has itself tested."""

    name: ClassVar = "survey"
    given: ClassVar = {
        "question_cost": "what asking somebody costs is given to a firm",
        "mystery_cost": "what a test visit costs is given to a firm",
    }
    sampling: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that a visitor is asked"
    )
    question_cost: float = param(
        0.5,
        unit="cu/person asked",
        bounds=(0.01, 1e4),
        evidence="assumed",
        doc="cost of asking, also who does not answer",
    )
    mystery_visits: int = param(
        0, unit="visits/period", bounds=(0, 1000), evidence="assumed", doc="test visits by mystery shoppers"
    )
    mystery_cost: float = param(
        20.0, unit="cu/test visit", bounds=(0.01, 1e6), evidence="assumed", doc="cost of a test visit"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a question and a test visit cost, in cents."""
        return {"question_cents": (CENTS, self.question_cost), "mystery_cents": (CENTS, self.mystery_cost)}


class Survey(Mechanism):
    """Surveys of visitors, and mystery shopping."""

    name = "survey"
    serves = ("B9", "F6", "F13")
    policy = SurveyPolicy
    owns = (
        Column("answer_bias", ("customer",), 0, "shift of 0-1", "what she adds to every answer, for life"),
        Column("answered", ("visit",), 0, "bool", "whether the visitor answered the survey", "uint8"),
        *(
            Column(f"answer_{item}", ("visit",), 0, "answer", f"{asked} 0 = not answered", "uint8")
            for item, asked in ITEMS.items()
        ),
        Column("surveyed_gap", ("firm",), float("nan"), "-1 to 1", "latest stated gap; NaN before any answer"),
        Column("surveyed_satisfaction", ("firm",), float("nan"), "0-1", "latest overall answer; NaN before any"),
        Column(
            "surveyed_age", ("firm",), -1, "periods", "since the window of these closed; -1 = no answer yet", "int32"
        ),
    )
    scratch = (
        Column("disconfirmation", ("visit",), 0, "-1 to 1", "performance less expectation before the visit"),
        Column("approached", ("visit",), 0, "bool", "whether the visitor was asked", "uint8"),
    )
    counts = (
        Tally("surveyed", "customers", "visitors who were asked"),
        Tally("answers", "customers", "visitors who answered"),
        Tally("full_marks", "marks", "most that the answers could have added up to, by item"),
        *(Tally(f"marks_{item}", "marks", f"above the lowest answer, sum: {asked}") for item, asked in ITEMS.items()),
        Tally("promoters", "customers", "would recommend the firm with 9 or 10"),
        Tally("detractors", "customers", "would recommend the firm with 0 to 6"),
        Tally("survey_cost", "cu", "cost of asking", CENT, account="lever"),
        Tally("mystery_count", "visits", "test visits"),
        Tally("mystery_sum", "0-1", "sum of quality that test visits found", 1 / FIXED_POINT),
        Tally("mystery_bill", "cu", "cost of test visits", CENT, account="lever"),
    )
    kpis = (
        surveyed_csi, nps, response_rate, survey_bias, recommend_share, repurchase_intention, visit_rating, stated_gap,
        mystery_quality,
    )  # fmt: skip
    window: int = param(
        13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="whose answers a firm reads together"
    )
    scale: int = param(10, unit="answers", bounds=(2, 100), evidence="assumed", doc="highest answer; the lowest is 1")
    response_base: float = param(
        0.2, unit="1/person asked", bounds=(0, 1), evidence="assumed", doc="chance of an answer from the middle"
    )
    response_extremity: float = param(
        0.4, unit="ratio", bounds=(0, 10), evidence="assumed", doc="added chance per distance from the middle"
    )
    midpoint: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction that gives least reason to answer"
    )
    leniency: float = param(
        0.0, unit="shift of 0-1", bounds=(-1, 1), evidence="assumed", doc="added to every answer, by everybody"
    )
    slope: float = param(1.0, unit="ratio", bounds=(0, 10), evidence="assumed", doc="of what is stated, in the truth")
    noise: float = param(0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of a single answer")
    bias_spread: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd between customers of what they add to every answer"
    )
    segment_bias: tuple[float, ...] = param(
        (), unit="shift of 0-1", bounds=(-1, 1), evidence="assumed",
        doc="added to every answer by segment, in the order of the population's; left out = 0",
    )  # fmt: skip
    recommend_part: float = param(
        0.7, unit="share", bounds=(0, 1), evidence="assumed",
        doc="weight of satisfaction, against affective commitment, in whether she would recommend",
    )  # fmt: skip
    severity_low: float = param(
        0.2, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mildest failure of a test visit, as of the encounter"
    )
    severity_high: float = param(
        0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="worst failure of a test visit, as of the encounter"
    )

    @property
    def most_marks(self) -> int:
        """Steps of the scale."""
        return self.scale - 1

    def fits(self, market: Any) -> None:
        """Refuse test visits that meet other failures than customers do, and biases of segments that are not there."""
        shops = any(firm.survey.mystery_visits for firm in market.firms)
        for name in ("severity_low", "severity_high"):
            own, met = getattr(self, name), getattr(market.encounter, name)
            if shops and own != met:
                step = "test visits meet the failures that customers meet, so give both the same"
                raise Refusal(f"= {own:g} is not encounter.{name} = {met:g}; {step}", place=f"survey.{name}")
        there = len(market.population.segments)
        if len(self.segment_bias) > there:
            raise Refusal(
                f"has {len(self.segment_bias)} entries, and the population {there or 'no'} "
                f"segment{'' if there == 1 else 's'}",
                place="survey.segment_bias",
            )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return questions where some firm asks, test visits where some has them made."""
        found: list[Any] = []
        if any(policy.sampling > 0 for policy in policies):
            found += [(Phase.OPENING, AtDates(self.read_answers, self.window)), (Phase.RECOVERY, note_disconfirmation)]
            found += [(Phase.TELLING, act) for act in (ask_visitors, answer_questions, count_answers)]
            found += [(Phase.RELATION, add_question_cost), (Phase.BOOKS, age_answers)]
        if any(policy.mystery_visits > 0 for policy in policies):
            found.append((Phase.BOOKS, shop_in_secret))
        return tuple(found)

    def begin(self, world: World, seed: int) -> None:
        """Draw the bias of each customer's answers (draw 0, block 0, word 0), and add that of her segment."""
        c = world.customers
        if "answer_bias" in c:
            draw_bias(c.answer_bias, c.customer_id, self.bias_spread, stream_key(seed, self.name), world.replication)
            if self.segment_bias:
                shift = np.zeros(256, np.float32)
                shift[: len(self.segment_bias)] = self.segment_bias
                c.answer_bias[:] += shift[c.segment]

    def read_answers(self, world: World, t: int) -> None:
        """Let firms read the answers of the window that ended with the period before; without any, the old ones stay.

        Whole numbers are added up over the window and all customers before anything is divided.
        """
        if t == 0:
            return
        counted = world.history_by_part[t - self.window : t].sum(axis=(0, 1))
        overall, expected, full = (
            world.layout.part(counted, name)[: world.m] for name in ("marks_overall", "marks_expected", "full_marks")
        )
        fresh = full > 0
        c = world.customers
        c.surveyed_satisfaction[fresh] = overall[fresh] / full[fresh]
        c.surveyed_gap[fresh] = 2.0 * expected[fresh] / full[fresh] - 1.0
        c.surveyed_age[fresh] = 0
