//! People with a workspace and a session, made without the detour of a mail.

use anyhow::{Result, anyhow};
use shared::auth::{Caller, Credential, Permission, Session, Signer};
use shared::{Problem, clock};
use uuid::Uuid;

use crate::Here;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person.
    pub user_id: Uuid,
    /// Their workspace.
    pub workspace_id: Uuid,
    /// Their session.
    pub session_id: Uuid,
    /// A token of it.
    pub token: String,
}

impl Person {
    /// The caller they are on a route with this permission.
    pub fn caller(&self, permission: Permission) -> Caller {
        Caller {
            computes: false,
            by: Credential::Session(self.session()),
            roles: permission.roles(),
            request_id: "test".into(),
            address: "203.0.113.7".into(),
        }
    }

    /// Whoever has a token that the API gave; who that is, only the token knows.
    pub fn with_token(token: String) -> Self {
        let nobody = Uuid::nil();
        Self { user_id: nobody, workspace_id: nobody, session_id: nobody, token }
    }

    /// The session their token is of.
    pub fn session(&self) -> Session {
        let Self { session_id, user_id, workspace_id, .. } = *self;
        Session { session_id, user_id, workspace_id }
    }
}

impl Here {
    /// A new person, owner of a new workspace.
    pub async fn person(&self) -> Result<Person> {
        let workspace = Uuid::now_v7();
        self.admin()
            .await?
            .execute(
                "insert into workspaces.workspaces (workspace_id, name, kind) values ($1, 'Personal', 'personal')",
                &[&workspace],
            )
            .await?;
        self.member(workspace, "owner").await
    }

    /// A new person with a role in a workspace that is there.
    pub async fn member(&self, workspace: Uuid, role: &str) -> Result<Person> {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        let admin = self.admin().await?;
        let email = format!("{}@example.in", user.simple());
        admin
            .execute("insert into auth.users (user_id, email) values ($1, $2)", &[&user, &email])
            .await?;
        admin
            .execute(
                "insert into workspaces.members (workspace_id, user_id, role) values ($1, $2, $3)",
                &[&workspace, &user, &role],
            )
            .await?;
        admin
            .execute(
                "insert into auth.sessions (session_id, user_id, expires_at) values ($1, $2, now() + interval '1 day')",
                &[&session, &user],
            )
            .await?;
        let app = self.app("auth-login")?;
        let signer = Signer::read(&app).await.map_err(as_error)?;
        let held = Session { session_id: session, user_id: user, workspace_id: workspace };
        let token = signer.token(held, clock::now()).map_err(as_error)?;
        Ok(Person { user_id: user, workspace_id: workspace, session_id: session, token })
    }
}

fn as_error(problem: Problem) -> anyhow::Error {
    anyhow!("{problem}: {:?}", problem.cause())
}
