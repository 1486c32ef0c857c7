"""Versions: what has a say in the bits, and what has changed."""

import platform

from abm.study.provenance.versions import changes, versions


def test_python_and_libraries():
    assert versions()["python"] == platform.python_version()
    assert {"patronage", "numpy", "numba", "pyarrow"} <= set(versions())


def test_changes_are_what_differs():
    assert changes(versions()) == ()
    assert changes({"numpy": "0.1", "python": platform.python_version()}) == (f"numpy 0.1 (now {versions()['numpy']})",)
