"""The twin of care: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.care import (
    reminder_precision,
    reminder_return_rate,
    right_customer_share,
    silence_broken_share,
    yearly_return_rate,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import accounts, care, complaint, switching_cost
from tests.reference.by_hand import (
    SEED,
    assert_counted,
    effort,
    listed,
    per_firm,
    per_pair,
    put,
    share,
    visited,
    visits_with,
)  # fmt: skip
from tests.reference.care import LEVELS, Acquaintance, Asked, Care, Level, Policy
from tests.reference.closeness import as_single, near, near_any, near_half
from tests.reference.complaint import COUNTER, ONLINE, PHONE, SILENT
from tests.reference.random_numbers import stream_key

TIES = ("trust", "affective_commitment", "personal_bond")


class TestCareByHand:
    p = care.EXAMPLE

    def test_who_falls_due(self):
        """A rhythm of 4 is reached at a silence of 4; 1.1 rhythms are 4.4, at 5; one below a period at 1."""
        for gap, timing, first in ((4.0, 1.0, 4), (4.0, 1.1, 5), (0.5, 1.0, 1), (2.0, 0.05, 1)):
            assert [s for s in range(1, 9) if care.falls_due(s, gap, timing)] == [first]
        assert not any(care.falls_due(s, 0.0, 1.0) for s in range(1, 9))

    def test_festivals(self):
        """Three parts of 8 periods end after 2.67, 5.33 and 8, in periods 2, 5 and 7; ten of 4 after 2.5, 5, 7.5."""
        assert [care.festivals_now(t, 3, 8) for t in range(8, 16)] == [0, 0, 1, 0, 0, 1, 0, 1]
        assert [care.festivals_now(t, 10, 4) for t in range(4)] == [2, 3, 2, 3]
        assert [care.festivals_now(t, n, 1) for t, n in ((0, 5), (3, 5), (3, 0))] == [5, 5, 0]

    def test_birthdays(self):
        """Of 8 periods a birthday at 0.3 is in the third, one at 0.125 in the second, and the end is in the last."""
        for date, place in ((0.3, 2), (0.125, 1), (0.0, 0), (1.0, 7), (0.99, 7)):
            assert [t for t in range(8, 16) if care.has_birthday(t, date, 8)] == [8 + place]

    def test_regular_contacts(self):
        assert [care.regular(2.25, u) for u in (0.2, 0.25, 0.9)] == [3, 2, 2]
        assert [care.regular(contacts, 0.001) for contacts in (0.0, 1.0)] == [0, 1]

    def test_reminders(self):
        found = [
            care.reminder(due, 0.5, reachable, (0.4, u), 0.35)
            for due, reachable, u in ((True, True, 0.3), (True, True, 0.35), (True, False, 0.3), (False, True, 0.3))
        ]
        assert found == [care.TAKEN_UP, care.RECEIVED, care.MADE, care.NO_REMINDER]
        assert care.reminder(True, 0.5, True, (0.5, 0.1), 0.35) == care.NO_REMINDER

    def test_warmth(self):
        """Three contacts, half welcome: 0.03 of the way from 0.4; never beyond 1; unwelcome ones bring nothing."""
        assert care.warmed(0.4, 0.02, 0.5, 3) == pytest.approx(0.418)
        assert care.warmed(0.4, 0.5, 1.0, 3) == 1.0
        assert care.warmed(0.4, 0.5, -0.5, 3) == 0.4

    def test_what_comes_earlier_is_missing_later(self):
        """Half a period's need is brought forward by two firms at once; then a fifth of it is missing, and so on."""
        twin = Care([Policy()] * 2, [0], (0, 0), self.p, year=8, handling=[(0,) * 3] * 2)
        twin.reminded = [[care.TAKEN_UP], [care.TAKEN_UP]]
        assert twin.hasten(0) == 1.5
        twin.begin()
        assert [twin.hasten(0) for _ in range(2)] == pytest.approx([0.9, 0.92])
        assert sum(twin.hasten(0) - 1.0 for _ in range(200)) == pytest.approx(-0.32)

    def test_asking(self):
        """Who was silent tells at the sale through her channel, or on the phone if the firm knows and reaches her."""
        level, known = Level(invitation=0.5, follow_up=0.5), Acquaintance(known=True, reachable=True)
        invited, called, both, neither = (
            (0.4, 0.1, 0.6, 0.1),
            (0.4, 0.2, 0.4, 0.5),
            (0.4, 0.1, 0.4, 0.5),
            (0.5, 0.1, 0.5, 0.1),
        )
        found = [care.ask(level, known, True, ONLINE, u, self.p) for u in (invited, called, both, neither)]
        assert found == [
            Asked(True, False, ONLINE), Asked(True, True, PHONE), Asked(True, True, ONLINE), Asked(False, False),
        ]  # fmt: skip
        assert care.ask(level, known, False, ONLINE, both, self.p) == Asked(True, True)
        assert care.ask(level, Acquaintance(known=True), True, ONLINE, called, self.p) == Asked(True, True)
        assert care.ask(level, Acquaintance(reachable=True), True, ONLINE, called, self.p) == Asked(True, False)

    def test_savings(self):
        """Of 12 cu a fifth is saved at most: half of that, 1.2 cu, after 30 visits."""
        p = self.p | {"tenure_saving": 0.2}
        assert [care.unrounded_saving(n, 12.0, p) for n in (0, 30)] == pytest.approx([0.0, 1.2])

    def test_levels(self):
        policy = Policy(Level(festivals=1), ("partnership", "basic"))
        assert [policy.level(of) for of in range(4)] == [
            Level(festivals=1), LEVELS["partnership"], Level(), Level(festivals=1),
        ]  # fmt: skip
        assert [Policy(LEVELS[name]).contacts for name in LEVELS] == [False, False, True, True, True]
        assert Policy(level_by_class=("basic", "accountable")).contacts


