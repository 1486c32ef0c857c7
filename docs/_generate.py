"""Pages that are read off the program: `python docs/_generate.py` writes them; building the documentation does so too.

What is in `reference/` (but its index) and in `project/` is made here and is not kept under version control.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT)]

import abm  # noqa: E402 - the checkout that this file is part of, installed or not
from abm.mechanisms.shipped import shipped  # noqa: E402
from abm.view import catalogue  # noqa: E402
from abm.view.coverage import coverage  # noqa: E402
from abm.view.markdown import table  # noqa: E402
from abm.view.tables import written  # noqa: E402

Row = Mapping[str, Any]

COPIES = {  # files of the project that are pages of the documentation, too
    "GLOSSARY.md": "project/glossary.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "papers/README.md": "project/findings.md",
    "papers/default_market/README.md": "project/default-market.md",
    "papers/panels/README.md": "project/panels.md",
    "abm/library/logs/README.md": "project/logs.md",
} | {  # what is said of each paper whose findings are run again
    path.with_name("README.md").relative_to(ROOT).as_posix(): f"project/papers/{path.parent.name}.md"
    for path in sorted((ROOT / "papers").glob("*/replicate.py"))
}
NOTEBOOKS = {  # those with outputs are made by _notebooks.py
    path.relative_to(ROOT).as_posix(): f"project/notebooks/{path.stem}.ipynb"
    for path in sorted((ROOT / "analysis" / "notebooks").glob("*.py"))
}
API = {  # what abm.__all__ holds, by use
    "worlds": ("A world and one run", "Scenario Population Network Firm ServicePolicy LoyaltyProgram points_program "
               "stamp_card tiered_program in_periods_of simulate CustomerModel fit Fit against_log export"),
    "studies": ("Studies and their results", "load Experiment run read Results matched Matched run_until warm_up power "
                "Criterion judge report Report paper_table"),
    "comparisons": ("Which arm is best", "compare Verdict robust Robustness comparisons game Game lost_customers "
                    "twins_data"),
    "queues": ("A queue by itself", "queue Queue Served servers_for staffing"),
    "uncertainty": ("What nobody can know", "Design grid latin_hypercube sobol saltelli morris sensitivity Sensitivity "
                    "thresholds Thresholds calibrate Calibration Target read_targets write_targets log_targets "
                    "evidence replicate"),
    "theories": ("Theories and measures of your own", "Mechanism Phase Column Tally param kernel equation "
                 "check_kernels Kpi kpi Reading reading Refusal"),
}  # fmt: skip
EVIDENCE = """\
What stands behind a default is said of each: *assumed* is a free choice (a named source stands behind the form, not the
number), *calibrated* is tuned to a published finding or to the toolkit's own prototype, *measured* is read off the
source. In a study file a parameter is `scenario.` and its path; NAME is a firm's name."""
_OF_ALL_SPECS = ("model_config", "presets", "presets_of", "unfolded")  # of specs in general, and of no one's use
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=\))")


def write() -> None:
    """Write all pages; a page that is there as it should be is left alone, so that it is not built again."""
    for place, text in pages().items():
        file = DOCS / place
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
    for original, place in NOTEBOOKS.items():
        _keep(ROOT / original, DOCS / place)


def pages() -> dict[str, str]:
    """Return the text of each page by its place below docs/."""
    made = {
        "parameters": _parameters(),
        "mechanisms": _mechanisms(),
        "kpis": _kpis(),
        "tallies": _tallies(),
        "presets": _presets(),
        "studies": _studies(),
        "sources": _sources(),
        "coverage": _coverage(),
        "command-line": _command_line(),
    }
    texts = {f"reference/{name}.md": "\n".join(lines) + "\n" for name, lines in made.items()}
    texts |= {f"reference/api/{name}.md": "\n".join(_api(*group)) + "\n" for name, group in _groups().items()}
    return texts | {copy: _copied(original) for original, copy in COPIES.items()}


def notebook(original: Path) -> Any:
    """Return a notebook without outputs, its solutions folded."""
    import jupytext  # noqa: PLC0415 - of the extra that builds the documentation

    made = jupytext.read(original)
    made.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}  # a kernel says so when it has run
    for cell in made.cells:
        if "solution" in cell.metadata.get("tags", ()):
            cell.metadata["tags"].append("hide-cell")
    return made


