"""Input files of a study: purchase logs and graph files that lie beside the study file, or in an allowed folder.

They are read when an experiment is built, count by their content in the ids of its runs, and are copied into the
results folder, which so holds all that its runs were made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.logs.log_files import shipped_logs
from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import digest
from abm.study.provenance.files import write_whole
from abm.world.files import kept_as, located
from abm.world.network.network import DRAWN

FOLDER = "inputs"  # of a results folder
SECTIONS = ("population", "network")  # of a scenario, that name files


def named(scenario: Scenario) -> tuple[str, ...]:
    """Return the paths of a scenario's input files, relative to the study's folder."""
    log, graph = scenario.population.log, scenario.network
    logs = (log,) if log is not None and log not in shipped_logs() else ()
    return (*logs, str(graph.file)) if graph.kind == "file" else logs


def check(scenario: Scenario, folder: Path | None) -> None:
    """Refuse a scenario whose input files, or its shipped log, cannot be used."""
    if scenario.population.log is not None:
        scenario.population.log_file(folder).reading()
    if scenario.network.kind not in DRAWN:
        scenario.network.build(scenario.population.customers, stream_key(0, "graph"), 0, folder=folder)


def digests(scenarios: Iterable[Scenario], folder: Path | None) -> dict[str, str]:
    """Return path -> digest of the content, for all input files of several scenarios."""
    paths = sorted({name for scenario in scenarios for name in named(scenario)})
    return {name: digest(content(name, folder)).hex() for name in paths}


def keep(names: Iterable[str], folder: Path | None, results: Path) -> None:
    """Copy input files into a results folder; raise OSError if it cannot be written."""
    for name in names:
        target, data = results / FOLDER / kept_as(name), content(name, folder)
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data)


def content(name: str, folder: Path | None) -> bytes:
    """Return the bytes of an input file.  Raises Refusal if it cannot be read."""
    try:
        return located(name, folder).read_bytes()
    except OSError as error:
        raise Refusal(f"cannot be read: {error.strerror}", place=name) from None
