"""The twins of clubs and of references: by numbers worked by hand, against the kernels, and in whole markets."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship import club_kernels
from abm.mechanisms.relationship import references as reference_kernels
from abm.mechanisms.relationship.club import Club
from abm.mechanisms.relationship.references import References
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import club, references
from tests.reference.by_hand import SEED, assert_counted, effort, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.following_mirror import Snapshots, in_tiles, visited
from tests.reference.random_numbers import stream_key


@settings(max_examples=examples(25))
@given(st.floats(0.0, 1000.0, width=32), st.floats(0.25, 100.0, width=32), st.floats(0.0, 1.0, width=32))
def test_equations_are_those_of_the_twins(what, half, most):
    what, half, most = np.float32(what), np.float32(half), np.float32(most)
    consent = reference_kernels.consent_chance(what, half)
    assert consent == pytest.approx(references.consent_chance(float(what), float(half)), abs=1e-6)
    p = {"meeting": float(most), "half_references": float(half)}
    meeting = reference_kernels.meeting_chance(what, half, most)
    assert meeting == pytest.approx(references.meeting_chance(float(what), p), abs=1e-6)


identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3)
gone_drawn = st.tuples(*[st.sampled_from([False, False, True])] * 3)
flags = st.integers(0, 1)
quarters = st.sampled_from([0.25, 0.5, 0.75])  # few, so that they often meet a mark
sure = st.sampled_from([0.0, 1.0]) | share


def singles(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return numbers as float32 holds them."""
    return {name: as_single(value) if isinstance(value, float) else value for name, value in numbers.items()}


class TestClubByHand:
    def test_events(self):
        """Three a year of 12 periods are due at the end of every fourth; 30 of 12 are one each period."""
        assert [t for t in range(12) if club.Policy(3).has_event(t, 12)] == [3, 7, 11]
        assert all(club.Policy(30).has_event(t, 12) for t in range(12))
        assert not any(club.Policy(0).has_event(t, 12) for t in range(12))

    def test_spirit(self):
        """Half of the best event, with half of the best company; nobody is no company, even if nobody is enough."""
        assert club.spirit(10.0, 3.0, 10.0, 3.0) == pytest.approx(0.25)
        assert club.spirit(10.0, 0.0, 10.0, 0.0) == 0.0

    def test_costs(self):
        """A date for 10 of 1,000 at 0.01234 cu: 123 hundredths of a cent, of which 1.23 are rounded down."""
        policy = club.Policy(1, 0.5, 0.0123, 0.00014)
        assert (policy.date_cost(10), policy.costs(3, 2)) == (1, (3, 10_000))

    def test_measures(self):
        """Of 10 in 2 periods."""
        counts = (1, 5, 10, 4, 2, 1.5, 1.0, 3.0)
        found = club.measures(dict(zip(club.COUNTS, counts, strict=True)), 25, 10, 2)
        assert list(found.values()) == pytest.approx([0.25, 0.5, 0.75, 2.0, 2.0])


club_numbers = st.fixed_dictionaries(
    {
        **dict.fromkeys(("join_from", "leave_below", "praise_from", "mood_from"), quarters),
        **dict.fromkeys(("joining", "attendance", "bond_gain"), sure),
        "exchange": st.floats(0.0, 10.0, width=32),
        "half_budget": st.floats(0.25, 50.0, width=32),
        "half_company": st.floats(1.0, 2000.0, width=32),
    }
)
club_policy = (st.sampled_from([0, 3, 52, 52]), st.floats(0.0, 50.0), st.floats(0.0, 999.0), st.floats(0.0, 9.0))
club_policies = per_firm(st.builds(club.Policy, *club_policy)).filter(lambda of: of[0].events + of[1].events > 0)
club_drawn = st.tuples(
    club_numbers, club_policies, identities_drawn, per_pair(flags), st.integers(0, 60), st.integers(0, 3),
    st.sampled_from([7, 12, 52]),
)  # fmt: skip


