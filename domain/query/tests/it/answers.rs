//! Queries and what a portfolio answers.

use ledger::{Act, Ratio};
use portfolio_query::Query;
use portfolio_query::answer::{Outcome, Unknown};
use portfolio_query::say::{Unfit, fill, sentence};
use serde_json::{Value, json};

use crate::portfolio::{ASHA, CMS, INFY, RAVI, TCS, ids, isin, nothing, text, two_people};

/// A query of an operation, an entity and measures, with other fields.
fn query(operation: &str, entity: &str, measures: &[&str], fields: Value) -> Value {
    let mut query = json!({
        "version": 1, "operation": operation, "entity": entity, "measures": measures,
    });
    for (name, field) in fields.as_object().into_iter().flatten() {
        query[name] = field.clone();
    }
    query
}

fn rows(operation: &str, entity: &str, measures: &[&str], fields: Value) -> Vec<String> {
    text(&two_people().ask(&query(operation, entity, measures, fields)))
}

#[test]
fn what_is_held_is_summed_without_what_has_no_price() {
    let measures =
        ["value", "invested", "unrealised_gain", "unrealised_percent", "day_change", "count"];
    assert_eq!(
        rows("aggregate", "holding", &measures, json!({})),
        [
            "97350.00 without 1 no_price | 80500.00 | 17350.00 without 1 no_price | 21.69 without 1 no_price | \
          350.00 without 1 no_price | 3"
        ]
    );
}

#[test]
fn groups_have_the_figures_of_their_rows_and_what_no_source_names_is_a_group() {
    let by_sector = rows(
        "aggregate",
        "holding",
        &["value", "weight", "invested"],
        json!({ "groupBy": ["sector"] }),
    );
    assert_eq!(
        by_sector,
        ["IT | 97350.00 | 100.00 | 80000.00", "unknown | ?no_price | ?no_price | 500.00"]
    );
    let by_holder = rows("rank", "holding", &["weight"], json!({ "groupBy": ["holder"] }));
    assert_eq!(by_holder, ["Asha's Zerodha | 65.49 without 1 no_price", "Ravi's Groww | 34.51"]);
}

#[test]
fn a_security_is_found_by_its_name_its_symbol_or_its_isin() {
    for name in ["tcs", "Tata Consultancy Services", TCS] {
        let filter = json!([{ "dimension": "security", "op": "in", "values": [name] }]);
        assert_eq!(
            rows(
                "aggregate",
                "holding",
                &["quantity", "average_cost", "price"],
                json!({ "filters": filter })
            ),
            ["15 | 3333.3333 | 4250.0000"],
            "{name}"
        );
    }
}

#[test]
fn rows_are_chosen_by_their_figures() {
    let heavy = json!({ "filters": [{ "measure": "weight", "op": ">", "value": 50 }] });
    let answer = two_people().ask(&query("list", "holding", &["weight"], heavy));
    assert_eq!(text(&answer), ["Tata Consultancy Services | Asha's Zerodha | 65.49"]);
    // What has no price can be neither.
    let unjudged = &answer.unjudged[0];
    assert_eq!((unjudged.filter, unjudged.reason, unjudged.rows), ("weight", Unknown::NoPrice, 1));
    let below = json!({ "filters": [{ "measure": "price", "op": "<", "than": "average_cost" }] });
    assert_eq!(
        two_people().ask(&query("list", "holding", &["price"], below)).outcome,
        Outcome::Unknown
    );
}

#[test]
fn an_earlier_day_has_what_was_held_then_at_its_prices() {
    let then = json!({ "time": { "asOf": "2026-03-31" }, "groupBy": ["security"] });
    assert_eq!(
        rows(
            "aggregate",
            "holding",
            &["quantity", "value", "unrealised_gain", "pledged_quantity"],
            then
        ),
        [
            "Infosys | 20 | 32000.00 | 2000.00 | ?pledge_unknown",
            "Tata Consultancy Services | 20 | 78000.00 | 13000.00 | ?pledge_unknown",
            "CMS Info Systems | 5 | ?no_price | ?no_price | ?pledge_unknown",
        ]
    );
}

#[test]
fn a_timeseries_has_the_end_of_each_part_and_what_it_brought() {
    let years = json!({ "groupBy": ["financial_year"] });
    // 2026-27: 97,850 with the price of the last fill − 110,500 + 20,000 sold + 500 income.
    assert_eq!(
        rows("timeseries", "holding", &["value", "gain"], years),
        [
            "2024-25 | 36000.00 | 6000.00",
            "2025-26 | 110000.00 without 1 no_price | 9000.00",
            "2026-27 | 97350.00 without 1 no_price | 7850.00",
        ]
    );
}

