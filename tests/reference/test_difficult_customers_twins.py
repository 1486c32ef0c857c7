"""The twin of difficult customers: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from abm.core import streams
from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.engine.visit_log import room
from abm.kpis.kpi import Tallied
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service import difficult_customers_kernels as kernels
from abm.mechanisms.service.difficult_customers import DifficultCustomers, DifficultPolicy
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.visits import SERVED
from abm.world.world import World
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import difficult_customers as twin
from tests.reference.by_hand import SEED, share, visited
from tests.reference.closeness import as_single
from tests.reference.difficult_customers import (
    BY_TYPE,
    COUNTS,
    EXAMPLE,
    FREELOADER,
    KNOW_IT_ALL,
    POLICIES,
    SELF_CENTRED,
    STEPS,
    TYPES,
    Firm,
    Scenes,
    Visit,
)
from tests.reference.random_numbers import stream_key

KEY = stream_key(SEED, "difficult_customers")
PACKED = streams.stream_key(SEED, "difficult_customers")  # as kernels take it
SECOND = Firm(("boundaries", "none", "calm", "penalise", "remove"), servers=2, can_calm=True)
OWN = EXAMPLE | {
    "incident_chances": (0.5,) * 5, "recurrence": 0.5, "extra_service": (0.5,) * 5, "calmed": 0.5, "backing": 0.75,
    "morale_losses": (0.5, 0.25, 0.5, 0.25, 0.5), "bystander_losses": (0.0, 0.25, 0.5, 0.0, 0.0), "queue_jump": 0.25,
    "witnesses": 0.5, "conceded": 0.125, "claimed": 0.5,
}  # fmt: skip


class TestByHand:
    def scenes(self, *firms: Firm) -> Scenes:
        return Scenes(firms or (Firm(), SECOND), OWN, KEY)

    def test_types(self):
        found = [twin.type_of(u, (0.25, 0.0, 0.25, 0.0, 0.25)) for u in (0.1, 0.25, 0.49, 0.5, 0.74, 0.75)]
        assert found == [1, 3, 3, 5, 5, 0]

    def test_policies(self):
        assert SECOND.packed == 1 + 0 * 8 + 3 * 64 + 4 * 512 + 2 * 4096
        assert not SECOND.checks_claims
        assert [replace(Firm(), towards=("none",) * 3 + last).checks_claims
                for last in (("boundaries", "none"), ("none", "boundaries"))] == [True, True]  # fmt: skip
        assert [SECOND.anger_left(kind, OWN) for kind in range(1, 6)] == [1.0, 1.0, 0.5, 1.0, 1.0]
        assert replace(SECOND, can_calm=False).anger_left(3, OWN) == 1.0

    def test_chances(self):
        """A half, a quarter where she was penalised; no scene of who goes to nobody, or is not difficult."""
        scenes = self.scenes()
        scenes.penalised = {(1, 7)}
        assert [scenes.chance(Visit(7, 0, j, 2)) for j in (0, 1, -1)] == [0.5, 0.25, 0.0]
        assert scenes.chance(Visit(7, 0, 0)) == 0.0

    def test_minutes(self):
        """Half of 10 minutes, and one for checks, calming; two of a second server or a penalty."""
        assert [SECOND.minutes(kind, OWN) for kind in range(1, 6)] == [6.0, 5.0, 6.0, 7.0, 7.0]
        assert self.scenes().longer(Visit(7, 0, 1, 1, 1)) == 1.6

    def test_what_others_see(self):
        """Of three one shouts, and is calmed by half; half a scene in two others each; she herself is alone with it."""
        scenes, one, other = self.scenes(), Visit(7, 0, 1, 3, 3), Visit(8, 0, 1)
        scenes.gather([one, other, Visit(9, 0, 1), Visit(9, 1, 1, 3, 3, served=False)])
        assert (scenes.shown, scenes.jumped, scenes.visitors) == ([0, STEPS // 4], [0, 0], [0, 3])
        scenes.see(one)
        scenes.see(other)
        assert (one.bystander_loss, other.bystander_loss) == (0.0, 0.0625)
        assert scenes.counts["bystander_sum"] == [0, STEPS // 16]
        assert twin.witnessed(STEPS, 0, 2, 1.0, 0.5) == 0.5
        assert twin.witnessed(STEPS, 0, 1, 1.0, 0.5) == 0.0

    def test_a_line_is_jumped_where_there_is_one(self):
        scenes = self.scenes()
        assert [scenes.jump(Visit(7, 0, j, 1, 1)) for j in (0, 1)] == [0, STEPS // 4]
        assert scenes.jump(Visit(7, 0, 1, 2, 2)) == 0
        assert self.scenes(Firm(("remove",) * 5, servers=1)).jump(Visit(7, 0, 0, 1, 1)) == 0

    def test_what_is_resented(self):
        scenes = self.scenes(Firm(("penalise", "none", "none", "boundaries", "none")))
        visits = [Visit(7, 0, 0, 1, 1, jumping_loss=0.125), Visit(7, 0, 0, 1, failed=True), Visit(7, 0, 0, 2, 2, True)]
        assert [scenes.resented(one) for one in (*visits, Visit(7, 0, 0))] == pytest.approx([0.425, 0.05, 0.0, 0.0])

    def test_strain(self):
        assert [SECOND.strain(kind, OWN) / STEPS for kind in range(1, 6)] == [0.125, 0.25, 0.25, 0.25, 0.5]

    def test_claims(self):
        """Half of 3.01 at least, or what complainers get; an eighth is disputed."""
        assert [replace(Firm(), compensation=back).claim(FREELOADER, 301, OWN) for back in (0.25, 1.5)] == [151, 452]
        assert [Firm().claim(kind, 100, OWN) for kind in (1, 2, 3, KNOW_IT_ALL)] == [None, None, None, 13]

    def test_a_scene_is_settled(self):
        """5 minutes at 0.251 cu are 1.255 cu and half of 3 cu; who is penalised keeps half her trust."""
        scenes = self.scenes(Firm(minute_cost=0.251), Firm(("penalise",) * 5, servers=1))
        first, other = Visit(7, 0, 0, 5, 5, spend=300), Visit(8, 0, 1, 2, 2, spend=300)
        scenes.trust = {(1, 8): 0.5, (0, 7): 0.5}
        for one in (first, other, Visit(9, 0, 1, 2)):
            scenes.settle(one, 0)
        assert (first.cost, other.cost) == (150 + 126, 0)
        assert (scenes.penalised, scenes.trust) == ({(1, 8)}, {(1, 8): 0.25, (0, 7): 0.5})
        assert scenes.counts == {
            "incidents": [[0, 0], [0, 1], [0, 0], [0, 0], [1, 0]], "penalties": [0, 1], "claims_refused": [0, 0],
            "incident_claims": [[0, 0], [0, 0], [0, 0], [0, 0], [1, 0]], "claims_paid": [150, 0],
            "incident_time": [126, 0], "incident_strain": [STEPS // 2, STEPS // 4], "bystander_sum": [0, 0],
        }  # fmt: skip


def table(values: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw a number for each type."""
    return st.tuples(*[values] * 5)


