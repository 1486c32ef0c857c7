"""`abm.queue`: a queue by itself, without a market around it."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import CONTINUES, Refusal, one_of, shown
from abm.core.toml import read_toml
from abm.queues.people import MOST, Luck, People, drawn, patience_of, wants
from abm.queues.queue import SOURCES, Queue
from abm.queues.running import Trace, served
from abm.queues.served import Served

CUSTOMERS = 10_000
_WARM_UP = 0.1  # of the customers, or minutes


def queue(
    setting: Queue | Mapping[str, Any] | Path | str | None = None,
    /,
    *,
    arrival: ArrayLike | None = None,
    need: ArrayLike | None = None,
    customers: int | None = None,
    duration: float | None = None,
    seed: int = 1,
    replications: int = 1,
    warm_up: float | None = None,
    within: float = 20.0,
    **values: Any,
) -> Served:
    """Serve customers in a queue and return what became of them.

    setting   : a Queue, a table of its parameters or the path of a TOML file; `values` are added or go before
    arrival   : (n,) minutes, times at which customers come, instead of a rate; in any order
    need      : (n,) or (stages, n) minutes of service, instead of minutes or service;   patience : may be (n,) minutes
    customers : how many are served (10,000 if no duration is given); of a finite population about as many
    duration  : minutes in which people come, instead of `customers`; who is there at the end is served
    seed, replications : of the luck;   within : seconds, after which service counts as late
    warm_up   : left out of measures at the beginning, customers, or minutes if a duration is given; left out = a tenth,
                or nothing where the day has a shape: a profile, shifts, appointments or arrivals given

    `queue(rate=0.8, minutes=1.0)` is M/M/1: 0.8 come a minute, a service takes 1 minute in the mean.
    Raises Refusal, one line, for what cannot be used.
    """
    given = values.pop("patience") if _is_column(values.get("patience")) else None
    spec, place = _setting(setting, values), setting if isinstance(setting, str | Path) else ""
    try:
        columns = _columns(spec, arrival, need, given)
        _check_sources(spec, columns)
        n, minutes = _length(customers, duration, columns)
        for name, number, least in (("replications", replications, 1), ("seed", seed, 0)):
            _whole(name, number, least)
        if not _number(within) >= 0:
            raise Refusal(f"{CONTINUES}{shown(within)} is no number of seconds; take 0 or more", place="within")
        traces = [served(spec, _people(spec, seed, k, n, minutes, columns), seed, k) for k in range(replications)]
        shaped = spec.has_shape or "arrival" in columns
        left_out = [_left_out(trace, warm_up, duration, shaped) for trace in traces]
    except Refusal as refusal:
        raise refusal if refusal.source or not place else _from(refusal, Path(place)) from None
    return Served(spec, seed, traces, left_out, float(within))


def _setting(setting: Any, values: dict[str, Any]) -> Queue:
    if setting is None:
        return Queue(**values)
    if isinstance(setting, Queue):
        return setting.replace(values) if values else setting
    if isinstance(setting, Mapping):
        return Queue.parse({**setting, **values}, place="queue")
    if not isinstance(setting, str | Path):
        raise Refusal(f"{CONTINUES}{shown(setting)} is no Queue, table or path of a TOML file", place="queue")
    return Queue.parse({**read_toml(setting), **values}, source=Path(setting).name)


def _from(refusal: Refusal, path: Path) -> Refusal:
    return Refusal(refusal.message, place=refusal.place, source=path.name)


def _is_column(value: Any) -> bool:
    return isinstance(value, np.ndarray | list | tuple) or type(value).__module__.startswith("pandas")


def _columns(spec: Queue, arrival: Any, need: Any, patience: Any) -> dict[str, NDArray[np.float64]]:
    """Return the columns that are given, in the order of arrival.  Raises Refusal for one that cannot be used."""
    columns = {name: _column(name, one) for name, one in _given(arrival, need, patience)}
    if not columns:
        return {}
    if "arrival" not in columns:
        raise Refusal("is missing; columns of needs or patience need one of arrivals", place="arrival")
    n = len(columns["arrival"])
    for name, one in columns.items():
        if one.shape[-1] != n or (name != "need" and one.ndim > 1):
            raise Refusal(f"has shape {one.shape}, but {n} customers arrive; give one number each", place=name)
    if "need" in columns and columns["need"].ndim == 1:
        columns["need"] = columns["need"][None, :]
    if "need" in columns and len(columns["need"]) != spec.stages:
        raise Refusal(
            f"has {len(columns['need'])} rows, but there are {spec.stages} stages; give a row each", place="need"
        )
    order = np.argsort(columns["arrival"], kind="stable")
    return {name: np.ascontiguousarray(one[..., order]) for name, one in columns.items()}


def _given(arrival: Any, need: Any, patience: Any) -> list[tuple[str, Any]]:
    every = (("arrival", arrival), ("need", need), ("patience", patience))
    return [(name, one) for name, one in every if one is not None]


def _column(name: str, given: Any) -> NDArray[np.float64]:
    try:
        column = np.array(given, np.float64)
    except (TypeError, ValueError):
        raise Refusal(f"{CONTINUES}{shown(given)} is no column of minutes", place=name) from None
    if column.ndim not in (1, 2) or column.size == 0:
        raise Refusal(f"has shape {column.shape}; give a number for each customer", place=name)
    least = "more than 0" if name == "patience" else "0 or more"
    good = column > 0 if name == "patience" else (column >= 0) & np.isfinite(column)
    if not good.all():
        at = tuple(int(k) for k in np.argwhere(~good)[0])
        where = f"{name}[{', '.join(map(str, at))}]"
        raise Refusal(f"{CONTINUES}{shown(float(column[at]))} minutes is not possible; take {least}", place=where)
    return column


def _check_sources(spec: Queue, columns: Mapping[str, Any]) -> None:
    sources = [name for name in SOURCES if getattr(spec, name) is not None]
    if "arrival" in columns and sources:
        raise Refusal(f"comes with arrivals given; leave {sources[0]} out", place=sources[0])
    if "arrival" not in columns and not sources:
        raise Refusal(f"says not when people come; give {one_of((*SOURCES, 'arrival'))}", place="queue")
    if "need" not in columns and not all(spec.served_by(kind) for kind in spec.people):
        raise Refusal("says not how long service takes; give minutes, service or need", place="queue")
    if "need" in columns and any(spec.served_by(kind) for kind in spec.people):
        raise Refusal("comes with minutes or service; give one of them", place="need")
    if "patience" in columns and any(patience_of(spec, kind) for kind in spec.people):
        raise Refusal("of kinds comes with a column of patience; give one of them", place="patience")


def _length(customers: Any, duration: Any, columns: Mapping[str, Any]) -> tuple[int | None, float | None]:
    """Return (customers, None), or (None, minutes).  Raises Refusal."""
    if columns:
        for name, one in (("customers", customers), ("duration", duration)):
            if one is not None:
                raise Refusal("comes with arrivals given, which say how many there are; leave it out", place=name)
        return None, None
    if customers is not None and duration is not None:
        raise Refusal("comes with customers; give one of them", place="duration")
    if duration is not None:
        if not 0 < _number(duration) <= 1e9:
            raise Refusal(
                f"{CONTINUES}{shown(duration)} is no time in which people come; take minutes", place="duration"
            )
        return None, float(duration)
    return _whole("customers", CUSTOMERS if customers is None else customers, 1), None


def _whole(name: str, value: Any, least: int) -> int:
    try:
        whole = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        whole = -1
    if not least <= whole <= MOST:
        message = f"{CONTINUES}{shown(value)} is no whole number in [{least}, {MOST}]"
        raise Refusal(f"{message}; take one", place=name)
    return whole


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return float(value) if is_number else float("nan")


def _people(spec: Queue, seed: int, replication: int, n: int | None, minutes: float | None, columns: Any) -> People:
    luck = Luck(seed, replication, spec.population.size if spec.population else 0)
    if not columns:
        return drawn(spec, luck, n, minutes)
    people = wants(spec, luck, columns["arrival"])
    people.need, people.patience = columns.get("need", people.need), columns.get("patience", people.patience)
    return people


def _left_out(trace: Trace, warm_up: Any, duration: float | None, shaped: bool) -> int:
    """Return how many customers at the beginning are not counted.  Raises Refusal if none would be left."""
    n = len(trace.arrival)
    if warm_up is None:
        if shaped:
            return 0
        return int(np.searchsorted(trace.arrival, _WARM_UP * duration)) if duration is not None else int(_WARM_UP * n)
    if not _number(warm_up) >= 0:
        raise Refusal(f"{CONTINUES}{shown(warm_up)} is less than nothing; take 0 or more", place="warm_up")
    out = int(np.searchsorted(trace.arrival, float(warm_up))) if duration is not None else int(warm_up)
    if out >= max(n, 1):
        raise Refusal(f"{CONTINUES}{shown(warm_up)} leaves none of the {n} customers; take less", place="warm_up")
    return out
