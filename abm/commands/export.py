"""`patronage export`: the purchase log or the choice panel of a stored run, for other packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from abm.commands import doing, output
from abm.core.errors import Refusal, counted
from abm.exchange.export import asked


def main(
    folder: Path,
    out: Path,
    panel: bool,
    arm: str | None,
    point: int,
    replication: int,
    all_runs: bool,
    firm: str | None,
    all_firms: bool,
    since: int | None,
    start: str,
    cohort: bool,
    own: Sequence[Path],
    json: bool,
) -> int:
    """Make a run again and write what was bought; return 0.  Raises Refusal, and then nothing is written."""
    if panel and cohort:
        raise Refusal("a panel has no purchase without a choice; leave out --panel or --cohort")
    try:
        plan = asked(
            folder, out, panel=panel, arm=arm, point=point, replication=replication, all_runs=all_runs, firm=firm,
            all_firms=all_firms, since=since, start=start, cohort=cohort, own=own,
        )  # fmt: skip
        output.note(f"{folder}: making {'all runs' if all_runs else 'the run'} again …")
        table = plan.written()
    except Refusal as refusal:
        if refusal.source or refusal.place not in ("out", "arm", "point", "replication", "firm", "since", "start"):
            raise
        raise Refusal(refusal.message, place=f"--{refusal.place}") from None
    rows = int(table["chosen"].sum()) if panel else len(table)
    customers = table["customer_id"].nunique()
    first, last = (str(day.date()) for day in (table["date"].min(), table["date"].max())) if rows else ("", "")
    if json:
        document = {"out": str(out), "kind": "panel" if panel else "log", "purchases": rows, "rows": len(table)}
        output.document(document | {"customers": customers, "first": first, "last": last, "columns": [*table]})
        return 0
    what = f"{counted(rows, 'purchase')} of {counted(customers, 'customer')}"
    output.lines(f"{what}, {first} to {last}\n{'panel' if panel else 'log  '}    {out}")
    if not (panel or all_firms or all_runs):
        output.lines(f"next     {doing.command('fit', out)}")
    return 0
