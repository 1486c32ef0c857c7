"""A whole market in which firms call instead of writing, held against the twin period by period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from tests.reference.following_mirror import in_tiles
from tests.reference.outbound import CAMPAIGN, CARE, LISTED, NOT_LISTED, REACHED, Call, Letters
from tests.reference.random_numbers import customer_words, stream_key, uniform

PERIODS, PEOPLE, SEED, REPLICATION = 30, 120, 2, 1
CAMPAIGNS: dict[str, Any] = {
    "information": {"data_coverage": 0.875},
    "care": {"regular_contact": 0.5},
    "save": {"save_rate": 0.3, "save_offer": 3.0, "holdout": 0.0},
    "win_back": {"acquisition_budget": 0.5, "win_back_offer": 2.0},
}
PHONES: list[dict[str, Any]] = [
    {
        "outbound": {"care_by_phone": 0.625, "campaigns_by_phone": 0.5},
        "contact_centre": {"agents": 2, "blended": True},
    },
    {"outbound": {"campaigns_by_phone": 1.0}, "contact_centre": {"outbound_agents": 1}},
    {},
]
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": 20,
    "population": {"customers": PEOPLE, "purchase_rate": 0.8},
    "renewal": {"leaving_rate": 0.4, "every": 6, "vacancy": 2},
    "lifecycle": {"dormant_after": 2, "lost_after": 4},
    **{name: {} for name in ("contacts", "complaint", "recovery", "care", "offers", "save", "win_back", "outbound")},
    "information": {},
    "exit": {"forgiving": 0.5},
    "contact_centre": {},
    "firms": [{"name": name, **CAMPAIGNS, **own} for name, own in zip("abc", PHONES, strict=True)],
    "changes": [
        {"name": "letters", "from": 12, "until": 18, "set": {"firms.a.outbound.care_by_phone": 0.0}},
        {"name": "calls", "from": 15, "set": {
            "firms.c.outbound.care_by_phone": 1.0, "firms.c.contact_centre.outbound_agents": 1,
        }},
    ],
}  # fmt: skip
WRITTEN = ("outbound_state", "outbound_periods", "outbound_contacts", "outbound_offer", "outbound_apology",
           "outbound_waking", "outbound_about", "reachable", "known")  # fmt: skip
SHIFTS = ("campaign_shift", "offer_shift", "apology_shift", "waking_shift")


@kernel
def keep_calls(then, outbound_state, outbound_periods, outbound_contacts, outbound_offer, outbound_apology,
               outbound_waking, outbound_about, reachable, known, lo, hi):  # fmt: skip
    """Keep what is known of calls when letters have been written.  then (9, m, n)  [written]"""
    for j in range(outbound_state.shape[0]):
        for i in range(lo, hi):
            then[0, j, i], then[1, j, i] = outbound_state[j, i], outbound_periods[j, i]
            then[2, j, i], then[3, j, i] = outbound_contacts[j, i], outbound_offer[j, i]
            then[4, j, i], then[5, j, i] = outbound_apology[j, i], outbound_waking[j, i]
            then[6, j, i], then[7, j, i], then[8, j, i] = outbound_about[j, i], reachable[j, i], known[j, i]


class Kept(Mechanism):
    """Keeps calls in the midst of a period."""

    name = "calls_kept"
    owns: ClassVar = (Column("then", ("kept", "firm", "customer"), 0, "code", "calls as letters are sent", "int64"),)

    def axes(self) -> dict[str, int]:
        """Return how many columns are kept."""
        return {"kept": len(WRITTEN)}

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the moment at which letters are sent."""
        return ((Phase.NEED, keep_calls),)


