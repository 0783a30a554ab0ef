use jiff::civil::{Date, Time, date};
use proptest::prelude::*;

use super::*;

const ISINS: [&str; 4] = ["INE925R01014", "INE002A01018", "INE009A01021", "INF204KB14I2"];

fn holding(isin: usize, owned: i64) -> Incoming {
    Incoming {
        isin: Isin::parse(ISINS[isin]).unwrap(),
        name: format!("Holding {isin}"),
        sector: None,
        segment: if isin == 3 { Segment::MutualFund } else { Segment::Equity },
        available: Decimal::from(owned),
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        cost: None,
        folios: Vec::new(),
        parts_known: true,
    }
}

/// An account in memory, to which plans are applied as the database applies them.
#[derive(Default)]
struct Account {
    held: BTreeMap<Isin, Held>,
    complete: BTreeMap<Segment, Moment>,
}

#[derive(Clone, Debug)]
struct File {
    day: i8,
    replace: bool,
    rows: Vec<Incoming>,
}

impl Account {
    fn import(&mut self, file: &File) -> Plan {
        let as_of = date(2026, 11, file.day);
        let covers = [Segment::Equity, Segment::MutualFund];
        let taken = moment(as_of, None, false);
        let terms = Terms { taken, replace: file.replace, covers: &covers };
        let held: Vec<Held> = self.held.values().cloned().collect();
        let plan = decide(&held, &self.complete, file.rows.clone(), &terms);
        for row in &plan.writes {
            self.held.insert(row.isin, Held { holding: row.clone(), taken });
        }
        for isin in &plan.removals {
            self.held.remove(isin);
        }
        for segment in &plan.completes {
            self.complete.insert(*segment, taken);
        }
        plan
    }

    fn quantities(&self) -> Vec<(String, Decimal, Date)> {
        let row =
            |(isin, held): (&Isin, &Held)| (isin.to_string(), held.holding.owned(), held.taken.0);
        self.held.iter().map(row).collect()
    }
}

#[test]
fn a_complete_statement_removes_what_it_does_not_list() {
    let mut account = Account::default();
    account.import(&File { day: 1, replace: true, rows: vec![holding(0, 5), holding(1, 7)] });
    let plan = account.import(&File { day: 2, replace: true, rows: vec![holding(1, 7)] });
    assert_eq!((plan.count(Kind::Removed), plan.unchanged), (1, 1));
    assert_eq!(account.quantities().len(), 1);
}

#[test]
fn a_merge_leaves_the_rest_with_its_older_day() {
    let mut account = Account::default();
    account.import(&File { day: 1, replace: true, rows: vec![holding(0, 5), holding(1, 7)] });
    account.import(&File { day: 2, replace: false, rows: vec![holding(1, 8)] });
    let days: Vec<i8> = account.held.values().map(|held| held.taken.0.day()).collect();
    assert_eq!(days.iter().filter(|day| **day == 1).count(), 1);
    assert_eq!(days.len(), 2);
}

#[test]
fn an_older_statement_after_a_newer_one_changes_nothing() {
    let mut account = Account::default();
    account.import(&File { day: 5, replace: true, rows: vec![holding(0, 5)] });
    let plan =
        account.import(&File { day: 3, replace: true, rows: vec![holding(0, 4), holding(1, 7)] });
    assert!(plan.changes_nothing());
    assert_eq!(plan.superseded.len(), 2);
}

#[test]
fn of_two_statements_of_a_day_the_later_one_stands() {
    let at = |hour: i8| moment(date(2026, 11, 1), Some(Time::constant(hour, 0, 0, 0)), false);
    let held = [Held { holding: holding(0, 5), taken: at(18) }];
    let terms = |taken| Terms { taken, replace: true, covers: &[Segment::Equity] };
    let complete = BTreeMap::from([(Segment::Equity, at(18))]);
    let again = decide(&held, &complete, vec![holding(0, 4), holding(1, 7)], &terms(at(9)));
    assert!(again.changes_nothing(), "the morning's file, sent again in the evening");
    let dated = decide(
        &held,
        &complete,
        vec![holding(0, 4)],
        &terms(moment(date(2026, 11, 1), None, false)),
    );
    assert_eq!(dated.count(Kind::Changed), 1, "one that is for the day is for its end");
}

#[test]
fn a_statement_that_knows_no_cost_takes_none_away() {
    let known = Incoming { cost: Some(50.into()), ..holding(0, 5) };
    let held = [Held { holding: known, taken: moment(date(2026, 11, 1), None, false) }];
    let terms =
        Terms { taken: moment(date(2026, 11, 2), None, false), replace: false, covers: &[] };
    let same = decide(&held, &BTreeMap::new(), vec![holding(0, 5)], &terms);
    assert_eq!((same.changes.len(), same.writes[0].cost), (0, Some(50.into())));
    let other = decide(&held, &BTreeMap::new(), vec![holding(0, 6)], &terms);
    assert_eq!(other.writes[0].cost, None, "of another quantity it is another cost");
}

