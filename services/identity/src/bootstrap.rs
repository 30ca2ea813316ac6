//! The first tenant and its first global administrator, for an empty store and for no other.
//!
//! Whoever runs this stands at the store, so there is no RPC. What is refused is refused as an RPC would, with its
//! published reason and fields.

use anyhow::{Context as _, bail};
use rekey_primitives::clock::SharedClock;
use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::secret::SecretString;
use tonic::Status;

use crate::config::Settings;
pub use crate::directory::Bootstrapped;
use crate::directory::FirstTenant;
use crate::domain::refusal::Refusal;
use crate::domain::tenant::Handle;
use crate::grpc::{Fields, HANDLE, status_of_creation};
use crate::operation::Error;
use crate::wiring;

/// What is made first, as it was typed.
pub struct BootstrapRequest {
    /// The tenant's handle.
    pub handle: String,
    /// The tenant's name.
    pub display_name: String,
    /// The administrator's login.
    pub login: String,
    /// The administrator's mail address.
    pub email: Option<String>,
    /// The administrator's name; empty for none.
    pub administrator: String,
    /// The administrator's first password.
    pub password: SecretString,
}

/// Makes the first tenant and its global administrator.
///
/// # Errors
/// A [`Status`] where the store is not empty or names or the password are not taken; otherwise a store that is away or
/// was not migrated.
pub async fn run(
    settings: &Settings,
    first: BootstrapRequest,
    clock: SharedClock,
    entropy: SharedEntropy,
) -> anyhow::Result<Bootstrapped> {
    let first = read(first)?;
    let store = wiring::store(settings).await?;
    if !store.schema_fits().await.context("the store does not answer")? {
        bail!("the schema does not fit; run `rekey migrate` first");
    }
    let throttles = wiring::throttles(settings)?;
    let parts = wiring::parts(settings, store, &throttles, clock, entropy)?;
    wiring::hold_keys(&wiring::followed_keys(&parts)?).await?;
    match parts.directory().bootstrap(first).await {
        Ok(Some(made)) => Ok(made),
        Ok(None) => Err(status_of_creation(Error::Refused(Refusal::StoreNotEmpty)).into()),
        Err(refused @ Error::Refused(_)) => Err(status_of_creation(refused).into()),
        // No log is written here: whoever stands at the store is told what broke.
        Err(broke) => Err(broke).context("making the first tenant"),
    }
}

/// Everything that is wrong is said at once.
fn read(first: BootstrapRequest) -> Result<FirstTenant, Status> {
    let mut fields = Fields::default();
    let handle = fields.take("handle", Handle::parse(&first.handle).ok(), HANDLE);
    let display_name = fields.display_name("name", &first.display_name);
    let login = fields.login("login", &first.login);
    let address = first.email.map(|email| EmailAddress::parse(&email).map(Destination::Email)).transpose();
    let address = fields.take("email", address.ok(), "an e-mail address");
    let administrator = match first.administrator.as_str() {
        "" => Some(None),
        text => fields.display_name("display_name", text).map(Some),
    };
    fields.finish(|| {
        Some(FirstTenant {
            handle: handle?,
            display_name: display_name?,
            login: login?,
            address: address?,
            administrator: administrator?,
            password: first.password,
        })
    })
}

impl std::fmt::Debug for BootstrapRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BootstrapRequest").field("handle", &self.handle).finish_non_exhaustive()
    }
}