minutes = st.one_of(st.just(0.0), st.floats(0.0, 30.0, width=32))
NUMBERS = st.fixed_dictionaries(
    {
        "type_shares": table(st.floats(0.0, 0.203125, width=32)).filter(lambda shares: sum(shares) < 1.0),
        **{name: table(share) for name in ("incident_chances", "extra_service", "morale_losses", "bystander_losses")},
        **dict.fromkeys(("queue_jump", "backing", "verified", "mistrust", "calmed", "penalty_loss"), share),
        **dict.fromkeys(("penalty_distrust", "recurrence", "claimed", "conceded", "calm_from"), share),
        **dict.fromkeys(("check_minutes", "remove_minutes", "calm_minutes", "penalise_minutes"), minutes),
        "witnesses": st.one_of(st.just(0.0), st.floats(0.0, 3.0, width=32)),
        "usual_minutes": st.floats(0.5, 60.0, width=32),
        "claim_factor": st.one_of(st.just(1.0), st.floats(0.0, 2.0, width=32)),
    }
)
firm_drawn = st.builds(
    Firm,
    towards=table(st.sampled_from(POLICIES)),
    minute_cost=st.one_of(st.just(0.25), st.floats(0.0, 100.0)),
    servers=st.sampled_from([0, 0, 1, 5]),
    compensation=st.one_of(st.just(0.0), st.floats(0.0, 2.0, width=32)),
    can_calm=st.booleans(),
)
firms_drawn = st.lists(firm_drawn, min_size=1, max_size=3)
ROWS = 6
kind_drawn = st.one_of(st.integers(1, 5), st.integers(0, 5))
people_drawn = st.tuples(
    st.lists(st.integers(0, 2**32 - 1), min_size=ROWS, max_size=ROWS, unique=True),
    st.lists(kind_drawn, min_size=ROWS, max_size=ROWS),
    st.lists(st.booleans(), min_size=3 * ROWS, max_size=3 * ROWS),  # penalised
    st.lists(share, min_size=3 * ROWS, max_size=3 * ROWS),  # trust
)
# row, firm, whether she makes a scene, served, failed, spend
visit_drawn = st.tuples(
    st.integers(0, ROWS - 1), st.integers(-1, 2), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 100_000)
)
crowd = st.lists(visit_drawn, max_size=16).map(lambda visits: sorted(visits, key=lambda one: one[0]))
drawn_market = st.tuples(NUMBERS, firms_drawn, people_drawn, crowd)
clock = st.tuples(st.integers(0, 100_000), st.integers(0, 5))
TABLES = {"chance_of_type": "incident_chances", "extra_of_type": "extra_service", "strain_of_type": "morale_losses",
          "loss_of_type": "bystander_losses"}  # fmt: skip


