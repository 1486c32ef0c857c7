"""Information: what a firm knows of its customers, and when it should worry about one.   Reads only its own customer.

Claim: a firm sees visits, not customers: of those it can identify it knows when, how often and for how much they came,
and nothing of satisfaction, of other firms or of who has left. Silence is judged against the customer's own rhythm: of
somebody who comes at random every g periods, 1 - e**(-silence / g) would have come by now.
Source: recency and own rhythm as in Fader, Hardie & Lee 2005, Marketing Science (read for the logs); the score is the
exponential special case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.sources import FADER_HARDIE_LEE_2005
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.mechanisms.relationship.warning_scores import (
    count_warnings,
    note_complaints,
    note_first,
    score_alive,
    score_logit,
    score_silence,
)
from abm.world.columns import CENT, Column, Tally


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
        Column("seen_first", ("firm", "customer"), -1, "period", "of the first visit that the firm knows of", "int32"),
        Column("seen_complaints", ("firm", "customer"), 0, "complaints", "that the firm knows of", "int32"),
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

    score: Literal["recency", "alive", "logistic"] = param(
        "recency", unit="name", evidence="assumed",
        doc="what warnings go by: silence in her own rhythm, the chance that she has dropped out (BG/NBD), or a logit",
    )  # fmt: skip
    r: float = param(
        1.0, unit="shape", bounds=(0.001, 1e4), evidence="assumed", source=cite(FADER_HARDIE_LEE_2005, "BG/NBD"),
        doc="of score alive: shape of visit rates over customers, as `patronage fit` prints it",
    )  # fmt: skip
    alpha: float = param(
        12.0, unit="periods", bounds=(0.001, 1e6), evidence="assumed", source=cite(FADER_HARDIE_LEE_2005, "BG/NBD"),
        doc="of score alive: rate of visit rates over customers; `patronage fit` prints it in weeks",
    )  # fmt: skip
    a: float = param(
        1.0, unit="shape", bounds=(0.001, 1e4), evidence="assumed", source=cite(FADER_HARDIE_LEE_2005, "BG/NBD"),
        doc="of score alive: first shape of the chance of dropping out after a visit",
    )  # fmt: skip
    b: float = param(
        10.0, unit="shape", bounds=(0.001, 1e4), evidence="assumed", source=cite(FADER_HARDIE_LEE_2005, "BG/NBD"),
        doc="of score alive: second shape of it",
    )  # fmt: skip
    intercept: float = param(
        -2.0, unit="logit units", bounds=(-100, 100), evidence="assumed", doc="of score logistic: its constant"
    )
    on_silence: float = param(
        1.0, unit="logit/gap", bounds=(-100, 100), evidence="assumed",
        doc="of score logistic: weight of silence, counted in her gaps",
    )  # fmt: skip
    on_visits: float = param(
        0.0, unit="logit units", bounds=(-100, 100), evidence="assumed",
        doc="of score logistic: weight of the logarithm of visits seen",
    )  # fmt: skip
    on_spend: float = param(
        0.0, unit="logit units", bounds=(-100, 100), evidence="assumed",
        doc="of score logistic: weight of the logarithm of 1 + spend seen, in cu",
    )  # fmt: skip
    on_trend: float = param(
        0.0, unit="logit units", bounds=(-100, 100), evidence="assumed",
        doc="of score logistic: weight of the logarithm of her gap of late over her mean gap",
    )  # fmt: skip
    on_complaints: float = param(
        0.0, unit="logit/complaint", bounds=(-100, 100), evidence="assumed",
        doc="of score logistic: weight of each complaint; needs complaints",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm identifies anybody; else what it notes, its warnings and its cost."""
        if not any(policy.data_coverage > 0 or policy.omniscient for policy in policies):
            return ()
        scores = {"recency": score_silence, "alive": score_alive, "logistic": score_logit}
        first = ((Phase.BOOKING, note_first),) if self.score != "recency" else ()
        heard = ((Phase.BOOKING, note_complaints),) if self.score == "logistic" and self.on_complaints != 0 else ()
        warned = ((Phase.WINDOWS, scores[self.score]), (Phase.WINDOWS, count_warnings))
        return ((Phase.BOOKING, note_visits), *first, *heard, *warned, (Phase.BOOKS, book_records))

    def idle(self) -> tuple[str, ...]:
        """Return what only other scores use."""
        logit = ("intercept", "on_silence", "on_visits", "on_spend", "on_trend", "on_complaints")
        alive = ("r", "alpha", "a", "b")
        return {"recency": alive + logit, "alive": logit, "logistic": alive}[self.score]

    def fits(self, market: Any) -> None:
        """Refuse a score by complaints where nobody complains."""
        if self.score == "logistic" and self.on_complaints != 0 and market.complaint is None:
            raise Refusal(
                "information.on_complaints needs complaints; give the scenario a section [scenario.complaint]"
            )