some = st.sampled_from([0.5, 1.0, 0.25, 0.0]) | share
often = st.sampled_from([0.5, 1.0, 0.75])
own_levers = st.fixed_dictionaries(
    {
        "invitation": some,
        "follow_up": often | some,
        "regular_contact": st.sampled_from([0.0, 0.0, 0.5, 1.0, 20.0]) | st.floats(0.0, 4.0, width=32),
        "birthday": st.booleans(),
        "festivals": st.sampled_from([0, 1, 3, 12, 52]),
        "reminder": st.sampled_from([1.0, 1.0, 0.5, 0.0]),
        "dedicated": st.booleans(),
    }
)
levers = st.fixed_dictionaries(
    {
        "own": own_levers,
        "level_by_class": st.lists(st.sampled_from(sorted(LEVELS)), max_size=4),
        "reminder_timing": st.sampled_from([1.0, 1.0, 1.0, 0.5, 1.5]) | st.floats(0.0625, 4.0, width=32),
        "staff_cost": st.integers(0, 9999).map(lambda cents: cents / 8),
        "invitation_cost": st.integers(0, 999).map(lambda part: part / 16_000),
        "dedicated_cost": st.integers(0, 999).map(lambda cents: cents / 40),
    }
)


def built(
    of_firms: Any, handling: Any = None, services: Any = ({}, {}), year: int = 8, **sections: Any
) -> tuple[Caring, Care]:
    """Return a small world and its twin."""
    handling = handling or [(3.0, 2.0, 1.0)] * 2
    channels = ("counter_handling", "phone_handling", "online_handling")
    firms = [
        {
            "care": {key: value for key, value in of.items() if key != "own"} | of["own"],
            "information": {"data_coverage": 0.5},
            "voice": dict(zip(channels, costs, strict=True)),
            "service": service,
        }
        for of, costs, service in zip(of_firms, handling, services, strict=True)
    ]
    sections = {"information": {}, "contacts": {}, "complaint": {}, "customer_classes": {}, **sections}
    small = Caring(firms, periods_per_year=year, **sections)
    policies = [Policy(**{**of, "own": Level(**of["own"])}) for of in of_firms]
    p = {**care.EXAMPLE, **{name: as_single(value) for name, value in sections["care"].items()}}
    return small, Care(policies, IDENTITIES, stream_key(SEED, "care"), p, year=year, handling=handling)


IDENTITIES = [7, 2, 2**31 + 5]


