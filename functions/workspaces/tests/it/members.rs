//! Who is in a workspace, and what that changes at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Here, Person, Reply};
use uuid::Uuid;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn made(here: &Here, owner: &Person) -> Result<Uuid> {
    let reply = here.post("/v1/workspaces", owner, &json!({ "name": "Rao family" })).await?;
    assert_eq!(reply.status, 201, "{}", reply.body);
    Ok(reply.body["workspaceId"].as_str().unwrap_or_default().parse()?)
}

/// The same person with a token for another workspace.
async fn switched(here: &Here, person: &Person, workspace: Uuid) -> Result<Person> {
    let reply = here.post(&format!("/v1/workspaces/{workspace}/token"), person, &json!({})).await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let token = reply.body["accessToken"].as_str().context("a token")?.to_owned();
    Ok(Person { workspace_id: workspace, token, ..person.clone() })
}

async fn patch(here: &Here, path: &str, person: &Person, body: Value) -> Result<Reply> {
    here.send(Method::PATCH, path, Some(person), &JSON, body.to_string()).await
}

async fn delete(here: &Here, path: &str, person: &Person) -> Result<Reply> {
    here.send(Method::DELETE, path, Some(person), &[], "").await
}

/// The token that was mailed to an address.
async fn mailed_token(here: &Here, to: &str) -> Result<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mails = local::seed::mails(&here.emulator_url).await?;
        let mine = mails.iter().filter(|mail| mail.to == [to.to_owned()]);
        let token = mine
            .flat_map(|mail| mail.text.split_whitespace())
            .find(|word| word.starts_with("kmi_"));
        if let Some(token) = token {
            return Ok(token.to_owned());
        }
        assert!(Instant::now() < until, "no mail with a token");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_mailed_token_makes_a_member_once() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let (asha, ravi, mira) = (here.person().await?, here.person().await?, here.person().await?);
    let workspace = made(&here, &asha).await?;
    let email = format!("{}@example.in", Uuid::now_v7().simple());
    let path = format!("/v1/workspaces/{workspace}/invitations");
    let asked = json!({ "email": email, "role": "analyst" });
    let invited = here.post(&path, &asha, &asked).await?;
    assert_eq!(invited.status, 202, "{}", invited.body);
    let token = mailed_token(&here, &email).await?;
    assert!(!invited.body.to_string().contains(&token), "the token is in the mail alone");
    let accept = json!({ "token": token });
    let taken = here.post("/v1/invitations/accept", &ravi, &accept).await?;
    assert_eq!((taken.status, taken.body["role"].as_str()), (200, Some("analyst")));
    let again = here.post("/v1/invitations/accept", &mira, &accept).await?;
    assert_eq!((again.status, again.reason()), (422, "invitation_expired"));
    let members = here.get(&format!("/v1/workspaces/{workspace}/members"), &ravi).await?;
    let roles: Vec<&str> = members.body["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["role"].as_str())
        .collect();
    assert_eq!(roles, ["owner", "analyst"]);
    let listed = here.get("/v1/workspaces", &ravi).await?;
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed.body["items"][0]["kind"], "personal");
    Ok(())
}

#[tokio::test]
async fn an_owner_does_not_use_up_their_own_invitation_and_two_at_once_get_one_place() -> Result<()>
{
    let mut here = Here::start().await?;
    here.poll_queues();
    let (asha, ravi, mira) = (here.person().await?, here.person().await?, here.person().await?);
    let workspace = made(&here, &asha).await?;
    let email = format!("{}@example.in", Uuid::now_v7().simple());
    let asked = json!({ "email": email, "role": "viewer" });
    here.post(&format!("/v1/workspaces/{workspace}/invitations"), &asha, &asked).await?;
    let accept = json!({ "token": mailed_token(&here, &email).await? });
    let own = here.post("/v1/invitations/accept", &asha, &accept).await?;
    assert_eq!((own.status, own.reason()), (409, "already_a_member"));
    let (one, other) = tokio::join!(
        here.post("/v1/invitations/accept", &ravi, &accept),
        here.post("/v1/invitations/accept", &mira, &accept)
    );
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    Ok(())
}

#[tokio::test]
async fn a_role_and_a_removal_count_on_the_next_request() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    let ravi = here.member(workspace, "analyst").await?;
    let (members, place) = (
        format!("/v1/workspaces/{workspace}/members"),
        format!("/v1/workspaces/{workspace}/members/{}", ravi.user_id),
    );
    let key = json!({ "name": "Report", "scopes": ["portfolio:read"] });
    let key = here.post("/v1/api-keys", &ravi, &key).await?.body["key"].clone();
    let by_key = async || -> Result<u16> {
        let headers = [("x-api-key", key.as_str().unwrap_or_default())];
        Ok(here.send(Method::GET, "/v1/portfolio", None, &headers, "").await?.status)
    };
    assert_eq!(by_key().await?, 200);
    assert_eq!(patch(&here, &place, &asha, json!({ "role": "viewer" })).await?.status, 204);
    let refused = here
        .post("/v1/api-keys", &ravi, &json!({ "name": "x", "scopes": ["portfolio:read"] }))
        .await?;
    assert_eq!((refused.status, refused.reason()), (403, "role_not_allowed"));
    assert_eq!(patch(&here, &place, &asha, json!({ "role": "owner" })).await?.status, 400);
    assert_eq!(delete(&here, &place, &asha).await?.status, 204);
    assert_eq!(here.get("/v1/portfolio", &ravi).await?.reason(), "not_a_member");
    assert_eq!(
        here.get(&members, &ravi).await?.status,
        404,
        "what a path names is nothing to a stranger"
    );
    assert_eq!(by_key().await?, 401, "a key goes with its maker");
    assert_eq!(delete(&here, &place, &asha).await?.status, 404, "removed already");
    Ok(())
}

