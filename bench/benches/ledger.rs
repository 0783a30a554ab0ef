//! How the ledger grows: trades over ten years in 500 holdings, to lots, gains, the money-weighted return and a daily
//! series of values. `cargo bench -p bench --bench ledger`.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ledger::returns::{Prices, days, returns};
use ledger::tax::{AssetKind, Facts, by_class, gains};
use ledger::{Act, Event, Exchange, Fill, Isin, Ledger, Place, Venue};
use rust_decimal::Decimal;
use uuid::Uuid;

const FIRST: Date = date(2016, 1, 1);
const DAYS: u64 = 3652;
const HOLDINGS: u64 = 500;

/// Numbers that look random and are the same in every run (splitmix64).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn isin(number: u64) -> Isin {
    let stem = format!("INE{:06}01", number);
    let checked = (0..10).find_map(|check| Isin::parse(&format!("{stem}{check}")).ok());
    checked.unwrap_or_else(|| unreachable!("one digit of ten fits"))
}

fn on(day: u64) -> Date {
    FIRST + i64::try_from(day).unwrap_or_default().days()
}

fn price(of: u64, day: u64) -> Decimal {
    let drift = i64::try_from(day).unwrap_or_default();
    Decimal::new(
        100_000 + drift * 10 + i64::try_from(mix(of * 7919 + day) % 5_000).unwrap_or_default(),
        3,
    )
}

/// Trades spread over days and holdings: two purchases to a sale, of one to fifty shares.
fn trades(count: u64) -> Vec<Event> {
    let trade = |number: u64| {
        let (of, day) = (mix(number) % HOLDINGS, number * DAYS / count);
        let quantity = Decimal::from(1 + mix(number + 1) % 50);
        let amount = quantity * price(of, day);
        let venue = Venue::Exchange(Exchange::Nse);
        let fill = Fill { quantity, amount, charges: None, stt: None, venue };
        Event {
            id: Uuid::from_u128(u128::from(number) + 1),
            place: Place { account: Uuid::nil(), isin: isin(of), folio: None },
            on: on(day),
            at: None,
            reference: number.to_string().into(),
            act: if number % 3 == 2 { Act::Sell(fill) } else { Act::Buy(fill) },
        }
    };
    (0..count).map(trade).collect()
}

fn prices() -> Prices {
    // Five days of seven, as exchanges trade.
    let list = |of: u64| {
        (0..DAYS).filter(|day| day % 7 < 5).map(|day| (on(day), price(of, day))).collect()
    };
    Prices::new((0..HOLDINGS).map(|of| (isin(of), list(of))).collect())
}

fn facts() -> Facts {
    let kind = |of: u64| (isin(of), vec![(FIRST, AssetKind::ListedShare)]);
    Facts { kinds: (0..HOLDINGS).map(kind).collect(), fair_values: HashMap::new() }
}

fn grows(criterion: &mut Criterion) {
    let (prices, facts) = (prices(), facts());
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(10);
    for count in [12_500, 25_000, 50_000, 100_000] {
        let events = trades(count);
        group.throughput(Throughput::Elements(count));
        group.bench_with_input(BenchmarkId::new("lots", count), &events, |bencher, events| {
            bencher.iter(|| Ledger::new(black_box(events), &[]));
        });
        group.bench_with_input(
            BenchmarkId::new("everything", count),
            &events,
            |bencher, events| {
                bencher.iter(|| {
                    let ledger = Ledger::new(black_box(events), &[]);
                    let totals = by_class(&gains(&ledger, &facts), |_| ());
                    let series = days(&ledger, events, &prices, (FIRST, on(DAYS)), |_| true);
                    (totals, returns(&series).map(|found| found.xirr))
                });
            },
        );
    }
    group.finish();
}

criterion_group!(ledger, grows);
criterion_main!(ledger);