class Staged:
    """A market as drawn: its twin, and what kernels take by name."""

    def __init__(self, drawn: tuple[Any, ...], t: int = 0, replication: int = 0, *, to_firms: bool = True) -> None:
        p, firms, (identities, kinds, penalised, trust), visits = drawn
        m = len(firms)
        visits = [one for one in visits if (0 if to_firms else -1) <= one[1] < m]
        pairs = [(j, who) for j in range(m) for who in identities]
        self.scenes = Scenes(firms, p, KEY, replication)
        self.scenes.penalised = {pair for pair, noted in zip(pairs, penalised, strict=False) if noted}
        self.scenes.trust = dict(zip(pairs, trust, strict=False))
        rows, self.visits = [one[0] for one in visits], []
        for v, (row, j, scene, served, failed, spend) in enumerate(visits):
            incident = kinds[row] if scene and j >= 0 else 0
            nth = rows[:v].count(row)
            self.visits.append(Visit(identities[row], nth, j, kinds[row], incident, failed, spend, served))
        count = len(visits)
        numbers = {name: value for name, value in p.items() if not isinstance(value, tuple)}
        policy_minutes = [0.0, *(p[twin.MINUTES[policy]] for policy in POLICIES[1:])]
        self.named: dict[str, Any] = {
            **numbers,
            **{name: np.array(p[of], np.float32) for name, of in TABLES.items()},
            "policy_minutes": np.array(policy_minutes, np.float32),
            "type_shares": np.array(p["type_shares"], np.float32),
            "worst_loss": max(p["bystander_losses"]),
            "visit_count": np.array([count]),
            "visit_customer": np.array(rows, np.uint32),
            "visit_nth": np.array([one.nth for one in self.visits], np.int32),
            "visit_firm": np.array([one.firm for one in self.visits], np.int32),
            "visit_pair": np.array([max(j, 0) * ROWS + row for row, j, *_ in visits], np.uint32),
            "visit_outcome": np.array([SERVED if one.served else 2 for one in self.visits], np.uint8),
            "visit_spend": np.array([one.spend for one in self.visits], np.int64),
            "failure_cause": np.array([(1 + v % 6) * one.failed for v, one in enumerate(self.visits)], np.uint8),
            "incident": np.array([one.incident for one in self.visits], np.uint8),
            "customer_id": np.array(identities, np.uint32),
            "difficult_type": np.array(kinds, np.uint8),
            "penalised_at": np.array(penalised[: m * ROWS], np.uint8),
            "trust_at": np.array(trust[: m * ROWS], np.float32),
            "incident_policies": np.array([firm.packed for firm in firms], np.int32),
            "minute_expense": np.array([firm.minute_expense for firm in firms]),
            "servers": np.array([firm.servers for firm in firms], np.int32),
            "compensation": np.array([firm.compensation for firm in firms], np.float32),
            "calms": np.array([firm.can_calm for firm in firms], np.uint8),
            **{name: np.full(m, 77) for name in ("incident_shown", "jumping_shown", "visitors_served")},
            **{name: np.full(count, 7, np.float32) for name in ("bystander_loss", "jumping_loss")},
            "visit_incident": np.full(count, 77),
            **{name: np.zeros(m + 1, np.int64) for name in COUNTS},
            **{name: np.zeros((5, m + 1), np.int64) for name in BY_TYPE},
            "key": PACKED, "replication": replication, "t": t,
        }  # fmt: skip

    def run(self, act: Any, **named: Any) -> None:
        """Run a kernel on what it takes by name."""
        self.named |= named
        act(*[self.named[name] for name in act.parameters])

    def assert_counted(self, *names: str) -> None:
        """Compare tallies; nothing is counted of nobody."""
        for name in names or (*COUNTS, *BY_TYPE):
            assert self.named[name][..., :-1].tolist() == self.scenes.counts[name], name
            assert not self.named[name][..., -1].any()


def singles(values: Sequence[float]) -> list[float]:
    """Return numbers as float32 holds them."""
    return np.float32(values).tolist()


few = settings(max_examples=examples(25))


