"""Whole markets with channels, offers of one's own and their modules, held against the twins period by period."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.relationship.crm import Crm
from abm.mechanisms.relationship.personalisation import Personalisation
from abm.mechanisms.service.channels import Channels
from abm.scenario.scenario import Scenario
from tests.reference import channels, crm, personalisation, switching_cost
from tests.reference.by_hand import visited
from tests.reference.channels import NO_CHANNEL, Touched
from tests.reference.closeness import as_single, near_half
from tests.reference.personalisation import LAYERS, Offer, Profiles
from tests.reference.random_numbers import stream_key

YEAR, PERIODS, PEOPLE = 20, 36, 150
ALL: dict[str, Any] = {"operational": True, "analytical": True, "collaborative": True, "crm_training": 0.5}
FIRMS: dict[str, dict[str, Any]] = {
    "north": {
        "price": 0.9,
        "information": {"data_coverage": 0.5},
        "channels": {"open": ["counter", "phone", "self_service"], "shared_records": 0.75, "remote_quality": 0.5,
                     "self_service_discount": 0.125},
        "personalisation": {"interaction": 0.75, "differentiation": 0.5, "customisation": 0.75, "individual_from": 2},
        "crm": ALL,
    },
    "east": {
        "information": {"data_coverage": 0.75},
        "channels": {"open": ["phone", "chat"], "shared_records": 0.25},
        "personalisation": {"interaction": 0.5, "interaction_cost": 0.7},
        "crm": {"operational": True, "collaborative": True},
        "service": {"richness": 0.3},
    },
    "south": {"channels": {"open": ["counter", "social", "e_mail"]}, "program": {"member_discount": 0.1}},
    "west": {},
}  # fmt: skip
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 0.9},
    "network": {"kind": "erdos_renyi", "neighbours": 0.0},
    "renewal": {"leaving_rate": 0.5, "every": 10, "vacancy": 5},
    "defection": {"exit_rate": 0.02},
    "off": ["taste", "word_of_mouth"],
    "information": {},
    "channels": {"occasion_spread": 0.4, "appeal": [-0.1, -0.3, -0.2, -0.2, -0.1]},
    "personalisation": {"need_change": 0.05},
    "crm": {"use_rate": 0.25, "staff_saved": 0.25},
    "surplus": {},
}
CHANGES = [
    {"name": "shut", "from": 9, "until": 14, "set": {"firms.north.channels.open": ["self_service"]}},
    {"name": "open", "from": 17, "set": {"firms.west.channels.open": ["counter", "chat"]}},
    {
        "name": "bare", "from": 20, "until": 26,
        "set": {f"firms.{name}.{lever}": off for name in ("north", "east") for lever, off in {
            "crm.operational": False, "crm.analytical": False, "crm.collaborative": False,
            "channels.shared_records": 0.0, "personalisation.interaction": 0.0, "personalisation.customisation": 0.0,
            "personalisation.differentiation": 0.0, "information.data_coverage": 0.0, "channels.open": ["counter"],
        }.items()} | {"firms.south.channels.open": ["counter"], "firms.west.channels.open": ["counter"]},
    },
]  # fmt: skip
LATE, SEED = 8, 6
OF_VISIT = (
    *("visit_customer", "visit_firm", "visit_nth", "visit_channel", "visit_context", "performance_shift"),
    *("richness_shift", "visit_discount", "transaction", "visit_match", "visit_gain", "visit_individual"),
)


def late() -> dict[str, Any]:
    """Return the market in which nobody has any of it before a date, and what begins then."""
    firms = [{key: of for key, of in own.items() if key in ("price", "service", "program")} for own in FIRMS.values()]
    begun = {
        f"firms.{name}.{section}.{lever}": value
        for name, own in FIRMS.items()
        for section, of in own.items() if section in ("information", "channels", "personalisation", "crm")
        for lever, value in of.items()
    }  # fmt: skip
    named = [{"name": name, **firm} for name, firm in zip(FIRMS, firms, strict=True)]
    return {**MARKET, "firms": named, "changes": [{"name": "late", "from": LATE, "set": begun}]}


class Followed:
    """A market and its twins, period by period.

    begun : whether any of it has been at work so far: until then there is nothing to look at
    """

    def __init__(self, market: dict[str, Any], seed: int, replication: int) -> None:
        self.scenario = Scenario.parse(market)
        self.engine = Engine(self.scenario, seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.stretches, self.m = dict(self.scenario.stretches()), len(FIRMS)
        who = self.c.customer_id.tolist()
        p = {name: getattr(self.scenario, name).model_dump() for name in ("channels", "personalisation", "crm")}
        nothing = [channels.Policy()] * self.m, [personalisation.Policy()] * self.m, [crm.Policy()] * self.m
        key = {name: stream_key(seed, name) for name in p}
        self.touched = Touched(nothing[0], list(who), key["channels"], p["channels"], replication)
        self.profiles = Profiles(nothing[1], list(who), key["personalisation"], p["personalisation"], replication)
        self.modules = crm.Modules(nothing[2], p["crm"])
        self.twins = self.touched, self.profiles, self.modules
        self.begun, self.seen = False, Counter[str]()
        self.totals: dict[str, Any] = {}

    def set_levers(self, firms: Any) -> None:
        """Let firms decide anew."""
        self.firms = firms
        self.touched.policies = [
            channels.Policy(**own(channels.Policy, firm.channels), price=firm.price, richness=firm.service.richness)
            for firm in firms
        ]
        self.profiles.policies = [
            personalisation.Policy(**own(personalisation.Policy, firm.personalisation)) for firm in firms
        ]
        self.modules.policies = [crm.Policy(**own(crm.Policy, firm.crm)) for firm in firms]
        self.begun |= not all(policy.counter_alone for policy in self.touched.policies)

    def run(self, t: int) -> None:
        """Run a period of all, and compare."""
        touched, profiles, modules, c = *self.twins, self.c
        if t in self.stretches:
            self.set_levers(self.stretches[t].firms)
        before = {name: c[name].copy() for name in ("known", "seen_visits", "personal_bond")}
        self.engine.run(1)
        for twin in self.twins:
            twin.begin()
        for i in np.flatnonzero(c.customer_id != profiles.identities).tolist():
            for twin in (touched, profiles):
                twin.replace(i, int(c.customer_id[i]))
            for column in before.values():
                column[:, i] = 0
            self.seen["newcomers"] += 1
        modules.open()
        if self.begun:
            touched.use = [modules.context_use(j) for j in range(self.m)]
            profiles.use = [modules.profile_use(j) for j in range(self.m)]
            for i in range(PEOPLE):
                profiles.change(i, t)
        self.visits(t, before)
        known = self.counted("known_customers", t)
        touched.end(known)
        profiles.end(known)
        modules.end(PEOPLE)
        if self.begun:
            self.compare(t)

    def visits(self, t: int, before: dict[str, np.ndarray]) -> None:
        """Compare what comes of visits, then what firms note and how bonds grow."""
        touched, profiles, modules, c = *self.twins, self.c
        known, bonds = before["known"].astype(bool).tolist(), before["personal_bond"].tolist()
        visits = visited(self.engine, *OF_VISIT)
        costs = self.world.firms.service_cost.tolist()
        for i, j, nth, channel, story, shift, richness, off, s, found, gain, individual in visits:
            knows, seen = known[j][i], int(before["seen_visits"][j, i])
            visit = touched.visit(i, j, t, nth, knows, float(c.price_response[i]))
            of = profiles.offer(i, j, knows, seen)
            own = as_single(self.firms[j].service.richness)
            bonds[j][i] = switching_cost.updated_bond(
                bonds[j][i], own, switching_cost.EXAMPLE, visit.richness - own if self.begun else 0.0
            )
            if not self.begun:
                continue
            assert (channel, story) == (visit.c, visit.context), (t, i, j)
            assert shift == pytest.approx(visit.shift + profiles.shift(of), abs=2e-6)
            assert richness == pytest.approx(visit.richness - own, abs=1e-6)
            spared = 0.1 if j == 2 and off > 0.05 else 0.0  # of members
            assert off == pytest.approx(touched.policies[j].discount(visit.c, spared), abs=1e-6)
            assert (found, gain, individual) == pytest.approx((of.match, of.gain, int(of.individual)), abs=5e-6)
            touched.count(j, channel, s)
            profiles.count(j, knows, Offer(found, gain, of.individual))
            assert not near_half(crm.unrounded_saving(costs[j], modules.use[0][j], modules.p) / 100.0)
            modules.visit(j, knows, costs[j])
            self.seen[("alike", "kept", "lost")[visit.context]] += 1
            self.seen[f"channel_{channel}"] += 1
        for i, j, nth, *_ in visits:
            self.seen["revealed"] += profiles.note(i, j, t, nth, known[j][i])
        np.testing.assert_allclose(c.personal_bond, bonds, atol=2e-6)

    def counted(self, name: str, t: int) -> list[int]:
        """Return what is counted in a period, without what is nobody's."""
        return self.world.history[t, self.world.rows[name], : self.m].tolist()

    def compare(self, t: int) -> None:
        """Compare columns and counts."""
        touched, profiles, modules, c = *self.twins, self.c
        assert not touched.close, t
        assert not profiles.close, t
        np.testing.assert_allclose(c.need_layer.T, profiles.needs, atol=1e-6)
        for layer, name in enumerate(LAYERS):
            expected = [[of[layer] for of in row] for row in profiles.noted]
            np.testing.assert_allclose(c[f"noted_{name}"], expected, atol=5e-6, err_msg=name)
        came = c.last_channel != NO_CHANNEL
        np.testing.assert_array_equal(c.last_channel[came], np.array(touched.last)[came])
        np.testing.assert_allclose(c.module_use, modules.use, atol=2e-6)
        modules.count(c.module_use.tolist())
        for twin in self.twins:
            for name, of_twin in twin.counts.items():
                rows = self.world.history[t]
                place = self.world.rows[name]
                found = rows[place][..., : self.m]
                np.testing.assert_array_equal(found, of_twin, err_msg=f"{name} {t}")
                self.totals[name] = self.totals.get(name, 0) + np.array(of_twin)


