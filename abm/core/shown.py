"""How a notebook shows things of this package: as small tables and figures, which the package of views makes."""

from __future__ import annotations

import importlib
from typing import Any


def figures_of(results: Any) -> Any:
    """Return the figures of results by name; the property `plot` of results, found as `in_notebook` is."""
    return importlib.import_module("abm.view.accessor").Plots(results)


def in_notebook(thing: Any) -> str:
    """Return a thing as HTML; the method `_repr_html_` of whatever a notebook shows as tables.

    It is looked up by name when a notebook asks, as views know all other packages and none of them knows the views.
    """
    return str(importlib.import_module("abm.view.notebook").html(thing))
