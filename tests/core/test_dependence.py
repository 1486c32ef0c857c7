"""What code depends on: whatever decides its numbers is in its digest, and in the name of its machine code."""

import functools
import importlib
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.core import installed
from abm.core.dependence import dependence, is_shipped
from abm.core.errors import Refusal
from abm.core.functions import exp32
from abm.core.kernels import COMPILED
from abm.core.programs import Call, Program

KINDS = {
    "number": "FACTOR = {k}\ndef of(x):\n    return x * FACTOR\n",
    "list": "FACTORS = [{k}]\ndef of(x):\n    return x * FACTORS[0]\n",
    "table": "FACTORS = {{'a': {k}}}\ndef of(x):\n    return x * FACTORS['a']\n",
    "set": "FACTORS = {{'a', 'b', {k}}}\ndef of(x):\n    return x * len(FACTORS)\n",
    "array": "import numpy as np\nFACTORS = np.array([{k}])\ndef of(x):\n    return x * FACTORS[0]\n",
    "data frame": "import pandas as pd\nTABLE = pd.DataFrame({{'a': [{k}]}})\ndef of(x):\n    return x * TABLE.a[0]\n",
    "literal": "def of(x):\n    return x * {k}\n",
    "default": "def of(x, k={k}):\n    return x * k\n",
    "keyword default": "def of(x, *, k={k}):\n    return x * k\n",
    "closure": "def made(k):\n    def of(x):\n        return x * k\n    return of\nof = made({k})\n",
    "lambda": "of = lambda x: x * {k}\n",
    "attribute of a function": "def of(x):\n    return x * of.k\nof.k = {k}\n",
    "partial": "import functools\ndef f(x, k):\n    return x * k\nof = functools.partial(f, k={k})\n",
    "cached": "import functools\n@functools.lru_cache\ndef f():\n    return {k}\ndef of(x):\n    return x * f()\n",
    "callable object": (
        "class Times:\n    def __init__(self, k):\n        self.k = k\n    def __call__(self, x):\n"
        "        return x * self.k\nof = Times({k})\n"
    ),
    "object with slots": (
        "class Box:\n    __slots__ = ('k',)\nBOX = Box()\nBOX.k = {k}\ndef of(x):\n    return x * BOX.k\n"
    ),
    "bound method": "class A:\n    k = {k}\n    def f(self, x):\n        return x * self.k\nof = A().f\n",
    "class attribute": "class A:\n    k = {k}\ndef of(x):\n    return x * A.k\n",
    "base class": (
        "class B:\n    def k(self):\n        return {k}\nclass A(B):\n    pass\ndef of(x):\n    return x * A().k()\n"
    ),
    "property": "class A:\n    @property\n    def k(self):\n        return {k}\ndef of(x):\n    return x * A().k\n",
    "class method": (
        "class A:\n    @classmethod\n    def k(cls):\n        return {k}\ndef of(x):\n    return x * A.k()\n"
    ),
    "static method": (
        "class A:\n    @staticmethod\n    def k():\n        return {k}\ndef of(x):\n    return x * A.k()\n"
    ),
    "decorated": (
        "import functools\ndef times(f):\n    @functools.wraps(f)\n    def g(x):\n        return {k} * f(x)\n"
        "    return g\n@times\ndef of(x):\n    return x\n"
    ),
    "helper": "def f(x):\n    return x * {k}\ndef of(x):\n    return f(x)\n",
    "equation": "import abm\n@abm.equation\ndef f(x):\n    return x * {k}\ndef of(x):\n    return f(x)\n",
    "column": ("import abm\nC = abm.Column('c', ('customer',), {k}, '1', 'c')\ndef of(x):\n    return x * C.default\n"),
}
IN_ANOTHER_FILE = {
    "constant by name": "from other_page import FACTOR\ndef of(x):\n    return x * FACTOR\n",
    "constant by module": "import other_page\ndef of(x):\n    return x * other_page.FACTOR\n",
    "helper by name": "from other_page import helped\ndef of(x):\n    return helped(x)\n",
    "helper by module": "import other_page as o\ndef of(x):\n    return o.helped(x)\n",
    "imported when called": "def of(x):\n    from other_page import helped\n    return helped(x)\n",
}
OTHER = "FACTOR = {k}\ndef helped(x):\n    return x * FACTOR\n"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write modules and return the function `of` of the first, imported anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text, other=""):
        for name, content in (("own_page", text), ("other_page", other)):
            monkeypatch.delitem(sys.modules, name, raising=False)
            (tmp_path / f"{name}.py").write_text(content)
        importlib.invalidate_caches()
        return importlib.import_module("own_page").of

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_what_decides_the_number_decides_the_digest(page, kind):
    first, again, edited = (dependence(page(KINDS[kind].format(k=k))) for k in (2.0, 2.0, 3.0))
    assert first == again != edited


