"""The study file on the page about groups is accepted, and its refusals are said as it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import abm
from abm.study.plan.overrides import overrides

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "groups.md").read_text(encoding="utf-8")
BASE = {"periods": 104, "burn_in": 52}
ARMS = {"none": {}, "points": {"firms.north.program": {"preset": "points"}}}
FIFTHS = {name: {"by": name, "parts": 5} for name in ("purchase_rate", "basket", "price_weight")}


@pytest.fixture
def study():
    (table,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return abm.Experiment.from_dict({"name": "groups", **tomllib.loads(table), "scenario": BASE})


def test_the_groups_are_called_as_the_page_says(study):
    assert [", ".join(labels) for labels in study.group_labels.values()] == [
        "rate_low, rate_middle, rate_high",
        "not_member, member",
        "others, best_fifth",
        "reached_held_out, reached_drawn",
    ]


def test_the_date_is_moved_as_the_page_says(study):
    (command,) = re.findall(r"^patronage run study.toml (.*)$", PAGE, re.MULTILINE)
    moved = overrides(study, ["burn_in=26", *(word for word in command.split() if word != "--set")])
    assert (moved.scenario.periods, moved.groups["member"].at) == (78, 78)


@pytest.mark.parametrize(
    "groups",
    [
        {"g": {"by": "purchase_rat"}},
        {"g": {"by": "member"}},
        {"g": {"parts": 3}},
        {"g": {"by": "basket", "parts": 3, "levels": [1.0]}},
        {"g": {"by": "basket", "parts": 1}},
        {"g": {"by": "purchase_rate"}},
        {"g": {"by": "basket", "parts": 3, "names": ["a", "b"]}},
        {"g": {"by": "basket", "parts": 3, "at": 400}},
        {"g": {"by": "basket", "parts": 3, "arm": "pints"}},
        {name: {"share": 0.5, "names": [name, "north_fans"]} for name in ("a", "b")},
        FIFTHS,
    ],
    ids=str,
)
def test_what_is_refused_is_said_as_on_the_page(groups):
    said = [line.split("`")[1] for line in PAGE.split("## What is refused")[1].splitlines() if line.startswith("| `")]
    with pytest.raises(abm.Refusal) as refusal:
        abm.Experiment("groups", abm.Scenario.parse(BASE), ARMS, groups=groups)
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in said]
    assert sum(bool(re.fullmatch(pattern, str(refusal.value))) for pattern in patterns) == 1, refusal.value