class Caring(Small):
    """A world of two firms and three customers whose identities are no rows; calls: kernels of care, as scheduled."""

    def __init__(self, firms: Any, **sections: Any) -> None:
        super().__init__(3, firms, **sections)
        self.c.customer_id[:] = IDENTITIES
        steps = [step for step in self.scenario.steps() if step.mechanism.name == "care"]
        self.calls = {step.name: step.bind(self.world, SEED, self.world.named()) for step in steps}

    def care(self, name: str, rows: range, t: int = 0) -> None:
        """Run a kernel on some customers, if it is scheduled."""
        if name in self.calls:
            self.calls[name](rows.start, rows.stop, t)


def known_from(small: Caring, t: int, pairs: Any) -> list[list[Acquaintance]]:
    """Write what firms hold of customers into a world, and return it by firm and customer."""
    held = [[Acquaintance(*one[:2], t - min(one[2], t + 1), *one[3:5]) for one in row] for row in pairs]
    names = ("known", "reachable", "seen_last", "seen_gap", "customer_class")
    write(small, **{name: [[getattr(one, name) for one in row] for row in held] for name in names})
    return held


def write(small: Caring, **columns: Any) -> None:
    """Set columns of customers, of those that anything is done with."""
    for name, values in columns.items():
        if name in small.c:
            small.c[name][:] = values


def assert_held(small: Caring, name: str, expected: Any) -> None:
    """Compare a column; one that nothing is done with is left as it begins."""
    if name in small.c:
        np.testing.assert_allclose(small.c[name], expected, atol=2e-6, err_msg=name)
    else:
        assert not np.any(expected)


acquaintances = st.tuples(
    st.sampled_from([True, True, True, False]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 4, 8, 9]),  # periods of silence
    st.sampled_from([1.0, 2.0, 3.0, 4.0, 8.0, 0.0, 0.5]) | st.floats(0.0, 8.0, width=32),
    st.integers(0, 4),
)
of_pair = st.tuples(
    acquaintances,
    st.integers(0, 3),  # calls
    st.sampled_from([-1.0, 0.0, 1.0]) | st.floats(-1.0, 1.0, width=32),  # welcome
    st.tuples(share, share, share),  # ties
)
# of a customer: birthday, whether she has left, what is ahead
of_customer = st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | share, st.booleans(), st.floats(-0.5, 2.5, width=32))


OF_CONTACTS = {"plan_contacts", "add_care", "receive_care", "send_reminders", "shift_reminded", "count_timely"}


def set_up(small: Caring, twin: Care, t: int, pairs: Any, people: Any) -> list[list[Acquaintance]]:
    """Write what is so as a period begins into a world and its twin; return what firms hold of customers."""
    held = known_from(small, t, [[one[0] for one in row] for row in pairs])
    repaid = "shift_reminded" in small.calls  # nothing is ahead where no firm reminds
    twin.birth_dates, twin.ahead = [date for date, *_ in people], [ahead * repaid for *_, ahead in people]
    twin.calls = [
        [one[1] if of.known and policy.contacts else 0 for one, of in zip(*row, strict=True)]
        for policy, *row in zip(twin.policies, pairs, held, strict=True)
    ]
    write(small, calls_made=twin.calls, birth_date=twin.birth_dates, reminded_ahead=twin.ahead)
    small.c.exited[:] = [0 if left else -1 for _, left, _ in people]
    write(small, **{name: [[ties[k] for *_, ties in row] for row in pairs] for k, name in enumerate(TIES)})
    return held


def contact(small: Caring, twin: Care, t: int, rows: range, welcome: list[list[float]]) -> None:
    """Let a tile of customers be contacted, and compare what is made and received with what the twin has planned."""
    passing, width = small.passing, len(rows)
    passing.approaches.fill(2.0)
    passing.contact_welcome[:, :width] = np.array(welcome)[:, rows]
    for name in ("plan_contacts", "send_reminders", "add_care", "receive_care"):
        small.care(name, rows, t)
    np.testing.assert_array_equal(passing.approaches[:, :width] - 2.0, np.array(twin.contacts)[:, rows])
    for name, kernel, planned in (
        ("care_contacts", "plan_contacts", twin.contacts),
        ("reminded", "send_reminders", twin.reminded),
    ):
        if kernel in small.calls:
            found = small.passing.care_contacts if name == "care_contacts" else small.scratch("care", name)
            np.testing.assert_array_equal(found[:, :width], np.array(planned)[:, rows])
        else:
            assert not np.any(planned)


