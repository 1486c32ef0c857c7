"""Contacts: firms approach customers whom they know, as far as they can reach them.   Reads only its own customer.

What contacts are about is a matter of the theories that make them; this one says who is reached, what a contact costs,
and what comes of too many. Theories add to `approaches` in the phase CONTACT, and to `apologies` and `wakings` those
that say such things, and let a contact work where `reachable` is 1; `contact_welcome` says how gladly it is received.
Claim: addresses go out of date, so that a firm that does not look after its data reaches fewer and fewer of the
customers whom it knows; a contact is worth the less the more there have been lately, and beyond what a customer
tolerates it annoys.
Source: GODFREY_SEIDERS_VOSS_2011 (communication beyond an ideal level repels); form and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.kernels import equation, kernel
from abm.core.sources import GODFREY_SEIDERS_VOSS_2011
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, Column, Tally


@equation
def welcome(load, tolerated):
    """Return how gladly a contact is received: 1 - load / tolerated, -1 at worst; below 0 it annoys."""
    return max(1.0 - load / tolerated, np.float32(-1.0))


@kernel
def foresee_welcome(contact_welcome, contact_load, tolerated, lo, hi):
    """Write how gladly a contact would be received in this period: `welcome` of the load before it.

    contact_welcome (m, tile)  -1 to 1  [written]
    """
    for j in range(contact_load.shape[0]):
        for i in range(lo, hi):
            contact_welcome[j, i - lo] = welcome(contact_load[j, i], tolerated)


@kernel
def receive_contacts(
    contact_load, trust, affective_commitment, approaches, known, reachable, contact_expense, tolerated, kept,
    annoyance, contacts_made, contacts_received, contacts_annoying, contact_spend, lo, hi,
):  # fmt: skip
    """Let customers receive the contacts of the period, tire of them, and be annoyed by too many.

    A firm makes the contacts of `approaches` to customers whom it knows, and pays for each; who is reachable receives
    them. Where `welcome` of the load before this period is below 0, each takes `annoyance` times as much of trust and
    of affective commitment, to 0 at least. The load then is `kept * load + (1 - kept) * received` of everybody.

    contact_load (m, n)  contacts/period, trust, affective_commitment (m, n)  0-1  [written]
    contacts_made, contacts_received, contacts_annoying, contact_spend  tallies [written]
    """
    for j in range(contact_load.shape[0]):
        made, received, annoying = np.int64(0), np.int64(0), np.int64(0)
        for i in range(lo, hi):
            asked, there = np.int64(approaches[j, i - lo]), np.float32(0.0)
            if asked > 0 and known[j, i] > 0:
                made += asked
                if reachable[j, i] > 0:
                    there = np.float32(asked)
                    received += asked
                    gladly = welcome(contact_load[j, i], tolerated)
                    if gladly < 0.0:
                        annoying += asked
                        loss = annoyance * -gladly * there
                        trust[j, i] = max(np.float32(0.0), trust[j, i] - loss)
                        affective_commitment[j, i] = max(np.float32(0.0), affective_commitment[j, i] - loss)
            contact_load[j, i] = kept * contact_load[j, i] + (1.0 - kept) * there
        contacts_made[j] += made
        contacts_received[j] += received
        contacts_annoying[j] += annoying
        contact_spend[j] += made * contact_expense[j]


@kernel
def keep_data(
    reachable, has_data, known, customer_id, data_upkeep, data_decay, reachable_customers, key, replication, lo, hi, t
):  # fmt: skip
    """Let data on how to reach customers come in, go out of date, and be mended.

    Who has come to be known in the period gives data that are right. Of other known customers, right data go out of
    date with `data_decay`, and wrong ones are mended with `data_upkeep` (draw 0, block j, word 0, for either).

    reachable, has_data (m, n)  bool  [written]      reachable_customers  tally [written]
    """
    for j in range(known.shape[0]):
        there = 0
        for i in range(lo, hi):
            if known[j, i] > 0:
                if has_data[j, i] == 0:
                    has_data[j, i] = 1
                    reachable[j, i] = 1
                else:
                    luck = uniform4(key, customer_id[i], t, j, replication)[0]
                    changes = luck < (data_decay if reachable[j, i] > 0 else data_upkeep[j])
                    reachable[j, i] = 1 - reachable[j, i] if changes else reachable[j, i]
                there += 1 if reachable[j, i] > 0 else 0
        reachable_customers[j] += there


@kernel(per="share")
def book_upkeep(upkeep_expense, known_customers, upkeep_spend):
    """Book what looking after data costs, in 1/100 cent.  upkeep_spend  tally [written]"""
    for j in range(upkeep_expense.shape[0]):
        upkeep_spend[j] += known_customers[j] * upkeep_expense[j]


@kpi(unit="share", better="more", nan="the firm knows nobody")
def data_accuracy(c: Tallied) -> FloatArray:
    """Known customers whom the firm can reach / customers whom it knows; over several periods of their means."""
    return c.reachable_customers / c.known_customers


@kpi(unit="contacts/customer/period")
def contact_rate(c: Tallied) -> FloatArray:
    """Contacts that customers receive from the firm / customers of the market, per period."""
    return c.contacts_received / c.population


@kpi(unit="share", better="less", nan="nobody received a contact")
def annoying_share(c: Tallied) -> FloatArray:
    """Contacts received by customers who had had more than they tolerate / contacts received."""
    return c.contacts_annoying / c.contacts_received


class ContactPolicy(Policy):
    """How a firm looks after the data by which it reaches its customers."""

    name = "contacts"
    given: ClassVar = {
        "upkeep_cost": "what its inputs cost is given to a firm",
        "contact_cost": "what a letter or a call costs is given to a firm",
    }
    data_upkeep: float = param(
        0.0, unit="1/period", bounds=(0, 0.99), evidence="assumed", doc="chance that wrong data are found and mended"
    )
    upkeep_cost: float = param(
        0.05, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of its cost for each record, -ln(1 - upkeep)",
    )  # fmt: skip
    contact_cost: float = param(
        0.1, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="cost of an approach, reached or not"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a contact costs in cents, and the upkeep of a record in 1/100 cent."""
        return {
            "contact_expense": (CENTS, self.contact_cost),
            "upkeep_expense": (CENTS, -100.0 * self.upkeep_cost * math.log1p(-self.data_upkeep)),
        }


