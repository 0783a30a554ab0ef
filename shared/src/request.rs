//! Requests, each declared once: what its fields are, how they are read, and what openapi.json says of them.
//!
//! [`request!`](crate::request!) makes a struct, its reader and its documentation of one declaration:
//!
//! ```
//! use shared::request::{day, printable, whole};
//!
//! shared::request! {
//!     /// What to search for.
//!     struct SearchQuery {
//!         /// Part of a name.
//!         q: String = printable(60),
//!         /// From this day on.
//!         from: Option<jiff::civil::Date> = day(),
//!         /// How many at most.
//!         limit: i64 = whole(1, 200) => 50,
//!     }
//! }
//! ```
//!
//! A field of type `T` is required, one of type `Option<T>` may be missing, and one with `=> default` is as if the default had
//! been sent. Its name in a request is in camel case, or what stands after `as`. Fields that several requests have are a
//! request of their own, taken in at the end by `..level: Level`. A last `check(request, fields) { … }` notes what is wrong
//! with fields together, once each of them is read.

mod readers;

pub use serde_json;
use serde_json::{Map, Value, json};
pub use utoipa;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{RefOr, Required, Schema};

use crate::fields::{Fields, Given};
pub use readers::*;

/// How a field is read, and what its schema is.
pub trait Reader {
    /// What is read.
    type Value;

    /// Reads what was given. An error says what is wrong as "must …" or "is …".
    fn read(&self, given: &Given) -> Result<Self::Value, String>;

    /// The JSON Schema of what is taken.
    fn schema(&self) -> Value;
}

/// What is declared by [`request!`](crate::request!), as openapi.json says it.
pub trait Request {
    /// What the request is.
    const ABOUT: &'static str;

    /// Its fields, in the order of their declaration.
    fn properties() -> Vec<Property>;

    /// An example of it.
    fn example() -> Option<Value>;
}

/// A field of a request, as openapi.json says it.
pub struct Property {
    /// Its name in a request.
    pub name: String,
    /// What it means.
    pub about: String,
    /// Whether it must be there.
    pub required: bool,
    /// What is taken.
    pub schema: Value,
}

impl Property {
    /// A field of type `T`.
    pub fn of<T: Presence<R::Value>, R: Reader>(
        name: String,
        about: &str,
        reader: &R,
        default: Option<Value>,
    ) -> Self {
        let mut schema = reader.schema();
        let required = T::REQUIRED && default.is_none();
        if let (Some(default), Value::Object(schema)) = (default, &mut schema) {
            schema.insert("default".into(), default);
        }
        Self { name, about: lines(about), required, schema }
    }
}

/// Whether a field of this type may be missing.
pub trait Presence<T>: Sized {
    /// Whether it must be there.
    const REQUIRED: bool;
    /// The field when it is there.
    fn present(value: T) -> Self;
    /// The field when it is missing, if it may be.
    fn absent() -> Option<Self>;
}

impl<T> Presence<T> for T {
    const REQUIRED: bool = true;

    fn present(value: T) -> Self {
        value
    }

    fn absent() -> Option<Self> {
        None
    }
}

impl<T> Presence<T> for Option<T> {
    const REQUIRED: bool = false;

