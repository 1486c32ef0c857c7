"""How a notebook shows things of this package: as small tables, which the package of views makes."""

from __future__ import annotations

import importlib
from typing import Any


def in_notebook(thing: Any) -> str:
    """Return a thing as HTML; the method `_repr_html_` of whatever a notebook shows as tables.

    It is looked up by name when a notebook asks, as views know all other packages and none of them knows the views.
    """
    return str(importlib.import_module("abm.view.notebook").html(thing))
