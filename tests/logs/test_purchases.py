import hashlib
import math
import tracemalloc
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis.strategies import dates, floats, integers, lists, randoms, sampled_from, tuples

from abm.core.errors import Refusal
from abm.logs.purchases import purchase_counts, purchase_days, read_log, shipped, summary
from tests.examples import examples

HEADER = "customer,date,amount\n"


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to log.csv and give its path."""

    def to_file(content):
        path = tmp_path / "log.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


@pytest.fixture
def refusal(write):
    """Give the line with which a log is refused."""

    def of(content):
        with pytest.raises(Refusal) as refused:
            read_log(write(content), source="log.csv")
        return str(refused.value)

    return of


def log_of(*rows):
    customer, day, amount = zip(*rows, strict=True)
    return pd.DataFrame({"customer": customer, "date": np.array(day, "datetime64[s]"), "amount": amount})


SMALL = log_of(
    ("ann", "2024-01-01", 10.0),
    ("ann", "2024-01-08", 20.0),
    ("ann", "2024-01-08", 5.0),
    ("ann", "2024-01-22", 35.0),
    ("bob", "2024-01-03", 7.0),
    ("bob", "2024-01-03", 8.0),
    ("cec", "2024-02-01", 1.0),
)


def test_a_log_is_read_as_written(write):
    log = read_log(write(HEADER + "01,1997-01-02,11.77\n1,19970103,0\n"))
    assert list(log.columns) == ["customer", "date", "amount"]
    assert list(log["customer"]) == ["01", "1"]
    assert list(log["date"]) == [pd.Timestamp("1997-01-02"), pd.Timestamp("1997-01-03")]
    assert list(log["amount"]) == [11.77, 0.0]


@pytest.mark.parametrize(
    "header",
    [
        "customer_id,timestamp,spend",
        "Customer ID,Date,Amount",
        "CustomerID,InvoiceDate,Revenue",
        "id,order-date,VALUE",
        "\ufeffcustomer,date,amount",
        "id,date,amount,customer",  # the plain name wins
    ],
)
def test_headings_in_common_use_are_understood(write, header):
    values = dict.fromkeys(header.split(","), "x")
    cells = [
        "1997-01-02" if "date" in name.lower() or name == "timestamp" else "7.5" if i == 2 else "c"
        for i, name in enumerate(values)
    ]
    rows = [",".join(cells), ",".join(cell.replace("c", "d") for cell in cells)]
    log = read_log(write("\n".join([header, *rows])))
    assert list(log["customer"]) == ["c", "d"]
    assert list(log["amount"]) == [7.5, 7.5]


def test_order_of_columns_and_further_ones_do_not_matter(write):
    log = read_log(write("units,amount,note,date,customer\n2,9.5,hi,2024-03-01,p\n1,3,,2024-03-02,q\n"))
    assert list(log["customer"]) == ["p", "q"]
    assert list(log["amount"]) == [9.5, 3.0]


@pytest.mark.parametrize(
    "cell", ["2024-03-01", "20240301", "2024-03-01 23:59", "2024-03-01T23:59:59.5", " 2024-03-01T01:00:00Z "]
)
def test_a_time_of_day_is_dropped(write, cell):
    log = read_log(write(f"{HEADER}p,{cell},1\nq,2024-03-02,1\n"))
    assert log["date"][0] == pd.Timestamp("2024-03-01")


def test_quotes_line_ends_and_blank_lines_are_no_matter(write):
    log = read_log(write('\r\ncustomer,date,amount\r\n"Li, Ann", 2024-03-01, "1"\r\n\r\n,,\r\nq,2024-03-02,2'))
    assert list(log["customer"]) == ["Li, Ann", "q"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            "p,01/02/1997,1",
            'date = "01/02/1997" is not a date such as 1997-09-30 or 19970930; '
            'say log_dates = "day_first" or "month_first"',
        ),
        ("p,1997-02-30,1", 'date = "1997-02-30" is not a date such as 1997-09-30 or 19970930'),
        ("p,,1", 'date = "" is not a date such as 1997-09-30 or 19970930'),
        ("p,1997-01-02,-1e13", "amount = -1e+13 is beyond 1e+12 (currency units)"),
        ("p,1997-01-02,nan", 'amount = "nan" is not a number'),
        ("p,1997-01-02,inf", "amount = inf is beyond 1e+12 (currency units)"),
        ("p,1997-01-02,1e400", "amount = inf is beyond 1e+12 (currency units)"),
        ('p,1997-01-02,"1,234"', 'amount = "1,234" is not a number'),  # a thousand, or a little more than one
        ("p,1997-01-02,$5", 'amount = "$5" is not a number'),
        ("p,1997-01-02,1_000", 'amount = "1_000" is not a number'),
        ("p,1997-01-02,", 'amount = "" is not a number'),
        ("p,1997-01-02", "2 columns where the header has 3"),
        ("p,1997-01-02,5,50", "4 columns where the header has 3"),
        ('p,1997-01-02,"5"0', "not CSV: ',' expected after '\"'"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(refusal, cells, message):
    good = "p,1997-01-01,1\nq,1997-01-01,1\n"
    assert refusal(f"{HEADER}{good}\n{cells}\n") == f"log.csv: line 5: {message}"


def test_lines_are_counted_through_quoted_line_ends(refusal):
    text = HEADER + '"a\nb",1997-01-01,1\nq,1997-01-01,x\n'
    assert refusal(text) == 'log.csv: line 4: amount = "x" is not a number'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; it needs a header with customer, date, amount"),
        (" \n\n", "is empty; it needs a header with customer, date, amount"),
        (HEADER, "no purchase below the header; at least 2 customers are needed"),
        (HEADER + "p,1997-01-01,1\n" * 3, "purchases of one customer only; at least 2 customers are needed"),
        ("custmer,date,amount\np,1997-01-01,1\n", "line 1: no customer column; did you mean 'custmer'?"),
        ("customer,date,amont\np,1997-01-01,1\n", "line 1: no amount column; did you mean 'amont'?"),
        ("p,q\n", 'line 1: no customer column; the header has "p", "q"; say log_columns.customer = "…"'),
        (
            "id,date,Country\na,2024-01-01,UK\n",
            'line 1: no amount column; the header has "id", "date", "Country"; '
            'say log_columns.amount = "…", or "" for a log without amounts',
        ),
        (
            "id,user,date,amount\n",
            'line 1: "id" and "user" could each be the customer column; rename one to customer, '
            "or say log_columns.customer",
        ),
        (
            "customer,date,amount,Date\n",
            'line 1: "date" and "Date" could each be the date column; rename one to date, or say log_columns.date',
        ),
        (b"customer,date,amount\nM\xfcller,1997-01-01,1\n", "line 2: not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_log_is_refused(refusal, content, message):
    assert refusal(content) == f"log.csv: {message}"


PUBLISHED = {
    "blanks": " customer_id  date number_of_cds  dollar_value\n 00001 19970101  1   11.77\n 2 19970112 5  7.00\n",
    "semicolons": "customer;date;amount\n00001;1997-01-01;11,77\n2;1997-01-12;7,0\n",
    "tabs": "user id\tday\tspent\n00001\t1997-01-01\t11.77\n2\t1997-01-12\t7\n",
    "bars": "client|order_purchase_timestamp|payment_value\n00001|1997-01-01 10:56:33|11.77\n2|1997-01-12 00:00:00|7\n",
    "pieces": "Quantity,InvoiceDate,UnitPrice,CustomerID\n1,1997-01-01,11.77,00001\n2,1997-01-12,3.50,2.0\n",
    "a price": "customer_unique_id,date,price\n00001,1997-01-01,11.77\n2,1997-01-12,7\n",
}


@pytest.mark.parametrize("content", PUBLISHED.values(), ids=PUBLISHED)
def test_logs_are_read_as_they_are_published(write, content):
    log = read_log(write(content))
    assert list(log["customer"]) == ["00001", "2"]
    assert list(log["date"]) == [pd.Timestamp("1997-01-01"), pd.Timestamp("1997-01-12")]
    assert list(log["amount"]) == [11.77, 7.0]


@pytest.mark.parametrize(
    ("dates", "cell"),
    [
        ("day_first", "2/3/2024"), ("day_first", "02.03.2024 08:26"), ("day_first", "2024-03-02"),
        ("month_first", "3/2/2024 8:26"), ("month_first", "03-02-2024"), ("%d %b %y", "02 Mar 24"),
    ],
)  # fmt: skip
def test_dates_are_read_as_somebody_says_they_are_written(write, dates, cell):
    assert read_log(write(f"{HEADER}p,{cell},1\nq,{cell},1\n"), dates=dates)["date"][0] == pd.Timestamp("2024-03-02")


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ("day_first", 'date = "9/30/2024" is no date by log_dates = "day_first"; is it "month_first"?'),
        ("%d %b %y", 'date = "9/30/2024" is not written as log_dates = "%d %b %y"'),
    ],
)
def test_dates_that_are_written_otherwise_are_refused(write, dates, message):
    with pytest.raises(Refusal) as refused:
        read_log(write(f"{HEADER}p,9/30/2024,1\nq,1/2/2024,1\n"), source="log.csv", dates=dates)
    assert str(refused.value) == f"log.csv: line 2: {message}"


def test_columns_are_chosen_by_their_headings(write):
    path = write("who,bill to,when,net,gross\na,x,2024-01-01,1,2\nb,y,2024-01-02,3,4\n")
    log = read_log(path, columns={"customer": "who", "date": "When", "amount": "gross"})
    assert (list(log["customer"]), list(log["amount"])) == (["a", "b"], [2.0, 4.0])
    with pytest.raises(Refusal, match=r"log_columns\.amount = \"gros\" is no heading.*; did you mean 'gross'\?"):
        read_log(path, columns={"customer": "who", "date": "when", "amount": "gros"})


def test_a_log_of_dates_alone(write):
    log = read_log(write("date,id\n2014-03-08,0\n2014-05-21,1\n2014-06-21,1\n"), columns={"amount": ""})
    assert log["amount"].isna().all()
    assert purchase_days(log)["amount"].isna().all()
    assert list(summary(log)["frequency"]) == [0, 1]


def test_numbers_with_and_without_a_point_are_the_same_customer(write):
    log = read_log(write(f"{HEADER}17,2024-01-01,1\n17.0,2024-01-02,1\n1.5,2024-01-02,1\n"))
    assert list(log["customer"]) == ["17", "17", "1.5"]


@pytest.mark.parametrize("cell", ["", " ", '""', "NA", "nan", "NULL", "None", "n/a"])
def test_rows_without_a_customer_are_left_out_and_counted(write, refusal, cell):
    known = "ann,2024-01-01,1\nnancy,2024-01-02,1\nann,2024-02-01,1\n"
    log = read_log(write(f"{HEADER}{cell},2024-01-01,1\n{known}{cell},no day,1\n"))
    assert list(log["customer"]) == ["ann", "nancy", "ann"]
    assert log.attrs["without_customer"] == 2
    none = refusal(f"{HEADER}{cell},2024-01-01,1\n" * 1 + f"{cell},2024-01-01,1\n" * 2)
    assert none == (
        "log.csv: no purchase below the header (3 rows name no customer and were left out); "
        "at least 2 customers are needed"
    )


@pytest.mark.parametrize("suffix", ["parquet", "pq"])
def test_parquet_is_read_like_text(tmp_path, suffix):
    path = tmp_path / f"log.{suffix}"
    ids, moments = [17.0, 18.0, 17.0], pd.to_datetime(["2024-01-01 10:00", "2024-01-02 00:00", "2024-02-01 00:00"])
    table = pd.DataFrame({"CustomerID": ids, "InvoiceDate": moments, "amount": [1.5, 2.0, 3.0], "tags": [["a"]] * 3})
    table.to_parquet(path)
    log = read_log(path)
    assert list(log["customer"]) == ["17", "18", "17"]
    assert list(log["date"]) == list(moments.normalize())
    assert list(log["amount"]) == [1.5, 2.0, 3.0]
    table.assign(CustomerID=[17.0, None, 18.0]).to_parquet(path)
    nameless = read_log(path)
    assert (list(nameless["customer"]), nameless.attrs) == (["17", "18"], {"without_customer": 1})
    path.write_text(HEADER)
    with pytest.raises(Refusal, match="it is no Parquet file"):
        read_log(path)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "UTC"])
def test_a_day_is_that_of_the_clock_that_wrote_it(tmp_path, zone):
    moments = pd.to_datetime(["2024-03-01 00:05", "2024-03-01 23:55"]).tz_localize(zone)
    table = pd.DataFrame({"customer": ["a", "b"], "date": moments, "amount": [1.0, 2.0]})
    table.to_parquet(tmp_path / "log.parquet")
    table.assign(date=[moment.isoformat() for moment in moments]).to_csv(tmp_path / "log.csv", index=False)
    for name in ("log.parquet", "log.csv"):
        assert read_log(tmp_path / name)["date"].astype(str).tolist() == ["2024-03-01", "2024-03-01"]


def test_returns_are_taken_off_the_latest_purchase_day():
    log = log_of(
        ("ann", "2024-01-01", -5.0),  # of a purchase before the log
        ("ann", "2024-01-02", 20.0),
        ("ann", "2024-01-05", 30.0),
        ("ann", "2024-01-05", -10.0),
        ("ann", "2024-01-09", -5.0),
        ("bob", "2024-01-02", 7.0),
        ("bob", "2024-01-03", 8.1),
        ("bob", "2024-01-07", -8.1),  # all of it
    )
    days = purchase_days(log)
    rows = [(row.customer, str(row.date.date()), row.amount) for row in days.itertuples()]
    assert rows == [("ann", "2024-01-02", 20.0), ("ann", "2024-01-05", 15.0), ("bob", "2024-01-02", 7.0)]
    assert list(summary(log)["frequency"]) == [1, 0]


def test_a_field_without_end_is_refused_at_once(write):
    path = write(HEADER + 'p,2024-01-01,"' + "x" * 10_000_000)
    tracemalloc.start()
    with pytest.raises(Refusal, match="line 2: is longer than 1,048,576 characters"):
        read_log(path)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_too_many_purchases_are_refused(write, monkeypatch):
    monkeypatch.setattr("abm.logs.purchases.MOST_PURCHASES", 2)
    with pytest.raises(Refusal, match="has more than 2 purchases; use a sample of its customers"):
        read_log(write(HEADER + "p,2024-01-01,1\n" * 3))


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    with pytest.raises(Refusal, match=r"nowhere\.csv: there is no such file"):
        read_log(tmp_path / "nowhere.csv")
    with pytest.raises(Refusal, match="cannot be read"):
        read_log(tmp_path)


def test_summary_by_hand():
    table = summary(SMALL, end="2024-01-29")
    assert list(table.index) == ["ann", "bob"]  # cec had not bought yet
    assert list(table["frequency"]) == [2, 0]
    assert list(table["recency"]) == [3.0, 0.0]
    assert table["age"].to_numpy() == pytest.approx([4.0, 26 / 7])
    assert table["mean_amount"]["ann"] == pytest.approx((25 + 35) / 2)  # the first day is not a repeat purchase
    assert math.isnan(table["mean_amount"]["bob"])  # twice on the first day is no repeat purchase


def test_end_is_included_and_may_be_left_out():
    assert summary(SMALL, end="2024-01-22")["frequency"]["ann"] == 2
    assert summary(SMALL, end="2024-01-21")["frequency"]["ann"] == 1
    for end in ("20240201", date(2024, 2, 1), pd.Timestamp("2024-02-01 18:30", tz="UTC")):
        pd.testing.assert_frame_equal(summary(SMALL), summary(SMALL, end=end))


def test_unit_of_time():
    weeks, days = summary(SMALL), summary(SMALL, unit_days=1)
    assert days["age"].to_numpy() == pytest.approx(7 * weeks["age"].to_numpy())
    assert days["recency"].to_numpy() == pytest.approx(7 * weeks["recency"].to_numpy())


def test_counts_by_hand():
    counts = purchase_counts(SMALL, "2024-01-03", "2024-01-22")
    assert dict(counts) == {"ann": 2, "bob": 1, "cec": 0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: summary(SMALL, end="2023-12-31"),
            "no purchase up to end = 2023-12-31; the log begins on 2024-01-01",
        ),
        (lambda: summary(SMALL, end="soon"), 'end = "soon" is not a date such as 1997-09-30'),
        (lambda: summary(SMALL.iloc[:0]), "the log has no purchase"),
        (lambda: summary(SMALL, end=pd.NaT), "end = nat is not a date such as 1997-09-30"),
        (lambda: summary(SMALL, unit_days=0), "unit_days = 0 is not a positive number of days"),
        (
            lambda: purchase_counts(SMALL, "2024-02-01", "2024-01-01"),
            "end = 2024-01-01 is before start = 2024-02-01",
        ),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(call, message):
    with pytest.raises(Refusal) as refused:
        call()
    assert str(refused.value) == message


purchases = tuples(
    sampled_from(["1", "01", "ann", "é"]),
    dates(pd.Timestamp("2020-01-01").date(), pd.Timestamp("2020-04-01").date()),
    integers(0, 64).map(lambda quarters: quarters / 4),  # sums are exact in any order
)


@settings(max_examples=examples(30))
@given(lists(purchases, min_size=1, max_size=40), randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    for count in (summary, purchase_days):
        pd.testing.assert_frame_equal(count(log_of(*rows)), count(log_of(*shuffled)))


@settings(max_examples=examples(30))
@given(lists(purchases, min_size=1, max_size=40))
def test_purchase_days_keep_every_purchase(rows):
    log = log_of(*rows)
    days, table = purchase_days(log), summary(log)
    assert days["amount"].sum() == log["amount"].sum()
    assert (table["frequency"] + 1).sum() == len(days) == len({row[:2] for row in rows})
    assert (table["recency"] <= table["age"]).all()
    assert ((table["recency"] > 0) == (table["frequency"] > 0)).all()
    everything = purchase_counts(log, "2020-01-01", "2020-04-01")
    assert list(everything) == list(table["frequency"] + 1)


@given(lists(tuples(integers(0, 9), floats(0, 1e12)), min_size=1))
def test_what_is_written_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("logs") / "log.csv"
    text = "".join(f"{customer},2024-01-01,{amount!r}\n" for customer, amount in rows)
    path.write_text(HEADER + text + "last,2024-01-01,0\n")
    assert list(read_log(path)["amount"][:-1]) == [amount for _, amount in rows]


def test_shipped_log_is_found_by_name():
    assert shipped("cdnow").is_file()
    with pytest.raises(Refusal, match="no shipped log \"cdno\"; did you mean 'cdnow'"):
        shipped("cdno")
    with pytest.raises(Refusal, match=r'no shipped log "\.\./logs/cdnow"'):
        shipped("../logs/cdnow")
    with pytest.raises(Refusal, match='no shipped log "x"; there is cdnow'):
        shipped("x")


def test_cdnow_is_the_public_sample(cdnow_log):
    assert len(cdnow_log) == 6919
    assert cdnow_log["customer"].nunique() == 2357
    assert cdnow_log["date"].min() == pd.Timestamp("1997-01-01")
    assert cdnow_log["date"].max() == pd.Timestamp("1998-06-30")
    assert cdnow_log["date"].groupby(cdnow_log["customer"]).min().max() <= pd.Timestamp("1997-03-31")
    assert (cdnow_log["amount"] == 0).sum() == 8


def test_cdnow_is_copied_to_the_cent(cdnow_log):
    """The rows of CDNOW_sample.txt, of the PyPI package lifetimes 0.11.3, without the customer's master number."""
    table = cdnow_log.assign(units=pd.read_csv(shipped("cdnow"))["units"])
    rows = (f"{r.customer} {r.date:%Y%m%d} {r.units} {r.amount:.2f}\n" for r in table.itertuples())
    digest = hashlib.blake2b("".join(rows).encode(), digest_size=16).hexdigest()
    assert digest == "7c78ac5946640ab8df7c67e7ab189c39"


def test_cdnow_calibration_rule(cdnow, cdnow_log):
    """Fader, Hardie & Lee 2005: distinct purchase days, calibration to 1997-09-30, 39 weeks of holdout."""
    assert len(cdnow) == 2357
    assert (cdnow["frequency"] == 0).sum() == 1411
    assert cdnow["frequency"].sum() == 2457
    first = cdnow.loc["0001"]
    assert (first["frequency"], round(first["recency"], 2), round(first["age"], 2)) == (2, 30.43, 38.86)
    assert first["mean_amount"] == pytest.approx((29.73 + 14.96) / 2)
    holdout = purchase_counts(cdnow_log, "1997-10-01", "1998-06-30")
    assert holdout.sum() == 1882
    assert holdout[cdnow.index[cdnow["frequency"] == 0]].sum() == 334  # the published zero class
    assert cdnow["frequency"].sum() + holdout.sum() == 4339