def follow(small: Caring, twin: Care, t: int, rows: range, visits: list[tuple[int, int]]) -> None:
    """Let a tile of customers do what reminders make of them, and compare it with what the twin says."""
    passing = small.passing
    passing.need.fill(1.5)
    passing.utility.fill(0.25)
    small.visits([i for i, _ in visits], [j for _, j in visits])
    for name in ("shift_reminded", "hasten_reminded", "count_timely", "add_reminder"):
        small.care(name, rows, t)
    chosen = [(i, j) for i, j in visits if j >= 0]
    small.visits([i for i, _ in chosen], [j for _, j in chosen])
    small.care("count_returned", rows, t)
    for r, i in enumerate(rows):
        assert passing.need[r] == pytest.approx(1.5 * twin.hasten(i), abs=2e-6)
        lifts = [twin.utility(i, j) for j in range(2)]
        assert passing.utility[:2, r] - 0.25 == pytest.approx(lifts, abs=1e-6)
        been = {j for k, j in chosen if k == i}
        twin.follow(i, any(k == i for k, _ in visits), been)
        if "count_returned" in small.calls:
            left = [0 if j in been else twin.reminded[j][i] for j in range(2)]
            assert small.scratch("care", "reminded")[:, r].tolist() == left


@pytest.mark.slow
@settings(max_examples=examples(80))
@given(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("gain", "attended_rate", "haste"), share),
            "take_up": often,
            "reminder_weight": st.floats(0.0, 4.0, width=32),
            "repayment": st.floats(0.0078125, 1.0, width=32),
        }
    ),
    per_firm(levers),
    st.sampled_from([1, 4, 8, 52]),
    per_pair(of_pair),
    st.lists(of_customer, min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1)), max_size=9),
    st.tuples(st.integers(0, 120), st.integers(1, 3)),
)
def test_contacts_are_those_of_the_twin(numbers, of_firms, year, pairs, people, visits, when):
    """Tile by tile, of 1 to 3 customers; what an earlier tile has left behind does not matter."""
    t, tile = when
    small, twin = built(of_firms, year=year, care=numbers)
    if not any(policy.contacts for policy in twin.policies):
        assert not OF_CONTACTS & small.calls.keys()
        return
    held = set_up(small, twin, t, pairs, people)
    assume(not any(near_any(as_single(date * year), range(year + 1)) for date in twin.birth_dates))
    for j, i in np.ndindex(2, 3):
        twin.contact(t, i, j, held[j][i], people[i][1])
    for name in {"care_contacts", "care.reminded"} & set(small.passing):
        small.passing[name].fill(3)
    welcome = [[one[2] for one in row] for row in pairs]
    for lo in range(0, 3, tile):
        rows = range(lo, min(3, lo + tile))
        contact(small, twin, t, rows, welcome)
        follow(small, twin, t, rows, [visit for visit in sorted(visits) if visit[0] in rows])
    assert_held(small, "reminded_ahead", twin.ahead)
    assert_held(small, "calls_made", twin.calls)
    for j, i in np.ndindex(2, 3):
        expected = twin.receive(i, j, pairs[j][i][3], held[j][i], welcome[j][i])
        assert [small.c[name][j, i] for name in TIES] == pytest.approx(expected, abs=2e-6)
    assert_counted(small, {name: twin.counts[name] for name in care.OF_CONTACTS})


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.fixed_dictionaries({"haste": often | share, "repayment": often | st.floats(0.0078125, 1.0, width=32)}),
    per_pair(st.sampled_from([care.TAKEN_UP, care.NO_REMINDER, care.RECEIVED, care.MADE])),
    st.lists(st.floats(-0.5, 2.5, width=32), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1)), max_size=9),
)
def test_what_comes_of_reminders_is_that_of_the_twin(numbers, codes, ahead, visits):
    """Of any reminders, also of both firms at once."""
    small, twin = built([{"own": {"reminder": 1.0}}] * 2, care=numbers)
    twin.reminded, twin.ahead, small.c.reminded_ahead[:] = codes, list(ahead), ahead
    small.scratch("care", "reminded")[:, :3] = codes
    follow(small, twin, 0, range(3), sorted(visits))
    np.testing.assert_allclose(small.c.reminded_ahead, twin.ahead, atol=2e-6)
    assert_counted(small, {name: twin.counts[name] for name in ("reminders_timely", "reminders_followed")})


