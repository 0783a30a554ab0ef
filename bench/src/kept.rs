//! A server process of Postgres that is kept from one function to the next, as RDS Proxy keeps them: a new function
//! meets one that has answered such questions before.
//!
//! Messages: "Message Formats" in the manual of PostgreSQL. The password is taken in the clear, as RDS Proxy takes a
//! token.

use anyhow::{Result, bail, ensure};
use local::postgres::Database;
use testkit::Here;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::{Client, NoTls};

/// `AuthenticationCleartextPassword`.
const ASK: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
/// `AuthenticationOk`, and `ReadyForQuery` outside a transaction.
const READY: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
/// `Terminate`.
const TERMINATE: &[u8] = b"X\0\0\0\x04";
/// `Query`, of nothing.
const NOTHING: &[u8] = b"Q\0\0\0\x05\0";
/// `EmptyQueryResponse`, and `ReadyForQuery` outside a transaction.
const NOTHING_DONE: &[u8] = b"I\0\0\0\x04Z\0\0\0\x05I";

/// Lends one connection of a role to one client after the other, and says where.
pub(crate) async fn lend(here: &Here, role: &str) -> Result<Database> {
    let mut server = signed_in(&here.database, role).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            // A client that goes away in between is the end of its turn, and of nothing else.
            let _ = serve(&mut client, &mut server).await;
            if drain(&mut server).await.is_err() {
                break;
            }
        }
    });
    Ok(Database { port, ..here.database.clone() })
}

/// A connection as a role, over which nobody has said anything but who it is.
async fn signed_in(database: &Database, role: &str) -> Result<TcpStream> {
    let mut server = TcpStream::connect((database.host.as_str(), database.port)).await?;
    server.set_nodelay(true)?;
    let mut config = database.config(&database.name);
    let (near, mut far) = duplex(1 << 16);
    tokio::select! {
        signed = config.user(role).connect_raw(near, NoTls) => drop(signed?),
        _ = copy_bidirectional(&mut far, &mut server) => bail!("Postgres hung up"),
    }
    Ok(server)
}

async fn serve(client: &mut TcpStream, server: &mut TcpStream) -> Result<()> {
    client.set_nodelay(true)?;
    skip_rest(client).await?;
    client.write_all(ASK).await?;
    client.read_u8().await?;
    skip_rest(client).await?;
    client.write_all(READY).await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        ended = pass(from_client, to_server, TERMINATE) => ended,
        ended = pass(from_server, to_client, &[]) => ended,
    }
}

/// Passes on what comes, until nothing does or who sends it takes leave.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, leave: &[u8]) -> Result<()> {
    let mut chunk = vec![0; 1 << 16];
    loop {
        match from.read(&mut chunk).await? {
            0 => return Ok(()),
            n if chunk[..n] == *leave => return Ok(()),
            n => to.write_all(&chunk[..n]).await?,
        }
    }
}

/// Reads what a client left unread, the answer to its last `commit` say, so that the next is not given it.
async fn drain(server: &mut TcpStream) -> Result<()> {
    server.write_all(NOTHING).await?;
    let mut heard = Vec::new();
    while !heard.ends_with(NOTHING_DONE) {
        ensure!(server.read_buf(&mut heard).await? > 0, "Postgres hung up");
    }
    Ok(())
}

/// Skips what is left of a message, from its length on.
async fn skip_rest(client: &mut TcpStream) -> Result<()> {
    let length = client.read_u32().await?;
    let mut rest = vec![0; usize::try_from(length)?.saturating_sub(4)];
    client.read_exact(&mut rest).await?;
    Ok(())
}

/// A connection as a role.
pub(crate) async fn connect(database: &Database, role: &str) -> Result<Client> {
    let mut config = database.config(&database.name);
    let (client, connection) = config.user(role).connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
