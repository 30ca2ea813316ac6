//! `rekey bootstrap`: the first tenant and its first global administrator, in an empty store and in no other.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rekey_identity::bootstrap::BootstrapRequest;
use rekey_primitives::clock::SystemClock;
use rekey_primitives::entropy::SystemEntropy;
use secrecy::SecretString;

use crate::arguments::Bootstrap;
use crate::output::Output;
use crate::profile::secret_file;
use crate::settings;

/// Asks until the same password was typed twice: nobody sees what they type, and nobody else could let them in.
fn agreed(mut ask: impl FnMut(&str) -> anyhow::Result<String>) -> anyhow::Result<String> {
    let mut prompt = "The administrator's first password: ";
    loop {
        let password = ask(prompt)?;
        if ask("Again: ")? == password {
            return Ok(password);
        }
        prompt = "They differ. The administrator's first password: ";
    }
}

fn typed(prompt: &str) -> anyhow::Result<String> {
    rpassword::prompt_password(prompt)
        .context("there is no terminal to type the password on: name a file that holds it by --password-file")
}

pub(crate) async fn run(bootstrap: Bootstrap, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    let password = match &bootstrap.password_file {
        Some(path) => secret_file(path)?,
        None => agreed(typed)?,
    };
    let first = BootstrapRequest {
        handle: bootstrap.handle,
        display_name: bootstrap.name,
        login: bootstrap.login,
        email: bootstrap.email,
        administrator: bootstrap.display_name.unwrap_or_default(),
        password: SecretString::from(password),
    };
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let made = rekey_identity::bootstrap::run(&document.part("identity")?, first, clock, entropy).await?;
    let data = serde_json::json!({
        "tenant_id": made.tenant_id.to_string(),
        "account_id": made.account_id.to_string(),
    });
    output.data(&data, |_| format!("Tenant {}\nGlobal administrator {}", made.tenant_id, made.account_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_once_it_was_typed_twice() {
        let mut typed = ["a meadow", "a maedow", "a meadow", "a meadow"].into_iter();

        let password = agreed(|_| Ok(typed.next().unwrap().to_owned())).unwrap();

        assert_eq!((password.as_str(), typed.next()), ("a meadow", None));
    }
}
