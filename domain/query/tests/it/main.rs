//! Queries as they are written, with the answer of the reader and that of the published schema.

#![expect(clippy::expect_used, reason = "helpers of tests are tests")]

mod answers;
mod portfolio;
mod properties;
mod questions;

use std::sync::LazyLock;

use portfolio_query::{
    Dimension, Entity, Fault, MOST_ROWS, Measure, Operation, Query, Why, describe, schema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(value: Value) -> Result<Query, Vec<Fault>> {
    Query::read(&value)
}

fn base() -> Value {
    json!({ "version": 1, "operation": "aggregate", "entity": "holding", "measures": ["value"] })
}

fn with(fields: Value) -> Value {
    let mut value = base();
    for (name, field) in fields.as_object().into_iter().flatten() {
        value[name] = field.clone();
    }
    value
}

#[test]
fn a_query_is_told_in_words() {
    let table = [
        (base(), "Value of holdings."),
        (
            with(json!({
                "operation": "rank", "measures": ["weight", "value"], "groupBy": ["security"], "limit": 5,
                "filters": [{ "measure": "weight", "op": ">", "value": "10" }],
                "sort": { "by": "weight" },
            })),
            "Weight and value of holdings by security, the first 5, where weight is more than 10, largest weight first.",
        ),
        (
            with(json!({
                "operation": "list", "measures": ["quantity", "price"],
                "filters": [
                    { "measure": "price", "op": "<", "than": "average_cost" },
                    { "dimension": "sector", "op": "in", "values": ["IT", "Banks"] },
                ],
                "time": { "asOf": "2026-03-31" },
            })),
            "Holdings with quantity and price, where price is less than average cost and sector is IT or Banks, \
             as of 2026-03-31.",
        ),
        (
            json!({
                "version": 1, "operation": "compare", "entity": "income", "measures": ["income"],
                "time": { "financialYear": "2025-26" }, "compareWith": { "financialYear": "2024-25" },
            }),
            "Income of payments, the financial year 2025-26, compared with the financial year 2024-25.",
        ),
    ];
    for (value, expected) in table {
        assert_eq!(describe(&read(value.clone()).unwrap()), expected, "{value}");
    }
}

#[test]
fn every_fault_is_told_at_once_where_it_is() {
    let faults = read(json!({
        "version": 1, "operation": "agregate", "entity": "holding", "measures": ["valeu", "income"],
        "filters": [{ "measure": "weight", "op": "~", "value": "ten" }, { "dimension": "term", "op": "in", "values": [] }],
        "limit": 1000, "colour": "red",
    }))
    .unwrap_err();
    let told: Vec<(&str, Why)> =
        faults.iter().map(|fault| (fault.path.as_str(), fault.why)).collect();
    for expected in [
        ("/operation", Why::UnknownWord),
        ("/measures/0", Why::UnknownWord),
        ("/measures/1", Why::NotTogether),
        ("/filters/0/op", Why::UnknownWord),
        ("/filters/0/value", Why::OutOfRange),
        ("/filters/1/dimension", Why::NotTogether),
        ("/filters/1/values", Why::Missing),
        ("/limit", Why::OutOfRange),
        ("/colour", Why::UnknownField),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {faults:#?}");
    }
    let message = &faults.iter().find(|fault| fault.path == "/operation").unwrap().message;
    assert!(message.contains("did you mean `aggregate`?"), "{message}");
}

#[test]
fn what_does_not_agree_is_refused_with_its_place() {
    let table = [
        (with(json!({ "operation": "list", "groupBy": ["sector"] })), "/groupBy"),
        (with(json!({ "operation": "list", "measures": ["xirr"] })), "/measures/0"),
        (with(json!({ "operation": "timeseries" })), "/groupBy"),
        (with(json!({ "operation": "timeseries", "groupBy": ["month", "quarter"] })), "/groupBy"),
        (with(json!({ "groupBy": ["month"] })), "/groupBy"),
        (with(json!({ "operation": "compare" })), "/compareWith"),
        (with(json!({ "compareWith": { "period": "last_month" } })), "/compareWith"),
        (with(json!({ "measures": ["quantity"] })), "/measures/0"),
        (with(json!({ "measures": ["quantity"], "groupBy": ["sector"] })), "/measures/0"),
        (with(json!({ "sort": { "by": "invested" } })), "/sort/by"),
        (with(json!({ "visualisation": "line" })), "/visualisation"),
        (with(json!({ "visualisation": "pie" })), "/visualisation"),
        (
            with(
                json!({ "operation": "timeseries", "groupBy": ["month"], "time": { "asOf": "2026-01-01" } }),
            ),
            "/time",
        ),
        (
            with(json!({ "filters": [{ "measure": "xirr", "op": ">", "value": "10" }] })),
            "/filters/0",
        ),
        (
            with(json!({ "filters": [{ "measure": "value", "op": ">", "than": "weight" }] })),
            "/filters/0/than",
        ),
        (with(json!({ "measures": ["value", "value"] })), "/measures/1"),
    ];
    for (value, path) in table {
        let faults = read(value.clone()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.path == path), "{path}: {value} {faults:#?}");
    }
}

#[test]
fn figures_of_no_row_and_days_of_two_kinds_are_refused() {
    let table = [
        (with(json!({ "operation": "rank", "measures": ["xirr"] })), "/measures/0"),
        (with(json!({ "operation": "list", "measures": ["count"] })), "/measures/0"),
        (with(json!({ "measures": ["quantity"], "groupBy": ["symbol"] })), "/measures/0"),
        (
            with(json!({ "filters": [{ "measure": "count", "op": ">", "value": "3" }] })),
            "/filters/0",
        ),
        (
            with(json!({ "filters": [{ "measure": "value", "op": ">", "than": "value" }] })),
            "/filters/0/than",
        ),
        (
            with(json!({ "operation": "compare", "compareWith": { "period": "last_month" } })),
            "/time",
        ),
        (
            with(json!({
                "operation": "compare", "time": { "asOf": "2026-01-01" }, "compareWith": { "period": "last_month" },
            })),
            "/compareWith",
        ),
        (with(json!({ "a~/b\u{7}": 1 })), "/a~0~1b\u{7}"),
    ];
    for (value, path) in table {
        let faults = read(value.clone()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.path == path), "{path}: {value} {faults:#?}");
    }
}

