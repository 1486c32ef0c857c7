"""What a study is given: which people, ties and purchases were read, what was decided and left out in reading, and
which values do not mean what one may take them for."""

from __future__ import annotations

from abm.core.errors import Refusal, one_of
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment


def lines(study: Experiment) -> list[str]:
    """Return a line for each purchase log and graph that its arms take, and each firm that they give no limit.

    Of logs and graphs that cannot be read there is none.
    """
    found: dict[object, str] = {}
    for world in study.worlds:
        people, network = world.population, world.network
        try:
            if people.log is not None:
                file = people.log_file(study.folder)
                found[file] = f"log {file.reading().describe()}"
            if (network, people.customers) not in found:
                said = network.describe(people.customers, study.folder)
                found[network, people.customers] = f"ties {said}" if said else ""
        except Refusal:  # of a report whose files are gone
            continue
    return [*dict.fromkeys(filter(None, found.values())), *_without_limit(study)]


def _without_limit(study: Experiment) -> list[str]:
    """Return a line for each firm whose servers arms set to 0, which is no limit, as it is where nothing is set."""
    limited = {firm for firm, least in _least_servers(study.scenario).items() if least > 0}
    found: dict[str, list[str]] = {}
    for arm in study.arms:
        least = _least_servers(study.scenario_of(arm))
        for firm in limited:
            if least.get(firm) == 0:
                found.setdefault(firm, []).append(f"'{arm}'")
    return [
        f"firms.{firm}.waiting_line.servers = 0 of arm{'s' * (len(arms) > 1)} {one_of(arms, 'and')} is enough for "
        "everybody, not nobody on duty: there is no waiting line, and no server is paid"
        for firm, arms in sorted(found.items())
    ]


def _least_servers(scenario: Scenario) -> dict[str, int]:
    """Return the fewest servers of each firm's waiting line at any date, 0 = enough for everybody."""
    found: dict[str, int] = {}
    for _, still in scenario.stretches():
        for firm in still.firms:
            found[firm.name] = min(firm.waiting_line.servers, found.get(firm.name, firm.waiting_line.servers))
    return found
