"""Channels: visits come by the counter, by phone, e-mail, social media, chat or self-service.   No neighbours.

A firm opens channels; a customer likes each of them more or less, for life, and takes one of those that are open on
each visit.
Claim: a channel is worth most to those who like it best, so that opening one attracts some customers and leaves others
cold, and closing one sends who likes it to another or elsewhere. Distant contact costs less and builds less of a
personal relationship; who changes channels has to tell her story again unless the channels share records.
Source: MCFADDEN_1974 (inclusive value of a nest of alternatives: form only); richness of contact by distance (intimate,
face to face .8, distant .4, contact-free .1) and all other sizes are assumed.

Whatever her channel, the way to the firm (`convenience`) is what it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.mechanisms.service.channels_kernels import (
    CHANNELS,
    COUNTER_ALONE,
    REMOTE,
    add_access,
    add_channel_cost,
    book_channels,
    book_sharing,
    count_channels,
    discount_self_service,
    draw_pulls,
    fall_short,
    hand_over,
    pick_channel,
    thin_contact,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_NO_VISIT = "nobody visited the firm, or no firm has another channel than the counter"


def _of_each(spec: Any, *names: str) -> None:
    """Refuse a list that has not an entry for each channel but the counter."""
    for name in names:
        given = getattr(spec, name)
        if len(given) != len(REMOTE):
            raise Refusal(f"{name} has {len(given)} entries; give {len(REMOTE)}: {', '.join(REMOTE)}")


@kpi(unit="share", nan=_NO_VISIT)
def remote_share(c: Tallied) -> FloatArray:
    """Visits by another channel than the counter / visits."""
    return c.channel_visits[..., 1:, :].sum(axis=-2) / c.channel_visits.sum(axis=-2)


@kpi(unit="share", nan=_NO_VISIT)
def self_service_share(c: Tallied) -> FloatArray:
    """Visits by self-service, without contact with a person / visits."""
    return c.channel_visits[..., -1, :] / c.channel_visits.sum(axis=-2)


@kpi(unit="0-1", better="more", nan=_NO_VISIT)
def contact_richness(c: Tallied) -> FloatArray:
    """Mean richness of contact over visits: at the counter the firm's own, else that of the channel."""
    return c.richness_sum / c.channel_visits.sum(axis=-2)


@kpi(unit="1/visit", nan=_NO_VISIT)
def handover_rate(c: Tallied) -> FloatArray:
    """Visits by another channel than the customer's visit before / visits."""
    return c.handovers / c.channel_visits.sum(axis=-2)


@kpi(unit="share", better="less", nan="no customer changed channels")
def lost_context_share(c: Tallied) -> FloatArray:
    """Changes of channel on which the firm did not know what had gone before / changes of channel."""
    return c.contexts_lost / c.handovers


@kpi(unit="0-1", better="less", nan=_NO_VISIT)
def touch_point_spread(c: Tallied) -> FloatArray:
    """Sd, over visits, of the mean satisfaction with visits by their channel: 0 = all touch points alike."""
    visits, total = c.channel_visits, c.channel_visits.sum(axis=-2)
    sums = c.channel_transaction
    squares = np.divide(sums**2, visits, out=np.zeros_like(sums), where=visits > 0).sum(axis=-2)
    mean = sums.sum(axis=-2) / total
    return np.sqrt(np.maximum(squares / total - mean**2, 0.0))


