//! A query as a whole, and what must agree in it.

use serde_json::{Map, Value, json};

use crate::filter::{Filter, read_dimension, read_measure};
use crate::period::Period;
use crate::reader::{At, Faults, Fields};
use crate::vocabulary::words;
use crate::{
    DEFAULT_ROWS, Dimension, Entity, Fault, MOST_FILTERS, MOST_GROUPS, MOST_MEASURES, MOST_ROWS,
    Measure, VERSION, Why,
};

words! {
    /// What is done with the rows.
    Operation {
        Aggregate = "aggregate": "Figures of all rows together, or of each group.",
        List = "list": "The rows themselves.",
        Rank = "rank": "The rows or groups that come first.",
        Timeseries = "timeseries": "Figures of each part of the time.",
        Compare = "compare": "Figures of a period beside those of another.",
    }
}

words! {
    /// How an answer is shown.
    Visualisation {
        Card = "card": "One figure.",
        Tile = "tile": "A figure with what it changed by.",
        Table = "table": "Rows and columns.",
        Line = "line": "A line over time.",
        Bar = "bar": "Bars beside each other.",
        Area = "area": "A filled line over time.",
        Pie = "pie": "Parts of a whole.",
        Treemap = "treemap": "Parts of a whole, as areas.",
        Scatter = "scatter": "Two figures against each other.",
    }
}

words! {
    /// Which comes first.
    Direction {
        Descending = "descending": "The largest first.",
        Ascending = "ascending": "The smallest first.",
    }
}

/// The order of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By this measure of the query.
    pub by: Measure,
    /// Which way.
    pub direction: Direction,
}

/// A query that was read without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is done with the rows.
    pub operation: Operation,
    /// What the rows are.
    pub entity: Entity,
    /// The figures, in the order of the columns.
    pub measures: Vec<Measure>,
    /// What a row must be; all of them.
    pub filters: Vec<Filter>,
    /// What rows are put together by.
    pub group_by: Vec<Dimension>,
    /// The days.
    pub time: Option<Period>,
    /// The days to compare with.
    pub compare_with: Option<Period>,
    /// The order; of a rank, the first measure's when it says none.
    pub sort: Option<Sort>,
    /// How many rows at most.
    pub limit: usize,
    /// How it is shown.
    pub visualisation: Option<Visualisation>,
}

impl Query {
    /// Reads a query, with every fault of it at once.
    pub fn read(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let at = At { value, path: String::new() };
        match read(&at, &mut faults).filter(|_| faults.is_empty()) {
            Some(query) => Ok(query),
            None => Err(faults.into_list()),
        }
    }

    /// The query with everything that it says, the same for two that say the same.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "version": VERSION,
            "operation": self.operation.name(),
            "entity": self.entity.name(),
            "measures": self.measures.iter().map(|one| one.name()).collect::<Vec<_>>(),
            "limit": self.limit,
        });
        if !self.filters.is_empty() {
            value["filters"] = self.filters.iter().map(Filter::to_json).collect();
        }
        if !self.group_by.is_empty() {
            value["groupBy"] = self.group_by.iter().map(|one| one.name()).collect();
        }
        if let Some(time) = self.time {
            value["time"] = time.to_json();
        }
        if let Some(other) = self.compare_with {
            value["compareWith"] = other.to_json();
        }
        if let Some(Sort { by, direction }) = self.sort {
            value["sort"] = json!({ "by": by.name(), "direction": direction.name() });
        }
        if let Some(visualisation) = self.visualisation {
            value["visualisation"] = json!(visualisation.name());
        }
        value
    }

    /// Whether it answers rows as they are, and no groups of them.
    pub fn answers_rows(&self) -> bool {
        let ranks_rows = self.operation == Operation::Rank && self.group_by.is_empty();
        self.operation == Operation::List || ranks_rows
    }

    /// Whether everything it answers is of one security.
    pub fn is_of_one_security(&self) -> bool {
        self.group_by.iter().any(|one| one.is_one_security())
            || self.filters.iter().any(Filter::is_one_security)
    }
}

