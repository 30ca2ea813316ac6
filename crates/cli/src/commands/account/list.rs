//! `rekey account list`: all of a tenant's accounts, those that fit a filter, or how many.

use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_wire::identity::v1::{
    AccountFilter, CountAccountsRequest, FilteredState, ListAccountsRequest, MethodKind,
};
use rekey_wire::time::timestamp;
use serde_json::{Value, json};

use super::{accounts, rows, shown};
use crate::arguments::{AccountFilterArguments, InTenant};
use crate::commands::role::named;
use crate::output::Output;
use crate::profile::Profile;

pub(super) async fn list(
    profile: &Profile,
    tenant: &InTenant,
    filter: AccountFilterArguments,
    output: Output,
) -> anyhow::Result<()> {
    let filter = Some(self::filter(filter)?);
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut client = accounts(profile)?;
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let (tenant_id, filter) = (tenant_id.clone(), filter.clone());
        let request = ListAccountsRequest { tenant_id, page_size: 200, page_token, context: None, filter };
        let page = client.list_accounts(request).await?.into_inner();
        found.extend(page.accounts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

pub(super) async fn count(
    profile: &Profile,
    tenant: &InTenant,
    filter: AccountFilterArguments,
    output: Output,
) -> anyhow::Result<()> {
    let filter = Some(self::filter(filter)?);
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let request = CountAccountsRequest { tenant_id, filter, context: None };
    let counted = accounts(profile)?.count_accounts(request).await?.into_inner();
    let data = json!({ "count": counted.count, "at_least": counted.at_least });
    output.data(&data, |_| {
        let at_least = if counted.at_least { "at least " } else { "" };
        format!("Accounts: {at_least}{}.", counted.count)
    })
}

/// The filter that was typed.
pub(crate) fn filter(typed: AccountFilterArguments) -> anyhow::Result<AccountFilter> {
    let role = typed.role.as_deref().map(named).transpose()?.map_or(0, i32::from);
    let now = SystemClock.now().unix_micros();
    let days_ago = |days: u32| timestamp(now.saturating_sub(i64::from(days) * 86_400_000_000));
    Ok(AccountFilter {
        prefix: typed.search.unwrap_or_default(),
        state: typed.state.map_or(0, |state| FilteredState::from(state).into()),
        role,
        group_id: typed.group.unwrap_or_default(),
        method_kind: typed.method.map_or(0, |method| MethodKind::from(method).into()),
        last_sign_in_after: typed.active_within.map(days_ago),
        last_sign_in_before: typed.inactive_for.map(days_ago),
    })
}
