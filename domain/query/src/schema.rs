//! The JSON Schema of the language.

use serde_json::{Value, json};

use crate::{Dimension, Entity, Measure, VERSION, period, query};

/// The JSON Schema (draft 2020-12) of a query, with what each word means beside it.
///
/// It says of one field at a time what is right. What must agree between fields, such as that a list has no groups, it
/// does not say: [`Query::read`](crate::Query::read) does, with its reason. Null is as good as missing to that reader, and
/// no value of this schema.
pub fn schema() -> Value {
    let entities: Vec<Value> = Entity::ALL.iter().map(|entity| query_of(*entity)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Portfolio query",
        "description": "What may be asked of a portfolio. Amounts are decimal strings in rupees.",
        "oneOf": entities,
        "$defs": { "period": period::schema() },
        "x-version": VERSION,
        "x-entities": Entity::ALL.iter().map(|one| json!({ "name": one.name(), "about": one.about() })).collect::<Vec<_>>(),
        "x-measures": Measure::ALL.iter().map(|one| measure(*one)).collect::<Vec<_>>(),
        "x-dimensions": Dimension::ALL.iter().map(|one| dimension(*one)).collect::<Vec<_>>(),
    })
}

fn query_of(entity: Entity) -> Value {
    json!({
        "title": entity.name(),
        "description": entity.about(),
        "type": "object",
        "required": ["version", "operation", "entity", "measures"],
        "additionalProperties": false,
        "properties": query::properties(entity),
    })
}

fn measure(one: Measure) -> Value {
    let entities: Vec<&str> = one.entities().iter().map(|entity| entity.name()).collect();
    json!({
        "name": one.name(), "about": one.about(), "unit": one.unit().name(), "entities": entities,
        "ofRows": one.is_of_rows(), "needsOneSecurity": one.needs_one_security(),
    })
}

fn dimension(one: Dimension) -> Value {
    let entities: Vec<&str> = one.entities().iter().map(|entity| entity.name()).collect();
    json!({
        "name": one.name(), "about": one.about(), "entities": entities, "ofTime": one.is_time(),
        "values": one.values(),
    })
}
