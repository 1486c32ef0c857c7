"""Expertise: who has used the category more knows more of it, expects more, and depends less.   Uses no neighbours.

Claim: expertise grows with visits to any firm, quickly at first. Who goes about in a category comes across firms that
she did not know; the more she knows, the more she expects of the firms that she visits, so that satisfaction falls at
constant quality; what she hears from others stays with her for a shorter time; and learning, setting up and comparing
bother her less, so that her loyalty is less bound to the firm. `learning.drift` raises everybody's expectations alike;
here a novice and an expert differ at the same firm on the same day.
Source: Alba & Hutchinson 1987, Journal of Consumer Research (dimensions of consumer expertise, from memory); customers
whose knowledge and expectations grow and who become more independent are a textbook statement. Forms and sizes are
assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import in_steps, unit
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import FIXED_POINT, MOST_FIRMS, Column, Tally

_PLACES = np.int64(MOST_FIRMS)


@equation
def expertise_of(category_experience, half_visits):
    """Return expertise, 0-1: category_experience / (category_experience + half_visits)."""
    return category_experience / (category_experience + half_visits)


@equation
def eased_by(before, after, eased):
    """Return the factor on what bothers a customer whose expertise grows: (1 - eased after) / (1 - eased before)."""
    return (1.0 - eased * after) / (1.0 - eased * before)


@kernel
def note_expertise(
    visit_expertise, latest_firm, category_experience, visit_count, visit_customer, visit_firm, transaction,
    half_visits, expert_from, expertise_sum, expert_visits, novice_visits, expert_satisfaction, novice_satisfaction,
    expert_repeats, novice_repeats, expert_base, novice_base,
):  # fmt: skip
    """Note with what expertise each visitor came, and how experts and novices found it and came again.

    Her expertise is that before all visits of the period; an expert has `expert_from` or more. A visit is in the base
    of the firm that served her on the visit before, if there was one, and is a repeat if it is the same.

    visit_expertise (visits,)  0-1, latest_firm (n,)  firm  [written]
    expertise_sum, expert_satisfaction, novice_satisfaction  tallies in whole 2^-20, cut off  [written]
    expert_visits, novice_visits, expert_repeats, novice_repeats, expert_base, novice_base  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        before = latest_firm[i]
        known = expertise_of(category_experience[i], half_visits)
        expert = known >= expert_from
        visit_expertise[v] = known
        expertise_sum[j] += in_steps(known)
        expert_visits[j] += 1 if expert else 0
        novice_visits[j] += 0 if expert else 1
        expert_satisfaction[j] += in_steps(transaction[v]) if expert else 0
        novice_satisfaction[j] += 0 if expert else in_steps(transaction[v])
        latest_firm[i] = j
        if before >= 0:
            expert_base[before] += 1 if expert else 0
            novice_base[before] += 0 if expert else 1
            expert_repeats[before] += 1 if expert and j == before else 0
            novice_repeats[before] += 1 if not expert and j == before else 0


