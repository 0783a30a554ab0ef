//! What accounts hold at the stand-in for Kite. Everybody holds the same until told otherwise.

use axum::extract::{Json, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::SignedDuration;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};

use super::{API_KEY, Kite, good, refused};

/// A token that says whose it is: `local-AB1234`. Not Kite's; simulations need no sign-in.
const SPEAKING: &str = "local-";

/// The app's key and token of a call, and whose session it is.
pub(super) fn session_of(kite: &Kite, headers: &HeaderMap) -> Option<String> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (key, token) = shown.strip_prefix("token ")?.split_once(':')?;
    if let Some(user) = token.strip_prefix(SPEAKING) {
        return Some(user.to_owned());
    }
    (key == API_KEY).then(|| kite.state().sessions.get(token).cloned()).flatten()
}

/// Answers a part of an account: its own, or everybody's.
async fn part(kite: &Kite, headers: &HeaderMap, name: &str) -> Response {
    let Some(user) = session_of(kite, headers) else {
        let message = "Incorrect `api_key` or `access_token`.";
        return refused(StatusCode::FORBIDDEN, "TokenException", message);
    };
    let told = kite.state().portfolios.get(&user).cloned().unwrap_or_default();
    match told[name].as_str().or(told["fails"].as_str()) {
        Some("down") => {
            refused(StatusCode::SERVICE_UNAVAILABLE, "NetworkException", "Kite is down")
        }
        Some("limited") => {
            refused(StatusCode::TOO_MANY_REQUESTS, "NetworkException", "Too many requests")
        }
        Some("not_permitted") => {
            let message = "Insufficient permission for that call.";
            refused(StatusCode::FORBIDDEN, "PermissionException", message)
        }
        Some("signed_out") => {
            refused(StatusCode::FORBIDDEN, "TokenException", "Token is invalid or has expired.")
        }
        Some(_) => Html("<html><title>Attention required</title></html>").into_response(),
        None => good(&told.get(name).cloned().unwrap_or_else(|| everybodys(name))),
    }
}

pub(super) async fn holdings(State(kite): State<Kite>, headers: HeaderMap) -> Response {
    part(&kite, &headers, "holdings").await
}

pub(super) async fn positions(State(kite): State<Kite>, headers: HeaderMap) -> Response {
    part(&kite, &headers, "positions").await
}

pub(super) async fn trades(State(kite): State<Kite>, headers: HeaderMap) -> Response {
    part(&kite, &headers, "trades").await
}

pub(super) async fn funds(State(kite): State<Kite>, headers: HeaderMap) -> Response {
    part(&kite, &headers, "funds").await
}

/// Not Kite's: says what an account holds, by the parts' names; a text in place of a part is how it fails, and `fails`
/// how all of them do.
pub(super) async fn tell(
    State(kite): State<Kite>,
    Path(user): Path<String>,
    Json(told): Json<Value>,
) -> Response {
    kite.state().portfolios.insert(user, told);
    good(&json!(true))
}

fn everybodys(part: &str) -> Value {
    // Kite's books turn at six in the morning.
    let now = crate::lambda::now() - SignedDuration::from_hours(6);
    let kolkata = TimeZone::fixed(Offset::from_seconds(330 * 60).unwrap_or(Offset::UTC));
    let today = now.to_zoned(kolkata).date().to_string();
    match part {
        "holdings" => json!([
            holding("INFY", "INE009A01021", 40, 1420.5),
            holding("RELIANCE", "INE002A01018", 25, 1311.35),
            {
                "tradingsymbol": "HDFCBANK", "exchange": "NSE", "isin": "INE040A01034", "product": "CNC",
                "quantity": 0, "t1_quantity": 10, "collateral_quantity": 60, "average_price": 875.0,
                "discrepancy": false, "mtf": { "quantity": 0, "average_price": 0, "value": 0, "initial_margin": 0 }
            },
        ]),
        "positions" => {
            let net = json!([{
                "tradingsymbol": "ITC", "exchange": "NSE", "product": "CNC", "quantity": 15, "overnight_quantity": 0,
                "multiplier": 1, "average_price": 401.2
            }]);
            // Kite says the day's activity beside what is real; adding both would count it twice.
            json!({ "net": net, "day": net })
        }
        "trades" => json!([{
            "trade_id": "78123456", "order_id": "261120000000001", "exchange_order_id": "1100000000000001",
            "exchange": "NSE", "tradingsymbol": "ITC", "product": "CNC", "transaction_type": "BUY", "quantity": 15,
            "average_price": 401.2, "fill_timestamp": format!("{today} 00:00:07"), "order_timestamp": "00:00:06"
        }]),
        "funds" => json!([{
            "folio": null, "fund": "Gold fund", "tradingsymbol": "INF204KB14I2", "average_price": 251.2,
            "last_price": 0, "last_price_date": "", "pledged_quantity": 0, "pnl": 0, "quantity": 12.345
        }]),
        _ => Value::Null,
    }
}

fn holding(symbol: &str, isin: &str, quantity: i64, average: f64) -> Value {
    json!({
        "tradingsymbol": symbol, "exchange": "NSE", "isin": isin, "product": "CNC", "quantity": quantity,
        "t1_quantity": 0, "collateral_quantity": 0, "average_price": average, "discrepancy": false,
    })
}