def _keep(original: Path, place: Path) -> None:
    """Write a notebook without outputs, unless one of the same cells is there, which may have outputs."""
    import nbformat  # noqa: PLC0415 - comes with jupytext

    made = notebook(original)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        there = nbformat.read(place, as_version=4)
        if [cell.source for cell in there.cells] == [cell.source for cell in made.cells]:
            return
    nbformat.write(made, place)


def relinked(text: str, origin: Path, place: Path) -> str:
    """Return a page with its relative links leading from `place` where they led from `origin`, to copies if there are.

    origin, place : files, the first where the text is kept and the second where it is built
    """

    def led(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(origin.parent / match["path"]))
        name = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        copy = COPIES.get(name) or NOTEBOOKS.get(name)
        leads = os.path.relpath(DOCS / copy if copy else target, place.parent)
        return leads + (match["anchor"] or "")

    return _LINK.sub(led, text)


def _copied(original: str) -> str:
    return relinked((ROOT / original).read_text("utf-8"), ROOT / original, DOCS / COPIES[original])


def _code(words: object) -> str:
    """Return words as code, which Markdown leaves alone; nothing is nothing."""
    return f"`{words}`" if str(words) else ""


def _plain(words: object) -> str:
    """Return words on one line without anything that Markdown would take for markup."""
    return re.sub(r"([*_<\[\]~^$\\])", r"\\\1", " ".join(str(words).split()))


def _prose(words: object) -> str:
    """Return words of which only `code` is marked up."""
    return "".join(part if part[:1] == "`" else _plain_part(part) for part in re.split(r"(`[^`]+`)", str(words)))


def _plain_part(words: str) -> str:
    return re.sub(r"([*_<\[\]~^$\\])", r"\\\1", re.sub(r"\s+", " ", words))


def _page(title: str, *paragraphs: str) -> Iterator[str]:
    yield f"# {title}"
    for paragraph in paragraphs:
        yield ""
        yield paragraph
    yield ""


def _rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield from table(columns, rows)
    yield ""


def _parameters() -> Iterator[str]:
    rows = catalogue.parameters()
    counts = ", ".join(f"{sum(row['evidence'] == kind for row in rows)} {kind}" for kind in catalogue.EVIDENCE)
    yield from _page("Parameters", f"{len(rows)} parameters: {counts}. {EVIDENCE}", _seen("parameters pricing"))
    theories = {kind.name: kind for kind in shipped()}
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(_section(row["parameter"]), []).append(row)
    for section in sorted(sections, key=lambda name: (name.startswith("firms"), name in theories, name)):
        yield f"## {_plain(section)}"
        yield ""
        if section in theories:
            yield f"{_prose(catalogue.summary_line(theories[section]))} [The theory](../model.md#{section})."
            yield ""
        rows_of = [_parameter(row) for row in sections[section]]
        yield from _rows(("parameter", "default", "allowed", "meaning, and what stands behind the default"), rows_of)


def _section(path: str) -> str:
    """Return the section that a parameter stands in: of firms the policy, or "firms" for a firm's own."""
    first, *rest = path.split(".")
    if first == "firms":
        return f"firms.NAME.{rest[1]}" if len(rest) > 2 else "firms.NAME"
    return first if rest else "scenario"


def _parameter(row: Row) -> tuple[str, ...]:
    default = "required" if row["required"] else _code(written(row["default"]))
    allowed = written(row["bounds"], "bounds") if row["bounds"] else ""
    evidence = f"{row['evidence']}: {_plain(row['source'])}" if row["source"] else row["evidence"]
    path = row["parameter"].replace("firms.*.", "firms.NAME.")
    return _code(path), f"{default} {_plain(row['unit'])}", _plain(allowed), f"{_prose(row['meaning'])} *({evidence})*"


def _seen(what: str) -> str:
    return f"In a terminal: `patronage show {what}`."


