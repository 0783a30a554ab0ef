//! Words for sectors.

/// Words for sectors that mean the same, so that a question may use another than the source.
pub(super) const SECTORS: &[&[&str]] = &[
    &["it", "information technology", "technology", "tech", "software", "it services"],
    &[
        "banks",
        "bank",
        "banking",
        "financials",
        "financial",
        "financial services",
        "finance",
        "bfsi",
    ],
    &[
        "pharma",
        "pharmaceuticals",
        "pharmaceutical",
        "healthcare",
        "health care",
        "pharmaceuticals biotechnology",
    ],
    &["automobiles", "automobile", "auto", "autos", "automotive", "automobile and auto components"],
    &["fmcg", "consumer goods", "fast moving consumer goods", "consumer staples"],
    &["oil gas", "oil and gas", "oil", "energy", "oil gas consumable fuels", "petroleum"],
    &["metals", "metal", "metals mining", "mining", "steel"],
    &["telecom", "telecommunication", "telecommunications"],
    &["realty", "real estate", "property"],
    &["power", "utilities", "electricity"],
    &["cement", "construction materials"],
    &["chemicals", "chemical"],
    &["media", "media entertainment", "entertainment"],
    &["services"],
    &["consumer durables", "durables"],
    &["capital goods", "industrials", "engineering"],
    &["textiles", "textile"],
];
