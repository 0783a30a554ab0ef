//! What is looked at when every test has run: grants that nobody used, and secrets in logs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::iam::{self, Grant, grants};
use crate::template::Model;

/// Tests write the first into every secret they make up; the others begin what functions make:
/// tokens, password hashes, private keys.
const SECRETS: &[&str] = &["planted", "eyj0exai", "eyjhbgci", "$argon2", "pkcs8"];
/// Grants that nothing here can use, each with its reason: `action = "reason"`.
const UNUSED: &str = "local/unused-grants.toml";

/// Fails for a grant of the template that no test used and no reason excuses, and for a reason that
/// excuses a grant that was used or is gone.
pub(super) fn grants_are_used(root: &Path, model: &Model, uses: &Path) -> Result<()> {
    let used = std::fs::read_to_string(uses).context("no grant was used at all")?;
    let used: BTreeSet<&str> = used.lines().collect();
    let excused = excuses(&std::fs::read_to_string(root.join(UNUSED))?)?;
    let granted = grants(&model.roles);
    let unused = |grant: &&Grant| !used.contains(grant.to_string().as_str());
    let unused: Vec<&Grant> = granted.iter().filter(unused).collect();
    let wrong: Vec<String> = unused
        .iter()
        .filter(|grant| !excused.keys().any(|pattern| iam::matches(pattern, &grant.action)))
        .map(|grant| format!("{} may {} on {}", grant.role, grant.action, grant.resource))
        .collect();
    ensure!(
        wrong.is_empty(),
        "no test used these grants; take them out of template.yaml, or say why in {UNUSED}:\n  {}",
        wrong.join("\n  ")
    );
    let needless: Vec<&String> = excused
        .keys()
        .filter(|pattern| !unused.iter().any(|grant| iam::matches(pattern, &grant.action)))
        .collect();
    ensure!(needless.is_empty(), "{UNUSED} excuses what is used or not granted: {needless:?}");
    println!(
        "{} grants: {} used, {} with a reason in {UNUSED}",
        granted.len(),
        granted.len() - unused.len(),
        unused.len()
    );
    Ok(())
}

fn excuses(text: &str) -> Result<BTreeMap<String, String>> {
    let line = |line: &str| {
        let (action, reason) =
            line.split_once('=').context("expected `\"action\" = \"reason\"`")?;
        Ok((action.trim().trim_matches('"').to_owned(), reason.trim().trim_matches('"').to_owned()))
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(line).collect()
}

/// Stands as a comment in every statement that a test means Postgres to refuse.
const ON_PURPOSE: &str = "refused on purpose";

/// Fails when Postgres refused a service something that no test meant it to: a grant that is missing, which the code may
/// have survived.
pub(super) fn no_permission_was_missing(log: &Path) -> Result<()> {
    let text = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let missing = permission_errors(&text);
    ensure!(
        missing.is_empty(),
        "Postgres refused what no test meant it to (write `/* {ON_PURPOSE} */` into a statement that is to be):\n{}",
        missing.join("\n")
    );
    Ok(())
}

/// The errors of SQLSTATE 42501 whose statement does not say that they are meant, each with its lines.
fn permission_errors(log: &str) -> Vec<String> {
    let mut errors: Vec<String> = Vec::new();
    let mut inside = false;
    for line in log.lines() {
        // A line that begins with a state begins an entry; an error's statement and context follow it.
        let begins = line.get(5..6) == Some("|");
        if begins && line.contains("|ERROR:") {
            inside = line.starts_with("42501|");
            errors.extend(inside.then(String::new));
        } else if begins && !line.starts_with("42501|") {
            inside = false;
        }
        if let Some(error) = errors.last_mut().filter(|_| inside) {
            error.push_str(line);
            error.push('\n');
        }
    }
    errors.retain(|error| !error.contains(ON_PURPOSE));
    errors
}

/// Fails when a secret that a test made up stands in the log of a function.
pub(super) fn no_secret_was_logged(folder: &Path) -> Result<()> {
    let (mut lines, mut invocations) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_none_or(|ending| ending != "log") {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&file)?).to_lowercase();
        for (number, line) in text.lines().enumerate() {
            lines += 1;
            invocations += usize::from(line.contains("invocation ended"));
            ensure!(
                !SECRETS.iter().any(|secret| line.contains(secret)),
                "a secret was logged: {} line {}",
                file.display(),
                number + 1
            );
        }
    }
    ensure!(invocations > 0, "no function logged anything: the logs were not where they should be");
    println!("{lines} lines of {invocations} invocations logged, none with a planted secret");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_secret_and_an_empty_log_are_found() {
        let folder = std::env::temp_dir().join(format!("kitemate-logs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(no_secret_was_logged(&folder).is_err());
        let log = folder.join("auth-login.log");
        std::fs::write(&log, "{\"message\":\"invocation ended\"}\n").unwrap();
        assert!(no_secret_was_logged(&folder).is_ok());
        std::fs::write(&log, "{\"message\":\"invocation ended\"}\n{\"x\":\"a PLANTED one\"}\n")
            .unwrap();
        assert!(no_secret_was_logged(&folder).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_permission_error_counts_unless_its_statement_says_that_it_is_meant() {
        let log = "00000|LOG:  ready\n\
            42501|ERROR:  permission denied for function mark_sent\n42501|STATEMENT:  select tenant.mark_sent($1)\n\
            23505|ERROR:  duplicate key\n23505|STATEMENT:  insert\n\
            42501|ERROR:  new row violates row-level security policy\n42501|STATEMENT:  insert into a\n\tvalues (1) /* refused on purpose */\n\
            42501|ERROR:  permission denied for schema tenant\n";
        let errors = permission_errors(log);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].contains("mark_sent") && errors[1].contains("schema tenant"));
    }
}