def _mechanisms() -> Iterator[str]:
    words = "Theories of what happens in a period, one a file; equations and kernels stand [here](../model.md)."
    yield from _page("Mechanisms", words, _seen("mechanisms trust"))
    for row in catalogue.mechanisms():
        name = row["mechanism"]
        yield f"## {_plain(name)}"
        yield ""
        yield f"{_prose(row['meaning'])} [Equations and kernels](../model.md#{name})."
        yield ""
        facts = [
            ("claim", _prose(row["claim"])),
            ("source", _prose(row["source"])),
            ("acts in", ", ".join(row["phases"]) or "as its settings say"),
            ("on", _prose(row["on"])),
            ("owns", ", ".join(map(_code, row["owns"]))),
            ("writes", ", ".join(map(_code, row["writes"]))),
            ("counts", ", ".join(map(_code, row["counts"]))),
            ("file", _code(row["file"])),
        ]
        yield from _rows(("", ""), [fact for fact in facts if fact[1]])


def _kpis() -> Iterator[str]:
    rows = catalogue.kpis()
    words = "A study names what it measures under `kpis`. A KPI without a value (NaN) says when that is."
    yield from _page("KPIs and readings", f"{len(rows)} measures. {words}", _seen("kpis retention_rate"))
    of = {kpi.name: kind.name for kind in shipped() for kpi in kind.kpis}
    for theory in ("", *sorted({*of.values()})):
        yield f"## {f'With {_plain(theory)}' if theory else 'In every market'}"
        yield ""
        part = [row for row in rows if of.get(row["kpi"], "") == theory]
        yield from _rows(("name", "definition", "no value where"), [_measure(row) for row in part])


def _measure(row: Row) -> tuple[str, str, str]:
    source = "" if row["source"] == "definition" else f" *({_plain(row['source'])})*"
    return f"{_code(row['kpi'])} {_plain(row['unit'])}", _prose(row["definition"]) + source, _prose(row["undefined"])


def _tallies() -> Iterator[str]:
    words = "Whole numbers counted for each firm. A KPI of your own is a ratio of these: `c.revenue / c.visits`."
    yield from _page("Tallies", words, _seen("tallies revenue"))
    rows = [
        (_code(r["tally"]), _plain(r["unit"]), _code(r["of"]), r["account"], _prose(r["meaning"]))
        for r in catalogue.tallies()
    ]
    yield from _rows(("tally", "unit", "theory", "account", "meaning"), rows)


def _presets() -> Iterator[str]:
    words = "Named scenarios, programmes and purchase logs that are shipped."
    yield from _page("Presets", words, _seen("presets points"))
    for row in catalogue.presets():
        yield f"## {_plain(row['preset'])}"
        yield ""
        yield f"A {row['kind']}: {_prose(row['about'])}. Source: {_prose(row['source'])}."
        yield ""
        yield "```toml"
        yield row["use"]
        yield "```"
        yield ""
        if row["settings"]:
            settings = [(_code(path), _code(written(value))) for path, value in row["settings"].items()]
            yield from _rows(("sets", "to"), settings)


def _studies() -> Iterator[str]:
    words = "Study files in `experiments/`. Each says in its header what came out, and what of it was encoded."
    yield from _page("Shipped studies", words, "`patronage run experiments/NAME.toml` runs one.")
    for row in catalogue.experiments(ROOT / "experiments"):
        yield f"## {_plain(row['study'])}"
        yield ""
        yield f"*{_plain(row['question'])}*"
        yield ""
        arms = ", ".join(map(_code, row["arms"]))
        yield f"Arms: {arms}. Replications: {row['replications']}. [Study file](../../experiments/{row['study']}.toml)."
        yield ""


def _sources() -> Iterator[str]:
    words = (
        "What claims, models and numbers are taken from, and how it was seen. What was not read says so, everywhere."
    )
    yield from _page("Sources", words, _seen("sources"))
    rows = [
        (_plain(r["citation"]), _plain(r["status"]), _plain(r["doi"]), ", ".join(map(_code, r["parameters"])))
        for r in catalogue.sources()
    ]
    yield from _rows(("source", "seen", "doi", "parameters that rest on it"), rows)