class TestKernels:
    @few
    @given(st.lists(st.integers(0, 2**32 - 1), max_size=30), table(st.floats(0.0, 0.203125, width=32)), clock)
    def test_types(self, identities, shares, times):
        assume(sum(shares) < 1.0)
        found = np.full(len(identities), 9, np.uint8)
        kernels.draw_types(found, np.array(identities, np.uint32), np.float32(shares), PACKED, times[1])
        assert found.tolist() == [twin.drawn_type(KEY, who, shares, times[1]) for who in identities]

    @few
    @given(drawn_market, clock)
    def test_who_makes_a_scene(self, drawn, times):
        market = Staged(drawn, *times, to_firms=False)
        market.run(kernels.draw_incidents, incident=np.full(len(market.visits), 9, np.uint8))
        for one in market.visits:
            market.scenes.draw(one, times[0])
        assume(not market.scenes.close)
        assert market.named["incident"].tolist() == [one.incident for one in market.visits]

    @few
    @given(drawn_market, st.lists(st.floats(0.125, 8.0, width=32), min_size=16, max_size=16))
    def test_how_much_longer_it_takes(self, drawn, before):
        market = Staged(drawn, to_firms=False)
        before = before[: len(market.visits)]
        market.run(kernels.lengthen_service, service_time=np.array(before, np.float32))
        expected = [was * market.scenes.longer(one) for was, one in zip(before, market.visits, strict=True)]
        np.testing.assert_allclose(market.named["service_time"], expected, rtol=2e-7)

    @few
    @given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4), share)
    @example([0.5, 0.5 + 1e-12, 0.5 - 1e-12], 0.5)
    def test_who_can_calm(self, emotion, calm_from):
        found = np.full(len(emotion), 9, np.uint8)
        kernels.see_who_calms(found, np.array(emotion), calm_from)
        assert found.tolist() == [one > calm_from for one in emotion]

    @few
    @given(drawn_market)
    def test_what_is_shown(self, drawn):
        """Firm by firm; the book lists visits of each."""
        market = Staged(drawn)
        m = len(market.scenes.firms)
        places = [[v for v, one in enumerate(market.visits) if one.firm == j] for j in range(m)]
        start = np.cumsum([0, *map(len, places)])
        book = {"book_start": start, "book_visit": np.array([v for own in places for v in own], np.uint32)}
        for j in reversed(range(m)):
            market.run(kernels.gather_incidents, **book, lo=j, hi=j + 1)
        market.scenes.gather(market.visits)
        assert market.named["incident_shown"].tolist() == market.scenes.shown
        assert market.named["jumping_shown"].tolist() == market.scenes.jumped
        assert market.named["visitors_served"].tolist() == market.scenes.visitors
        assert market.named["incident"].tolist() == [one.incident for one in market.visits]

    @few
    @given(drawn_market)
    def test_what_others_see(self, drawn):
        numbers, firms, people, visits = drawn
        market = Staged((numbers, firms, people, [(*one[:3], True, *one[4:]) for one in visits]))
        scenes = market.scenes
        scenes.gather(market.visits)
        gathered = {"incident_shown": scenes.shown, "jumping_shown": scenes.jumped, "visitors_served": scenes.visitors}
        market.run(kernels.see_incidents, **{name: np.array(sums) for name, sums in gathered.items()})
        for one in market.visits:
            scenes.see(one)
        for name in ("bystander_loss", "jumping_loss"):
            assert market.named[name].tolist() == singles([getattr(one, name) for one in market.visits]), name
        market.assert_counted("bystander_sum")

    def test_each_type_meets_each_policy(self):
        """With staff that can calm and that cannot, with a line and without: a visit of each type to each firm."""
        firms = [
            Firm((policy,) * 5, servers=servers, can_calm=can, compensation=0.75)
            for policy in POLICIES
            for can in (False, True)
            for servers in (0, 2)
        ]
        m = len(firms)
        people = [list(range(ROWS)), list(range(ROWS)), [False, True] * 3 * m, [0.5, 0.25, 1.0] * 2 * m]
        visits = [(row, j, True, row != 2 or j % 2 == 0, row == 0, 1001) for row in range(ROWS) for j in range(m)]
        market = Staged((OWN, firms, people, visits), 3, 1)
        scenes, ones, count = market.scenes, market.visits, len(visits)
        market.run(kernels.lengthen_service, service_time=np.ones(count, np.float32))
        assert market.named["service_time"].tolist() == singles([scenes.longer(one) for one in ones])
        places = [v for j in range(m) for v, one in enumerate(ones) if one.firm == j]
        book = {"book_start": np.arange(m + 1) * ROWS, "book_visit": np.array(places, np.uint32)}
        market.run(kernels.gather_incidents, **book, lo=0, hi=m)
        scenes.gather(ones)
        assert market.named["incident_shown"].tolist() == scenes.shown
        assert market.named["jumping_shown"].tolist() == scenes.jumped
        assert market.named["visitors_served"].tolist() == scenes.visitors
        assert market.named["incident"].tolist() == [one.incident for one in ones]
        losses = {"jumping_loss": np.zeros(count, np.float32), "satisfaction_shift": np.zeros(count, np.float32)}
        market.run(kernels.resent, **losses)
        assert market.named["satisfaction_shift"].tolist() == singles([-scenes.resented(one) for one in ones])
        market.run(kernels.settle_incidents)
        for one in ones:
            scenes.settle(one, 3)
        assert market.named["visit_incident"].tolist() == [one.cost for one in ones]
        market.assert_counted()
        assert market.named["penalised_at"].tolist() == [pair in scenes.penalised for pair in scenes.trust]
        assert market.named["trust_at"].tolist() == singles(list(scenes.trust.values()))

    @pytest.mark.parametrize(("kind", "seen", "jumped"), [(3, 0.5, 0.0), (SELF_CENTRED, 0.0, 0.25)])
    @pytest.mark.parametrize(("others", "witnesses", "part"), [(1, 0.5, 0.5), (2, 0.5, 0.25), (1, 8.0, 1.0)])
    def test_what_few_others_see(self, kind, seen, jumped, others, witnesses, part):
        """Of two visitors the other sees all of a scene, of three each of the others a half; nobody more than one."""
        people = [list(range(ROWS)), [kind, 0, 0, 0, 0, 0], [False] * 18, [0.5] * 18]
        visits = [(row, 0, row == 0, True, False, 1000) for row in range(1 + others)]
        market = Staged((OWN | {"witnesses": witnesses}, [Firm(servers=1)], people, visits))
        scenes = market.scenes
        scenes.gather(market.visits)
        gathered = {"incident_shown": scenes.shown, "jumping_shown": scenes.jumped, "visitors_served": scenes.visitors}
        market.run(kernels.see_incidents, **{name: np.array(sums) for name, sums in gathered.items()})
        for one in market.visits:
            scenes.see(one)
        for name, most in (("bystander_loss", seen), ("jumping_loss", jumped)):
            assert market.named[name].tolist() == [0.0, *[most * part] * others]
            assert [getattr(one, name) for one in market.visits] == [0.0, *[most * part] * others]

    @few
    @given(drawn_market, st.lists(st.tuples(share, share), min_size=16, max_size=16), share)
    def test_what_visits_lose(self, drawn, losses, before):
        market = Staged(drawn)
        for one, (seen, jumped) in zip(market.visits, losses, strict=False):
            one.bystander_loss, one.jumping_loss = seen, jumped
        count = len(market.visits)
        market.run(
            kernels.disturb,
            bystander_loss=np.array([one.bystander_loss for one in market.visits], np.float32),
            performance_shift=np.full(count, before, np.float32),
        )
        found, expected = market.named["performance_shift"], [before - one.bystander_loss for one in market.visits]
        assert found.tolist() == singles(expected)
        market.run(
            kernels.resent,
            jumping_loss=np.array([one.jumping_loss for one in market.visits], np.float32),
            satisfaction_shift=np.full(count, before, np.float32),
        )
        expected = [before - market.scenes.resented(one) for one in market.visits]
        np.testing.assert_allclose(market.named["satisfaction_shift"], expected, rtol=0, atol=5e-7)

    @few
    @given(drawn_market, clock)
    def test_what_is_settled(self, drawn, times):
        market = Staged(drawn, *times)
        scenes = market.scenes
        market.run(kernels.settle_incidents)
        for one in market.visits:
            scenes.settle(one, times[0])
        assert market.named["visit_incident"].tolist() == [one.cost for one in market.visits]
        market.assert_counted()
        pairs = list(scenes.trust)
        assert market.named["penalised_at"].tolist() == [pair in scenes.penalised for pair in pairs]
        np.testing.assert_allclose(market.named["trust_at"], list(scenes.trust.values()), rtol=1e-6)
        market.run(kernels.add_incident_cost, visit_cost=np.full(len(market.visits), 5))
        assert market.named["visit_cost"].tolist() == [5 + one.cost for one in market.visits]

    @pytest.mark.parametrize("kind", [KNOW_IT_ALL, FREELOADER])
    def test_some_claims_are_found_out(self, kind):
        """Which, is decided by the second word of the draw of the scene, and only with boundaries."""
        people = [[7, 2**32 - 1, 0, 5, 9, 100], [kind] * ROWS, [False] * 18, [0.5] * 18]
        visits = [(row, j, True, True, False, 1000) for row in range(ROWS) for j in (0, 1, 0, 1)]
        numbers = {name: held(value) for name, value in (EXAMPLE | {"verified": 0.5}).items()}
        market = Staged((numbers, [Firm(("boundaries",) * 5), Firm(("penalise",) * 5)], people, visits), 12, 3)
        market.run(kernels.settle_incidents)
        for one in market.visits:
            market.scenes.settle(one, 12)
        assert market.named["visit_incident"].tolist() == [one.cost for one in market.visits]
        market.assert_counted()
        assert 3 < market.scenes.counts["claims_refused"][0] < 9
        assert market.scenes.counts["claims_refused"][1] == 0

    @pytest.mark.parametrize(("spend", "claimed"), [(10_000_001, 0.300048828125), (33, 0.5), (1, 0.5)])
    def test_money_is_worked_out_in_float64(self, spend, claimed):
        """Half a cent is rounded up; a claim of 100 000 cu is still whole cents; a factor is one of float64, too."""
        for factor, back in ((0.0, 0.0), (0.1, 1.3)):
            numbers = EXAMPLE | {"claimed": claimed, "claim_factor": as_single(factor), "conceded": as_single(0.1)}
            firm = Firm(compensation=as_single(back), minute_cost=0.12345)
            people = [list(range(ROWS)), [4, 5, 0, 0, 0, 0], [False] * 18, [0.5] * 18]
            visits = [(row, 0, True, True, False, spend) for row in (0, 1)]
            market = Staged(({name: held(value) for name, value in numbers.items()}, [firm], people, visits))
            market.run(kernels.settle_incidents)
            for one in market.visits:
                market.scenes.settle(one, 0)
            assert market.named["visit_incident"].tolist() == [one.cost for one in market.visits]


