//! Many rows by one statement: they come as one JSON text, which both databases take apart.
//!
//! Ids and bytes stand in hexadecimal digits. A name that is taken shows as a row that was not written.

use rekey_database::{Connection, Fragment, fragment, statements, values};
use rekey_primitives::id::TenantId;
use serde::Serialize;

use crate::domain::account::Account;
use crate::domain::account_filter::name_keys;
use crate::domain::account_import::{AccountImport, Rejection};
use crate::domain::group::GroupId;
use crate::store::Failure;
use crate::store::rows::SecurityInfoColumns;

const ACCOUNTS: Fragment = fragment!((
    postgres: "(select account_id, external_id, display_name, epoch, recovery_version, blocked, managed_elsewhere, at,
            name_key, surname_key, decode(password_hash, 'hex') as password_hash, password_set_at, password_must_change,
            password_expiry_exempt
        from json_to_recordset($2::text::json) as j (account_id uuid, external_id text, display_name text, epoch bigint,
            recovery_version bigint, blocked boolean, managed_elsewhere boolean, at bigint, name_key text,
            surname_key text, password_hash text, password_set_at bigint, password_must_change boolean,
            password_expiry_exempt boolean)) r",
    sqlite: "(select unhex(value ->> 'account_id') as account_id, value ->> 'external_id' as external_id,
            value ->> 'display_name' as display_name, value ->> 'epoch' as epoch,
            value ->> 'recovery_version' as recovery_version, value ->> 'blocked' as blocked,
            value ->> 'managed_elsewhere' as managed_elsewhere, value ->> 'at' as at, value ->> 'name_key' as name_key,
            value ->> 'surname_key' as surname_key, unhex(value ->> 'password_hash') as password_hash,
            value ->> 'password_set_at' as password_set_at, value ->> 'password_must_change' as password_must_change,
            value ->> 'password_expiry_exempt' as password_expiry_exempt
        from json_each($2)) r",
));

const LOGINS: Fragment = fragment!((
    postgres: "json_to_recordset($2::text::json) as r (account_id uuid, login text, position bigint)",
    sqlite: "(select unhex(value ->> 'account_id') as account_id, value ->> 'login' as login,
            value ->> 'position' as position from json_each($2)) r",
));

const ENTRIES: Fragment = fragment!((
    postgres: "json_to_recordset($2::text::json) as r (account_id uuid, security_info_id uuid, kind text, address text,
            is_default boolean, standing text, confirmed_at bigint, is_first boolean, at bigint)",
    sqlite: "(select unhex(value ->> 'account_id') as account_id, unhex(value ->> 'security_info_id') as security_info_id,
            value ->> 'kind' as kind, value ->> 'address' as address, value ->> 'is_default' as is_default,
            value ->> 'standing' as standing, value ->> 'confirmed_at' as confirmed_at,
            value ->> 'is_first' as is_first, value ->> 'at' as at from json_each($2)) r",
));

const MEMBERS: Fragment = fragment!((
    postgres: "json_to_recordset($2::text::json) as r (account_id uuid, group_id uuid)",
    sqlite: "(select unhex(value ->> 'account_id') as account_id, unhex(value ->> 'group_id') as group_id
        from json_each($2)) r",
));

const REJECTED: Fragment = fragment!((
    postgres: "json_to_recordset($3::text::json) as r (record bigint, masked_login text, reason text, field text,
            problem text)",
    sqlite: "(select value ->> 'record' as record, value ->> 'masked_login' as masked_login, value ->> 'reason' as reason,
            value ->> 'field' as field, value ->> 'problem' as problem from json_each($3)) r",
));

/// SQLite takes what follows a source of rows for its join, unless a condition stands between.
const UNLESS_TAKEN: Fragment = fragment!(" where true on conflict do nothing");

