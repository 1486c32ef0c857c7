"""The twins of contacts and of privacy: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special

import abm
from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.kpis.kpi import Tallied
from abm.mechanisms.attitude.privacy import ask_consent, draw_breaches, resent
from abm.mechanisms.attitude.privacy import records_leaked as leaked_kpi
from abm.mechanisms.attitude.privacy import refusal_share as refusal_kpi
from abm.mechanisms.relationship.contacts import (
    annoying_share,
    contact_rate,
    data_accuracy,
    keep_data,
    receive_contacts,
)
from abm.mechanisms.relationship.contacts import welcome as compiled_welcome
from abm.study.plan.record import of_visits
from abm.world.columns import Column
from tests.mechanisms.small import Small
from tests.reference import contacts, information, privacy
from tests.reference.by_hand import SEED, assert_counted, counts, effort, per_firm, share
from tests.reference.closeness import as_single
from tests.reference.contacts import Contact
from tests.reference.information import Record, Watch
from tests.reference.privacy import CONSENTED, OPEN, REFUSED, UNASKED, Consent
from tests.reference.random_numbers import stream_key

IDENTITIES = (7, 3, 4_000_000_000, 2)  # of the four customers of small worlds: not the numbers of their rows
N = len(IDENTITIES)
SEEN = ("seen_last", "seen_visits", "seen_spend", "seen_gap")
cents = st.floats(0.0, 20.0, width=32)


def per_person(values):
    """Draw a value for each of two firms and four customers."""
    return st.lists(st.lists(values, min_size=N, max_size=N), min_size=2, max_size=2)


def small_with(policies, **sections):
    """Return a small world with what firms do about contacts and privacy, and customers of some identity."""
    firms = [{"information": {"data_coverage": 0.5}, **policy} for policy in policies]
    small = Small(N, firms, **{"information": {}, "contacts": {}, **sections})
    small.c.customer_id[:] = IDENTITIES
    return small


def in_tiles(small, mechanism, kernel, approaches, t=0):
    """Run a kernel on two customers and then on the others, each with their own approaches (m, n)."""
    call = small.bound(mechanism, kernel)
    for lo in (0, 2):
        small.passing.approaches[:, :2] = np.array(approaches)[:, lo : lo + 2]
        call(lo, lo + 2, t)


class TestContactsByHand:
    p = contacts.EXAMPLE

    def test_welcome(self):
        """0.6 of 1.5 tolerated: 1 - 0.4; 2.25 is half too many; four times as many annoy no more than twice."""
        found = [contacts.welcome(load, 1.5) for load in (0.0, 0.6, 1.5, 2.25, 3.0, 6.0)]
        assert found == pytest.approx([1.0, 0.6, 0.0, -0.5, -1.0, -1.0])

    def test_too_many(self):
        """A load of 2.25 against 1.5: two contacts take 2 * 0.02 * 0.5; the load is 0.75 * 2.25 + 0.25 * 2 = 2.1875."""
        one = Contact(2.25, 0.5, 0.01, reachable=True, has_data=True)
        counted = one.receive(2, True, self.p)
        assert counted == {"contacts_made": 2, "contacts_received": 2, "contacts_annoying": 2}
        assert (one.trust, one.commitment, one.load) == pytest.approx((0.48, 0.0, 2.1875))

    def test_the_first_contact_after_a_pause_does_not_annoy(self):
        """The load before the period counts: ten at once, and only the next ones annoy."""
        one = Contact(reachable=True)
        assert one.receive(10, True, self.p)["contacts_annoying"] == 0
        assert one.load == pytest.approx(2.5)
        assert one.receive(1, True, self.p)["contacts_annoying"] == 1

    def test_who_is_not_reached_or_not_known(self):
        unreached, unknown = Contact(2.0), Contact(2.0, reachable=True)
        assert list(unreached.receive(3, True, self.p).values()) == [3, 0, 0]
        assert list(unknown.receive(3, False, self.p).values()) == [0, 0, 0]
        assert unreached.load == unknown.load == pytest.approx(1.5)
        assert unreached.trust == 0.5

    def test_data(self):
        """They come in right, whatever the draw; 0.003 is below a decay of 0.004, then 0.2 below an upkeep of 0.3."""
        one, seen = Contact(), []
        for u, known in ((0.0, False), (0.0, True), (0.003, True), (0.31, True), (0.2, True), (0.005, True)):
            seen.append((one.keep(u, known, 0.3, self.p), one.reachable))
        reached = [False, True, False, False, True, True]
        assert seen == [(there, there) for there in reached]

    def test_cost(self):
        """Ten contacts of 12.5 cents are 130; upkeep of half at 0.05 cu is 0.0346574 cu a record, 347 of 1/100 cent."""
        assert contacts.contact_spend(10, 0.125) == 130
        assert contacts.upkeep_spend(10, 0.5, 0.05) == 3470


class TestPrivacyByHand:
    p = privacy.EXAMPLE

    @pytest.mark.parametrize(
        ("member", "asks", "trust", "code", "kept", "asked"),
        [
            (True, True, 0.0, CONSENTED, True, False),
            (False, True, 0.4, CONSENTED, True, True),
            (False, True, 0.39, REFUSED, False, True),
            (False, False, 0.0, UNASKED, True, False),
        ],
    )
    def test_who_consents_to_a_concern_of_two_fifths(self, member, asks, trust, code, kept, asked):
        one = Consent()
        assert one.visit(True, member, asks, trust, 0.4) == (kept, asked)
        assert one.code == code

    def test_who_refused_is_not_asked_again_but_may_join(self):
        one = Consent(REFUSED)
        assert one.visit(True, False, True, 1.0, 0.0) == (False, False)
        assert one.visit(True, True, True, 0.0, 1.0) == (True, False)
        assert one.code == CONSENTED

    def test_who_was_not_asked_may_join_too(self):
        one = Consent(UNASKED)
        assert one.visit(True, False, True, 0.0, 1.0) == (True, False)
        assert one.code == UNASKED  # though the firm asks by now
        assert one.visit(True, True, False, 0.0, 1.0) == (True, False)
        assert one.code == CONSENTED

    def test_what_is_minded(self):
        """Three contacts at a concern of 0.5: 3 * 0.02 * 0.5; a leak 0.5 * 0.5, twice that where nobody asked."""
        assert privacy.trust_left(0.5, UNASKED, 0.5, 3, False, self.p) == pytest.approx(0.47)
        assert privacy.trust_left(0.5, CONSENTED, 0.5, 3, False, self.p) == 0.5
        assert privacy.trust_left(0.5, CONSENTED, 0.5, 3, True, self.p) == pytest.approx(0.25)
        assert privacy.trust_left(0.5, UNASKED, 0.5, 3, True, self.p) == 0.0
        assert privacy.trust_left(0.75, UNASKED, 0.5, 3, True, self.p) == pytest.approx(0.22)

    def test_leaks(self):
        """Half of leaks at 0.25 a period is prevented."""
        assert privacy.leak_probability(0.25, 0.5) == 0.125
        assert privacy.security_spend(100, 0.5, 0.02) == 100 * 139

    def test_concern(self):
        """Beta(1, 1) is uniform; below x of Beta(2, 1) lies x squared, of Beta(1, 2) 1 - (1 - x)^2."""
        assert privacy.beta_quantile(0.3, 1.0, 1.0) == pytest.approx(0.3)
        assert privacy.beta_quantile(0.36, 2.0, 1.0) == pytest.approx(0.6)
        assert privacy.beta_quantile(0.36, 1.0, 2.0) == pytest.approx(0.2)

    @given(st.floats(0.001, 0.999), st.floats(0.05, 50.0), st.floats(0.05, 50.0))
    def test_shares_of_beta_are_those_of_a_library(self, x, a, b):
        assert privacy.beta_share(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


@given(st.one_of(st.just(1.0), st.floats(0.0, 5.0, width=32)), st.floats(0.5, 4.0, width=32))
def test_a_welcome_is_that_of_the_twin(load, tolerated):
    assert compiled_welcome(np.float32(load), np.float32(tolerated)) == pytest.approx(
        contacts.welcome(load, tolerated), abs=1e-6
    )


person = st.tuples(
    st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 4.0, width=32)), share, share, st.booleans(), st.booleans()
)
whole = st.integers(0, 4)


@given(
    st.fixed_dictionaries(
        {
            "tolerated": st.sampled_from([0.25, 0.7, 1.0, 2.0]),
            "kept": st.floats(0.0, 0.984375, width=32),
            "annoyance": share,
        }
    ),
    per_firm(cents),
    per_person(person),
    st.lists(per_person(whole), min_size=1, max_size=3),
)
def test_contacts_are_those_of_the_twin(numbers, costs, people, periods):
    small = small_with([{"contacts": {"contact_cost": cost}} for cost in costs], contacts=numbers)
    c, p = small.c, {**contacts.EXAMPLE, **numbers}
    for name, values in zip(
        ("contact_load", "trust", "affective_commitment", "reachable", "known"),
        np.moveaxis(np.array(people, float), 2, 0),
        strict=True,
    ):
        c[name][:] = values
    twins = [[Contact(*one[:4]) for one in row] for row in people]
    expected = {name: [0, 0] for name in ("contacts_made", "contacts_received", "contacts_annoying", "contact_spend")}
    for approaches in periods:
        in_tiles(small, "contacts", receive_contacts, approaches)
        for j, row in enumerate(twins):
            for i, one in enumerate(row):
                assume(not one.is_close(p))
                for name, number in one.receive(approaches[j][i], people[j][i][4], p).items():
                    expected[name][j] += number
    for j, cost in enumerate(costs):
        expected["contact_spend"][j] = contacts.contact_spend(expected["contacts_made"][j], cost)
    for name, field in (("contact_load", "load"), ("trust", "trust"), ("affective_commitment", "commitment")):
        found = [[getattr(one, field) for one in row] for row in twins]
        np.testing.assert_allclose(c[name], found, atol=2e-6, err_msg=name)
    np.testing.assert_array_equal(c.reachable, [[one.reachable for one in row] for row in twins])
    assert_counted(small, expected)


@given(
    st.sampled_from([0.0, 0.004, 0.5, 1.0]),
    per_firm(st.one_of(st.sampled_from([0.0, 0.98]), effort)),
    per_firm(cents),
    st.lists(per_person(st.sampled_from([True, True, False])), min_size=1, max_size=5),
    st.integers(0, 100),
)
def test_data_are_those_of_the_twin(decay, upkeep, costs, periods, first):
    policies = [{"contacts": {"data_upkeep": u, "upkeep_cost": cost}} for u, cost in zip(upkeep, costs, strict=True)]
    small = small_with(policies, contacts={"data_decay": decay})
    p, key = {**contacts.EXAMPLE, "data_decay": decay}, stream_key(SEED, "contacts")
    twins = [[Contact() for _ in IDENTITIES] for _ in policies]
    expected = {"reachable_customers": [0, 0]}
    for t, known in enumerate(periods, first):
        small.c.known[:] = known
        call = small.bound("contacts", keep_data)
        for lo in (0, 2):
            call(lo, lo + 2, t)
        for j, row in enumerate(twins):
            for i, one in enumerate(row):
                u = contacts.draw(key, IDENTITIES[i], t, j)
                expected["reachable_customers"][j] += one.keep(u, known[j][i], upkeep[j], p)
        for name in ("reachable", "has_data"):
            np.testing.assert_array_equal(small.c[name], [[getattr(one, name) for one in row] for row in twins])
    assert_counted(small, expected)


@given(per_firm(effort), per_firm(cents), per_firm(st.integers(0, 10_000)))
def test_what_records_cost_is_that_of_the_twins(part, costs, known):
    """Of upkeep and of security."""
    policies = [
        {"contacts": {"data_upkeep": p, "upkeep_cost": cost}, "privacy": {"security": p, "security_cost": cost}}
        for p, cost in zip(part, costs, strict=True)
    ]
    small = small_with(policies, privacy={})
    small.world.lookup("known_customers", 0)[:2] = known
    small.phases(abm.Phase.BOOKS)
    for name, twin in (("upkeep_spend", contacts.upkeep_spend), ("security_spend", privacy.security_spend)):
        expected = [twin(*of_firm) for of_firm in zip(known, part, costs, strict=True)]
        assert np.abs(counts(small, name)[0] - expected).max() <= max(known), "half of 1/100 cent may fall either way"
        if max(costs) < 1.0:
            assert_counted(small, {name: expected})


edge = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), share)  # of trust and of concern, which may be equal
noted = st.tuples(st.integers(0, 90), st.integers(1, 9), st.integers(0, 5000), st.floats(0.0, 9.0, width=32))
pair = st.tuples(st.integers(0, 3), st.sampled_from([True, True, False]), st.sampled_from([False, False, True]), edge)


@given(
    per_firm(st.booleans()),
    st.lists(edge, min_size=N, max_size=N),
    per_person(st.tuples(pair, noted)),
    st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, 1)), max_size=10).map(sorted),
)
def test_consents_are_those_of_the_twin(asks, concern, people, visits):
    small = small_with([{"privacy": {"asks_consent": asked}} for asked in asks], privacy={})
    c, records = small.c, [[Record(known, *seen) for (_, known, *_), seen in row] for row in people]
    twins = [[Consent(own[0]) for own, _ in row] for row in people]
    c.concern[:] = concern
    for name, k in (("consent", 0), ("known", 1), ("member", 2), ("trust", 3)):
        c[name][:] = [[own[k] for own, _ in row] for row in people]
    for k, name in enumerate(SEEN):
        c[name][:] = [[seen[k] for _, seen in row] for row in people]
    small.visits([i for i, _ in visits], [j for _, j in visits])
    small.run("privacy", ask_consent)
    expected = {name: [0, 0] for name in ("identified", "consent_asked", "consent_refused")}
    for i, j in visits:
        was = records[j][i].known
        kept, asked = twins[j][i].visit(was, people[j][i][0][2], asks[j], people[j][i][0][3], concern[i])
        expected["consent_asked"][j] += asked
        expected["consent_refused"][j] += asked and not kept
        if was and not kept:
            expected["identified"][j] -= 1
            records[j][i] = Record()
    np.testing.assert_array_equal(c.consent, [[one.code for one in row] for row in twins])
    for name in ("known", *SEEN):
        np.testing.assert_array_equal(c[name], [[getattr(one, name) for one in row] for row in records], err_msg=name)
    assert_counted(small, expected)


@given(share, per_firm(st.floats(0.0, 0.9375, width=32)), st.integers(0, 10_000), st.integers(0, 5))
def test_leaks_are_those_of_the_twin(breach_rate, security, t, replication):
    small = small_with([{"privacy": {"security": part}} for part in security], privacy={"breach_rate": breach_rate})
    small.world.replication = replication
    small.c.breached[:] = 1  # of the period before
    key = stream_key(SEED, "privacy")
    small.run("privacy", draw_breaches, t)
    rate = breach_rate
    assume(not any(privacy.is_close(key, j, t, rate, part) for j, part in enumerate(security)))
    expected = [privacy.leaks(key, j, t, rate, part, replication) for j, part in enumerate(security)]
    np.testing.assert_array_equal(small.c.breached, expected)
    assert_counted(small, {"breaches": expected})


minder = st.tuples(share, st.sampled_from([CONSENTED, UNASKED, REFUSED]), st.booleans(), st.booleans())


@given(
    st.fixed_dictionaries({"intrusion": share, "breach_loss": share, "unasked_factor": st.floats(1.0, 4.0, width=32)}),
    st.lists(edge, min_size=N, max_size=N),
    per_person(minder),
    per_person(whole),
    per_firm(st.booleans()),
)
def test_what_is_minded_is_that_of_the_twin(numbers, concern, people, approaches, leaked):
    small = small_with([{}, {}], privacy=numbers)
    c, p = small.c, {**privacy.EXAMPLE, **numbers}
    c.concern[:], c.breached[:] = concern, leaked
    for k, name in enumerate(("trust", "consent", "known", "reachable")):
        c[name][:] = [[one[k] for one in row] for row in people]
    in_tiles(small, "privacy", resent, approaches)
    expected = [[one[0] for one in row] for row in people]
    for j, row in enumerate(people):
        for i, (trust, code, known, reachable) in enumerate(row):
            if known:
                reached = Contact(reachable=reachable).received(approaches[j][i], known)
                expected[j][i] = privacy.trust_left(trust, code, concern[i], reached, leaked[j], p)
    np.testing.assert_allclose(c.trust, expected, atol=2e-6)
    known = [sum(one[2] for one in row) for row in people]
    assert_counted(small, {"records_leaked": [k if hit else 0 for k, hit in zip(known, leaked, strict=True)]})


@given(st.floats(0.01, 0.99), st.floats(0.5, 100.0))
def test_concerns_are_those_of_the_twin(mean, precision):
    small = Small(12, [{"information": {"data_coverage": 0.5}}], information={}, contacts={}, privacy={
        "concern_mean": mean, "concern_precision": precision,
    })  # fmt: skip
    key = stream_key(SEED, "privacy")
    expected = [privacy.concern(key, i, mean, precision) for i in range(12)]
    np.testing.assert_allclose(small.c.concern, expected, atol=1e-6)


@abm.kernel
def approach(approaches, customer_id, lo, hi, t):
    """Let firms approach some customers in each period, some of them twice.  approaches (m, tile)  [written]"""
    for j in range(approaches.shape[0]):
        for i in range(lo, hi):
            turn = (np.int64(customer_id[i]) + 3 * t + j) % 5
            approaches[j, i - lo] += 2.0 if turn == 0 else (1.0 if turn == 1 else 0.0)


@abm.kernel
def copy_feelings(trust_met, commitment_met, trust, affective_commitment, lo, hi):
    """Keep trust and commitment as visits find them.  trust_met, commitment_met (m, n)  [written]"""
    for j in range(trust.shape[0]):
        for i in range(lo, hi):
            trust_met[j, i] = trust[j, i]
            commitment_met[j, i] = affective_commitment[j, i]


class Approaching(abm.Mechanism):
    """Makes contacts that are about nothing, and keeps what they leave of trust and commitment."""

    name = "approaching"
    owns: ClassVar = tuple(
        Column(name, ("firm", "customer"), 0, "0-1", "when visits begin") for name in ("trust_met", "commitment_met")
    )

    def schedule(self, policies):
        """Return the contacts and the copy."""
        return ((abm.Phase.CONTACT, approach), (abm.Phase.OCCASIONS, copy_feelings))


def approached(customer, firm, t):
    """Return how often a firm approaches a customer in a period."""
    return {0: 2, 1: 1}.get((customer + 3 * t + firm) % 5, 0)


CUSTOMERS, PERIODS = 150, 40
PRIVATE = {"breach_rate": 0.15, "intrusion": 0.05, "breach_loss": 0.25, "concern_mean": 0.5, "concern_precision": 2.0}
LAID = {"data_decay": 0.1, "tolerated": 0.45, "kept": 0.6, "annoyance": 0.04}
COUNTED = (
    *("contacts_made", "contacts_received", "contacts_annoying", "contact_spend", "reachable_customers"),
    *("upkeep_spend", "consent_asked", "consent_refused", "breaches", "records_leaked", "security_spend"),
)
MARKET = {
    "periods": PERIODS,
    "periods_per_year": 8,
    "population": {"customers": CUSTOMERS, "purchase_rate": 0.7},
    "defection": {"exit_rate": 0.005},
    "information": {},
    "contacts": LAID,
    "privacy": PRIVATE,
    "firms": [
        {
            "name": "north",
            "program": {"preset": "points", "goal": 4.0, "hassle": 12.0},
            "information": {"data_coverage": 0.4},
            "contacts": {"data_upkeep": 0.2, "upkeep_cost": 0.07, "contact_cost": 0.13},
            "privacy": {"security": 0.3},
        },
        {
            "name": "east",
            "program": {"preset": "points", "goal": 6.0, "hassle": 8.0},
            "information": {"data_coverage": 0.6},
            "contacts": {"data_upkeep": 0.1},
            "privacy": {"asks_consent": False, "security": 0.1, "security_cost": 0.05},
        },
        {"name": "south", "information": {"omniscient": True}},
    ],
}


class Known:
    """All that the twins hold of a market: records, consents, and what contacts have made of each customer."""

    def __init__(self, engine, seed):
        scenario, world = engine.scenario, engine.world
        self.firms, self.keys = scenario.firms, [stream_key(seed, name) for name in ("contacts", "privacy")]
        policies = [
            information.Policy(as_single(own.data_coverage), own.record_cost, own.omniscient)
            for own in (firm.information for firm in self.firms)
        ]
        own = {name: getattr(scenario.information, name) for name in information.EXAMPLE}
        self.watch = Watch(policies, world.n, stream_key(seed, "information"), own)
        self.contact = [[Contact() for _ in range(world.n)] for _ in self.firms]
        self.consent = [[Consent() for _ in range(world.n)] for _ in self.firms]
        mean, precision = PRIVATE["concern_mean"], PRIVATE["concern_precision"]
        self.concern = [privacy.concern(self.keys[1], i, mean, precision) for i in range(world.n)]
        self.laid, self.minded = contacts.EXAMPLE | LAID, privacy.EXAMPLE | PRIVATE
        self.counted = {name: [0] * len(self.firms) for name in COUNTED}

    def pairs(self):
        """Yield firm, customer and the record of all."""
        yield from ((j, i, record) for j, row in enumerate(self.watch.records) for i, record in enumerate(row))

    def begin(self, t, c):
        """Begin a period with the trust and the commitment that the one before has left."""
        self.watch.begin()
        self.counted = {name: [0] * len(self.firms) for name in COUNTED}
        leaked = [privacy.leaks(self.keys[1], j, t, 0.15, f.privacy.security) for j, f in enumerate(self.firms)]
        self.counted["breaches"] = list(map(int, leaked))
        for j, i, record in self.pairs():
            one = self.contact[j][i]
            assert not one.is_close(self.laid)
            one.trust, one.commitment = float(c.trust[j, i]), float(c.affective_commitment[j, i])
            found = one.receive(approached(i, j, t), record.known, self.laid)
            if record.known:
                told = self.consent[j][i].code, self.concern[i], found["contacts_received"], leaked[j]
                one.trust = privacy.trust_left(one.trust, *told, self.minded)
                found["records_leaked"] = leaked[j]
            for name, number in found.items():
                self.counted[name][j] += int(number)
        for j, firm in enumerate(self.firms):
            made = self.counted["contacts_made"][j]
            self.counted["contact_spend"][j] = contacts.contact_spend(made, firm.contacts.contact_cost)

    def end(self, t, visits, c):
        """See the visits of a period, ask visitors, and let data age."""
        for v in visits:
            i, j = v["customer"], v["firm"]
            self.watch.visit(t, i, j, v["nth"], v["visit_spend"], bool(c.member[j, i]))
        for v in visits:
            i, j = v["customer"], v["firm"]
            self.ask(i, j, bool(c.member[j, i]), float(c.trust[j, i]))
        for j, i, record in self.pairs():
            u = contacts.draw(self.keys[0], i, t, j)
            there = self.contact[j][i].keep(u, record.known, self.firms[j].contacts.data_upkeep, self.laid)
            self.counted["reachable_customers"][j] += there
        self.watch.end(t, c.provider.tolist(), (c.exited >= 0).tolist())
        for j, firm in enumerate(self.firms):
            known, kept, safe = self.watch.counts["known_customers"][j], firm.contacts, firm.privacy
            self.counted["upkeep_spend"][j] = contacts.upkeep_spend(known, kept.data_upkeep, kept.upkeep_cost)
            self.counted["security_spend"][j] = privacy.security_spend(known, safe.security, safe.security_cost)

    def ask(self, i, j, member, trust):
        """Let a visitor be asked, and forget who refuses."""
        was = self.watch.records[j][i].known
        asks = self.firms[j].privacy.asks_consent
        kept, asked = self.consent[j][i].visit(was, member, asks, trust, self.concern[i])
        self.counted["consent_asked"][j] += asked
        self.counted["consent_refused"][j] += asked and not kept
        if was and not kept:
            self.watch.records[j][i] = Record()
            self.watch.counts["identified"][j] -= 1


def assert_pairs(found, rows, field, tolerance=0.0):
    """Compare a column (m, n) with a field of the twins."""
    expected = [[getattr(one, field) for one in row] for row in rows]
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=0.0, err_msg=field)


def assert_same_market(world, twins, t):
    """Compare what is left at the end of a period, and what was counted in it."""
    c = world.customers
    for name in ("known", *SEEN):
        assert_pairs(c[name], twins.watch.records, name)
    assert_pairs(c.consent, twins.consent, "code")
    assert_pairs(c.reachable, twins.contact, "reachable")
    assert_pairs(c.has_data, twins.contact, "has_data")
    assert_pairs(c.contact_load, twins.contact, "load", 2e-6)
    assert_pairs(c.trust_met, twins.contact, "trust", 2e-6)
    assert_pairs(c.commitment_met, twins.contact, "commitment", 2e-6)
    np.testing.assert_array_equal(c.breached, twins.counted["breaches"])
    for name, number in (twins.counted | twins.watch.counts).items():
        assert world.history[t, world.rows[name], :3].tolist() == number, name


@pytest.mark.slow
def test_a_whole_market_is_that_of_the_twins():
    scenario = abm.Scenario.parse(MARKET)
    log = visit_log([of_visits(scenario)["visit_spend"]], room(CUSTOMERS, 1))
    engine = Engine(scenario.adding(Approaching(), log), seed=8)
    world, c = engine.world, engine.world.customers
    twins = Known(engine, seed=8)
    np.testing.assert_allclose(c.concern, twins.concern, atol=1e-6)
    sums = dict.fromkeys(COUNTED, 0) | {"known_customers": 0}
    for t in range(PERIODS):
        twins.begin(t, c)
        engine.run(1)
        visits = taken(world, ["visit_spend"])
        twins.end(t, [dict(zip(visits, map(int, row), strict=True)) for row in zip(*visits.values(), strict=True)], c)
        assert not twins.watch.close
        assert_same_market(world, twins, t)
        for name in sums:
            sums[name] = sums[name] + np.array((twins.counted | twins.watch.counts)[name])
    assert_everything_happened(c, sums)
    assert_kpis(world, sums)


def assert_everything_happened(c, sums):
    """See that the market had all that the twins have rules for."""
    for name in COUNTED:
        assert sums[name].any(), name
    assert sums["consent_refused"][0] > 10
    assert sums["consent_asked"][1] == 0
    for j, codes in ((0, (OPEN, CONSENTED, REFUSED)), (1, (UNASKED,))):
        assert set(codes) <= set(c.consent[j].tolist())
    for j in (0, 1):
        assert ((c.consent[j] == CONSENTED) & (c.member[j] > 0)).any()
    assert (c.exited >= 0).any()


def assert_kpis(world, sums):
    """Compare the KPIs of the whole run with what the twins have counted."""
    tallied = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    of_run = Tallied(tallied, world.periods_per_year, PERIODS)
    expected = (
        (data_accuracy, sums["reachable_customers"] / sums["known_customers"]),
        (contact_rate, sums["contacts_received"] / (CUSTOMERS * PERIODS)),
        (annoying_share, sums["contacts_annoying"] / sums["contacts_received"]),
        (leaked_kpi, sums["records_leaked"]),
    )
    for kpi, number in expected:
        np.testing.assert_allclose(kpi(of_run), number, err_msg=kpi.name)
    refusals = refusal_kpi(of_run)
    assert refusals[0] == sums["consent_refused"][0] / sums["consent_asked"][0]
    assert math.isnan(refusals[1])