#[test]
fn lots_are_told_apart_by_state_and_term() {
    assert_eq!(
        rows(
            "aggregate",
            "lot",
            &["realised_gain", "invested", "count"],
            json!({ "groupBy": ["state", "term"] })
        ),
        [
            "closed | long | 5000.00 | 15000.00 | 1",
            "open | long | - | 80000.00 | 3",
            "open | unknown | - | 500.00 | 1",
        ]
    );
    assert_eq!(
        rows(
            "list",
            "lot",
            &["quantity", "realised_gain"],
            json!({
                "filters": [{ "dimension": "state", "op": "in", "values": ["closed"] }],
                "time": { "financialYear": "2026-27" },
            })
        ),
        [
            "2024-06-03 | 2026-05-11 | Tata Consultancy Services | Asha's Zerodha | closed | 5 | 5000.00"
        ]
    );
    let before = json!({ "groupBy": ["financial_year"], "time": { "financialYear": "2025-26" } });
    let answer = two_people().ask(&query("aggregate", "lot", &["realised_gain"], before));
    assert_eq!(
        (answer.outcome, answer.message.as_deref()),
        (Outcome::Empty, Some("Nothing matches."))
    );
}

#[test]
fn days_until_long_term_are_those_of_the_first_lot_that_is_not() {
    let book = two_people().buy("2026-10-01", RAVI, INFY, "1", "1600").buy(
        "2026-11-01",
        RAVI,
        INFY,
        "1",
        "1600",
    );
    let days =
        query("aggregate", "lot", &["days_to_long_term"], json!({ "groupBy": ["security"] }));
    // 2 October 2027.
    assert_eq!(
        text(&book.ask(&days)),
        ["Infosys | 306", "Tata Consultancy Services | 0", "CMS Info Systems | ?kind_unknown"]
    );
}

#[test]
fn income_and_trades_are_of_their_days() {
    let this_year = json!({ "time": { "period": "this_financial_year" }, "groupBy": ["month"] });
    assert_eq!(
        rows("timeseries", "income", &["income"], this_year.clone()),
        ["July 2026 | 500.00"]
    );
    assert_eq!(
        rows("timeseries", "trade", &["amount", "charges", "count"], this_year),
        ["May 2026 | 20000.00 | ?charges_unknown | 1"]
    );
    assert_eq!(
        rows("list", "trade", &["quantity", "price"], json!({ "limit": 2 }))[0],
        "2026-05-11 | sell | Tata Consultancy Services | Asha's Zerodha | 5 | 4000.0000"
    );
    assert_eq!(
        rows("aggregate", "flow", &["net_invested"], json!({ "groupBy": ["financial_year"] })),
        ["2024-25 | 30000.00", "2025-26 | 65500.00", "2026-27 | -20000.00"]
    );
}

#[test]
fn periods_are_compared_with_what_changed() {
    let years = json!({
        "time": { "financialYear": "2026-27" }, "compareWith": { "financialYear": "2025-26" },
    });
    assert_eq!(
        rows("compare", "flow", &["net_invested"], years.clone()),
        ["-20000.00 | 65500.00 | -85500.00"]
    );
    assert_eq!(rows("compare", "income", &["income"], years), ["500.00 | - | -"]);
}

#[test]
fn an_index_stands_beside_the_return_of_a_period() {
    let year = json!({ "time": { "period": "this_financial_year" } });
    let answer =
        rows("aggregate", "holding", &["return", "benchmark_return", "drawdown", "xirr"], year);
    let cells: Vec<&str> = answer[0].split(" | ").collect();
    assert_eq!(cells[1], "5.00");
    assert!(cells.iter().all(|cell| !cell.starts_with('?')), "{answer:?}");
}

#[test]
fn what_is_left_of_an_exemption_is_of_everybody_who_has_a_lot() {
    assert_eq!(
        rows("aggregate", "lot", &["unused_exemption"], json!({ "groupBy": ["holder"] })),
        ["Asha's Zerodha | 120000.00", "Ravi's Groww | 125000.00"]
    );
    assert_eq!(rows("aggregate", "lot", &["unused_exemption"], json!({})), ["245000.00"]);
    let before_the_sale = json!({ "time": { "asOf": "2026-05-10" } });
    assert_eq!(rows("aggregate", "lot", &["unused_exemption"], before_the_sale), ["250000.00"]);
}

