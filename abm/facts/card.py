"""The card: every fact, and what a market shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from abm.core.errors import Refusal
from abm.facts import attitudes, prices, programmes, purchases, talk, voice, worth
from abm.facts.fact import Fact, Finding, Measured, judged
from abm.facts.laboratory import Laboratory
from abm.scenario.scenario import Scenario

_ALL = (*prices.FACTS, *purchases.FACTS, *attitudes.FACTS, *programmes.FACTS, *talk.FACTS, *voice.FACTS, *worth.FACTS)
FACTS: tuple[Fact, ...] = tuple(sorted(_ALL, key=lambda fact: fact.number))
REPLICATIONS = 10
CUSTOMERS = 2000  # of the default market on the card


def default_market() -> Scenario:
    """Return the market that the card is of where no other is named."""
    return Scenario().replace({"population.customers": CUSTOMERS})


def findings(
    scenario: Scenario,
    facts: Iterable[Fact] = FACTS,
    replications: int = REPLICATIONS,
    seed: int = 0,
    threads: int = 1,
) -> Iterator[Finding]:
    """Yield what a market shows of each fact."""
    lab = Laboratory(scenario, replications, seed, threads)
    for fact in facts:
        try:
            values = fact.measure(lab)
        except Refusal as refusal:
            yield Finding(fact, (), str(refusal))
        else:
            yield Finding(fact, [judged(part, values[part.name]) for part in fact.parts])


def evidence(
    scenario: Scenario | None = None,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[Finding], None] = lambda finding: None,
) -> pd.DataFrame:
    """Hold a market against the stylised facts of the field.

    scenario : None = the default market; of any other, three years are run whatever its length

    Returns a row per number that a fact is about: number, fact, claim, source, status_of_source, use, verdict_of_fact,
    part, unit, target, ours, low, high, verdict. Raises Refusal for input that cannot be used.
    """
    found = []
    for finding in findings(scenario or default_market(), FACTS, replications, seed, threads):
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
        "number": fact.number, "fact": fact.name, "claim": fact.claim, "source": str(fact.source),
        "status_of_source": fact.status, "use": fact.use, "verdict_of_fact": one.verdict,
    }  # fmt: skip


def _parts(one: Finding) -> list[dict[str, Any]]:
    return [_part(part) for part in one.parts] or [{"part": one.why, "verdict": "not applicable"}]


def _part(one: Measured) -> dict[str, Any]:
    said = {"part": one.part.name, "unit": one.part.unit, "target": one.part.target}
    return {**said, "ours": one.ours, "low": one.low, "high": one.high, "verdict": one.verdict}
