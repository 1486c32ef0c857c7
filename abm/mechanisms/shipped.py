"""The shipped mechanisms: every theory that lies in a folder beside this file, in the order of ORDER."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from abm.mechanisms.mechanism import Mechanism

# Where two theories act in the same phase, the one that stands here first acts first; one that does not stand here acts
# after all others, by name.
ORDER = (
    "need", "durable", "choice", "taste", "encounter", "perceived_value", "learning", "trust", "word_of_mouth",
    "rewards", "pricing", "switching_cost", "drop_out", "defection", "lifecycle", "loyalty_types", "loyalty_measures",
    "surplus", "accounts", "recovery", "discounting", "survey", "expectation_management",
    "entry",
)  # fmt: skip

# These act after all others: a visitor is asked when it is known who complains unasked, makes a scene when it is known
# that she is served, and takes goods from the shelf when it is known who has left.
LAST = ("care", "difficult_customers", "outbound", "stock")


@cache
def shipped() -> tuple[type[Mechanism], ...]:
    """Return the class of every shipped mechanism, in the order in which they act within a phase."""
    folder = Path(__file__).parent
    package = __name__.rpartition(".")[0]
    found = []
    for module in pkgutil.walk_packages([str(folder)], f"{package}."):
        if not module.ispkg and module.name.count(".") > package.count(".") + 1:
            page = importlib.import_module(module.name)
            found += [kind for kind in vars(page).values() if _is_theory(kind) and kind.__module__ == module.name]
    return tuple(sorted(found, key=lambda kind: place(kind.name)))


def place(name: str) -> tuple[int, str]:
    """Return where a mechanism stands in the order within a phase."""
    return (ORDER.index(name), "") if name in ORDER else (len(ORDER) + (name in LAST), name)


def _is_theory(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Mechanism) and kind is not Mechanism