#[test]
fn empty_and_unknown_are_never_the_same() {
    let ask = |operation: &str, entity: &str, measures: &[&str], fields: Value| {
        let answer = two_people().ask(&query(operation, entity, measures, fields));
        (answer.outcome, answer.reason, answer.message.unwrap_or_default())
    };
    let sector = |name: &str| json!({ "filters": [{ "dimension": "sector", "op": "in", "values": [name] }] });
    let before = json!({ "time": { "financialYear": "2020-21" } });
    let history = "That cannot be said: history starts 2024-06-03.";
    let june = json!({ "time": { "from": "2026-08-01", "to": "2026-08-31" } });
    // A holding without a sector could be a bank.
    let sources = "That cannot be said: no source says what it is.";
    let table = [
        (
            ask("aggregate", "holding", &["value"], before.clone()),
            Outcome::Unknown,
            Some(Unknown::History),
            history,
        ),
        (
            ask("aggregate", "trade", &["amount"], before),
            Outcome::Unknown,
            Some(Unknown::History),
            history,
        ),
        (
            ask("aggregate", "holding", &["value"], sector("Banks")),
            Outcome::Unknown,
            Some(Unknown::ClassMissing),
            sources,
        ),
        (ask("aggregate", "income", &["income"], june), Outcome::Empty, None, "Nothing matches."),
        (
            ask("aggregate", "income", &["income"], sector("Banks")),
            Outcome::Empty,
            None,
            "No income has the sector “Banks”.",
        ),
    ];
    for (answer, outcome, reason, message) in table {
        assert_eq!(answer, (outcome, reason, message.to_owned()));
    }
}

#[test]
fn a_period_that_is_still_to_come_is_empty() {
    let book = nothing().buy("2026-01-05", ASHA, CMS, "5", "100");
    for fields in [
        json!({ "time": { "financialYear": "2030-31" } }),
        json!({ "time": { "asOf": "2030-01-01" } }),
        json!({ "time": { "from": "2030-01-01" } }),
    ] {
        let answer = book.ask(&query("aggregate", "holding", &["value"], fields.clone()));
        let message = answer.message.as_deref();
        assert_eq!(
            (answer.outcome, message),
            (Outcome::Empty, Some("The period is still to come.")),
            "{fields}"
        );
    }
}

#[test]
fn income_that_nobody_recorded_is_unknown() {
    let book = nothing().buy("2026-01-05", ASHA, CMS, "5", "100");
    let answer = book.ask(&query("aggregate", "income", &["income"], json!({})));
    assert_eq!(
        (answer.outcome, answer.reason),
        (Outcome::Unknown, Some(Unknown::IncomeNotRecorded))
    );
    let answer = nothing().ask(&query("aggregate", "income", &["income"], json!({})));
    assert_eq!(answer.reason, Some(Unknown::NothingImported));
}

#[test]
fn what_was_held_before_a_statement_is_unknown() {
    let book =
        nothing().stated("2026-06-01", ASHA, TCS, "10").buy("2026-05-01", ASHA, INFY, "1", "1500");
    let then = json!({ "time": { "asOf": "2026-05-15" } });
    let answer = book.ask(&query("aggregate", "holding", &["count"], then));
    assert_eq!((answer.outcome, answer.reason), (Outcome::Unknown, Some(Unknown::History)));
    assert_eq!(
        answer.coverage.history_starts.map(|day| day.to_string()).as_deref(),
        Some("2026-06-01")
    );
}

#[test]
fn the_height_of_a_year_is_in_shares_of_today() {
    let book = nothing()
        .buy("2026-01-05", ASHA, TCS, "10", "3000")
        .act(
            "2026-09-01",
            ASHA,
            TCS,
            Act::Split { ratio: Ratio { gives: 5.into(), per: 1.into() }, into: None },
        )
        .closes(TCS, &[("2025-11-28", "9000"), ("2026-02-02", "4000"), ("2026-11-30", "700")]);
    let answer = book.ask(&query("list", "holding", &["high_52w", "low_52w", "price"], json!({})));
    assert_eq!(
        text(&answer),
        ["Tata Consultancy Services | Asha's Zerodha | 800.0000 | 700.0000 | 700.0000"]
    );
}

