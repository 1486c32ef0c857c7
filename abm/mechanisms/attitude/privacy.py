"""Privacy: who lets a firm keep her data, who minds that it does, and what a leak costs.   Reads only its own customer.

Claim: customers are concerned about their data in different degrees. Who is asked consents if she trusts the firm more
than she is concerned, so that a firm has to earn what it may know; who was not asked minds each contact that shows what
is known of her. A leak hits at once all those whose data a firm keeps, so that it costs the more the more it knows.
Source: definitions of consent and breach; forms and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from scipy import special

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.traits import drawn_traits
from abm.world.world import World

OPEN, CONSENTED, REFUSED, UNASKED = (np.uint8(code) for code in range(4))  # what became of the question


@kernel
def ask_consent(
    consent_at, known_at, seen_last_at, seen_visits_at, seen_spend_at, seen_gap_at, member_at, trust_at, concern,
    visit_count, visit_customer, visit_firm, visit_pair, asks_consent, identified, consent_asked, consent_refused,
):  # fmt: skip
    """Ask visitors who have just come to be known whether their data may be kept, visit by visit.

    A member of the firm's programme has consented by joining, also where her data had been kept unasked. Others, where
    the firm asks, consent if they trust it as of now at least as much as they are concerned; where it does not ask,
    their data are kept unasked. Who refuses is not known to the firm, on this and all later visits until she joins;
    what it noted of her is deleted, and she is taken off those whom it has identified.

    consent_at, known_at, seen_last_at, seen_visits_at, seen_spend_at, seen_gap_at (pairs,)  [written]
    identified, consent_asked, consent_refused  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        if known_at[pair] > 0 and consent_at[pair] != CONSENTED:
            if member_at[pair] > 0:
                consent_at[pair] = CONSENTED
            elif consent_at[pair] == OPEN and asks_consent[j] == 0:
                consent_at[pair] = UNASKED
            elif consent_at[pair] != UNASKED:
                if consent_at[pair] == OPEN:
                    consent_asked[j] += 1
                    agrees = trust_at[pair] >= concern[visit_customer[v]]
                    consent_at[pair] = CONSENTED if agrees else REFUSED
                    consent_refused[j] += 0 if agrees else 1
                if consent_at[pair] == REFUSED:
                    known_at[pair] = 0
                    seen_last_at[pair] = -1
                    seen_visits_at[pair] = 0
                    seen_spend_at[pair] = 0
                    seen_gap_at[pair] = 0.0
                    identified[j] -= 1


@kernel(per="market")
def draw_breaches(breached, breach_rate, security, breaches, key, replication, t):
    """Draw at which firms data leak in the period: with `breach_rate * (1 - security)`.

    Firm j is at the address of customer j (draw 1, block 0, word 0).

    breached (m,)  bool  [written]      breaches  tally [written]
    """
    for j in range(breached.shape[0]):
        luck = uniform4(key, j, t, 1 << 16, replication)[0]
        breached[j] = 1 if luck < breach_rate * (1.0 - security[j]) else 0
        breaches[j] += breached[j]


@kernel
def resent(
    trust, consent, concern, known, reachable, approaches, breached, intrusion, breach_loss, unasked_factor,
    records_leaked, lo, hi,
):  # fmt: skip
    """Let customers mind contacts that they were not asked for, and leaks of their data.

    A contact that reaches a customer whose data are kept unasked costs `intrusion * concern` of her trust, each; a leak
    costs every known customer `breach_loss * concern`, or `unasked_factor` times as much if she was not asked. Trust
    falls to 0 at least.

    trust (m, n)  0-1  [written]      records_leaked  tally [written]
    """
    for j in range(trust.shape[0]):
        leaks = breached[j] > 0
        for i in range(lo, hi):
            unasked = consent[j, i] == UNASKED
            if (leaks | unasked) & (known[j, i] > 0):
                lost = np.float32(0.0)
                if unasked and reachable[j, i] > 0:
                    lost += intrusion * concern[i] * approaches[j, i - lo]
                if leaks:
                    records_leaked[j] += 1
                    lost += breach_loss * concern[i] * (unasked_factor if unasked else np.float32(1.0))
                trust[j, i] = max(np.float32(0.0), trust[j, i] - lost)


