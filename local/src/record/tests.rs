//! Tests of the record.

use super::*;

fn invocation(id: &str, trace: &str) -> Invocation {
    Invocation {
        id: id.into(),
        function: "auth-me".into(),
        traces: vec![trace.into()],
        ..Invocation::default()
    }
}

#[test]
fn the_oldest_invocations_are_forgotten_with_their_traces() {
    let record = Record::default();
    for number in 0..MOST + 5 {
        record.asked(invocation(&number.to_string(), &format!("t{number}")), &Bytes::new());
    }
    assert_eq!(record.len(), MOST);
    assert!(record.trace("t4").1.is_empty());
    assert_eq!(record.trace("t5").1.len(), 1);
    assert_eq!(record.store().by_trace.len(), MOST);
}

#[test]
fn lines_and_statements_go_to_the_invocation_they_name() {
    let record = Record::default();
    record.asked(invocation("a", "t"), &Bytes::new());
    record.asked(invocation("b", "t"), &Bytes::new());
    record.said(r#"{"message":"select  1","kind":"sql","start_us":5,"took_us":2,"rows":1,"aws_request_id":"a"}"#);
    record.said(r#"{"message":"refused","level":"INFO","reason":"x","aws_request_id":"b"}"#);
    record.said("not JSON");
    let (_, both) = record.trace("t");
    assert_eq!((both[0].steps.len(), both[0].lines.len()), (1, 0));
    assert_eq!(both[0].steps[0].label, "select 1");
    assert_eq!((both[1].steps.len(), both[1].lines.len()), (0, 1));
    assert_eq!(both[1].lines[0].fields, "reason=x");
}

#[test]
fn an_end_is_read_from_the_answer() {
    let end =
        |text: &str, failed| end_of(&Outcome { payload: Bytes::from(text.to_owned()), failed });
    assert_eq!(end(r#"{"statusCode":200}"#, false), End::Ok(Some(200)));
    assert_eq!(end(r#"{"statusCode":404}"#, false), End::Refused(404));
    assert_eq!(end(r#"{"batchItemFailures":[{}]}"#, false), End::Partly(1));
    assert_eq!(end(r#"{"errorType":"X","errorMessage":"y"}"#, true), End::Failed("X: y".into()));
}

#[test]
fn percentiles_are_of_what_was_measured() {
    let durations = (1..=100).collect();
    let tally = Tally { durations, ..Tally::default() };
    assert_eq!((tally.percentile_us(50), tally.percentile_us(99)), (Some(50), Some(99)));
    assert_eq!(Tally::default().percentile_us(99), None);
}
