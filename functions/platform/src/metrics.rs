//! `GET /v1/metrics`: how the deployment fares, from CloudWatch.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use axum::extract::State;
use serde::Serialize;
use shared::http::{Query, Reply, Route};
use shared::request::whole;
use shared::routes;
use shared::{Access, App, Problem, Timestamp, clock};
use utoipa::ToSchema;

/// The services whose metrics there are; a test holds them against the workspace.
pub const SERVICES: &[&str] = &[
    "access",
    "auth",
    "brokers",
    "chat",
    "imports",
    "market",
    "notifications",
    "platform",
    "portfolio",
    "query",
    "transactions",
    "workspaces",
];
/// The outside systems that functions call.
const SYSTEMS: &[&str] = &["dynamodb", "monitoring", "s3", "secretsmanager", "ses", "sqs"];
/// Fifteen days: CloudWatch keeps minutes for so long.
const MOST_MINUTES: i32 = 15 * 24 * 60;

/// For operators.
pub fn route() -> Route {
    Route::new(routes!(metrics), Access::Operator)
}

/// The metrics of a window of time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// In the order of their names; one that did nothing has no times.
    services: Vec<Service>,
    /// AWS services and vendors that functions call.
    systems: Vec<System>,
    /// Requests with a wrong or a stranger's signature, which API Gateway refuses before any function.
    wrong_signatures: u64,
}

/// What a service's functions did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Service {
    service: &'static str,
    invocations: u64,
    invocations_per_minute: f64,
    average_ms: Option<f64>,
    /// So long 95 of 100 took at most.
    p95_ms: Option<f64>,
    /// Invocations that were refused: 4xx.
    refusals: u64,
    /// Invocations that failed on our side: 5xx, and failed messages.
    failures: u64,
    cold_starts: u64,
    database: Database,
    security: Security,
}

/// What a service asked Postgres.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Database {
    round_trips: u64,
    average_ms: Option<f64>,
    p95_ms: Option<f64>,
    /// Round trips of more than half a second.
    slow: u64,
    /// Connections opened while a request waited.
    connects: u64,
}

/// Signs of an attack.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Security {
    refused_tokens: u64,
    /// Requests over a limit, in `auth` guesses of passwords and codes.
    lockouts: u64,
}

/// How calls to an outside system went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct System {
    system: &'static str,
    calls: u64,
    /// Of a hundred calls; null when there was none.
    success_percent: Option<f64>,
    average_ms: Option<f64>,
    p95_ms: Option<f64>,
}

shared::request! {
    /// How far to look back.
    struct MetricsQuery {
        /// How far to look back.
        minutes: i32 = whole(1, MOST_MINUTES) => 60,
    }
}

/// Response times, refusals, failures, throughput, query times and calls to outside systems.
#[utoipa::path(get, path = "/v1/metrics",
    params(MetricsQuery),
    responses((status = 200, body = Metrics)))]
async fn metrics(State(app): State<App>, Query(query): Query<MetricsQuery>) -> Reply {
    let minute = clock::now().as_second().div_euclid(60) + 1;
    let at = |minute: i64| Timestamp::from_second(minute * 60).map_err(Problem::internal);
    let (from, to) = (at(minute - i64::from(query.minutes))?, at(minute)?);
    let mut questions = Questions::new(app.config().metrics_namespace(), query.minutes * 60);
    let signatures = questions.ask(None, "WrongSignatures", "Sum");
    let services: Vec<_> = SERVICES.iter().map(|name| ask_service(&mut questions, name)).collect();
    let systems: Vec<_> = SYSTEMS.iter().map(|name| ask_system(&mut questions, name)).collect();
    let answers = questions.answers(&app, from, to).await?;
    shared::http::ok(Metrics {
        from,
        to,
        services: services
            .into_iter()
            .map(|read| read(&answers, f64::from(query.minutes)))
            .collect(),
        systems: systems.into_iter().map(|read| read(&answers)).collect(),
        wrong_signatures: answers.count(signatures),
    })
}

fn ask_service(
    questions: &mut Questions,
    service: &'static str,
) -> impl Fn(&Answers, f64) -> Service + use<> {
    let mut ask = |name, statistic| questions.ask(Some(("service", service)), name, statistic);
    let [count, sum, p95] = ["SampleCount", "Sum", "p95"].map(|one| ask("Duration", one));
    let [waits, waited, waited_p95] =
        ["SampleCount", "Sum", "p95"].map(|one| ask("QueryDuration", one));
    let trips = ask("RoundTrips", "Sum");
    let [refusals, failures, cold, slow, connects] =
        ["Refusals", "Failures", "ColdStarts", "SlowQueries", "Connects"]
            .map(|name| ask(name, "Sum"));
    let [tokens, lockouts] = ["RefusedTokens", "Lockouts"].map(|name| ask(name, "Sum"));
    move |answers, minutes| Service {
        service,
        invocations: answers.count(count),
        invocations_per_minute: rounded(answers.sum(count) / minutes),
        average_ms: answers.average(sum, count),
        p95_ms: answers.highest(p95),
        refusals: answers.count(refusals),
        failures: answers.count(failures),
        cold_starts: answers.count(cold),
        database: Database {
            round_trips: answers.count(trips),
            average_ms: answers.average(waited, waits),
            p95_ms: answers.highest(waited_p95),
            slow: answers.count(slow),
            connects: answers.count(connects),
        },
        security: Security {
            refused_tokens: answers.count(tokens),
            lockouts: answers.count(lockouts),
        },
    }
}