statements! {
    const INSERT_ACCOUNTS = "
        insert into accounts (tenant_id, account_id, external_id, display_name, epoch, recovery_version, blocked, frozen,
            managed_elsewhere, roles, created_at, updated_at, version, name_key, surname_key, password_hash,
            password_set_at, password_must_change, password_expiry_exempt, password_expiry_counts_from)
        select $1, account_id, external_id, display_name, epoch, recovery_version, blocked, false, managed_elsewhere, 0, at,
            at, 1, name_key, surname_key, password_hash, password_set_at, password_must_change, password_expiry_exempt,
            password_set_at
        from ", ACCOUNTS, UNLESS_TAKEN;

    const INSERT_LAST_SIGN_INS = "
        insert into last_sign_ins (tenant_id, account_id, activity_at)
        select $1, account_id, at from ", ACCOUNTS, UNLESS_TAKEN;

    const INSERT_LOGINS = "
        insert into logins (tenant_id, login, account_id, position)
        select $1, login, account_id, position from ", LOGINS, UNLESS_TAKEN;

    const INSERT_ENTRIES = "
        insert into security_info (tenant_id, account_id, security_info_id, kind, address, is_default, standing,
            confirmed_at, disabled, is_first, added_at, changed_at)
        select $1, account_id, security_info_id, kind, address, is_default, standing, confirmed_at, false, is_first, at, at
        from ", ENTRIES;

    const INSERT_MEMBERS = "
        insert into group_members (tenant_id, member_id, group_id)
        select $1, account_id, group_id from ", MEMBERS, UNLESS_TAKEN;

    const INSERT_REJECTIONS = "
        insert into account_import_rejections (tenant_id, import_id, record, masked_login, reason, field, problem)
        select $1, $2, record, masked_login, reason, field, problem from ", REJECTED;
}

/// Accounts to write, by table.
pub(super) struct NewAccounts<'a> {
    tenant_id: TenantId,
    accounts: Vec<AccountColumns<'a>>,
    logins: Vec<LoginColumns<'a>>,
    entries: Vec<EntryColumns<'a>>,
    members: Vec<MemberColumns>,
}

#[derive(Serialize)]
struct AccountColumns<'a> {
    account_id: String,
    external_id: Option<&'a str>,
    display_name: &'a str,
    epoch: i64,
    recovery_version: i64,
    blocked: bool,
    managed_elsewhere: bool,
    at: i64,
    name_key: String,
    surname_key: Option<String>,
    password_hash: Option<String>,
    password_set_at: Option<i64>,
    password_must_change: Option<bool>,
    password_expiry_exempt: Option<bool>,
}

#[derive(Serialize)]
struct LoginColumns<'a> {
    account_id: String,
    login: &'a str,
    position: usize,
}

#[derive(Serialize)]
struct EntryColumns<'a> {
    account_id: String,
    security_info_id: String,
    kind: &'static str,
    address: Option<&'a str>,
    is_default: bool,
    standing: &'static str,
    confirmed_at: Option<i64>,
    is_first: bool,
    at: i64,
}

#[derive(Serialize)]
struct MemberColumns {
    account_id: String,
    group_id: String,
}

#[derive(Serialize)]
struct RejectionColumns<'a> {
    record: i64,
    masked_login: &'a str,
    reason: &'static str,
    field: &'a str,
    problem: &'a str,
}

impl<'a> NewAccounts<'a> {
    /// New accounts without roles, which hold addresses and nothing else to prove themselves by.
    pub(super) fn of(
        tenant_id: TenantId,
        accounts: impl Iterator<Item = &'a (Account, Vec<GroupId>)>,
    ) -> Self {
        let mut new = Self {
            tenant_id,
            accounts: Vec::new(),
            logins: Vec::new(),
            entries: Vec::new(),
            members: Vec::new(),
        };
        for (account, groups) in accounts {
            new.push(account, groups);
        }
        // Two chunks that want the same names wait for each other in one order.
        new.accounts.sort_unstable_by_key(|account| account.external_id);
        new.logins.sort_unstable_by_key(|login| login.login);
        new
    }

