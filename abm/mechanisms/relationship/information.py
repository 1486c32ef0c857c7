"""Information: what a firm knows of its customers, and when it should worry about one.   Reads only its own customer.

Claim: a firm sees visits, not customers: of those it can identify it knows when, how often and for how much they came,
and nothing of satisfaction, of other firms or of who has left. Silence is judged against the customer's own rhythm: of
somebody who comes at random every g periods, 1 - e**(-silence / g) would have come by now.
Source: recency and own rhythm as in Fader, Hardie & Lee 2005, Marketing Science (read for the logs); the score is the
exponential special case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.world.columns import CENT, Column, Tally


@equation
def recency_warning(silence, gap):
    """Return how sure a firm may be that an active customer would have come by now: 1 - e^(-silence / gap)."""
    return np.float32(1.0) - exp32(-silence / max(gap, np.float32(1e-3)))


@kernel
def note_visits(
    known_at, seen_last_at, seen_visits_at, seen_spend_at, seen_gap_at, visit_count, visit_customer, visit_nth,
    visit_firm, visit_pair, visit_spend, member_at, customer_id, data_coverage, sees_all, rhythm_rate, identified, key,
    replication, t,
):  # fmt: skip
    """Note the visits of customers whom the firm can identify.

    Who is not yet known is identified on a visit with probability `data_coverage` (draw 0, block nth, word 0, where
    nth counts all occasions of her period). Known at once are members, as they are after the visit, of a firm that
    identifies anybody at all, and everybody by a firm that sees all. What came before is not known. The gap is the
    first time between visits in two periods, and then moves by `rhythm_rate` of its way to the latest one.

    known_at, seen_last_at, seen_visits_at, seen_spend_at, seen_gap_at (pairs,)  [written]
    identified  tally [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        if known_at[pair] == 0:
            u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0]
            if u < data_coverage[j] or sees_all[j] > 0 or (data_coverage[j] > 0.0 and member_at[pair] > 0):
                known_at[pair] = 1
                identified[j] += 1
        if known_at[pair] > 0:
            since = np.float32(t - seen_last_at[pair])
            if seen_visits_at[pair] > 0 and since > 0.0:
                gap = seen_gap_at[pair]
                seen_gap_at[pair] = since if gap == 0.0 else gap + rhythm_rate * (since - gap)
            seen_last_at[pair] = t
            seen_visits_at[pair] += 1
            seen_spend_at[pair] += visit_spend[v]


@kernel
def warn(
    warning, known, seen_last, seen_gap, provider, exited, warn_from, sees_all, known_customers, warned, warned_rightly,
    gone, lo, hi, t,
):  # fmt: skip
    """Score the silence of known customers, and count how often a warning is right.

    A warning is given from `warn_from` on. It is right of somebody who goes to another firm by now or has left the
    category. A firm that sees all scores by that truth: 1 or 0.

    warning (m, n)  0-1  [written]      known_customers, warned, warned_rightly, gone  tallies [written]
    """
    for j in range(warning.shape[0]):
        there, alarms, right, away = 0, 0, 0, 0
        for i in range(lo, hi):
            if known[j, i] > 0:
                left = provider[i] != np.int32(j) or exited[i] >= 0
                score = np.float32(0.0)
                if sees_all[j] > 0:
                    score = np.float32(1.0) if left else np.float32(0.0)
                elif seen_gap[j, i] > 0.0:
                    score = recency_warning(np.float32(t - seen_last[j, i]), seen_gap[j, i])
                warning[j, i] = score
                there += 1
                away += 1 if left else 0
                alarms += 1 if score >= warn_from else 0
                right += 1 if score >= warn_from and left else 0
        known_customers[j] += there
        warned[j] += alarms
        warned_rightly[j] += right
        gone[j] += away


@kernel(per="share")
def book_records(record_expense, known_customers, record_keeping):
    """Book what it costs to keep records, in 1/100 cent.  record_keeping  tally [written]"""
    for j in range(record_expense.shape[0]):
        record_keeping[j] += known_customers[j] * record_expense[j]


@kpi(unit="share", better="more")
def known_share(c: Tallied) -> FloatArray:
    """Customers whom the firm can identify / customers of the market; over several periods their mean."""
    return c.known_customers / c.population


