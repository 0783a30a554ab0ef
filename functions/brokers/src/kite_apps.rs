//! The Kite apps of this installation, as their secret has them: `{"apps": [{"apiKey": "…", "apiSecret": "…"}]}`.

use kite::KiteApp;
use serde::Deserialize;
use shared::{App, Problem};
use uuid::Uuid;

use crate::reasons;

/// The apps of the secret that `KITE_APPS_SECRET` names.
#[derive(Default, Deserialize)]
pub(crate) struct KiteApps {
    #[serde(default)]
    apps: Vec<KiteApp>,
}

impl KiteApps {
    pub(crate) async fn read(app: &App) -> Result<Self, Problem> {
        let secret = app.secrets().get(app.config().need("KITE_APPS_SECRET")?).await?;
        // The parser's message could quote a secret.
        serde_json::from_str(secret.expose()).map_err(|_| {
            Problem::internal(anyhow::anyhow!("the secret of Kite apps is not as its template"))
        })
    }

    /// The app a person is connected with: always the same one, and as many people to each app.
    pub(crate) fn of(&self, person: Uuid) -> Result<&KiteApp, Problem> {
        let count = u128::try_from(self.apps.len()).unwrap_or(u128::MAX).max(1);
        // The last bytes of an id are random.
        let at = usize::try_from(person.as_u128() % count).unwrap_or_default();
        self.apps.get(at).ok_or_else(|| Problem::new(reasons::NO_APP))
    }

    /// The app of this key.
    pub(crate) fn named(&self, api_key: &str) -> Result<&KiteApp, Problem> {
        let app = self.apps.iter().find(|app| app.api_key == api_key);
        app.ok_or_else(|| Problem::new(reasons::NO_APP))
    }
}