def staged_club(drawn: tuple[Any, ...]) -> tuple[Small, club.Clubs, int]:
    """Return a market of three customers with members, its twin, and the period."""
    numbers, policies, identities, members, t, replication, year = drawn
    small = Small(3, [{"club": vars(policy)} for policy in policies], club=numbers, periods_per_year=year)
    small.world.replication = replication
    small.c.customer_id[:], small.c.club_member[:] = identities, members
    small.c.event_mood[:] = 0.25, 0.75
    own, key = [[bool(one) for one in row] for row in members], stream_key(SEED, "club")
    held = {**club.EXAMPLE, **numbers}
    return small, club.Clubs(policies, key, held, own, [0.25, 0.75], year, replication), t


@pytest.mark.parametrize("year", [1, 7, 12, 52])
def test_dates_are_those_of_the_twin(year):
    for events in (0, 1, 2, 5, 7, 12, 51, 52):
        found = [bool(club_kernels.is_event(t, events, year)) for t in range(2 * year + 2)]
        assert found == [club.Policy(events).has_event(t, year) for t in range(2 * year + 2)]


@pytest.mark.parametrize("events", [0, 1])
@pytest.mark.parametrize("below", [0.0, 2.0**-20])
@pytest.mark.parametrize("mark", ["commitment", "visit"])
def test_who_is_at_the_marks_joins_where_there_is_a_club(events, below, mark):
    numbers = {"joining": 1.0, "join_from": 0.5, "praise_from": 0.5, "leave_below": 0.0}
    policies = (club.Policy(events), club.Policy(1))
    small, twin, t = staged_club((numbers, policies, [4, 5, 6], [[0] * 3] * 2, 3, 0, 52))
    commitment = [[0.5 - (below if mark == "commitment" else 0.0)] * 3] * 2
    visits = [(0, 0, 0.5 - (below if mark == "visit" else 0.0)), (1, 1, 0.5)]
    small.c.affective_commitment[:] = commitment
    people = [(*one, visits[v][2]) for v, one in enumerate(listed(small, visits))]
    put(small, transaction=[s for *_, s in visits])
    twin.join(people, commitment, t)
    small.run("club", club_kernels.join_club, t)
    assert small.c.club_member.tolist() == twin.members
    assert twin.members[0][0] == (events > 0 and not below)


@settings(max_examples=examples(40))
@given(club_drawn, per_pair(quarters), visits_with(st.tuples(quarters)))
def test_who_joins_is_that_of_the_twin(drawn, commitment, visits):
    small, twin, t = staged_club(drawn)
    small.c.affective_commitment[:] = commitment
    people = [(*one, visits[v][2]) for v, one in enumerate(listed(small, visits))]
    put(small, transaction=[s for *_, s in visits])
    counted = twin.join(people, commitment, t)
    assume(not twin.close)
    small.run("club", club_kernels.join_club, t)
    assert small.c.club_member.tolist() == twin.members
    assert_counted(small, counted)


