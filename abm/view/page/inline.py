"""Values as they are written on one line of a study file or a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.core.spec import write_toml


def inline(value: Any) -> str:
    """Return a value as it is written on one line of a study file."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(str(key))} = {inline(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    return write_toml({"value": value}).partition("=")[2].strip()


def _key(key: str) -> str:
    return inline(key) if "." in key or " " in key else key
