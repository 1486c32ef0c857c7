"""What pages show of a command is what it prints: a block of `sh` and the block of `text` below it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from abm.cli import main
from abm.view import figures

ROOT = Path(__file__).parents[2]
PAGES = {  # and how many blocks each has
    "tutorial/first-hour.md": 4, "how-to/criteria.md": 1, "how-to/compare.md": 1, "how-to/rivals.md": 1,
}  # fmt: skip


def blocks(page: str) -> list[tuple[list[list[str]], str]]:
    """Return the commands of each block of a shell, and what is shown as text below it, before another such block."""
    found = []
    for block in re.split(r"^(?=```sh$)", page, flags=re.MULTILINE)[1:]:
        commands, _, below = block.removeprefix("```sh\n").partition("\n```\n")
        text = "".join(re.findall(r"^```text\n(.*?)^```$", below, re.MULTILINE | re.DOTALL))
        lines = [shlex.split(line) for line in commands.replace("\\\n", " ").splitlines()]
        found.append(([line[1:] for line in lines if line[0] == "patronage"], text))
    return found


def words(line: str) -> str:
    """Return a line with single blanks, up to where the page has left something out."""
    return " ".join(line.partition("…")[0].split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "shown"),
    # The others are of studies at their full size.
    [pytest.param(*one, marks=() if one[0] == "how-to/rivals.md" else pytest.mark.endurance) for one in PAGES.items()],
)
def test_what_a_page_shows_is_printed(page, shown, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=shutil.ignore_patterns("results"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")  # as wide as where nothing says how wide it is
    compared = 0
    for commands, text in blocks((ROOT / "docs" / page).read_text("utf-8")):
        if not text:
            continue
        for command in commands:
            main(command)
        said = capfd.readouterr()
        printed = {words(line) for line in (said.out + said.err).splitlines()}
        for line in filter(None, map(words, text.splitlines())):
            assert any(one.startswith(line) for one in printed), f"{page} shows what is not printed: {line}"
        compared += 1
    assert compared == shown


def test_blocks_are_read_with_what_stands_below_them():
    page = "```sh\npatronage run a.toml \\\n    --seed 2\n```\nso\n```text\nA  1\n```\n```sh\npip x\n```\n"
    assert blocks(page) == [([["run", "a.toml", "--seed", "2"]], "A  1\n"), ([], "")]
    assert words("points:  a = 1 …, b") == "points: a = 1"
