//! `rekey account sessions` and `revoke-sessions`.

use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::{Account, ListAccountSessionsRequest, RevokeAccountSessionsRequest, Session};
use serde_json::{Value, json};

use super::find;
use crate::arguments::OnAccount;
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

pub(super) async fn list(profile: &Profile, on: &OnAccount, output: Output) -> anyhow::Result<()> {
    let found = all(profile, &find(profile, on).await?).await?;
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

/// Every live session of an account.
pub(super) async fn all(profile: &Profile, account: &Account) -> anyhow::Result<Vec<Session>> {
    let mut client = AdministrationServiceClient::new(profile.identity()?);
    let mut found: Vec<Session> = Vec::new();
    let mut page_token = String::new();
    loop {
        let (tenant_id, account_id) = (account.tenant_id.clone(), account.account_id.clone());
        let request =
            ListAccountSessionsRequest { tenant_id, account_id, page_size: 200, page_token, context: None };
        let page = client.list_account_sessions(request).await?.into_inner();
        found.extend(page.sessions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

pub(super) async fn revoke(
    profile: &Profile,
    on: &OnAccount,
    session_ids: Vec<String>,
    output: Output,
) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let mut client = AdministrationServiceClient::new(profile.identity()?);
    let request = RevokeAccountSessionsRequest {
        tenant_id,
        account_id,
        session_ids,
        request_id: request_id(),
        context: None,
    };
    let ended = client.revoke_account_sessions(request).await?.into_inner().sessions_revoked;
    output.data(&json!({ "sessions_revoked": ended }), |_| format!("Sessions ended: {ended}."))
}

pub(super) fn shown(session: &Session) -> Value {
    json!({
        "session_id": session.session_id,
        "place": session.place,
        "create_time": session.create_time.map(|at| time(at.seconds)),
        "refresh_time": session.refresh_time.map(|at| time(at.seconds)),
        "expire_time": session.expire_time.map(|at| time(at.seconds)),
    })
}

pub(super) fn rows(sessions: &[Session]) -> String {
    let head = ["SESSION", "PLACE", "OPENED", "REFRESHED", "EXPIRES"].map(str::to_owned).to_vec();
    let row = |session: &Session| {
        let times = [session.create_time, session.refresh_time, session.expire_time]
            .map(|moment| moment.map_or_else(String::new, |at| time(at.seconds)));
        [vec![session.session_id.clone(), session.place.clone()], times.to_vec()].concat()
    };
    table(&std::iter::once(head).chain(sessions.iter().map(row)).collect::<Vec<_>>())
}
