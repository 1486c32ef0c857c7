"""The examples of the documentation run.

A block that opens with ```` ```python run ```` is run; the blocks of a page are one session, in order. One that opens
with ```` ```python run if sklearn ```` is run where that module, of an extra, is installed. Another block shows code
without running it.
"""

from __future__ import annotations

import re
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(?P<mark>`{3,})(?P<info>[^`\n]*)\n(?P<code>.*?)^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[int, str]]:
    """Return the blocks to run with the line that each begins in."""
    return [
        (text.count("\n", 0, fence.start("code")) + 1, fence["code"])
        for fence in FENCE.finditer(text)
        if runs(fence["info"].split())
    ]


def runs(info: list[str]) -> bool:
    """Return whether a block of that opening is run here."""
    return info[:2] == ["python", "run"] and (
        len(info) == 2 or (len(info) == 4 and info[2] == "if" and find_spec(info[3]) is not None)
    )


PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.exists()
]
SESSIONS = [page for page in PAGES if blocks(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = ModuleType("session")
    monkeypatch.setitem(sys.modules, "session", session)
    for line, code in blocks(page.read_text(encoding="utf-8")):
        placed = "\n" * (line - 1) + code  # so that an error names the line of the page
        with warnings.catch_warnings():
            for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
                warnings.simplefilter("error", category)
            exec(compile(placed, str(page), "exec"), vars(session))


def test_blocks_are_found_where_they_are():
    shown = "```python\ny\n```\n````text\n```python run\nno\n```\n````\n"
    text = f"a\n```python run\nx = 1\n```\n{shown}```python run\nz\n```\n"
    assert blocks(text) == [(3, "x = 1\n"), (14, "z\n")]


def test_a_block_that_needs_an_extra_is_run_where_that_is():
    text = "```python run if numpy\nx\n```\n```python run if no_such_module\ny\n```\n```python run when numpy\nz\n```\n"
    assert blocks(text) == [(2, "x\n")]


def test_the_pages_with_examples_are_run():
    assert ROOT / "docs" / "how-to" / "mesa.md" in SESSIONS
