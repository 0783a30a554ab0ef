//! Whom we believe that it is our database.

use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Config;

/// Amazon's authorities for RDS in India and for RDS Proxy; no others, though browsers know many.
const AUTHORITIES: &[u8] = include_bytes!("authorities.pem");

/// How a connection is encrypted and its other end identified: by a certificate for the host's name
/// from a known authority. `None` with `DATABASE_TLS=off`, for a database on this machine.
///
/// `DATABASE_CA` names other authorities, in PEM, for a database that Amazon does not run.
pub(super) fn connector(settings: &Config) -> anyhow::Result<Option<MakeRustlsConnect>> {
    match settings.find("DATABASE_TLS") {
        Some("off") => return Ok(None),
        other => ensure!(other.is_none(), "DATABASE_TLS is neither `off` nor unset"),
    }
    let authorities = settings.find("DATABASE_CA").map_or(AUTHORITIES, str::as_bytes);
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        let authority = authority.ok().context("DATABASE_CA is not PEM")?;
        roots.add(authority).context("an authority's certificate cannot be used")?;
    }
    ensure!(!roots.is_empty(), "DATABASE_CA holds no certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}
