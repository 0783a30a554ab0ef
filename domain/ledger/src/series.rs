//! The series of the National Stock Exchange and the groups of the Bombay Stock Exchange: what kind of security each is, and
//! whether every trade in it is for delivery.
//!
//! Sources: NSE, "Legend of series" (nseindia.com, market data): two columns, rolling settlement and trade for trade, by
//! kind of security, many of them patterns of a letter and one more character; BSE, "Groups of securities" of the equity
//! segment.

/// What kind of security a series of the NSE has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Fully paid shares and units of exchange traded funds, of the main board and of small companies: one share is traded
    /// in any of these series, and moves between them.
    Share,
    /// Partly paid shares, another security than the share, by the character that tells issues apart.
    PartlyPaid(char),
    /// Units of closed funds.
    FundUnit,
    /// Preference shares that are not converted.
    Preference(char),
    /// Preference shares that are converted into shares.
    ConvertiblePreference(char),
    /// Debentures and bonds that are not converted, by their whole series.
    Debt(char, char),
    /// Debentures that are converted into shares.
    ConvertibleDebt(char),
    /// Warrants.
    Warrant(char),
    /// Units of infrastructure investment trusts.
    InfrastructureTrust,
    /// Units of real estate investment trusts.
    RealEstateTrust,
    /// Sovereign gold bonds.
    GoldBond,
    /// Securities of the central government, loans of states, and treasury bills.
    Government,
    /// Depository receipts.
    Receipt,
}

/// A series of the NSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// What is traded in it.
    pub kind: Kind,
    /// Whether every trade is for delivery, and settled without netting.
    pub trade_for_trade: bool,
}

/// What a series of the NSE is; `None` of one that the legend does not have, and of those that are no market of a security:
/// block deals (BL), buybacks (BO), auctions.
pub fn nse(series: &str) -> Option<Series> {
    use Kind::*;
    let rolling = |kind| Some(Series { kind, trade_for_trade: false });
    let delivered = |kind| Some(Series { kind, trade_for_trade: true });
    match series {
        "EQ" | "SM" => return rolling(Share),
        "BE" | "BZ" | "BT" | "ST" | "SZ" => return delivered(Share),
        "MF" => return rolling(FundUnit),
        "ME" => return delivered(FundUnit),
        "IV" => return rolling(InfrastructureTrust),
        "ID" => return delivered(InfrastructureTrust),
        "RR" => return rolling(RealEstateTrust),
        "RT" => return delivered(RealEstateTrust),
        "GB" => return rolling(GoldBond),
        "GS" | "SG" | "TB" | "GC" => return rolling(Government),
        "DR" => return rolling(Receipt),
        "DE" => return delivered(Receipt),
        // Markets and markers, not securities: their letters would be read as one of the patterns below.
        "BL" | "BO" | "SP" | "SL" | "SI" | "SO" | "SQ" | "IL" | "IQ" | "AF" => return None,
        _ => {}
    }
    let mut letters = series.chars();
    let (Some(first), Some(second), None) = (letters.next(), letters.next(), letters.next()) else {
        return None;
    };
    if !(second.is_ascii_digit() || second.is_ascii_uppercase()) {
        return None;
    }
    match first {
        'E' => rolling(PartlyPaid(second)),
        'X' => delivered(PartlyPaid(second)),
        'P' => rolling(Preference(second)),
        'O' => delivered(Preference(second)),
        'Q' => rolling(ConvertiblePreference(second)),
        'F' => delivered(ConvertiblePreference(second)),
        'N' | 'Y' | 'Z' | 'A' | 'B' => rolling(Debt(first, second)),
        'U' | 'M' => delivered(Debt(first, second)),
        '1'..='9' if second != '0' => delivered(Debt(first, second)),
        'D' => rolling(ConvertibleDebt(second)),
        'S' => delivered(ConvertibleDebt(second)),
        'W' => rolling(Warrant(second)),
        'K' => delivered(Warrant(second)),
        _ => None,
    }
}

/// Whether every trade of a group of the BSE is for delivery: T and TS under surveillance, XT exclusively listed there, MT
/// of small companies, DT of direct listings, Z and ZP of companies that do not comply with the listing requirements.
pub fn bse_trade_for_trade(group: &str) -> bool {
    matches!(group, "T" | "TS" | "XT" | "MT" | "DT" | "Z" | "ZP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_of_the_nse_is_read_as_it_is_written() {
        use Kind::*;
        for (series, kind, trade_for_trade) in [
            ("EQ", Share, false),
            ("BE", Share, true),
            ("BZ", Share, true),
            ("SM", Share, false),
            ("ST", Share, true),
            ("SZ", Share, true),
            ("E1", PartlyPaid('1'), false),
            ("X1", PartlyPaid('1'), true),
            ("EA", PartlyPaid('A'), false),
            ("MF", FundUnit, false),
            ("ME", FundUnit, true),
            ("P1", Preference('1'), false),
            ("O1", Preference('1'), true),
            ("Q2", ConvertiblePreference('2'), false),
            ("F2", ConvertiblePreference('2'), true),
            ("N1", Debt('N', '1'), false),
            ("N0", Debt('N', '0'), false),
            ("YK", Debt('Y', 'K'), false),
            ("ZB", Debt('Z', 'B'), false),
            ("A3", Debt('A', '3'), false),
            ("B3", Debt('B', '3'), false),
            ("U1", Debt('U', '1'), true),
            ("M1", Debt('M', '1'), true),
            ("12", Debt('1', '2'), true),
            ("D1", ConvertibleDebt('1'), false),
            ("S1", ConvertibleDebt('1'), true),
            ("W1", Warrant('1'), false),
            ("K1", Warrant('1'), true),
            ("IV", InfrastructureTrust, false),
            ("ID", InfrastructureTrust, true),
            ("RR", RealEstateTrust, false),
            ("RT", RealEstateTrust, true),
            ("GB", GoldBond, false),
            ("GS", Government, false),
            ("SG", Government, false),
            ("TB", Government, false),
        ] {
            assert_eq!(nse(series), Some(Series { kind, trade_for_trade }), "{series}");
        }
    }

    #[test]
    fn what_is_no_series_of_a_security_is_none() {
        for series in [
            "", "E", "AUTO", "BL", "BO", "SP", "SL", "SI", "SO", "SQ", "e1", "E-", "10", "€1", "HF",
        ] {
            assert_eq!(nse(series), None, "{series}");
        }
    }

    #[test]
    fn groups_of_the_bse_in_which_every_trade_is_for_delivery() {
        for group in ["T", "TS", "XT", "MT", "DT", "Z", "ZP"] {
            assert!(bse_trade_for_trade(group), "{group}");
        }
        for group in ["A", "B", "X", "XC", "XD", "M", "MS", "P", "E", "F", "G", "R", "IF", "W", ""]
        {
            assert!(!bse_trade_for_trade(group), "{group}");
        }
    }
}
