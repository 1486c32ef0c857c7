"""Weights of warnings: learned in one run, they warn better in another than silence alone."""

from __future__ import annotations

import pytest

import abm
from abm.core.errors import Refusal
from abm.kpis.behaviour import visit_share
from abm.mechanisms.relationship.information import warning_lift, warning_precision, warning_recall

pytest.importorskip("sklearn")
from abm.value.warning_weights import INPUTS, warning_weights

SEEN = ("known", "seen_first", "seen_last", "seen_visits", "seen_spend", "seen_gap", "seen_complaints")


def market(score):
    return abm.Scenario.parse(
        {
            "periods": 80,
            "burn_in": 40,
            "population": {"customers": 800},
            "complaint": {},
            "information": {"score": score, "on_complaints": 0.01},
            "firms": [{"name": "north", "information": {"data_coverage": 0.8}}, {"name": "east"}, {"name": "south"}],
        }
    )


def persons(score, columns):
    study = abm.Experiment(
        name="learn", scenario=market(score), arms={"none": {}}, kpis=(visit_share,), replications=2, seed=4,
        record={"persons": {"columns": list(columns), "at": [80]}},
    )  # fmt: skip
    return abm.run(study, workers=1).persons


@pytest.mark.slow
def test_what_is_learned_warns_better_than_silence():
    found = warning_weights(persons("logistic", [*SEEN, "provider", "exited"]), "north")
    assert found.settings["information.score"] == "logistic"
    assert {f"information.{name}" for name in INPUTS} < found.settings.keys()
    assert found.settings["information.on_silence"] > 0
    assert found.prediction.auc.value > 0.6
    learned = market("logistic").replace({**found.settings, "information.warn_from": 0.7})
    usual = market("recency")
    kpis = (warning_precision, warning_recall, warning_lift)
    tables = [abm.simulate(one, seed=9, kpis=kpis) for one in (learned, usual)]
    means = [table[(table.firm == "north") & (table.period >= 40)][[k.name for k in kpis]].mean() for table in tables]
    assert means[0].warning_lift > 1.0
    assert means[0].warning_recall > means[1].warning_recall


def test_columns_that_are_missing_are_named():
    table = persons("recency", ["known", "seen_last", "provider", "exited"])
    with pytest.raises(Refusal, match=r"no seen_first.north.*information.score"):
        warning_weights(table, "north")