class Contacts(Mechanism):
    """Who can be reached, and what contacts do by being contacts."""

    name = "contacts"
    serves = ("D15", "D19")
    needs = ("information",)
    policy = ContactPolicy
    owns = (
        Column("reachable", ("firm", "customer"), 0, "bool", "whether the firm's data reach her", "uint8"),
        Column("has_data", ("firm", "customer"), 0, "bool", "whether the firm ever had data that did", "uint8"),
        Column("contact_load", ("firm", "customer"), 0, "contacts/period", "received from the firm of late"),
        Column("contact_welcome", ("firm", "row"), 0, "-1 to 1", "how gladly a contact is received in the period"),
    )
    sums = (
        Sum("approaches", ("firm", "row"), 0.0, "contacts", "that firms make to each customer", Phase.CONTACT),
        Sum("apologies", ("firm", "row"), 0.0, "contacts", "of these, that ask a lapsed customer back", Phase.CONTACT),
        Sum("wakings", ("firm", "row"), 0.0, "contacts", "of these, that make her compare firms", Phase.CONTACT),
    )
    writes = ("trust", "affective_commitment")
    counts = (
        Tally("contacts_made", "contacts", "approaches of the firm to customers whom it knows"),
        Tally("contacts_received", "contacts", "of these, those that reached the customer"),
        Tally("contacts_annoying", "contacts", "of these, those beyond what the customer tolerates"),
        Tally("reachable_customers", "customers", "known customers whom the firm can reach at the end of the period"),
        Tally("contact_spend", "cu", "cost of contacts", CENT, account="lever"),
        Tally("upkeep_spend", "cu", "cost of looking after data", CENT / 100, account="lever"),
    )
    kpis = (data_accuracy, contact_rate, annoying_share)
    data_decay: float = param(
        0.004, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="chance that right data go out of date: about a fifth within a year of weeks",
    )  # fmt: skip
    tolerated: float = param(
        1.5, unit="contacts/period", bounds=(0.01, 100), evidence="assumed",
        source=cite(GODFREY_SEIDERS_VOSS_2011, "an ideal level"), doc="contacts of late beyond which more annoy",
    )  # fmt: skip
    kept: float = param(
        0.75, unit="kept/period", bounds=(0, 0.9999), evidence="assumed", doc="weight of earlier contacts in the load"
    )
    annoyance: float = param(
        0.02, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="trust and commitment lost with a contact after twice what is tolerated",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return how contacts are received, how data age, and what their upkeep costs."""
        received = ((Phase.CONTACT, foresee_welcome), (Phase.NEED, receive_contacts))
        return (*received, (Phase.WINDOWS, keep_data), (Phase.BOOKS, book_upkeep))
