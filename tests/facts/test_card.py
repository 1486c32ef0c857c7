"""The default market shows what is known of markets; a broken one does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from abm.cli import main
from abm.facts.card import FACTS, default_market, evidence, findings
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
    assert "contradicted" not in verdicts(default_market(), *QUICK).values()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"pricing.price_sensitivity": 0.0}, "own_price_elasticity"),
        ({"pricing.price_sensitivity": 0.0}, "category_elasticity"),
        ({"taste.taste_spread": 0.0}, "sole_buyers"),
        ({"trust.commitment_weight": 12.0}, "repeat_beyond_taste"),
        ({"choice.attraction": -4.0, "choice.outside": -10.0, "taste.fit": 0.0}, "satisfaction_and_repurchase"),
        (POOR | {"choice.outside": -80.0}, "satisfaction_index"),
    ],
)
def test_a_broken_market_fails_visibly(changes, name):
    (found,) = findings(default_market().replace(changes), [BY_NAME[name]], 4, seed=7)
    assert "contradicted" in {number.verdict for number in found.parts}


def test_what_a_market_cannot_show_is_not_applicable():
    alone = default_market().replace({"firms": default_market().firms[:1], "off": ("word_of_mouth",)})
    assert set(verdicts(alone, "own_price_elasticity", "good_and_bad_stories", "stories_acquire").values()) == {
        "not applicable"
    }


def test_variants_share_their_luck():
    lab = Laboratory(default_market().replace({"population.customers": 300}), 2, seed=5)
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
