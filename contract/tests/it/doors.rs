//! Every port of the local cloud, knocked at as a page of another site and by another name would.

use anyhow::Result;
use bytes::Bytes;
use local::web;
use testkit::Here;

/// Every TCP listener of a cloud, with a path of each that answers programs; whether pages of this machine may call it.
fn listeners(here: &Here) -> Vec<(&'static str, String, bool)> {
    let cloud = &here.cloud;
    vec![
        ("gateway", format!("{}/health", cloud.url), true),
        ("console", format!("{}/_console", cloud.url), false),
        ("proxy", format!("{}/", cloud.aws_url), false),
        ("runtime api", format!("http://{}/", cloud.lambda.runtime_api()), false),
        ("kite", format!("{}/connect/login", cloud.kite_url), false),
        ("emulator", format!("{}/_ministack/health", here.emulator_url), false),
    ]
}

async fn knock(url: &str, host: &str, origin: Option<&str>) -> Result<u16> {
    let mut request = http::Request::get(url).header("host", host);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    Ok(web::send(request.body(Bytes::new())?).await?.status)
}

#[tokio::test]
async fn every_listener_refuses_other_hosts_and_the_pages_of_other_sites() -> Result<()> {
    let here = Here::start().await?;
    for (name, url, pages) in listeners(&here) {
        let own = url.split('/').nth(2).unwrap_or_default().to_owned();
        let port = own.rsplit(':').next().unwrap_or_default();
        assert_ne!(knock(&url, &own, None).await?, 403, "{name} lets programs in");
        for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example"] {
            assert_eq!(knock(&url, host, None).await?, 403, "{name} by the name {host}");
        }
        for origin in ["http://evil.example", "null", "https://localhost.evil.example"] {
            assert_eq!(knock(&url, &own, Some(origin)).await?, 403, "{name} from {origin}");
        }
        let beside = knock(&url, &own, Some("http://localhost:3000")).await?;
        assert_eq!(beside != 403, pages, "{name} from a front end on this machine");
    }
    Ok(())
}

#[tokio::test]
async fn the_emulator_answers_nobody_without_its_secret_and_runs_no_code() -> Result<()> {
    let here = Here::start().await?;
    let (root, _) = here.emulator_url.rsplit_once('/').unwrap_or_default();
    for path in
        ["/_ministack/health", "/2015-03-31/functions", "/", "/00000000000000000000000000000000/"]
    {
        let answer = web::get(&format!("{root}{path}")).await?;
        assert_eq!(answer.status, 403, "{path}");
    }
    let functions = web::get(&format!("{}/2015-03-31/functions/", here.emulator_url)).await?;
    assert!(functions.status >= 400, "no Lambda: {}", functions.text());
    Ok(())
}

#[test]
fn nothing_is_served_but_behind_a_door() -> Result<()> {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../local/src");
    let mut folders = vec![source];
    let mut served = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path)?.contains("axum::serve") {
                served.push(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
        }
    }
    assert_eq!(served, [Some("doors.rs".into())]);
    Ok(())
}
