"""Complaint: who is dissatisfied may speak to the firm, and most do not.   Reads only its own customer.

Claim: dissatisfaction leads to exit or to voice; voice is the likelier the worse the visit was, the easier the firm
makes it and the more she trusts that it will be of use. The others are silent, and the firm hears nothing of them.
Source: HIRSCHMAN_1970 and FORNELL_WERNERFELT_1987 (exit, voice, ease); the size is tuned with the prototype, which had
.38 of the dissatisfied complain; the weights are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.functions import logistic32, normal32
from abm.core.kernels import equation, kernel
from abm.core.sources import FORNELL_WERNERFELT_1987, HIRSCHMAN_1970, PROTOTYPE
from abm.core.spec import param
from abm.core.streams import philox, stream_key, uniform, uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.complaints import CHANNELS, FAILED, HANDLINGS, NO_COMPLAINT, SILENT
from abm.world.visits import CORE, FAILURES, NO_FAILURE, PRICE, WAIT
from abm.world.world import World


@equation
def complaint_probability(shortfall, openness, trust, inclination, base, depth, ease, faith, usual_trust):
    """Return the chance that a dissatisfied visitor complains.

    shortfall : by how much satisfaction is below the mark of dissatisfaction, above 0      openness : 0-1
    """
    return logistic32(base + depth * shortfall + ease * openness + faith * (trust - usual_trust) + inclination)


@equation
def grievance_of(failure, price_part, wait_part, gap):
    """Return the cause of dissatisfaction: the failure; else the price or the wait, if it took more than the gap did.

    price_part, wait_part, gap : what each took from satisfaction, 0 or less
    """
    felt = PRICE if price_part <= wait_part else WAIT
    unfelt = min(price_part, wait_part) > gap or min(price_part, wait_part) >= np.float32(0.0)
    return failure if failure != NO_FAILURE else (CORE if unfelt else felt)


@kernel
def find_grievances(
    grievance, visit_count, visit_firm, visit_pair, transaction, performance, expectation_at, failure_cause,
    satisfaction_shift_of_perceived_value, satisfaction_shift_of_fairness, satisfaction_shift_of_perceived_wait,
    dissatisfied_below, grievances,
):  # fmt: skip
    """Write what each dissatisfied visitor is dissatisfied with.

    Who is below `dissatisfied_below` has a grievance: about what failed; else about the price (its value and its
    fairness) or the wait, whichever took more from satisfaction, if it took more than what performance lacked to the
    expectation; else about the core.

    grievance (visits,)  code of a failure, 0 = none  [written]      grievances (cause, firms)  tally [written]
    """
    for v in range(visit_count[0]):
        cause = NO_FAILURE
        if transaction[v] < dissatisfied_below:
            price_part = satisfaction_shift_of_perceived_value[v] + satisfaction_shift_of_fairness[v]
            of_price = min(price_part, np.float32(0.0))
            of_wait = min(satisfaction_shift_of_perceived_wait[v], np.float32(0.0))
            gap = min(performance[v] - expectation_at[visit_pair[v]], np.float32(0.0))
            cause = np.uint8(grievance_of(failure_cause[v], of_price, of_wait, gap))
            grievances[cause, visit_firm[v]] += 1
        grievance[v] = cause


@equation
def of_channel(channel, counter, phone, online):
    """Return what belongs to a channel, by its code."""
    return counter if channel == 0 else (phone if channel == 1 else online)


@kernel
def complain(
    complaint_channel, handling, handling_justice, complaint_heard, grievance, visit_count, visit_customer, visit_nth,
    visit_firm, visit_pair, transaction, trust_at, inclination, usual_channel, counter_ease, phone_ease, online_ease,
    counter_handling, phone_handling, online_handling, customer_id, dissatisfied_below, base, depth, ease, faith,
    usual_trust, complaints, complaints_by_channel, hearing, key, replication, t,
):  # fmt: skip
    """Draw which of the dissatisfied complain, each through her usual channel (draw 0, block nth, word 0).

    A complaint has failed until something is done about it, and is heard unless something comes between.

    complaint_channel (visits,)  code, 3 = silent, handling (visits,)  code, handling_justice (visits,)  0-1  [written]
    complaint_heard (visits,)  1  [written]
    complaints (cause, firms), complaints_by_channel (channel, firms), hearing  tallies [written]
    """
    for v in range(visit_count[0]):
        complaint_channel[v] = SILENT
        handling[v] = NO_COMPLAINT
        handling_justice[v] = 0.0
        complaint_heard[v] = 1
        if grievance[v] != NO_FAILURE:
            i, j = visit_customer[v], visit_firm[v]
            channel = usual_channel[i]
            openness = of_channel(channel, counter_ease[j], phone_ease[j], online_ease[j])
            chance = complaint_probability(
                dissatisfied_below - transaction[v], openness, trust_at[visit_pair[v]], inclination[i], base, depth,
                ease, faith, usual_trust,
            )  # fmt: skip
            if uniform(philox(customer_id[i], t, visit_nth[v], replication, key)[0]) < chance:
                complaint_channel[v] = channel
                handling[v] = FAILED
                complaints[grievance[v], j] += 1
                complaints_by_channel[channel, j] += 1
                hearing[j] += of_channel(channel, counter_handling[j], phone_handling[j], online_handling[j])


@kernel(per="share")
def book_channels(visits, channel_expense, channels_kept):
    """Book what it costs to keep channels open, in 1/100 cent.  channels_kept  tally [written]"""
    for j in range(channel_expense.shape[0]):
        channels_kept[j] += visits[j] * channel_expense[j]


@kernel
def draw_habits_of_voice(
    inclination, usual_channel, customer_id, inclination_spread, counter_part, phone_part, key, replication
):
    """Draw for life how readily each customer complains, and through which channel.

    The inclination is Normal(0, `inclination_spread`) (period 0, draw 1, word 0); the channel is the counter for
    uniforms (word 1) below `counter_part`, the phone for the next `phone_part`, else online.

    inclination (n,)  logit units, usual_channel (n,)  code  [written]
    """
    for i in range(customer_id.shape[0]):
        a, b, _, _ = uniform4(key, customer_id[i], 0, 1 << 16, replication)
        inclination[i] = inclination_spread * normal32(a)
        usual_channel[i] = 0 if b < counter_part else (1 if b < counter_part + phone_part else 2)


@kpi(unit="1/visit", nan="nobody visited the firm")
def complaint_rate(c: Tallied) -> FloatArray:
    """Complaints / visits."""
    return c.complaints.sum(axis=-2) / c.visits


@kpi(unit="share", better="more", nan="nobody is dissatisfied", source="HIRSCHMAN_1970 (voice)")
def voice_share(c: Tallied) -> FloatArray:
    """Complaints / visits that dissatisfied; the rest are the silent dissatisfied."""
    return c.complaints.sum(axis=-2) / c.grievances.sum(axis=-2)


@kpi(unit="1/visit", better="less", nan="nobody visited the firm")
def silent_dissatisfied_share(c: Tallied) -> FloatArray:
    """Visits that dissatisfied and of which the firm hears nothing / visits."""
    return (c.grievances - c.complaints).sum(axis=-2) / c.visits


class VoicePolicy(Policy):
    """How easy a firm makes it to complain, by channel, and what that costs."""

    name = "voice"
    held: ClassVar = {"counter_handling": CENTS, "phone_handling": CENTS, "online_handling": CENTS}
    given: ClassVar = {
        "channel_cost": "what a channel costs is given to a firm",
        "counter_handling": "what the time of staff costs is given to a firm",
        "phone_handling": "what the time of staff costs is given to a firm",
        "online_handling": "what the time of staff costs is given to a firm",
    }
    counter_ease: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how easy it is to complain to staff on the spot"
    )
    phone_ease: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how easy it is to complain by telephone"
    )
    online_ease: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how easy it is to complain online"
    )
    channel_cost: float = param(
        0.1, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - ease) of each channel"
    )
    counter_handling: float = param(
        3.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="cost of hearing a complaint on the spot"
    )
    phone_handling: float = param(
        2.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="cost of hearing a complaint by telephone"
    )
    online_handling: float = param(
        1.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="cost of hearing a complaint online"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what open channels cost a visit, in 1/100 cent: each further step of ease costs more."""
        eases = (self.counter_ease, self.phone_ease, self.online_ease)
        return {"channel_expense": (CENTS, -100.0 * self.channel_cost * sum(math.log1p(-ease) for ease in eases))}


