//! The forms in which names are searched, filled in for accounts of earlier releases whenever the schema is migrated.

use rekey_database::{statements, values};
use uuid::Uuid;

use crate::domain::account_filter::name_keys;
use crate::store::{Failure, Store};

/// Written at once: some tens of milliseconds, in which nobody else waits for these rows.
const PAGE_ROWS: u32 = 1_000;

statements! {
    const PAGE = "
        select tenant_id, account_id, display_name from accounts
        where name_key is null and (tenant_id, account_id) > ($1, $2) order by tenant_id, account_id limit $3";

    /// A name that changed meanwhile has its forms already.
    const FILL = (postgres: "
        update accounts a set name_key = n.name_key, surname_key = nullif(n.surname_key, '')
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as n (tenant_id, account_id, name_key, surname_key)
        where a.tenant_id = n.tenant_id and a.account_id = n.account_id and a.name_key is null",
    sqlite: "
        update accounts as a set name_key = n.value, surname_key = nullif(s.value, '')
        from json_each($1) t, json_each($2) i, json_each($3) n, json_each($4) s
        where i.key = t.key and n.key = t.key and s.key = t.key
          and a.tenant_id = unhex(t.value) and a.account_id = unhex(i.value) and a.name_key is null");
}

impl Store {
    /// Gives every account the forms of its name that it is found by.
    pub(in crate::store) async fn fill_in_names(&self) -> Result<(), Failure> {
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let values = values![after.0, after.1, PAGE_ROWS];
            let page: Vec<(Uuid, Uuid, String)> = self.database.all(PAGE, values).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.0, last.1);
            let tenants: Vec<Uuid> = page.iter().map(|row| row.0).collect();
            let accounts: Vec<Uuid> = page.iter().map(|row| row.1).collect();
            let keys: Vec<_> = page.iter().map(|row| name_keys(&row.2)).collect();
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            let surnames: Vec<&str> =
                keys.iter().map(|(_, surname)| surname.as_deref().unwrap_or_default()).collect();
            self.database.execute(FILL, values![tenants, accounts, names, surnames]).await?;
        }
    }
}
