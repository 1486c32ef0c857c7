"""docs/model.md: what the program computes, theory by theory, read off the theories' files.

python -m abm.view.model_page writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from abm.core.spec import Spec
from abm.mechanisms.mechanism import Mechanism, documentation
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.view import catalogue, theory
from abm.view.markdown import prose, table
from abm.view.tables import written
from abm.world import visits
from abm.world.columns import MOST_FIRMS, Column
from abm.world.population import COLUMNS as TRAITS

PAGE = Path(__file__).parents[2] / "docs" / "model.md"
COMMAND = "python -m abm.view.model_page"

INTRODUCTION = f"""\
<!-- Generated: edit the theories' files in abm/mechanisms and the words in abm/view/model_page.py, then {COMMAND} -->

# The model, theory by theory

This page states what the program computes. It is read off the theories' files; a scenario of one's own, in the order in
which it runs, is described by `patronage show odd`, and one parameter with its source by `patronage show parameters
NAME`.

## What exists

*n* customers, *m* firms (at most {MOST_FIRMS}), and ties of word of mouth between customers, each with a weight. One
period is a week unless the scenario says otherwise. State is kept in columns: an array over customers, over firms and
customers, or over the visits of a period, each with one owner.

A **visit** is one occasion of one customer. All decisions of a period are taken on the state at its start: a customer
with two occasions in a period decides both on the same beliefs. Visits are listed by customer, then by their number
within the period (`nth`: 0, 1, …), and learning goes through them in that order, theory by theory: all visits update
satisfaction, then all update trust, and so on."""

LUCK = """\
## Where luck comes from

Each decision has one uniform number, a pure function of its address (Philox4x32-10, `abm/core/streams.py`). The key is
the stream of the theory, which has its name; the counter is (customer id, period, draw · 65536 + block, replication),
and for ties (sender, receiver, period · 256 + draw, replication). A counter gives four words; *word 0* and so on below.
A word becomes a uniform of 23 bits, never 0 or 1; of 32 bits where small probabilities count. Normal draws are the
normal quantile of a uniform."""

READING = """\
## How to read the theories

Formulas stand as the program computes them, in the names of columns, levers and parameters: `x if a else b` is x where
a holds and b elsewhere, `unit(x)` is x clipped to [0, 1], `exp` and `ln` are the exponential and the natural logarithm,
`i` is a customer, `j` a firm, `t` the period; a *row* is a customer of those who are worked on together. A **sum** is
open: every theory may add its term, and one theory reads it. A **tally** counts whole numbers for each firm; money says
its account. A kernel is a loop over customers or visits; where it does not run with the defaults, what it needs is
said. Parameters are set as `scenario.THEORY.PARAMETER`; NAME is a firm's name."""


def model_page() -> str:
    """Return the page, in Markdown."""
    parts = [[INTRODUCTION], _given(), [LUCK], _period(), [READING], *(_theory(kind) for kind in theory.ordered())]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _given() -> Iterator[str]:
    """Yield the columns that no theory owns."""
    yield "Customers differ in traits, which are drawn once (`abm/world/population.py`):"
    yield ""
    yield from table(("trait", "unit", "meaning"), [(f"`{c.name}`", c.unit, c.meaning) for c in TRAITS])
    yield ""
    yield "What is known of each visit, from the moment it arises to what came of it:"
    yield ""
    yield from table(("of a visit", "unit", "meaning"), [(f"`{c.name}`", c.unit, c.meaning) for c in visits.COLUMNS])


def _period() -> Iterator[str]:
    yield "## One period"
    yield ""
    yield "Phases in the order in which they run, and in each what theories do, in that order too. A phase in which all"
    yield "meet begins when everybody has finished the one before; the others work on some thousand customers at once."
    yield ""
    doing = [acting for kind in shipped() for acting in theory.acts(kind)]
    rows = []
    for phase in Phase:
        here = ", ".join(f"{one.theory} `{one.name}`" for one in doing if one.phase == phase)
        rows.append((phase.label, "all meet" if phase.scope == "market" else "each alone", phase.words, here or "-"))
    yield from table(("phase", "done", "what happens", "by whom"), rows)


def _theory(kind: type[Mechanism]) -> Iterator[str]:
    yield f"## {kind.name}"
    yield ""
    standard = "" if kind.standard else f" On if the scenario has a section `{kind.name}`."
    yield f"**{catalogue.summary_line(kind)}**{standard}"
    for page in theory.pages(kind):
        yield from _claim(page, page == kind.__module__)
    for part in (_equations(kind), _parameters(kind), _policy(kind), _columns(kind), _sums(kind), _tallies(kind)):
        yield from part
    yield from _doing(kind)


def _claim(page: str, main: bool) -> Iterator[str]:
    """Yield what a module says of itself; a further module of a theory is named first."""
    said = catalogue.theory_on(page)
    yield ""
    about = said["about"] if main else f"{said['about']} (`{page.rpartition('.')[2]}.py`)"
    claim, source = (f"*{label}:* {said[label.lower()]}" for label in ("Claim", "Source"))
    yield " ".join((about, claim, source))


def _equations(kind: type[Mechanism]) -> Iterator[str]:
    found = [equation for page in theory.pages(kind) for equation in theory.equations(page)]
    if found:
        yield from ("", "Equations:", "")
    for one in found:
        formula = f" {one.formula}" if one.formula else ""
        yield f"- `{one.signature}`{formula}: {_returned(one.docstring)}"