#[tokio::test]
async fn an_admin_manages_members_and_not_the_owner() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    let (admin, viewer) =
        (here.member(workspace, "admin").await?, here.member(workspace, "viewer").await?);
    let place = |person: &Person| format!("/v1/workspaces/{workspace}/members/{}", person.user_id);
    for refused in [
        delete(&here, &place(&asha), &admin).await?,
        patch(&here, &place(&asha), &admin, json!({ "role": "viewer" })).await?,
    ] {
        assert_eq!((refused.status, refused.reason()), (422, "member_is_owner"));
    }
    assert_eq!(delete(&here, &place(&admin), &viewer).await?.status, 403);
    assert_eq!(
        patch(&here, &place(&viewer), &admin, json!({ "role": "analyst" })).await?.status,
        204
    );
    let rename = format!("/v1/workspaces/{workspace}");
    assert_eq!(patch(&here, &rename, &viewer, json!({ "name": "Mine" })).await?.status, 403);
    assert_eq!(patch(&here, &rename, &admin, json!({ "name": "Rao trust" })).await?.status, 204);
    assert_eq!(here.get(&rename, &viewer).await?.body["name"], "Rao trust");
    Ok(())
}

#[tokio::test]
async fn the_last_owner_stays_until_they_transfer() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    let ravi = here.member(workspace, "viewer").await?;
    let (leave, transfer) = (
        format!("/v1/workspaces/{workspace}/leave"),
        format!("/v1/workspaces/{workspace}/transfer"),
    );
    let refused = here.post(&leave, &asha, &json!({})).await?;
    assert_eq!((refused.status, refused.reason()), (422, "last_owner"));
    let stranger = json!({ "userId": Uuid::now_v7() });
    assert_eq!(here.post(&transfer, &asha, &stranger).await?.status, 404);
    assert_eq!(here.post(&transfer, &asha, &json!({ "userId": asha.user_id })).await?.status, 404);
    assert_eq!(here.post(&transfer, &ravi, &json!({ "userId": ravi.user_id })).await?.status, 403);
    assert_eq!(here.post(&transfer, &asha, &json!({ "userId": ravi.user_id })).await?.status, 204);
    assert_eq!(here.post(&leave, &asha, &json!({})).await?.status, 204);
    assert_eq!(here.post(&leave, &asha, &json!({})).await?.status, 404);
    let log = here.get("/v1/audit", &ravi).await?;
    let actions: Vec<&str> = log.body["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["action"].as_str())
        .collect();
    assert_eq!(actions, ["member.left", "workspace.transferred", "workspace.created"]);
    Ok(())
}

#[tokio::test]
async fn invitations_are_void_when_their_maker_may_invite_no_more() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let (asha, mira) = (here.person().await?, here.person().await?);
    let workspace = made(&here, &asha).await?;
    let (one, other) =
        (here.member(workspace, "admin").await?, here.member(workspace, "admin").await?);
    let mut tokens = Vec::new();
    for admin in [&one, &other] {
        let email = format!("{}@example.in", Uuid::now_v7().simple());
        let asked = json!({ "email": email, "role": "admin" });
        let reply =
            here.post(&format!("/v1/workspaces/{workspace}/invitations"), admin, &asked).await?;
        assert_eq!(reply.status, 202, "{}", reply.body);
        tokens.push(mailed_token(&here, &email).await?);
    }
    let place = |person: &Person| format!("/v1/workspaces/{workspace}/members/{}", person.user_id);
    assert_eq!(delete(&here, &place(&one), &asha).await?.status, 204);
    assert_eq!(patch(&here, &place(&other), &asha, json!({ "role": "viewer" })).await?.status, 204);
    for token in tokens {
        let reply = here.post("/v1/invitations/accept", &mira, &json!({ "token": token })).await?;
        assert_eq!((reply.status, reply.reason()), (422, "invitation_expired"));
    }
    Ok(())
}