def held(value: Any) -> Any:
    """Return a number or a table as float32 holds it."""
    return tuple(map(as_single, value)) if isinstance(value, tuple | list) else as_single(value)


class TestEquations:
    @few
    @given(firm_drawn, st.integers(1, 5))
    def test_policies(self, firm, kind):
        assert POLICIES[kernels.policy_towards(np.int32(firm.packed), kind)] == firm.policy(kind)
        assert kernels.checks_claims(np.int32(firm.packed)) == firm.checks_claims

    @few
    @given(st.floats(0.0, 1e9))
    def test_rounded(self, amount):
        assert kernels.rounded(amount) == twin.rounded(amount)

    @few
    @given(firm_drawn, st.integers(1, 5), NUMBERS)
    def test_minutes(self, firm, kind, p):
        handling = p[twin.MINUTES[firm.policy(kind)]] if firm.policy(kind) != "none" else 0.0
        found = kernels.minutes_taken(p["extra_service"][kind - 1], handling, p["usual_minutes"])
        assert found == pytest.approx(firm.minutes(kind, p), rel=1e-15)


@cache
def crowd_of_40() -> Small:
    """Return a market of customers some of whom are difficult."""
    return Small(40, difficult_customers={}, staff={})


@few
@given(NUMBERS, firm_drawn, st.integers(0, 3))
def test_what_firms_set_and_who_is_difficult(p, firm, replication):
    """Levers as kernels take them, tables by type, and types at the beginning."""
    policy = DifficultPolicy(**dict(zip(TYPES, firm.towards, strict=True)), minute_cost=firm.minute_cost)
    found = {name: held.into(value) for name, (held, value) in policy.worked_out(None).items()}
    assert found == {"incident_policies": firm.packed, "minute_expense": firm.minute_expense}
    theory = DifficultCustomers(**p)
    for name, of in TABLES.items():
        assert getattr(theory, name).tolist() == list(p[of])
    assert theory.policy_minutes.tolist() == [0.0, *(p[twin.MINUTES[policy]] for policy in POLICIES[1:])]
    assert theory.worst_loss == max(p["bystander_losses"])
    small = crowd_of_40()
    small.world.replication, small.c.customer_id[:20] = replication, range(2**32 - 20, 2**32)
    theory.begin(small.world, SEED)
    expected = [twin.drawn_type(KEY, who, p["type_shares"], replication) for who in small.c.customer_id.tolist()]
    assert small.c.difficult_type.tolist() == expected


