"""Affect: a visit leaves a feeling that fades in days, apart from what is learned from it.   Uses no neighbours.

Claim: beside satisfaction, which is what is known of a firm and lasts, a visit leaves a feeling: of how it compared
with what was expected, of the setting, and of the mood in which she came. It moves the next choice and makes her tell,
the stronger the feeling, and is gone soon, so that it counts with those who come often. A setting pleases by what it
is beyond what she is used to: a firm gains by a better one until its visitors, and its rivals, have got used to it.
Source: OLIVER 1993, Journal of Consumer Research (affect beside cognition in satisfaction); RUSSELL & MEHRABIAN 1974
(environments and affect); HELSON 1964 (adaptation level); BERGER & MILKMAN 2012 (arousal and sharing), all from memory;
sizes are assumed.

`affect_weight` against the weight of price says how far a market goes by feelings or by prices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.errors import Refusal
from abm.core.functions import exp32, in_steps, normal32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_DAYS_OF_A_YEAR = np.float32(365.25)
_NOTHING = np.float32(1e-20)  # far below what moves a choice, far above where float32 gets slow


@equation
def left_of_feeling(days, half_life):
    """Return the part of a feeling that is left after some days: e^(-0.6931472 days / half_life)."""
    return exp32(-0.6931472 * days / half_life)


@equation
def feeling(gap, setting, used, z, surprise, setting_weight, adapted_part, mood_spread):
    """Return the feeling that a visit leaves by itself, in [-1, 1].

    gap : satisfaction with the visit less expectation; setting, used : of the firm, and what she is used to, 0-1
    z   : standard normal, her mood

    surprise gap + setting_weight (setting - adapted_part used) + mood_spread z, clipped.
    """
    felt = surprise * gap + setting_weight * (setting - adapted_part * used) + mood_spread * z
    return min(max(felt, np.float32(-1.0)), np.float32(1.0))


@kernel
def fade_affect(affect, half_life, periods_per_year, lo, hi):
    """Let feelings fade as the period begins: what is left after its days, and nothing below 10^-20 in size.

    A period has 365.25 / periods_per_year days.

    affect (m, n)  -1 to 1  [written]
    """
    left = left_of_feeling(_DAYS_OF_A_YEAR / np.float32(periods_per_year), half_life)
    for j in range(affect.shape[0]):
        for i in range(lo, hi):
            faded = left * affect[j, i]
            affect[j, i] = faded if abs(faded) > _NOTHING else np.float32(0.0)


@kernel
def add_affect(utility, affect, affect_weight, lo, hi):
    """Add `affect_weight * affect` to the utility of each firm.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += affect_weight * affect[j, i]


@kernel
def feel_visits(
    visit_affect, affect_at, used_setting, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, customer_id,
    transaction, expectation_at, setting, surprise, setting_weight, adapted_part, adaptation, mood_spread, uptake,
    affect_before, affect_after, bad_feelings, key, replication, t,
):  # fmt: skip
    """Let each visit leave its feeling, visit by visit in the order of the list.

    z is the normal of word 0 of draw 0, block nth; the gap is of satisfaction as it is then, amends included, and of
    the expectation before this period's visits. Affect to the firm moves by `uptake` of its way to the feeling. Then
    she gets used to the setting: by `adaptation` of the way to the firm's.

    visit_affect (visits,)  after the visit, affect_at (pairs,)  -1 to 1, used_setting (n,)  0-1  [written]
    affect_before (sizes as she comes, whole 2^-20 cut off), affect_after ((1 + affect) / 2 likewise), bad_feelings (of
    an affect below 0)  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        z = normal32(uniform4(key, customer_id[i], t, visit_nth[v], replication)[0])
        gap = transaction[v] - expectation_at[pair]
        felt = feeling(gap, setting[j], used_setting[i], z, surprise, setting_weight, adapted_part, mood_spread)
        affect_before[j] += in_steps(abs(affect_at[pair]))
        affect_at[pair] += uptake * (felt - affect_at[pair])
        visit_affect[v] = affect_at[pair]
        affect_after[j] += in_steps(0.5 * (1.0 + visit_affect[v]))
        bad_feelings[j] += 1 if visit_affect[v] < 0.0 else 0
        used_setting[i] += adaptation * (setting[j] - used_setting[i])


@kernel
def tell_feelings(
    story, visit_affect, visit_count, visit_customer, visit_nth, visit_firm, customer_id, affect_talk,
    positive_messages, negative_messages, told_by_feeling, key, replication, t,
):  # fmt: skip
    """Let feelings be told, beside other stories: with chance `affect_talk * |affect|` (draw 0, block nth, word 1).

    It is told of visits of who has no story yet this period; of several the first one told stays. The story is good if
    the affect after the visit is 0 or more.

    story (n,)  2 (firm + 1) + [good]  [written]
    positive_messages, negative_messages, told_by_feeling  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if story[i] == 0:
            u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[1]
            if u < affect_talk * abs(visit_affect[v]):
                good = visit_affect[v] >= 0.0
                story[i] = 2 * (j + 1) + (1 if good else 0)
                positive_messages[j] += 1 if good else 0
                negative_messages[j] += 0 if good else 1
                told_by_feeling[j] += 1


