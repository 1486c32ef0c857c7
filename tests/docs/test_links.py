"""Every relative link in the project's pages leads somewhere, also to its heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
FENCE = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
GENERATED = (ROOT / "docs" / "reference", ROOT / "docs" / "project", ROOT / "docs" / "_build")


def pages() -> list[Path]:
    """Return the pages that are kept under version control."""
    everywhere = [
        *ROOT.glob("*.md"),
        *(p for name in ("docs", "papers", "abm", "tests") for p in (ROOT / name).rglob("*.md")),
    ]
    kept = ROOT / "docs" / "reference" / "index.md"
    return [page for page in everywhere if page == kept or not any(page.is_relative_to(made) for made in GENERATED)]


def slug(heading: str) -> str:
    """Return the name by which a code host and Sphinx know a heading."""
    words = re.sub(r"[`*\[\]]|\([^)]*\.md[^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def headings(page: Path) -> set[str]:
    """Return the names of a page's headings."""
    text = FENCE.sub("", page.read_text("utf-8"))
    return {slug(found) for found in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text("utf-8")))
    for link in LINK.finditer(text):
        path, anchor = link["image"] or link["path"], link["anchor"]
        if ":" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link[0]} leads nowhere"
        if anchor:
            assert anchor in headings(target), f"{link[0]}: no such heading"


def test_a_heading_is_found_by_its_name():
    assert slug("5. Ask a question with it") == "5-ask-a-question-with-it"
    assert slug("`--set`, and more") == "--set-and-more"