fn read(at: &At<'_>, faults: &mut Faults) -> Option<Query> {
    let mut fields = at.object(faults)?;
    if is_newer(&mut fields, faults) {
        // What a newer version means by its fields is not known here.
        return None;
    }
    let operation = fields.need("operation", faults);
    let operation = operation.and_then(|at| at.word("operation", faults));
    let entity = fields.need("entity", faults);
    let entity = entity.and_then(|at| at.word("entity", faults));
    let measures = fields.need("measures", faults);
    let measures = measures.and_then(|at| read_measures(&at, entity, faults));
    let filters = fields.find("filters").map(|at| read_filters(&at, entity, faults));
    let group_by = fields.find("groupBy").map(|at| read_groups(&at, entity, faults));
    let time = fields.find("time").map(|at| Period::read(&at, faults));
    let compare_with = fields.find("compareWith").map(|at| Period::read(&at, faults));
    let sort = fields.find("sort").map(|at| read_sort(&at, faults));
    let limit = fields.find("limit").map(|at| at.whole(1, MOST_ROWS, faults));
    let visualisation = fields.find("visualisation");
    let visualisation = visualisation.map(|at| at.word("visualisation", faults));
    fields.finish(faults);
    let mut query = Query {
        operation: operation?,
        entity: entity?,
        measures: measures?,
        filters: filters.unwrap_or(Some(Vec::new()))?,
        group_by: group_by.unwrap_or(Some(Vec::new()))?,
        time: time.map_or(Some(None), |time| time.map(Some))?,
        compare_with: compare_with.map_or(Some(None), |other| other.map(Some))?,
        sort: sort.map_or(Some(None), |sort| sort.map(Some))?,
        limit: limit.unwrap_or(Some(DEFAULT_ROWS))?,
        visualisation: visualisation.map_or(Some(None), |one| one.map(Some))?,
    };
    if query.operation == Operation::Rank && query.sort.is_none() {
        let first = query.measures.first();
        query.sort = first.map(|by| Sort { by: *by, direction: Direction::Descending });
    }
    agree(&query, faults);
    Some(query)
}

/// Versions that could ever be.
const MOST_VERSIONS: usize = 1_000;

/// Whether the query is of a version that is not known here.
fn is_newer(fields: &mut Fields<'_>, faults: &mut Faults) -> bool {
    let Some(at) = fields.need("version", faults) else { return false };
    let version = at.whole(1, MOST_VERSIONS, faults);
    let newer = version.is_some_and(|version| version as u64 > VERSION);
    if newer {
        let message = format!("is newer than {VERSION}, the newest version understood here");
        faults.add(&at.path, Why::NewerVersion, message);
    }
    newer
}

fn read_measures(at: &At<'_>, entity: Option<Entity>, faults: &mut Faults) -> Option<Vec<Measure>> {
    let items = at.list(MOST_MEASURES, faults)?;
    if items.is_empty() {
        faults.add(&at.path, Why::Missing, "must name a measure");
    }
    let read: Vec<_> = items.iter().map(|item| read_measure(item, entity, faults)).collect();
    once(&items, &read, faults);
    read.into_iter().collect()
}

fn read_groups(at: &At<'_>, entity: Option<Entity>, faults: &mut Faults) -> Option<Vec<Dimension>> {
    let items = at.list(MOST_GROUPS, faults)?;
    let read: Vec<_> = items.iter().map(|item| read_dimension(item, entity, faults)).collect();
    once(&items, &read, faults);
    read.into_iter().collect()
}

fn read_filters(at: &At<'_>, entity: Option<Entity>, faults: &mut Faults) -> Option<Vec<Filter>> {
    let items = at.list(MOST_FILTERS, faults)?;
    let read: Vec<_> = items.iter().map(|item| Filter::read(item, entity, faults)).collect();
    read.into_iter().collect()
}

fn read_sort(at: &At<'_>, faults: &mut Faults) -> Option<Sort> {
    let mut fields = at.object(faults)?;
    let by = fields.need("by", faults);
    let by = by.and_then(|at| at.word("measure", faults));
    let direction = fields.find("direction").map(|at| at.word("direction", faults));
    fields.finish(faults);
    Some(Sort { by: by?, direction: direction.unwrap_or(Some(Direction::Descending))? })
}

