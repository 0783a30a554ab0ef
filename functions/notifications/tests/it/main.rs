//! Mail: once, and whatever else is in the batch.

use anyhow::Result;
use serde_json::json;
use testkit::Here;
use uuid::Uuid;

#[tokio::test]
async fn a_mail_is_not_sent_twice() -> Result<()> {
    let here = Here::start().await?;
    let email = format!("{}@example.in", Uuid::now_v7().simple());
    let asked = json!({ "email": email, "password": "a long password of nobody" });
    let reply = here.post("/v1/auth/register", None, &asked).await?;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let registration = &reply.body["registrationId"];
    let mut event = Here::sample("notifications-mail")?;
    event["Records"][0]["body"] = json!({
        "eventId": Uuid::now_v7(), "event": "registration.requested", "workspaceId": null,
        "body": { "registrationId": registration },
    })
    .to_string()
    .into();
    for _ in 0..2 {
        assert_eq!(
            here.invoke("notifications-mail", &event).await?,
            json!({ "batchItemFailures": [] })
        );
    }
    let mails = local::seed::mails(&here.emulator_url).await?;
    assert_eq!(mails.iter().filter(|mail| mail.to == [email.clone()]).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_alone() -> Result<()> {
    let here = Here::start().await?;
    let mut event = Here::sample("notifications-mail")?;
    let mut poison = event["Records"][0].clone();
    poison["messageId"] = "poison".into();
    poison["body"] = "{\"not\": an event".into();
    event["Records"].as_array_mut().expect("records").insert(0, poison);
    let answer = here.invoke("notifications-mail", &event).await?;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "poison" }] }));
    Ok(())
}
