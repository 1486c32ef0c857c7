"""Reference customers: satisfied customers whom a firm shows to those who have not used it.   All references of a firm.

What references think in period t acts on choices from t + 1.
Claim: a firm asks satisfied visitors to vouch for it, and who is paid more consents more often. Who knows the firm, has
not used it and meets a reference moves her expectation to what references find: that proves more than a promise where a
firm is better than it says, and takes trial from one that is worse. References were satisfied when they were asked; as
time goes by they find what others find, and who has become dissatisfied says so until the firm notices and lets her go.
Source: textbook practice of reference customers (样板客户); form and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.functions import STEPS, exp32, in_steps
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_A_THOUSAND = np.float32(1000.0)


@equation
def consent_chance(fee, half_fee):
    """Return the chance that a satisfied customer vouches for a firm at a fee: fee / (fee + half_fee)."""
    return fee / (fee + half_fee)


@equation
def meeting_chance(references, half_references, meeting):
    """Return the chance of meeting a reference in a period: meeting * (1 - 2^(-references / half_references))."""
    return meeting * (1.0 - exp32(-0.6931472 * references / half_references))


@kernel
def keep_references(
    vouches, satisfaction, exited, customer_id, references_wanted, references_watched, vouching_below, reference_fails,
    references_dropped, key, replication, lo, hi, t,
):  # fmt: skip
    """Let references go who have left the category, or whom the firm wants no more of, or finds dissatisfied.

    A firm that wants no references lets all go. One whose satisfaction is below `vouching_below` is counted, and found
    out with chance `references_watched` (draw 1, block j, word 0).

    vouches (m, n)  bool  [written]      reference_fails, references_dropped  tallies, all who are let go  [written]
    """
    for j in range(vouches.shape[0]):
        for i in range(lo, hi):
            if vouches[j, i] > 0:
                fails = satisfaction[j, i] < vouching_below
                luck = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0]
                gone = exited[i] >= 0 or references_wanted[j] <= 0.0 or (fails and luck < references_watched[j])
                vouches[j, i] = 0 if gone else 1
                reference_fails[j] += 1 if fails else 0
                references_dropped[j] += 1 if gone else 0


@kernel
def ask_references(
    vouches_at, willing, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, transaction, satisfaction_at,
    customer_id, references_wanted, reference_fee, asked_share, half_fee, asked_from, key, replication, lo, hi, t,
):  # fmt: skip
    """Note who would vouch for a firm, and let those begin whom the firm asks.

    A visitor who is no reference yet, found the visit worth `asked_from` or more and the firm so far too, is willing
    with chance `consent_chance` (draw 0, block nth, word 0), and is asked if word 1 is below `asked_share` of the firm.
    `willing` keeps the firm of her latest such visit, whether she was asked or not.

    vouches_at (pairs,)  bool, willing (n,)  firm + 1, 0 = none  [written]
    """
    for i in range(lo, hi):
        willing[i] = 0
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        likes = transaction[v] >= asked_from and satisfaction_at[pair] >= asked_from
        if references_wanted[j] > 0.0 and vouches_at[pair] == 0 and likes:
            a, b, _, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            if a < consent_chance(reference_fee[j], half_fee):
                willing[i] = j + 1
                vouches_at[pair] = 1 if b < asked_share[j] else 0


@kernel(per="market", double=True)
def gather_references(
    references_held, reference_mood, asked_share, vouches, willing, satisfaction, references_wanted, lo, hi
):
    """Count each firm's references, average how satisfied they are, and find how many of the willing to ask next.

    Satisfaction is added up in whole 2^-20, cut off, and divided in float64; without references the mood stays. A firm
    wants floor(references_wanted * customers / 1000) references, in float64; next period it asks of the willing the
    share that is missing / who are willing now, at most 1, and nobody if nobody is or none is missing.

    references_held (m,)  customers, reference_mood, asked_share (m,)  0-1  [written]
    """
    for j in range(references_held.shape[0]):
        if references_wanted[j] > 0.0 or references_held[j] > 0:
            held, total, ready = np.int64(0), np.int64(0), np.int64(0)
            for i in range(lo, hi):
                ready += 1 if np.int64(willing[i]) == j + 1 else 0
                if vouches[j, i] > 0:
                    held += 1
                    total += in_steps(satisfaction[j, i])
            references_held[j] = held
            reference_mood[j] = (
                np.float32(np.float64(total) / np.float64(held) / STEPS) if held > 0 else reference_mood[j]
            )
            thousands = np.float64(np.int64(hi) - np.int64(lo)) / np.float64(_A_THOUSAND)
            wanted = np.int64(np.float64(references_wanted[j]) * thousands)
            missing = max(np.int64(wanted - held), np.int64(0))
            asked_share[j] = np.float32(min(missing / ready, 1.0)) if ready > 0 else np.float32(0.0)
        else:
            asked_share[j] = 0.0


@kernel
def meet_references(
    expectation, vouches, aware, encounters, satisfaction, exited, customer_id, references_held, reference_mood,
    references_wanted, half_references, meeting, persuasion, references_now, reference_satisfaction, references_met,
    key, replication, lo, hi, t,
):  # fmt: skip
    """Count references, and let others who know a firm and have not used it meet one now and then.

    The chance is `meeting_chance` of the references per 1,000 customers (draw 2, block j, word 0; the length of
    `exited` is the number of customers); the expectation moves by `persuasion` of its way to the references' mood.

    expectation (m, n)  0-1  [written]
    references_now, references_met  tallies, reference_satisfaction  in whole 2^-20, cut off  [written]
    """
    thousands = np.float32(exited.shape[0]) / _A_THOUSAND
    for j in range(vouches.shape[0]):
        if references_held[j] > 0 and references_wanted[j] > 0.0:
            chance = meeting_chance(np.float32(references_held[j]) / thousands, half_references, meeting)
            for i in range(lo, hi):
                if vouches[j, i] > 0:
                    references_now[j] += 1
                    reference_satisfaction[j] += in_steps(satisfaction[j, i])
                elif aware[j, i] > 0 and encounters[j, i] < 1.0 and exited[i] < 0:
                    met = uniform4(key, customer_id[i], t, (2 << 16) | j, replication)[0] < chance
                    references_met[j] += 1 if met else 0
                    moved = persuasion * (reference_mood[j] - expectation[j, i])
                    expectation[j, i] += moved if met else np.float32(0.0)


@kernel(per="share")
def book_references(references_now, reference_expense, reference_spend):
    """Book fees and watching of the period's references, in 1/100 cent.  reference_spend  tally [written]"""
    for j in range(reference_expense.shape[0]):
        reference_spend[j] += references_now[j] * reference_expense[j]


