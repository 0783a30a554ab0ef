#!/usr/bin/env python3
"""Compares the ledger's returns with independent libraries, and prints the table of docs/returns.md.

    pip install pyxirr==0.10.8 empyrical-reloaded==0.7.1 pandas==3.1.1
    cargo build --release -p ledger --example returns
    python3 domain/ledger/examples/compare.py target/release/examples/returns

Money-weighted rates are those of pyxirr; time-weighted returns are daily returns by pandas, chained by empyrical.
"""

import datetime
import json
import random
import subprocess
import sys

import empyrical
import pandas
import pyxirr

DAY = datetime.timedelta(days=1)
D = datetime.date

# Money-weighted, by hand: name, flows. An expected reason stands where no rate exists.
BY_HAND = [
    ("a year at 10 %", [("2023-01-01", -100), ("2024-01-01", 110)]),
    ("a leap year", [("2024-01-01", -100), ("2025-01-01", 110)]),
    ("the spreadsheet manuals' example", [("2008-01-01", -10000), ("2008-03-01", 2750), ("2008-10-30", 4250), ("2009-02-15", 3250), ("2009-04-01", 2750)]),
    ("one day", [("2024-01-01", -100), ("2024-01-02", 101)]),
    ("a loss of half in a day", [("2024-01-01", -100), ("2024-01-02", 99)]),
    ("nothing gained", [("2024-01-01", -100), ("2026-01-01", 100)]),
    ("almost all lost", [("2020-01-01", -100000), ("2024-01-01", 1)]),
    ("a hundredfold", [("2020-01-01", -100), ("2024-01-01", 10000)]),
    ("thirty years", [("1994-06-15", -1000), ("2024-06-15", 30000)]),
    ("a plan of a year", [(f"2023-{m:02}-05", -5000) for m in range(1, 13)] + [("2024-01-05", 66000)]),
    ("a plan of a year at a loss", [(f"2023-{m:02}-05", -5000) for m in range(1, 13)] + [("2024-01-05", 51000)]),
    ("a plan of ten years", [(f"{y}-{m:02}-10", -10000) for y in range(2013, 2023) for m in range(1, 13)] + [("2023-01-10", 2400000)]),
    ("a withdrawal plan", [("2015-01-01", -1200000)] + [(f"{y}-{m:02}-01", 10000) for y in range(2015, 2023) for m in (2, 5, 8, 11)] + [("2023-01-01", 1400000)]),
    ("dividends", [("2019-04-01", -100000), ("2019-09-10", 1200), ("2020-09-10", 1300), ("2021-09-10", 1500), ("2022-03-31", 131000)]),
    ("a purchase at the bottom", [("2020-01-15", -100000), ("2020-03-23", -100000), ("2021-03-23", 330000)]),
    ("a purchase at the top", [("2021-10-18", -500000), ("2022-06-17", 430000)]),
    ("two purchases of one day", [("2022-05-02", -70), ("2022-05-02", -30), ("2023-05-02", 112)]),
    ("flows out of order", [("2023-05-02", 112), ("2022-05-02", -100)]),
    ("paisa", [("2022-05-02", -0.01), ("2023-05-02", 0.02)]),
    ("crores", [("2012-05-02", -98765432109.87), ("2022-05-02", 198765432109.87)]),
    ("a short sale", [("2022-05-02", 100), ("2023-05-02", -90)]),
    ("intraday and a closing value", [("2024-05-02", 5), ("2024-05-03", -1000), ("2025-05-02", 1100)]),
    ("two rates", [("2021-01-01", -100), ("2022-01-01", 230), ("2023-01-01", -132)]),
    ("two rates far apart", [("2021-01-01", -100), ("2022-01-01", 600), ("2023-01-01", -700)]),
    ("changes of direction, one rate", [("2021-01-01", -100), ("2021-06-01", 60), ("2022-01-01", -80), ("2023-01-01", 150)]),
    ("a mine that must be cleaned up", [("2010-01-01", -1000), ("2012-01-01", 4000), ("2015-01-01", -3500)]),
    ("no rate", [("2021-01-01", -1000), ("2022-01-01", 1500), ("2023-01-01", -1000)]),
    ("one direction", [("2021-01-01", -1000), ("2022-01-01", -1500)]),
    ("one day's flows", [("2021-01-01", -1000), ("2021-01-01", 1500)]),
    ("nothing", []),
    ("flows that cancel", [("2021-01-01", -1000), ("2021-01-01", 1000)]),
    ("a year but a day", [("2023-01-01", -100), ("2023-12-31", 110)]),
]


