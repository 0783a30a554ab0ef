//! Queue `mail`: mails the code of a registration, or says that the account exists.
//!
//! The code is made here, so that it is in no row and in no message, only its hash. A message
//! delivered twice sends one mail, unless the first run ended between sending and marking; then
//! the newer code counts.

use ::mail::Mail;
use aws_lc_rs::{digest, rand};
use shared::events::RegistrationRequested;
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, Secret, typed};
use uuid::Uuid;

/// Consumes [`RegistrationRequested`].
pub fn consumer() -> Consumer {
    Consumer::of(mail_code)
}

async fn mail_code(app: App, delivery: Delivery<RegistrationRequested>) -> Result<(), Problem> {
    let registration = delivery.event.registration_id;
    let code = new_code()?;
    let hash = code_sha256(registration, code.expose());
    let rows = app
        .db()
        .query(
            "select email, known from tenant.issue_code($1, $2)",
            [typed(&registration), typed(&hash)],
        )
        .await?;
    let Some(row) = rows.first() else {
        tracing::info!(%registration, "mailed, used or expired; nothing to mail");
        return Ok(());
    };
    let mail = if row.get("known") {
        account_exists(row.get("email"))
    } else {
        code_mail(row.get("email"), &code)
    };
    ::mail::send(&app, &mail).await.map_err(Problem::unavailable)?;
    app.db().query("select tenant.code_mailed($1)", [typed(&registration)]).await?;
    Ok(())
}

fn code_mail(to: String, code: &Secret) -> Mail {
    let text = format!(
        "Your KiteMate code is {}.\n\nIt is good for an hour. If you did not ask for it, ignore this mail: \
         without the code nothing happens.\n",
        code.expose()
    );
    Mail { to, subject: "Your KiteMate code".into(), text: Secret::new(text) }
}

fn account_exists(to: String) -> Mail {
    let text = "Somebody, perhaps you, asked for a KiteMate account with this address. It has one already: \
                sign in with it. If it was not you, there is nothing to do.\n";
    Mail { to, subject: "You already have a KiteMate account".into(), text: Secret::new(text) }
}

/// Eight digits; five attempts in an hour guess one of a hundred million with no luck.
fn new_code() -> Result<Secret, Problem> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes)
        .map_err(|_| Problem::internal(std::io::Error::other("no randomness")))?;
    Ok(Secret::new(format!("{:08}", u64::from_be_bytes(bytes) % 100_000_000)))
}

/// What is kept of a code. With the registration in it, equal codes have unequal hashes.
pub(crate) fn code_sha256(registration: Uuid, code: &str) -> Vec<u8> {
    let bytes = [registration.as_bytes(), code.as_bytes()].concat();
    digest::digest(&digest::SHA256, &bytes).as_ref().to_vec()
}