#[test]
fn what_agrees_is_read() {
    for good in [
        with(json!({ "operation": "rank", "measures": ["quantity"] })),
        with(json!({ "measures": ["quantity"], "groupBy": ["security"] })),
        with(
            json!({ "measures": ["quantity"], "filters": [{ "dimension": "isin", "op": "in", "values": ["INE467B01029"] }] }),
        ),
        with(json!({ "operation": "timeseries", "groupBy": ["month"], "visualisation": "line" })),
        with(json!({ "groupBy": ["sector"], "visualisation": "pie" })),
    ] {
        assert!(read(good.clone()).is_ok(), "{good}");
    }
}

#[test]
fn queries_that_say_the_same_are_written_the_same() {
    let of = |value: Value| {
        let filter = json!([{ "measure": "value", "op": ">", "value": value }]);
        read(with(json!({ "filters": filter }))).unwrap().to_json()
    };
    let ten = [json!("10"), json!("10.0"), json!("10.00"), json!(10), json!(10.0)].map(of);
    assert!(ten.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(of(json!("-0")), of(json!(0)));
    let rank = with(json!({ "operation": "rank", "measures": ["weight", "value"] }));
    let sort = json!({ "by": "weight", "direction": "descending" });
    assert_eq!(read(rank).unwrap().to_json()["sort"], sort);
}

#[test]
fn a_query_of_a_newer_version_is_not_read_in_part() {
    let faults = read(json!({ "version": 2, "operation": "forecast", "horizon": 12 })).unwrap_err();
    assert_eq!(
        (faults.len(), faults[0].why, faults[0].path.as_str()),
        (1, Why::NewerVersion, "/version")
    );
}

#[test]
fn every_measure_and_dimension_is_of_an_entity_and_has_its_own_word() {
    for measure in Measure::ALL {
        assert!(!measure.entities().is_empty() && measure.about().ends_with('.'), "{measure:?}");
        let same = Measure::ALL.iter().filter(|other| other.name() == measure.name());
        assert_eq!(same.count(), 1, "{measure:?}");
    }
    for dimension in Dimension::ALL {
        assert!(
            !dimension.entities().is_empty() && dimension.about().ends_with('.'),
            "{dimension:?}"
        );
        let same = Dimension::ALL.iter().filter(|other| other.name() == dimension.name());
        assert_eq!(same.count(), 1, "{dimension:?}");
    }
    for entity in Entity::ALL {
        assert!(
            Measure::ALL.iter().any(|measure| measure.entities().contains(entity)),
            "{entity:?}"
        );
    }
}

/// Some words of a table, or once in a while something else.
fn word(all: Vec<&'static str>) -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => prop::sample::select(all).prop_map(|word| json!(word)),
        1 => "[a-z_]{0,12}".prop_map(|word| json!(word)),
        1 => Just(json!(7)),
    ]
}

fn words_of<T: Copy + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

fn period() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({ "period": "this_month" })),
        Just(json!({ "asOf": "2026-03-31" })),
        Just(json!({ "financialYear": "2025-26" })),
        Just(json!({ "from": "2026-04-01", "to": "2026-09-30" })),
        (0..400_u32).prop_map(|last| json!({ "last": last, "unit": "days" })),
        Just(json!({ "period": "sometime" })),
    ]
}