@kernel
def gain_expertise(
    category_experience, bother, expectation_at, visit_expertise, visit_count, visit_customer, visit_pair, half_visits,
    eased, raised,
):  # fmt: skip
    """Count each visit, ease what bothers the visitor, and raise what she expects of the firm, visit by visit.

    Her experience grows by 1, and her bother is multiplied by `eased_by` of her expertise before and after this visit.
    The expectation of the firm, as learning has left it, rises by `raised` times the expertise with which she came, to
    1 at most.

    category_experience (n,)  visits, bother (n,)  ratio, expectation_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, pair = visit_customer[v], visit_pair[v]
        before = expertise_of(category_experience[i], half_visits)
        category_experience[i] += 1.0
        bother[i] *= eased_by(before, expertise_of(category_experience[i], half_visits), eased)
        expectation_at[pair] = unit(expectation_at[pair] + raised * visit_expertise[v])


@kernel
def meet_alternatives(
    aware, visit_count, visit_customer, visit_nth, customer_id, meeting, learned, key, replication, t
):
    """Let visitors come across firms that they do not know: each with chance `meeting` on each visit, to any firm.

    Draw 0, block 16 nth + j, word 0.  aware (m, n)  [written]      learned  tally [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        for j in range(aware.shape[0]):
            if aware[j, i] == 0:
                block = _PLACES * np.int64(visit_nth[v]) + j
                met = uniform4(key, customer_id[i], t, block, replication)[0] < meeting
                aware[j, i] = 1 if met else 0
                learned[j] += 1 if met else 0


@kernel
def discount_hearsay(word_of_mouth, category_experience, half_visits, independence, lo, hi):
    """Let what was heard stay for a shorter time with who knows: `1 - independence * expertise` of it is left.

    Each period, after this one's stories, and beside the fading of word of mouth.

    word_of_mouth (m, n)  logit units  [written]
    """
    for j in range(word_of_mouth.shape[0]):
        for i in range(lo, hi):
            word_of_mouth[j, i] *= 1.0 - independence * expertise_of(category_experience[i], half_visits)


@kpi(unit="0-1", nan="nobody visited the firm")
def visitor_expertise(c: Tallied) -> FloatArray:
    """Mean expertise with which visitors come."""
    return c.expertise_sum / (c.expert_visits + c.novice_visits)


@kpi(unit="0-1", nan="no expert or no novice visited the firm")
def expert_satisfaction_gap(c: Tallied) -> FloatArray:
    """Mean satisfaction with a visit, of experts less of novices."""
    return c.expert_satisfaction / c.expert_visits - c.novice_satisfaction / c.novice_visits


@kpi(unit="share", nan="no expert or no novice had been at the firm on the visit before")
def expert_repeat_gap(c: Tallied) -> FloatArray:
    """Share of who was at the firm on the visit before that is there again, of experts less of novices."""
    return c.expert_repeats / c.expert_base - c.novice_repeats / c.novice_base


class Expertise(Mechanism):
    """What customers learn of the category by using it, and what follows."""

    name = "expertise"
    serves = ("B18",)
    owns = (
        Column("category_experience", ("customer",), 0, "visits", "in the category, to any firm"),
        Column("latest_firm", ("customer",), -1, "firm", "that served her on her latest visit, -1 = none", "int32"),
    )
    scratch = (Column("visit_expertise", ("visit",), 0, "0-1", "expertise with which the visitor came"),)
    writes = ("aware", "learned", "expectation", "bother", "word_of_mouth")
    counts = (
        Tally("expertise_sum", "0-1", "sum over visits of the visitor's expertise", 1 / FIXED_POINT),
        Tally("expert_visits", "visits", "of experts"),
        Tally("novice_visits", "visits", "of others"),
        Tally("expert_satisfaction", "0-1", "sum over experts' visits of satisfaction", 1 / FIXED_POINT),
        Tally("novice_satisfaction", "0-1", "sum over others' visits of satisfaction", 1 / FIXED_POINT),
        Tally("expert_repeats", "visits", "of experts who were there on the visit before, there again"),
        Tally("novice_repeats", "visits", "of others who were there on the visit before, there again"),
        Tally("expert_base", "visits", "of experts who were there on the visit before, to any firm"),
        Tally("novice_base", "visits", "of others who were there on the visit before, to any firm"),
    )
    kpis = (visitor_expertise, expert_satisfaction_gap, expert_repeat_gap)
    half_visits: float = param(
        20.0, unit="visits", bounds=(0.01, 1e6), evidence="assumed", doc="visits after which half is known"
    )
    expert_from: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="expertise from which a customer is an expert"
    )
    meeting: float = param(
        0.01, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of meeting an unknown firm on a visit"
    )
    raised: float = param(
        0.01, unit="0-1/visit", bounds=(0, 0.5), evidence="assumed",
        doc="what a visit adds to the expectation of somebody who knows all; learning takes it back in part",
    )  # fmt: skip
    independence: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="part of what was heard that somebody who knows all lets go each period",
    )  # fmt: skip
    eased: float = param(
        0.5, unit="share", bounds=(0, 0.99), evidence="assumed",
        doc="part of what procedure bothers a customer that knowing all takes away",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is noted and gained; what is met and let go, as far as there is any of it."""
        gained = ((Phase.LEARNING, note_expertise), (Phase.LEARNING, gain_expertise))
        met = ((Phase.TELLING, meet_alternatives),) if self.meeting > 0 else ()
        let_go = ((Phase.AWARENESS, discount_hearsay),) if self.independence > 0 else ()
        return (*gained, *met, *let_go)
