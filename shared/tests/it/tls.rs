//! The connection to Postgres over TLS: through a terminator, with right and wrong certificates.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use shared::{Config, Db};
use testkit::Here;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// An authority, and a certificate it gave to a name for some years.
struct Certified {
    authority: String,
    acceptor: TlsAcceptor,
}

fn certified(name: &str, until_year: i32) -> Result<Certified> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own_name = uuid::Uuid::new_v4().to_string();
    authority.distinguished_name.push(DnType::CommonName, own_name);
    let key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let mut own = CertificateParams::new(vec![name.to_owned()])?;
    own.not_before = rcgen::date_time_ymd(2020, 1, 1);
    own.not_after = rcgen::date_time_ymd(until_year, 1, 1);
    let own_key = KeyPair::generate()?;
    let own = own.signed_by(&own_key, &issuer)?;
    let key = PrivateKeyDer::try_from(own_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Ok(Certified { authority: authority_pem, acceptor })
}

/// What stands before Postgres.
#[derive(Clone)]
enum Front {
    /// Ends TLS and passes on to this Postgres.
    Tls(TlsAcceptor, SocketAddr),
    /// Says that it has no TLS.
    None(SocketAddr),
    /// Ends TLS, asks for a password in the clear, and tells what it was.
    Ask(TlsAcceptor, tokio::sync::mpsc::UnboundedSender<String>),
}

async fn stand(front: Front) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, front.clone()));
        }
    });
    Ok(port)
}

async fn serve(mut stream: TcpStream, front: Front) -> Result<()> {
    // SSLRequest: length 8, code 80877103 ("Message Formats", PostgreSQL manual).
    let mut first = [0; 8];
    stream.read_exact(&mut first).await?;
    let asked = first == [0, 0, 0, 8, 4, 210, 22, 47];
    match front {
        Front::None(to) => {
            let mut to = TcpStream::connect(to).await?;
            if asked {
                stream.write_all(b"N").await?;
            } else {
                to.write_all(&first).await?;
            }
            copy_bidirectional(&mut stream, &mut to).await?;
        }
        Front::Tls(acceptor, to) => {
            stream.write_all(b"S").await?;
            let mut stream = acceptor.accept(stream).await?;
            let mut to = TcpStream::connect(to).await?;
            copy_bidirectional(&mut stream, &mut to).await?;
        }
        Front::Ask(acceptor, tell) => {
            stream.write_all(b"S").await?;
            let mut stream = acceptor.accept(stream).await?;
            message(&mut stream, false).await?;
            // AuthenticationCleartextPassword.
            stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await?;
            let password = message(&mut stream, true).await?;
            tell.send(String::from_utf8(password)?.trim_end_matches('\0').to_owned())?;
        }
    }
    Ok(())
}

/// The body of a message of the Postgres protocol, which but for the first has a letter.
async fn message(stream: &mut TlsStream<TcpStream>, lettered: bool) -> Result<Vec<u8>> {
    if lettered {
        stream.read_u8().await?;
    }
    let length = usize::try_from(stream.read_u32().await?)?;
    let mut body = vec![0; length.checked_sub(4).context("a length")?];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// Connects as svc_auth through a front and asks something; what went wrong is the answer otherwise.
async fn ask(here: &Here, port: u16, more: &[(&str, &str)]) -> Result<(), String> {
    let url = format!("postgres://svc_auth@localhost:{port}/{}", here.database.name);
    let settings = [("DATABASE_URL", url.as_str()), ("DATABASE_PASSWORD", &here.database.password)];
    let db = Db::new(&Config::from_pairs(settings.into_iter().chain(more.iter().copied())));
    db.query("select 1", []).await.map(drop).map_err(|err| {
        std::iter::successors(Some(&err as &dyn std::error::Error), |err| err.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    })
}

fn postgres(here: &Here) -> Result<SocketAddr> {
    Ok(format!("{}:{}", here.database.host, here.database.port).parse()?)
}

#[tokio::test]
async fn a_certificate_of_a_known_authority_for_the_hosts_name_is_believed() -> Result<()> {
    let here = Here::start().await?;
    let good = certified("localhost", 2090)?;
    let port = stand(Front::Tls(good.acceptor, postgres(&here)?)).await?;
    assert_eq!(ask(&here, port, &[("DATABASE_CA", &good.authority)]).await, Ok(()));
    Ok(())
}

#[tokio::test]
async fn any_other_certificate_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let to = postgres(&here)?;
    let (good, other) = (certified("localhost", 2090)?, certified("localhost", 2090)?);
    let (named, expired) = (certified("db.example.in", 2090)?, certified("localhost", 2021)?);
    for (what, certified, authority, says) in [
        ("of an unknown authority", &other, &good.authority, "UnknownIssuer"),
        ("for another name", &named, &named.authority, "not valid for name"),
        ("expired", &expired, &expired.authority, "xpired"),
    ] {
        let port = stand(Front::Tls(certified.acceptor.clone(), to)).await?;
        let refused = ask(&here, port, &[("DATABASE_CA", authority)]).await.unwrap_err();
        assert!(refused.contains(says), "{what}: {refused}");
    }
    // Nobody but Amazon is believed when nothing is said.
    let port = stand(Front::Tls(good.acceptor, to)).await?;
    assert!(ask(&here, port, &[]).await.unwrap_err().contains("UnknownIssuer"));
    Ok(())
}

#[tokio::test]
async fn a_server_without_tls_is_not_talked_to() -> Result<()> {
    let here = Here::start().await?;
    let port = stand(Front::None(postgres(&here)?)).await?;
    let refused = ask(&here, port, &[]).await.unwrap_err();
    assert!(refused.contains("TLS"), "{refused}");
    assert_eq!(ask(&here, port, &[("DATABASE_TLS", "off")]).await, Ok(()));
    let wrong = ask(&here, port, &[("DATABASE_TLS", "prefer")]).await.unwrap_err();
    assert!(wrong.contains("DATABASE_TLS"), "a slip is no way around it: {wrong}");
    Ok(())
}

#[tokio::test]
async fn in_aws_a_role_signs_in_with_a_token_its_credentials_made() -> Result<()> {
    let here = Here::start().await?;
    let good = certified("localhost", 2090)?;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let port = stand(Front::Ask(good.acceptor, tell)).await?;
    let settings = [
        ("DATABASE_CA", good.authority.as_str()),
        ("DATABASE_AUTH", "iam"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session"),
    ];
    let _ = ask(&here, port, &settings).await;
    let token = told.recv().await.context("no password was given")?;
    let begins = format!("localhost:{port}/?Action=connect&DBUser=svc_auth&");
    assert!(token.starts_with(&begins), "{token}");
    for part in ["X-Amz-Expires=900", "X-Amz-Security-Token=session", "X-Amz-Signature="] {
        assert!(token.contains(part), "{token}");
    }
    Ok(())
}
