//! `POST /v1/workspaces/{workspaceId}/invitations`: offers somebody a place.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::db::statement;
use shared::events::{Envelope, MemberInvited};
use shared::http::{Id, Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::limits::Limit;
use shared::request::{email, word_of};
use shared::routes;
use shared::{App, Caller, DbError, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::names;

/// Invitations by one person, each of which mails a stranger.
const PER_PERSON: Limit = Limit { name: "invite", most: 50, window_s: 24 * 3600 };
/// Mails to one address, from wherever; what is more is not mailed, and nobody is told.
const PER_EMAIL: Limit = Limit { name: "invite-email", most: 10, window_s: 24 * 3600 };
/// An invitation is good for seven days.
const EXPIRES_AFTER_S: i64 = 7 * 24 * 3600;

/// For owners and admins.
pub fn route() -> Route {
    Route::new(routes!(member_invite), names::MANAGERS)
}

shared::request! {
    /// Whom to invite.
    #[example({ "email": "ravi@example.in", "role": "analyst" })]
    struct InviteRequest {
        /// Where the token is mailed.
        email: String = email(),
        /// `admin`, `analyst` or `viewer`.
        role: &'static str = word_of(&names::ROLES),
    }
}

/// A place that is offered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Invited {
    invitation_id: Uuid,
    role: String,
    /// Until when the mailed token is good.
    expires_at: Timestamp,
}

/// Mails a token with which whoever has it becomes a member, once. The answer is the same whether or not the
/// address belongs to anybody.
#[utoipa::path(post, path = "/v1/workspaces/{workspaceId}/invitations", request_body = InviteRequest,
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces."), IdempotencyKey),
    responses((status = 202, body = Invited)))]
async fn member_invite(
    State(app): State<App>,
    caller: Caller,
    Id(workspace): Id,
    Idempotent { request, claim }: Idempotent<InviteRequest>,
) -> Reply {
    let caller = caller.at(workspace);
    let session = caller.session()?;
    let done = app.db().read(&caller, [claim.peek()]).await;
    let [done] = done.map_err(DbError::or_stranger)?;
    if let Some(earlier) = claim.earlier(&done)? {
        return shared::http::json(StatusCode::ACCEPTED, &earlier);
    }
    // Counted before the transaction, which is not to wait for DynamoDB.
    let now = clock::now();
    PER_PERSON.take(&app, &session.user_id.to_string(), now).await?;
    let mailed = PER_EMAIL.allows(&app, &request.email, now).await?;
    let entered = app.db().enter(&caller, [claim.statement()]).await;
    let (tx, [claimed]) = entered.map_err(DbError::or_stranger)?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::ACCEPTED, &earlier);
    }
    let invitation_id = Uuid::now_v7();
    let expires_at = clock::later(now, EXPIRES_AFTER_S);
    let event = Envelope::new(Some(session.workspace_id), &MemberInvited { invitation_id })?;
    let invite = statement(
        "insert into workspaces.invitations (workspace_id, invitation_id, email, role, invited_by, expires_at)
         values (current_setting('app.workspace_id')::uuid, $1, $2, $3, current_setting('app.user_id')::uuid, $4)",
        [typed(&invitation_id), typed(&request.email), typed(&request.role), typed(&expires_at)],
    );
    let (subject, detail) =
        (invitation_id.to_string(), json!({ "role": request.role, "mailed": mailed }));
    let audit = statement(
        "select tenant.audit('member.invited', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let reply = json!(Invited { invitation_id, role: request.role.to_owned(), expires_at });
    if mailed {
        tx.publish(event);
        tx.commit([invite, audit, claim.store(&reply)]).await?;
    } else {
        tx.commit([invite, audit, claim.store(&reply)]).await?;
    }
    shared::http::json(StatusCode::ACCEPTED, &reply)
}
