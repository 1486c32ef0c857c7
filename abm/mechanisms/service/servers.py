"""Servers: some serve better than others, and a customer may meet the same one again.   Uses no neighbours.

Claim: service varies between those who serve and within each of them; who has a server of her own stays with one who
serves her well and asks for another after a bad visit, so that customers find their way to the better ones.
Source: definition (variance between and within servers); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.functions import normal32
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

MOST_IN_TEAM = 250  # servers of a firm whom customers can tell apart
NO_SERVER = np.uint8(255)


@kernel
def draw_abilities(ability, key, replication):
    """Draw how well each server serves, as a normal score (customer j, period 0, draw 1, block s, word 0 for firm j).

    ability (m, servers)  sd  [written]
    """
    for j in range(ability.shape[0]):
        for s in range(ability.shape[1]):
            ability[j, s] = normal32(uniform4(key, j, 0, (1 << 16) + s, replication)[0])


@kernel
def meet_server(
    met_server, own_server_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, team, continuity,
    customer_id, served_again, key, replication, t,
):  # fmt: skip
    """Let each visitor meet a server: her own with chance `continuity`, if she has one, else any of the team.

    Words 0 and 1 of draw 0, block nth decide on her own one, and on which of the team: floor(u x team). The server met
    is her own from then on; her own one met by chance counts as met again.

    met_server (visits,)  number, 255 = none  [written]      own_server_at (pairs,)  number, 255 = none  [written]
    served_again  tally [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        met_server[v] = NO_SERVER
        if team[j] > 0:
            a, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
            own = own_server_at[pair]
            keeps = own < team[j] and a < continuity[j]
            server = own if keeps else np.uint8(min(np.int64(b * np.float32(team[j])), np.int64(team[j]) - 1))
            met_server[v] = server
            own_server_at[pair] = server
            served_again[j] += 1 if server == own else 0


@kernel
def add_ability(performance_shift, met_server, visit_count, visit_firm, ability, spread_between):
    """Add how well the server met serves: `spread_between * ability`.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        j, server = visit_firm[v], met_server[v]
        if server != NO_SERVER:
            performance_shift[v] += spread_between[j] * ability[j, server]


@kernel
def ask_for_another(own_server_at, met_server, visit_count, visit_pair, transaction, parted_below):
    """After a visit below `parted_below`, amends included, nobody is her server.  own_server_at (pairs,)  [written]"""
    for v in range(visit_count[0]):
        if met_server[v] != NO_SERVER and transaction[v] < parted_below:
            own_server_at[visit_pair[v]] = NO_SERVER


@kernel(per="share")
def book_continuity(visits, continuity_expense, continuity_kept):
    """Book what it costs that customers meet the same server, in 1/100 cent.  continuity_kept  tally [written]"""
    for j in range(continuity_expense.shape[0]):
        continuity_kept[j] += visits[j] * continuity_expense[j]


@kpi(unit="share", nan="nobody visited the firm")
def same_server_share(c: Tallied) -> FloatArray:
    """Visits on which a customer met the server of her visit before / visits."""
    return c.served_again / c.visits


class ServersPolicy(Policy):
    """Who serves, and whether customers meet them again."""

    name = "servers"
    given: ClassVar = {
        "team": "how many serve is a matter of the line; here it says among how many a customer is served",
        "continuity_scale": "what planning costs is given to a firm",
    }
    team: int = param(
        0, unit="servers", bounds=(0, MOST_IN_TEAM), evidence="assumed",
        doc="servers whom customers can tell apart; 0 = each visit has a server of its own",
    )  # fmt: skip
    continuity: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="chance that who has a server meets her again"
    )
    continuity_scale: float = param(
        0.3, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - continuity), its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what continuity costs a visit, in 1/100 cent."""
        return {"continuity_expense": (CENTS, -100.0 * self.continuity_scale * math.log1p(-self.continuity))}


class Servers(Mechanism):
    """Servers who differ, and are met again."""

    name = "servers"
    serves = ("B20",)
    policy = ServersPolicy
    owns = (
        Column("ability", ("firm", "team"), 0, "sd", "how well each server serves"),
        Column("own_server", ("firm", "customer"), 255, "number", "server whom she asks for, 255 = none", "uint8"),
        Column("met_server", ("visit",), 255, "number", "who served the visitor, 255 = not told apart", "uint8"),
    )
    counts = (
        Tally("served_again", "visits", "visits on which a customer met the same server again"),
        Tally("continuity_kept", "cu", "cost of meeting the same server", CENT / 100, account="lever"),
    )
    kpis = (same_server_share,)
    parted_below: float = param(
        0.5,
        unit="0-1",
        bounds=(0, 1),
        evidence="assumed",
        doc="satisfaction after which she asks for another",
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return whom visitors meet and whom they part with, if servers can be told apart; what continuity costs."""
        known = any(policy.team for policy in policies)
        met = (
            ((Phase.DELIVERY, meet_server), (Phase.DELIVERY, add_ability), (Phase.LEARNING, ask_for_another))
            if known
            else ()
        )
        books = ((Phase.BOOKS, book_continuity),) if any(policy.continuity > 0 for policy in policies) else ()
        return (*met, *books)

    def axes(self) -> Mapping[str, int]:
        """Return how many servers a firm's team can have."""
        return {"team": MOST_IN_TEAM}

    def begin(self, world: World, seed: int) -> None:
        """Draw how well servers serve."""
        draw_abilities(world.customers.ability, stream_key(seed, self.name), world.replication)
