"""Citations: what a source is, and how a place in one is named.

A citation ends in the status of its source, so that a number remembered is never printed as a number read:

text       the text of the publication was read
abstract   its abstract, or the part cited, was read
secondary  seen only on another page that quotes it: check the original
memory     from memory, to be verified before it is cited as published
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Seen = Literal["text", "abstract", "secondary", "memory"]

_WARNINGS = {"secondary": " (seen in a secondary source)", "memory": " (from memory)"}


@dataclass(frozen=True)
class Source:
    """A publication.

    key      : name of the constant in this module
    citation : authors and year first ("Oliver 1980, Journal of Marketing Research")
    seen     : how it was seen while the toolkit was written
    doi      : without the address in front
    """

    key: str
    citation: str
    seen: Seen
    doi: str | None = None

    @property
    def short(self) -> str:
        """Authors and year, or the whole citation if it has no year."""
        found = re.match(r".*?\b\d{4}\b", self.citation)
        return found[0] if found else self.citation

    @property
    def bibtex(self) -> str:
        """A BibTeX entry of what is known of it: no title, as citations have none."""
        authors, year, place = _parts(self.citation)
        fields = {"author": " and ".join(authors), "year": year, "journal": place, "doi": self.doi or ""}
        if self.seen in _WARNINGS:
            fields["note"] = _WARNINGS[self.seen].strip(" ()")
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        return f"@misc{{{self.key},\n" + ",\n".join(lines) + "\n}"


def _parts(citation: str) -> tuple[list[str], str, str]:
    """Return authors, year and what follows of "Anderson & Sullivan 1993, Marketing Science 12(2)"."""
    found = re.match(r"(.*?)\s*\b(\d{4})\b[,:]?\s*(.*)", citation)
    if not found:
        return [], "", citation
    names = [name.strip() for name in re.split(r",|&", found[1].replace(" and others", " & others")) if name.strip()]
    return names, found[2], found[3]


@dataclass(frozen=True)
class Citation:
    """A place in a source, printed as "Anderson & Sullivan 1993, abstract"."""

    source: Source
    locator: str

    def __str__(self) -> str:
        return f"{self.source.short}, {self.locator}{_WARNINGS.get(self.source.seen, '')}"


def cite(source: Source, locator: str) -> Citation:
    """Return the place `locator` ("Table 2", "eq. 3, p. 110", "abstract") in a source."""
    return Citation(source, locator)
