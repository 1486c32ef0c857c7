"""Revisions: which numbers shipped code makes, counted up by one where they change.

`library/revisions.json` has a revision for each name of sources.py, with the digest of the source that it stands for.
Code as it was recorded counts by its revision alone, so that a clearer text keeps the ids of stored runs. Code that
somebody has edited since, or a theory that was never recorded, counts by its source as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from abm.study.provenance.sources import ROOT, source

REVISIONS = ROOT / "library" / "revisions.json"


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Return name -> {"revision": number, "source": digest} as shipped."""
    return json.loads(REVISIONS.read_text("utf-8")) if REVISIONS.exists() else {}


def revisions(names: Iterable[str]) -> dict[str, list[Any]]:
    """Return for each name its revision, followed by the digest of its source if that is not the one recorded."""
    return {name: _revision(name) for name in names}


def _revision(name: str) -> list[Any]:
    known = recorded().get(name, {"revision": 0, "source": ""})
    return [known["revision"]] if known["source"] == source(name) else [known["revision"], source(name)]
