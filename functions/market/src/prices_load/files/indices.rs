//! What NSE's index company publishes: what indices closed at, and lists of their constituents.

use csv::StringRecord;
use jiff::civil::Date;
use ledger::Isin;

use super::{IndexClose, Instrument, Lines, PriceFile, RefusedRow, positive};

/// No index has a longer name.
const LONGEST_INDEX: usize = 100;

impl Lines {
    pub(super) fn index_closes(&self) -> PriceFile {
        let mut file = PriceFile { layout: "nse_index_closes", ..PriceFile::default() };
        for (line, record) in &self.records {
            match self.index_close(record) {
                Ok(close) => file.index_closes.push(close),
                Err(reason) => file.refused.push(RefusedRow { line: *line, reason }),
            }
        }
        // Of one name twice the first stands.
        file.index_closes.sort_by(|a, b| (&a.name, a.on).cmp(&(&b.name, b.on)));
        file.index_closes.dedup_by(|a, b| (&a.name, a.on) == (&b.name, b.on));
        file
    }

    fn index_close(&self, record: &StringRecord) -> Result<IndexClose, &'static str> {
        let name = self.get(record, "Index Name").to_uppercase();
        if name.is_empty() || name.len() > LONGEST_INDEX {
            return Err("the index has no name");
        }
        let close = positive(self.get(record, "Closing Index Value"));
        let close = close.ok_or("the closing value is no positive number")?;
        let on = slashed(self.get(record, "Index Date")).ok_or("the date is not one")?;
        Ok(IndexClose { name, on, close })
    }

    pub(super) fn index_list(&self, today: Date) -> PriceFile {
        let mut file = PriceFile { layout: "nse_index_list", ..PriceFile::default() };
        for (line, record) in &self.records {
            match Isin::parse(self.get(record, "ISIN Code")) {
                Ok(isin) => file.instruments.push(Instrument {
                    isin,
                    name: self.get(record, "Company Name").to_owned(),
                    class: None,
                    kind: None,
                    sector: Some(self.get(record, "Industry").to_owned())
                        .filter(|sector| !sector.is_empty()),
                    as_of: today,
                }),
                Err(_) => {
                    file.refused.push(RefusedRow { line: *line, reason: "the ISIN is not one" })
                }
            }
        }
        file.instruments.sort_by_key(|instrument| instrument.isin);
        file.instruments.dedup_by(|a, b| a.isin == b.isin);
        file
    }
}

/// `20-11-2026` or `20/11/2026`.
fn slashed(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '/']);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none();
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok().filter(|_| whole)
}
