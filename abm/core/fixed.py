"""Tables that stay as they were checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from abm.core.errors import Refusal


class Fixed(dict[str, Any]):
    """A dict that refuses to be changed in place: what was worked out from it would go on as before.

    `table | {...}` makes another one that can be changed.
    """

    def _refuse(self, *given: Any, **named: Any) -> NoReturn:
        advice = "make another with .replace(...), as study.replace(arms=study.arms | {...})"
        raise Refusal(f"a study is not changed in place; {advice}")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Fixed, (dict(self),)


def fixed(value: Any) -> Any:
    """Return tables, and tables inside them and inside lists, as fixed ones; all else as it is."""
    if isinstance(value, Mapping):
        return Fixed({key: fixed(one) for key, one in value.items()})
    return [fixed(one) for one in value] if isinstance(value, list) else value
