"""The card: every fact, and what a market shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from abm.core.errors import Refusal
from abm.facts import (
    attitudes,
    contracts,
    grievances,
    members,
    prices,
    programmes,
    purchases,
    repeat_buying,
    satisfaction,
    service,
    talk,
    voice,
    worth,
)
from abm.facts.fact import DEFAULT, Fact, Finding, Measured, judged
from abm.facts.laboratory import Laboratory
from abm.scenario.scenario import Scenario

_MODULES = (
    prices, purchases, attitudes, programmes, talk, voice, worth, repeat_buying, satisfaction, members, contracts,
    grievances, service,
)  # fmt: skip
FACTS: tuple[Fact, ...] = tuple(sorted((fact for one in _MODULES for fact in one.FACTS), key=lambda fact: fact.number))
REPLICATIONS = 10
CUSTOMERS = 2000  # of a market on the card


def usual_market(preset: str = DEFAULT) -> Scenario:
    """Return the market of a preset as it is on the card where no other is named."""
    return Scenario(preset=preset).replace({"population.customers": CUSTOMERS})


def usual_markets() -> dict[str, Scenario]:
    """Return the markets that facts of the card are about, by preset."""
    return {name: usual_market(name) for name in dict.fromkeys(fact.market for fact in FACTS)}


def findings(
    markets: Scenario | Mapping[str, Scenario],
    facts: Iterable[Fact] = FACTS,
    replications: int = REPLICATIONS,
    seed: int = 0,
    threads: int = 1,
) -> Iterator[Finding]:
    """Yield what a market shows of each fact.

    markets : one for all facts, or each fact's own by preset
    """
    laboratories: dict[str, Laboratory] = {}
    for fact in facts:
        scenario = markets if isinstance(markets, Scenario) else markets[fact.market]
        lab = laboratories.setdefault(scenario.preset, Laboratory(scenario, replications, seed, threads))
        try:
            values = fact.measure(lab)
        except Refusal as refusal:
            yield Finding(fact, scenario.preset, (), str(refusal))
        else:
            yield Finding(fact, scenario.preset, [judged(part, values[part.name]) for part in fact.parts])


def evidence(
    scenario: Scenario | None = None,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[Finding], None] = lambda finding: None,
) -> pd.DataFrame:
    """Hold a market against the stylised facts of the field.

    scenario : three years of it are run, whatever its length; None = each fact in the market that it is about

    Returns a row per number that a fact is about: number, fact, market, claim, source, status_of_source, use,
    verdict_of_fact, part, unit, target, ours, low, high, verdict. Raises Refusal for input that cannot be used.
    """
    found = []
    for finding in findings(scenario or usual_markets(), FACTS, replications, seed, threads):
        progress(finding)
        found.append(finding)
    return table(found)


def table(found: Sequence[Finding]) -> pd.DataFrame:
    """Return findings as a tidy table, a row per number."""
    return pd.DataFrame([{**_head(one), **part} for one in found for part in _parts(one)])


def document(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain data, an entry per fact: its decisive number, and all of them in `parts`."""
    entries = []
    for one in found:
        keys = ("target", "ours", "low", "high")
        decisive = {} if one.decisive is None else _part(one.decisive)
        said = {key: decisive.get(key) for key in keys}
        entries.append({**_head(one), **said, "verdict": one.verdict, "why": one.why, "parts": _parts(one)})
    return entries


def _head(one: Finding) -> dict[str, Any]:
    fact = one.fact
    return {
        "number": fact.number, "fact": fact.name, "market": one.market, "claim": fact.claim,
        "source": str(fact.source), "status_of_source": fact.status, "use": fact.use, "verdict_of_fact": one.verdict,
    }  # fmt: skip


def _parts(one: Finding) -> list[dict[str, Any]]:
    return [_part(part) for part in one.parts] or [{"part": one.why, "verdict": "not applicable"}]


def _part(one: Measured) -> dict[str, Any]:
    said = {"part": one.part.name, "unit": one.part.unit, "target": one.part.target}
    return {**said, "ours": one.ours, "low": one.low, "high": one.high, "verdict": one.verdict}
