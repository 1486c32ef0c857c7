"""Record the bits of the baseline markets anew: `python -m tests.baselines.update`.

Bits that moved are recorded only together with a line of CHANGELOG.md that begins `Numbers:` and is not there yet.
"""

from __future__ import annotations

import json
import sys

from tests.baselines.digests import RECORDED, digests, news, recorded
from tests.baselines.markets import MARKETS


def moved(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> list[str]:
    """Return what was recorded before and has other bits now, as "market: column"."""
    return [
        f"{market}: {name}"
        for market, found in new.items()
        for name, value in found.items()
        if old.get(market, {}).get(name, value) != value
    ]


def main() -> int:
    """Record, or say which `Numbers:` line is missing."""
    before = recorded() if RECORDED.exists() else {"numbers": [], "markets": {}}
    now = {market: digests(market) for market in MARKETS}
    changed = moved(before["markets"], now)
    if changed and set(news()) <= set(before["numbers"]):
        print(*changed, sep="\n")
        print(f"{len(changed)} digests moved; say why in a line of CHANGELOG.md that begins 'Numbers:'")
        return 1
    RECORDED.write_text(json.dumps({"numbers": news(), "markets": now}, indent=1) + "\n", "utf-8")
    print(f"{len(now)} markets recorded, {len(changed)} digests moved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
