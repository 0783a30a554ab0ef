//! Queue `mail`: mails codes and invitations.
//!
//! A code or token is made here, so that it is in no row and in no message, only its hash. A message
//! delivered twice sends one mail, unless the first run ended between sending and marking; then
//! the newer code counts.

use ::mail::Mail;
use serde_json::Value;
use shared::crypto::{code_sha256, random, random_text, sha256};
use shared::events::{Event, MemberInvited, PasswordResetRequested, RegistrationRequested};
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, Secret, typed};
use uuid::Uuid;

/// Consumes [`RegistrationRequested`], [`PasswordResetRequested`] and [`MemberInvited`].
pub fn consumer() -> Consumer {
    Consumer::of_any(mail_it)
}

async fn mail_it(app: App, delivery: Delivery<Value>) -> Result<(), Problem> {
    match delivery.name.as_str() {
        RegistrationRequested::NAME => registration(&app, delivery.fact()?).await,
        PasswordResetRequested::NAME => reset(&app, delivery.fact()?).await,
        MemberInvited::NAME => invitation(&app, delivery.fact()?).await,
        _ => Err(Problem::internal(anyhow::anyhow!("an event that nobody mails"))),
    }
}

async fn registration(app: &App, event: RegistrationRequested) -> Result<(), Problem> {
    let registration = event.registration_id;
    let code = new_code()?;
    let hash = code_sha256(registration, code.expose());
    let sql = "select email, known from tenant.issue_code($1, $2)";
    let rows = app.db().query(sql, [typed(&registration), typed(&hash)]).await?;
    let Some(row) = rows.first() else { return nothing_to_mail(registration) };
    let mail = if row.get("known") {
        account_exists(row.get("email"))
    } else {
        code_mail(row.get("email"), &code)
    };
    ::mail::send(app, &mail).await.map_err(Problem::unavailable)?;
    app.db().query("select tenant.code_mailed($1)", [typed(&registration)]).await?;
    Ok(())
}

async fn reset(app: &App, event: PasswordResetRequested) -> Result<(), Problem> {
    let reset = event.reset_id;
    let code = new_code()?;
    let hash = code_sha256(reset, code.expose());
    let sql = "select email from tenant.issue_reset_code($1, $2)";
    let rows = app.db().query(sql, [typed(&reset), typed(&hash)]).await?;
    let Some(row) = rows.first() else { return nothing_to_mail(reset) };
    let mail = reset_mail(row.get("email"), &code);
    ::mail::send(app, &mail).await.map_err(Problem::unavailable)?;
    app.db().query("select tenant.reset_mailed($1)", [typed(&reset)]).await?;
    Ok(())
}

async fn invitation(app: &App, event: MemberInvited) -> Result<(), Problem> {
    let invitation = event.invitation_id;
    let token = new_token()?;
    let hash = sha256(token.expose().as_bytes());
    let sql = "select email, workspace, inviter from tenant.issue_invitation($1, $2)";
    let rows = app.db().query(sql, [typed(&invitation), typed(&hash)]).await?;
    let Some(row) = rows.first() else { return nothing_to_mail(invitation) };
    let mail = invitation_mail(row.get("email"), row.get("workspace"), row.get("inviter"), &token);
    ::mail::send(app, &mail).await.map_err(Problem::unavailable)?;
    app.db().query("select tenant.invitation_mailed($1)", [typed(&invitation)]).await?;
    Ok(())
}

fn nothing_to_mail(id: Uuid) -> Result<(), Problem> {
    tracing::info!(%id, "mailed, used, expired or unknown; nothing to mail");
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

fn reset_mail(to: String, code: &Secret) -> Mail {
    let text = format!(
        "Your KiteMate code for a new password is {}.\n\nIt is good for an hour, and setting the password ends \
         every session. If you did not ask for it, ignore this mail: your password stays as it is.\n",
        code.expose()
    );
    Mail { to, subject: "A new KiteMate password".into(), text: Secret::new(text) }
}

/// What people call themselves and their workspaces is a stranger's text: on one line, in quotes, without links.
fn invitation_mail(to: String, workspace: &str, inviter: &str, token: &Secret) -> Mail {
    let text = format!(
        "{} invites you to the KiteMate workspace {}.\n\nSign in, or register, and accept with this token:\n\n{}\n\n\
         It is good once, for seven days. If you do not know who this is, ignore this mail.\n",
        quoted(inviter),
        quoted(workspace),
        token.expose()
    );
    Mail { to, subject: "An invitation to a KiteMate workspace".into(), text: Secret::new(text) }
}

/// A stranger's text in quotes; without what mail programs turn into links.
fn quoted(text: &str) -> String {
    let plain = |letter: &char| !letter.is_control() && !":/\\\"<>@：／＠＜＞".contains(*letter);
    // A dot between letters is a domain to many a mail program, and so are the stops that IDNA (RFC 3490, 3.1) takes for
    // one, and those that are compatible with them.
    let stop = |letter: char| if ".。．｡․﹒".contains(letter) { ' ' } else { letter };
    format!("\"{}\"", text.chars().filter(plain).map(stop).collect::<String>())
}

/// Eight digits; five attempts in an hour guess one of a hundred million with no luck.
fn new_code() -> Result<Secret, Problem> {
    let number = u64::from_be_bytes(random()?) % 100_000_000;
    Ok(Secret::new(format!("{number:08}")))
}

/// What accepts an invitation: 256 random bits.
fn new_token() -> Result<Secret, Problem> {
    Ok(Secret::new(format!("kmi_{}", random_text()?.expose())))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_strangers_name_is_no_link_in_a_mail() {
        assert_eq!(quoted("Asha Rao"), "\"Asha Rao\"");
        let hostile = quoted("Win at https://evil.example/x\r\nBcc: a@b.in");
        assert!(!hostile.contains("evil.example") && !hostile.contains("//"), "{hostile}");
        assert!(!hostile.contains('\n') && !hostile.contains('@'), "{hostile}");
        for name in
            ["evil．example", "evil。example", "evil｡example", "evil․example", "https：／／evil"]
        {
            let name = quoted(name);
            assert!(!name.contains(['.', '．', '。', '｡', '․', '：', '／']), "{name}");
        }
    }
}
