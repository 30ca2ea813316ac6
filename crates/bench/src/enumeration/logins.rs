//! The logins that are tried, by kind.

use anyhow::Context as _;
use rekey_primitives::entropy::{SystemEntropy, below, uuid_v4};
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::{BlockSignInRequest, CreateAccountRequest};

use crate::caller::request_id;
use crate::suite::{Person, Suite};

/// Accounts of a kind. A lockout needs 10 wrong passwords in a row, so no kind but the repeated ones meets it.
const ACCOUNTS: usize = 40;

/// Kinds of login, in the order of the table. All are compared with the first.
pub(super) const KINDS: [&str; 7] = [
    "known",
    "known, others",
    "unknown",
    "blocked",
    "ineligible",
    "known, the same again",
    "unknown, the same again",
];

/// Logins of every kind.
pub(super) struct Logins {
    known: Vec<String>,
    others: Vec<String>,
    blocked: Vec<String>,
    ineligible: Vec<String>,
    same: String,
}

impl Logins {
    pub(super) async fn create(suite: &Suite) -> anyhow::Result<Self> {
        let logins = |people: Vec<Person>| people.into_iter().map(|person| person.login).collect::<Vec<_>>();
        let blocked = suite.people("blocked", ACCOUNTS).await?;
        block(suite, &blocked).await?;
        let without_methods = |new: &mut CreateAccountRequest| new.email_addresses.clear();
        Ok(Self {
            known: logins(suite.people("known", ACCOUNTS).await?),
            others: logins(suite.people("others", ACCOUNTS).await?),
            blocked: logins(blocked),
            ineligible: logins(suite.people_with("ineligible", ACCOUNTS, without_methods).await?),
            same: logins(suite.people("same", 1).await?).pop().context("one person was made")?,
        })
    }

    /// The login of a kind for the call with this number.
    pub(super) fn of(&self, kind: usize, number: usize) -> String {
        let one = |logins: &[String]| logins[number % logins.len()].clone();
        match kind {
            0 => one(&self.known),
            1 => one(&self.others),
            2 => format!("nobody-{}@demo.example", uuid_v4(&SystemEntropy)),
            3 => one(&self.blocked),
            4 => one(&self.ineligible),
            5 => self.same.clone(),
            _ => "nobody@demo.example".to_owned(),
        }
    }
}

async fn block(suite: &Suite, people: &[Person]) -> anyhow::Result<()> {
    let identity = suite.identity().await?;
    let mut administration = AdministrationServiceClient::new(identity.channel(0));
    for person in people {
        let request = BlockSignInRequest {
            tenant_id: suite.tenant_id().to_owned(),
            account_id: person.account_id.clone(),
            request_id: request_id(),
            context: None,
        };
        administration.block_sign_in(identity.request(request)).await?;
    }
    Ok(())
}

/// So many kinds, in a random order (Fisher and Yates).
pub(crate) fn shuffled_kinds<const COUNT: usize>() -> [usize; COUNT] {
    let mut kinds = std::array::from_fn(|kind| kind);
    for last in (1..kinds.len()).rev() {
        let other = usize::try_from(below(&SystemEntropy, last as u64 + 1)).unwrap_or(last);
        kinds.swap(last, other);
    }
    kinds
}
