"""What a study is given: which people, ties and purchases were read, and what was decided and left out in reading."""

from __future__ import annotations

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment


def lines(study: Experiment) -> list[str]:
    """Return a line for each purchase log and each graph that its arms take, () for those that cannot be read."""
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
    return list(dict.fromkeys(filter(None, found.values())))
