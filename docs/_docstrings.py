"""Sphinx extension: docstrings of the project as reStructuredText.

They are written to be read in a terminal: a first sentence, then what each name means in aligned columns (`name :
words`), then prose. Names become a list of definitions, and what is laid out otherwise keeps its places.
"""

import re
from itertools import groupby

NAME = r"[\w*.]+(?:\s*,\s*[\w*.]+)*"
ENTRY = re.compile(rf"^(?P<name>{NAME})\s*: (?P<words>.*)$")
_SECOND = re.compile(rf"\s{{3,}}(?={NAME}\s*: |Raises )")  # what begins anew on the same line
_LAID_OUT = re.compile(r"^\s{2,}|\S\s{3,}\S|->", re.MULTILINE)
_MARKS = re.compile(r"([\\*`|_])")
_OF_SPECS = "Parameters:"  # what follows it are entries with their meaning on a line of its own


def converted(lines: list[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText."""
    made: list[str] = []
    for blank, paragraph in groupby(lines, key=lambda line: not line.strip()):
        block = list(paragraph)
        if blank:
            made.append("")
        elif ENTRY.match(block[0]):
            made += definitions(block, "; " if _OF_SPECS in made else " ")
        elif _LAID_OUT.search("\n".join(block)):
            made += [".. code-block:: text", "", *("   " + line for line in block), ""]
        else:
            made += [spelled(line) for line in block]
    return made


def definitions(block: list[str], join: str = " ") -> list[str]:
    """Return lines of `name : words` as a list of definitions, and a line that is neither indented nor one as prose.

    join : what stands between the words of an entry and those of the next line
    """
    entries: list[tuple[str, list[str]]] = []
    after: list[str] = []
    for line in block:
        for part in _SECOND.split(line):
            found = ENTRY.match(part)
            if found:
                entries.append((found["name"], [found["words"]]))
            elif after or not part.startswith(" "):
                after.append(spelled(part))
            else:
                entries[-1][1].append(part.strip())
    listed = [line for name, words in entries for line in (f"``{name}``", f"   {spelled(join.join(words))}")]
    return [*listed, "", *after]


def spelled(line: str) -> str:
    """Return a line of prose in which only `code` is marked up."""
    words = re.split(r"(`[^`]+`)", line)
    return "".join(f"`{word}`" if word[:1] == "`" else _MARKS.sub(r"\\\1", word) for word in words)


def setup(app):
    """Convert docstrings as they are taken."""

    def docstring(_app, _what, _name, _thing, _options, lines):
        lines[:] = converted(lines)

    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", lambda *given: _signature(given[3]))
    return {"parallel_read_safe": True}


def _signature(thing):
    """Return what stands for the signature of a spec, whose parameters are listed below; None = as it is."""
    from abm.core.spec import Spec  # noqa: PLC0415 - the package is loaded when pages are read

    return ("(…)", None) if isinstance(thing, type) and issubclass(thing, Spec) else None