def _coverage() -> Iterator[str]:
    rows = coverage()
    counts = ", ".join(f"{sum(row['status'] == s for row in rows)} {s}" for s in ("live", "text", "planned"))
    words = (
        f"What courses and books of the field teach, {len(rows)} rows: {counts}. *Live* can be switched on in a study, "
        "moves a KPI and is held by a test; *text* has no behaviour; *planned* is not there yet."
    )
    yield from _page("Coverage of the field", words, _seen("coverage"))
    for letter in sorted({row["row"][0] for row in rows}):
        yield f"## Part {letter}"
        yield ""
        cells = [
            (
                r["row"],
                _plain(r["term"]),
                _plain(r["what"]),
                r["status"],
                ", ".join(map(_code, r["by"])) or _plain(r["why"]),
            )
            for r in rows
            if r["row"][0] == letter
        ]
        yield from _rows(("row", "term as it is taught", "in English", "status", "by, or why not"), cells)


def _command_line() -> Iterator[str]:
    from typer.main import get_command  # noqa: PLC0415 - of typer's own modules

    from abm.cli import app  # noqa: PLC0415

    ends = (
        "Exit codes: 0 done; 1 some runs failed, a check does not hold or nothing is decided; 2 the input is refused, "
        "in one line that says what is allowed; 130 and 143 interrupted, to be gone on with by the same command."
    )
    yield from _page("Command line", "`patronage VERB --help` says the same.", ends)
    for name, verb in get_command(app).commands.items():
        arguments = [one for one in verb.params if one.param_type_name == "argument"]
        options = [one for one in verb.params if one.param_type_name == "option"]
        yield f"## patronage {name}"
        yield ""
        yield _prose(verb.help)
        yield ""
        yield "```sh"
        yield " ".join(["patronage", name, *(one.metavar for one in arguments), *(["[OPTIONS]"] if options else [])])
        yield "```"
        yield ""
        rows = [(_code(one.metavar), _prose(one.help)) for one in arguments]
        yield from _rows(("", ""), rows + [_option(one) for one in options])


def _option(option: Any) -> tuple[str, str]:
    names = [*option.opts, *option.secondary_opts]
    value = f" {option.metavar}" if option.metavar else ""
    default = "" if option.default in (None, False) or option.multiple else f" Default: `{option.default}`."
    required = " Required." if option.required else ""
    return ", ".join(_code(name + value) for name in names), f"{_prose(option.help)}{default}{required}"


def _groups() -> dict[str, tuple[str, Sequence[str]]]:
    """Return title and names of each page about Python; names that no group has are a page of their own."""
    groups = {name: (title, names.split()) for name, (title, names) in API.items()}
    left = [name for name in abm.__all__ if not any(name in names for _, names in groups.values())]
    return groups | ({"further": ("Further names", left)} if left else {})


def _api(title: str, names: Sequence[str]) -> Iterator[str]:
    yield from _page(title, "All of it is in `abm`: `import abm`, then `abm.NAME`.")
    for name in names:
        thing = getattr(abm, name)
        yield f"## {name}"
        yield ""
        yield "```{eval-rst}"
        if isinstance(thing, type):
            yield f".. autoclass:: abm.{name}"
            yield from _members(thing)
        else:
            yield f".. autofunction:: abm.{name}"
        yield "```"
        yield ""


def _members(kind: type) -> Iterator[str]:
    """Yield the options that list what of a class the project itself says something about."""
    said = [name for name in dir(kind) if name[0] != "_" and name not in _OF_ALL_SPECS and _is_said(kind, name)]
    if said:
        yield f"   :members: {', '.join(said)}"
        yield "   :inherited-members:"
        yield f"   :exclude-members: {', '.join(_OF_ALL_SPECS)}"


def _is_said(kind: type, name: str) -> bool:
    """Return whether a method or property has a docstring of the project's own."""
    home = next((one for one in kind.__mro__ if name in vars(one)), None)
    thing = inspect.getattr_static(kind, name)
    doc = getattr(getattr(thing, "__func__", thing), "__doc__", None)
    is_ours = home is not None and home.__module__.startswith("abm.")
    return (
        is_ours
        and bool(doc)
        and (callable(getattr(kind, name)) or hasattr(thing, "func") or isinstance(thing, property))
    )


if __name__ == "__main__":
    write()
