"""Verdicts as text and as documents."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from rich.console import Console

import abm
from abm.commands.output import document
from abm.study.comparison.compare import compare
from abm.study.comparison.robust import robust
from abm.view import verdict as view


def printed(thing, width=100):
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(thing)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def study():
    """Three arms, of which one is far behind, at two points."""
    world = abm.Scenario(population=abm.Population(customers=60), periods=6, burn_in=2)
    world = world.replace({"pricing.price_sensitivity": 0.0, "perceived_value.value_weight": 0.0})
    arms = {"none": {}, "dear": {"firms.north.price": 1.3}, "twin": {"firms.north.price": 1.3}}
    design = abm.grid({"firms.south.price": [1.0, 1.3]})
    return abm.Experiment("race", world, arms=arms, design=design, seed=7, kpis=("profit", "breakage"))


@pytest.fixture(scope="module")
def verdict(study):
    return compare(study, "profit", zone=2.5, point=0, workers=1)


def test_the_table_of_a_race(verdict):
    head, _, *rows = printed(view.race(verdict)).splitlines()
    assert " ".join(head.split()) == "arm mean minus dear minus best of others runs out after replication"
    mean = verdict.table.set_index("arm").loc["dear", "mean"]
    assert rows[0].split() == ["dear", f"{mean:.1f}", "[0,", "0]", str(verdict.table["runs"][0])]
    none = verdict.table.set_index("arm").loc["none"]
    low = f"{none['low']:+.1f}"
    last = ["none", f"{none['mean']:.1f}", f"{none['difference']:+.1f}", f"[{low},", "0]", "10", "10"]
    assert rows[-1].split() == last


def test_what_is_explained(verdict, study):
    assert view.explained(verdict.question).startswith(
        "Mean profit of north [cu/customer/year] over the arm's own runs; "
    )
    assert "whose interval ends at 0 is not the best, one whose interval begins at 0 is" in view.explained(
        verdict.question
    )
    least = compare(study, "profit", zone=2.5, point=0, largest=False, workers=1)
    assert "whose interval begins at 0 is not the best, one whose interval ends at 0 is" in view.explained(
        least.question
    )


def test_effort(verdict, study):
    assert view.effort(verdict).startswith(
        f"{verdict.runs} runs; mean correlation of the arms {verdict.correlation:.2f}"
    )
    assert f"would take {verdict.runs_independent:,.0f}, " in view.effort(verdict)
    undefined = compare(study, "breakage", zone=1.0, point=0, workers=1)
    assert view.effort(undefined) == "30 runs."


def test_documents_are_json_and_say_what_the_verdict_says(verdict, study, capsys):
    document(view.document(verdict))
    said = json.loads(capsys.readouterr().out)
    assert {"best", "statement", "table", "runs", "runs_independent", "saving", "correlation", "decided"} <= set(said)
    assert (said["best"], said["runs"], said["decided"]) == ("dear", verdict.runs, True)
    assert said["contenders"] == ["dear", "twin"]
    assert [row["eliminated_at"] for row in said["table"]] == [None, None, 10]
    table = pd.DataFrame(said["table"])
    assert table["low"].to_list() == verdict.table["low"].to_list()
    document(view.document(compare(study, "breakage", zone=1.0, point=0, workers=1)))
    said = json.loads(capsys.readouterr().out)
    assert (said["best"], said["saving"], said["runs_independent"]) == (None, None, None)


def test_a_table_of_points_has_room_for_some_factors(study):
    paths = [
        "firms.south.price",
        "trust.growth",
        "trust.fall",
        "word_of_mouth.contact_rate",
        "pricing.price_sensitivity",
    ]
    space = abm.grid({path: [0.5] for path in paths})
    found = robust(study.replace(design=space), "profit", zone=20.0, workers=1)
    text = printed(view.points(found))
    assert max(map(len, text.splitlines())) <= 100
    assert "trust.fall" in text
    assert "contact" not in text
    left_out = "word_of_mouth.contact_rate, pricing.price_sensitivity"
    assert view.explained_points(found) == f"Not shown: {left_out}; with --json all factors are there."


def test_many_points(study, capsys):
    found = robust(study, "profit", zone=2.5, workers=1)
    head, _, *rows = printed(view.points(found)).splitlines()
    assert " ".join(head.split()) == "point firms.south.price best ahead of the next by runs"
    assert [row.split()[:3] for row in rows] == [["0", "1", "dear"], ["1", "1.3", "dear"]]
    regrets = printed(view.regrets(found)).splitlines()
    assert regrets[2].split() == ["dear", "2", "100%", "0.0", "0.0"]  # which is nowhere, so there is no worst point
    assert view.explained_points(found) == ""
    document(view.document(found))
    said = json.loads(capsys.readouterr().out)
    assert [one["best"] for one in said["points"]] == ["dear", "dear"]
    assert len(said["table"]) == 6
    assert said["arms"][0]["share"] == 1.0