def test_measures():
    """A firm without visits has none of them."""
    counted = {"incidents": [1, 2, 3, 4, 5], "incident_claims": [0, 0, 0, 3, 5], "claims_refused": 2,
               "claims_paid": 30.0, "incident_time": 20.0, "bystander_sum": 5.0, "visits": 100}  # fmt: skip
    of_firms = {
        name: np.array([number, np.zeros_like(number), np.zeros_like(number)]).T for name, number in counted.items()
    }
    found = {kpi.name: kpi(Tallied(of_firms, 52, 1)) for kpi in DifficultCustomers.kpis}
    assert {name: values[0] for name, values in found.items()} == twin.measures(counted)
    assert twin.measures(counted) == {
        "incident_rate": 0.15, "false_claim_rate": 0.05, "claims_refused_share": 0.25, "incident_cost": 0.5,
        "bystander_loss": 0.05,
    }  # fmt: skip
    assert all(np.isnan(values[1]) for values in found.values())


@kernel
def keep_arrivals(
    arrived, arrived_count, visit_count, visit_customer, visit_nth, visit_firm, visit_outcome,
    service_time_of_difficult_customers,
):  # fmt: skip
    """Keep all visits as the day has left them.  arrived (arrivals, 5), arrived_count (1,)  [written]"""
    arrived_count[0] = visit_count[0]
    for v in range(visit_count[0]):
        arrived[v, 0], arrived[v, 1], arrived[v, 2] = visit_customer[v], visit_nth[v], visit_firm[v]
        arrived[v, 3], arrived[v, 4] = visit_outcome[v], service_time_of_difficult_customers[v]


