"""Outbound: contacts that a firm makes go by telephone, and wait for an agent and for an answer.   No neighbours.

A part of the greetings of `care` and of the letters of campaigns (`save`, `win_back`) is taken off the post and put on
the list of calls of the firm's contact centre. Who is reached is told in the next period what the letter would have
said; of who is not, nothing comes. The calls themselves are part of the centre's day (`contact_centre`).
Claim: a voice does as much as a letter or more, but it takes an agent, and somebody who answers.
Source: assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.mechanisms.service.centre_policy import ContactCentrePolicy
from abm.mechanisms.service.centre_records import LISTED, NOT_LISTED, REACHED
from abm.world.columns import Column, Tally

CARE, CAMPAIGN = np.uint8(1), np.uint8(2)  # what a call is about


@kernel
def call_for_campaigns(
    outbound_state, outbound_periods, outbound_about, outbound_contacts, outbound_offer, outbound_apology,
    outbound_waking, reachable, campaign_shift, offer_shift, apology_shift, waking_shift, approaches_of_save,
    approaches_of_win_back, offer_value_of_save, offer_value_of_win_back, apologies_of_win_back, wakings_of_save, known,
    customer_id, calls_out, campaigns_by_phone, outbound_scheduled, key, replication, lo, hi, t,
):  # fmt: skip
    """Let customers be told what campaigns had to say, where a call has reached them, and put new calls on the list.

    A call about a campaign that is REACHED is off the list; the contacts, voucher, apology and waking that it stood for
    are those of this period, and the data by which she was reached are right. Where then no call is listed, the firm
    has somebody who calls, knows her, and writes to her for a campaign in this period, it calls instead if a uniform
    (draw 0, block j, word 0) is below `campaigns_by_phone`: all that it would have sent is kept with the call, and
    taken off.

    outbound_state, outbound_periods, outbound_about, outbound_contacts, outbound_offer, outbound_apology,
    outbound_waking, reachable (m, n)  [written]      outbound_scheduled  tally [written]
    campaign_shift, offer_shift, apology_shift, waking_shift (m, tile)  what is added, or taken off  [written]
    """
    for j in range(known.shape[0]):
        for i in range(lo, hi):
            r = i - lo
            campaign_shift[j, r], offer_shift[j, r], apology_shift[j, r], waking_shift[j, r] = 0.0, 0, 0.0, 0.0
            letters = approaches_of_save[j, r] + approaches_of_win_back[j, r]
            if outbound_state[j, i] == REACHED and outbound_about[j, i] == CAMPAIGN:
                outbound_state[j, i], reachable[j, i] = NOT_LISTED, 1
                campaign_shift[j, r], offer_shift[j, r] = outbound_contacts[j, i], outbound_offer[j, i]
                apology_shift[j, r], waking_shift[j, r] = outbound_apology[j, i], outbound_waking[j, i]
            if (
                outbound_state[j, i] == NOT_LISTED and letters > 0.0 and known[j, i] > 0 and calls_out[j] > 0
                and uniform4(key, customer_id[i], t, j, replication)[0] < campaigns_by_phone[j]
            ):  # fmt: skip
                value = offer_value_of_save[j, r] + offer_value_of_win_back[j, r]
                outbound_state[j, i], outbound_periods[j, i], outbound_about[j, i] = LISTED, 0, CAMPAIGN
                outbound_contacts[j, i], outbound_offer[j, i] = letters, value
                outbound_apology[j, i] = apologies_of_win_back[j, r]
                outbound_waking[j, i] = wakings_of_save[j, r]
                campaign_shift[j, r] -= letters
                offer_shift[j, r] -= value
                apology_shift[j, r] -= apologies_of_win_back[j, r]
                waking_shift[j, r] -= wakings_of_save[j, r]
                outbound_scheduled[j] += 1


@kernel
def call_for_care(
    outbound_state, outbound_periods, outbound_about, outbound_contacts, reachable, care_contacts, care_shift,
    care_greetings, known, customer_id, calls_out, care_by_phone, voice_gain, outbound_scheduled, key, replication, lo,
    hi, t,
):  # fmt: skip
    """Let customers hear the greetings of care, where a call has reached them, and put new calls on the list.

    As for campaigns, with word 1 and `care_by_phone`, of `care_greetings`: calls after visits have been made, and
    reminders are for their period alone. Of a call that has reached her each greeting moves trust and commitment as
    `voice_gain` of them, and counts as one contact.

    outbound_state, outbound_periods, outbound_about, outbound_contacts, reachable (m, n)  [written]
    care_contacts, care_shift (m, tile)  contacts  [written]      outbound_scheduled  tally [written]
    """
    for j in range(known.shape[0]):
        for i in range(lo, hi):
            r = i - lo
            greetings = care_greetings[j, r]
            care_shift[j, r] = 0.0
            if outbound_state[j, i] == REACHED and outbound_about[j, i] == CARE:
                outbound_state[j, i], reachable[j, i] = NOT_LISTED, 1
                care_shift[j, r] = outbound_contacts[j, i]
                care_contacts[j, r] += voice_gain * np.float32(outbound_contacts[j, i])
            if (
                outbound_state[j, i] == NOT_LISTED and greetings > 0.0 and known[j, i] > 0 and calls_out[j] > 0
                and uniform4(key, customer_id[i], t, j, replication)[1] < care_by_phone[j]
            ):  # fmt: skip
                outbound_state[j, i], outbound_periods[j, i], outbound_about[j, i] = LISTED, 0, CARE
                outbound_contacts[j, i] = greetings
                care_shift[j, r] -= greetings
                care_contacts[j, r] -= greetings
                outbound_scheduled[j] += 1


@kernel
def move_contacts(approaches, shift, lo, hi):
    """Add to the contacts of the period what calls have told, and take off what is to be told by calls.

    approaches (m, tile)  contacts  [written]
    """
    for j in range(approaches.shape[0]):
        for r in range(hi - lo):
            approaches[j, r] += shift[j, r]


@kernel
def move_offers(offer_value, offer_shift, lo, hi):
    """Do the same with vouchers.  offer_value (m, tile)  cents  [written]"""
    for j in range(offer_value.shape[0]):
        for r in range(hi - lo):
            offer_value[j, r] += offer_shift[j, r]


class OutboundPolicy(Policy):
    """Which of its contacts a firm makes by telephone."""

    name = "outbound"
    campaigns_by_phone: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="known customers whom `save` or `win_back` picks who are called instead, unless a call is listed already",
    )  # fmt: skip
    care_by_phone: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="customers due for greetings of `care` who are called instead, unless a call to them is listed already",
    )  # fmt: skip


class Outbound(Mechanism):
    """Calls instead of letters."""

    name = "outbound"
    needs = ("information", "contacts", "complaint", "recovery", "care", "contact_centre")
    policy = OutboundPolicy
    owns = (
        Column("outbound_about", ("firm", "customer"), 0, "code", "the call to her: 1 care, 2 a campaign", "uint8"),
        Column("outbound_contacts", ("firm", "customer"), 0, "contacts", "that the call stands for", "uint8"),
        Column("outbound_offer", ("firm", "customer"), 0, "cents", "voucher that it brings", "int64"),
        Column("outbound_apology", ("firm", "customer"), 0, "contacts", "that ask her back", "uint8"),
        Column("outbound_waking", ("firm", "customer"), 0, "contacts", "that make her compare", "uint8"),
    )
    scratch = (
        Column("care_shift", ("firm", "row"), 0, "contacts", "of care, told by call less left to calls"),
        Column("campaign_shift", ("firm", "row"), 0, "contacts", "of campaigns, the same"),
        Column("offer_shift", ("firm", "row"), 0, "cents", "of vouchers, the same", "int64"),
        Column("apology_shift", ("firm", "row"), 0, "contacts", "that ask her back, the same"),
        Column("waking_shift", ("firm", "row"), 0, "contacts", "that make her compare, the same"),
    )
    writes = ("outbound_state", "outbound_periods", "care_contacts", "reachable")
    counts = (Tally("outbound_scheduled", "calls", "that were put on the list"),)
    voice_gain: float = param(
        1.5, unit="letters/greeting", bounds=(1, 10), evidence="assumed",
        doc="letters that move trust and commitment as far as one greeting by telephone",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is called instead of written, of campaigns and of care; nothing if all is written."""
        campaigns = (
            (Phase.CONTACT, call_for_campaigns),
            (Phase.CONTACT, move_contacts, {"shift": "campaign_shift"}),
            (Phase.CONTACT, move_contacts, {"approaches": "apologies", "shift": "apology_shift"}),
            (Phase.CONTACT, move_contacts, {"approaches": "wakings", "shift": "waking_shift"}),
            (Phase.CONTACT, move_offers),
        )
        care = ((Phase.CONTACT, call_for_care), (Phase.CONTACT, move_contacts, {"shift": "care_shift"}))
        by_campaign = any(policy.campaigns_by_phone > 0 for policy in policies)
        by_care = any(policy.care_by_phone > 0 for policy in policies)
        return (*(campaigns if by_campaign else ()), *(care if by_care else ()))

    def fits(self, market: Any) -> None:
        """Refuse calls that nobody makes, and calls for campaigns where there are none."""
        for firm in market.firms:
            own = firm.policy(OutboundPolicy)
            calls = own.care_by_phone > 0 or own.campaigns_by_phone > 0
            if calls and not firm.policy(ContactCentrePolicy).calls:
                raise Refusal(
                    f"firm {firm.name!r} calls customers (outbound), but has nobody to do it; give it "
                    "contact_centre.outbound_agents, or contact_centre.blended = true and agents"
                )
            if own.campaigns_by_phone > 0 and market.save is None and market.win_back is None:
                raise Refusal(
                    f"firm {firm.name!r} sets outbound.campaigns_by_phone, but the market has no campaigns; give the "
                    "scenario a section [scenario.save] or [scenario.win_back]"
                )
