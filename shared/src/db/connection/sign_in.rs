//! Signing in to Postgres: with a password, or in AWS with what the function itself may sign.
//!
//! The token is a request for `connect` signed for the service `rds-db` and used as the password
//! ("IAM database authentication", Amazon RDS user guide). Making one takes no call, so a cold start
//! waits for nothing but Postgres.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use tokio_postgres::config::Host;

use crate::{Config, aws, clock};

/// How long a token may be used to sign in; RDS takes no longer ones.
const LIFETIME: Duration = Duration::from_secs(900);

/// How a connection proves who it is.
pub(super) enum SignIn {
    /// With the password in its settings, if they have one.
    Password,
    /// With a token, made anew for each connection.
    Iam { region: String, credentials: Credentials },
}

impl SignIn {
    /// By `DATABASE_AUTH`: `iam`, or a password when it is not set.
    pub(super) fn read(settings: &Config) -> Self {
        match settings.find("DATABASE_AUTH") {
            Some("iam") => {
                Self::Iam { region: settings.region(), credentials: aws::credentials(settings) }
            }
            _ => Self::Password,
        }
    }

    /// The settings with what is needed to sign in now.
    pub(super) fn signed(&self, config: &tokio_postgres::Config) -> tokio_postgres::Config {
        let mut config = config.clone();
        if let Self::Iam { region, credentials } = self {
            let host = config.get_hosts().iter().find_map(|host| match host {
                Host::Tcp(host) => Some(host.as_str()),
                Host::Unix(_) => None,
            });
            let port = config.get_ports().first().copied().unwrap_or(5432);
            let (host, user) = (host.unwrap_or_default(), config.get_user().unwrap_or_default());
            let now = SystemTime::from(clock::now());
            let token = token((host, port), user, region, credentials, now);
            // Without a token Postgres refuses, and says so.
            config.password(token.unwrap_or_default());
        }
        config
    }
}

/// A token for this user at this host, signed at this time.
fn token(
    (host, port): (&str, u16),
    user: &str,
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Option<String> {
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(LIFETIME);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = Identity::from(credentials.clone());
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()
        .ok()?;
    let url = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(b""));
    let (signature, _) = sign(request.ok()?, &params.into()).ok()?.into_parts();
    let added = signature.params().iter();
    let added = added.map(|(name, value)| format!("&{name}={}", encoded(value)));
    let url = added.fold(url, |url, pair| url + &pair);
    url.strip_prefix("https://").map(str::to_owned)
}

/// Percent-encoded as a query's value must be.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_one_amazons_own_library_makes() {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            Some("session/token+with=signs".into()),
            None,
            "test",
        );
        let at: crate::Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let host = ("db.example.in", 5432);
        let token = token(host, "svc_auth", "ap-south-1", &credentials, at.into()).unwrap();
        // Made with botocore's SigV4QueryAuth from the same input; the order of parameters is free.
        let expected = "db.example.in:5432/?Action=connect&DBUser=svc_auth&X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Fap-south-1%2Frds-db%2Faws4_request\
            &X-Amz-Date=20261121T100000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
            &X-Amz-Security-Token=session%2Ftoken%2Bwith%3Dsigns\
            &X-Amz-Signature=86d210f775b2b2d7b032fd4e3e1b262db2a6a417a4897abbc0f117cb994c220d";
        let sorted = |token: &str| {
            let mut parts: Vec<String> = token.split('&').map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(sorted(&token), sorted(expected));
    }
}
