"""Privacy: consent, what is minded, and leaks."""

from __future__ import annotations

import numpy as np

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.attitude.privacy import CONSENTED, REFUSED, UNASKED, records_leaked, refusal_share
from tests.mechanisms.relationship.test_contacts import Pestering


def market(often=0.0, privacy=None, program=None, **policy):
    firm = {"information": {"data_coverage": 0.8}}
    firms = [{"name": "north", **firm, "privacy": policy}, {"name": "east", **firm}]
    if program:
        firms[0]["program"] = program
    scenario = abm.Scenario.parse(
        {
            "periods": 40,
            "population": {"customers": 800, "purchase_rate": 0.5},
            "information": {},
            "contacts": {"data_decay": 0.0},
            "privacy": privacy or {},
            "firms": firms,
        }
    )
    return scenario.adding(Pestering(often=often)) if often else scenario


def after(scenario, threads=1):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(scenario.periods)
    return engine.world


def test_who_is_more_concerned_than_trusting_is_not_known():
    world = after(market())
    c = world.customers
    refused, given = c.consent[0] == REFUSED, c.consent[0] == CONSENTED
    assert 0 < refused.sum() < given.sum()
    assert not c.known[0][refused].any()
    assert (c.seen_visits[0][refused] == 0).all()
    assert c.known[0][given].all()
    assert c.concern[refused].min() > c.concern[given].mean()
    assert world.tallied("identified")[:, 0].sum() == c.known[0].sum()
    asked, refusals = world.tallied("consent_asked")[:, 0].sum(), world.tallied("consent_refused")[:, 0].sum()
    assert (asked, refusals) == ((refused | given).sum(), refused.sum())


def test_where_nobody_is_asked_all_are_known_and_contacts_cost_trust():
    asked, unasked = after(market(often=1.0)), after(market(often=1.0, asks_consent=False))
    assert unasked.customers.known[0].sum() > asked.customers.known[0].sum()
    assert set(np.unique(unasked.customers.consent[0])) <= {0, UNASKED}
    trust = [world.customers.trust[0][world.customers.known[0] > 0].mean() for world in (asked, unasked)]
    assert trust[0] > trust[1] + 0.02


def test_members_have_consented_by_joining():
    world = after(market(program={"preset": "points", "enrolment": "automatic"}))
    c = world.customers
    assert (c.consent[0][c.member[0] > 0] == CONSENTED).all()


def test_who_was_not_asked_consents_by_joining_later():
    program = {"preset": "points", "goal": 4.0, "hassle": 12.0}
    engine = Engine(market(program=program, asks_consent=False), 5)
    engine.run(2)
    c = engine.world.customers
    unasked = c.consent[0] == UNASKED
    engine.run(38)
    joined = unasked & (c.member[0] > 0)
    assert joined.any()
    assert (c.consent[0][joined] == CONSENTED).all()
    assert (c.consent[0][unasked & ~joined] == UNASKED).all()


def test_a_leak_costs_trust_of_those_who_are_known_in_proportion_to_concern():
    leak = {"breach_rate": 1.0, "breach_loss": 0.3}
    found = record(market(privacy=leak), 5).tallies
    assert (found["breaches"][:, :2] == 1).all()
    known_before = np.concatenate([[0], found["known_customers"][:-1, 0]])
    np.testing.assert_array_equal(found["records_leaked"][:, 0], known_before)
    quiet, leaky = (after(market(privacy=one)) for one in ({}, leak))
    known = leaky.customers.known[0] > 0
    assert leaky.customers.trust[0][known].mean() < quiet.customers.trust[0][known].mean() - 0.1


def test_security_prevents_leaks_and_costs():
    leak = {"breach_rate": 0.5}
    bare, safe = (record(market(privacy=leak, security=s), 5).tallies for s in (0.0, 0.9))
    assert safe["breaches"][:, 0].sum() < 0.4 * bare["breaches"][:, 0].sum()
    assert bare["security_spend"][:, 0].sum() == 0 < safe["security_spend"][:, 0].sum()
    np.testing.assert_array_equal(bare["breaches"][:, 1], safe["breaches"][:, 1])  # the rival's luck is its own


def test_who_knows_nobody_cannot_leak_anything():
    scenario = market(privacy={"breach_rate": 1.0}).replace({"firms.north.information.data_coverage": 0.0})
    assert record(scenario, 5).tallies["records_leaked"][:, 0].sum() == 0


def test_threads_and_shares():
    scenario = market(often=2.0, privacy={"breach_rate": 0.1}, security=0.2)
    one, two = after(scenario), after(scenario, threads=2)
    for name in ("consent", "trust", "known", "breached"):
        np.testing.assert_array_equal(one.customers[name], two.customers[name])
    table = abm.simulate(scenario, 5, kpis=(refusal_share, records_leaked))
    share = table["refusal_share"].dropna()
    assert ((share >= 0) & (share <= 1)).all()


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(often=2.0, privacy={"breach_rate": 0.3}, asks_consent=False))
