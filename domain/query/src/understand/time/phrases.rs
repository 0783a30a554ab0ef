//! The words for days, in English and Hinglish.

use super::Time;
use crate::Dimension;
use crate::period::Relative;

/// Phrases that say a period, with commas between.
pub(super) const PERIODS: &[(Relative, &str)] = &[
    (Relative::Today, "today, right now, now, currently, at the moment, aaj, abhi"),
    (Relative::Yesterday, "yesterday, kal"),
    (Relative::ThisWeek, "this week, is hafte, iss hafte"),
    (Relative::LastWeek, "last week, previous week, pichle hafte, pichhle hafte"),
    (
        Relative::ThisMonth,
        "this month, current month, month to date, mtd, is mahine, iss mahine, is month",
    ),
    (
        Relative::LastMonth,
        "last month, previous month, the month before, pichle mahine, pichhle mahine, pichle month",
    ),
    (Relative::ThisQuarter, "this quarter, current quarter, is quarter, is timahi"),
    (
        Relative::LastQuarter,
        "pichli timahi, pichhli timahi, pichle timahi, last quarter, previous quarter, pichle quarter",
    ),
    (
        Relative::ThisYear,
        "this year, this calendar year, current year, year to date, so far this year, ytd, is saal, \
        iss saal, is year",
    ),
    (
        Relative::LastYear,
        "last year, last calendar year, previous year, pichle saal, pichhle saal, pichle year",
    ),
    (
        Relative::ThisFinancialYear,
        "this financial year, current financial year, this fiscal year, this fin year, current fin year, \
        this fiscal, this tax year, this fy, current fy, is financial year, iss financial year, is fy, \
        is vitt varsh",
    ),
    (
        Relative::LastFinancialYear,
        "last financial year, previous financial year, last fiscal year, last fin year, previous fin year, \
        previous fiscal year, previous fiscal, last fiscal, last tax year, last fy, previous fy, \
        pichle financial year, pichhle financial year, pichle fy, pichhle fy, pichle vitt varsh",
    ),
    (
        Relative::All,
        "all time, since the beginning, since inception, from the beginning, since i started, since start, \
        till date, to date, till now, until now, so far, ab tak, abhi tak, aaj tak, ever, in all, lifetime, \
        shuru se",
    ),
];

/// Phrases that say parts of time, or no days at all.
pub(super) const OTHERS: &[(Time, &str)] = &[
    (
        Time::Every(Dimension::Month),
        "monthly, month by month, month on month, month wise, monthwise, by month, per month, each month, \
        every month, har mahine, mahine ke hisab se, over time",
    ),
    (
        Time::Every(Dimension::Quarter),
        "quarterly, quarter wise, quarter by quarter, by quarter, per quarter, each quarter, every quarter, \
        har quarter",
    ),
    (
        Time::Every(Dimension::FinancialYear),
        "yearly, annually, year wise, year by year, year on year, by year, per year, each year, every year, \
        har saal, by financial year, per financial year, each financial year, every financial year, \
        financial year wise, by fy, per fy, each fy, every fy, fy wise",
    ),
    (
        Time::Every(Dimension::AdvanceTaxWindow),
        "advance tax, by advance tax window, by advance tax instalment",
    ),
    (Time::Before, "the last one, the previous one, the one before, the period before, last one"),
    (
        Time::Future,
        "next month, next year, next week, next financial year, next fy, tomorrow, in the future, agle saal, \
        agle mahine",
    ),
];

pub(super) const MONTHS: [(&str, i8); 12] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
];
