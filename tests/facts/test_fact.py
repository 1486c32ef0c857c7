"""Verdicts follow intervals, and a fact follows its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.citations import cite
from abm.core.presets import listed
from abm.core.sources import LIU_2007
from abm.facts.card import FACTS, document, table
from abm.facts.fact import Fact, Finding, Part, judged
from abm.scenario.scenario import Scenario

AROUND_ONE = np.array([0.9, 1.0, 1.1, 1.0, 0.95, 1.05])  # interval 0.93 to 1.07


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.5, 1.5, "reproduced"),
        (0.5, np.inf, "reproduced"),
        (-np.inf, 1.5, "reproduced"),
        (1.0, 2.0, "undecided"),
        (1.2, 2.0, "contradicted"),
        (-np.inf, 0.5, "contradicted"),
    ],
)
def test_a_number_is_judged_by_its_interval(low, high, verdict):
    assert judged(Part("x", "ratio", low, high), AROUND_ONE).verdict == verdict


def test_no_effect_in_any_replication_is_not_above_nothing():
    assert judged(Part("x", "ratio", 0.0), np.zeros(5)).verdict == "undecided"
    assert judged(Part("x", "ratio", high=0.0), np.zeros(5)).verdict == "undecided"


def test_too_few_numbers_decide_nothing():
    for values in (np.array([1.0]), np.array([np.nan, np.nan, 1.0]), np.array([])):
        assert judged(Part("x", "ratio", 0.5, 1.5), values).verdict == "undecided"


def _finding(*verdicts, coded=()):
    parts = [Part(f"p{k}", "ratio", coded=k in coded) for k in range(len(verdicts))]
    fact = Fact(1, "some", "a claim", cite(LIU_2007, "abstract"), "held out", "a design", parts, lambda lab: {})
    where = {"reproduced": (-np.inf, np.inf), "undecided": (1.0, 2.0), "contradicted": (1.2, 2.0)}
    measured = [
        judged(Part(part.name, "ratio", *where[verdict], coded=part.coded), AROUND_ONE)
        for part, verdict in zip(parts, verdicts, strict=True)
    ]
    return Finding(fact, "retail", measured)


def test_the_worst_number_decides():
    assert _finding("reproduced", "reproduced").verdict == "reproduced"
    assert _finding("reproduced", "undecided").verdict == "undecided"
    assert _finding("undecided", "contradicted", "reproduced").verdict == "contradicted"


def test_what_a_parameter_says_does_not_count():
    assert _finding("reproduced", coded={0}).verdict == "not applicable"
    assert _finding("undecided", "reproduced", coded={0}).verdict == "reproduced"


def test_findings_as_data():
    found = [
        _finding("reproduced", "contradicted"),
        Finding(_finding("reproduced").fact, "retail", (), "there is but one firm"),
    ]
    entries = document(found)
    for entry in entries:
        assert {"fact", "source", "status_of_source", "target", "ours", "low", "high", "verdict"} <= entry.keys()
    assert entries[0]["verdict"] == "contradicted"
    assert entries[0]["target"] == "1.2 to 2"
    assert entries[1]["verdict"] == "not applicable"
    rows = table(found)
    assert rows["part"].tolist() == ["p0", "p1", "there is but one firm"]


def test_the_card():
    """Most facts were never tuned to, and each has a source whose status is said."""
    assert [fact.number for fact in FACTS] == list(range(1, len(FACTS) + 1))
    assert len({fact.name for fact in FACTS}) == len(FACTS) >= 40
    assert sum(fact.use == "calibration" for fact in FACTS) == 10
    assert {fact.status for fact in FACTS} <= {"text", "abstract", "secondary", "memory", "computed", "assumed"}
    assert {"retail", "contract", "clinic", "telecom", "hotel"} <= {fact.market for fact in FACTS}
    for fact in FACTS:
        assert fact.market in listed(Scenario)
        assert len(fact.design.split()) > 5
        for part in fact.parts:
            assert part.low < part.high