def own(policy: type, of: Any) -> dict[str, Any]:
    """Return what a firm sets, by the names of the twin."""
    there = {name: getattr(of, name) for name in policy.__dataclass_fields__ if hasattr(of, name)}
    return {name: value for name, value in there.items() if name not in ("price", "richness")}


def assert_measures(followed: Followed) -> None:
    """Compare the measures of the whole run."""
    world, totals = followed.world, {name: of.tolist() for name, of in followed.totals.items()}
    counts = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    with np.errstate(all="ignore"):
        found = {
            kpi.name: kpi(Tallied(counts, YEAR, PERIODS)) for kpi in (*Channels.kpis, *Personalisation.kpis, *Crm.kpis)
        }
    for j in range(followed.m):
        expected = channels.measures(totals, j) | personalisation.measures(totals, j)
        expected["crm_use"] = crm.crm_use(totals["modules_owned"][j], totals["module_use_sum"][j] / channels.STEPS)
        assert {name: of[j] for name, of in found.items()} == pytest.approx(expected, nan_ok=True, abs=1e-7), j


@pytest.mark.parametrize("begins", ["at once", "late"])
def test_a_whole_market_is_that_of_the_twins(begins):
    """In one, channels are shut and opened and all is given up for a while; in the other all of it begins later."""
    market = {**MARKET, "firms": [{"name": name, **of} for name, of in FIRMS.items()], "changes": CHANGES}
    followed = Followed(late() if begins == "late" else market, seed=SEED, replication=1)
    for t in range(PERIODS):
        followed.run(t)
    world, seen = followed.world, followed.seen
    assert min(seen[f"channel_{c}"] for c in range(6)) > 9, seen
    assert min(seen[name] for name in ("kept", "lost", "revealed", "newcomers")) > 9, seen
    assert min(np.abs(of).sum() for of in followed.totals.values()) > 0
    if begins == "at once":
        assert_measures(followed)
    shared = Engine(followed.scenario, seed=SEED, replication=1, threads=3)
    shared.set_tile(64)
    shared.run(PERIODS)
    for name in followed.totals:
        np.testing.assert_array_equal(shared.world.tallied(name), world.tallied(name), err_msg=name)
    for name in ("last_channel", "need_layer", "noted_latent", "module_use", "personal_bond"):
        np.testing.assert_array_equal(shared.world.customers[name], world.customers[name], err_msg=name)
