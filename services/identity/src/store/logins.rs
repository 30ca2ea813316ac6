//! Logins that were stored under earlier rules, brought to the form that today's rules give them.
//!
//! What people type is looked up in its canonical form, so a login whose form changed would be found by nobody. Plain
//! ASCII has the same form under all rules; only what goes beyond it is read again, whenever the schema is migrated.

use rekey_database::{statements, values};
use rekey_primitives::id::TenantId;
use rekey_primitives::login::Login;
use uuid::Uuid;

use super::{Failure, Store};

/// Read at once: a page of the index, which takes milliseconds however large the table.
const PAGE_ROWS: u32 = 10_000;

statements! {
    const PAGE = "
        select tenant_id, login from logins where (tenant_id, login) > ($1, $2) order by tenant_id, login limit $3";

    /// Another account may have the new name already; then both stay as they are.
    const RENAME = "
        update logins set login = $3
        where tenant_id = $1 and login = $2
          and not exists (select 1 from logins l where l.tenant_id = $1 and l.login = $3)";
}

impl Store {
    /// Renames logins to their form of today. One that no rule reads any more, or whose form another account has, stays
    /// as it is and is logged: its account is reached by its other logins and by administrators.
    pub(super) async fn renew_logins(&self) -> Result<(), Failure> {
        let mut after = (Uuid::nil(), String::new());
        loop {
            let values = values![after.0, after.1.as_str(), PAGE_ROWS];
            let page: Vec<(Uuid, String)> = self.database.all(PAGE, values).await?;
            let Some(last) = page.last().cloned() else { return Ok(()) };
            for (tenant_id, stored) in page.iter().filter(|(_, stored)| !stored.is_ascii()) {
                self.renew_login(TenantId::from_uuid(*tenant_id), stored).await?;
            }
            after = last;
        }
    }

    async fn renew_login(&self, tenant_id: TenantId, stored: &str) -> Result<(), Failure> {
        let renewed = match Login::parse(stored) {
            Ok(login) if login.as_str() == stored => return Ok(()),
            Ok(login) => {
                let values = values![tenant_id, stored, login.as_str()];
                self.database.execute(RENAME, values).await? == 1
            }
            Err(_) => false,
        };
        if !renewed {
            tracing::warn!(%tenant_id, "a login has no form that today's rules would find");
        }
        Ok(())
    }
}