@settings(max_examples=examples(40))
@given(club_drawn, per_pair(quarters), per_pair(quarters), per_pair(flags), gone_drawn)
def test_events_are_those_of_the_twin(drawn, commitment, satisfaction, before, gone):
    """Who resigns and comes, what the firm finds, and what guests take home."""
    small, twin, t = staged_club(drawn)
    small.c.affective_commitment[:], small.c.satisfaction[:], small.c.attends[:] = commitment, satisfaction, before
    small.c.exited[:] = [t if left else -1 for left in gone]
    small.c.word_of_mouth[:] = 0.5
    found = [twin.meet(j, drawn[2], commitment[j], satisfaction[j], gone, t) for j in range(2)]
    assume(not twin.close)
    small.run("club", club_kernels.attend_events, t)
    assert small.c.club_member.tolist() == twin.members
    assert small.c.attends.tolist() == [comes for comes, _ in found]
    expected = {name: [counted[name] for _, counted in found] for name in found[0][1]}
    assert_counted(small, expected)
    small.run("club", club_kernels.gather_guests, t)
    guests = expected["event_guests"]
    assert small.c.event_company.tolist() == guests
    assert small.c.event_mood.tolist() == twin.moods
    dates = [policy.date_cost(3) if policy.has_event(t, twin.year) else 0 for policy in twin.policies]
    assert_counted(small, {"event_spend": dates})
    small.run("club", club_kernels.take_home, t)
    for j, i in np.ndindex(2, 3):
        bond = twin.bond(j, commitment[j][i], guests[j], 3) if found[j][0][i] else commitment[j][i]
        assert small.c.affective_commitment[j, i] == pytest.approx(bond, abs=2e-6)
        assert small.c.word_of_mouth[j, i] == pytest.approx(0.5 + (twin.told(j) if found[j][0][i] else 0), abs=2e-6)
    small.run("club", club_kernels.book_club, t)
    spent = [policy.costs(*of) for policy, *of in zip(twin.policies, expected["club_members"], guests, strict=True)]
    letters, events = zip(*spent, strict=True)
    assert_counted(small, {"club_letter_spend": letters, "event_spend": np.add(dates, events)})


class TestReferencesByHand:
    p: ClassVar[dict[str, Any]] = references.EXAMPLE

    def test_chances(self):
        assert references.consent_chance(0.5, 1.5) == 0.25
        assert references.meeting_chance(20.0, self.p) == pytest.approx(0.075)

    def test_numbers(self):
        """7.9 of 1,000 are 2.37 of 300; a fee of 0.5 and 0.1 ln 2 = 0.069315 for watching."""
        assert references.Policy(7.9).wanted(300) == 2
        assert references.Policy(1.0, 0.5, 0.5).cost(2) == 2 * 5693

    def test_gathering(self):
        """Of 2 in 3 who are wanted one is there, who thinks 0.5; both who are willing are asked with a half."""
        twin = references.References(
            [references.Policy(500.0)], (0, 0), self.p, [[True, False, False, False]], [-1, 0, 0, -1], [0.0], [0.9]
        )
        assert twin.gather(0, [0.5, 0.1, 0.1, 0.1]) == {"references_now": 1, "reference_satisfaction": 2**19}
        assert (twin.asked, twin.moods, twin.persuaded(0.9, 0)) == ([0.5], [0.5], pytest.approx(0.7))

    def test_measures(self):
        counts = (8, 6.0, 3, 2, 4, 10.0)
        found = references.measures(dict(zip(references.COUNTS, counts, strict=True)), 10, 5.0, 4)
        assert list(found.values()) == pytest.approx([2.0, 0.25, 0.3, 2.5])


reference_numbers = st.fixed_dictionaries(
    {
        **dict.fromkeys(("asked_from", "vouching_below"), quarters),
        **dict.fromkeys(("meeting", "persuasion"), sure),
        "half_fee": st.floats(0.25, 9.0, width=32),
        "half_references": st.floats(1.0, 1000.0, width=32),
    }
)
wanted, fee = st.sampled_from([0.0, 333.34, 334.0, 500.0]), st.sampled_from([0.0, 1000.0]) | share
reference_policies = per_firm(
    st.builds(references.Policy, wanted, fee, st.just(0.0) | effort, st.floats(0.0, 9.0))
).filter(lambda of: of[0].references_wanted + of[1].references_wanted > 0)
reference_drawn = st.tuples(
    reference_numbers, reference_policies, identities_drawn, per_pair(flags),
    st.tuples(*[st.integers(-1, 1)] * 3), per_firm(sure), per_firm(share), st.integers(0, 60), st.integers(0, 3),
)  # fmt: skip


