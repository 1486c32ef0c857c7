"""The Chinese README says what the English one does: the same links, commands and code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))


def without_comments(text: str) -> list[str]:
    """Return the blocks of code without what is said in comments."""
    blocks = re.findall(r"^```(?:python run|sh)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s*# .*", "", block) for block in blocks]


def test_code_is_the_same():
    assert without_comments(CHINESE) == without_comments(ENGLISH)


def test_whatever_the_english_page_leads_to_the_chinese_does_too():
    links = [set(re.findall(r"\]\(([^)]+)\)", text)) for text in (ENGLISH, CHINESE)]
    assert links[0] - links[1] <= {"README.zh-CN.md"}


def test_commands_are_the_same():
    named = [set(re.findall(r"`(patronage [^`]+)`", text)) for text in (ENGLISH, CHINESE)]
    assert named[0] <= named[1]
