"""The door to scikit-learn, which is an extra: only what groups customers or foretells them needs it."""

from __future__ import annotations

import importlib
from typing import Any

from abm.core.errors import Refusal


def scikit_learn(module: str) -> Any:
    """Return a module of scikit-learn, such as "cluster".  Raises Refusal where it is not installed."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError:
        text = 'clusters and predictions need scikit-learn, which is an extra: pip install "patronage[learn]"'
        raise Refusal(text) from None