class Complaint(Mechanism):
    """Voice: which of the dissatisfied complain, about what, and how."""

    name = "complaint"
    serves = ("C3",)
    policy = VoicePolicy
    owns = (
        Column("inclination", ("customer",), 0, "logit units", "how readily she complains"),
        Column("usual_channel", ("customer",), 0, "code", f"how she complains: {', '.join(CHANNELS)}", "uint8"),
        Column("grievance", ("visit",), 0, "code", "what the visitor is dissatisfied with, 0 = nothing", "uint8"),
        Column("complaint_channel", ("visit",), 3, "code", f"how: {', '.join(CHANNELS)}, 3 = silent", "uint8"),
        Column("handling", ("visit",), 0, "code", f"what came of the complaint: {', '.join(HANDLINGS)}", "uint8"),
        Column("handling_justice", ("visit",), 0, "0-1", "justice that is said of the handling of the complaint"),
        Column("complaint_heard", ("visit",), 1, "bool", "whether the firm deals with a complaint", "uint8"),
    )
    counts = (
        Tally("grievances", "visits", "visits that dissatisfied, by cause", axes=("cause",)),
        Tally("complaints", "complaints", "complaints about visits, by cause", axes=("cause",)),
        Tally("complaints_by_channel", "complaints", "complaints about visits, by channel", axes=("channel",)),
        Tally("hearing", "cu", "cost of hearing complaints", CENT, account="lever"),
        Tally("channels_kept", "cu", "cost of channels for complaints", CENT / 100, account="lever"),
    )
    kpis = (complaint_rate, voice_share, silent_dissatisfied_share)
    dissatisfied_below: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction with a dissatisfied visit is lower"
    )
    base: float = param(
        -1.9, unit="logit units", bounds=(-20, 20), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="readiness to complain of who is hardly dissatisfied and trusts as usual",
    )  # fmt: skip
    depth: float = param(
        6.0, unit="logit/0-1", bounds=(0, 50), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="weight of what satisfaction lacks to the mark",
    )  # fmt: skip
    ease: float = param(
        1.0, unit="logit/0-1", bounds=(0, 20), evidence="assumed",
        source=cite(FORNELL_WERNERFELT_1987, "complaints are worth encouraging"), doc="weight of the channel's ease",
    )  # fmt: skip
    faith: float = param(
        1.0, unit="logit/0-1", bounds=(0, 20), evidence="assumed",
        source=cite(HIRSCHMAN_1970, "loyalty favours voice"), doc="weight of trust in the firm",
    )  # fmt: skip
    usual_trust: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust that neither favours voice nor hinders it"
    )
    inclination_spread: float = param(
        0.5, unit="logit units", bounds=(0, 5), evidence="assumed", doc="sd over customers of their readiness"
    )
    counter_part: float = param(
        0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who complain on the spot"
    )
    phone_part: float = param(
        0.35, unit="share", bounds=(0, 1), evidence="assumed",
        doc="customers who complain by telephone; the rest do it online",
    )  # fmt: skip

    @model_validator(mode="after")
    def _leaves_a_rest(self) -> Self:
        if self.counter_part + self.phone_part > 1.0:
            parts = f"counter_part + phone_part = {self.counter_part + self.phone_part:g}"
            raise Refusal(f"{parts}; together they may be 1 at most, as the rest complains online")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return grievances, complaints, and the cost of channels if any is kept open."""
        kept = any(policy.counter_ease + policy.phone_ease + policy.online_ease > 0 for policy in policies)
        books = ((Phase.BOOKS, book_channels),) if kept else ()
        return ((Phase.VOICE, find_grievances), (Phase.VOICE, complain), *books)

    def axes(self) -> dict[str, int]:
        """Return how many causes and channels there are."""
        return {"cause": len(FAILURES), "channel": len(CHANNELS)}

    def begin(self, world: World, seed: int) -> None:
        """Draw who complains readily, and how."""
        c = world.customers
        draw_habits_of_voice(
            c.inclination, c.usual_channel, c.customer_id, self.inclination_spread, self.counter_part, self.phone_part,
            stream_key(seed, self.name), world.replication,
        )  # fmt: skip