@kpi(unit="share", better="more", nan="the firm warns of nobody")
def warning_precision(c: Tallied) -> FloatArray:
    """Of the customers whom the firm is warned of, those who are at another firm or have left the category."""
    return c.warned_rightly / c.warned


@kpi(unit="share", better="more", nan="no customer whom the firm knows has gone")
def warning_recall(c: Tallied) -> FloatArray:
    """Of the known customers who are at another firm or have left the category, those whom the firm is warned of."""
    return c.warned_rightly / c.gone


@kpi(unit="ratio", better="more", nan="the firm warns of nobody, or nobody whom it knows has gone")
def warning_lift(c: Tallied) -> FloatArray:
    """Precision of the warning / share of the known customers who have gone: 1 = no better than a lot."""
    return (c.warned_rightly / c.warned) / (c.gone / c.known_customers)


@kpi(unit="share", better="less", nan="the firm warns of nobody")
def pseudo_churn_share(c: Tallied) -> FloatArray:
    """Of the customers whom the firm is warned of, those who have not gone: silent because they needed nothing, or
    were out of luck (pseudo churn, against true churn)."""
    return 1.0 - c.warned_rightly / c.warned


@kpi(unit="share", better="more")
def kept_customers(c: Tallied) -> FloatArray:
    """Known customers who have not gone / customers of the market; over several periods their mean."""
    return (c.known_customers - c.gone) / c.population


class InformationPolicy(Policy):
    """What a firm does to know its customers."""

    name = "information"
    given: ClassVar = {
        "record_cost": "what keeping data costs is given to a firm",
        "omniscient": "no firm sees the truth; it is there to compare with",
    }
    data_coverage: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that a visitor is identified for good"
    )
    record_cost: float = param(
        0.02, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed", doc="cost of keeping a customer's record"
    )
    omniscient: bool = param(
        False, unit="yes or no", evidence="assumed", doc="sees the truth, which no firm does: for comparison only"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a record costs in 1/100 cent, and whether the firm sees all."""
        return {
            "record_expense": (CENTS, 100.0 * self.record_cost),
            "sees_all": (WHOLE, self.omniscient),
        }


class Information(Mechanism):
    """What each firm knows of its customers."""

    name = "information"
    policy = InformationPolicy
    owns = (
        Column("known", ("firm", "customer"), 0, "bool", "whether the firm can identify her", "uint8"),
        Column("seen_last", ("firm", "customer"), -1, "period", "of the latest visit that the firm knows of", "int32"),
        Column("seen_visits", ("firm", "customer"), 0, "visits", "that the firm knows of", "int32"),
        Column("seen_spend", ("firm", "customer"), 0, "cents", "that the firm knows of", "int64"),
        Column("seen_gap", ("firm", "customer"), 0, "periods", "her rhythm as the firm knows it, 0 = not known"),
        Column("warning", ("firm", "customer"), 0, "0-1", "how sure the firm may be that she is gone"),
    )
    counts = (
        Tally("identified", "customers", "customers whom the firm came to know"),
        Tally("known_customers", "customers", "customers whom the firm knows at the end of the period"),
        Tally("warned", "customers", "of these, those of whom it is warned"),
        Tally("warned_rightly", "customers", "of these, those who have gone"),
        Tally("gone", "customers", "of those whom it knows, those who have gone"),
        Tally("record_keeping", "cu", "cost of customers' records", CENT / 100, account="lever"),
    )
    kpis = (known_share, warning_precision, warning_recall, warning_lift, pseudo_churn_share, kept_customers)
    rhythm_rate: float = param(
        0.3, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="weight of the latest gap in the rhythm"
    )
    warn_from: float = param(
        0.95, unit="0-1", bounds=(0, 1), evidence="assumed", doc="score from which a firm is warned: three gaps"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm identifies anybody; else what it notes, its warnings and its cost."""
        if not any(policy.data_coverage > 0 or policy.omniscient for policy in policies):
            return ()
        return ((Phase.BOOKING, note_visits), (Phase.WINDOWS, warn), (Phase.BOOKS, book_records))
