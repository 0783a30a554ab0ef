//! Which rows a query is about.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::reader::{At, DECIMAL_PATTERN, Faults, MOST_WHOLE, quoted};
use crate::vocabulary::words;
use crate::{Dimension, Entity, LONGEST_VALUE, MOST_VALUES, Measure, Why};

words! {
    /// How a figure is compared.
    Comparison {
        Above = ">": "more than",
        AtLeast = ">=": "at least",
        Below = "<": "less than",
        AtMost = "<=": "at most",
        Equal = "=": "exactly",
        Unequal = "!=": "anything but",
    }
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number, in the measure's unit.
    Number(Decimal),
    /// Another figure of the same row, of the same unit.
    Measure(Measure),
}

/// What a row must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A figure compared.
    Figure(Measure, Comparison, Operand),
    /// One of some values.
    Among(Dimension, Vec<String>),
    /// None of some values.
    NotAmong(Dimension, Vec<String>),
    /// A text within its name, whatever the case.
    Contains(Dimension, String),
}

words! {
    /// How a dimension is compared.
    Match {
        In = "in": "One of some values.",
        NotIn = "not_in": "None of some values.",
        Contains = "contains": "A text within its name.",
    }
}

impl Filter {
    /// Reads `{"measure": …, "op": …, "value": …}` or `{"dimension": …, "op": …, "values": […]}`.
    pub(crate) fn read(at: &At<'_>, entity: Option<Entity>, faults: &mut Faults) -> Option<Self> {
        let mut fields = at.object(faults)?;
        let (measure, dimension) = (fields.find("measure"), fields.find("dimension"));
        let read = match (measure, dimension) {
            (Some(measure), None) => {
                let op = fields.need("op", faults);
                let (value, other) = (fields.find("value"), fields.find("than"));
                let measure = read_measure(&measure, entity, faults);
                let op = op.and_then(|op| op.word("comparison", faults));
                let operand = operand(at, measure, value, other, entity, faults);
                measure
                    .zip(op)
                    .zip(operand)
                    .map(|((measure, op), than)| Self::Figure(measure, op, than))
            }
            (None, Some(dimension)) => {
                let op = fields.need("op", faults);
                let (values, value) = (fields.find("values"), fields.find("value"));
                let dimension = read_dimension(&dimension, entity, faults);
                let op = op.and_then(|op| op.word("comparison", faults));
                named(at, dimension, op, values, value, faults)
            }
            _ => {
                // What else it has is judged once it is known what it is about.
                for name in ["op", "value", "values", "than"] {
                    fields.find(name);
                }
                let message = "must have either `measure` or `dimension`";
                faults.add(&at.path, Why::NotTogether, message);
                None
            }
        };
        fields.finish(faults);
        read
    }

    /// As it stands in a query.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Figure(measure, op, Operand::Number(number)) => {
                json!({ "measure": measure.name(), "op": op.name(), "value": number.to_string() })
            }
            Self::Figure(measure, op, Operand::Measure(other)) => {
                json!({ "measure": measure.name(), "op": op.name(), "than": other.name() })
            }
            Self::Among(dimension, values) => {
                json!({ "dimension": dimension.name(), "op": Match::In.name(), "values": values })
            }
            Self::NotAmong(dimension, values) => {
                json!({ "dimension": dimension.name(), "op": Match::NotIn.name(), "values": values })
            }
            Self::Contains(dimension, text) => {
                json!({ "dimension": dimension.name(), "op": Match::Contains.name(), "value": text })
            }
        }
    }

    /// The word of the measure or dimension that it judges by.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Figure(measure, ..) => measure.name(),
            Self::Among(dimension, _)
            | Self::NotAmong(dimension, _)
            | Self::Contains(dimension, _) => dimension.name(),
        }
    }

    /// Whether only rows of one security are left.
    pub fn is_one_security(&self) -> bool {
        matches!(self, Self::Among(dimension, values) if dimension.is_one_security() && values.len() == 1)
    }
}

/// A measure that the entity has.
pub(crate) fn read_measure(
    at: &At<'_>,
    entity: Option<Entity>,
    faults: &mut Faults,
) -> Option<Measure> {
    let measure: Measure = at.word("measure", faults)?;
    is_of(at, entity, measure.name(), measure.entities(), faults).then_some(measure)
}

/// A dimension that the entity has.
pub(crate) fn read_dimension(
    at: &At<'_>,
    entity: Option<Entity>,
    faults: &mut Faults,
) -> Option<Dimension> {
    let dimension: Dimension = at.word("dimension", faults)?;
    is_of(at, entity, dimension.name(), dimension.entities(), faults).then_some(dimension)
}

/// Whether the entity is one of those that have this; it is not judged while the entity is not known.
fn is_of(
    at: &At<'_>,
    entity: Option<Entity>,
    name: &str,
    entities: &[Entity],
    faults: &mut Faults,
) -> bool {
    let Some(entity) = entity.filter(|entity| !entities.contains(entity)) else { return true };
    let of = entities.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    let message = format!("a {} has no {name}; it is of {of}", entity.name());
    faults.add(&at.path, Why::NotTogether, message);
    false
}