TALLIED = {"complaints": 7, "complaints_by_channel": 3}
# of a visit: what it is about, through which channel she complains of herself
of_visit = st.tuples(st.integers(0, 6), st.sampled_from([COUNTER, PHONE, ONLINE, *[SILENT] * 6]))


@pytest.mark.slow
@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.fixed_dictionaries({"invited_tell": some, "called_tell": often}),
    per_firm(levers),
    per_firm(st.tuples(*[st.integers(0, 900).map(lambda cents: cents / 80)] * 3)),
    per_pair(acquaintances),
    st.tuples(*[st.sampled_from([COUNTER, PHONE, ONLINE])] * 3),
    visits_with(of_visit),
    st.integers(0, 120),
)
def test_questions_are_those_of_the_twin(numbers, of_firms, handling, pairs, usual, visits, t):
    small, twin = built(of_firms, handling, care=numbers)
    held = known_from(small, t, pairs)
    small.c.usual_channel[:] = usual
    people = listed(small, visits)
    about = [cause for _, _, cause, _ in visits]
    channels = [channel if cause else SILENT for *_, cause, channel in visits]
    put(small, grievance=about, complaint_channel=channels, handling=[channel != SILENT for channel in channels])
    small.care("ask_visitors", range(3), t)
    expected = {name: np.zeros((rows, 2), int) for name, rows in TALLIED.items()}
    for v, (i, j, _, nth) in enumerate(people):
        channel, handled = twin.visit(t, i, j, nth, held[j][i], about[v], channels[v], usual[i])
        before = int(channels[v] != SILENT)
        of_twin = (channel, before if handled is None else handled)
        assert (small.at("complaint_channel")[v], small.at("handling")[v]) == of_twin
    for cause, channel, j in twin.told:
        expected["complaints"][cause, j] += 1
        expected["complaints_by_channel"][channel, j] += 1
    assert_held(small, "calls_made", twin.calls)
    names = ("follow_ups", "told_when_asked", "hearing", "invitation_spend")
    assert_counted(small, expected | {name: twin.counts[name] for name in names})


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.fixed_dictionaries(
        {
            "attended_rate": share,
            "tenure_saving": st.floats(0.015625, 0.875, width=32),
            "tenure_visits": st.floats(0.25, 100.0, width=32),
        }
    ),
    per_firm(levers),
    per_firm(st.tuples(effort, effort)),
    per_pair(st.tuples(acquaintances, share, st.sampled_from([0, 1, 30]) | st.integers(0, 200))),
    visits_with(st.tuples()),
    st.integers(0, 3),
)
def test_persons_and_savings_are_those_of_the_twin(numbers, of_firms, services, pairs, visits, cut):
    services = [dict(zip(("quality", "richness"), of, strict=True)) for of in services]
    small, twin = built(of_firms, services=services, care=numbers)
    held, c = known_from(small, 20, [[one[0] for one in row] for row in pairs]), small.c
    bonds = [[bond for _, bond, _ in row] for row in pairs]
    encounters = [[count for *_, count in row] for row in pairs]
    c.personal_bond[:], c.encounters[:] = bonds, encounters
    costs = [accounts.hundredths(accounts.service_cost(firm.service)) / 100 for firm in small.scenario.firms]
    listed(small, visits)
    put(small, visit_cost=5000)
    for name in ("attend_visitors", "save_by_tenure", "take_off_saving"):
        small.care(name, range(3))
    saved = [0, 0]
    for v, (i, j) in enumerate(visits):
        bonds[j][i] = twin.attend(j, bonds[j][i], held[j][i])
        unrounded = care.unrounded_saving(encounters[j][i], costs[j], twin.p)
        assume(not near_half(unrounded))
        cents = accounts.hundredths(unrounded)
        assert (small.at("visit_saved")[v], small.at("visit_cost")[v]) == (cents, 5000 - cents)
        saved[j] -= cents
    np.testing.assert_allclose(c.personal_bond, bonds, atol=1e-6)
    for rows in (range(cut), range(cut, 3)):
        small.care("book_dedicated", rows)
    for j, i in np.ndindex(2, 3):
        twin.end(j, held[j][i])
    assert_counted(small, {"service_saved": saved, "dedicated_spend": twin.counts["dedicated_spend"]})