def staged_references(drawn: tuple[Any, ...]) -> tuple[Small, references.References, int]:
    """Return a market of three customers with references, its twin, and the period."""
    numbers, policies, identities, vouches, willing, asked, moods, t, replication = drawn
    small = Small(3, [{"references": vars(policy)} for policy in policies], references=numbers)
    small.world.replication, c = replication, small.c
    c.customer_id[:], c.vouches[:], c.willing[:] = identities, vouches, np.add(willing, 1)
    c.asked_share[:], c.reference_mood[:] = asked, moods
    own, key = [[bool(one) for one in row] for row in vouches], stream_key(SEED, "references")
    held = {**references.EXAMPLE, **numbers}
    return (
        small,
        references.References(policies, key, held, own, list(willing), list(asked), list(moods), replication),
        t,
    )


@settings(max_examples=examples(40))
@given(reference_drawn, per_pair(quarters), visits_with(st.tuples(quarters)))
def test_who_is_asked_is_that_of_the_twin(drawn, satisfaction, visits):
    small, twin, t = staged_references(drawn)
    small.c.satisfaction[:] = satisfaction
    people = [(*one, visits[v][2]) for v, one in enumerate(listed(small, visits))]
    put(small, transaction=[s for *_, s in visits])
    twin.ask(people, satisfaction, t)
    assume(not twin.close)
    small.run("references", reference_kernels.ask_references, t)
    assert small.c.vouches.tolist() == twin.vouches
    assert small.c.willing.tolist() == [j + 1 for j in twin.willing]


@settings(max_examples=examples(40))
@given(reference_drawn, per_pair(quarters), per_pair(flags), per_pair(st.integers(0, 1)), per_pair(share), gone_drawn)
def test_references_are_those_of_the_twin(drawn, satisfaction, aware, encounters, expectation, gone):
    """Who is let go, what the firm finds, whom they meet, and what they cost."""
    small, twin, t = staged_references(drawn)
    c, identities = small.c, drawn[2]
    c.satisfaction[:], c.aware[:], c.encounters[:], c.expectation[:] = satisfaction, aware, encounters, expectation
    c.exited[:] = [t if left else -1 for left in gone]
    dropped = [twin.keep(j, identities, satisfaction[j], gone, t) for j in range(2)]
    small.run("references", reference_kernels.keep_references, t)
    assume(not twin.close)
    assert c.vouches.tolist() == twin.vouches
    assert_counted(small, {name: [of[name] for of in dropped] for name in dropped[0]})
    small.run("references", reference_kernels.gather_references, t)
    held = [twin.gather(j, satisfaction[j]) for j in range(2)]
    assert c.references_held.tolist() == [of["references_now"] for of in held]
    assert (c.reference_mood.tolist(), c.asked_share.tolist()) == (twin.moods, twin.asked)
    met = [0, 0]
    for j, i in np.ndindex(2, 3):
        may = aware[j][i] and not encounters[j][i] and not gone[i] and not twin.vouches[j][i]
        meets = may and twin.meets(identities[i], j, t)
        met[j] += bool(meets)
        expectation[j][i] = twin.persuaded(expectation[j][i], j) if meets else expectation[j][i]
    assume(not twin.close)
    small.run("references", reference_kernels.meet_references, t)
    np.testing.assert_allclose(c.expectation, expectation, atol=1e-6)
    assert_counted(small, {"references_met": met, **{name: [of[name] for of in held] for name in held[0]}})
    small.run("references", reference_kernels.book_references, t)
    costs = [policy.cost(of["references_now"]) for policy, of in zip(twin.policies, held, strict=True)]
    assert_counted(small, {"reference_spend": costs})


