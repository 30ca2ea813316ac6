//! What keys of the pepper still seal, which says when one of them may go.

use rekey_database::{Sql, statements, values};
use rekey_sealing::KeyId;

use super::{Failure, Store};

/// Counting stops here: what counts of a key that is to go is how little is left.
const COUNTED_AT_MOST: u32 = 10_000;

statements! {
    const PASSWORDS = "
        select count(*) from (
            select 1 from accounts where password_hash is not null and substr(password_hash, 2, 4) = $1 limit $2
        ) counted";

    const AUTHENTICATORS = "
        select count(*) from (
            select 1 from security_info where totp_key is not null and substr(totp_key, 2, 4) = $1 limit $2
        ) counted";

    /// A handful a tenant.
    const WEBHOOKS = "
        select count(*) from (
            select 1 from audit_webhooks where substr(secret, 2, 4) = $1 limit $2
        ) counted";
}

/// What one key seals, of every tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnderPepper {
    /// Passwords that sign somebody in. Earlier ones, which are kept so that nobody takes them again, are not counted.
    pub passwords: u64,
    /// Keys of authenticators.
    pub authenticators: u64,
    /// Secrets of webhooks.
    pub webhooks: u64,
}

impl Store {
    /// What is sealed by the key of this id, each up to [`COUNTED_AT_MOST`].
    pub(crate) async fn under_pepper(&self, key: &KeyId) -> Result<UnderPepper, Failure> {
        Ok(UnderPepper {
            passwords: self.count_under(PASSWORDS, key).await?,
            authenticators: self.count_under(AUTHENTICATORS, key).await?,
            webhooks: self.count_under(WEBHOOKS, key).await?,
        })
    }

    async fn count_under(&self, sql: Sql, key: &KeyId) -> Result<u64, Failure> {
        let counted: i64 = self.database.scalar(sql, values![&key.fingerprint(), COUNTED_AT_MOST]).await?;
        Ok(counted.cast_unsigned())
    }
}

impl UnderPepper {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for UnderPepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passwords, authenticators, webhooks } = self;
        let most = u64::from(COUNTED_AT_MOST);
        let mark = |count: u64| if count < most { "" } else { " or more" };
        write!(f, "{passwords}{} passwords, ", mark(*passwords))?;
        write!(f, "{authenticators}{} authenticators, ", mark(*authenticators))?;
        write!(f, "{webhooks}{} webhooks", mark(*webhooks))
    }
}
