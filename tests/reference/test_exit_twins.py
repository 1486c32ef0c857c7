"""The twins of exits and aftermaths: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.voice.aftermath import note_courses
from abm.mechanisms.voice.exit import leave_out_offenders, remember_grievances, turn_back
from abm.mechanisms.voice.losses import give_reasons
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import aftermath, complaint, exit, lifecycle, state
from tests.reference.by_hand import SEED, assert_counted, listed, per_pair, put, share, visits_with
from tests.reference.closeness import near
from tests.reference.random_numbers import stream_key


class TestExitByHand:
    p = exit.EXAMPLE

    def test_fresh_grievances(self):
        """Silent 1, voiced 2, of justice 0.5 2 * 0.7, failed 1 more; two remembered double each."""
        of = {(0, 0.0): 1.0, (complaint.GOOD, 0.5): 1.4, (complaint.GOOD, 1.0): 0.8, (complaint.FAILED, 0.0): 3.0}
        for memory, factor in ((0.0, 1.0), (2.0, 2.0)):
            found = [exit.fresh_grievance(memory, *given, self.p) for given in of]
            assert found == pytest.approx([factor * fresh for fresh in of.values()])

    def test_hazard(self):
        """Three grievances of a newcomer 0.06; after ten visits half of that; never above 1."""
        assert exit.hazard(3.0, 0, self.p) == pytest.approx(0.06)
        assert exit.hazard(3.0, 10, self.p) == pytest.approx(0.03)
        assert exit.hazard(300.0, 0, self.p) == 1.0

    def test_a_bond(self):
        """In period 5 the hazard is 0.02 / sqrt 2 = 0.014142; who turns shuns the firm from 6 to 109."""
        bond = exit.Bond()
        bond.remember(3, complaint.PRICE, 0, 0.0, self.p)
        assert (bond.grievance_memory, bond.last_grievance, bond.blamed) == (1.0, 3, complaint.PRICE)
        assert [bond.turn(t, u, 0, state.ACTIVE, self.p) for t, u in ((3, 0.03), (4, 0.03), (5, 0.0141))] == [
            False,
            False,
            True,
        ]
        assert bond.grievance_memory == 0.0
        assert [bond.is_shunned(t, self.p) for t in (6, 109, 110)] == [True, True, False]

    def test_little_is_forgotten(self):
        bond = exit.Bond(grievance_memory=0.0011)
        bond.turn(0, 0.9, 0, state.ACTIVE, self.p)
        assert bond.grievance_memory == 0.0

    def test_reasons(self):
        """What the grievance of period 10 was about for 13 periods, or if she turned; then who left, and the rest."""
        bonds = [exit.Bond(1.0, 10, complaint.WAIT, turned) for turned in (-1, -1, 10)]
        given = [(23, False), (24, False), (24, True)]
        classes = [bond.give_reason(t, 3, left, self.p) for bond, (t, left) in zip(bonds, given, strict=True)]
        assert classes == [4, 6, 4]
        assert exit.Bond().give_reason(9, 3, True, self.p) == 7
        assert [bond.give_reason(25, 3, False, self.p) for bond in bonds] == [None] * 3
        bonds[0].give_reason(26, 4, False, self.p)
        assert bonds[0].reason == 0


BOND = ("grievance_memory", "last_grievance", "blamed", "turned_back", "reason")
ending = st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 3), share).map(lambda v: (bool(v[0]), *v[1:]))
# a period: how long after the one before, visits, encounters and relations (of customers), who has left the category
stretch = st.tuples(
    st.integers(1, 6),
    visits_with(ending),
    per_pair(st.tuples(st.integers(0, 20), st.integers(1, 4))),
    st.lists(st.booleans(), min_size=3, max_size=3),
)


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries(
        {
            "exit_rate": st.floats(0.0078125, 1.0, width=32),
            "voiced": st.floats(0.0, 4.0, width=32),
            "offset": share,
            "failed": st.floats(0.0, 2.0, width=32),
            "repeated": share,
            "half_life": st.floats(0.25, 8.0, width=32),
            "unforgiving": st.integers(0, 6),
            "blamed_for": st.integers(0, 6),
            "least": st.floats(0.0, 0.25, width=32),
        }
    ),
    st.lists(stretch, min_size=1, max_size=6),
)
def test_exits_are_those_of_the_twin(numbers, stretches):
    small = Small(3, complaint={}, exit=numbers)
    p, key, t = {**exit.EXAMPLE, **numbers}, stream_key(SEED, "exit"), -1
    bonds = [[exit.Bond() for _ in range(3)] for _ in range(2)]
    identities = small.c.customer_id.tolist()
    for later, visits, states, left in stretches:
        t += later
        small.passing.utility.fill(1.0)
        small.run("exit", leave_out_offenders, t)
        shunned = [[bond.is_shunned(t, p) for bond in row] for row in bonds]
        np.testing.assert_array_equal(small.passing.utility[:, :3] < -1e29, shunned)
        encounters, relation = np.moveaxis(np.array(states), 2, 0)
        small.c.encounters[:], small.c.relation[:] = encounters, relation
        small.c.exited[:] = [t if gone else -1 for gone in left]
        listed(small, visits)
        grievances = [about if bad and about else 0 for *_, bad, about, _, _ in visits]
        handlings = [came if about else 0 for about, (*_, came, _) in zip(grievances, visits, strict=True)]
        put(small, grievance=grievances, handling=handlings, handling_justice=[v[-1] for v in visits])
        expected = {name: np.zeros((rows, 2), int) for name, rows in LEFT.items()}
        for name in LEFT:
            small.world.lookup(name, 0).fill(0)
        for kernel in (remember_grievances, turn_back, give_reasons):
            small.run("exit", kernel, t)
        for about, came, (i, j, *_, said) in zip(grievances, handlings, visits, strict=True):
            bonds[j][i].remember(t, about, came, said, p)
        for j, i in np.ndindex(2, 3):
            bond, was = bonds[j][i], relation[j, i]
            u = exit.draw(key, identities[i], t, j, 0)
            assume(not near(u, exit.hazard(bond.grievance_memory, encounters[j, i], p)))
            assume(not near(bond.grievance_memory * 2.0 ** (-1.0 / p["half_life"]), p["least"]))
            if bond.turn(t, u, encounters[j, i], was, p):
                expected["exits_angry"][0, j] += 1
                expected["fell_lost"][0, j] += lifecycle.is_customer(was)
                expected["active"][0, j] -= lifecycle.is_active(was)
                relation[j, i] = state.LOST
            reason = bond.give_reason(t, relation[j, i], left[i], p)
            if reason is not None:
                expected["losses"][reason, j] += 1
        np.testing.assert_array_equal(small.c.relation, relation)
        for name in BOND:
            of_twin = [[getattr(bond, name) for bond in row] for row in bonds]
            np.testing.assert_allclose(small.c[name], of_twin, rtol=1e-5, atol=1e-6, err_msg=name)
        assert_counted(small, expected)


LEFT = {"exits_angry": 1, "fell_lost": 1, "active": 1, "losses": 8}


class TestAftermathByHand:
    def test_courses(self):
        """A failure that satisfies is not noticed; of complaints only the good ones are recovered."""
        of = {(0, 0, 0): aftermath.UNDISTURBED, (1, 0, 0): aftermath.UNNOTICED, (1, 1, 0): aftermath.SILENT}
        of |= {(0, 5, come): aftermath.COMPLAINED for come in (complaint.FAILED, complaint.MIDDLING)}
        of |= {(2, 2, complaint.GOOD): aftermath.RECOVERED}
        assert [aftermath.Visit(0, 0, *ended).course for ended in of] == list(of.values())

    def test_two_periods(self):
        """The latest visit counts, to firm 1; of the first ones hers of the next period is to it again."""
        good, silent = aftermath.Visit(7, 0, 0, 0, 0), aftermath.Visit(7, 1, 1, 1, 0)
        found = aftermath.Aftermath()
        found.note([good, silent], {7: 0})
        assert found.counts["visits_of"] == {(aftermath.UNDISTURBED, 0): 1, (aftermath.SILENT, 1): 1}
        assert found.counts["praises_of"] == {(aftermath.UNDISTURBED, 0): 1}
        assert not found.counts["follow_ups_of"]
        found.note([silent, good], {})
        assert found.counts["follow_ups_of"] == found.counts["returns_of"] == {(aftermath.SILENT, 1): 1}
        found.note([silent], {7: 1})
        assert found.counts["follow_ups_of"] == {(aftermath.UNDISTURBED, 0): 1}
        assert found.counts["returns_of"].total() == 0


# a period: visits, and what each customer tells: of which firm, and whether it is good, or nothing
told = st.tuples(
    visits_with(st.tuples(*[st.integers(0, 1)] * 2, st.integers(0, 3))),
    st.lists(st.integers(2, 5) | st.just(0), min_size=3, max_size=3),
)


@settings(max_examples=examples(25))
@given(st.lists(told, min_size=1, max_size=5))
def test_aftermaths_are_those_of_the_twin(periods):
    small, twin = Small(3, complaint={}, aftermath={}), aftermath.Aftermath()
    for t, (drawn, stories) in enumerate(periods):
        visits = list({visit[:2]: visit for visit in drawn}.values())  # one to each firm, so that a story is of one
        listed(small, visits)
        ends = [(failure, bad, came * bad) for *_, failure, bad, came in visits]
        for place, name in enumerate(("failure_cause", "grievance", "handling")):
            put(small, **{name: [end[place] for end in ends]})
        been = {i: {v[1] for v in visits if v[0] == i} for i in range(3)}
        small.c.story[:] = [code if code // 2 - 1 in been[i] else 0 for i, code in enumerate(stories)]
        for name in aftermath.COUNTS:
            small.world.lookup(name, 0).fill(0)
        small.run("aftermath", note_courses, t)
        praised = {i: code // 2 - 1 for i, code in enumerate(small.c.story.tolist()) if code % 2}
        of_twin = [aftermath.Visit(i, j, *end) for (i, j, *_), end in zip(visits, ends, strict=True)]
        twin.note(of_twin, praised)
        assert small.at("course").tolist() == [visit.course for visit in of_twin]
        last = [twin.last.get(i, (0, -1)) for i in range(3)]
        assert list(zip(small.c.last_course.tolist(), small.c.last_firm.tolist(), strict=True)) == last
        expected = {
            name: [[of[course, j] for j in range(2)] for course in range(5)] for name, of in twin.counts.items()
        }
        assert_counted(small, expected)


def test_a_story_praises_one_visit():
    """She complained of her first visit, and told of the second, on which nothing was wrong."""
    small = Small(1, complaint={}, aftermath={})
    listed(small, [(0, 0), (0, 0)])
    put(small, failure_cause=[1, 0], grievance=[1, 0], handling=[complaint.FAILED, 0])
    small.c.story[0] = 3
    small.run("aftermath", note_courses)
    assert_counted(small, {"praises_of": [[1, 0], [0, 0], [0, 0], [0, 0], [0, 0]]})


BAD_SERVICE = {"failure_rate": 0.5, "quality": 0.5}
LEAVERS = {
    "population": {"customers": 150, "purchase_rate": 0.8},
    "encounter": {"severity_low": 0.0},
    "complaint": {"base": -0.5},
    "recovery": {},
    "failure_causes": {},
    "lifecycle": {"dormant_after": 4, "lost_after": 8},
    "defection": {"exit_rate": 0.01},
    "exit": {"exit_rate": 0.0625, "unforgiving": 6, "blamed_for": 3},
    "aftermath": {},
    "firms": [
        {"name": "north", "service": BAD_SERVICE, "recovery": {"compensation": 1.0, "empathy": 0.5}},
        {"name": "east", "service": BAD_SERVICE},
        {"name": "south"},
    ],
}
OF_VISITS = ("visit_customer", "visit_firm", "failure_cause", "grievance", "handling", "handling_justice")


def test_a_whole_market_is_that_of_the_twins():
    """What complaints came to is read off the list of visits; the twins work out what is remembered, and who turns."""
    engine = Engine(Scenario.parse({"periods": 30, **LEAVERS}), seed=5)
    c, tallied, p = engine.world.customers, engine.world.tallied, {**exit.EXAMPLE, **LEAVERS["exit"]}
    bonds = [[exit.Bond() for _ in range(150)] for _ in range(3)]
    courses, key, identities = aftermath.Aftermath(), stream_key(5, "exit"), c.customer_id.tolist()
    for t in range(30):
        engine.run(1)
        passed, length = engine.world.passing[0], engine.world.passing[0].visit_count[0]
        visits = list(zip(*(passed[name][:length].tolist() for name in OF_VISITS), strict=True))
        turned, losses = np.zeros(3), np.zeros((8, 3))
        was = np.where(c.turned_back == t, state.ACTIVE, c.relation)  # relations as lifecycle had left them
        for i, j, _, about, came, said in visits:
            assert not bonds[j][i].is_shunned(t, p)
            bonds[j][i].remember(t, about, came, said, p)
        for j, i in np.ndindex(3, 150):
            u, bond = exit.draw(key, identities[i], t, j, 0), bonds[j][i]
            assert not near(u, exit.hazard(bond.grievance_memory, c.encounters[j, i], p))
            turned[j] += bond.turn(t, u, c.encounters[j, i], was[j, i], p)
            reason = bond.give_reason(t, c.relation[j, i], c.exited[i] >= 0, p)
            if reason is not None:
                losses[reason, j] += 1
        for name in BOND:
            of_twin = [[getattr(bond, name) for bond in row] for row in bonds]
            np.testing.assert_allclose(c[name], of_twin, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_array_equal(tallied("exits_angry")[t, :3], turned)
        np.testing.assert_array_equal(tallied("losses")[t, :, :3], losses)
        courses.note([aftermath.Visit(*visit[:5]) for visit in visits], {})
        for name in ("visits_of", "follow_ups_of", "returns_of"):
            of_twin = [[courses.counts[name][course, j] for j in range(3)] for course in range(5)]
            np.testing.assert_array_equal(tallied(name)[t, :, :3], of_twin, err_msg=name)
    assert (tallied("losses")[:, :, :3].sum(axis=(0, 2)) > 0).sum() >= 7
    assert (tallied("visits_of")[:, :, :3].sum(axis=(0, 2)) > 0).all()