YEAR, PERIODS, PEOPLE = 10, 36, 110
FIRMS: list[dict[str, Any]] = [
    {
        "name": "north", "initial_awareness": 0.8, "club": {"events": 10, "event_budget": 20.0, "event_cost": 3.33},
        "references": {"references_wanted": 150.0, "references_watched": 0.4},
    },
    {
        "name": "east", "initial_awareness": 0.7, "club": {"events": 3, "club_letter_cost": 0.0333},
        "references": {"references_wanted": 60.0, "reference_fee": 3.0},
    },
    {"name": "south", "initial_awareness": 0.5, "club": {"events": 7, "event_budget": 1.5}},
    {"name": "west", "initial_awareness": 0.5, "references": {"references_wanted": 80.0, "reference_fee": 2.0}},
]  # fmt: skip
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 1.2},
    "defection": {"exit_rate": 0.03},
    "renewal": {"leaving_rate": 0.4, "every": 7},
    "off": ["word_of_mouth"],
    "firms": FIRMS,
    "club": {"join_from": 0.3, "leave_below": 0.28, "joining": 0.5, "half_company": 30.0},
    "references": {"asked_from": 0.65, "vouching_below": 0.62, "meeting": 0.6, "half_references": 60.0},
}
NO_CLUB = {f"firms.{name}.club.events": 0 for name in ("north", "east", "south")}
NONE = {f"firms.{name}.references.references_wanted": 0.0 for name in ("north", "east", "west")}
CHANGES = [
    {"name": "fewer", "from": 9, "set": {
        "firms.south.club.events": 0, "firms.north.references.references_wanted": 0.0}},
    {"name": "nothing", "from": 15, "until": 19, "set": {**NO_CLUB, **NONE}},
    {"name": "dear", "from": 24, "set": {"firms.north.club.event_budget": 40.0, "club.bond_gain": 0.7,
                                         "firms.west.references.reference_fee": 5.0, "references.meeting": 0.3}},
]  # fmt: skip


