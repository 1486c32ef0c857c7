"""The folder of data with known truth: what an analyst has at the top, the truth in a folder of its own.

log.csv  customers.csv  about.toml  README.md        truth/effects.csv  truth/about.toml
"""

from __future__ import annotations

import os
import secrets
import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal
from abm.core.spec import write_toml
from abm.core.streams import SCHEME
from abm.study.comparison.twins_question import EXITED, HISTORY, LOGGED, PROFIT, SILENT, TwinsQuestion
from abm.study.provenance.files import check_can_be_made, write_whole
from abm.study.provenance.versions import versions
from abm.study.storage.spreadsheet import harmless
from abm.world.units import MONEY

LOG, CUSTOMERS, EFFECTS = "log.csv", "customers.csv", "truth/effects.csv"
ABOUT, README, TRUTH = "about.toml", "README.md", "truth/about.toml"
ASSUMPTION = (
    "The true effect on a customer is her outcome in the market in which everybody is treated less that in the "
    "market in which nobody is, with the same luck. Customers of one market influence each other, by word of mouth "
    "and in waiting lines, so that this is not what treating her alone would do. The log and the outcomes of the "
    "treated come from the first of these markets, those of the others from the second: nobody's data depend on who "
    "else was assigned what, as the methods of causal inference assume (SUTVA). In a real trial treated and "
    "untreated meet, and they would."
)
_WHO = {
    "replication": ("number", "of the market: each has luck of its own"),
    "customer": ("id", "identity within the market of a replication"),
}


def check_free(folder: Path) -> None:
    """Refuse a folder in which something is already, a path that is no folder, and one where none can be made."""
    if folder.exists() and not folder.is_dir():
        raise Refusal(f"= {folder} is a file; give a folder, which is made", place="out")
    if folder.is_dir() and any(folder.iterdir()):
        raise Refusal(f"= {folder} has files already; give another folder, which is made", place="out")
    check_can_be_made(folder)


