"""Headings of purchase logs: which column is the customer, the date, the amount, the quantity and the price of a piece.

Capitals, blanks, "_" and "-" do not count. A column may also be chosen by its heading, where that says something else.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from abm.core.errors import Refusal, did_you_mean, shown

COLUMNS = {
    "customer": (
        "customerid", "customeruniqueid", "customerno", "customernumber", "customerkey", "custid", "cust", "client",
        "clientid", "userid", "user", "id", "member", "memberid", "household", "householdid", "householdkey", "cardid",
        "buyer", "buyerid",
    ),
    "date": (
        "timestamp", "datetime", "day", "time", "purchasedate", "orderdate", "invoicedate", "transactiondate",
        "saledate", "orderpurchasetimestamp", "purchasetimestamp", "ordertimestamp",
    ),
    "amount": (
        "spend", "spent", "value", "revenue", "sales", "total", "dollars", "dollarvalue", "monetaryvalue",
        "paymentvalue", "ordervalue", "totalprice", "totalamount", "linetotal", "transactionamount",
    ),
    "quantity": ("qty", "units", "pieces"),
    "price": ("unitprice", "priceperunit"),
}  # fmt: skip
ALWAYS = ("customer", "date")
_CLOSE = 0.8  # likeness of two words from which one may be a slip of the other


def positions(header: Sequence[str], chosen: Mapping[str, str], place: str, source: str) -> dict[str, int]:
    """Return where the columns of a log stand: customer, date and, unless the log has no amounts, amount or price.

    chosen : heading of a column, by the column's name; "" for amount = the log has no amounts

    An amount goes before a price; a price goes with the quantity, if there is one.
    Raises Refusal for a column that is not there, and for two that could each be it.
    """
    names = [_plain(cell) for cell in header]
    found = {}
    for column in COLUMNS:
        at = _position(column, header, names, chosen.get(column), place, source)
        if at is not None:
            found[column] = at
    for column in ALWAYS:
        if column not in found:
            raise Refusal(_missing(column, header, names), place=place, source=source)
    if chosen.get("amount") == "":
        return {column: found[column] for column in ALWAYS}
    product = "price" in found and ("amount" not in found or "price" in chosen)
    if not product and "amount" not in found:
        raise Refusal(_missing("amount", header, names), place=place, source=source)
    money = [name for name in ("price", "quantity") if name in found] if product else ["amount"]
    return {column: found[column] for column in (*ALWAYS, *money)}


def _position(
    column: str, header: Sequence[str], names: Sequence[str], chosen: str | None, place: str, source: str
) -> int | None:
    if chosen == "":
        return None
    if chosen is not None:
        for heading, of in ((chosen, header), (_plain(chosen), names)):
            if list(of).count(heading) == 1:
                return list(of).index(heading)
        said = f"log_columns.{column} = {shown(chosen)} is no heading, or that of several columns"
        raise Refusal(f"{said}{did_you_mean(chosen, header) or _has(header)}", place=place, source=source)
    places = [at for at, name in enumerate(names) if name == column]
    places = places or [at for at, name in enumerate(names) if name in COLUMNS[column]]
    if len(places) > 1:
        both = " and ".join(shown(header[at]) for at in places)
        step = f"rename one to {column}, or say log_columns.{column}"
        raise Refusal(f"{both} could each be the {column} column; {step}", place=place, source=source)
    return places[0] if places else None


def _missing(column: str, header: Sequence[str], names: Sequence[str]) -> str:
    known = {word for name, others in COLUMNS.items() for word in (name, *others)}
    near = [
        cell
        for cell, name in zip(header, names, strict=True)
        if name not in known and difflib.get_close_matches(name, (column, *COLUMNS[column]), cutoff=_CLOSE)
    ]
    if near:
        return f"no {column} column; did you mean '{near[0]}'?"
    without = ', or "" for a log without amounts' if column == "amount" else ""
    return f'no {column} column{_has(header)}; say log_columns.{column} = "…"{without}'


def _has(header: Iterable[str]) -> str:
    return f"; the header has {', '.join(map(shown, header))}"


def _plain(cell: str) -> str:
    return "".join(cell.lower().replace("_", " ").replace("-", " ").split())
