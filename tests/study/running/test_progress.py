"""How far runs are: in words, and in notebooks, where a bar shows it by itself."""

import math
import sys
from types import SimpleNamespace

import pytest

import abm
from abm.study.running import progress

STUDY = abm.Experiment(
    "small", abm.Scenario(periods=2, population=abm.Population(customers=20)), {"a": {}, "b": {}}, replications=10
)
CELL = """
import abm
from abm.study.running import progress
progress.AT_FIRST = progress.AGAIN = 0.0
study = abm.Experiment("small", abm.Scenario(periods=2, population=abm.Population(customers=20)), {"a": {}, "b": {}})
abm.run(study, workers=1)
"""


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((1200, 5040, 0, 180.0), "1,200 of 5,040 runs, about 3 min left"),
        ((1200, 5040, 3, math.nan), "1,200 of 5,040 runs, 3 failed"),
        ((0, 1, 0, 20.0), "0 of 1 run, about 20 s left"),
        ((7, 7, 0, 0.0), "7 of 7 runs"),
    ],
)
def test_it_is_said_in_words(numbers, said):
    assert progress.in_words(*numbers) == said


class Place:
    """A place below a cell, and what was shown there."""

    def __init__(self):
        self.shown = []

    def update(self, thing):
        self.shown.append(thing)


@pytest.fixture
def notebook(monkeypatch):
    """Stand in for a notebook's kernel; return the places that were made."""
    places = []

    def display(thing, display_id):
        assert display_id is True
        places.append(Place())
        places[-1].update(thing)
        return places[-1]

    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display, HTML=str))
    monkeypatch.setattr(progress, "AGAIN", 0.0)
    return places


@pytest.mark.slow
def test_a_notebook_shows_a_bar_for_what_takes_longer(notebook, monkeypatch):
    abm.run(STUDY, workers=1)
    assert not notebook, "it took no time"
    monkeypatch.setattr(progress, "AT_FIRST", 0.0)
    abm.run(STUDY, workers=1)
    (place,) = notebook
    assert place.shown[0].startswith('<progress value="0" max="20"></progress> 0 of 20 runs')
    assert place.shown[-1] == '<progress value="20" max="20"></progress> 20 of 20 runs'


def test_comparisons_show_one_bar_too(notebook, monkeypatch):
    monkeypatch.setattr(progress, "AT_FIRST", 0.0)
    abm.compare(STUDY, "profit", zone=1000.0, workers=1)
    (place,) = notebook
    assert "of 20 runs" in place.shown[-1]


def test_who_wants_to_be_told_is_told_instead(notebook, monkeypatch):
    monkeypatch.setattr(progress, "AT_FIRST", 0.0)
    told = []
    abm.run(STUDY, workers=1, progress=lambda *numbers: told.append(numbers))
    assert told[-1][:2] == (20, 20)
    assert not notebook


@pytest.mark.slow
def test_there_is_no_bar_without_a_notebook(monkeypatch):
    assert progress.in_notebook() is None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert progress.in_notebook() is None
    terminal = type("TerminalInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: terminal))
    assert progress.in_notebook() is None


@pytest.mark.slow
@pytest.mark.endurance
def test_a_real_notebook_shows_bar_and_tables():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [CELL, "study", "abm.Scenario()", "study.scenario.firms[0].service", "print(dir(study.scenario))"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
    shown = [[one.get("data", {}).get("text/html", "") for one in cell["outputs"]] for cell in book["cells"]]
    assert shown[0][0].startswith('<progress value="60" max="60"></progress> 60 of 60 runs')
    for (last,) in ([cell[-1]] for cell in shown[:4]):
        assert 'class="patronage"' in last
    assert "model_dump" not in book["cells"][-1]["outputs"][0]["text"]