@pytest.mark.parametrize("kind", IN_ANOTHER_FILE)
def test_what_stands_in_another_file_counts_too(page, kind):
    first, again, edited = (dependence(page(IN_ANOTHER_FILE[kind], OTHER.format(k=k))) for k in (2.0, 2.0, 3.0))
    assert first == again != edited


ANY_NAME = {
    "getattr": "getattr(other_page, name)",
    "getattr of an attribute": "getattr(other_page, NAMES.get('a'))",
    "vars": "vars(other_page)[name]",
    "__dict__": "other_page.__dict__[name]",
    "attrgetter": "operator.attrgetter(name)(other_page)",
    "inside": "[getattr(other_page, one) for one in (name,)][0]",
}


@pytest.mark.parametrize("kind", ANY_NAME)
def test_of_a_module_whose_names_are_made_up_everything_counts(page, kind):
    head = "import operator\nimport other_page\nNAMES = {'a': 'FACTOR'}\nname = 'FAC' + 'TOR'\n"
    text = f"{head}def of(x):\n    return x * {ANY_NAME[kind]}\n"
    first, again, edited = (dependence(page(text, f"FACTOR = {k}\n")) for k in (2.0, 2.0, 3.0))
    assert first == again != edited


def test_names_that_are_written_count_alone(page):
    text = "import other_page\ndef of(x):\n    return x * getattr(other_page, 'FACTOR')\n"
    found = {dependence(page(text, f"FACTOR = 1.0\nOTHER = {k}\n")) for k in (2.0, 3.0)}
    assert len(found) == 1


def test_one_s_own_globals_count_whole(page):
    text = "FACTOR = {k}\ndef of(x):\n    return x * globals()['FAC' + 'TOR']\n"
    assert dependence(page(text.format(k=1))) != dependence(page(text.format(k=2)))


@pytest.mark.parametrize(
    "use", ["import helperlib\ndef of(x):\n    return helperlib.f(x)\n",
            "from helperlib import f\ndef of(x):\n    return f(x)\n",
            "def of(x):\n    import helperlib\n    return helperlib.f(x)\n",
            "from helperlib import A\ndef of(x):\n    return A()(x)\n"],
)  # fmt: skip
def test_another_version_of_an_installed_helper_is_another_thing(page, tmp_path, monkeypatch, use):
    libraries = tmp_path / "dist-packages"
    (libraries / "helperlib").mkdir(parents=True)
    (libraries / "helperlib" / "__init__.py").write_text("def f(x):\n    return x\nclass A:\n    __call__ = f\n")
    information = libraries / "helper_lib-1.0.dist-info"
    information.mkdir()
    (information / "top_level.txt").write_text("helperlib\n")
    monkeypatch.syspath_prepend(str(libraries))
    found = []
    for version in ("1.0", "1.0", "1.1"):
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: helper-lib\nVersion: {version}\n")
        for cached in (installed.version_of, installed._distributions):
            cached.cache_clear()
        found.append(dependence(page(use)))
    sys.modules.pop("helperlib", None)
    assert found[0] == found[1] != found[2]


def test_what_is_not_used_does_not_count(page):
    text = "UNUSED = {k}\ndef other():\n    return {k}\ndef of(x):\n    return x\n"
    assert dependence(page(text.format(k=1))) == dependence(page(f"# a remark\n\n{text.format(k=2)}"))


def test_what_runs_counts_and_not_what_stands_on_the_disk_meanwhile(page, tmp_path):
    of = page("def of(x):\n    return 2.0 * x\n")
    before = dependence(of)
    (tmp_path / "own_page.py").write_text("def of(x):\n    return 3.0 * x\n")
    assert dependence(of) == before


