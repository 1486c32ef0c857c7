"""Record the bits of the baseline markets anew, and the sources that made them: `python -m tests.baselines.update`.

Bits or defaults that moved are recorded only together with a line of CHANGELOG.md that begins `Numbers:` and is not
there yet. Then every edited source gets a new revision, by which stored runs know that they are of the old one; where
nothing moved, it keeps its revision, and stored runs their ids.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import plain
from abm.study.provenance.revisions import REVISIONS
from abm.study.provenance.sources import KPIS, MARKET, REMEMBERED, names, remembered, source
from tests.baselines.digests import RECORDED, digests, news, recorded
from tests.baselines.markets import MARKETS

Revisions = dict[str, dict[str, Any]]


def moved(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what was recorded before and is another now, as "market: column"."""
    return [
        f"{market}: {name}"
        for market, found in new.items()
        for name, value in found.items()
        if old.get(market, {}).get(name, value) != value
    ]


def defaults() -> dict[str, Any]:
    """Return the default of every parameter: the markets say many of them themselves, and would not show a change."""
    return {row.path: plain(row.default) for row in Scenario.parameters()}


def at_work() -> set[str]:
    """Return what shows in the bits of the markets if it changes."""
    acting = {step.mechanism.name for market in MARKETS.values() for step in Scenario.parse(market).steps()}
    return {MARKET, KPIS, *acting}


def revised(old: Revisions, sources: Mapping[str, str], seen: Collection[str], news: bool) -> Revisions:
    """Return the revisions that sources have.

    seen : names whose changes would show      news : whether something moved

    A theory that is no more keeps its revision, with no source: one that comes back under its name goes on from there.
    """
    edited = {name for name in old.keys() & sources.keys() if old[name]["source"] != sources[name]}
    unknown = {name for name in edited if name not in seen or not old[name]["source"]}
    up = ((edited or {MARKET}) if news else set()) | unknown
    numbers = {name: old[name]["revision"] + (name in up) if name in old else 1 for name in {*old, *sources}}
    return {name: {"revision": numbers[name], "source": sources.get(name, "")} for name in sorted(numbers)}


def record_sources(news: bool) -> list[str]:
    """Record the sources as they are; return the names that have a new revision."""
    old = json.loads(REVISIONS.read_text("utf-8")) if REVISIONS.exists() else {}
    found = revised(old, {name: source(name) for name in names()}, at_work(), news)
    _write(REVISIONS, found)
    _write(REMEMBERED, remembered())
    return [name for name in found if name in old and found[name]["revision"] != old[name]["revision"]]


def main() -> int:
    """Record, or say which `Numbers:` line is missing."""
    before = recorded() if RECORDED.exists() else {"numbers": [], "markets": {}}
    now, standing = {market: digests(market) for market in MARKETS}, defaults()
    changed = moved(before["markets"] | {"defaults": before.get("defaults", {})}, now | {"defaults": standing})
    if changed and set(news()) <= set(before["numbers"]):
        print(*changed, sep="\n")
        print(f"{len(changed)} values moved; say why in a line of CHANGELOG.md that begins 'Numbers:'")
        return 1
    _write(RECORDED, {"numbers": news(), "markets": now, "defaults": standing})
    raised = record_sources(news=bool(changed))
    print(f"{len(now)} markets recorded, {len(changed)} values moved, new revisions: {', '.join(raised) or 'none'}")
    return 0


def _write(path: Path, table: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
