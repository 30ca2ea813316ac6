//! The demo tenant: an administrator and a few people, made through the same RPCs as any other.

use std::path::Path;

use anyhow::{Context as _, bail};
use rekey_client::{Connection, Problem};
use rekey_primitives::entropy::{Entropy, below};
use rekey_runtime::settings::Document;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{CreateAccountRequest, CreateTenantRequest, GrantRoleRequest};
use rekey_wire::options::v1::Role;
use serde::{Deserialize, Serialize};

use crate::private_files::write_private;
use crate::profile::request_id;

/// Credentials as first issued. Whoever resets a password makes this file stale, and that is the point of a demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Demo {
    pub(crate) tenant_id: String,
    pub(crate) administrator: Administrator,
    pub(crate) people: Vec<Person>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Administrator {
    pub(crate) login: String,
    pub(crate) password: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) email: String,
    pub(crate) phone: String,
}

/// How often to wait for a busy machine, about a second each time. No person waits for the answer.
const MAX_WAITS: u32 = 30;

const PEOPLE: [(&str, &str, &str); 3] = [
    ("zoe", "Zoe Arnold", "+15005550101"),
    ("ben", "Ben Okafor", "+15005550102"),
    ("ada", "Ada Lindgren", "+15005550103"),
];

/// The demo tenant's handle, by which the portal's pages are reached.
pub(super) const HANDLE: &str = "demo";

/// The demo tenant's own domain. Nobody else has it: RFC 2606 reserves the name.
const DOMAIN: &str = "demo.example";

/// Production refuses a store in which a demo lives, wherever its file is.
pub(crate) async fn refuse_tenant(document: &Document) -> anyhow::Result<()> {
    if has_tenant(document).await? {
        bail!("not in production: the store holds the demo tenant of {DOMAIN}");
    }
    Ok(())
}

/// Whether a demo lives in the store, which must be migrated.
pub(crate) async fn has_tenant(document: &Document) -> anyhow::Result<bool> {
    rekey_identity::has_tenant_of(&document.part("identity")?, DOMAIN).await
}

impl Demo {
    fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?))
    }

    /// The demo of an earlier start, or a new one.
    pub(crate) async fn read_or_create(
        identity: &Connection,
        path: &Path,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<Self> {
        match Self::read(path)? {
            Some(demo) => Ok(demo),
            None => Self::create(identity, path, entropy).await,
        }
    }

    /// Makes tenant and people, and writes the file.
    async fn create(identity: &Connection, path: &Path, entropy: &dyn Entropy) -> anyhow::Result<Self> {
        let request = CreateTenantRequest {
            handle: HANDLE.to_owned(),
            display_name: "Demo".to_owned(),
            domains: vec![DOMAIN.to_owned()],
            licensed_accounts: 0,
            request_id: request_id(),
            context: None,
            home_region: String::new(),
            tenant_id: String::new(),
        };
        let created = TenantServiceClient::new(identity.clone()).create_tenant(request).await;
        let tenant = match created {
            Ok(created) => created.into_inner().tenant,
            Err(status) if Problem::of(&status).reason == "TENANT_TAKEN" => bail!(
                "an earlier start was interrupted while it made the demo people: remove the data folder and start again"
            ),
            Err(status) => return Err(status.into()),
        };
        let tenant_id = tenant.context("the answer holds no tenant")?.tenant_id;
        let administrator =
            Administrator { login: "admin@demo.example".to_owned(), password: password(entropy) };
        let admin = Person {
            login: administrator.login.clone(),
            password: administrator.password.clone(),
            email: administrator.login.clone(),
            phone: String::new(),
        };
        let account_id = create(identity, &tenant_id, &admin, "Demo Administrator").await?;
        let grant = GrantRoleRequest {
            tenant_id: tenant_id.clone(),
            account_id,
            role: Role::GlobalAdministrator.into(),
            request_id: request_id(),
            context: None,
        };
        AdministrationServiceClient::new(identity.clone()).grant_role(grant).await?;
        let mut people = Vec::new();
        for (name, display_name, phone) in PEOPLE {
            let email = format!("{name}@demo.example");
            let person =
                Person { login: email.clone(), password: password(entropy), email, phone: phone.to_owned() };
            create(identity, &tenant_id, &person, display_name).await?;
            people.push(person);
        }
        let demo = Self { tenant_id, administrator, people };
        write_private(path, &serde_json::to_string_pretty(&demo)?)?;
        Ok(demo)
    }
}

async fn create(
    identity: &Connection,
    tenant_id: &str,
    person: &Person,
    display_name: &str,
) -> anyhow::Result<String> {
    let phone_numbers = Some(person.phone.clone()).filter(|phone| !phone.is_empty()).into_iter().collect();
    let request = CreateAccountRequest {
        tenant_id: tenant_id.to_owned(),
        logins: vec![person.login.clone()],
        display_name: display_name.to_owned(),
        external_id: String::new(),
        password: person.password.clone(),
        email_addresses: vec![person.email.clone()],
        phone_numbers,
        addresses_confirmed: true,
        must_change_password: false,
        managed_elsewhere: false,
        request_id: request_id(),
        context: None,
    };
    let mut accounts = AccountServiceClient::new(identity.clone());
    for _ in 0..MAX_WAITS {
        match accounts.create_account(request.clone()).await {
            Ok(created) => {
                return Ok(created.into_inner().account.context("the answer holds no account")?.account_id);
            }
            Err(status) => match Problem::of(&status) {
                Problem { reason, retry_after: Some(wait), .. } if reason == "HASHING_BUSY" => {
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(status.into()),
            },
        }
    }
    bail!("this machine is too busy to hash a password")
}

/// 16 letters and digits without lookalikes: 79 bits, and easy to copy from a screen.
fn password(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let draw = |_| {
        let index = usize::try_from(below(entropy, LETTERS.len() as u64)).unwrap_or_default();
        char::from(LETTERS[index])
    };
    let letters: Vec<char> = (0..16).map(draw).collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