#[test]
fn rows_of_one_instrument_become_one_holding() {
    let place = Place { sheet: None, row: 2 };
    let row = |available: i64, cost: Option<Decimal>| Row {
        folio: None,
        place: place.clone(),
        isin: Some(Isin::parse(ISINS[0]).unwrap()),
        symbol: None,
        name: "x".into(),
        sector: None,
        segment: Segment::Equity,
        available: available.into(),
        t1: Decimal::ZERO,
        pledged: Decimal::ONE,
        discrepant: Decimal::ZERO,
        parts_known: true,
        cost,
    };
    let resolved =
        resolve(&[row(2, Some(10.into())), row(3, Some(20.into()))], &Symbols::default());
    assert_eq!(resolved.incoming.len(), 1);
    assert_eq!(
        (resolved.incoming[0].owned(), resolved.incoming[0].cost),
        (7.into(), Some(30.into()))
    );
    let resolved = resolve(&[row(2, Some(10.into())), row(3, None)], &Symbols::default());
    assert_eq!(resolved.incoming[0].cost, None, "part of the cost is not the cost");
    let resolved = resolve(&[row(2, Some("10.1250001".parse().unwrap()))], &Symbols::default());
    assert_eq!(resolved.incoming[0].cost, Some("10.13".parse().unwrap()), "to the paisa");
}

#[test]
fn a_file_that_cannot_tell_what_is_pledged_leaves_it_pledged() {
    let mut account = Account::default();
    let pledged = Incoming { available: 4.into(), pledged: 6.into(), ..holding(0, 0) };
    account.import(&File { day: 1, replace: true, rows: vec![pledged] });
    let plain = Incoming { parts_known: false, ..holding(0, 10) };
    let plan = account.import(&File { day: 2, replace: true, rows: vec![plain] });
    assert_eq!((plan.changes.len(), plan.unchanged), (0, 1));
    let sold = Incoming { parts_known: false, ..holding(0, 9) };
    account.import(&File { day: 3, replace: true, rows: vec![sold] });
    let held = &account.held.values().next().unwrap().holding;
    assert_eq!((held.available, held.pledged), (9.into(), 0.into()));
}

#[test]
fn a_symbol_nobody_knows_is_listed() {
    let row = Row {
        folio: None,
        place: Place { sheet: None, row: 4 },
        isin: None,
        symbol: Some("GHOST".into()),
        name: "GHOST".into(),
        sector: None,
        segment: Segment::Equity,
        available: 1.into(),
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        parts_known: true,
        cost: None,
    };
    let resolved = resolve(&[row], &Symbols::default());
    assert_eq!(resolved.unresolved, [Unresolved { sheet: None, row: 4, symbol: "GHOST".into() }]);
    assert!(resolved.incoming.is_empty());
}

/// Files of distinct days: of two statements for one day, the later upload wins by design.
fn files() -> impl Strategy<Value = Vec<File>> {
    let rows = prop::collection::btree_map(0usize..4, 0i64..50, 1..4)
        .prop_map(|rows| rows.into_iter().map(|(isin, owned)| holding(isin, owned)).collect());
    let file = (any::<bool>(), rows);
    prop::collection::vec(file, 1..6).prop_map(|files| {
        files
            .into_iter()
            .zip(1i8..)
            .map(|((replace, rows), day)| File { day, replace, rows })
            .collect()
    })
}

proptest! {
    #[test]
    fn files_in_any_order_and_repeated_end_in_the_same_holdings(
        files in files(), order in prop::collection::vec(any::<prop::sample::Index>(), 0..8)
    ) {
        let mut straight = Account::default();
        files.iter().for_each(|file| drop(straight.import(file)));
        let mut shuffled = Account::default();
        for index in &order {
            shuffled.import(index.get(&files));
        }
        for file in files.iter().rev() {
            shuffled.import(file);
        }
        prop_assert_eq!(straight.quantities(), shuffled.quantities());
    }

    #[test]
    fn the_same_file_twice_changes_nothing(files in files()) {
        let mut account = Account::default();
        for file in &files {
            account.import(file);
            prop_assert!(account.import(file).changes_nothing());
        }
    }
}

#[test]
fn what_the_broker_was_asked_stands_beside_every_file_of_that_day() {
    let evening = moment(date(2026, 11, 1), Some(Time::constant(18, 0, 0, 0)), true);
    let held = [Held { holding: holding(0, 5), taken: evening }];
    let complete = BTreeMap::from([(Segment::Equity, evening)]);
    let file = |day| Terms {
        taken: moment(date(2026, 11, day), None, false),
        replace: true,
        covers: &[Segment::Equity],
    };
    let rows = || vec![holding(0, 4), holding(1, 7)];
    assert!(decide(&held, &complete, rows(), &file(1)).changes_nothing());
    assert_eq!(decide(&held, &complete, rows(), &file(2)).changes.len(), 2, "the next day's file");
}