def test_firms_without_classes_care_for_all_alike():
    """What a column of classes would say does not matter where no firm has a level by class."""
    own = {"own": {"regular_contact": 2.0, "birthday": True, "dedicated": True}}
    small, twin = built([own, {"own": {}}], care={})
    held = known_from(small, 5, [[(True, True, 1, 1.0, of) for of in (0, 1, 4)]] * 2)
    small.passing.care_contacts.fill(3)
    for i in range(3):
        twin.contact(5, i, 0, held[0][i], False)
    small.c.birth_date[:] = twin.birth_dates
    small.passing.approaches.fill(0.0)
    small.care("plan_contacts", range(3), 5)
    small.care("add_care", range(3), 5)
    small.care("book_dedicated", range(3))
    np.testing.assert_array_equal(small.passing.approaches[:, :3], twin.contacts)
    assert_counted(small, {"dedicated_spend": [300, 0]})


@abm.kernel
def count_occasions(arisen, visit_count, visit_customer, lo, hi):
    """Count each customer's occasions.  arisen (n,)  [written]"""
    for i in range(lo, hi):
        arisen[i] = 0
    for v in range(visit_count[0]):
        arisen[visit_customer[v]] += 1


@abm.kernel
def note_choices(lift, hastened, choices, utility_of_care, need_of_care, visit_count, visit_pair, lo, hi):
    """Keep what care adds to utility and need, and who chooses whom.

    lift (m, n)  logit units, hastened (n,)  ratio, choices (m x n,)  visits  [written]
    """
    n = hastened.shape[0]
    for i in range(lo, hi):
        hastened[i] = need_of_care[i - lo]
        for j in range(lift.shape[0]):
            lift[j, i] = utility_of_care[j, i - lo]
            choices[j * n + i] = 0
    for v in range(visit_count[0]):
        choices[visit_pair[v]] += 1


class Watching(abm.Mechanism):
    """Keeps what is so at two moments of each period."""

    name = "watching"
    owns: ClassVar = (
        Column("arisen", ("customer",), 0, "visits", "of the period"),
        Column("lift", ("firm", "customer"), 0, "logit units", "what care adds to utility"),
        Column("hastened", ("customer",), 0, "ratio", "what care makes of need"),
        Column("choices", ("firm", "customer"), 0, "visits", "of the period"),
        *(Column(f"{name}_met", ("firm", "customer"), 0, "0-1", "after contacts, before visits") for name in TIES),
    )

    def schedule(self, policies):
        """Return the two moments."""
        moments = (Phase.STAKES, count_occasions), (Phase.CHOICE, note_choices, {"choices": "choices_at"})
        return (*moments, (Phase.OPERATIONS, self.look))

    def look(self, world, t):
        """Keep the ties of all customers before their visits."""
        for name in TIES:
            world.customers[f"{name}_met"][:] = world.customers[name]


CARERS = [
    {
        "name": "north",
        "information": {"data_coverage": 0.5},
        "service": {"failure_rate": 0.5, "quality": 0.75},
        "care": {
            "level_by_class": ["partnership", "proactive", "accountable"],
            **{"invitation": 0.25, "follow_up": 0.5, "regular_contact": 1.25, "reminder": 0.5, "festivals": 5},
            **{"reminder_timing": 1.25, "staff_cost": 0.375, "invitation_cost": 0.07, "dedicated_cost": 0.6},
        },
    },
    {
        "name": "east",
        "information": {"omniscient": True},
        "service": {"failure_rate": 0.5},
        "care": {"preset": "partnership"},
    },
    {"name": "south", "information": {"data_coverage": 0.9}, "care": {"invitation": 0.75}},
]
TENDED: dict[str, Any] = {
    "periods": 40,
    "periods_per_year": 8,
    "population": {"customers": 100, "purchase_rate": 0.6},
    "information": {"rhythm_rate": 0.5},
    "contacts": {"data_decay": 0.03, "tolerated": 2.0},
    "complaint": {"base": -2.5},
    "customer_classes": {"every": 6, "share_a": 0.1, "share_b": 0.2},
    "defection": {"exit_rate": 0.005},
    "care": {"gain": 0.125, "invited_tell": 0.4, "tenure_saving": 0.3, "tenure_visits": 6.3},
    "firms": CARERS,
}