class Followed:
    """A market, its clubs and its references, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.stretches = dict(scenario.stretches())
        self.engine = Engine(scenario.adding(Snapshots()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        m, n = self.world.m, self.world.n
        self.clubs = club.Clubs([], stream_key(seed, "club"), {}, self.nobody(), [0.0] * m, YEAR, replication)
        self.references = references.References(
            [], stream_key(seed, "references"), {}, self.nobody(), [-1] * n, [0.0] * m, [0.0] * m, replication
        )
        self.identities = self.c.customer_id.tolist()
        self.sums = {name: np.zeros(m) for name in (*club.COUNTS, *references.COUNTS)}

    def nobody(self) -> list[list[bool]]:
        """Return that nobody is in anything."""
        return [[False] * self.world.n for _ in range(self.world.m)]

    def run(self, t: int) -> None:
        """Run a period of both, and compare members, guests, references, and what is felt, counted and spent."""
        if t in self.stretches:
            held = self.stretches[t]
            self.clubs.policies = [club.Policy(**{k: getattr(f.club, k) for k in vars(club.Policy())})
                                   for f in held.firms]  # fmt: skip
            self.references.policies = [
                references.Policy(**{k: getattr(f.references, k) for k in vars(references.Policy())})
                for f in held.firms
            ]
            self.clubs.p = singles({name: getattr(held.club, name) for name in club.EXAMPLE})
            self.references.p = singles({name: getattr(held.references, name) for name in references.EXAMPLE})
        self.engine.run(1)
        ids = self.c.customer_id.tolist()
        for i in (i for i in range(PEOPLE) if ids[i] != self.identities[i]):
            for row in (*self.clubs.members, *self.references.vouches):
                row[i] = False
        self.identities = ids
        visits = visited(self.engine, "visit_customer", "visit_firm", "visit_nth", "transaction")
        people = [(i, j, ids[i], nth, s) for i, j, nth, s in visits]
        counted = self.of_clubs(people, t) | self.of_references(people, t)
        for name, of in counted.items():
            assert self.world.history[t, self.world.rows[name]].tolist() == [*of, 0], (name, t)
            self.sums[name] += of

    def of_clubs(self, visits: list[tuple[Any, ...]], t: int) -> dict[str, list[int]]:
        """Follow the clubs through a period, and return what is counted."""
        c, twin, late, m = self.c, self.clubs, Snapshots.at[Phase.HEARING], self.world.m
        counted = twin.join(visits, late["affective_commitment"], t)
        gone, bonds, told = late["exited"] >= 0, late["affective_commitment"].copy(), late["word_of_mouth"].copy()
        each = []
        for j in range(m):
            of = (late[name][j].tolist() for name in ("affective_commitment", "satisfaction"))
            comes, found = twin.meet(j, self.identities, *of, gone, t)
            policy = twin.policies[j]
            letters, spent = policy.costs(found["club_members"], found["event_guests"])
            spent += policy.date_cost(PEOPLE) if policy.has_event(t, YEAR) else 0
            each.append({**found, "club_letter_spend": letters, "event_spend": spent})
            for i in np.flatnonzero(comes):
                bonds[j, i] = twin.bond(j, bonds[j, i].item(), found["event_guests"], PEOPLE)
                told[j, i] += twin.told(j)
            assert c.attends[j].tolist() == comes, (j, t)
        assert not twin.close, t
        assert c.club_member.tolist() == twin.members, t
        np.testing.assert_allclose(c.affective_commitment, bonds, atol=2e-6)
        np.testing.assert_allclose(c.word_of_mouth, told, atol=2e-6)
        return counted | {name: [of[name] for of in each] for name in each[0]}

    def of_references(self, visits: list[tuple[Any, ...]], t: int) -> dict[str, list[int]]:
        """Follow the references through a period, and return what is counted."""
        c, twin, late, m = self.c, self.references, Snapshots.at[Phase.HEARING], self.world.m
        twin.ask(visits, late["satisfaction"], t)
        gone, expectation, each = late["exited"] >= 0, late["expectation"].copy(), []
        for j in range(m):
            satisfaction = late["satisfaction"][j].tolist()
            found = twin.keep(j, self.identities, satisfaction, gone, t) | twin.gather(j, satisfaction)
            may = np.flatnonzero((late["aware"][j] > 0) & (late["encounters"][j] == 0) & ~gone)
            met = [i for i in may if twin.meets(self.identities[i], j, t)]
            for i in met:
                expectation[j, i] = twin.persuaded(expectation[j, i].item(), j)
            cost = twin.policies[j].cost(found["references_now"])
            each.append({**found, "references_met": len(met), "reference_spend": cost})
        assert not twin.close, t
        assert c.vouches.tolist() == twin.vouches, t
        assert c.willing.tolist() == [j + 1 for j in twin.willing], t
        assert (c.reference_mood.tolist(), c.asked_share.tolist()) == (twin.moods, twin.asked), t
        np.testing.assert_allclose(c.expectation, expectation, atol=2e-6)
        return {name: [of[name] for of in each] for name in each[0]}


def test_whole_markets_are_those_of_the_twins():
    """With newcomers, firms that give up their club or references, and a time when nobody has any."""
    scenario = Scenario.parse({**MARKET, "changes": CHANGES})
    followed = Followed(scenario, seed=5, replication=1)
    for t in range(PERIODS):
        followed.run(t)
    world = followed.world
    assert (world.customers.customer_id >= world.n).any()
    names = (*club.COUNTS, *references.COUNTS)
    assert min(of.sum() for of in followed.sums.values()) > 0
    counts = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    found = {kpi.name: kpi(Tallied(counts, YEAR, PERIODS)) for kpi in (*Club.kpis, *References.kpis)}
    scales = {tally.name: tally.scale for tally in (*Club.counts, *References.counts)}
    for j in range(world.m):
        own = {name: of[j] * scales[name] for name, of in followed.sums.items()}
        visits, satisfaction = (counts[name][j] for name in ("visits", "satisfaction_sum"))
        expected = club.measures(own, visits, PEOPLE, PERIODS)
        expected |= references.measures(own, visits, satisfaction, PERIODS)
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected, nan_ok=True), j
    columns = ("club_member", "event_mood", "vouches", "willing", "asked_share", "reference_mood")
    in_tiles(scenario, world, seed=5, names=names, columns=columns)
