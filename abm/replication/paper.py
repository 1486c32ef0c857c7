"""A paper whose findings are reproduced: a folder with its claims, a market or settings, and a script.

targets.csv    what it claims (`abm.replication.claims`)
scenario.toml  a study's file, of which a table [paper] holds what is no part of a market
replicate.py   `replicate(paper)` returns, by claim, a number, values of replications, or (value, standard error)
README.md      what was done, and why what is not reproduced is not
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.toml import read_toml
from abm.replication.claims import Ours, judged, read_claims
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.overrides import overrides, parsed
from abm.study.provenance.code_files import CodeFile

FOLDER = "papers"
SCRIPT, TARGETS, SCENARIO = "replicate.py", "targets.csv", "scenario.toml"
COLUMNS = ("paper", "claim", "published", "ours", "low", "high", "tolerance", "verdict", "where", "seen", "direction")
_OWN = "paper."


@dataclass(frozen=True)
class Paper:
    """What a script gets.

    study    : of scenario.toml: scenario, arms, seed, replications
    settings : of its table [paper]
    folder   : where the paper's files lie
    """

    name: str
    study: Experiment
    settings: Mapping[str, Any]
    folder: Path


def folder_of_papers(given: Path | None = None) -> Path:
    """Return the folder of papers: the one given, or `papers` here or in a folder above.  Raises Refusal."""
    if given is not None:
        if not given.is_dir():
            raise Refusal("there is no such folder", place=f"--papers {given}")
        return given
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / FOLDER).glob(f"*/{SCRIPT}")):
            return folder / FOLDER
    raise Refusal(f"there is no folder {FOLDER} here or above; go to where the sources lie, or give --papers DIR")


def papers_in(folder: Path) -> list[str]:
    """Return the names of the papers in a folder, sorted."""
    return sorted(path.parent.name for path in folder.glob(f"*/{SCRIPT}"))


def read_paper(folder: Path, name: str, sets: Sequence[str] = ()) -> Paper:
    """Return a paper with some values changed.

    sets : "PATH=VALUE", of the scenario, its arms, seed and replications as elsewhere, or "paper.NAME" of its settings

    Raises Refusal for a name that no paper has, a file that cannot be used, and a path that leads nowhere.
    """
    known = papers_in(folder)
    if name not in known:
        near = did_you_mean(name, known) or f"; there is {one_of(known) or 'none'}"
        raise Refusal(f"no paper {shown(name)}{near}")
    path = folder / name / SCENARIO
    table = read_toml(path)
    settings = dict(checks.table("paper", table.pop("paper", {})))
    with checks.at("", path.name):
        study = Experiment.from_dict(table, name=name, source=path.name, folder=folder / name)
    given: dict[str, str] = {}
    for one in (one for one in sets if one.strip().startswith(_OWN)):
        with checks.at("", f"--set {one}"):
            key, value = parsed(one)
            if key in given:
                raise Refusal(f"'{key}' is set already by --set {given[key]}; set it once")
            given[key] = one
            settings = _set(settings, key.removeprefix(_OWN), value)
    rest = [one for one in sets if not one.strip().startswith(_OWN)]
    return Paper(name, overrides(study, rest) if rest else study, settings, folder / name)


def _set(settings: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return settings with one of them changed, of the same kind as before."""
    first, _, inner = key.partition(".")
    if first not in settings:
        near = did_you_mean(first, settings) or f"; there is {one_of(settings) or 'none'}"
        raise Refusal(f"no setting {shown(first)}{near}")
    before = settings[first]
    if inner:
        return {**settings, first: _set(checks.table(first, before), inner, value)}
    if isinstance(before, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(before):
        raise Refusal(f"= {shown(value)} is not of the kind of {shown(before)}", place=first)
    return {**settings, first: value}


def replicate(name: str, sets: Sequence[str] = (), papers: Path | str | None = None) -> pd.DataFrame:
    """Run a paper's script and judge what it finds: a row per claim, with COLUMNS.

    sets   : "PATH=VALUE" of its scenario.toml, changed for this time
    papers : the folder that papers lie in; left out = `papers` here or above

    Raises Refusal for a paper that cannot be used, and for a script that leaves out a claim or adds one.
    """
    folder = folder_of_papers(None if papers is None else Path(papers))
    paper = read_paper(folder, name, sets)
    claims = read_claims(paper.folder / TARGETS)
    found = _found(paper)
    words = [claim.claim for claim in claims]
    for word in (*words, *found):
        if word not in found or word not in words:
            said = "has no number for" if word not in found else f"has a number for what {TARGETS} does not claim,"
            near = did_you_mean(word, words) if word in found else ""
            raise Refusal(f"{said} {shown(word)}{near}", place=f"{name}/{SCRIPT}")
    rows = []
    for claim in claims:
        ours = Ours.of(found[claim.claim])
        values = (name, claim.claim, claim.published, ours.value, ours.low, ours.high, claim.tolerance)
        rows.append((*values, judged(claim, ours), claim.where, claim.seen, claim.direction))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _found(paper: Paper) -> Mapping[str, Any]:
    """Run a paper's script."""
    module = CodeFile.read(paper.folder / SCRIPT).module()
    run = getattr(module, "replicate", None)
    if not callable(run):
        raise Refusal("defines no replicate(paper)", place=f"{paper.name}/{SCRIPT}")
    found = run(paper)
    if not isinstance(found, Mapping):
        raise Refusal(f"replicate returns {shown(found)}, no table of claims", place=f"{paper.name}/{SCRIPT}")
    return found


__all__ = ["COLUMNS", "FOLDER", "Paper", "folder_of_papers", "papers_in", "read_paper", "replicate"]