class Followed:
    """A market and the calls of its firms, period by period."""

    def __init__(self) -> None:
        self.scenario = Scenario.parse(MARKET)
        self.engine = Engine(self.scenario.adding(Kept()), seed=SEED, replication=REPLICATION)
        self.world, self.c, self.m = self.engine.world, self.engine.world.customers, len(PHONES)
        self.stretches, self.key = dict(self.scenario.stretches()), stream_key(SEED, "outbound")
        self.identities, self.seen = self.c.customer_id.tolist(), Counter[str]()

    def calls(self) -> list[list[Call]]:
        """Return all calls as the latest day of the centre has left them."""
        c = self.c
        return [[
            Call(int(c.outbound_state[j, i]), int(c.outbound_periods[j, i]), int(c.outbound_about[j, i]), Letters(
                *(int(c[f"outbound_{name}"][j, i]) for name in ("contacts", "offer", "apology", "waking"))
            ))
            for i in range(PEOPLE)
        ] for j in range(self.m)]  # fmt: skip

    def luck(self, t: int, j: int, i: int, word: int) -> float:
        """Return a uniform of a firm's decision on a customer."""
        words = customer_words(self.key, self.identities[i], t, draw=0, block=j, replication=REPLICATION)
        return uniform(words[word])

    def run(self, t: int) -> None:
        """Run a period, and compare who is told what and whom firms are to call."""
        if t in self.stretches:
            self.firms = self.stretches[t].firms
        calls = self.calls()
        self.engine.run(1)
        for i in np.flatnonzero(self.c.customer_id != np.array(self.identities)).tolist():
            self.identities[i] = int(self.c.customer_id[i])
            for j in range(self.m):
                calls[j][i] = Call()
            self.seen["newcomers"] += 1
        scheduled = [0] * self.m
        for j in range(self.m):
            for i in range(PEOPLE):
                scheduled[j] += self.pair(t, j, i, calls[j][i])
        found = self.world.history[t, self.world.rows["outbound_scheduled"], : self.m]
        assert found.tolist() == scheduled, t

    def pair(self, t: int, j: int, i: int, call: Call) -> int:
        """Compare what a firm sends and tells a customer; return how many calls are new."""
        passing, own, centre = self.world.passing[0], self.firms[j].outbound, self.firms[j].contact_centre
        now = dict(zip(WRITTEN, self.c.then[:, j, i].tolist(), strict=True))
        calls = (centre.outbound_agents > 0 or (centre.blended and centre.agents > 0)) and now["known"] > 0
        of = {name: int(passing[name][j, i]) for name in (
            "approaches_of_save", "approaches_of_win_back", "offer_value_of_save", "offer_value_of_win_back",
            "apologies_of_win_back", "wakings_of_save", "care_greetings",
        )}  # fmt: skip
        contacts, voucher = (
            of[f"{name}_of_save"] + of[f"{name}_of_win_back"] for name in ("approaches", "offer_value")
        )
        sent = Letters(contacts, voucher, of["apologies_of_win_back"], of["wakings_of_save"])
        was, before = call.state, call.about
        by_campaign = bool(calls and self.luck(t, j, i, 0) < own.campaigns_by_phone)
        got, new = call.turn(CAMPAIGN, sent, by_campaign)
        greetings = Letters(of["care_greetings"])
        told, more = call.turn(CARE, greetings, bool(calls and self.luck(t, j, i, 1) < own.care_by_phone))
        shifts = [int(passing[f"outbound.{name}"][j, i]) for name in (*SHIFTS, "care_shift")]
        expected = [a - b for a, b in zip(vars(got).values(), vars(sent).values(), strict=True)]
        assert shifts == [*expected, told.contacts - greetings.contacts], (t, j, i)
        assert (now["outbound_state"], now["outbound_periods"]) == (call.state, call.periods), (t, j, i)
        assert was != REACHED or now["reachable"]
        if call.state == LISTED:
            says = [now[f"outbound_{name}"] for name in ("contacts", "offer", "apology", "waking")]
            of_care = [call.says.contacts, *says[1:]] if call.about == CARE else list(vars(call.says).values())
            assert (says, now["outbound_about"]) == (of_care, call.about), (t, j, i)
        self.seen["told of a campaign"] += was == REACHED and before == CAMPAIGN
        self.seen["greeted"] += was == REACHED and before == CARE
        self.seen["by post"] += was == LISTED and sent.contacts > 0
        self.seen["none"] += call.state == NOT_LISTED
        self.seen["new"] += new + more
        return new + more


def test_a_whole_market_is_that_of_the_twin():
    """Firms call at once, write again for a while, and begin to call; calls are answered by the centre's day."""
    followed = Followed()
    for t in range(PERIODS):
        followed.run(t)
    seen = followed.seen
    names = ("newcomers", "told of a campaign", "greeted", "by post", "new", "none")
    assert min(seen[name] for name in names) > 4, seen
    in_tiles(
        followed.scenario, followed.world, SEED, ("outbound_scheduled", "outbound_reached", "visits"),
        ("outbound_state", "outbound_contacts", "reachable", "trust"),
    )  # fmt: skip