def ask(binary, cases):
    told = "\n".join(json.dumps(case) for case in cases)
    done = subprocess.run([binary], input=told, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def text(flows):
    return {"flows": [[str(on), f"{amount:.2f}"] for on, amount in flows]}


def present(flows, rate):
    """What flows are worth at a rate, as a part of all that flowed."""
    first = min(on for on, _ in flows)
    worth = sum(amount / (1 + rate) ** ((on - first).days / 365) for on, amount in flows)
    return abs(worth) / sum(abs(amount) for _, amount in flows)


def random_flows(rng):
    on, flows = D(2005, 1, 1) + DAY * rng.randrange(5000), []
    direction = rng.random()
    for _ in range(rng.randrange(1, 60)):
        flows.append((on, -round(rng.uniform(1, 100000), 2) if rng.random() < 0.5 + direction / 2 else round(rng.uniform(1, 50000), 2)))
        on += DAY * rng.randrange(1, 120)
    paid = -sum(amount for _, amount in flows if amount < 0) or 100
    return [(day, amount) for day, amount in flows] + [(on, round(paid * rng.uniform(0.2, 4), 2))]


def random_portfolio(rng):
    start, length = D(2015, 1, 1) + DAY * rng.randrange(2000), rng.randrange(30, 1500)
    price, closes = rng.uniform(10, 5000), []
    for n in range(length):
        price = max(0.05, price * (1 + rng.gauss(0.0004, 0.015)))
        if n == 0 or rng.random() < 0.7:
            closes.append((start + DAY * n, round(price, 2)))
    held, trades, dividends, close = 0, [], [], dict(closes)
    for n in range(length - 1):
        on = start + DAY * n
        if on not in close:
            continue
        each = round(close[on] * rng.uniform(0.98, 1.02), 2)
        if n == 0 or rng.random() < 0.05:
            quantity = rng.randrange(1, 200)
        elif held > 1 and rng.random() < 0.03:
            quantity = -rng.randrange(1, held)
        else:
            quantity = 0
        if quantity:
            trades.append((on, quantity, round(abs(quantity) * each, 2), round(rng.uniform(0, 40), 2)))
            held += quantity
        if held and rng.random() < 0.005:
            dividends.append((on, round(held * close[on] * 0.01, 2)))
    return {"trades": trades, "dividends": dividends, "closes": closes, "from": start - DAY, "to": start + DAY * (length - 1)}


def portfolio_text(of):
    two = lambda amount: f"{amount:.2f}"
    return {"portfolio": {
        "trades": [[str(on), str(q), two(a), two(c)] for on, q, a, c in of["trades"]],
        "dividends": [[str(on), two(a)] for on, a in of["dividends"]],
        "closes": [[str(on), two(a)] for on, a in of["closes"]],
        "from": str(of["from"]), "to": str(of["to"]),
    }}


def by_libraries(of):
    """Money-weighted by pyxirr, time-weighted by pandas and empyrical."""
    days = pandas.date_range(of["from"], of["to"])
    zero = pandas.Series(0.0, index=days)
    series = lambda pairs: zero.add(pandas.Series([a for _, a in pairs], index=pandas.to_datetime([on for on, _ in pairs])).groupby(level=0).sum() if pairs else zero, fill_value=0)
    quantity = series([(on, q) for on, q, _, _ in of["trades"]]).cumsum()
    close = pandas.Series([a for _, a in of["closes"]], index=pandas.to_datetime([on for on, _ in of["closes"]])).reindex(days).ffill().fillna(0)
    value = quantity * close
    paid_in = series([(on, a) for on, q, a, _ in of["trades"] if q > 0]) + series([(on, c) for on, _, _, c in of["trades"]])
    taken_out = series([(on, a) for on, q, a, _ in of["trades"] if q < 0]) + series(of["dividends"])
    invested = value.shift(1).fillna(0) + paid_in
    daily = ((value + taken_out) / invested - 1)[invested > 0]
    flows = (taken_out - paid_in)
    flows.iloc[-1] += value.iloc[-1]
    return pyxirr.xirr(flows), float(empyrical.cum_returns_final(daily))


def compare_flows(binary, lists):
    """The largest difference, how many lists have several rates, and how many have none, in agreement."""
    answers = ask(binary, [text(flows) for flows in lists])
    worst, several, none, left = 0.0, 0, 0, 0
    for flows, answer in zip(lists, answers):
        rates = answer["rates"]
        try:
            other = pyxirr.xirr(flows) if flows else None
        except pyxirr.InvalidPaymentsError:
            other = None
        if not rates:
            none += 1
            # Of flows of one day every rate is one, and none says anything; nor does one of a trillion.
            if other is not None and -0.999999 < other < 1e12 and len({on for on, _ in flows}) > 1:
                assert present(flows, other) > 1e-9, f"{flows}: {other} is a rate that was missed"
            continue
        several += len(rates) > 1
        for rate in rates:
            # Nearer to −1 a float has no digits left to check with.
            assert rate < -0.999999 or present(flows, rate) < 1e-9, f"{flows} are not worth nothing at {rate}"
        if other is None:
            left += 1
            continue
        worst = max(worst, min(abs(rate - other) / max(1, abs(other)) for rate in rates))
    return worst, several, none, left


def main():
    binary, rng = sys.argv[1], random.Random(20261121)
    hand = [[(D.fromisoformat(on), amount) for on, amount in flows] for _, flows in BY_HAND]
    rows = [("XIRR, made by hand", len(hand), *compare_flows(binary, hand))]
    lists = [random_flows(rng) for _ in range(2000)]
    rows.append(("XIRR, random flows", len(lists), *compare_flows(binary, lists)))
    portfolios = [random_portfolio(rng) for _ in range(1000)]
    answers = ask(binary, [portfolio_text(of) for of in portfolios])
    money, time, unmatched = 0.0, 0.0, 0
    for of, answer in zip(portfolios, answers):
        rate, twr = by_libraries(of)
        time = max(time, abs(float(answer["time_weighted"]) - twr) / max(1, abs(twr)))
        if rate is None or not answer["rates"]:
            unmatched += 1
            continue
        money = max(money, min(abs(found - rate) / max(1, abs(rate)) for found in answer["rates"]))
    rows.append(("XIRR, random portfolios", len(portfolios), money, 0, 0, unmatched))
    rows.append(("Time-weighted, random portfolios", len(portfolios), time, "", "", 0))
    print("| what | cases | largest difference | several rates | no rate | found by us alone |")
    print("|---|---|---|---|---|---|")
    for name, cases, worst, several, none, left in rows:
        print(f"| {name} | {cases} | {worst:.1e} | {several} | {none} | {left} |")


main()
