"""Tables of single persons for people: firms and segments under their names, and the unit of each column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.study.storage.manifest import read_manifest
from abm.study.storage.store import Store
from abm.study.storage.units import UNITS, of_records, recorded
from abm.world.segments import SEGMENT

if TYPE_CHECKING:
    from abm.study.storage.results import Results

_FIRM = "firm"  # unit of a column that holds the place of a firm, -1 = none
_RENAMING = ("preset", "population", "population.preset")  # paths that may bring other segments


def named(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of persons or visits with names for codes, and units in `attrs["units"]`.

    A column in firms (`provider`, `visit_provider`, …) has their names, and is missing where there is none; `segment`
    has those of the segments, unless an arm or a factor brings others. All other codes stay: docs/model.md says what
    each stands for.
    """
    extras = results._experiment.scenario.extras if results._experiment is not None else ()
    columns = recorded(extras)
    words: dict[str, Sequence[str]] = {name: results.sheet.firms for name in table if _is_of_firms(columns.get(name))}
    if SEGMENT.name in table:
        words[SEGMENT.name] = _segments(results)
    found = table.assign(**{name: _in_words(table[name], known) for name, known in words.items() if known})
    found.attrs[UNITS] = of_records(results.sheet, map(str, table), extras)
    return found


def _is_of_firms(column: Any) -> bool:
    return column is not None and column.unit == _FIRM


def _in_words(codes: pd.Series, words: Sequence[str]) -> Any:
    """Return codes as categories, missing where there is none; codes as they are if some have no word."""
    places = np.where(codes.isna(), -1, codes).astype(np.int64)
    return pd.Categorical.from_codes(places, list(words)) if places.max(initial=-1) < len(words) else codes


def _segments(results: Results) -> tuple[str, ...]:
    """Return the names of the segments in the order of their codes; () if they are not the same in all runs."""
    study, segments = results._experiment, results._segments
    arms: Iterable[Any]
    if study is not None:
        names, arms = [one.name for one in study.scenario.population.segments], study.arms.values()
    elif isinstance(segments, Store):
        table = read_manifest(segments.folder).experiment
        there = table["scenario"]["population"].get("segments", ())
        names, arms = [one["name"] for one in there], table["arms"].values()
    else:
        return ()
    paths = [*results.sheet.design.factors, *(path for arm in arms for path in arm)]
    other = any(path in _RENAMING or path.startswith("population.segments") for path in paths)
    return () if other else tuple(names)
