"""The notebooks run, small, and are what students are promised: a question, a figure, and exercises with solutions."""

from __future__ import annotations

from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "analysis" / "notebooks").glob("*.py"))
SMALL = {
    "CUSTOMERS": 120, "PERIODS": 60, "BURN_IN": 4, "OPENING": 56, "POINTS": 3, "REPLICATIONS": 2, "COPIES": 1,
}  # fmt: skip

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def tagged(notebook, tag: str) -> list:
    """Return the cells that have a tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", ())]


def shrunk(source: str) -> str:
    """Return the cell of sizes with small ones: "CUSTOMERS, PERIODS = 1000, 156" as "CUSTOMERS, PERIODS = 120, 60"."""
    names = [name.strip() for name in source.partition("=")[0].split(",")]
    return f"{', '.join(names)} = {', '.join(str(SMALL[name]) for name in names)}"


@pytest.mark.slow
@every_notebook
@pytest.mark.endurance
def test_a_notebook_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:IProgress not found")  # of tqdm, which Mesa loads
    monkeypatch.delenv("MPLBACKEND", raising=False)  # which commands set, and a kernel would take over
    book = jupytext.read(notebook)
    (sizes,) = tagged(book, "parameters")
    sizes.source = shrunk(sizes.source)
    done = nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert not [output for output in shown if output.output_type == "stream" and output.name == "stderr"]


@every_notebook
def test_a_notebook_has_its_parts(notebook):
    book = jupytext.read(notebook)
    words = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert "**Question.**" in words
    assert "**What one sees.**" in words
    exercises = words.partition("## Exercises")[2]
    solutions = tagged(book, "solution")
    assert 2 <= len(solutions) == exercises.count("\n# ") + sum(f"\n{k}. " in exercises for k in range(1, 5))
    assert all(cell.metadata["jupyter"]["source_hidden"] for cell in solutions)


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 7