@kernel
def keep_disturbance(felt_disturbance, visit_count, performance_shift_of_difficult_customers):
    """Keep what others' scenes take off performance.  felt_disturbance (visits,)  shift of 0-1  [written]"""
    for v in range(visit_count[0]):
        felt_disturbance[v] = performance_shift_of_difficult_customers[v]


@kernel
def keep_resentment(felt_resentment, visit_count, satisfaction_shift_of_difficult_customers):
    """Keep what they take off satisfaction.  felt_resentment (visits,)  shift of 0-1  [written]"""
    for v in range(visit_count[0]):
        felt_resentment[v] = satisfaction_shift_of_difficult_customers[v]


class Arrivals(Mechanism):
    """Keeps who came where, what became of her, and what difficult customers do to sums."""

    name = "arrivals"
    owns: ClassVar = (
        Column("felt_disturbance", ("visit",), 0, "shift of 0-1", "of performance"),
        Column("felt_resentment", ("visit",), 0, "shift of 0-1", "of satisfaction"),
    )
    scratch: ClassVar = (
        Column("arrived", ("arrival", "kept"), 0, "-", "what is kept of visits", "float64"),
        Column("arrived_count", ("one",), 0, "visits", "how many there were", "int64"),
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        return ((Phase.ADMISSION, keep_arrivals), (Phase.ENCOUNTER, keep_disturbance), (Phase.VOICE, keep_resentment))

    def axes(self) -> dict[str, int]:
        return {"arrival": room(PEOPLE, 1), "kept": 5}


PERIODS, PEOPLE, YEAR = 24, 150, 13
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 0.9},
    "renewal": {"leaving_rate": 0.6, "every": 6},
    "failure_causes": {},
    "complaint": {},
    "recovery": {},
    "waiting_line": {"branch_visits": 60.0, "days_open": 1.0, "service_minutes": 12.0, "patience_minutes": 30.0},
    "staff": {"strained": 0.5, "learning": 0.3},
    "difficult_customers": {
        "type_shares": [0.12, 0.08, 0.1, 0.1, 0.12], "incident_chances": [0.5, 0.6, 0.4, 0.7, 0.5], "witnesses": 3.0,
        "queue_jump": 0.0625, "calm_from": 0.55, "recurrence": 0.4, "verified": 0.6,
    },
    "firms": [
        {
            "name": "north",
            "service": {"failure_rate": 0.2},
            "waiting_line": {"servers": 1},
            "staff": {"emotion_training": 0.5},
            "difficult": dict(zip(TYPES, ("calm", "calm", "penalise", "none", "boundaries"), strict=True)),
        },
        {
            "name": "east",
            "service": {"failure_rate": 0.2},
            "recovery": {"compensation": 0.8},
            "difficult": {"hot_tempered": "remove", "know_it_all": "boundaries", "minute_cost": 0.333},
        },
        {
            "name": "south",
            "waiting_line": {"servers": 2},
            "recovery": {"compensation": 0.2},
            "difficult": {"self_centred": "remove"},
        },
    ],
}  # fmt: skip
CHANGES = [
    {"name": "kind", "from": 6, "until": 12, "set": {f"firms.north.difficult.{kind}": "none" for kind in TYPES}},
    {"name": "hard", "from": 8, "set": {"firms.south.difficult.freeloader": "penalise"}},
    {"name": "calm", "from": 12, "until": 18, "set": {"firms.east.difficult.bad_mouthed": "calm"}},
    {"name": "shop", "from": 15, "until": 20, "set": {"firms.south.waiting_line.servers": 0}},
    {"name": "dear", "from": 10, "set": {"firms.east.difficult.minute_cost": 2.0}},
]


def firms_of(scenario: Scenario) -> list[Firm]:
    """Return what the firms of a scenario set."""
    return [
        Firm(
            tuple(getattr(firm.difficult, kind) for kind in TYPES),
            firm.difficult.minute_cost,
            firm.waiting_line.servers,
            as_single(firm.recovery.compensation),
        )
        for firm in scenario.firms
    ]


def arrivals(world: World) -> list[tuple[int, int, int, bool, float]]:
    """Return who came: row, nth, firm, whether she was served, and the factor on minutes."""
    passed = world.passing[0]
    found = passed["arrivals.arrived"][: passed["arrivals.arrived_count"][0]].tolist()
    return [(int(row), int(nth), int(j), outcome == SERVED, longer) for row, nth, j, outcome, longer in found]


