//! Which requests the listeners of the local cloud accept.
//!
//! Everything listens on loopback, and every page that is open in a browser on this machine can send requests there. So each
//! listener checks two headers. `Host` must be one of this machine's own names: with DNS rebinding a page reaches us by
//! another name. `Origin` must be allowed: browsers send it with every request that changes something or whose answer the
//! page reads, and programs do not send it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

/// What a listener lets in.
#[derive(Clone, Debug)]
pub enum Door {
    /// Programs, and pages of its own.
    Own,
    /// Pages of this machine too, at any port, and those that are allowed by name: a front end calls the API.
    Api(Allowed),
    /// As [`Door::Own`], and as [`Door::Api`] where the link itself was signed: browsers send files to such links.
    Links(Allowed),
}

/// Origins that are allowed by name, as `https://app.example.in`.
pub type Allowed = Arc<[String]>;

/// Serves a router behind a door; the only place that serves anything.
pub async fn serve(listener: TcpListener, door: Door, router: Router) -> std::io::Result<()> {
    axum::serve(listener, behind(door, router)).await
}

/// Puts a router behind a door.
pub fn behind(door: Door, router: Router) -> Router {
    router.layer(from_fn_with_state(door, guard))
}

async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    if let Some(why) = refusal(&door, request.uri(), request.headers()) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let signed = is_signed_link(request.uri());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let (Door::Links(_), true, Some(origin)) = (&door, signed, origin) else {
        return next.run(request).await;
    };
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::VARY, "origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why a request is not let in; `None` when it is.
pub(crate) fn refusal(door: &Door, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let Some(host) = host(uri, headers).filter(|host| is_this_machine(host)) else {
        return Some("The local cloud answers to localhost, 127.0.0.1 and [::1] only.\n");
    };
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let own = origin.strip_prefix("http://") == Some(host);
    let let_in = match door {
        Door::Own => own,
        Door::Api(allowed) => own || is_front_end(origin, allowed),
        Door::Links(allowed) => own || is_signed_link(uri) && is_front_end(origin, allowed),
    };
    (!let_in).then_some(
        "The request came from a page of another site. Pages on this machine may call the API; \
         others by `cargo run -- --allow-origin https://app.example.in`.\n",
    )
}

fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    named.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Whether a host, with or without a port, is one of this machine's own names.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

fn is_front_end(origin: &str, allowed: &[String]) -> bool {
    let host = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
    host.is_some_and(is_this_machine) || allowed.iter().any(|one| one == origin)
}

/// Whether a link carries a signature of its own, as one that was made for somebody else to use does.
fn is_signed_link(uri: &Uri) -> bool {
    uri.query()
        .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("X-Amz-Signature=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(door: &Door, path: &str, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        refusal(door, &path.parse().unwrap(), &headers).is_some()
    }

    #[test]
    fn another_name_for_this_machine_is_refused_everywhere() {
        let allowed: Allowed = [String::from("https://app.example.in")].into();
        for door in [Door::Own, Door::Api(allowed.clone()), Door::Links(allowed)] {
            for host in ["localhost:4000", "127.0.0.1:4000", "[::1]:4000", "localhost"] {
                assert!(!refused(&door, "/", host, None), "{host}");
            }
            for host in
                ["evil.example:4000", "localhost.evil.example", "127.0.0.1.nip.io:4000", "10.0.0.1"]
            {
                assert!(refused(&door, "/", host, None), "{host}");
            }
            let nameless = refusal(&door, &Uri::from_static("/"), &HeaderMap::new());
            assert!(nameless.is_some(), "a request names its host");
        }
    }

    #[test]
    fn a_page_gets_in_where_it_belongs_and_nowhere_else() {
        let allowed: Allowed = [String::from("https://app.example.in")].into();
        let (own, api, links) = (Door::Own, Door::Api(allowed.clone()), Door::Links(allowed));
        let link = "/files/uploads/1?X-Amz-Signature=00";
        for (door, path, origin, let_in) in [
            (&own, "/", "http://localhost:4000", true),
            (&own, "/", "http://localhost:3000", false),
            (&own, "/", "null", false),
            (&own, "/", "https://app.example.in", false),
            (&api, "/", "http://localhost:3000", true),
            (&api, "/", "https://127.0.0.1:5173", true),
            (&api, "/", "https://app.example.in", true),
            (&api, "/", "https://app.example.in.evil.example", false),
            (&api, "/", "http://localhost.evil.example", false),
            (&api, "/", "null", false),
            (&links, "/", "http://localhost:3000", false),
            (&links, link, "http://localhost:3000", true),
            (&links, link, "http://evil.example", false),
        ] {
            assert_eq!(
                !refused(door, path, "localhost:4000", Some(origin)),
                let_in,
                "{door:?} {origin}"
            );
        }
    }
}