    fn present(value: T) -> Self {
        Some(value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A field that must be there, whose absence is told by the request's own check: together with what else is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked<T>(pub Option<T>);

impl<T> Presence<T> for Checked<T> {
    const REQUIRED: bool = true;

    fn present(value: T) -> Self {
        Self(Some(value))
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}

/// Declares a request: see the [module](mod@crate::request).
#[macro_export]
macro_rules! request {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derived:path),* $(,)?)])?
        $(#[example($($example:tt)+)])?
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field_vis:vis $field:ident $(as $wire:literal)? : $type:ty = $reader:expr $(=> $default:expr)?,
            )*
            $(.. $part_vis:vis $part:ident: $part_type:ty,)*
        }
        $(check($this:ident, $fields:ident) $check:block)?
    ) => {
        $(#[doc = $about])*
        $(#[derive($($derived),*)])?
        $vis struct $name {
            $($(#[doc = $doc])* $field_vis $field: $type,)*
            $($part_vis $part: $part_type,)*
        }

        impl $crate::fields::FromFields for $name {
            fn from_fields(fields: &mut $crate::fields::Fields) -> Option<Self> {
                // At once, so that a field does not hide a reader of its name.
                let ($($field,)* $($part,)*) = (
                    $($crate::request::take::<$type, _>(
                        fields,
                        &$crate::request!(@wire $field $($wire)?),
                        &$reader,
                        $crate::request!(@default $($default)?),
                    ),)*
                    $(<$part_type as $crate::fields::FromFields>::from_fields(fields),)*
                );
                let read = Self { $($field: $field?,)* $($part: $part?,)* };
                $(
                    let ($this, $fields) = (&read, fields);
                    $check
                )?
                Some(read)
            }
        }

        impl $crate::request::Request for $name {
            const ABOUT: &'static str = concat!($($about, "\n",)*);

            fn properties() -> Vec<$crate::request::Property> {
                let own = vec![$($crate::request::Property::of::<$type, _>(
                    $crate::request!(@wire $field $($wire)?),
                    concat!($($doc, "\n",)*),
                    &$reader,
                    $crate::request!(@default $($default)?),
                )),*];
                let parts: Vec<Vec<$crate::request::Property>> = vec![$(<$part_type as $crate::request::Request>::properties()),*];
                own.into_iter().chain(parts.into_iter().flatten()).collect()
            }

            fn example() -> Option<$crate::request::serde_json::Value> {
                $crate::request!(@example $($($example)+)?)
            }
        }

        impl $crate::request::utoipa::PartialSchema for $name {
            fn schema() -> $crate::request::utoipa::openapi::RefOr<$crate::request::utoipa::openapi::Schema> {
                $crate::request::schema::<Self>()
            }
        }

        impl $crate::request::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(stringify!($name))
            }
        }

        impl $crate::request::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<$crate::request::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<$crate::request::utoipa::openapi::path::Parameter> {
                $crate::request::parameters::<Self>()
            }
        }
    };
    (@wire $field:ident) => { $crate::request::camel_case(stringify!($field)) };
    (@wire $field:ident $wire:literal) => { $wire.to_owned() };
    (@default) => { None };
    (@default $default:expr) => { Some($crate::request::serde_json::json!($default)) };
    (@example) => { None };
    (@example $($example:tt)+) => { Some($crate::request::serde_json::json!($($example)+)) };
}

/// Reads a field; `None` when a fault was noted.
pub fn take<T: Presence<R::Value>, R: Reader>(
    fields: &mut Fields,
    name: &str,
    reader: &R,
    default: Option<Value>,
) -> Option<T> {
    let Some(given) = fields.take(name).or(default.map(Given::Json)) else {
        let absent = T::absent();
        if absent.is_none() {
            fields.fault(name, "is required");
        }
        return absent;
    };
    match reader.read(&given) {
        Ok(value) => Some(T::present(value)),
        Err(message) => {
            fields.fault(name, message);
            None
        }
    }
}

/// The name of a field in a request.
pub fn camel_case(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &first.into_iter().chain(letters).collect::<String>()
    })
}

/// The schema of a request as a JSON object: no other fields, and null is as good as missing.
pub fn schema<R: Request>() -> RefOr<Schema> {
    object::<R>(true)
}

/// The schema of a request as a form, which has no null.
pub fn form_schema<R: Request>() -> RefOr<Schema> {
    object::<R>(false)
}

fn object<R: Request>(nulls: bool) -> RefOr<Schema> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for Property { name, about, required: must, mut schema } in R::properties() {
        if let Value::Object(schema) = &mut schema {
            if !about.is_empty() {
                schema.insert("description".into(), json!(about));
            }
            if must {
                required.push(name.clone());
            } else if nulls {
                nullable(schema);
            }
        }
        properties.insert(name, schema);
    }
    let mut schema = json!({
        "type": "object", "description": lines(R::ABOUT), "properties": properties, "required": required,
        "additionalProperties": false,
    });
    if let (Some(example), Value::Object(schema)) = (R::example(), &mut schema) {
        schema.insert("example".into(), example);
    }
    RefOr::T(from_json(schema))
}

