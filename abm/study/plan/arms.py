"""Arms: what a firm chooses, from the start of a run or from a date on.

An arm is a table of scenario paths and values. With `from` beside them (and `until`, `ramp`) they hold from then on;
`changes` is a list of such tables with dates of their own, for an arm in several steps:

    [arms.promotion]                       [[arms.campaign.changes]]
    from = 52                              name = "launch"
    until = 60                             from = 52
    "firms.north.price" = 0.9              set = { "firms.north.program" = { preset = "points" } }

`label` is what people read in place of the arm's name; no run depends on it.
`match` leaves one value open, which trial runs find (matches.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from abm.core.errors import Refusal
from abm.core.paths import segments
from abm.core.presets import KEY
from abm.scenario.changes import Change
from abm.scenario.scenario import Scenario

DATES = ("from", "until", "ramp")
CHANGES = "changes"
MATCH = "match"
LABEL = "label"


def paths_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scenario paths that an arm sets, with their values, without its dates, match and label."""
    return {path: value for path, value in settings.items() if path not in (*DATES, CHANGES, MATCH, LABEL)}


def in_arm(scenario: Scenario, name: str, settings: Mapping[str, Any]) -> Scenario:
    """Return the scenario of an arm.  Raises Refusal for what cannot be set, or not at that date."""
    paths, dates = paths_of(settings), {key: settings[key] for key in DATES if key in settings}
    steps = settings.get(CHANGES, ())
    if not dates and not steps:
        return scenario.replace(paths)
    own = scenario if dates else scenario.replace(paths)
    if dates:
        if "from" not in dates:
            raise Refusal(f"{' and '.join(dates)} without from; write from = the first period")
        change = Change.parse({"name": name, **dates, "set": paths}, place=f"{CHANGES}.{name}")
        own = own.replace({CHANGES: (*own.changes, change)})
    return own.replace({CHANGES: (*own.changes, *steps)}) if steps else own


def at_point(scenario: Scenario, name: str, settings: Mapping[str, Any], point: Mapping[str, Any]) -> Scenario:
    """Return the scenario of an arm at a point of a design.

    A market that the point starts from goes first: what the arm then sets of a firm is set of that market's firm, which
    keeps what else the market says of it.
    """
    start = {path: value for path, value in point.items() if path == KEY}
    return in_arm(scenario.replace(start) if start else scenario, name, settings).replace(point)


def with_setting(scenario: Scenario, arm: str, settings: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return an arm's settings with one more; a path inside a block that the arm sets changes the block."""
    if path.startswith(f"{CHANGES}.") and CHANGES in settings:
        names = [change["name"] for change in settings[CHANGES]]
        changes = in_arm(scenario, arm, settings).replace({path: value}).changes
        return {**settings, CHANGES: [change.to_dict() for change in changes if change.name in names]}
    if not any(path.startswith(f"{own}.") for own in settings):
        return {**settings, path: value}
    paths = paths_of(settings)
    world = scenario.replace(paths).replace({path: value})
    return {**settings, **{own: world.value_at(own) for own in paths}}


def dates_of(scenario: Scenario, factors: Iterable[str] = ()) -> dict[str, tuple[int, int | None]]:
    """Return the name of each change of a scenario with its first period and the first one after it, None = for good.

    factors : paths that points of a design set; a change whose dates they move has none of its own and is left out
    """
    places = [segments(path) for path in factors]
    moved = {place[1] for place in places if place[0] == CHANGES and place[-1] in DATES}
    held = [change for place, change in enumerate(scenario.changes) if not moved & {change.name, str(place)}]
    return {change.name: (change.start, change.until) for change in held}
