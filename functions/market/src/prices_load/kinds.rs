//! What a file says, without saying so, of the class of an instrument and its kind for tax. What is not sure is not said.

use ledger::Isin;

/// What the ISIN itself says: INF is a fund's unit, here a traded one; INE with security type 01 a
/// company's share; IN0 a government's paper. Anything else is not said.
pub(super) fn class_by_isin(isin: &Isin) -> Option<&'static str> {
    let text = isin.as_str();
    match (&text[..3], &text[7..9]) {
        ("INF", _) => Some("etf"),
        ("INE", "01") => Some("equity"),
        ("IN0", _) => Some("government_security"),
        _ => None,
    }
}

/// What the series of the exchange says of the kind of asset.
pub(super) fn kind_by_series(series: &str) -> Option<&'static str> {
    match series {
        "GB" => Some("gold_bond"),
        "GS" => Some("listed_bond"),
        "RR" | "IV" => Some("trust_unit"),
        _ => None,
    }
}

/// What AMFI's category says of a scheme for tax, where it says it surely: equity schemes hold 65 % and more in it,
/// debt schemes are debt, gold and silver and foreign funds are neither. Of index funds, of most hybrids and of other
/// funds of funds it says nothing.
pub(super) fn kind_by_section(section: &str) -> Option<&'static str> {
    let category = section.split_once('(')?.1.trim_end_matches(')').to_ascii_lowercase();
    match category.as_str() {
        category if category.starts_with("equity scheme") => Some("equity_fund"),
        category if category.starts_with("debt scheme") => Some("debt_fund"),
        "hybrid scheme - aggressive hybrid fund" | "hybrid scheme - arbitrage fund" => {
            Some("equity_fund")
        }
        "other scheme - gold etf" => Some("listed_other_fund"),
        "other scheme - fof overseas" => Some("other_fund"),
        _ => None,
    }
}
