//! `rekey account expiring`, `exempt-expiry` and `unexempt-expiry`.

use anyhow::Context as _;
use prost_types::Duration;
use rekey_wire::identity::v1::password_expiry_service_client::PasswordExpiryServiceClient;
use rekey_wire::identity::v1::{
    Account, ListExpiringPasswordsRequest, PasswordExpiry, SetPasswordExpiryExemptionRequest,
};
use serde_json::{Value, json};

use super::find;
use crate::arguments::{InTenant, OnAccount};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

const DAY: i64 = 86_400;

pub(super) async fn list(
    profile: &Profile,
    tenant: &InTenant,
    days: u32,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut client = PasswordExpiryServiceClient::new(profile.identity()?);
    let mut found: Vec<PasswordExpiry> = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListExpiringPasswordsRequest {
            tenant_id: tenant_id.clone(),
            within: Some(Duration { seconds: DAY * i64::from(days), nanos: 0 }),
            page_size: 200,
            page_token,
            context: None,
        };
        let page = client.list_expiring_passwords(request).await?.into_inner();
        found.extend(page.passwords);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

pub(super) async fn exempt(
    profile: &Profile,
    on: &OnAccount,
    exempt: bool,
    output: Output,
) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let mut client = PasswordExpiryServiceClient::new(profile.identity()?);
    let request = SetPasswordExpiryExemptionRequest {
        tenant_id,
        account_id,
        exempt,
        request_id: request_id(),
        context: None,
    };
    let set = client.set_password_expiry_exemption(request).await?.into_inner().password;
    let set = set.context("the answer holds no password")?;
    output.data(&shown(&set), |_| rows(std::slice::from_ref(&set)))
}

fn shown(expiry: &PasswordExpiry) -> Value {
    json!({
        "account_id": expiry.account_id,
        "login": expiry.login,
        "display_name": expiry.display_name,
        "exempt": expiry.exempt,
        "expire_time": expiry.expire_time.map(|at| time(at.seconds)),
    })
}

fn rows(found: &[PasswordExpiry]) -> String {
    let head = ["ACCOUNT", "LOGIN", "NAME", "EXPIRES"].map(str::to_owned).to_vec();
    let row = |expiry: &PasswordExpiry| {
        let never = if expiry.exempt { "never: exempt" } else { "never" };
        let end = expiry.expire_time.map_or_else(|| never.to_owned(), |at| time(at.seconds));
        vec![expiry.account_id.clone(), expiry.login.clone(), expiry.display_name.clone(), end]
    };
    table(&std::iter::once(head).chain(found.iter().map(row)).collect::<Vec<_>>())
}