def _returned(docstring: str) -> str:
    """Return what a docstring says is returned."""
    return prose(docstring).removeprefix("Return ")


def _parameters(kind: type[Spec], path: str = "") -> Iterator[str]:
    rows = []
    for one in kind.parameters():
        default = "required" if one.required else written(one.default) or "none"
        bounds = written(list(one.bounds), "bounds") if one.bounds else _words(one.type)
        evidence = f"{one.evidence}; {one.source}" if one.source else one.evidence
        rows.append((f"`{path}{one.path}`", default, one.unit, bounds, one.doc, evidence))
    if rows:
        yield ""
        name = "lever" if path else "parameter"
        yield from table((name, "default", "unit", "bounds", "meaning", "evidence"), rows)


def _words(of_type: str) -> str:
    """Return the words that a parameter may be, where it may be some only."""
    return of_type.replace("'", "").replace(" | ", ", ") if "'" in of_type else "-"


def _policy(kind: type[Mechanism]) -> Iterator[str]:
    policy = kind.policy
    if policy is None:
        return
    yield ""
    without = " A firm may do without." if policy.optional else ""
    yield f"What a firm sets: {catalogue.summary_line(policy)}{without}"
    yield from _parameters(policy, f"firms.NAME.{policy.name}.".replace("..", "."))
    yield from _worked_out(policy)
    for said, reasons in (("Given, and nobody's choice", policy.given), ("Free by nature", policy.free)):
        if reasons:
            yield ""
            yield f"{said}: {'; '.join(f'`{name}` ({reason})' for name, reason in reasons.items())}."


def _worked_out(policy: type[Policy]) -> Iterator[str]:
    """Yield the levers that follow from others, and the equations on levers, such as costs."""
    names = ", ".join(f"`{name}`" for name in policy.absent().worked_out(Firm(name="nobody")))
    if names:
        yield ""
        yield f"Worked out from these: {names}: {_returned(policy.worked_out.__doc__ or '')}"
    for name, thing in vars(policy).items():
        if isinstance(thing, property) and not name.startswith("_"):
            yield from ("", f"`{name}`: {prose(thing.__doc__ or '')}")


def _columns(kind: type[Mechanism]) -> Iterator[str]:
    rows = [_column(column) for column in (*kind.owns, *kind.scratch)]
    if rows:
        yield ""
        yield from table(("column", "of each", "starts as", "unit", "meaning"), rows)
    if kind.writes:
        yield ""
        yield f"Also writes {', '.join(f'`{name}`' for name in kind.writes)}."


def _column(column: Column) -> tuple[str, ...]:
    return f"`{column.name}`", " x ".join(column.axes), f"{column.default:g}", column.unit, column.meaning


def _sums(kind: type[Mechanism]) -> Iterator[str]:
    rows = [
        (f"`{one.name}`", " x ".join(one.axes), f"{one.start:g}", one.unit, one.phase.label, one.meaning,
         _listed(theory.terms(one)), _listed(theory.readers(one)))
        for one in kind.sums
    ]  # fmt: skip
    if rows:
        yield ""
        yield from table(("sum", "of each", "starts as", "unit", "phase", "meaning", "terms", "then used by"), rows)
    sums = [(one, acting) for other in shipped() for one in other.sums for acting in theory.terms(one)]
    added = [f"`{acting.name}` to `{one.name}`" for one, acting in sums if acting.theory == kind.name]
    if added:
        yield ""
        yield f"Adds to sums: {', '.join(added)}."


def _listed(acting: Sequence[theory.Acting]) -> str:
    return ", ".join(f"{one.theory} `{one.name}`" for one in acting) or "-"


def _tallies(kind: type[Mechanism]) -> Iterator[str]:
    rows: list[tuple[Any, ...]] = []
    for tally in kind.counts:
        kept = "; kept from period to period" if tally.stock else ""
        axes = " x ".join((*tally.axes, "firm"))
        rows.append((f"`{tally.name}`", axes, tally.unit, tally.account or "-", f"{tally.meaning}{kept}"))
    if rows:
        yield ""
        yield from table(("tally", "of each", "unit", "account", "meaning"), rows)


def _doing(kind: type[Mechanism]) -> Iterator[str]:
    yield ""
    yield "What it does:"
    yield ""
    if "begin" in vars(kind):
        named = "".join(f" `{one.name}`: {prose(one.__doc__ or '')}" for one in theory.at_the_start(kind))
        yield f"- *at the start*: {prose(kind.begin.__doc__ or '')}{named}"
    for one in theory.acts(kind):
        yield f"- *{one.phase.label}* `{one.name}`{_needs(one)}: {prose(documentation(one.act))}"
    for kernel in theory.unplaced(kind):
        yield f"- *under further settings* `{kernel.name}`: {prose(kernel.__doc__ or '')}"
    for one in theory.acts(kind, off=True):
        yield f"- *switched off*: its columns stay as they begin; `{one.name}`{_needs(one)} still adds its term."


def _needs(acting: theory.Acting) -> str:
    return f" (needs {acting.needs})" if acting.needs else ""


if __name__ == "__main__":
    PAGE.write_text(model_page(), encoding="utf-8")
