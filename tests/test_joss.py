"""The paper: its example runs, its table is that of its claims, references are there, numbers can be made."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "papers" / "joss"
PAPER = (FOLDER / "paper.md").read_text("utf-8")
SMALL = {"scenario=abm.Scenario(population=abm.Population(customers=1000), periods=104, burn_in=52)": (
    "scenario=abm.Scenario(population=abm.Population(customers=100), periods=20, burn_in=4)"
), "replications=20": "replications=2"}  # fmt: skip


@pytest.fixture(scope="module")
def regenerate() -> ModuleType:
    found = importlib.util.spec_from_file_location("regenerate", FOLDER / "regenerate.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["regenerate"] = module  # where dataclasses look for the names of their fields' types
    found.loader.exec_module(module)
    return module


def test_the_example_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAPER, re.MULTILINE | re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 10
    for usual, small in SMALL.items():
        assert usual in code
        code = code.replace(usual, small)
    exec(compile(code, str(FOLDER / "paper.md"), "exec"), {"__name__": "example"})
    assert "profit of north, points minus none" in capsys.readouterr().out


def test_the_table_is_that_of_the_claims(regenerate):
    with (FOLDER / "claims.csv").open(encoding="utf-8") as file:
        kept = list(csv.DictReader(file))
    assert [(row["claim"], row["command"]) for row in kept] == [(one.words, one.command) for one in regenerate.CLAIMS]
    assert regenerate.written_into(PAPER, kept) == PAPER


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:arms.*match")
def test_numbers_are_made_at_a_small_size(regenerate):
    """Those of the main study and the log; card, race and speed have tests of their own, and take longer."""
    size = regenerate.Size(customers=60, replications=2)
    for number in (regenerate.service_pays, regenerate.programmes_do_not, regenerate.shared_luck_saves):
        assert re.search(r"\d", number(size))
    published = (0.243, 4.414, 0.793, 2.426)
    assert [float(found) for found in re.findall(r"[\d.]+", regenerate.log_is_fitted(size))] == pytest.approx(
        published, abs=0.0011
    )


@pytest.mark.endurance
def test_the_numbers_of_the_paper_are_what_comes_out(regenerate):
    """All but the speed, which is the machine's; if one has moved, python papers/joss/regenerate.py writes it anew."""
    with (FOLDER / "claims.csv").open(encoding="utf-8") as file:
        kept = {row["claim"]: row["number"] for row in csv.DictReader(file)}
    for claim in regenerate.CLAIMS:
        if claim.number is not regenerate.is_quick:
            assert claim.number(regenerate.Size()) == kept[claim.words], claim.words


def test_references_are_there_and_all_are_used():
    bibliography = (FOLDER / "paper.bib").read_text("utf-8")
    known = set(re.findall(r"^@\w+\{(\w+),$", bibliography, re.MULTILINE))
    assert known == set(re.findall(r"@([A-Z]\w+\d{4})", PAPER))


def test_the_number_of_theories_is_the_one_there_is():
    from abm.mechanisms.shipped import shipped  # noqa: PLC0415

    tens, units = (
        ("forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
        ["-one", "-two", "-three", "-four", "-five", "-six", "-seven", "-eight", "-nine"],
    )
    words = [ten + unit for ten in tens for unit in ("", *units)]
    assert f"**{words[len(shipped()) - 40]} theories**" in PAPER