def test_a_value_that_is_set_later_counts(page):
    of = page("FACTOR = 1.0\ndef of(x):\n    return x * FACTOR\n")
    before = dependence(of)
    of.__globals__["FACTOR"] = 2.0
    assert dependence(of) != before


def test_a_class_that_was_typed_counts_by_its_methods():
    made = []
    for k in (10.0, 1000.0):
        space = {"__name__": "__main__"}
        exec(f"class Typed:\n    def begin(self):\n        return {k}\n", space)
        made.append(dependence(space["Typed"]))
    assert made[0] != made[1]


def test_functions_that_call_each_other_come_to_an_end(page):
    text = "def a(x):\n    return of(x - {k}) + LOOP\ndef of(x):\n    return a(x)\nLOOP = [of]\nLOOP.append(LOOP)\n"
    assert dependence(page(text.format(k=1))) != dependence(page(text.format(k=2)))


@pytest.mark.parametrize("thing", [threading.Lock(), (one for one in [])])
def test_what_cannot_be_read_is_refused(thing):
    with pytest.raises(Refusal, match=r"uses a [\w.]+, whose content cannot be read"):
        dependence(functools.partial(max, thing))


def test_libraries_and_shipped_code_count_by_their_names(page):
    assert is_shipped(exp32)
    text = "import numpy as np\nfrom abm.core.functions import {f}\ndef of(x):\n    return np.{g}({f}(x))\n"
    found = {dependence(page(text.format(f=f, g=g))) for f in ("exp32", "log32") for g in ("mean", "add", "mean")}
    assert len(found) == 4


def test_a_digest_is_the_same_in_every_process(tmp_path):
    """Sets have another order in each, and code comes from the text first and from Python's cache then."""
    text = "NAMES = {'a', 'b', 'c'}\ndef of(x):\n    return x in NAMES or x in {'e', 'f', 'g'} or (x, (1, 2), (1, 2))\n"
    (tmp_path / "own_page.py").write_text(text)
    script = "from abm.core.dependence import dependence; import own_page; print(dependence(own_page.of))"
    found = {_output(script, tmp_path, PYTHONHASHSEED=str(seed)) for seed in (1, 2, 3)}
    assert len(found) == 1


def _output(script, folder, *arguments, **environment):
    paths = os.pathsep.join([str(folder), str(Path(abm.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": paths, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


KERNEL = """
import numpy as np
import abm
import other_page
from other_page import FACTOR, FACTORS, helped

@abm.kernel
def of(out):
    out[0] = {expression}
"""
INSIDE = """
import numpy as np
import abm
FACTOR = {k}
FACTORS = np.array([{k}], np.float32)

@abm.equation
def inner(x):
    return x * FACTOR

@abm.equation
def helped(x):
    return inner(x)
"""


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize(
    "expression",
    [
        "FACTOR",
        "helped(1.0)",
        *(pytest.param(one, marks=pytest.mark.endurance) for one in ("FACTORS[0]", "other_page.FACTOR")),
    ],
)
def test_machine_code_on_the_disk_is_renewed(tmp_path, expression):
    """The stamp of the kernel's own file does not tell that another file was edited."""
    (tmp_path / "own_page.py").write_text(KERNEL.format(expression=expression))
    script = """
    import numpy as np
    import own_page
    before, out = own_page.of.is_cached(), np.zeros(1)
    own_page.of(out)
    print(before, out[0])
    """
    found = []
    for k in (2.0, 3.0, 3.0):
        (tmp_path / "other_page.py").write_text(INSIDE.format(k=k))
        found.append(_output(script, tmp_path, PYTHONDONTWRITEBYTECODE="1").split())
    assert found == [["False", "2.0"], ["False", "3.0"], ["True", "3.0"]]


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize("expression", ["helped(1.0)", "other_page.FACTOR"])
def test_machine_code_in_memory_is_renewed(page, expression):
    """As where a constant stands in another cell of a notebook than the kernel or the equation."""
    kernel = page(KERNEL.format(expression=expression), INSIDE.format(k=2.0))
    found = []
    for k in (2.0, 3.0, 2.0):
        sys.modules["other_page"].FACTOR = k
        out = np.zeros(1)
        Program([(False, [Call(kernel, [out])])]).run((0, 1), 1, 0, 1)
        found.append(out[0])
    assert found == [2.0, 3.0, 2.0]