fn ask_system(
    questions: &mut Questions,
    system: &'static str,
) -> impl Fn(&Answers) -> System + use<> {
    let mut ask = |name, statistic| questions.ask(Some(("system", system)), name, statistic);
    let (calls, failed) = (ask("Calls", "Sum"), ask("CallFailures", "Sum"));
    let [count, sum, p95] = ["SampleCount", "Sum", "p95"].map(|one| ask("CallDuration", one));
    move |answers| {
        let made = answers.sum(calls);
        let succeeded = (made > 0.0).then(|| 100.0 * (made - answers.sum(failed)) / made);
        System {
            system,
            calls: answers.count(calls),
            success_percent: succeeded.map(rounded),
            average_ms: answers.average(sum, count),
            p95_ms: answers.highest(p95),
        }
    }
}

/// What CloudWatch is asked, in one request: it takes 500 questions.
struct Questions {
    namespace: String,
    period_s: i32,
    queries: Vec<MetricDataQuery>,
}

impl Questions {
    fn new(namespace: &str, period_s: i32) -> Self {
        Self { namespace: namespace.to_owned(), period_s, queries: Vec::new() }
    }

    /// Asks for a statistic of a metric and answers the number of the question.
    fn ask(&mut self, dimension: Option<(&str, &str)>, name: &str, statistic: &str) -> usize {
        let number = self.queries.len();
        let dimensions = dimension
            .map(|(name, value)| vec![Dimension::builder().name(name).value(value).build()]);
        let metric = Metric::builder().namespace(&self.namespace).metric_name(name);
        let metric = metric.set_dimensions(dimensions);
        let stat = MetricStat::builder().metric(metric.build()).period(self.period_s);
        let query = MetricDataQuery::builder().id(format!("q{number}"));
        self.queries.push(query.metric_stat(stat.stat(statistic).build()).build());
        number
    }

    async fn answers(self, app: &App, from: Timestamp, to: Timestamp) -> Result<Answers, Problem> {
        let mut answers = vec![Vec::new(); self.queries.len()];
        let client = app.client(|sdk| {
            // A few kilobytes once in a while; emulators do not inflate them.
            let config = aws_sdk_cloudwatch::config::Builder::from(sdk);
            Client::from_conf(config.disable_request_compression(true).build())
        });
        let mut next = None;
        loop {
            let page = client
                .get_metric_data()
                .set_metric_data_queries(Some(self.queries.clone()))
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(to.as_second()))
                .set_next_token(next)
                .send()
                .await
                .map_err(Problem::unavailable)?;
            for result in page.metric_data_results() {
                let number = result.id().and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
                if let Some(values) = number.and_then(|number| answers.get_mut(number)) {
                    values.extend_from_slice(result.values());
                }
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(Answers(answers));
            }
        }
    }
}

/// CloudWatch's answers by the numbers of their questions. A window may come in two parts, where it
/// does not begin with one of CloudWatch's periods.
struct Answers(Vec<Vec<f64>>);

impl Answers {
    fn of(&self, question: usize) -> &[f64] {
        self.0.get(question).map_or(&[], Vec::as_slice)
    }

    fn sum(&self, question: usize) -> f64 {
        self.of(question).iter().sum()
    }

    /// A sum of whole things.
    fn count(&self, question: usize) -> u64 {
        // Never negative, and far below what a float counts exactly.
        self.sum(question).round() as u64
    }

    fn average(&self, sum: usize, count: usize) -> Option<f64> {
        let count = self.sum(count);
        (count > 0.0).then(|| rounded(self.sum(sum) / count))
    }

    /// The highest of the parts: percentiles cannot be joined.
    fn highest(&self, question: usize) -> Option<f64> {
        self.of(question).iter().copied().reduce(f64::max).map(rounded)
    }
}

/// To three places.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_window_are_joined() {
        let answers = Answers(vec![vec![30.0, 10.0], vec![3.0, 1.0], vec![]]);
        assert_eq!(answers.average(0, 1), Some(10.0));
        assert_eq!((answers.highest(0), answers.highest(2)), (Some(30.0), None));
        assert_eq!((answers.sum(2), answers.average(0, 2)), (0.0, None));
    }

    #[test]
    fn cloudwatch_is_asked_once() {
        let mut questions = Questions::new("KiteMate", 60);
        SERVICES.iter().for_each(|name| drop(ask_service(&mut questions, name)));
        SYSTEMS.iter().for_each(|name| drop(ask_system(&mut questions, name)));
        assert!(questions.queries.len() <= 500, "{}", questions.queries.len());
    }
}