    fn push(&mut self, account: &'a Account, groups: &[GroupId]) {
        let account_id = account.id.as_uuid().simple().to_string();
        self.accounts.push(AccountColumns::of(account, account_id.clone()));
        let logins = account.logins.iter().enumerate();
        self.logins.extend(logins.map(|(position, login)| LoginColumns {
            account_id: account_id.clone(),
            login: login.as_str(),
            position,
        }));
        self.entries.extend(account.security_info.iter().map(|entry| {
            let SecurityInfoColumns { address, standing, confirmed_at, .. } = SecurityInfoColumns::of(entry);
            EntryColumns {
                account_id: account_id.clone(),
                security_info_id: entry.id.as_uuid().simple().to_string(),
                kind: entry.kind().as_str(),
                address,
                is_default: entry.is_default,
                standing,
                confirmed_at,
                is_first: entry.is_first,
                at: entry.added_at.unix_micros(),
            }
        }));
        self.members.extend(groups.iter().map(|group| MemberColumns {
            account_id: account_id.clone(),
            group_id: group.as_uuid().simple().to_string(),
        }));
    }

    /// Whether all of them could be written: none of their names was taken.
    pub(super) async fn insert(&self, tx: &mut Connection) -> Result<bool, Failure> {
        let Self { tenant_id, accounts, logins, entries, members } = self;
        if accounts.is_empty() {
            return Ok(true);
        }
        let rows = json(accounts);
        if tx.execute(INSERT_ACCOUNTS, values![*tenant_id, &rows]).await? != accounts.len() as u64 {
            return Ok(false);
        }
        if tx.execute(INSERT_LOGINS, values![*tenant_id, json(logins)]).await? != logins.len() as u64 {
            return Ok(false);
        }
        tx.execute(INSERT_LAST_SIGN_INS, values![*tenant_id, &rows]).await?;
        if !entries.is_empty() {
            tx.execute(INSERT_ENTRIES, values![*tenant_id, json(entries)]).await?;
        }
        if !members.is_empty() {
            tx.execute(INSERT_MEMBERS, values![*tenant_id, json(members)]).await?;
        }
        Ok(true)
    }
}

impl<'a> AccountColumns<'a> {
    fn of(account: &'a Account, account_id: String) -> Self {
        let (name_key, surname_key) = name_keys(&account.display_name);
        let password = account.password.as_ref();
        Self {
            account_id,
            external_id: account.external_id.as_deref(),
            display_name: &account.display_name,
            epoch: account.epoch.0,
            recovery_version: account.recovery_version.0,
            blocked: account.blocked,
            managed_elsewhere: account.managed_elsewhere,
            at: account.created_at.unix_micros(),
            name_key,
            surname_key,
            password_hash: password.map(|password| hex::encode(password.hash.as_bytes())),
            password_set_at: password.map(|password| password.set_at.unix_micros()),
            password_must_change: password.map(|password| password.must_change),
            password_expiry_exempt: password.map(|password| password.expiry_exempt),
        }
    }
}

/// Writes lines of the report of an import.
pub(super) async fn reject(
    tx: &mut Connection,
    import: &AccountImport,
    rejections: &[Rejection],
) -> Result<(), Failure> {
    if rejections.is_empty() {
        return Ok(());
    }
    let lines = rejections.iter().map(|line| RejectionColumns {
        record: line.record,
        masked_login: &line.masked_login,
        reason: line.flaw.reason.into_str(),
        field: &line.flaw.field,
        problem: &line.flaw.problem,
    });
    let lines = json(&lines.collect::<Vec<_>>());
    tx.execute(INSERT_REJECTIONS, values![import.tenant_id, import.id, lines]).await?;
    Ok(())
}

fn json<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("rows are plain structs, which always have a JSON form")
}