/// The measures and the dimensions of an entity.
fn vocabulary(entity: Entity) -> (Vec<&'static str>, Vec<&'static str>) {
    let measures = Measure::ALL.iter().filter(|one| one.entities().contains(&entity));
    let dimensions = Dimension::ALL.iter().filter(|one| one.entities().contains(&entity));
    (measures.map(|one| one.name()).collect(), dimensions.map(|one| one.name()).collect())
}

fn filter(entity: Entity) -> impl Strategy<Value = Value> {
    let measures = move || word(vocabulary(entity).0);
    let dimensions = word(vocabulary(entity).1);
    let op = || word(vec![">", ">=", "<", "<=", "=", "!="]);
    prop_oneof![
        (measures(), op(), "-?[0-9]{1,16}(\\.[0-9]{1,7})?")
            .prop_map(|(measure, op, value)| json!({ "measure": measure, "op": op, "value": value })),
        (measures(), op(), any::<i64>()).prop_map(
            |(measure, op, value)| json!({ "measure": measure, "op": op, "value": value })
        ),
        (measures(), op(), measures())
            .prop_map(|(measure, op, than)| json!({ "measure": measure, "op": op, "than": than })),
        (dimensions, word(vec!["in", "not_in"]), prop::collection::vec("[A-Z]{0,8}", 0..4))
            .prop_map(|(dimension, op, values)| json!({ "dimension": dimension, "op": op, "values": values })),
    ]
}

pub(crate) fn query() -> impl Strategy<Value = Value> {
    prop::sample::select(Entity::ALL.to_vec()).prop_flat_map(query_of)
}

fn query_of(entity: Entity) -> impl Strategy<Value = Value> {
    let (measures, dimensions) = vocabulary(entity);
    (
        word(words_of(Operation::ALL, Operation::name)),
        word(vec![entity.name()]),
        prop::collection::vec(word(measures), 0..4),
        prop::option::of(prop::collection::vec(filter(entity), 0..3)),
        prop::option::of(prop::collection::vec(word(dimensions), 0..4)),
        prop::option::of(period()),
        prop::option::of(period()),
        prop::option::of(0..300_usize),
    )
        .prop_map(|(operation, entity, measures, filters, groups, time, other, limit)| {
            let mut value = json!({
                "version": 1, "operation": operation, "entity": entity, "measures": measures,
            });
            let more = [
                ("filters", filters.map(Value::from)),
                ("groupBy", groups.map(Value::from)),
                ("time", time),
                ("compareWith", other),
                ("limit", limit.map(Value::from)),
            ];
            for (name, field) in more {
                if let Some(field) = field {
                    value[name] = field;
                }
            }
            value
        })
}

/// Any JSON at all, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            Just("version".to_owned()),
            Just("measures".to_owned()),
            Just("filters".to_owned()),
            Just("time".to_owned()),
            Just("op".to_owned()),
            Just("dimension".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Whether a value is of the published schema.
fn is_of_the_schema(value: &Value) -> bool {
    static SCHEMA: LazyLock<Option<jsonschema::Validator>> =
        LazyLock::new(|| jsonschema::validator_for(&schema()).ok());
    SCHEMA.as_ref().is_some_and(|schema| schema.is_valid(value))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn what_was_read_is_read_again_from_what_it_writes(value in query()) {
        if let Ok(query) = Query::read(&value) {
            let written = query.to_json();
            prop_assert_eq!(Query::read(&written), Ok(query.clone()), "{}", written);
            prop_assert!(query.limit <= MOST_ROWS && !describe(&query).is_empty());
        }
    }

    #[test]
    fn what_is_read_is_of_the_schema_and_what_the_schema_refuses_is_not_read(value in query()) {
        match Query::read(&value) {
            Ok(query) => {
                prop_assert!(is_of_the_schema(&value), "read and not of the schema: {}", value);
                prop_assert!(is_of_the_schema(&query.to_json()));
            }
            // What must agree between fields, and the words that a dimension may have, are the reader's alone.
            Err(faults) => if is_of_the_schema(&value) {
                let alone = |fault: &Fault| {
                    matches!(fault.why, Why::NotTogether)
                        || fault.why == Why::UnknownWord && fault.path.contains("/values/")
                };
                prop_assert!(faults.iter().all(alone), "{} {:?}", value, faults);
            },
        }
    }

    #[test]
    fn no_json_makes_it_panic_or_tell_without_end(value in any_json()) {
        if let Err(faults) = Query::read(&value) {
            prop_assert!(!faults.is_empty() && faults.len() <= 50);
            prop_assert!(faults.iter().all(|fault| fault.message.chars().count() < 700), "{:?}", faults);
        }
    }
}
