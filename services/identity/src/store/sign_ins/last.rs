//! When somebody last signed in, apart from the account's row: it changes with every sign-in, and no index of accounts has to
//! know.

use rekey_database::{Connection, Fragment, fragment, statements, values};
use rekey_primitives::id::TenantId;

use crate::domain::account::Account;
use crate::domain::session::Session;
use crate::store::Failure;

/// Two sign-ins at once may commit in the other order.
const LATER: Fragment = fragment!((postgres: "greatest", sqlite: "max"));

statements! {
    const CREATED = "
        insert into last_sign_ins (tenant_id, account_id, activity_at, signed_in_at) values ($1, $2, $3, $4)
        on conflict do nothing";

    const SIGNED_IN = "
        insert into last_sign_ins as known (tenant_id, account_id, activity_at, signed_in_at) values ($1, $2, $3, $3)
        on conflict (tenant_id, account_id) do update
        set activity_at = ", LATER, "(known.activity_at, excluded.activity_at),
            signed_in_at = ", LATER, "(coalesce(known.signed_in_at, 0), excluded.signed_in_at)";
}

/// Notes an account that was made, from when its inactivity counts.
pub(in crate::store) async fn created(
    tx: &mut Connection,
    tenant_id: TenantId,
    account: &Account,
) -> Result<(), Failure> {
    let values = values![tenant_id, account.id, account.created_at, account.last_sign_in_at];
    tx.execute(CREATED, values).await?;
    Ok(())
}

/// Notes that a session was opened.
pub(super) async fn signed_in(tx: &mut Connection, session: &Session) -> Result<(), Failure> {
    tx.execute(SIGNED_IN, values![session.tenant_id, session.account_id, session.created_at]).await?;
    Ok(())
}