/// The lines of a doc comment, each without the space that begins it.
fn lines(doc: &str) -> String {
    doc.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn nullable(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get("type").cloned() {
        schema.insert("type".into(), json!([kind, "null"]));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
}

/// The fields of a request as parameters of a query string.
pub fn parameters<R: Request>() -> Vec<Parameter> {
    let example = R::example().unwrap_or_default();
    let parameter = |property: Property| {
        let example = example.get(&property.name).cloned();
        let required = if property.required { Required::True } else { Required::False };
        let about = Some(property.about).filter(|about| !about.is_empty());
        ParameterBuilder::new()
            .name(property.name)
            .parameter_in(ParameterIn::Query)
            .required(required)
            .description(about)
            .schema(Some(RefOr::T(from_json(property.schema))))
            .example(example)
            .build()
    };
    R::properties().into_iter().map(parameter).collect()
}

#[expect(clippy::expect_used, reason = "a schema of ours; writing openapi.json reads every one")]
fn from_json(schema: Value) -> Schema {
    serde_json::from_value(schema).expect("a JSON Schema")
}

#[cfg(test)]
mod tests {
    use utoipa::{IntoParams, PartialSchema};

    use super::*;
    use crate::Problem;

    crate::request! {
        /// Which pages.
        struct Part {
            /// How many.
            limit: i64 = whole(1, 9) => 5,
        }
    }

    crate::request! {
        /// What to do.
        #[derive(Debug, PartialEq)]
        #[example({ "longName": "x" })]
        struct Order {
            /// What it is called.
            long_name: String = printable(5),
            kind: Option<bool> = choice([("old", false), ("new", true)]),
            other as "of": Option<i64> = whole(0, 3),
            tags: Option<Vec<String>> = list(1, 2, printable(3)),
        }
        check(order, fields) {
            if order.other == Some(3) && order.kind.is_none() {
                fields.fault("kind", "is required of three");
            }
        }
    }

    crate::request! {
        struct Whole {
            deep: bool = flag() => false,
            ..part: Part,
        }
    }

    fn read(body: Value) -> Result<Order, Vec<String>> {
        let Value::Object(object) = body else { panic!("an object") };
        faults(Fields::from_json(object).read())
    }

    fn faults<T>(read: Result<T, Problem>) -> Result<T, Vec<String>> {
        read.map_err(|problem| {
            let document = problem.document("r");
            let errors = document["errors"].as_array().cloned().unwrap_or_default();
            errors.iter().map(|error| error["path"].as_str().unwrap_or_default().into()).collect()
        })
    }

    #[test]
    fn a_declaration_reads_its_fields_and_says_every_fault_at_once() {
        let order = read(json!({ "longName": " ab ", "kind": "new", "of": 2, "tags": ["a"] }));
        let expected = Order {
            long_name: "ab".into(),
            kind: Some(true),
            other: Some(2),
            tags: Some(vec!["a".into()]),
        };
        assert_eq!(order, Ok(expected));
        let wrong = json!({ "kind": "newer", "of": "2", "tags": ["a", "b", "c"], "x": 1 });
        let all = ["longName", "kind", "of", "tags", "x"].map(str::to_owned);
        assert_eq!(read(wrong), Err(all.to_vec()));
        let together = json!({ "longName": "a", "of": 3 });
        assert_eq!(read(together), Err(vec!["kind".into()]), "of fields together");
    }

    #[test]
    fn a_text_is_a_number_in_a_query_alone() {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            faults(Fields::from_pairs(owned).read::<Whole>())
        };
        let whole = pairs(&[("limit", "7"), ("deep", "true")]).unwrap();
        assert_eq!((whole.deep, whole.part.limit), (true, 7));
        let whole = pairs(&[]).unwrap();
        assert_eq!((whole.deep, whole.part.limit), (false, 5), "defaults");
        assert_eq!(pairs(&[("limit", "10")]).err(), Some(vec!["limit".into()]));
    }

    #[test]
    fn the_schema_says_what_is_read() {
        let schema = serde_json::to_value(Order::schema()).unwrap();
        let expected = json!({
            "type": "object", "description": "What to do.", "required": ["longName"],
            "additionalProperties": false, "example": { "longName": "x" },
            "properties": {
                "longName": {
                    "type": "string", "description": "What it is called.", "minLength": 1, "maxLength": 5,
                    "pattern": readers::PRINTABLE,
                },
                "kind": { "type": ["string", "null"], "enum": ["old", "new", null] },
                "of": { "type": ["integer", "null"], "minimum": 0, "maximum": 3 },
                "tags": {
                    "type": ["array", "null"], "minItems": 1, "maxItems": 2,
                    "items": { "type": "string", "minLength": 1, "maxLength": 3, "pattern": readers::PRINTABLE },
                },
            },
        });
        assert_eq!(schema, expected);
        let parameters = serde_json::to_value(Whole::into_params(|| None)).unwrap();
        let expected = json!([
            { "name": "deep", "in": "query", "required": false, "schema": { "type": "boolean", "default": false } },
            {
                "name": "limit", "in": "query", "required": false, "description": "How many.",
                "schema": { "type": "integer", "minimum": 1, "maximum": 9, "default": 5 },
            },
        ]);
        assert_eq!(parameters, expected);
    }
}