/// Notes what stands twice in a list.
fn once<T: PartialEq>(items: &[At<'_>], read: &[Option<T>], faults: &mut Faults) {
    for (at, (item, one)) in items.iter().zip(read).enumerate() {
        if one.is_some() && read[..at].contains(one) {
            faults.add(&item.path, Why::Repeated, "stands here twice");
        }
    }
}

/// Notes what is good by itself and not together with the rest.
fn agree(query: &Query, faults: &mut Faults) {
    groups_agree(query, faults);
    measures_agree(query, faults);
    let mut not = |path: &str, message: String| faults.add(path, Why::NotTogether, message);
    if let Some(sort) = query.sort.filter(|sort| !query.measures.contains(&sort.by)) {
        not("/sort/by", format!("{} is none of the measures of this query", sort.by.name()));
    }
    match (query.operation, query.compare_with) {
        (Operation::Compare, None) => not(
            "/compareWith",
            "compare needs the days to compare with, as in {\"period\": \"last_month\"}".into(),
        ),
        (Operation::Compare, Some(other)) => match query.time {
            None => not("/time", "compare needs its own days, too".into()),
            Some(time) if is_day(time) != is_day(other) => not(
                "/compareWith",
                "a day is compared with a day, and a period with a period".into(),
            ),
            Some(_) => {}
        },
        (_, None) => {}
        (other, Some(_)) => not("/compareWith", format!("{} compares nothing", other.name())),
    }
    if let Some(shown) = query.visualisation.filter(|shown| !suits(query, *shown)) {
        not("/visualisation", format!("a {} does not show such an answer", shown.name()));
    }
}

fn is_day(period: Period) -> bool {
    matches!(period, Period::AsOf(_))
}

fn groups_agree(query: &Query, faults: &mut Faults) {
    let times = query.group_by.iter().filter(|one| one.is_time()).count();
    let mut not = |message: &str| faults.add("/groupBy", Why::NotTogether, message);
    match query.operation {
        Operation::List if !query.group_by.is_empty() => {
            not("a list has the rows themselves; aggregate puts them together");
        }
        Operation::Timeseries if times != 1 => {
            not("a timeseries is grouped by one part of time, such as month");
        }
        Operation::Compare if times > 0 => not("compare has its days by `time` and `compareWith`"),
        _ if times > 1 => not("one part of time is enough"),
        Operation::Aggregate | Operation::Rank if times > 0 && query.entity == Entity::Holding => {
            not("what is held is of a day; a timeseries tells it for each part of the time");
        }
        _ => {}
    }
    if times > 0 && matches!(query.time, Some(Period::AsOf(_))) {
        faults.add("/time", Why::NotTogether, "a single day has no parts of time");
    }
}

fn measures_agree(query: &Query, faults: &mut Faults) {
    let rows = query.answers_rows();
    for (at, measure) in query.measures.iter().enumerate() {
        let path = format!("/measures/{at}");
        if rows && !measure.is_of_rows() {
            let message = format!("{} is not of a row; aggregate tells it", measure.name());
            faults.add(&path, Why::NotTogether, message);
        }
        if measure.needs_one_security() && !rows && !query.is_of_one_security() {
            let message = format!(
                "{} of several securities adds up to nothing; group by security, or filter for one",
                measure.name()
            );
            faults.add(&path, Why::NotTogether, message);
        }
    }
}

/// Whether an answer can be shown so.
fn suits(query: &Query, shown: Visualisation) -> bool {
    let groups = query.group_by.len();
    let single = groups == 0 && !matches!(query.operation, Operation::List | Operation::Rank);
    let compares = query.operation == Operation::Compare;
    match shown {
        Visualisation::Table => true,
        Visualisation::Card => single && !compares && query.measures.len() == 1,
        Visualisation::Tile => single && query.measures.len() == 1,
        Visualisation::Line | Visualisation::Area => query.operation == Operation::Timeseries,
        Visualisation::Bar => groups >= 1 || !single,
        Visualisation::Pie | Visualisation::Treemap => {
            groups == 1
                && query.measures.len() == 1
                && !compares
                && query.operation != Operation::Timeseries
        }
        Visualisation::Scatter => query.measures.len() == 2 && !single,
    }
}

/// The fields of a query that its schema names, for whoever completes one.
pub(crate) fn properties(entity: Entity) -> Map<String, Value> {
    let of = |one: &&Measure| one.entities().contains(&entity);
    let measures: Vec<&str> = Measure::ALL.iter().filter(of).map(|one| one.name()).collect();
    let of = |one: &&Dimension| one.entities().contains(&entity);
    let dimensions: Vec<&str> = Dimension::ALL.iter().filter(of).map(|one| one.name()).collect();
    let names = |all: Vec<&'static str>| json!({ "enum": all });
    let list = |items: &[&str], least: usize, most: usize| {
        json!({
            "type": "array", "items": { "enum": items }, "minItems": least, "maxItems": most, "uniqueItems": true,
        })
    };
    let operations = Operation::ALL.iter().map(|one| one.name()).collect();
    let shown = Visualisation::ALL.iter().map(|one| one.name()).collect();
    let directions: Vec<&str> = Direction::ALL.iter().map(|one| one.name()).collect();
    let filters = json!({
        "type": "array", "items": crate::filter::schema(entity), "maxItems": MOST_FILTERS,
    });
    let sort = json!({
        "type": "object", "required": ["by"], "additionalProperties": false,
        "properties": { "by": { "enum": measures }, "direction": { "enum": directions } },
    });
    let period = json!({ "$ref": "#/$defs/period" });
    Map::from_iter([
        ("version".to_owned(), json!({ "const": VERSION })),
        ("operation".to_owned(), names(operations)),
        ("entity".to_owned(), json!({ "const": entity.name() })),
        ("measures".to_owned(), list(&measures, 1, MOST_MEASURES)),
        ("filters".to_owned(), filters),
        ("groupBy".to_owned(), list(&dimensions, 0, MOST_GROUPS)),
        ("time".to_owned(), period.clone()),
        ("compareWith".to_owned(), period),
        ("sort".to_owned(), sort),
        (
            "limit".to_owned(),
            json!({ "type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": DEFAULT_ROWS }),
        ),
        ("visualisation".to_owned(), names(shown)),
    ])
}