@kernel(per="share")
def book_setting(visits, setting_expense, setting_spend):
    """Book what the setting costs on the period's visits, in 1/100 cent.  setting_spend  tally [written]"""
    for j in range(setting_expense.shape[0]):
        setting_spend[j] += visits[j] * setting_expense[j]


_NO_VISITS = "nobody visited the firm"


@kpi(unit="-1 to 1", better="more", nan=_NO_VISITS)
def mean_affect(c: Tallied) -> FloatArray:
    """Affect to the firm after its visits, mean over visits; it says how visits feel, and not what is thought of it."""
    return 2.0 * c.affect_after / c.visits - 1.0


@kpi(unit="0-1", nan=_NO_VISITS)
def affect_left(c: Tallied) -> FloatArray:
    """Size of the affect to the firm with which customers come, good or bad, mean over visits: what has not faded."""
    return c.affect_before / c.visits


@kpi(unit="share", better="less", nan=_NO_VISITS)
def bad_feeling_share(c: Tallied) -> FloatArray:
    """Visits after which affect to the firm is below 0 / visits."""
    return c.bad_feelings / c.visits


@kpi(unit="1/visit", nan=_NO_VISITS)
def feeling_telling_rate(c: Tallied) -> FloatArray:
    """Stories told for what was felt / visits; those told anyway are not counted."""
    return c.told_by_feeling / c.visits


class AffectPolicy(Policy):
    """How pleasant a firm makes its setting."""

    name: ClassVar = "affect"
    given: ClassVar = {"setting_scale": "what rooms, sound and light cost is given to a firm"}
    setting: float = param(
        0.0, unit="0-1", bounds=(0, 0.95), evidence="assumed", doc="how pleasant rooms, sound and light are"
    )
    setting_scale: float = param(
        0.12, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - setting), its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the setting costs a visit, in 1/100 cent."""
        return {"setting_expense": (CENTS, -100.0 * self.setting_scale * math.log1p(-self.setting))}


class Affect(Mechanism):
    """Feelings that visits leave, and that fade."""

    name = "affect"
    serves = ("B19",)
    policy = AffectPolicy
    owns = (
        Column("affect", ("firm", "customer"), 0, "-1 to 1", "what she feels towards the firm"),
        Column("used_setting", ("customer",), 0, "0-1", "setting that she is used to"),
        Column("visit_affect", ("visit",), 0, "-1 to 1", "what she feels towards the firm after the visit"),
    )
    writes = ("story", "positive_messages", "negative_messages")
    counts = (
        Tally("affect_before", "0-1", "sum over visits of the size of affect as she comes", 1 / FIXED_POINT),
        Tally("affect_after", "0-1", "sum over visits of (1 + affect after it) / 2", 1 / FIXED_POINT),
        Tally("bad_feelings", "visits", "visits after which affect is below 0"),
        Tally("told_by_feeling", "stories", "told for what was felt"),
        Tally("setting_spend", "cu", "cost of the setting", CENT / 100, account="lever"),
    )
    kpis = (mean_affect, affect_left, bad_feeling_share, feeling_telling_rate)
    affect_weight: float = param(
        0.8, unit="logit units", bounds=(0, 20), evidence="assumed", doc="weight of affect in utility"
    )
    half_life: float = param(
        10.0, unit="days", bounds=(0.1, 1e5), evidence="assumed", doc="time after which half of a feeling is left"
    )
    uptake: float = param(
        0.6,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="part of the way to a visit's feeling that affect moves",
    )
    surprise: float = param(
        1.5, unit="ratio", bounds=(0, 20), evidence="assumed", doc="feeling for satisfaction beyond expectation"
    )
    setting_weight: float = param(
        0.8, unit="ratio", bounds=(0, 20), evidence="assumed", doc="feeling for a setting beyond what she is used to"
    )
    adapted_part: float = param(
        0.7,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="part of a setting that pleases nobody who is used to it",
    )
    adaptation: float = param(
        0.1, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="speed of getting used to a setting"
    )
    mood_spread: float = param(
        0.1, unit="-1 to 1", bounds=(0, 2), evidence="assumed", doc="sd over visits of the mood in which she comes"
    )
    affect_talk: float = param(
        0.05, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of a story at the strongest feeling"
    )

    def fits(self, market: Any) -> None:
        """Refuse feelings that are told where nobody tells."""
        if self.affect_talk > 0 and "word_of_mouth" in market.off:
            step = "set affect.affect_talk = 0, or leave word_of_mouth on"
            raise Refusal(f"= {self.affect_talk:g}, but word_of_mouth is off; {step}", place="affect.affect_talk")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where feelings have no weight and are not told; else feelings, and what settings cost."""
        books = ((Phase.BOOKS, book_setting),) if any(policy.setting > 0 for policy in policies) else ()
        if self.affect_weight == 0 and self.affect_talk == 0:
            return books
        told = ((Phase.TELLING, tell_feelings),) if self.affect_talk > 0 else ()
        chosen = ((Phase.VALUATION, add_affect),) if self.affect_weight > 0 else ()
        return ((Phase.CONTACT, fade_affect), *chosen, (Phase.RECOVERY, feel_visits), *told, *books)
