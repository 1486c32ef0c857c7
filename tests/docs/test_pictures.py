"""The pictures of the README: what they are drawn from, and that they load nothing from elsewhere."""

import re
import runpy
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
ANSWER = """
KPI     arm    mean
-------------------
profit  none   2.5
        <dear>  2.4

csi     none   75
        <dear>  74

KPIs of north, the best arm first.

'none' has the highest profit of north

results  there
"""


@pytest.fixture(scope="module")
def answer():
    """What the script that draws the answer defines."""
    return runpy.run_path(str(PICTURES / "draw_answer.py"))


def test_an_answer_is_shortened_to_its_first_kpi_and_the_verdict(answer):
    words = answer["shortened"](ANSWER)
    assert words.startswith(f"$ {answer['COMMAND']}\n\nKPI ")
    assert "profit" in words
    assert words.endswith("…\n\n'none' has the highest profit of north")
    assert "csi" not in words


def test_an_answer_is_escaped(answer):
    svg = answer["drawn"](answer["shortened"](ANSWER))
    assert "&lt;dear&gt;" in svg


@pytest.mark.parametrize("name", ["model.svg", "answer.svg"])
def test_nothing_is_loaded_from_elsewhere(name):
    svg = (PICTURES / name).read_text(encoding="utf-8")
    assert not re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?https?:""", svg)
    assert "@font-face" not in svg
    assert len(svg) < 120_000


def test_the_model_is_drawn_from_its_steps(tmp_path):
    page = runpy.run_path(str(PICTURES / "draw_model.py"))
    page["main"].__globals__["FILE"] = tmp_path / "model.svg"
    page["main"]()
    drawn = (tmp_path / "model.svg").read_text(encoding="utf-8")
    titles = [title for _, title, _ in page["STEPS"]]
    assert all(f"<!-- {title} -->" in drawn for title in titles)  # matplotlib notes the words whose outlines it draws
