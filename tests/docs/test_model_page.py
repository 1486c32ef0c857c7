"""docs/model.md is what the generator gives, and holds all that shipped theories declare."""

from __future__ import annotations

import re
import sys

import pytest

from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.view import theory
from abm.view.model_page import COMMAND, PAGE, model_page

KINDS = theory.ordered()
every_theory = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
def text():
    return model_page()


@pytest.fixture(scope="module")
def sections(text):
    return dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.M | re.S))


def test_the_page_is_what_the_theories_give(monkeypatch):
    """A theory that is not standard need not be on it yet: it comes with the next writing of the page."""
    page = PAGE.read_text("utf-8")
    there = tuple(kind for kind in shipped() if kind.standard or f"\n## {kind.name}\n" in page)
    for module in (theory, sys.modules[model_page.__module__]):
        monkeypatch.setattr(module, "shipped", lambda: there)
    assert page == model_page(), f"docs/model.md is not what the theories' files say: run {COMMAND}"


def test_standard_theories_come_first(sections):
    assert list(sections) == [kind.name for kind in KINDS]
    assert [kind.standard for kind in KINDS] == sorted((kind.standard for kind in KINDS), reverse=True)


@every_theory
def test_all_that_a_theory_declares_is_there(kind, sections):
    section = sections[kind.name]
    named = [*kind.owns, *kind.scratch, *kind.counts, *kind.sums]
    for name in (*(one.name for one in named), *kind.model_fields):
        assert f"\n| `{name}` |" in section, name
    if kind.policy is not None:
        path = f"firms.NAME.{kind.policy.name}".rstrip(".")
        for name in kind.policy.model_fields:
            assert f"\n| `{path}.{name}` |" in section, name
        for lever in kind.policy.absent().values(Firm(name="nobody")):
            assert f"`{lever}`" in section or f"`{path}.{lever}`" in section, lever


@every_theory
def test_every_equation_and_kernel_of_its_pages_is_there(kind, sections):
    section = sections[kind.name]
    for page in theory.pages(kind):
        for equation in theory.equations(page):
            assert f"- `{equation.signature}`" in section
    for kernel in theory.kernels(kind):
        assert f"`{kernel.name}`" in section


def test_no_page_of_a_theory_is_left_out():
    """Another page beside theories, without one of its own, would have to be used by one to be found.

    Pages of records and of KPIs have no equation and no kernel; what is in them stands in the theory's tables.
    """
    used = {page for kind in KINDS for page in theory.pages(kind)}
    folder = PAGE.parents[1] / "abm" / "mechanisms"
    found = [path for path in folder.glob("*/*.py") if path.stem != "__init__"]
    working = {path for path in found if re.search(r"^@(kernel|equation)|^class ", path.read_text("utf-8"), re.M)}
    named = {f"abm.mechanisms.{path.parent.name}.{path.stem}": path in working for path in found}
    assert {page for page, works in named.items() if works} <= used <= named.keys()


def test_terms_of_a_sum_are_derived():
    choice, encounter = (next(kind for kind in KINDS if kind.name == name) for name in ("choice", "encounter"))
    assert {(one.theory, one.name) for one in theory.terms(choice.sums[0])} >= {
        ("choice", "add_attraction"), ("trust", "add_trust"), ("pricing", "subtract_price"),
    }  # fmt: skip
    shift = next(one for one in encounter.sums if one.name == "performance_shift")
    assert ("word_of_mouth", "add_match") in {(one.theory, one.name) for one in theory.terms(shift)}
    assert [one.name for one in theory.readers(shift)] == ["meet"]


def test_what_settings_bring_stands_where_it_acts():
    """Of two settings that exclude each other or go together: a rule before contracts, contracts before memory."""
    choice = next(kind for kind in KINDS if kind.name == "choice")
    names = [one.name for one in theory.acts(choice)]
    for rule in ("choose_best", "follow_habit", "keep_stayers"):
        places = [names.index(name) for name in ("draw_choices", rule, "honour_contracts", "remember_choices")]
        assert places == sorted(places), rule
    needs = {one.name: one.needs for one in theory.acts(choice)}
    assert needs["honour_contracts"] == "`market` = lost_for_good"
    assert needs["draw_choices"] == ""
    assert not theory.unplaced(choice)


def test_formulas_are_readable():
    found = {one.name: one.formula for kind in KINDS for page in theory.pages(kind) for one in theory.equations(page)}
    assert found["familiarity"] == "`= 1 - exp(-encounters / visits)`"
    assert found["season"] == "`= 1 + amplitude * cos(2 * pi * (t - peak) / year)`"
    assert found["updated_trust"] == (
        "`= unit(trust + rate * (transaction - trust) - broken)`, where "
        "`rate = growth if transaction >= trust else fall`"
    )
    assert found["poisson_quantile"] == "", "a loop is no formula"
    assert "np." not in "".join(found.values())


def test_tables_have_as_many_cells_as_headings(text):
    width = 0
    for line in text.splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line)) - 1
            width = width or cells
            assert cells == width, line
        else:
            width = 0