def acquaintances_before(c: Any) -> dict[str, list[Any]]:
    """Return what is so of customers before a period."""
    names = ("known", "reachable", "seen_last", "seen_gap", "exited", *TIES)
    return {name: c[name].tolist() for name in names}


def held_by_firms(before: dict[str, list[Any]], classes: list[list[int]]) -> list[list[Acquaintance]]:
    """Return what each firm holds of each customer in a period."""
    columns = [*(before[name] for name in ("known", "reachable", "seen_last", "seen_gap")), classes]
    return [
        [Acquaintance(bool(one[0]), bool(one[1]), *one[2:]) for one in zip(*rows, strict=True)]
        for rows in zip(*columns, strict=True)
    ]


class Market:
    """A market that is tended, its twin, and what happened in it so far."""

    def __init__(self, seed: int, replication: int, **sections: Any) -> None:
        scenario = Scenario.parse({**TENDED, **sections})
        self.engine = Engine(scenario.adding(Watching()), seed, replication=replication)
        self.world, self.c, self.replication = self.engine.world, self.engine.world.customers, replication
        levels = [firm.care.model_dump() for firm in scenario.firms]
        own = [Level(**{name: of[name] for name in Level.__dataclass_fields__}) for of in levels]
        rest = [{name: of[name] for name in Policy.__dataclass_fields__ if name != "own"} for of in levels]
        p = {name: as_single(value) for name, value in scenario.care.model_dump().items()}
        self.twin = Care(
            [Policy(own=level, **of) for level, of in zip(own, rest, strict=True)],
            self.c.customer_id.tolist(), stream_key(seed, "care"), p,
            year=8, handling=[complaint.Policy().handling] * 3, replication=replication,
        )  # fmt: skip
        self.costs = [accounts.hundredths(accounts.service_cost(firm.service)) / 100 for firm in scenario.firms]
        self.richness = [firm.service.richness for firm in scenario.firms]
        self.complaint, self.of_complaints = stream_key(seed, "complaint"), complaint.EXAMPLE | {"base": -2.5}
        self.seen: Counter[str] = Counter()
        self.of_firms = {name: np.zeros(3) for name in (*self.twin.counts, "silent")}

    def period(self, t: int) -> None:
        """Let a period pass, and compare it."""
        before = acquaintances_before(self.c)
        self.engine.run(1)
        self.twin.begin()
        held = held_by_firms(before, self.c.customer_class.tolist())
        self.contacts(t, before, held)
        bonds = self.c.personal_bond_met.tolist()
        self.visits(t, held)
        came = visited(self.engine, "visit_customer", "visit_firm")
        for i, j in came:
            bonds[j][i] = switching_cost.updated_bond(bonds[j][i], self.richness[j], switching_cost.EXAMPLE)
        for i, j in came:
            bonds[j][i] = self.twin.attend(j, bonds[j][i], held[j][i])
        np.testing.assert_allclose(self.c.personal_bond, bonds, atol=1e-6)
        after = held_by_firms(acquaintances_before(self.c), self.c.customer_class.tolist())
        for j, i in np.ndindex(3, 100):
            self.twin.end(j, after[j][i])
        self.assert_counted(t)

    def contacts(self, t: int, before: dict[str, list[Any]], held: list[list[Acquaintance]]) -> None:
        """Compare contacts and what they do before anybody visits a firm."""
        c, twin, passing = self.c, self.twin, self.world.passing[0]
        for j, i in np.ndindex(3, 100):
            twin.contact(t, i, j, held[j][i], before["exited"][i] >= 0)
            ties = tuple(before[name][j][i] for name in TIES)
            welcome = float(passing.contact_welcome[j, i])
            expected = twin.receive(i, j, ties, held[j][i], welcome)
            found = [float(c[f"{name}_met"][j, i]) for name in TIES]
            self.seen["contacts"] += twin.contacts[j][i]
            annoyed = welcome < 0.0 and held[j][i].reachable and twin.contacts[j][i] > 0
            self.seen["annoyed"] += annoyed
            own = 2 if annoyed else 0  # annoyance takes trust and commitment in the same phase
            assert found[own:] == pytest.approx(expected[own:], abs=2e-6)
        np.testing.assert_array_equal(passing.approaches[:, :100], twin.contacts)
        lifts = [[twin.utility(i, j) for i in range(100)] for j in range(3)]
        np.testing.assert_allclose(c.lift, lifts, atol=1e-6)
        np.testing.assert_allclose(c.hastened, [twin.hasten(i) for i in range(100)], atol=2e-6)
        np.testing.assert_allclose(c.reminded_ahead, twin.ahead, atol=2e-6)
        for i in range(100):
            twin.follow(i, c.arisen[i] > 0, set(np.flatnonzero(c.choices[:, i]).tolist()))

    def visits(self, t: int, held: list[list[Acquaintance]]) -> None:
        """Compare what visitors say when they are asked, and what familiarity saves on them."""
        c, twin, saved = self.c, self.twin, [0] * 3
        for i, j, nth, about, channel, handling, s, cents in visited(self.engine, *OF_VISITS):
            own = complaint.probability(s, 0.0, c.trust_met[j, i], c.inclination[i], self.of_complaints)
            u = complaint.draw(self.complaint, twin.identities[i], t, nth, self.replication)
            assert not near(u, own)
            usual = int(c.usual_channel[i])
            before = usual if about and u < own else SILENT
            told, handled = twin.visit(t, i, j, nth, held[j][i], about, before, usual)
            assert (channel, handling) == (told, int(told != SILENT)), (t, i, j)
            self.of_firms["silent"][j] += about > 0 and before == SILENT
            self.seen[f"told_{told}" if handled else "said" if told != SILENT else "silent"] += about > 0
            unrounded = care.unrounded_saving(int(c.encounters[j, i]), self.costs[j], twin.p)
            assert not near_half(unrounded)
            assert cents == accounts.hundredths(unrounded)
            saved[j] -= cents
        np.testing.assert_array_equal(c.calls_made, twin.calls)
        assert (100 * self.world.tallied("service_saved")[t, :3]).round().tolist() == saved

    def assert_counted(self, t: int) -> None:
        """Compare what is counted."""
        for name, of_twin in self.twin.counts.items():
            if name != "hearing":  # also of those who complain of themselves
                scale = 10_000 if name == "invitation_spend" else 100 if name in MONEY else 1
                found = (scale * self.world.tallied(name)[t, :3]).round().tolist()
                assert found == of_twin, (t, name)
            self.seen[name] += sum(of_twin)
            self.of_firms[name] += of_twin

    def assert_measured(self) -> None:
        """Compare what is measured over the whole run with ratios of what the twin has counted."""
        found = Tallied({name: self.world.tallied(name).sum(axis=0) for name in self.world.tallies}, 8, 40)
        for kpi, part, whole in KPIS:
            expected = self.of_firms[part], self.of_firms[whole]
            with np.errstate(invalid="ignore"):
                np.testing.assert_allclose(kpi(found), expected[0] / expected[1], err_msg=part)


OF_VISITS = (
    *("visit_customer", "visit_firm", "visit_nth", "grievance", "complaint_channel", "handling", "transaction"),
    "visit_saved",
)
MONEY = ("care_staff", "dedicated_spend")
KPIS = (
    (reminder_precision, "reminders_timely", "reminders"),
    (right_customer_share, "reminders_rightly", "reminders"),
    (reminder_return_rate, "reminders_followed", "reminders"),
    (yearly_return_rate, "care_seen", "care_known"),
    (silence_broken_share, "told_when_asked", "silent"),
)


@pytest.mark.slow
@pytest.mark.parametrize("replication", [0, 3])
def test_a_whole_market_is_that_of_the_twin(replication):
    """Whoever complains of herself, and who chooses whom, is read off the market."""
    market = Market(3, replication)
    np.testing.assert_array_equal(market.c.birth_date, market.twin.birth_dates)
    for t in range(40):
        market.period(t)
    market.assert_measured()
    assert min(market.seen.values()) >= 5, market.seen
