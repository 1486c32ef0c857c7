"""Draws the picture of a printed answer, answer.svg: what a study says of the KPI that decides, and its verdict.

patronage run experiments/loyalty_programs.toml | python docs/pictures/draw_answer.py
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

FILE = Path(__file__).with_name("answer.svg")
COMMAND = "patronage run experiments/loyalty_programs.toml"
WIDTH = 98  # columns


def main() -> None:
    """Read an answer and draw it."""
    FILE.write_text(drawn(shortened(sys.stdin.read())), encoding="utf-8")


def shortened(answer: str) -> str:
    """Return the parts of an answer that the picture has: the head, the first KPI, and the verdict below the tables."""
    parts = answer.strip("\n").split("\n\n")
    verdict = next(part for part in parts if part.startswith("'") or part.startswith("No arm"))
    return f"$ {COMMAND}\n\n{parts[0]}\n…\n\n{verdict}"


def drawn(words: str) -> str:
    """Return the words as a terminal shows them, in SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    before, after = words.split("…")
    console.print(Text(f"{before}…"), Text(after, style="bold"), sep="")
    svg = console.export_svg(title="patronage", theme=DEFAULT_TERMINAL_THEME, unique_id="answer")
    svg = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]*;", "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;", svg)


if __name__ == "__main__":
    main()
