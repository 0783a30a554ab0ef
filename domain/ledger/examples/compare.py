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
from fractions import Fraction as F

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

# Time-weighted, by hand, from 1 January 2024 on: name; closes of consecutive days (None: none); trades as day, quantity,
# amount, charges; dividends as day, amount; the return, worked out on paper as growth of each day: what is there and was
# taken out over what was there and came in.
TIME_WEIGHTED_BY_HAND = [
    ("a rise of a tenth", [100, 110], [(0, 1, 100, 0)], [], F(110, 100) - 1),
    ("a fall to half", [100, 50], [(0, 1, 100, 0)], [], F(-1, 2)),
    ("nothing gained", [100, 100, 100], [(0, 7, 700, 0)], [], F(0)),
    ("bought above the close", [100, 110], [(0, 1, 105, 0)], [], F(110, 105) - 1),
    ("bought below the close", [100, 110], [(0, 1, 90, 0)], [], F(110, 90) - 1),
    ("charges on buying", [100, 110], [(0, 1, 100, 5)], [], F(110, 105) - 1),
    ("charges on selling", [100, 110], [(0, 1, 100, 0), (1, -1, 110, 5)], [], F(110, 105) - 1),
    ("bought more at the close", [100, 110, 121], [(0, 1, 100, 0), (1, 9, 990, 0)], [], F(1100, 1090) * F(121, 110) - 1),
    ("bought more below the close", [100, 110, 121], [(0, 1, 100, 0), (1, 9, 900, 0)], [], F(1100, 1000) * F(121, 110) - 1),
    ("sold half at the close", [100, 110, 121], [(0, 2, 200, 0), (1, -1, 110, 0)], [], F(220, 200) * F(121, 110) - 1),
    ("sold half above the close", [100, 110, 121], [(0, 2, 200, 0), (1, -1, 115, 0)], [], F(225, 200) * F(121, 110) - 1),
    ("sold half at a loss", [100, 80, 90], [(0, 2, 200, 0), (1, -1, 80, 0)], [], F(160, 200) * F(90, 80) - 1),
    ("sold everything on the last day", [100, 110, 120], [(0, 3, 300, 0), (2, -3, 360, 0)], [], F(110, 100) * F(120, 110) - 1),
    ("sold everything and bought again", [100, 110, 120, 130, 140], [(0, 1, 100, 0), (1, -1, 110, 0), (3, 1, 130, 0)], [], F(110, 100) * F(140, 130) - 1),
    ("a dividend that the price falls by", [100, 98], [(0, 1, 100, 0)], [(1, 2)], F(0)),
    ("a dividend beside a rise", [100, 105], [(0, 10, 1000, 0)], [(1, 50)], F(1100, 1000) - 1),
    ("a dividend on what was bought that day", [100, 100], [(0, 1, 100, 0), (1, 1, 100, 0)], [(1, 4)], F(204, 200) - 1),
    ("two dividends of one day", [100, 100], [(0, 1, 100, 0)], [(1, 1), (1, 2)], F(103, 100) - 1),
    ("a dividend and a sale", [100, 110, 99], [(0, 2, 200, 0), (1, -1, 110, 0)], [(1, 10)], F(230, 200) * F(99, 110) - 1),
    ("a day without a close", [100, None, 120], [(0, 1, 100, 0)], [], F(120, 100) - 1),
    ("days without a close, and a purchase on one", [100, None, 120], [(0, 1, 100, 0), (1, 1, 110, 0)], [], F(200, 210) * F(240, 200) - 1),
    ("within the day, beside what is held", [100, 101], [(0, 1, 100, 0), (1, 1, 100, 0), (1, -1, 102, 0)], [], F(203, 200) - 1),
    ("doubled and halved", [100, 200, 100], [(0, 1, 100, 0)], [], F(0)),
    ("a hundredfold", [1, 10, 100], [(0, 1, 1, 0)], [], F(99)),
    ("paisa", [0.05, 0.10], [(0, 1000, 50, 0)], [], F(1)),
    ("crores", [98765.43, 99753.08], [(0, 1000000, 98765430000, 0)], [], F(9975308, 9876543) - 1),
    ("a plan of three", [100, 80, 125, 125], [(0, 10, 1000, 0), (1, 10, 800, 0), (2, 8, 1000, 0)], [], F(1600, 1800) * F(3500, 2600) - 1),
    ("a withdrawal of three", [100, 120, 90, 108], [(0, 30, 3000, 0), (1, -10, 1200, 0), (2, -10, 900, 0), (3, -10, 1080, 0)], [], F(3600, 3000) * F(1800, 2400) * F(1080, 900) - 1),
    ("charges each day", [100, 100, 100], [(0, 1, 100, 1), (1, 1, 100, 1), (2, -1, 100, 1)], [], F(100, 101) * F(200, 201) * F(200, 201) - 1),
    ("almost all lost", [10000, 1], [(0, 5, 50000, 0)], [], F(1, 10000) - 1),
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


def hand_portfolio(case):
    _, closes, trades, dividends, _ = case
    start = D(2024, 1, 1)
    return {
        "trades": [(start + DAY * n, quantity, amount, charges) for n, quantity, amount, charges in trades],
        "dividends": [(start + DAY * n, amount) for n, amount in dividends],
        "closes": [(start + DAY * n, close) for n, close in enumerate(closes) if close is not None],
        "from": start - DAY, "to": start + DAY * (len(closes) - 1),
    }


def compare_time_by_hand(binary):
    """The largest difference of ours from the paper and from the library."""
    portfolios = [hand_portfolio(case) for case in TIME_WEIGHTED_BY_HAND]
    answers = ask(binary, [portfolio_text(of) for of in portfolios])
    worst = 0.0
    for case, of, answer in zip(TIME_WEIGHTED_BY_HAND, portfolios, answers):
        ours, paper = float(answer["time_weighted"]), float(case[4])
        assert abs(ours - paper) < 1e-12, f"{case[0]}: {ours}, on paper {paper}"
        worst = max(worst, abs(ours - by_libraries(of)[1]) / max(1, abs(paper)))
    return worst


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
    rows.append(("Time-weighted, made by hand", len(TIME_WEIGHTED_BY_HAND), compare_time_by_hand(binary), "", "", 0))
    rows.append(("XIRR, random portfolios", len(portfolios), money, 0, 0, unmatched))
    rows.append(("Time-weighted, random portfolios", len(portfolios), time, "", "", 0))
    print("| what | cases | largest difference | several rates | no rate | found by us alone |")
    print("|---|---|---|---|---|---|")
    for name, cases, worst, several, none, left in rows:
        print(f"| {name} | {cases} | {worst:.1e} | {several} | {none} | {left} |")


main()