def write(
    folder: Path, tables: Mapping[str, pd.DataFrame], question: TwinsQuestion, truth: Mapping[str, float], command: str
) -> None:
    """Write the whole folder or nothing: it is filled under a passing name, and then gets its own.

    tables : by their paths inside it        truth : what is said of the effects        command : that made it

    Raises Refusal if something is there already, and OSError where nothing can be written.
    """
    check_free(folder)
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}.part"
    try:
        (part / TRUTH).parent.mkdir(parents=True)
        for path, table in tables.items():
            write_whole(part / path, harmless(table).to_csv(index=False).encode())
        texts = {ABOUT: write_toml(about(question, command)), README: _readme(question), TRUTH: write_toml(truth)}
        for path, text in texts.items():
            write_whole(part / path, text.encode())
        if folder.is_dir():
            folder.rmdir()
        part.replace(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def about(question: TwinsQuestion, command: str) -> dict[str, Any]:
    """Return the table of about.toml: everything but the truth."""
    study, unit = question.study, outcome_of(question)[0]
    return {
        "question": f"What does {question.treated} do to each customer, against {question.control}?",
        "study": study.name,
        **({"asked_by_the_study": study.question} if study.question else {}),
        "command": command,
        "seed": study.seed,
        "replications": study.replications,
        "scheme": SCHEME,
        "versions": versions(),
        "arms": {"control": question.control, "treated": question.treated, "firm": question.firm},
        "dates": {"treatment": question.date, "end": question.periods, "burn_in": study.scenario.burn_in},
        "outcome": {"name": question.outcome, "unit": unit, "meaning": outcome_of(question)[1]},
        "treatment": {
            "share": question.share,
            "rule": "P(treated) = 1 / (1 + exp(-(a + sum of strength x standardised covariate))), in each replication",
            "strengths": question.confounding,
            "hidden": list(question.hidden),
        },
        "assumption": ASSUMPTION,
        "columns": {
            Path(path).stem: {name: f"{unit}: {meaning}" for name, (unit, meaning) in columns.items()}
            for path, columns in columns_of(question).items()
        },
        "market": study.scenario.to_dict(),
        "settings": study.to_dict()["arms"],
    }


def outcome_of(question: TwinsQuestion) -> tuple[str, str]:
    """Return unit and meaning of the outcome."""
    name = question.outcome
    if name == SILENT:
        return "0 or 1", f"1 = no visit to the firm in the last {question.silence} periods (the churn of a churn model)"
    if name == EXITED:
        return "0 or 1", "1 = has left the category by the end"
    column = question.column(name)
    unit = "cu" if is_money(question) else column.unit
    if name in (*LOGGED, PROFIT):
        meaning = column.meaning.removesuffix(" so far")
        return unit, f"{meaning}, from the period of treatment to the end"
    return unit, f"{column.meaning}; at the end"


def is_money(question: TwinsQuestion) -> bool:
    """Return whether the outcome is in cu."""
    return question.outcome != SILENT and question.column(question.outcome).unit in MONEY


def columns_of(question: TwinsQuestion) -> dict[str, dict[str, tuple[str, str]]]:
    """Return unit and meaning of the columns of each table."""
    known = {name: _covariate(question, name) for name in question.covariates}
    unit, meaning = outcome_of(question)
    sides = {f"outcome_{side}": (unit, f"her outcome in the {side} arm") for side in ("control", "treated")}
    log = {"period": ("period", "of the visit, from 0"), "spend": ("cu", "paid on it")}
    return {
        LOG: _WHO | log,
        CUSTOMERS: {
            **_WHO,
            **{name: known[name] for name in question.columns},
            "treated": ("0 or 1", "1 = assigned to the treated arm"),
            "outcome": (unit, meaning),
        },
        EFFECTS: {
            **_WHO,
            **sides,
            "effect": (unit, "outcome_treated less outcome_control"),
            "probability": ("0-1", "of being assigned to the treated arm"),
            **{name: known[name] for name in question.hidden},
        },
    }


def _covariate(question: TwinsQuestion, name: str) -> tuple[str, str]:
    if name in HISTORY:
        return HISTORY[name]
    column = question.column(name)
    if name in question.answers:
        return column.unit, f"{column.meaning.partition('?')[0]}? Her latest answer to the firm"
    unit = "cu" if column.unit in MONEY else column.unit
    return unit, f"{column.meaning}; as it truly is when treatment begins"


def _readme(question: TwinsQuestion) -> str:
    unit, meaning = outcome_of(question)
    rule = (
        "at random"
        if not question.confounding
        else "the likelier the more a customer has of (below 0: the less): "
        + ", ".join(f"{name} (strength {strength:g})" for name, strength in question.confounding.items())
    )
    hidden = f" Not among the columns: {', '.join(question.hidden)}." if question.hidden else ""
    tables = "\n\n".join(_listed(path, columns) for path, columns in columns_of(question).items())
    return f"""# Customers whose true treatment effects are known

What does `{question.treated}` do to each customer of `{question.firm}`, against `{question.control}`? These data are of
simulated customers. An estimator may read everything here but the folder `truth`, which is for grading what it found.

- The customers are those who were in the market when treatment began, in period {question.date}. Covariates are from
  before it; the last period is {question.periods - 1}.
- Outcome: `{question.outcome}` ({unit}): {meaning}.
- {100 * question.share:g} % of the customers are treated on average, {rule}.{hidden}
- What is not known of a customer, such as an answer that she never gave, is left empty.
- `about.toml` has the command, the seed, the rule of treatment, and the whole market.

{textwrap.fill(ASSUMPTION, 120)}

{tables}
"""


def _listed(path: str, columns: Mapping[str, tuple[str, str]]) -> str:
    rows = "\n".join(f"| `{name}` | {unit} | {meaning} |" for name, (unit, meaning) in columns.items())
    return f"## {path}\n\n| column | unit | meaning |\n|---|---|---|\n{rows}"
