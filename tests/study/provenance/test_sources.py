"""Sources: the same digest for the same code, however it is laid out and whichever Python reads it."""

import pytest

from abm.study.provenance import sources
from abm.study.provenance.sources import code

PAGE = '''"""What it is about."""

RATE = 0.5  # a share


class Thing:
    """A thing."""

    limits = (0.0,
              1.0)
    """What is allowed."""

    def said(self, x):
        text = f"größer {x!r:>{self.width}} {'a' + f'{x}'} # no comment" + r"\\d"
        return text if x else f"""{x}
  {{}} end"""
'''
CODE = '''RATE = 0.5
class Thing :
>
limits = ( 0.0 , 1.0 )
def said ( self , x ) :
>
text = f"größer {x!r:>{self.width}} {'a' + f'{x}'} # no comment" + r"\\d"
return text if x else f"""{x}
  {{}} end"""
<
<'''


def test_tokens_are_the_same_under_every_python():
    assert code(PAGE) == CODE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a share", "  # another word"),
        ("  # a share", ""),
        ('"""A thing."""', '"""Another thing."""'),
        ('    """A thing."""\n', ""),
        ("0.0,\n              1.0", "0.0, 1.0"),
        ("\n\n\nclass", "\n\nclass"),
        ("RATE = 0.5", "RATE  =  0.5"),
    ],
)
def test_lay_out_does_not_count(old, new):
    assert old in PAGE
    assert code(PAGE.replace(old, new)) == CODE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "0.50"),
        ("größer", "kleiner"),
        ("# no comment", "# some comment"),
        ("{x}\n  {{", "{x}\n{{"),
        ("        return", "    return"),
    ],
)
def test_what_is_said_counts(old, new):
    assert old in PAGE
    assert code(PAGE.replace(old, new)) != CODE


def test_the_end_of_a_statement_counts():
    assert code("a = b\n-c\n") != code("a = b - c\n")


def test_what_is_remembered_of_files_is_so():
    """Also of files that were edited since: those are not looked up."""
    now = sources.remembered()
    known = dict(line.split() for line in sources.json.loads(sources.REMEMBERED.read_text("utf-8")).values())
    assert not [file for file, line in now.items() if known.get(line.split()[0], line.split()[1]) != line.split()[1]]


def test_what_is_remembered_makes_no_difference(monkeypatch):
    before = [sources.source.__wrapped__(name) for name in ("choice", "kpis")]
    monkeypatch.setattr(sources, "_known", dict)
    assert [sources.source.__wrapped__(name) for name in ("choice", "kpis")] == before


def test_all_that_decides_numbers_has_a_source():
    """Everything that a run imports of the layers below studies; the bibliography has no numbers."""
    found = {path for name in sources.names() for path in sources.files(name)}
    folders = ("core", "logs", "world", "mechanisms", "kpis", "scenario", "engine")
    there = {path for folder in folders for path in (sources.ROOT / folder).rglob("*.py") if path.stem != "__init__"}
    presets = (sources.ROOT / "library" / "presets").rglob("*.toml")
    there |= {path for path in presets if path.parent.name != "arrival_profile"}  # of a queue by itself
    pages = ("citations.py", "sources.py", "sources_of_methods.py")
    assert there - found == {sources.ROOT / "core" / page for page in pages}


def test_a_theory_has_what_it_is_made_of_beneath_the_theories():
    assert {path.stem for path in sources.files("waiting_line")} >= {"waiting_day", "day", "coming", "rules"}
    assert not [path for path in sources.files("choice") if path.parent.name == "queues"]


def test_a_preset_counts_by_its_name_and_values(tmp_path):
    """A point of a design may name it; what it is about and follows decides no number."""

    def said(name, text):
        (tmp_path / f"{name}.toml").write_text(text)
        return sources._digest(tmp_path / f"{name}.toml")

    first = said("a", 'about = "x"\nsource = "assumed"\n[values]\ngoal = 1.0\n')
    assert said("a", 'about = "y"  # in other words\nsource = "LIU_2007"\nvalues = { goal = 1.0 }\n') == first
    assert said("b", 'about = "x"\nsource = "assumed"\n[values]\ngoal = 1.0\n') != first
    assert said("a", 'about = "x"\nsource = "assumed"\n[values]\ngoal = 2.0\n') != first


def test_presets_count_with_what_they_are_presets_of():
    assert {path.stem for path in sources.files("rewards")} >= {"points", "tiers"}
    assert {path.stem for path in sources.files("market")} >= {"retail", "contract"}
    assert not [path for path in sources.files("trust") if path.suffix == ".toml"]


def test_a_theory_has_the_modules_that_it_imports_from_folders_of_theories(tmp_path, monkeypatch):
    folder = tmp_path / "mechanisms" / "social"
    folder.mkdir(parents=True)
    pages = {
        "talk": "import abm.mechanisms.mechanism\nfrom abm.mechanisms.social import (\n    near,\n    far,\n)",
        "near": "from abm.mechanisms.social.deep import depth",
        "deep": "import abm.mechanisms.social.talk",
        "far": "",
        "other": "",
    }
    for name, text in pages.items():
        (folder / f"{name}.py").write_text(text)
    (folder.parent / "mechanism.py").write_text("")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    page = {"name": "talk", "__module__": "abm.mechanisms.social.talk", "presets": "", "policy": None}
    kind = type("Talk", (), page)
    monkeypatch.setattr(sources, "shipped", lambda: (kind,))
    assert [path.stem for path in sources.files("talk")] == ["deep", "far", "near", "talk"]
