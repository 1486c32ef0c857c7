"""Sources: digests of what shipped code says, whatever its comments, docstrings and lay-out.

market    what all markets share: core, logs, world, engine, scenario and the modules beside the folders of theories
kpis      the definitions of the KPIs
a theory  by its name: its own module and those in the folders of theories that it imports

Each has the presets of its specs too, since a point of a design may name one. A digest is of the tokens of a module, or
of the values of a preset, and the same under every version of Python. Finding the tokens of all modules takes 0.4
seconds, so that `library/sources.json` remembers the digest of each as it was recorded: only a module with another text
is read into tokens.
"""

from __future__ import annotations

import json
import re
import tokenize
from functools import cache
from io import StringIO
from pathlib import Path

from abm.core.presets import listed
from abm.core.spec import Spec, read_toml
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import canonical, digest

ROOT = Path(__file__).parents[2]
REMEMBERED = ROOT / "library" / "sources.json"  # module -> digest of its text, digest of its tokens
MARKET, KPIS = "market", "kpis"

_SHARED = ("core", "logs", "world", "engine", "scenario")
_THEORIES = "mechanisms"
_BENEATH = ("queues", "capacity")  # what only some theories are made of
_BIBLIOGRAPHY = (
    "core/citations.py",
    "core/sources.py",
    "core/sources_of_methods.py",
)  # no numbers; new theories add to it
_IMPORT = re.compile(
    r"^\s*(?:from|import)\s+abm\.((?:mechanisms|queues|capacity)\.[\w.]+)"
    r"(?:[ \t]+import[ \t]+(\([^)]*\)|[^\n]*))?",
    re.MULTILINE,
)
_TEXT = re.compile(r"""[rRuU]?["']""")  # how a token begins that is a text and no f-string
_LAYOUT = ("COMMENT", "NL", "ENDMARKER")
_BLOCKS = {"INDENT": ">", "DEDENT": "<"}


def names() -> tuple[str, ...]:
    """Return what has a source: what all markets share, the KPIs, and every shipped theory."""
    return (MARKET, KPIS, *sorted(kind.name for kind in shipped()))


@cache
def source(name: str) -> str:
    """Return the digest (hex) of the source of one of `names`, as it was when this process first asked."""
    return digest(" ".join(_digest(path) for path in files(name)).encode()).hex()


def files(name: str) -> list[Path]:
    """Return the files that one of `names` is made of, sorted."""
    if name == MARKET:
        inside = [path for folder in _SHARED for path in (ROOT / folder).rglob("*.py")]
        found = {*inside, *(ROOT / _THEORIES).glob("*.py")} - {ROOT / file for file in _BIBLIOGRAPHY}
        found |= _presets(Scenario, Firm)
    elif name == KPIS:
        found = {*(ROOT / "kpis").rglob("*.py")}
    else:
        kind = next(kind for kind in shipped() if kind.name == name)
        found = _with_imported(ROOT.joinpath(*kind.__module__.split(".")[1:]).with_suffix(".py"))
        found |= _presets(kind, kind.policy)
    return sorted(found)


def _presets(*kinds: type[Spec] | None) -> set[Path]:
    """Return the files of the presets that specs may start from."""
    return {path for kind in kinds if kind is not None for path in listed(kind).values()}


def _with_imported(page: Path) -> set[Path]:
    """Return a theory's module and those that it imports from folders of theories, or of what lies beneath them."""
    found: set[Path] = set()
    ahead = [page]
    while ahead:
        page = ahead.pop()
        found.add(page)
        for module, imported in _IMPORT.findall(page.read_text("utf-8")):
            inside = ROOT.joinpath(*module.split("."))
            ways = [inside.with_suffix(".py"), *(inside / f"{name}.py" for name in re.findall(r"\w+", imported))]
            ahead += [way for way in ways if way.is_file() and _has_own_source(way) and way not in found]
    return found


def _has_own_source(page: Path) -> bool:
    """Return whether a file is a part of single theories, and not of what all markets share."""
    return page.parent.parent.name == _THEORIES or page.parent.name in _BENEATH


def remembered() -> dict[str, str]:
    """Return what `library/sources.json` has to remember of the files as they are: file -> two digests."""
    found = sorted({path for name in names() for path in files(name) if path.suffix == ".py"})
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in found}
    return {file: f"{_of(text)} {_of(code(text))}" for file, text in texts.items()}


@cache
def _known() -> dict[str, str]:
    """Return digest of a file's text -> digest of its tokens."""
    lines = json.loads(REMEMBERED.read_text("utf-8")).values() if REMEMBERED.exists() else ()
    return dict(line.split() for line in lines)


def _digest(path: Path) -> str:
    if path.suffix == ".toml":
        return _of(canonical([path.stem, read_toml(path).get("values")]))
    text = path.read_text("utf-8")
    return _known().get(_of(text)) or _of(code(text))


def _of(text: str) -> str:
    return digest(text.encode()).hex()


def code(text: str) -> str:
    """Return a module's tokens, a statement a line, without comments, docstrings, blank lines and line breaks.

    From Python 3.12 on an f-string is many tokens: it is put together again as it stands in the file.
    """
    lines = list(StringIO(text))
    statements: list[str] = []
    words: list[str] = []
    begins: list[tuple[int, int]] = []  # of f-strings that are not at their end, the outermost first
    for token in tokenize.generate_tokens(iter(lines).__next__):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            begins.append(token.start)
        elif kind.endswith("STRING_END"):
            begin = begins.pop()
            words += [] if begins else [_between(lines, begin, token.end)]
        elif begins or kind in _LAYOUT:
            continue
        elif kind in _BLOCKS:
            statements.append(_BLOCKS[kind])
        elif kind != "NEWLINE":
            words.append(token.string)
        else:
            statements += [] if all(map(_TEXT.match, words)) else [" ".join(words)]
            words = []
    return "\n".join(statements)


def _between(lines: list[str], begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the text from one place to another, each a row (from 1) and a column."""
    rows = lines[begin[0] - 1 : end[0]]
    rows[-1] = rows[-1][: end[1]]
    return "".join(rows)[begin[1] :]
