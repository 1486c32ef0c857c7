"""The benchmark measures what it says, at sizes that cost little."""

import json
import re
import shutil
import sys
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.bench import growth, idiomatic, limit, measure, turns
from abm.bench.by_hand import ByHand
from abm.bench.cycles import COUNTED, by_kernel
from abm.bench.reference import QUALITIES, RELATIONSHIP, VOICE, full, ref1, relationship, service_day, voice
from abm.cli import main
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record

COMPILES = any(map(shutil.which, limit.COMPILERS))


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


@pytest.mark.skipif(not COUNTED, reason="programs may not read the counter of cycles here")
def test_kernels_are_timed_by_name():
    found = by_kernel(ref1(1000, 20), rounds=3)
    assert all(0.1 < found[name] < 1000 for name in ("hear", "draw_choices", "learn_trust"))
    assert all(ns > 0 for ns in found.values())
    assert found["draw_choices"] > 3 * found["subtract_price"]


@pytest.mark.skipif(not COUNTED, reason="programs may not read the counter of cycles here")
def test_kernels_of_firms_and_of_python_between_them_are_timed():
    """Kernels that go firm by firm were given as many firms as customers, and wrote beyond their arrays."""
    market = voice(600, 20)
    found = by_kernel(market, rounds=1)
    assert all(found[name] > 0 for name in ("find_ties", "serve_days", "ask_visitors"))
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


@pytest.fixture
def quick(monkeypatch):
    """A command that measures nothing that takes time: figures are made up, or those of tiny markets."""
    for slow in ("runs_per_second", "bytes_per_customer", "batch_run_ratio"):
        monkeypatch.setattr(measure, slow, lambda: 1.0)
    monkeypatch.setattr(measure, "start_seconds", lambda cold: 1.0)
    monkeypatch.setattr(measure, "customer_periods_per_second", lambda scenario, threads=1: 1e6)
    monkeypatch.setattr(measure, "growth", lambda customers: growth.growth(300, 0.0, 1))
    monkeypatch.setattr(measure, "compared", partial(turns.compared, seconds=0.0, rounds=1))


