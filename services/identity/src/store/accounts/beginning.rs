//! The first rows of a store: one tenant with one account, whoever and however many try.

use rekey_database::{Connection, FOR_UPDATE, statements};
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{creation, tenants};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::policy::PolicyRevision;
use crate::domain::tenant::Tenant;
use crate::store::accounts::TenantKey;
use crate::store::{Failure, Store, audit};

/// How far a store has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Nothing was ever created.
    Empty,
    /// There is one tenant and no account.
    CutOff(Box<Tenant>),
    /// Somebody is there.
    Over,
}

/// What is made first.
#[derive(Debug, Clone)]
pub(crate) struct FirstRows {
    pub(crate) tenant: Tenant,
    pub(crate) policy: PolicyRevision,
    pub(crate) account: Account,
    /// Of the tenant and of the account.
    pub(crate) events: [AuditEvent; 2],
}

statements! {
    /// One at a time: the second one meets what the first one made.
    const ALONE = "select version from schema_version", FOR_UPDATE;

    const FIRST_TENANTS = "
        select t.tenant_id, (
            select count(*) from (
                select 1 from accounts a where a.tenant_id = t.tenant_id order by a.account_id limit 1
            ) one
        )
        from tenants t limit 2";
}

impl Store {
    /// How far this store has come, at the moment.
    pub(crate) async fn beginning(&self) -> Result<Beginning, Failure> {
        let found: Vec<(Uuid, i64)> = self.database.all(FIRST_TENANTS, &[]).await?;
        Ok(match found.as_slice() {
            [] => Beginning::Empty,
            [(only, 0)] => {
                let found = self.find_tenant(&TenantKey::Id(TenantId::from_uuid(*only))).await?;
                found.map_or(Beginning::Over, |tenant| Beginning::CutOff(Box::new(tenant)))
            }
            _ => Beginning::Over,
        })
    }

    /// Makes the first tenant and its first account, where there is nobody, or the account where that tenant alone is there; false
    /// where somebody was faster.
    pub(crate) async fn begin(&self, first: &FirstRows) -> Result<bool, Failure> {
        let begin = self.database.step(|mut tx| async move {
            tx.all::<(i64,)>(ALONE, &[]).await?;
            let found: Vec<(Uuid, i64)> = tx.all(FIRST_TENANTS, &[]).await?;
            let [of_tenant, of_account] = &first.events;
            match found.as_slice() {
                [] => {
                    if !tenants::insert(&mut tx, &first.tenant).await? {
                        return Ok(tx.roll_back(false));
                    }
                    tenants::insert_policy(&mut tx, &first.policy).await?;
                    audit::append(&mut tx, of_tenant).await?;
                }
                [(only, 0)] if *only == first.tenant.id.as_uuid() => {}
                _ => return Ok(tx.roll_back(false)),
            }
            if !insert(&mut tx, &first.account).await? {
                return Ok(tx.roll_back(false));
            }
            audit::append(&mut tx, of_account).await?;
            Ok(tx.commit(true))
        });
        begin.await
    }
}

async fn insert(tx: &mut Connection, account: &Account) -> Result<bool, Failure> {
    Ok(creation::insert(tx, account.tenant_id, account).await?.is_none())
}