class ChannelsPolicy(Policy):
    """Which channels a firm opens, how well they are run, and what ties them together."""

    name = "channels"
    held: ClassVar = {"open": None, "handling_costs": None, "channel_costs": None}
    given: ClassVar = {
        "remote_quality_cost": "what its inputs cost is given to a firm",
        "sharing_cost": "what its inputs cost is given to a firm",
        "handling_costs": "what staff and machines cost is given to a firm",
        "channel_costs": "what staff and machines cost is given to a firm",
    }
    open: tuple[str, ...] = param(
        ("counter",), unit="names", evidence="assumed", doc=f"channels by which visits may come: {', '.join(CHANNELS)}"
    )
    remote_quality: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of what remote channels fall short of the counter that is made up for",
    )  # fmt: skip
    remote_quality_cost: float = param(
        0.2, unit="cu/visit", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - remote_quality), its cost on a visit by a remote channel",
    )  # fmt: skip
    self_service_discount: float = param(
        0.0, unit="share", bounds=(0, 0.9), evidence="assumed", doc="off the price of a visit by self-service"
    )
    shared_records: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="chance that a customer's context comes with her from channel to channel, if the firm knows her",
    )  # fmt: skip
    sharing_cost: float = param(
        0.02, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of its cost for each record, -ln(1 - shared_records)",
    )  # fmt: skip
    handling_costs: tuple[float, ...] = param(
        (-0.25, -0.35, -0.25, -0.4, -0.7), unit="cu/visit", bounds=(-1e4, 1e4), evidence="assumed",
        doc=f"cost of a visit beyond one at the counter, below 0 it saves: {', '.join(REMOTE)}",
    )  # fmt: skip
    channel_costs: tuple[float, ...] = param(
        (15.0, 8.0, 10.0, 12.0, 25.0), unit="cu/1,000 customers/period", bounds=(0, 1e6), evidence="assumed",
        doc=f"fixed cost of having it open, by size of the market: {', '.join(REMOTE)}",
    )  # fmt: skip

    @model_validator(mode="after")
    def _channels_there(self) -> Self:
        if not self.open:
            raise Refusal(f"open names no channel; visits have to come by one of {one_of(CHANNELS)}")
        for name in self.open:
            if name not in CHANNELS:
                raise Refusal(f"open names {name!r}{did_you_mean(name, CHANNELS)} (channels: {one_of(CHANNELS)})")
            if self.open.count(name) > 1:
                raise Refusal(f"open names {name!r} twice")
        _of_each(self, "handling_costs", "channel_costs")
        return self

    @property
    def mask(self) -> int:
        """The channels that are open as bits, the counter the lowest."""
        return sum(1 << CHANNELS.index(name) for name in self.open)

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return which channels are open, what a visit by each costs beyond the counter, and what they cost a period.

        A visit by a remote channel costs its handling, and what its quality costs, in cents; records shared cost 1/100
        cents a known customer.
        """
        run_well = -self.remote_quality_cost * math.log1p(-self.remote_quality)
        beyond = zip(REMOTE, self.handling_costs, strict=True)
        upkeep = sum(cost for name, cost in zip(REMOTE, self.channel_costs, strict=True) if name in self.open)
        return {
            "channels_open": (WHOLE, self.mask),
            **{f"{name}_expense": (CENTS, cost + run_well) for name, cost in beyond},
            "channel_upkeep_expense": (CENTS, upkeep),
            "sharing_expense": (CENTS, -100.0 * self.sharing_cost * math.log1p(-self.shared_records)),
        }


class Channels(Mechanism):
    """Channels of contact: who likes which, which are open, and what comes of changing them."""

    name = "channels"
    serves = ("B3", "E9", "E13")
    needs = ("information",)
    policy = ChannelsPolicy
    owns = (
        Column("channel_pull", ("contact_channel", "customer"), 1, "weight", "of each channel with her, counter = 1"),
        Column("last_channel", ("firm", "customer"), 255, "code", "of her latest visit, 255 = none known", "uint8"),
        Column("visit_channel", ("visit",), 0, "code", f"how she comes: {', '.join(CHANNELS)}", "uint8"),
        Column("visit_context", ("visit",), 0, "code", "change of channel: 0 none, 1 context kept, 2 lost", "uint8"),
        Column("context_use", ("firm",), 1, "0-1", "how far staff use what channels share"),
    )
    counts = (
        Tally("channel_visits", "visits", "visits by channel", axes=("contact_channel",)),
        Tally(
            "channel_transaction", "0-1", "sum of satisfaction with visits, by channel", 1 / FIXED_POINT,
            axes=("contact_channel",),
        ),
        Tally("richness_sum", "0-1", "sum over visits of the richness of contact", 1 / FIXED_POINT),
        Tally("handovers", "visits", "visits by another channel than the visit before"),
        Tally("contexts_lost", "visits", "of these, those on which the context was lost"),
        Tally("channel_handling", "cu", "cost of visits beyond those at the counter", CENT, account="lever"),
        Tally("channel_upkeep", "cu", "fixed cost of open channels", CENT / 1000, account="lever"),
        Tally("record_sharing", "cu", "cost of sharing records between channels", CENT / 100, account="lever"),
    )  # fmt: skip
    kpis = (
        remote_share, self_service_share, contact_richness, handover_rate, lost_context_share, touch_point_spread,
    )  # fmt: skip
    appeal: tuple[float, ...] = param(
        (-0.6, -0.8, -1.0, -0.7, -0.5), unit="logit units", bounds=(-50, 50), evidence="assumed",
        doc=f"how the mean customer likes a channel against the counter: {', '.join(REMOTE)}",
    )  # fmt: skip
    appeal_spread: float = param(
        0.6, unit="logit units", bounds=(0, 20), evidence="assumed", doc="sd over customers of that liking, for life"
    )
    occasion_spread: float = param(
        0.2, unit="logit units", bounds=(0.01, 10), evidence="assumed",
        doc="scale of what differs from visit to visit: small = each keeps to the channel that she likes best",
    )  # fmt: skip
    distant_richness: tuple[float, ...] = param(
        (0.4, 0.4, 0.4, 0.4, 0.1), unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc=f"richness of contact; at the counter it is `service.richness`: {', '.join(REMOTE)}",
    )  # fmt: skip
    shortfall: tuple[float, ...] = param(
        (0.02, 0.04, 0.03, 0.03, 0.03), unit="0-1", bounds=(0, 1), evidence="assumed",
        doc=f"performance lacking against the counter, as answers are slow or curt: {', '.join(REMOTE)}",
    )  # fmt: skip
    context_loss: float = param(
        0.03, unit="0-1", bounds=(0, 1), evidence="assumed", doc="performance lost by who has to tell her story again"
    )

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        _of_each(self, "appeal", "distant_richness", "shortfall")
        return self

    @property
    def remote_appeal(self) -> np.ndarray:
        """`appeal` as kernels take it: (5,) float32."""
        return np.array(self.appeal, np.float32)

    @property
    def remote_richness(self) -> np.ndarray:
        """`distant_richness` as kernels take it: (5,) float32."""
        return np.array(self.distant_richness, np.float32)

    @property
    def remote_shortfall(self) -> np.ndarray:
        """`shortfall` as kernels take it: (5,) float32."""
        return np.array(self.shortfall, np.float32)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where all firms have the counter alone, but what shared records cost all the same."""
        shared = ((Phase.BOOKS, book_sharing),) if any(policy.shared_records > 0 for policy in policies) else ()
        if all(policy.mask == COUNTER_ALONE for policy in policies):
            return shared
        visit = (pick_channel, hand_over, fall_short, thin_contact)
        cheaper = any(policy.self_service_discount > 0 for policy in policies)
        delivered = (*visit, discount_self_service) if cheaper else visit
        paid = ((Phase.RELATION, add_channel_cost), (Phase.RELATION, count_channels), (Phase.BOOKS, book_channels))
        return ((Phase.VALUATION, add_access), *((Phase.DELIVERY, kernel) for kernel in delivered), *paid, *shared)

    def axes(self) -> Mapping[str, int]:
        """Return how many channels there are."""
        return {"contact_channel": len(CHANNELS)}

    def fits(self, market: Any) -> None:
        """Refuse records of nobody, and remote visitors who would stand in a line."""
        for firm in market.firms:
            policy, known = firm.policy(ChannelsPolicy), firm.information
            if policy.shared_records > 0 and known.data_coverage == 0 and not known.omniscient:
                step = "give it information.data_coverage > 0"
                raise Refusal(f"firm {firm.name!r} sets channels.shared_records, but knows nobody; {step}")
            if policy.mask != COUNTER_ALONE and market.waiting_line is not None and firm.waiting_line.servers > 0:
                raise Refusal(
                    f"firm {firm.name!r} has waiting_line.servers, where whoever visits stands in line; leave "
                    "channels.open at ['counter'], or set waiting_line.servers = 0"
                )

    def begin(self, world: World, seed: int) -> None:
        """Draw how customers like channels."""
        c = world.customers
        if "channel_pull" in c:
            spread, occasion = np.float32(self.appeal_spread), np.float32(self.occasion_spread)
            key = stream_key(seed, self.name)
            draw_pulls(c.channel_pull, c.customer_id, self.remote_appeal, spread, occasion, key, world.replication)