#[tokio::test]
async fn of_two_admins_who_remove_each_other_one_stays() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    for _ in 0..5 {
        let one = here.member(workspace, "admin").await?;
        let other = here.member(workspace, "admin").await?;
        let place = |of: &Person| format!("/v1/workspaces/{workspace}/members/{}", of.user_id);
        let (at_other, at_one) = (place(&other), place(&one));
        let (first, second) =
            tokio::join!(delete(&here, &at_other, &one), delete(&here, &at_one, &other));
        let mut statuses = [first?.status, second?.status];
        statuses.sort_unstable();
        // Whoever comes second is no member by then, or is found to be none when it is their turn.
        assert!(statuses == [204, 403] || statuses == [204, 404], "{statuses:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_acceptance_and_a_change_of_who_invited_take_turns() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    for _ in 0..3 {
        let (inviter, guest) = (here.member(workspace, "admin").await?, here.person().await?);
        let email = format!("{}@example.in", Uuid::now_v7().simple());
        let invite = json!({ "email": email, "role": "viewer" });
        let path = format!("/v1/workspaces/{workspace}/invitations");
        assert_eq!(here.post(&path, &inviter, &invite).await?.status, 202);
        let accept = json!({ "token": mailed_token(&here, &email).await? });
        // Both wait here, and go on in the same moment.
        let (admin, onlooker) = (here.admin().await?, here.admin().await?);
        let hold = "select 1 from workspaces.workspaces where workspace_id = $1 for update";
        admin.batch_execute("begin").await?;
        admin.execute(hold, &[&workspace]).await?;
        let waiting = "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'";
        let go_on = async {
            let until = Instant::now() + Duration::from_secs(20);
            while onlooker.query_one(waiting, &[]).await?.get::<_, i64>(0) < 2 {
                assert!(Instant::now() < until, "both come to wait");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            admin.batch_execute("commit").await?;
            anyhow::Ok(())
        };
        let place = format!("/v1/workspaces/{workspace}/members/{}", inviter.user_id);
        let (accepted, changed, gone_on) = tokio::join!(
            here.post("/v1/invitations/accept", &guest, &accept),
            patch(&here, &place, &asha, json!({ "role": "viewer" })),
            go_on
        );
        gone_on?;
        let accepted = accepted?;
        // An invitation is void when its maker may invite no more.
        let in_turn = [200, 422].contains(&accepted.status);
        assert!(in_turn, "{} {}", accepted.status, accepted.body);
        assert_eq!(changed?.status, 204);
    }
    Ok(())
}

#[tokio::test]
async fn invitations_to_guessed_workspaces_use_up_nothing_of_an_address() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let (asha, stranger) = (here.person().await?, here.person().await?);
    let workspace = made(&here, &asha).await?;
    let email = format!("{}@example.in", Uuid::now_v7().simple());
    let invite = json!({ "email": email, "role": "viewer" });
    for _ in 0..12 {
        let path = format!("/v1/workspaces/{}/invitations", Uuid::now_v7());
        assert_eq!(here.post(&path, &stranger, &invite).await?.status, 404);
        let path = format!("/v1/workspaces/{workspace}/invitations");
        assert_eq!(here.post(&path, &stranger, &invite).await?.status, 404);
    }
    let path = format!("/v1/workspaces/{workspace}/invitations");
    assert_eq!(here.post(&path, &asha, &invite).await?.status, 202);
    mailed_token(&here, &email).await?;
    Ok(())
}

#[tokio::test]
async fn two_transfers_at_once_leave_one_owner() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    let (one, other) =
        (here.member(workspace, "viewer").await?, here.member(workspace, "viewer").await?);
    let path = format!("/v1/workspaces/{workspace}/transfer");
    let (to_one, to_other) = (json!({ "userId": one.user_id }), json!({ "userId": other.user_id }));
    let (first, second) =
        tokio::join!(here.post(&path, &asha, &to_one), here.post(&path, &asha, &to_other));
    let mut statuses = [first?.status, second?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 403]);
    let owners =
        "select count(*) from workspaces.members where workspace_id = $1 and role = 'owner'";
    let owners: i64 = here.admin().await?.query_one(owners, &[&workspace]).await?.get(0);
    assert_eq!(owners, 1);
    Ok(())
}

#[tokio::test]
async fn a_personal_workspace_is_neither_left_nor_given_away() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let ravi = here.member(asha.workspace_id, "admin").await?;
    let path = |what: &str| format!("/v1/workspaces/{}/{what}", asha.workspace_id);
    let leave = here.post(&path("leave"), &asha, &json!({})).await?;
    assert_eq!((leave.status, leave.reason()), (422, "personal_workspace"));
    let transfer = here.post(&path("transfer"), &asha, &json!({ "userId": ravi.user_id })).await?;
    assert_eq!((transfer.status, transfer.reason()), (422, "personal_workspace"));
    Ok(())
}

#[tokio::test]
async fn a_token_for_another_workspace_is_of_the_same_session() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let workspace = made(&here, &asha).await?;
    let there = switched(&here, &asha, workspace).await?;
    let summary = here.get("/v1/portfolio", &there).await?;
    assert_eq!(summary.body["workspaceId"], workspace.to_string());
    assert_eq!(here.post("/v1/auth/logout", &there, &json!({})).await?.status, 200);
    assert_eq!(here.get("/v1/auth/me", &asha).await?.reason(), "session_ended");
    let ravi = here.person().await?;
    let strange =
        here.post(&format!("/v1/workspaces/{workspace}/token"), &ravi, &json!({})).await?;
    assert_eq!((strange.status, strange.reason()), (404, "not_found"));
    Ok(())
}
