//! Price files: what NSE, its index company and AMFI publish, read by header name.
//!
//! Formats: NSE UDiFF bhavcopy (since 8 July 2024) and the one before it; AMFI NAVAll.txt, before and since August
//! 2026, and AMFI's history of net asset values; NSE's lists of index constituents, which carry the industry, of what
//! indices closed at (`ind_close_all_DDMMYYYY.csv`), and of corporate actions.

mod indices;

use std::collections::BTreeMap;

use csv::StringRecord;
use jiff::civil::Date;
use ledger::Isin;
use ledger::series::nse;
use rust_decimal::{Decimal, RoundingStrategy};

use super::actions::{self, CorporateAction};
use super::kinds::{class_by_isin, kind_by_section, kind_by_series};

/// The series of one share in the order they are preferred; a security of any other kind has one series.
const SHARES: [&str; 6] = ["EQ", "BE", "BZ", "SM", "ST", "SZ"];

/// The place of a series among those of one security; `None` of what is no market of a security, as block deals.
fn rank(series: &str) -> Option<usize> {
    nse(series)?;
    Some(SHARES.iter().position(|share| *share == series).unwrap_or(SHARES.len()))
}

/// No share or unit costs more rupees.
const MOST: i64 = 1_000_000_000;

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Its header is of no known file.
    #[error(
        "the header is neither that of a UDiFF bhavcopy, of NAVAll.txt, nor of a list of indices or actions"
    )]
    UnknownLayout,
    /// It is not UTF-8 text, nor a zip of it.
    #[error("the file is not UTF-8 text or a zip of one such file")]
    NotText,
    /// A zip of several files.
    #[error("the zip holds more than one file")]
    NotOneFile,
    /// It is larger than any such file.
    #[error("the file is larger than any price file")]
    TooLarge,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct PriceFile {
    pub(super) layout: &'static str,
    pub(super) instruments: Vec<Instrument>,
    pub(super) symbols: Vec<Symbol>,
    pub(super) prices: Vec<Price>,
    pub(super) refused: Vec<RefusedRow>,
    /// The highest prices, or net asset values, of 31 January 2018 (section 55(2)(ac)).
    pub(super) fair_values: Vec<(Isin, Decimal)>,
    pub(super) actions: Vec<CorporateAction>,
    pub(super) index_closes: Vec<IndexClose>,
}

/// The day whose highest price counts for gains before it.
const VALUED_ON: Date = jiff::civil::date(2018, 1, 31);

impl PriceFile {
    /// How many rows there are to store.
    pub(super) fn rows(&self) -> usize {
        let [prices, closes] = [self.prices.len(), self.index_closes.len()];
        prices.max(closes).max(self.instruments.len()).max(self.actions.len())
    }
}

/// What a file says of an instrument; `None` is not said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instrument {
    pub(super) isin: Isin,
    pub(super) name: String,
    pub(super) class: Option<&'static str>,
    pub(super) sector: Option<String>,
    /// The kind of asset for tax, where the file says so.
    pub(super) kind: Option<&'static str>,
    pub(super) as_of: Date,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) symbol: String,
    pub(super) isin: Isin,
    pub(super) series: String,
    pub(super) on: Date,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) isin: Isin,
    pub(super) on: Date,
    pub(super) close: Decimal,
    pub(super) previous: Option<Decimal>,
}

/// What an index closed at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexClose {
    /// In capitals, as they are written in more than one way.
    pub(super) name: String,
    pub(super) on: Date,
    pub(super) close: Decimal,
}

/// A row that is not stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RefusedRow {
    pub(super) line: usize,
    pub(super) reason: &'static str,
}

/// Reads a file. `today` dates a list that has no date of its own.
pub(super) fn read(text: &str, today: Date) -> Result<PriceFile, Refusal> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    if header.starts_with("TradDt,") && header.contains(",ClsPric,") {
        Ok(Lines::read(text, b',').bhavcopy(&UDIFF))
    } else if header.starts_with("SYMBOL,SERIES,") && header.contains(",CLOSE,") {
        Ok(Lines::read(text, b',').bhavcopy(&LEGACY))
    } else if header.starts_with("Scheme Code;") && header.contains("Net Asset Value") {
        Ok(Lines::read(text, b';').nav_all())
    } else if header.contains("PURPOSE") && header.contains("EX-DATE") {
        Ok(Lines::read(text, b',').corporate_actions())
    } else if header.contains("Index Name") && header.contains("Closing Index Value") {
        Ok(Lines::read(text, b',').index_closes())
    } else if header.contains("Industry") && header.contains("ISIN Code") {
        Ok(Lines::read(text, b',').index_list(today))
    } else {
        Err(Refusal::UnknownLayout)
    }
}

