"""The benchmark measures what it says, at sizes that cost little."""

import json

import numpy as np
import pytest

from abm.bench import idiomatic, measure
from abm.bench.reference import RELATIONSHIP, VOICE, full, ref1, relationship, service_day, voice
from abm.cli import main
from abm.engine.engine import Engine
from abm.engine.recording import record


def test_everybody_of_the_reference_market_buys_once_a_period():
    result = record(ref1(300, 6), seed=1)
    assert np.all(result.tallies["occasions"].sum(axis=1) == 300)
    assert np.all(result.tallies["visits"][:, -1] == 0)


def test_the_reference_market_has_its_traits():
    engine = Engine(ref1(20_000, 1), seed=1)
    cost = engine.world.customers.switching_cost
    assert cost.mean() == pytest.approx(2 / 7, abs=0.01)  # Beta(2, 5)
    assert cost.var() == pytest.approx(2 * 5 / (7**2 * 8), abs=0.002)
    engine.run(1)
    np.testing.assert_array_equal(engine.world.customers.switching_cost, cost)


def test_every_mechanism_works_in_the_full_market():
    result = record(full(2000, 120), seed=1)
    for name in (
        "rewards_redeemed",
        "demoted",
        "points_expired",
        "learned",
        "referred",
        "exits",
        "heard",
        "fell_lost",
        "returned",
    ):
        assert result.tallies[name].sum() > 0, name


def test_the_idiomatic_market_is_a_market():
    market = idiomatic.Market(200, rng=1)
    for _ in range(3):
        market.step()
    assert len(market.datacollector.get_model_vars_dataframe()) == 3
    assert 0.0 < market.share() < 1.0


def test_kernels_are_timed_by_name():
    least = measure.by_kernel(ref1(1000), periods=3)
    assert all(least[name] > 0 for name in ("hear", "draw_choices", "learn_trust"))
    assert all(ns >= 0 for ns in least.values())  # what is done once for few firms takes less than the clock can tell


def test_kernels_of_firms_and_of_python_between_them_are_timed():
    """Kernels that go firm by firm were given as many firms as customers, and wrote beyond their arrays."""
    market = voice(600)
    least = measure.by_kernel(market, periods=3)
    assert all(least[name] > 0 for name in ("find_ties", "serve_days", "ask_visitors"))
    assert {kind.name for kind in market.mechanisms()} >= {*VOICE}


def test_every_theory_of_relationships_is_at_work():
    """Each has kernels in the period, and north pays for all that has a price."""
    market = relationship(600)
    at_work = {step.mechanism.name for step in market.steps()}
    assert at_work >= {*RELATIONSHIP}
    engine = Engine(market, 1)
    engine.run(market.periods)
    spent = (
        "contact_spend",
        "care_staff",
        "offers_cost",
        "referral_cost",
        "bad_debt",
        "partner_money",
        "second_revenue",
    )
    assert [name for name in spent if not engine.world.tallied(name)[:, 0].any()] == []


def test_the_document_has_its_keys(monkeypatch, capsys):
    for slow in ("runs_per_second", "bytes_per_customer", "batch_run_ratio"):
        monkeypatch.setattr(measure, slow, lambda: 1.0)
    monkeypatch.setattr(measure, "start_seconds", lambda cold: 1.0)
    monkeypatch.setattr(measure, "mesa_ratio", lambda n: 1.0)
    monkeypatch.setattr(measure, "customer_periods_per_second", lambda scenario, threads=1: 1e6)
    assert main(["bench", "--largest", "1000", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    keys = {"ref1", "full", "threads2", "mesa_ratio", "runs_per_second", "batch_run_ratio", "bytes_per_customer"}
    assert keys | {"cold_start_s", "warm_start_s"} <= set(document)
    assert document["ref1"] == {"1000": 1e6}


def test_a_size_below_the_smallest_is_refused(capsys):
    assert main(["bench", "--largest", "10"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--largest = 10 is below the smallest market measured, 1,000 customers"
    ]


def test_a_customer_of_the_reference_market_costs_what_the_documentation_says():
    """At the peak, graph included; docs/performance.md says 375 bytes, and small markets carry some more."""
    assert 200 < measure.bytes_per_customer(400_000) < 415


def test_service_days_are_at_work_at_all_firms():
    """Visitors of each firm wait, are told, give up, go elsewhere; the first has a contact centre that is called."""
    market = service_day(2000, 20)
    engine = Engine(market, 1)
    engine.run(market.periods)
    counted = {name: engine.world.tallied(name)[:, :-1].sum(axis=0) for name in ("came", "waited", "went_elsewhere")}
    assert all(found.min() > 0 for found in counted.values())
    at_work = {step.mechanism.name for step in market.steps()}
    assert at_work >= {"waiting_line", "perceived_wait", "contact_centre"}
