"""The default market shows what is known of markets; a broken one does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from abm.cli import main
from abm.facts.card import FACTS, evidence, findings, usual_market, usual_markets
from abm.facts.laboratory import Laboratory
from abm.scenario.scenario import Scenario

BY_NAME = {fact.name: fact for fact in FACTS}
QUICK = [  # those that need few runs
    "own_price_elasticity", "category_elasticity", "repeat_beyond_taste", "nbd", "satisfaction_index", "heavy_buyers",
]  # fmt: skip
POOR = {f"firms.{name}.service.quality": 0.5 for name in ("north", "east", "south")}


def verdicts(scenario: Scenario, *names: str, replications: int = 4) -> dict[str, str]:
    found = findings(scenario, [BY_NAME[name] for name in names], replications, seed=7)
    return {finding.fact.name: finding.verdict for finding in found}


def test_the_default_market_shows_what_is_known():
    assert "contradicted" not in verdicts(usual_market(), *QUICK).values()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"pricing.price_sensitivity": 0.0}, "own_price_elasticity"),
        ({"pricing.price_sensitivity": 0.0}, "category_elasticity"),
        ({"taste.taste_spread": 0.0}, "sole_buyers"),
        ({"trust.commitment_weight": 12.0}, "repeat_beyond_taste"),
        ({"choice.attraction": -4.0, "choice.outside": -10.0, "taste.fit": 0.0}, "satisfaction_and_repurchase"),
        (POOR | {"choice.outside": -80.0}, "satisfaction_index"),
        ({"trust.commitment_weight": 12.0}, "other_brands"),
        ({"choice.rule": "deterministic"}, "growth_of_penetration"),
        ({"word_of_mouth.praise": 0.1}, "good_stories_move_more"),
        ({"bookings.leisure_no_show": 0.0, "bookings.business_no_show": 0.0}, "overbooking"),
    ],
)
def test_a_broken_market_fails_visibly(changes, name):
    market = usual_market(BY_NAME[name].market).replace(changes)
    (found,) = findings(market, [BY_NAME[name]], 4, seed=7)
    assert "contradicted" in {number.verdict for number in found.parts}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"population.rate_shape": 50.0}, "natural_monopoly"),
        ({"switching_cost.switching_weight": 0.0}, "leaders_gain"),
        ({"choice.attraction": 0.0, "trust.commitment_weight": 0.0}, "experience_shelters"),
    ],
)
def test_what_a_fact_comes_from_is_needed_for_it(changes, name):
    usual = usual_market(BY_NAME[name].market)
    (found,), (without,) = (findings(one, [BY_NAME[name]], 4, seed=7) for one in (usual, usual.replace(changes)))
    assert found.verdict == "reproduced"
    assert without.verdict == "undecided"


def test_what_a_market_cannot_show_is_not_applicable():
    alone = usual_market().replace({"firms": usual_market().firms[:1], "off": ("word_of_mouth",)})
    assert set(verdicts(alone, "own_price_elasticity", "good_and_bad_stories", "stories_acquire").values()) == {
        "not applicable"
    }


def test_each_fact_is_measured_in_the_market_that_it_is_about():
    facts = [BY_NAME[name] for name in ("satisfaction_index", "costs_and_switching")]
    small = {name: market.replace({"population.customers": 200}) for name, market in usual_markets().items()}
    retail, contract = findings(small, facts, 2, seed=7)
    assert (retail.market, contract.market) == ("retail", "contract")
    assert retail.parts
    assert contract.parts
    for one in findings(small["retail"], facts, 2, seed=7):
        assert one.market == "retail"
        assert one.why == ("" if one.fact.market == "retail" else "the market has no contracts")


@pytest.mark.parametrize(
    ("market", "names"),
    [
        ("contract", ["waits_and_load", "large_centres", "overbooking", "complaints_and_stopping"]),
        ("clinic", ["retention_and_tenure", "large_centres", "overbooking"]),
        ("telecom", ["one_line_for_all", "protected_places"]),
        ("hotel", ["neighbours_leave", "peak_hours", "large_centres", "complaints_and_stopping"]),
    ],
)
def test_what_is_about_another_market_is_not_applicable(market, names):
    assert set(verdicts(usual_market(market), *names).values()) == {"not applicable"}


def test_variants_share_their_luck():
    lab = Laboratory(usual_market().replace({"population.customers": 300}), 2, seed=5)
    usual, dearer = lab.logs(), lab.logs(launched={"price": 1.3})
    for one, other in zip(usual, dearer, strict=True):
        before = one.between(0, lab.launch), other.between(0, lab.launch)
        assert before[0].customer.tolist() == before[1].customer.tolist()
        assert before[0].firm.tolist() == before[1].firm.tolist()
        assert one.counts[:, 0].sum() > other.counts[:, 0].sum()
        assert one.counts.sum() == one.firm.size
        assert np.array_equal(one.counts, one.purchases.counts)


def test_the_table_has_a_row_for_each_number(monkeypatch):
    monkeypatch.setattr("abm.facts.card.FACTS", (BY_NAME["satisfaction_index"],))
    rows = evidence(Scenario().replace({"population.customers": 200}), replications=2)
    assert rows["fact"].tolist() == ["satisfaction_index"]
    assert rows["low"].notna().all()


def test_the_command(capsys, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text('kpis = ["profit"]\n[scenario]\n[scenario.population]\ncustomers = 200\n')
    asked = ["evidence", str(study), "--fact", "satisfaction_index", "--replications", "2", "--json"]
    assert main(asked) == 0
    document = json.loads(capsys.readouterr().out)
    assert document[0]["fact"] == "satisfaction_index"
    assert document[0]["low"] <= document[0]["ours"] <= document[0]["high"]
    assert main([*asked[:-1], "--set", "scenario.firms.north.service.quality=0.4", "--strict"]) == 1
    assert "contradicted" in capsys.readouterr().out


def test_the_command_names_the_market_of_each_fact(capsys):
    asked = ["evidence", "--fact", "costs_and_switching", "--replications", "2"]
    small = ["--set", "scenario.population.customers=200"]
    assert main([*asked, *small, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["market"] == "contract"
    assert main([*asked, *small]) == 0
    assert "contract" in capsys.readouterr().out
    assert main([*asked, *small, "--json", "--set", "scenario.preset=clinic"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["market"], found["why"]) == ("clinic", "the market has no contracts")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--fact", "elasticity"], "--fact = elasticity is no fact"),
        (["--replications", "1"], "--replications = 1 is less than 2"),
        (["missing.toml"], "missing.toml"),
    ],
)
def test_bad_input_gets_one_line(capsys, typed, said):
    assert main(["evidence", *typed]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