@kernel(per="share")
def book_security(security_expense, known_customers, security_spend):
    """Book what protecting records costs, in 1/100 cent.  security_spend  tally [written]"""
    for j in range(security_expense.shape[0]):
        security_spend[j] += known_customers[j] * security_expense[j]


@kpi(unit="share", better="less", nan="the firm asked nobody")
def refusal_share(c: Tallied) -> FloatArray:
    """Customers who did not let the firm keep their data / customers whom it asked."""
    return c.consent_refused / c.consent_asked


@kpi(unit="customers", better="less")
def records_leaked(c: Tallied) -> FloatArray:
    """Customers whose data leaked from the firm, once for each leak."""
    return c.records_leaked


class PrivacyPolicy(Policy):
    """How a firm treats its customers' data."""

    name = "privacy"
    given: ClassVar = {"security_cost": "what its inputs cost is given to a firm"}
    free: ClassVar = {"asks_consent": "who asks may be refused; what is refused is missing"}
    asks_consent: bool = param(
        True, unit="yes or no", evidence="assumed", doc="whether customers are asked before their data are kept"
    )
    security: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of leaks that is prevented"
    )
    security_cost: float = param(
        0.02, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of its cost for each record, -ln(1 - security)",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the security of a record costs, in 1/100 cent: each further step costs more."""
        return {"security_expense": (CENTS, -100.0 * self.security_cost * math.log1p(-self.security))}


class Privacy(Mechanism):
    """Concern, consent and leaks."""

    name = "privacy"
    serves = ("E24",)
    needs = ("information", "contacts")
    policy = PrivacyPolicy
    owns = (
        Column("concern", ("customer",), 0, "0-1", "about what is done with her data"),
        Column(
            "consent", ("firm", "customer"), 0, "code", "0 not asked yet, 1 given, 2 refused, 3 kept unasked", "uint8"
        ),
        Column("breached", ("firm",), 0, "bool", "data of the firm leak in the period", "uint8"),
    )
    writes = ("known", "seen_last", "seen_visits", "seen_spend", "seen_gap", "identified", "trust")
    counts = (
        Tally("consent_asked", "customers", "customers whom the firm asked for consent"),
        Tally("consent_refused", "customers", "of these, who refused"),
        Tally("breaches", "leaks", "leaks of the firm's data"),
        Tally("records_leaked", "customers", "customers whose data leaked, once for each leak"),
        Tally("security_spend", "cu", "cost of protecting records", CENT / 100, account="lever"),
    )
    kpis = (refusal_share, records_leaked)
    concern_mean: float = param(
        0.4, unit="0-1", bounds=(0.001, 0.999), evidence="assumed", doc="mean concern, Beta-distributed"
    )
    concern_precision: float = param(
        4.0, unit="ratio", bounds=(0.01, 1e6), evidence="assumed", doc="concentration of concern; large = alike"
    )
    intrusion: float = param(
        0.02, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="trust that a contact costs with somebody of full concern who was not asked",
    )  # fmt: skip
    breach_rate: float = param(
        0.0, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance of a leak at a firm without security"
    )
    breach_loss: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust that a leak costs with somebody of full concern"
    )
    unasked_factor: float = param(
        2.0, unit="ratio", bounds=(1, 10), evidence="assumed", doc="how much more a leak costs who was not asked"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the question, what is minded, leaks if there can be any, and what security costs."""
        leaks = ((Phase.OPENING, draw_breaches),) if self.breach_rate > 0 else ()
        return (*leaks, (Phase.NEED, resent), (Phase.BOOKING, ask_consent), (Phase.BOOKS, book_security))

    def begin(self, world: World, seed: int) -> None:
        """Draw each customer's concern: Beta with mean `concern_mean` and shapes that add up to `concern_precision`.

        Its uniform has 32 bits (period 0, draw 0, block 0, word 0).
        """
        c = world.customers
        a = self.concern_mean * self.concern_precision
        for rows, luck in drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication):
            if "concern" in c:
                c.concern[rows] = special.betaincinv(a, self.concern_precision - a, luck[0])
