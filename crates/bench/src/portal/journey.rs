//! The way to a page that cannot be opened at once: that of the code of a reset, and that of a bulk reset.

use anyhow::Context as _;
use clap::ValueEnum;
use rekey_wire::identity::v1::GrantRoleRequest;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::options::v1::Role;

use super::browser::Browser;
use crate::bulk_reset;
use crate::caller::request_id;
use crate::suite::{Person, Suite};

/// People whom a bulk reset goes through, one a second: it lasts longer than anybody watches it.
const RESET: usize = 600;

/// A page that has something new to say while somebody looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchedPage {
    /// The page on which the code of a reset is typed; each browser has a reset of its own.
    Code,
    /// An administrator's page of a bulk reset; each browser has a session of its own.
    BulkReset,
}

/// Brings browsers to a page.
pub(super) enum Journey {
    /// To the code of a reset, each for a person of their own.
    Code { people: Vec<Person> },
    /// To a bulk reset, signed in.
    BulkReset { administrator: Person, path: String },
}

impl Journey {
    /// Makes the people who go it, and what they go to.
    pub(super) async fn prepare(suite: &Suite, to: WatchedPage, browsers: usize) -> anyhow::Result<Self> {
        match to {
            WatchedPage::Code => Ok(Self::Code { people: suite.people("watcher", browsers).await? }),
            WatchedPage::BulkReset => {
                let administrator = administrator(suite).await?;
                let people = suite.people("reset", RESET).await?;
                let logins: Vec<String> = people.into_iter().map(|person| person.login).collect();
                let id = bulk_reset::start(&suite.identity().await?, &logins, 1).await?;
                // What the page's script asks for, again and again.
                let path = format!("/administration/bulk-resets/{id}?only=progress");
                Ok(Self::BulkReset { administrator, path })
            }
        }
    }

    /// Goes it with the browser of this number, as far as the page; its address.
    pub(super) async fn go(&self, browser: &mut Browser, number: usize) -> anyhow::Result<String> {
        match self {
            Self::Code { people } => to_code(browser, &people[number].login).await,
            Self::BulkReset { administrator, path } => {
                sign_in(browser, administrator).await?;
                Ok(path.clone())
            }
        }
    }
}

/// Begins a reset; the address of the page on which the person proves who they are.
pub(super) async fn to_proof(browser: &mut Browser, login: &str) -> anyhow::Result<String> {
    let who = browser.show("/reset").await?;
    let begun = browser.submit(&who, "/reset", &[("login", login)]).await?;
    Ok(begun.leads_on()?.to_owned())
}

/// Begins a reset and has a code sent; the address of the page on which it is typed.
pub(super) async fn to_code(browser: &mut Browser, login: &str) -> anyhow::Result<String> {
    let address = to_proof(browser, login).await?;
    let methods = browser.show(&address).await?;
    let sent = browser.submit(&methods, &address, &[("method", "1")]).await?;
    Ok(sent.leads_on()?.to_owned())
}

async fn sign_in(browser: &mut Browser, person: &Person) -> anyhow::Result<()> {
    let form = browser.show("/sign-in").await?;
    let typed = [("login", person.login.as_str()), ("password", person.password.as_str())];
    browser.submit(&form, "/sign-in", &typed).await?.leads_on()?;
    Ok(())
}

/// Somebody who may look at everything.
async fn administrator(suite: &Suite) -> anyhow::Result<Person> {
    let person = suite.people("administrator", 1).await?.pop().context("one person was made")?;
    let identity = suite.identity().await?;
    let grant = GrantRoleRequest {
        tenant_id: suite.tenant_id().to_owned(),
        account_id: person.account_id.clone(),
        role: Role::GlobalAdministrator.into(),
        request_id: request_id(),
        context: None,
    };
    AdministrationServiceClient::new(identity.channel(0)).grant_role(identity.request(grant)).await?;
    Ok(person)
}