@pytest.mark.parametrize(("changes", "replication"), [([], 0), (CHANGES, 2)])
def test_a_whole_market_is_that_of_the_twin(changes, replication):  # noqa: PLR0915
    """Firms change what they do, one has no line for a while, and newcomers take the rows of who have left."""
    scenario = Scenario.parse({**MARKET, "changes": changes})
    engine = Engine(scenario.adding(Arrivals()), seed=SEED, replication=replication)
    world, c, stretches = engine.world, engine.world.customers, dict(scenario.stretches())
    p = {name: held(getattr(scenario.difficult_customers, name)) for name in EXAMPLE}
    scenes = Scenes(firms_of(scenario), p, KEY, replication)
    seen = {"unserved": 0, "seen": 0.0, "jumped": 0.0, "penalised again": 0, "newcomers": 0, "calmed": 0}
    totals: dict[str, Any] = dict.fromkeys((*COUNTS, *BY_TYPE), 0)
    for t in range(PERIODS):
        if t in stretches:
            scenes.firms = firms_of(stretches[t])
        engine.run(1)
        scenes.begin()
        identities = c.customer_id.tolist()
        kinds = [twin.drawn_type(KEY, who, p["type_shares"], replication) for who in identities]
        assert c.difficult_type.tolist() == kinds
        for j, firm in enumerate(scenes.firms):
            firm.can_calm = c.staff_emotion[j] > p["calm_from"]
            seen["calmed"] += firm.can_calm and "calm" in firm.towards
        everybody = []
        for row, nth, j, served, longer in arrivals(world):
            one = Visit(identities[row], nth, j, kinds[row], served=served)
            scenes.draw(one, t)
            assert longer == pytest.approx(scenes.longer(one), rel=1e-6), t
            seen["unserved"] += one.incident > 0 and not served
            everybody.append(one)
        assert not scenes.close
        scenes.gather(everybody)
        for name, of in (("incident_shown", scenes.shown), ("jumping_shown", scenes.jumped)):
            assert c[name].tolist() == of, (name, t)
        assert c.visitors_served.tolist() == scenes.visitors
        names = ("visit_customer", "visit_nth", "visit_firm", "incident", "failure_cause", "visit_spend",
                 "bystander_loss", "jumping_loss", "visit_incident", "felt_disturbance", "felt_resentment")  # fmt: skip
        there = [one for one in everybody if one.served]
        found = visited(engine, *names)
        assert len(found) == len(there)
        for one, (row, nth, j, incident, cause, spend, *feelings) in zip(there, found, strict=True):
            assert (identities[row], nth, j, incident) == (one.customer, one.nth, one.firm, one.incident), t
            if j < 0:
                continue
            one.failed, one.spend = cause > 0, spend
            seen["penalised again"] += incident > 0 and (j, one.customer) in scenes.penalised
            scenes.see(one)
            scenes.settle(one, t)
            seen["seen"] += one.bystander_loss
            seen["jumped"] += one.jumping_loss
            assert feelings[:3] == [*singles([one.bystander_loss, one.jumping_loss]), one.cost], t
            assert feelings[3:] == pytest.approx([-one.bystander_loss, -scenes.resented(one)], abs=1e-6), t
        noted = [[(j, who) in scenes.penalised for who in identities] for j in range(world.m)]
        assert c.penalised.tolist() == noted, t
        seen["newcomers"] = max(identities) + 1 - PEOPLE
        for name in (*COUNTS, *BY_TYPE):
            counted = world.history[t, world.rows[name], ..., : world.m].tolist()
            assert counted == scenes.counts[name], (name, t)
            totals[name] = totals[name] + np.array(scenes.counts[name])
    assert min(seen.values()) > 0, seen
    assert all(of.sum() > 0 for of in totals.values()), totals
    assert_measures(world, totals)
    others = Engine(scenario, seed=SEED, replication=replication, threads=3)
    others.set_tile(64)
    others.run(PERIODS)
    for name in totals:
        np.testing.assert_array_equal(others.world.tallied(name), world.tallied(name), err_msg=name)


def assert_measures(world: World, totals: dict[str, Any]) -> None:
    """Compare measures of the whole run."""
    tallied = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    for j in range(world.m):
        own = {name: of[..., j].astype(float) * world.tallies[name].scale for name, of in totals.items()}
        expected = twin.measures(own | {"visits": tallied["visits"][j]})
        found = {kpi.name: kpi(Tallied(tallied, YEAR, PERIODS))[j] for kpi in DifficultCustomers.kpis}
        assert found == pytest.approx(expected), j


def test_a_line_is_jumped_only_by_the_self_centred():
    """Others wait as all do: of one visitor of each type, at a firm with a line, only one is resented for it."""
    scenes = Scenes([Firm(servers=1)], EXAMPLE, KEY)
    assert [scenes.jump(Visit(7, 0, 0, kind, kind)) > 0 for kind in range(1, 6)] == [
        kind == SELF_CENTRED for kind in range(1, 6)
    ]