#[test]
fn a_security_whose_isin_changed_is_one_and_one_that_merged_is_not() {
    let renamed = nothing()
        .buy("2026-01-05", ASHA, INFY, "10", "3000")
        .act(
            "2026-09-01",
            ASHA,
            INFY,
            Act::Split { ratio: Ratio { gives: 2.into(), per: 1.into() }, into: Some(isin(TCS)) },
        )
        .closes(TCS, &[("2026-11-30", "1700")])
        .closes(INFY, &[("2026-01-05", "3000")]);
    let gain =
        query("aggregate", "holding", &["gain", "quantity"], json!({ "groupBy": ["security"] }));
    assert_eq!(text(&renamed.ask(&gain)), ["Tata Consultancy Services | 4000.00 | 20"]);
    let mut merged = renamed;
    merged.events[1].act =
        Act::Merger { ratio: Ratio { gives: 2.into(), per: 1.into() }, into: isin(TCS) };
    assert_eq!(text(&merged.ask(&gain)), ["Tata Consultancy Services | ?exchanged | 20"]);
}

#[test]
fn rows_come_in_the_order_that_is_asked_for_and_what_is_unknown_last() {
    let order = |direction: &str| {
        let sort =
            json!({ "groupBy": ["security"], "sort": { "by": "value", "direction": direction } });
        let answer = two_people().ask(&query("rank", "holding", &["value"], sort));
        assert_eq!(ids(&answer).len(), 3);
        answer.rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(order("descending"), [TCS, INFY, CMS]);
    assert_eq!(order("ascending"), [INFY, TCS, CMS]);
}

#[test]
fn an_answer_is_told_in_a_sentence_of_its_cells() {
    let tell = |query: Value| {
        let answer = two_people().ask(&query);
        let read = Query::read(&query).unwrap();
        fill(&sentence(&read, &answer), &answer).unwrap()
    };
    let this_year = json!({ "time": { "period": "this_financial_year" } });
    let tcs = json!({ "filters": [{ "dimension": "security", "op": "in", "values": ["TCS"] }] });
    let by_sector = json!({ "groupBy": ["security"], "limit": 2 });
    let table = [
        (
            query("aggregate", "holding", &["value"], json!({})),
            "Your portfolio: worth ₹97,350.00. Left out: 1, because there is no price.",
        ),
        (
            query("aggregate", "holding", &["unrealised_gain"], tcs),
            "TCS: unrealised gain ₹13,750.00.",
        ),
        (
            query("aggregate", "holding", &["gain"], this_year),
            "Your portfolio, this financial year: gain ₹7,850.00.",
        ),
        (
            query("rank", "holding", &["weight"], by_sector),
            "Share of your portfolio: Tata Consultancy Services 65.49%; Infosys 34.51%; \
             CMS Info Systems not known.",
        ),
        (
            query("aggregate", "holding", &["value"], json!({ "time": { "asOf": "2020-03-31" } })),
            "That cannot be said: history starts 2024-06-03.",
        ),
    ];
    for (query, expected) in table {
        assert_eq!(tell(query.clone()), expected, "{query}");
    }
}

#[test]
fn a_text_with_a_cell_that_is_not_there_is_not_filled() {
    let answer = two_people().ask(&query("aggregate", "holding", &["value"], json!({})));
    for text in ["{{r1c0}}", "{{r0c9}}", "{{r0c0", "{{value}}", "{{r99999999999999999999c0}}"] {
        assert!(matches!(fill(text, &answer), Err(Unfit::Cell(_))), "{text}");
    }
}

#[test]
fn what_happened_on_days_is_known_where_what_was_held_is_not() {
    let book = nothing()
        .stated("2026-06-01", ASHA, TCS, "10")
        .buy("2025-05-02", ASHA, INFY, "4", "1500")
        .sell("2025-09-01", ASHA, INFY, "4", "1600");
    let year = |entity: &str, measure: &str| {
        let last = json!({ "time": { "financialYear": "2025-26" } });
        book.ask(&query("aggregate", entity, &[measure], last))
    };
    assert_eq!(text(&year("trade", "amount")), ["12400.00"]);
    assert_eq!(text(&year("lot", "realised_gain")), ["400.00"]);
    assert_eq!(year("holding", "value").reason, Some(Unknown::History));
    assert_eq!(year("lot", "value").reason, Some(Unknown::History));
}