@kpi(unit="customers")
def references_at_work(c: Tallied) -> FloatArray:
    """Reference customers of the firm, mean over periods."""
    return c.references_now / c.periods


@kpi(unit="0-1", nan="the firm has no references")
def reference_gap(c: Tallied) -> FloatArray:
    """Mean satisfaction of references with the firm less that of visitors: by how much they promise too much."""
    return c.reference_satisfaction / c.references_now - c.satisfaction_sum / c.visits


@kpi(unit="share", better="less", nan="the firm has no references")
def failing_references(c: Tallied) -> FloatArray:
    """References who are dissatisfied before the firm has looked / references, over periods."""
    return c.reference_fails / (c.references_now + c.references_dropped)


@kpi(unit="cu/meeting", better="less", nan="nobody met a reference")
def cost_per_meeting(c: Tallied) -> FloatArray:
    """Cost of references / customers who met one."""
    return c.reference_spend / c.references_met


class ReferencesPolicy(Policy):
    """How many customers vouch for a firm, what they are paid, and how closely they are watched."""

    name: ClassVar = "references"
    given: ClassVar = {"watch_cost": "what an hour of staff costs is given to a firm"}
    references_wanted: float = param(
        0.0, unit="customers/1000 customers", bounds=(0, 500), evidence="assumed", doc="references that a firm wants"
    )
    reference_fee: float = param(
        0.5, unit="cu/reference/period", bounds=(0, 1e3), evidence="assumed", doc="paid to a reference"
    )
    references_watched: float = param(
        0.0, unit="1/period", bounds=(0, 0.99), evidence="assumed", doc="dissatisfied references that are found out"
    )
    watch_cost: float = param(
        0.1, unit="cu/reference/period", bounds=(0, 1e3), evidence="assumed", doc="scale of -ln(1 - references_watched)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a reference costs a period, in 1/100 cent: each further step of watching costs more."""
        watching = -self.watch_cost * math.log1p(-self.references_watched)
        return {"reference_expense": (CENTS, 100.0 * (self.reference_fee + watching))}


class References(Mechanism):
    """Reference customers, and whom they persuade."""

    name = "references"
    serves = ("E23",)
    policy = ReferencesPolicy
    owns = (
        Column("vouches", ("firm", "customer"), 0, "bool", "is a reference of the firm", "uint8"),
        Column(
            "willing", ("customer",), 0, "firm + 1", "would vouch for after this period's visits, 0 = none", "uint8"
        ),
        Column("references_held", ("firm",), 0, "customers", "references at the end of the period", "int64"),
        Column("reference_mood", ("firm",), 0, "0-1", "their satisfaction, mean"),
        Column("asked_share", ("firm",), 0, "share", "of the willing whom the firm asks in the next period"),
    )
    writes = ("expectation",)
    counts = (
        Tally("references_now", "customers", "references at the end of the period"),
        Tally("reference_satisfaction", "0-1", "sum of their satisfaction", 1 / FIXED_POINT),
        Tally("reference_fails", "customers", "references found dissatisfied, by the firm or not"),
        Tally("references_dropped", "customers", "references who were let go"),
        Tally("references_met", "customers", "who had not used the firm and met a reference"),
        Tally("reference_spend", "cu", "cost of references", CENT / 100, account="lever"),
    )
    kpis = (references_at_work, reference_gap, failing_references, cost_per_meeting)
    half_fee: float = param(
        1.0, unit="cu/period", bounds=(0.01, 1e4), evidence="assumed", doc="fee at which half of the satisfied consent"
    )
    asked_from: float = param(
        0.75, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction from which a customer is asked"
    )
    vouching_below: float = param(
        0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction below which a reference fails"
    )
    half_references: float = param(
        10.0, unit="customers/1000 customers", bounds=(0.001, 1e4), evidence="assumed",
        doc="references with whom half of the most meetings take place",
    )  # fmt: skip
    meeting: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="chance of meeting a reference of a firm with endlessly many",
    )  # fmt: skip
    persuasion: float = param(
        0.5, unit="1/meeting", bounds=(0, 1), evidence="assumed", doc="pull of a reference on expectation"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm wants references; else who is asked, who stays, who meets them, and costs."""
        if not any(policy.references_wanted > 0 for policy in policies):
            return ()
        found = ((Phase.TELLING, ask_references), (Phase.RELATION, keep_references), (Phase.HEARING, gather_references))
        return (*found, (Phase.AWARENESS, meet_references), (Phase.BOOKS, book_references))
