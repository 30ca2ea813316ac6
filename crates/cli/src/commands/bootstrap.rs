//! `rekey bootstrap`: the first tenant and its first global administrator, in an empty store and in no other.

use std::path::PathBuf;

use rekey_identity::bootstrap::First;
use secrecy::SecretString;

use crate::arguments::Bootstrap;
use crate::output::Output;
use crate::profile::secret_file;
use crate::suite::{self, Surroundings};

pub(crate) async fn run(bootstrap: Bootstrap, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = suite::document(config, Vec::new())?;
    let password = match &bootstrap.password_file {
        Some(path) => secret_file(path)?,
        None => rpassword::prompt_password("The administrator's first password: ")?,
    };
    let first = First {
        handle: bootstrap.handle,
        display_name: bootstrap.name,
        login: bootstrap.login,
        email: bootstrap.email,
        administrator: bootstrap.display_name.unwrap_or_default(),
        password: SecretString::from(password),
    };
    let Surroundings { clock, entropy, .. } = Surroundings::real();
    let made = rekey_identity::bootstrap::run(&document.part("identity")?, first, clock, entropy).await?;
    let data = serde_json::json!({
        "tenant_id": made.tenant_id.to_string(),
        "account_id": made.account_id.to_string(),
    });
    output.data(&data, |_| format!("Tenant {}\nGlobal administrator {}", made.tenant_id, made.account_id))
}
