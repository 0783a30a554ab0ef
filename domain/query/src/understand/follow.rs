//! Questions that go on from the one before: "and last month?", "only IT".

use super::build::finish::days_of;
use super::build::{Interpretation, filters_of};
use super::concept::Concept;
use super::frame::Frame;
use super::names::{Named, Names};
use super::time::Time;
use crate::{Dimension, Filter, Operation, Query};

/// What a question that says no figure of its own asks after another; none when it stands by itself.
pub(super) fn follow(frame: &Frame, names: &Names, before: &Query) -> Option<Interpretation> {
    if !goes_on(frame) {
        return None;
    }
    let mut query = before.clone();
    for filter in filters_of(&frame.names, names) {
        query.filters.retain(|other| other.about() != filter.about());
        query.filters.push(filter);
    }
    for time in &frame.times {
        change_time(&mut query, *time)?;
    }
    for concept in &frame.concepts {
        match concept {
            Concept::By(dimension) => {
                query.group_by = vec![*dimension];
                if query.operation == Operation::List {
                    query.operation = Operation::Aggregate;
                }
            }
            Concept::Class(class) => {
                query.filters.retain(|other| other.about() != Dimension::Class.name());
                query.filters.push(Filter::Among(Dimension::Class, vec![(*class).to_owned()]));
            }
            _ => {}
        }
    }
    Some(Interpretation::Query(query))
}

/// Whether it changes what was asked, and asks nothing itself.
fn goes_on(frame: &Frame) -> bool {
    use Concept::{And, By, Class, Filler, Have, Named as Dimensions, Only};
    let changes = |concept: &Concept| {
        matches!(concept, And | Only | Filler | By(_) | Dimensions(_) | Class(_) | Have)
    };
    let ambiguous = |name: &Named| matches!(name, Named::Securities(all) if all.len() > 1);
    let chooses = |concept: &Concept| matches!(concept, By(_) | Class(_));
    let says =
        !frame.times.is_empty() || !frame.names.is_empty() || frame.concepts.iter().any(chooses);
    let begins = frame.has_any(&[And, Only]) || frame.concepts.iter().all(|one| *one == Filler);
    says && begins
        && frame.excluded.is_empty()
        && frame.excluded_classes.is_empty()
        && frame.numbers.is_empty()
        && frame.unknown.is_empty()
        && !frame.names.iter().any(ambiguous)
        && frame.concepts.iter().all(changes)
}

fn change_time(query: &mut Query, time: Time) -> Option<()> {
    match time {
        Time::Days(period) => {
            query.time = Some(days_of(period, query.entity, &query.measures));
            if query.operation == Operation::Compare {
                query.operation = Operation::Aggregate;
                query.compare_with = None;
            }
        }
        Time::Every(dimension) => {
            query.group_by.retain(|one| !one.is_time());
            query.group_by.push(dimension);
            query.operation = Operation::Timeseries;
            query.sort = None;
        }
        Time::Before | Time::Future => return None,
    }
    Some(())
}
