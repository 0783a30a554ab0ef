//! `GET /v1/chat/suggestions`: questions that can be asked of this portfolio.

use axum::extract::State;
use portfolio_query::understand::{Names, Understanding, understand};
use serde::Serialize;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, clock};
use stores::queries;
use utoipa::ToSchema;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(suggestions), Access::member(Permission::Ask))
}

/// Questions that can be asked.
#[derive(Serialize, ToSchema)]
struct Suggestions {
    items: Vec<Suggestion>,
}

/// A question that can be asked, and is understood.
#[derive(Serialize, ToSchema)]
struct Suggestion {
    /// `overview`, `gains`, `income`, `tax`, `holdings` or `trades`.
    category: &'static str,
    question: String,
}

/// Questions by what they are about; `{}` is the name of a security, a sector or an account of the portfolio.
const QUESTIONS: &[(&str, &str, Slot)] = &[
    ("overview", "What is my portfolio worth?", Slot::None),
    ("overview", "How much did I make this year?", Slot::None),
    ("overview", "value by sector", Slot::None),
    ("overview", "How much do I have in {}?", Slot::Sector),
    ("gains", "Which 5 holdings made me the most profit?", Slot::None),
    ("gains", "How much profit am I making on {}?", Slot::Security),
    ("gains", "What is my XIRR?", Slot::None),
    ("gains", "my return vs NIFTY 50 this year", Slot::None),
    ("income", "How much dividend did I get this financial year?", Slot::None),
    ("income", "{} dividends", Slot::Security),
    ("tax", "short and long term gains this FY", Slot::None),
    ("tax", "How much LTCG exemption do I have left?", Slot::None),
    ("tax", "How many days until each holding is long term?", Slot::None),
    ("holdings", "Which holdings are more than 10% of my portfolio?", Slot::None),
    ("holdings", "How many {} shares do I have?", Slot::Security),
    ("trades", "What did I trade last month?", Slot::None),
    ("trades", "When did I buy {}?", Slot::Security),
];

/// What stands in a question's place.
#[derive(Clone, Copy)]
enum Slot {
    None,
    Security,
    Sector,
}

/// Questions about this portfolio that are understood, the most common first within each category.
#[utoipa::path(get, path = "/v1/chat/suggestions", responses((status = 200, body = Suggestions)))]
async fn suggestions(State(db): State<Db>, caller: Caller, _: Query<Nothing>) -> Reply {
    let read = [queries::names(), stores::accounts::all()];
    let [names, accounts] = db.read(&caller, read).await?;
    let names = queries::read_names(&names, &accounts);
    let today = clock::india_day(clock::now());
    let understood = |question: &str| {
        matches!(understand(question, &names, today, None), Understanding::Query { .. })
    };
    let questions = QUESTIONS.iter().filter_map(|(category, question, slot)| {
        let question = question.replace("{}", &named(&names, *slot)?);
        Some(Suggestion { category, question })
    });
    let items = questions.filter(|one| understood(&one.question)).collect();
    shared::http::ok(Suggestions { items })
}

/// A name for a question's place; none where the portfolio has none.
fn named(names: &Names, slot: Slot) -> Option<String> {
    match slot {
        Slot::None => Some(String::new()),
        Slot::Security => names
            .securities
            .first()
            .map(|one| one.symbol.clone().unwrap_or_else(|| one.name.clone())),
        Slot::Sector => names.sectors.first().cloned(),
    }
}