fn operand(
    at: &At<'_>,
    measure: Option<Measure>,
    value: Option<At<'_>>,
    than: Option<At<'_>>,
    entity: Option<Entity>,
    faults: &mut Faults,
) -> Option<Operand> {
    if let Some(whole) = measure.filter(|measure| !measure.is_of_rows()) {
        let message = format!("{} is not of a row; it filters nothing", whole.name());
        faults.add(&at.path, Why::NotTogether, message);
        return None;
    }
    match (value, than) {
        (Some(value), None) => value.decimal(faults).map(Operand::Number),
        (None, Some(than)) => {
            let other = read_measure(&than, entity, faults)?;
            let same = measure.is_none_or(|measure| measure.unit() == other.unit());
            if !same || !other.is_of_rows() || measure == Some(other) {
                let message = format!(
                    "{} cannot be compared with it; another figure of a row and of the same unit can",
                    other.name()
                );
                faults.add(&than.path, Why::NotTogether, message);
                return None;
            }
            Some(Operand::Measure(other))
        }
        _ => {
            let message = "must have either `value`, a number, or `than`, another measure";
            faults.add(&at.path, Why::NotTogether, message);
            None
        }
    }
}

fn named(
    at: &At<'_>,
    dimension: Option<Dimension>,
    op: Option<Match>,
    values: Option<At<'_>>,
    value: Option<At<'_>>,
    faults: &mut Faults,
) -> Option<Filter> {
    if let Some(time) = dimension.filter(|dimension| dimension.is_time()) {
        let message = format!("days are chosen by `time`, not by a filter on {}", time.name());
        faults.add(&at.path, Why::NotTogether, message);
        return None;
    }
    match (op?, values, value) {
        (Match::Contains, None, Some(value)) => {
            let text = read_value(&value, None, faults)?;
            Some(Filter::Contains(dimension?, text))
        }
        (op @ (Match::In | Match::NotIn), Some(values), None) => {
            let items = values.list(MOST_VALUES, faults)?;
            if items.is_empty() {
                faults.add(&values.path, Why::Missing, "must name a value");
                return None;
            }
            let read: Vec<_> =
                items.iter().map(|item| read_value(item, dimension, faults)).collect();
            let read: Vec<String> = read.into_iter().collect::<Option<_>>()?;
            let dimension = dimension?;
            Some(match op {
                Match::In => Filter::Among(dimension, read),
                _ => Filter::NotAmong(dimension, read),
            })
        }
        _ => {
            let message = "must have `values` with `in` and `not_in`, and `value` with `contains`";
            faults.add(&at.path, Why::NotTogether, message);
            None
        }
    }
}

/// A value of a dimension: some characters, and one of its words where they are known.
fn read_value(at: &At<'_>, dimension: Option<Dimension>, faults: &mut Faults) -> Option<String> {
    let text = at.text(faults)?;
    let length = text.chars().count();
    if !(1..=LONGEST_VALUE).contains(&length) || text.chars().any(char::is_control) {
        let message = format!("must have 1 to {LONGEST_VALUE} printable characters");
        faults.add(&at.path, Why::OutOfRange, message);
        return None;
    }
    let known = dimension.and_then(Dimension::values);
    if let Some(known) = known.filter(|known| !known.contains(&text)) {
        let message = format!("{} is none of {}", quoted(text), known.join(", "));
        faults.add(&at.path, Why::UnknownWord, message);
        return None;
    }
    Some(text.to_owned())
}

/// The JSON Schema of a filter on an entity's rows.
pub(crate) fn schema(entity: Entity) -> Value {
    let of = |one: &&Measure| one.entities().contains(&entity) && one.is_of_rows();
    let measures: Vec<&str> = Measure::ALL.iter().filter(of).map(|one| one.name()).collect();
    let of = |one: &&Dimension| one.entities().contains(&entity) && !one.is_time();
    let dimensions: Vec<&str> = Dimension::ALL.iter().filter(of).map(|one| one.name()).collect();
    let comparisons: Vec<&str> = Comparison::ALL.iter().map(|one| one.name()).collect();
    let whole = json!({ "type": "integer", "minimum": -MOST_WHOLE, "maximum": MOST_WHOLE });
    let number = json!({ "oneOf": [{ "type": "string", "pattern": DECIMAL_PATTERN }, whole] });
    let text = json!({
        "type": "string", "minLength": 1, "maxLength": LONGEST_VALUE,
        "pattern": "^[^\\x00-\\x1F\\x7F-\\x9F]*$",
    });
    let values = json!({ "type": "array", "items": text, "minItems": 1, "maxItems": MOST_VALUES });
    let object = |properties: Value, required: [&str; 3]| {
        json!({
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        })
    };
    let (measure, dimension) = (json!({ "enum": measures }), json!({ "enum": dimensions }));
    let op = json!({ "enum": comparisons });
    json!({ "oneOf": [
        object(json!({ "measure": measure, "op": op, "value": number }), ["measure", "op", "value"]),
        object(json!({ "measure": measure, "op": op, "than": measure }), ["measure", "op", "than"]),
        object(
            json!({ "dimension": dimension, "op": { "enum": [Match::In.name(), Match::NotIn.name()] }, "values": values }),
            ["dimension", "op", "values"],
        ),
        object(
            json!({ "dimension": dimension, "op": { "const": Match::Contains.name() }, "value": text }),
            ["dimension", "op", "value"],
        ),
    ] })
}