/// The columns of a bhavcopy.
struct Bhavcopy {
    isin: &'static str,
    day: &'static str,
    symbol: &'static str,
    series: &'static str,
    name: &'static str,
    high: &'static str,
    close: &'static str,
    previous: &'static str,
}

const UDIFF: Bhavcopy = Bhavcopy {
    isin: "ISIN",
    day: "TradDt",
    symbol: "TckrSymb",
    series: "SctySrs",
    name: "FinInstrmNm",
    high: "HghPric",
    close: "ClsPric",
    previous: "PrvsClsgPric",
};
/// Until 5 July 2024.
const LEGACY: Bhavcopy = Bhavcopy {
    isin: "ISIN",
    day: "TIMESTAMP",
    symbol: "SYMBOL",
    series: "SERIES",
    name: "SYMBOL",
    high: "HIGH",
    close: "CLOSE",
    previous: "PREVCLOSE",
};

/// A separated text with its header.
struct Lines {
    columns: BTreeMap<String, usize>,
    records: Vec<(usize, StringRecord)>,
}

impl Lines {
    fn read(text: &str, separator: u8) -> Self {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        // The text is a string already, so a record cannot fail to be read.
        let mut records = reader.records().filter_map(Result::ok).map(|record| {
            (record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0)), record)
        });
        let header = records.next().map(|(_, header)| header).unwrap_or_default();
        let columns = header
            .iter()
            .enumerate()
            .map(|(index, name)| (name.trim().to_owned(), index))
            .collect();
        Self { columns, records: records.collect() }
    }

    fn either<'a>(&self, record: &'a StringRecord, one: &str, other: &str) -> &'a str {
        let found = self.get(record, one);
        if found.is_empty() { self.get(record, other) } else { found }
    }

    fn get<'a>(&self, record: &'a StringRecord, column: &str) -> &'a str {
        self.columns.get(column).and_then(|index| record.get(*index)).unwrap_or_default().trim()
    }

    fn bhavcopy(&self, of: &Bhavcopy) -> PriceFile {
        let mut file = PriceFile { layout: "nse_bhavcopy", ..PriceFile::default() };
        let mut best: BTreeMap<Isin, (usize, Symbol, Price, Instrument)> = BTreeMap::new();
        for (line, record) in &self.records {
            let Some(rank) = rank(self.get(record, of.series)) else { continue };
            match self.bhavcopy_row(of, record) {
                Ok((symbol, price, instrument)) => {
                    if price.on == VALUED_ON {
                        let high = positive(self.get(record, of.high));
                        file.fair_values.extend(high.map(|high| (price.isin, high)));
                    }
                    let better = best.get(&price.isin).is_none_or(|(other, ..)| rank < *other);
                    if better {
                        best.insert(price.isin, (rank, symbol, price, instrument));
                    }
                }
                Err(reason) => file.refused.push(RefusedRow { line: *line, reason }),
            }
        }
        for (_, symbol, price, instrument) in best.into_values() {
            file.symbols.push(symbol);
            file.prices.push(price);
            file.instruments.push(instrument);
        }
        file
    }

    fn bhavcopy_row(
        &self,
        of: &Bhavcopy,
        record: &StringRecord,
    ) -> Result<(Symbol, Price, Instrument), &'static str> {
        let isin = Isin::parse(self.get(record, of.isin)).map_err(|_| "the ISIN is not one")?;
        let day = self.get(record, of.day);
        let on = day.parse().ok().or_else(|| nav_date(day)).ok_or("the date is not one")?;
        let close =
            positive(self.get(record, of.close)).ok_or("the close is no positive number")?;
        let previous = positive(self.get(record, of.previous));
        let symbol = self.get(record, of.symbol).to_owned();
        let series = self.get(record, of.series).to_owned();
        let name = self.get(record, of.name);
        let name = if name.is_empty() { symbol.clone() } else { name.to_owned() };
        let kind = kind_by_series(&series);
        let class = class_by_isin(&isin);
        Ok((
            Symbol { symbol, isin, series, on },
            Price { isin, on, close, previous },
            Instrument { isin, name, class, sector: None, kind, as_of: on },
        ))
    }

    fn nav_all(&self) -> PriceFile {
        let mut file = PriceFile { layout: "amfi_nav_all", ..PriceFile::default() };
        // A line of a section says what the schemes below it are.
        let mut kind = None;
        for (line, record) in &self.records {
            if record.len() == 1 && self.first(record).contains("Schemes(") {
                kind = kind_by_section(self.first(record));
            }
            // Names of fund houses and sections stand alone on their lines; a plan without a value says N.A.
            if record.len() < self.columns.len() || self.get(record, "Net Asset Value") == "N.A." {
                continue;
            }
            match self.nav_row(record, kind) {
                Ok(rows) => {
                    for (price, instrument) in rows {
                        if price.on == VALUED_ON {
                            file.fair_values.push((price.isin, price.close));
                        }
                        file.prices.push(price);
                        file.instruments.push(instrument);
                    }
                }
                Err(reason) => file.refused.push(RefusedRow { line: *line, reason }),
            }
        }
        // The same ISIN twice would be two answers to one question: the first stands.
        file.prices.sort_by_key(|price| (price.isin, price.on));
        file.prices.dedup_by(|a, b| (a.isin, a.on) == (b.isin, b.on));
        // Of a history the newest name.
        file.instruments
            .sort_by_key(|instrument| (instrument.isin, std::cmp::Reverse(instrument.as_of)));
        file.instruments.dedup_by(|a, b| a.isin == b.isin);
        file
    }

    fn first<'a>(&self, record: &'a StringRecord) -> &'a str {
        record.get(0).unwrap_or_default()
    }

    /// One value for up to two ISINs: growth or payout, and reinvestment.
    fn nav_row(
        &self,
        record: &StringRecord,
        kind: Option<&'static str>,
    ) -> Result<Vec<(Price, Instrument)>, &'static str> {
        let value = self.get(record, "Net Asset Value");
        let close = positive(value).ok_or("the net asset value is no positive number")?;
        let on = nav_date(self.get(record, "Date")).ok_or("the date is not one")?;
        // The history calls them otherwise.
        let name = self.either(record, "Scheme Name", "NAV Name");
        // Since August 2026 the plan and the option have columns of their own.
        let parts = [name, self.get(record, "Plan"), self.get(record, "Option")];
        let name =
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" - ");
        let mut rows = Vec::new();
        let first =
            self.either(record, "ISIN Div Payout/ ISIN Growth", "ISIN Div Payout/ISIN Growth");
        for text in [first, self.get(record, "ISIN Div Reinvestment")] {
            if matches!(text, "" | "-") {
                continue;
            }
            let isin = Isin::parse(text).map_err(|_| "the ISIN is not one")?;
            let price = Price { isin, on, close, previous: None };
            let class = Some("mutual_fund");
            rows.push((
                price,
                Instrument { isin, name: name.clone(), class, sector: None, kind, as_of: on },
            ));
        }
        Ok(rows)
    }

    fn corporate_actions(&self) -> PriceFile {
        let mut file = PriceFile { layout: "nse_corporate_actions", ..PriceFile::default() };
        for (line, record) in &self.records {
            let (symbol, purpose) = (self.get(record, "SYMBOL"), self.get(record, "PURPOSE"));
            match nav_date(self.get(record, "EX-DATE")) {
                Some(on) if !symbol.is_empty() => match actions::read(symbol, on, purpose) {
                    Some(read) => file.actions.extend(read),
                    None => file.refused.push(RefusedRow {
                        line: *line,
                        reason: "the purpose names an action without a number that can be read",
                    }),
                },
                _ => {
                    file.refused.push(RefusedRow { line: *line, reason: "the ex-date is not one" })
                }
            }
        }
        // The same action stands in it once for each series.
        file.actions
            .sort_by(|a, b| (&a.symbol, a.kind, a.ex_date).cmp(&(&b.symbol, b.kind, b.ex_date)));
        file.actions
            .dedup_by(|a, b| (&a.symbol, a.kind, a.ex_date) == (&b.symbol, b.kind, b.ex_date));
        file
    }
}

/// A price to the four places that are kept; what rounds to nothing is no price.
fn positive(text: &str) -> Option<Decimal> {
    let price: Decimal = text.parse().ok()?;
    let price = price.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero);
    (price > Decimal::ZERO && price < Decimal::from(MOST)).then_some(price)
}

/// `20-Nov-2026`.
fn nav_date(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (day, rest) = text.split_once('-')?;
    let (month, year) = rest.split_once('-')?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    Date::new(year.parse().ok()?, i8::try_from(month).ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests;