def test_the_document_has_its_keys(quick, capsys):
    assert main(["bench", "--largest", "1000", "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    keys = {"ref1", "by_hand", "mesa", "share_of_by_hand", "mesa_ratio", "full", "threads2", "kernels", "growth"}
    keys |= {"runs_per_second", "batch_run_ratio", "bytes_per_customer", "cold_start_s", "warm_start_s"}
    assert keys <= set(document)
    assert ({"limit", "share_of_limit"} <= set(document)) is COMPILES
    assert document["full"] == {"1000": 1e6}
    assert document["share_of_by_hand"]["1000"] == pytest.approx(document["ref1"]["1000"] / document["by_hand"]["1000"])
    assert document["growth"]["customers"] == {"1000": pytest.approx(1e9 / document["ref1"]["1000"])}
    assert [*document["growth"]["firms"]] == ["2", "3", "6", "12"]
    assert [*document["growth"]["theories"]] == [*growth.THEORIES]
    assert "measuring reference market and its limits, 1,000 customers …" in err.splitlines()


def test_the_tables_have_a_row_for_each_limit(quick, capsys):
    assert main(["bench", "--largest", "1000"]) == 0
    out = capsys.readouterr().out
    for row in ("its definition in loops by hand", "the same in idiomatic Mesa", "12 firms", "32 neighbours"):
        assert re.search(rf"^{row} +[0-9,]+", out, re.M), row
    assert re.search(r"^share of the loops by hand +[0-9]+%$", out, re.M)
    assert re.search(r"^theories: service day +[0-9,]+ +[0-9.]+$", out, re.M)
    assert ("share of C++" in out) is COMPILES


def test_without_a_compiler_a_line_says_so(quick, capsys, monkeypatch):
    monkeypatch.setattr(limit, "COMPILERS", ("no_such_compiler",))
    assert main(["bench", "--largest", "1000", "--json"]) == 0
    out, err = capsys.readouterr()
    line = "no C++ compiler (no_such_compiler) is there, so the definition in C++ is left out"
    assert line in err.splitlines()
    assert {"limit", "share_of_limit"} & set(json.loads(out)) == set()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'error: no such option'; echo more; exit 1", "error: no such option"),
        ("exit 3", "it ended with 3"),
        ("", ".*No such file or directory.*"),  # nothing was made
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the compiler is a script of the shell")
def test_a_compiler_that_fails_is_told_of_in_one_line(tmp_path, monkeypatch, script, said):
    compiler = tmp_path / "c++"
    compiler.write_text(f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Refusal) as refusal:
        limit.build(tmp_path)
    line = rf"c\+\+ makes no program of limit.cpp \({said}\), so the definition in C\+\+ is left out"
    assert re.fullmatch(line, str(refusal.value))


def test_what_is_measured_in_turn_takes_turns():
    asked = []

    def rate_of(name, rates):
        left = iter(rates)
        return lambda seconds: asked.append((name, seconds)) or next(left)

    found = turns.in_turn({"a": rate_of("a", [1.0, 2.0]), "b": rate_of("b", [4.0, 5.0])}, 0.1, 2)
    assert asked == [("a", 0.1), ("b", 0.1), ("a", 0.1), ("b", 0.1)]
    assert {name: rates.tolist() for name, rates in found.items()} == {"a": [1.0, 2.0], "b": [4.0, 5.0]}


def test_a_share_is_the_median_of_the_rounds(monkeypatch):
    """Rates move from round to round by more than their ratio."""
    rounds = {"ref1": [1.0, 4.0, 3.0], "by_hand": [2.0, 16.0, 9.0], "mesa": [0.01, 0.02, 0.03]}
    monkeypatch.setattr(turns, "contenders", lambda customers, program: {})
    monkeypatch.setattr(turns, "in_turn", lambda *_: {name: np.array(rates) for name, rates in rounds.items()})
    found = turns.compared(1000, None)
    assert (found["ref1"], found["by_hand"]) == (3.0, 9.0)
    assert (found["share_of_by_hand"], found["mesa_ratio"]) == pytest.approx((1 / 3, 100))
    assert "share_of_limit" not in found


@pytest.fixture(scope="module")
def by_hand():
    """The loops by hand after 100 periods of 100,000 customers."""
    market = ByHand(Engine(ref1(100_000, 1), seed=1).world)
    market.run(100)
    return market


def test_loops_by_hand_come_out_like_the_reference_market(by_hand):
    """Shares within 5 points; equations differ as abm/bench/reference.py says."""
    engine = Engine(ref1(20_000, 100), seed=1)
    engine.run(100)
    shares = np.bincount(engine.world.customers.provider, minlength=3) / 20_000
    np.testing.assert_allclose(by_hand.shares(), shares, atol=0.05)
    assert shares.argsort().tolist() == by_hand.shares().argsort().tolist() == [2, 1, 0]


def test_the_limit_does_the_work_of_the_loops_by_hand(by_hand, tmp_path):
    """Shares within 1.5 points, satisfaction within .005: both are the same definition with luck of their own."""
    if not COMPILES:
        pytest.skip("no C++ compiler is there")
    found = limit.run(limit.build(tmp_path), 100_000, 100, 0.0)
    assert found.rate > 1e5
    np.testing.assert_allclose(found.shares, by_hand.shares(), atol=0.015)
    assert found.satisfaction == pytest.approx(by_hand.satisfaction(), abs=0.005)


def test_the_limit_lies_beside_its_module_in_a_package_that_is_installed():
    data = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]
    assert limit.SOURCE.relative_to(Path(abm.__file__).parent).as_posix() in data["abm"]
    assert limit.SOURCE.is_file()


def test_a_market_grows_by_firms_like_its_own():
    market = growth.with_firms(ref1(100, 1), 6)
    assert [firm.name for firm in market.firms] == [f"firm_{j}" for j in range(1, 7)]
    assert [firm.service.quality for firm in market.firms] == [*QUALITIES] * 2


def test_growth_varies_one_thing_at_a_time():
    found = [(what, value, len(m.firms), m.network.neighbours) for what, value, m in growth.markets(100, 1)]
    assert [(firms, ties) for what, _, firms, ties in found if what == "firms"] == [(m, 8) for m in growth.FIRMS]
    assert [(firms, ties) for what, _, firms, ties in found if what == "neighbours"] == [
        (3, k) for k in growth.NEIGHBOURS
    ]


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
