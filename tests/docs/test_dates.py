"""The study files on the page about dates are accepted, and its refusals are said as it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import abm
from abm.study.plan.overrides import overrides

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "dates.md").read_text(encoding="utf-8")
BASE = {"periods": 104, "burn_in": 12}


@pytest.fixture
def study():
    parts = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    table = tomllib.loads("\n".join(parts))
    return abm.Experiment.from_dict({"name": "dates", **table, "scenario": BASE | table["scenario"]})


def test_the_arms_are_accepted_and_hold_when_the_page_says(study):
    prices = {arm: dict(study.scenario_of(arm).stretches()) for arm in study.arms}
    assert prices["gradual"][59].firms[0].price == 0.9
    assert prices["gradual"][58].firms[0].price > 0.9
    assert prices["withdrawal"][60].firms[0].program is None
    assert prices["campaign"][54].firms[0].program.reward == 12.0


@pytest.mark.endurance
def test_the_dates_are_moved_as_the_page_says(study):
    (command,) = re.findall(r"^patronage run study.toml (.*)$", PAGE, re.MULTILINE)
    moved = overrides(study, [word for word in command.split() if word != "--set"])
    assert moved.sheet.dates["launch"] == {"rival": (70, 90), "launch": (60, None)}
    assert moved.sheet.dates["campaign"]["generous"] == (70, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"from": 400, "firms.north.price": 0.9},
        {"until": 60, "firms.north.price": 0.9},
        {"from": 60, "until": 60, "firms.north.price": 0.9},
        {"from": 60, "until": 64, "ramp": 8, "firms.north.price": 0.9},
        {"from": 52},
        {"from": 52, "population.customers": 50},
        {"from": 52, "firms.north.initial_awareness": 0.5},
        {"from": 52, "waiting_line": {"resentment": 0.5}},
        {"from": 52, "ramp": 4, "firms.north.program": {"preset": "points"}},
        {
            "changes": [
                {"name": "a", "from": 40, "until": 60, "set": {"firms.north.price": 0.9}},
                {"name": "b", "from": 50, "set": {"firms.north.price": 0.8}},
            ]
        },
    ],
    ids=str,
)
def test_what_is_refused_is_said_as_on_the_page(settings):
    said = [line.split("`")[1] for line in PAGE.split("## What is refused")[1].splitlines() if line.startswith("| `")]
    with pytest.raises(abm.Refusal) as refusal:
        abm.Experiment("late", abm.Scenario.parse(BASE), {"none": {}, "late": settings})
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in said]
    assert sum(bool(re.fullmatch(pattern, str(refusal.value))) for pattern in patterns) == 1, refusal.value
