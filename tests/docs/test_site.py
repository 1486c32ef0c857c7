"""The documentation as a site: generated pages hold what there is, lists are complete, and it builds offline."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import abm
from abm.cli import app
from abm.core.errors import Refusal
from abm.mechanisms.shipped import shipped
from abm.view import catalogue

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def script(name: str):
    """Return a script of the documentation as a module."""
    found = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # where dataclasses look for the names of their fields' types
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages():
    return script("_generate").pages()


def test_reference_pages_hold_all_that_there_is(pages):
    parameters = pages["reference/parameters.md"]
    for row in catalogue.parameters():
        assert f"| `{row['parameter'].replace('firms.*.', 'firms.NAME.')}` |" in parameters
    for name in ("kpis", "tallies"):
        for row in getattr(catalogue, name)():
            assert f"| `{next(iter(row.values()))}` " in pages[f"reference/{name}.md"]
    for row in catalogue.sources():
        assert row["citation"].split(",")[0] in pages["reference/sources.md"].replace("\\", "")
    for verb in ("run", "compare", "evidence"):
        assert f"\n## patronage {verb}\n" in pages["reference/command-line.md"]
    assert len(app.registered_commands) == pages["reference/command-line.md"].count("\n## patronage ")


def test_everything_public_is_on_a_page_about_python(pages):
    text = "\n".join(text for place, text in pages.items() if place.startswith("reference/api/"))
    assert re.findall(r"^\.\. auto(?:class|function):: abm\.(\w+)$", text, re.MULTILINE) != []
    for name in abm.__all__:
        assert len(re.findall(rf"^\.\. auto(?:class|function):: abm\.{name}$", text, re.MULTILINE)) == 1, name
    assert "reference/api/further.md" not in pages, "names without a group: add them to API in docs/_generate.py"


def test_copies_lead_where_the_originals_do(pages):
    assert "](default-market.md)" in pages["project/findings.md"]
    assert "](../how-to/add-a-theory.md)" in pages["project/contributing.md"]


@pytest.mark.parametrize("folder", ["how-to", "tutorial", "explanation"])
def test_every_page_of_a_folder_is_in_its_index(folder):
    index = (DOCS / folder / "index.md").read_text("utf-8")
    listed = set(re.findall(r"^([\w-]+)$", index, re.MULTILINE))
    assert {page.stem for page in (DOCS / folder).glob("*.md")} - {"index"} <= listed


def test_every_notebook_is_listed_and_has_a_page():
    listed = re.findall(r"analysis/notebooks/(\w+)\.py", (DOCS / "notebooks.md").read_text("utf-8"))
    assert sorted(listed) == [path.stem for path in sorted((ROOT / "analysis" / "notebooks").glob("*.py"))]
    assert {Path(name).stem for name in script("_generate").NOTEBOOKS} == set(listed)


def test_the_gallery_is_what_its_script_says():
    gallery = script("_gallery")
    assert (DOCS / "gallery" / "index.md").read_text("utf-8") == gallery.page(), "run python docs/_gallery.py"
    assert {f"{one.name}.png" for one in gallery.PICTURES} == {path.name for path in (DOCS / "gallery").glob("*.png")}


def test_terms_of_the_chinese_glossary_are_names_of_the_program():
    """Each name in the last column is one that a study, a terminal or Python knows."""
    text = (DOCS / "glossary-zh.md").read_text("utf-8")
    known = {
        "theory": {kind.name for kind in shipped()},
        "KPI": {row["kpi"] for row in catalogue.kpis()},
        "column": {column.name for kind in shipped() for column in kind.owns},
        "sum": {one.name for kind in shipped() for one in kind.sums},
        "tally": {row["tally"] for row in catalogue.tallies()},
        "preset": {row["preset"] for row in catalogue.presets()},
        "parameter": {row["parameter"].replace("firms.*", "firms.NAME") for row in catalogue.parameters()},
        "study": {path.stem for path in (ROOT / "experiments").glob("*.toml")},
        "verb": {f"patronage {command.name or command.callback.__name__}" for command in app.registered_commands},
        "module": {".".join(path.with_suffix("").relative_to(ROOT).parts) for path in (ROOT / "abm").rglob("*.py")},
        "class": {f"abm.{name}" for name in abm.__all__},
    }
    rows = re.findall(r"^\| [^|]+ \| [^|]*[一-鿿][^|]* \| ([^|]+) \|$", text, re.MULTILINE)
    assert len(rows) > 80
    checked = 0
    for cell in rows:
        kind = cell.split("`")[0].strip().replace("theories", "theory").removesuffix("s")
        for name in re.findall(r"`([^`]+)`", cell):
            if kind in known:
                assert name in known[kind], cell
                checked += 1
    assert checked > 80


class Requests(HTMLParser):
    """Collects what a page loads by itself: scripts, styles, fonts, pictures and frames."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        """Keep the addresses of what is loaded; a link that is followed by hand is none."""
        if tag in ("script", "img", "iframe", "link", "source", "video", "audio", "embed", "object"):
            self.found += [value for name, value in attributes if name in ("src", "href", "data", "srcset") and value]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("myst_nb") is None, reason='needs pip install -e ".[docs]"')
@pytest.mark.endurance
def test_it_builds_without_warnings_and_asks_no_other_host(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "trees")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(DOCS), str(tmp_path / "site")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    built = list((tmp_path / "site").rglob("*.html"))
    assert len(built) > 60
    for page in built:
        reader = Requests()
        reader.feed(page.read_text("utf-8"))
        assert not [address for address in reader.found if re.match(r"(https?:)?//", address)], page
    for style in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8")), style


def test_a_request_to_another_host_would_be_seen():
    reader = Requests()
    reader.feed('<a href="https://a.example">x</a><script src="https://b.example/x.js"></script><img src="x.png">')
    assert reader.found == ["https://b.example/x.js", "x.png"]


def test_docstrings_become_lists_and_prose():
    converted = script("_docstrings").converted
    said = ["Do it.", "", "one : first, a* b", "      goes on     two : second", "", "Raises Refusal for a `path`_."]
    assert converted(said) == [
        "Do it.", "",
        "``one``", r"   first, a\* b goes on", "``two``", "   second", "",
        "", r"Raises Refusal for a ``path``\_.",
    ]  # fmt: skip
    spec = ["Parameters:", "", "size : number = 1.0", "    how large; cu", "", "one : 1", "Raises Refusal."]
    assert converted(spec) == [
        "Parameters:", "", "``size``", "   number = 1.0; how large; cu", "", "",
        "``one``", "   1", "", "Raises Refusal.",
    ]  # fmt: skip
    assert converted(["A sketch:", "", "  a -> b"])[2] == ".. code-block:: text"


def test_the_study_of_the_tutorial_can_be_extended_as_it_says(tmp_path, monkeypatch):
    """The pieces of a study file on the page go into the file that `patronage new` writes."""
    from abm.cli import main  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    assert main(["new", "my_question"]) == 0
    page = (DOCS / "tutorial" / "first-hour.md").read_text("utf-8")
    study = Path("experiments/my_question.toml")
    text = study.read_text("utf-8")
    for block in re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        text += "\n" + block
    study.write_text(text, "utf-8")
    loaded = abm.load(study)
    assert list(loaded.arms) == ["none", "points", "service", "lean_points"]
    assert len(loaded.design.points) == 3
    with pytest.raises(Refusal, match="did you mean 'price_sensitivity'"):
        abm.Scenario().replace({"pricing.prise_sensitivity": 4.0})
