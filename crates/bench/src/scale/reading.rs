//! Pages, searches, counts and the preview, as an administrator's page asks for them: one call after the other.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rekey_primitives::entropy::{SystemEntropy, below};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::password_expiry_service_client::PasswordExpiryServiceClient;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::{
    AccountFilter, CountAccountsRequest, FilteredState, ListAccountsRequest, ListExpiringPasswordsRequest,
    Policy, PreviewPolicyRequest, ResetPolicy,
};
use tokio::time::Instant;
use tonic::transport::Channel;

use super::Figures;
use crate::caller::{Caller, context};
use crate::directory::records::login;
use crate::statistics::Sorted;
use crate::suite::Suite;

/// Calls of a kind.
const CALLS: usize = 200;
/// Accounts on a page of the whole directory.
const PAGE: i32 = 50;
/// Accounts that a search shows.
const FOUND: i32 = 20;

/// A directory that is read.
struct Directory {
    caller: Caller,
    accounts: AccountServiceClient<Channel>,
}

/// Times of calls of one kind.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn p50_and_p99(self) -> [f64; 2] {
        let sorted = Sorted::of_times(self.0);
        [sorted.median(), sorted.percentile(0.99)]
    }
}

pub(super) async fn measure(suite: &Suite, size: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let caller = suite.identity().await?;
    let accounts = AccountServiceClient::new(caller.channel(0));
    let mut directory = Directory { caller, accounts };
    let [p50, p99] = directory.pages().await?.p50_and_p99();
    figures.add("list, a page of 50, p50", "ms", p50);
    figures.add("list, a page of 50, p99", "ms", p99);
    let [p50, p99] = directory.searches(size).await?.p50_and_p99();
    figures.add("search by prefix, p50", "ms", p50);
    figures.add("search by prefix, p99", "ms", p99);
    let [p50, _] = directory.blocked_pages().await?.p50_and_p99();
    figures.add("list of the blocked, p50", "ms", p50);
    let [p50, _] = directory.counts().await?.p50_and_p99();
    figures.add("count all, p50", "ms", p50);
    let [p50, _] = directory.expiring().await?.p50_and_p99();
    figures.add("list of expiring passwords, p50", "ms", p50);
    Ok(())
}

impl Directory {
    async fn list(
        &mut self,
        (page_size, page_token): (i32, String),
        filter: Option<AccountFilter>,
    ) -> anyhow::Result<(usize, String)> {
        let tenant_id = self.caller.tenant_id();
        let request =
            ListAccountsRequest { tenant_id, page_size, page_token, context: Some(context(0)), filter };
        let page = self.accounts.list_accounts(self.caller.request(request)).await?.into_inner();
        Ok((page.accounts.len(), page.next_page_token))
    }

    /// Page after page of everybody.
    async fn pages(&mut self) -> anyhow::Result<Times> {
        let (mut times, mut token) = (Times::default(), String::new());
        for _ in 0..CALLS {
            let began = Instant::now();
            let (found, next) = self.list((PAGE, token), None).await?;
            times.0.push(began.elapsed());
            ensure!(found == PAGE as usize, "a page of {found}");
            token = next;
        }
        Ok(times)
    }

    /// What somebody types of one person's login: enough to find a few.
    async fn searches(&mut self, size: usize) -> anyhow::Result<Times> {
        let mut times = Times::default();
        for _ in 0..CALLS {
            let number = usize::try_from(below(&SystemEntropy, size as u64))?;
            let login = login(number);
            let typed = login.split('@').next().unwrap_or_default();
            let filter = AccountFilter { prefix: typed.to_owned(), ..AccountFilter::default() };
            let began = Instant::now();
            let (found, _) = self.list((FOUND, String::new()), Some(filter)).await?;
            times.0.push(began.elapsed());
            ensure!(found > 0, "{typed} finds nobody");
        }
        Ok(times)
    }

    async fn blocked_pages(&mut self) -> anyhow::Result<Times> {
        let (mut times, mut token) = (Times::default(), String::new());
        for _ in 0..CALLS / 10 {
            let state = FilteredState::Blocked.into();
            let filter = AccountFilter { state, ..AccountFilter::default() };
            let began = Instant::now();
            let (_, next) = self.list((PAGE, token), Some(filter)).await?;
            times.0.push(began.elapsed());
            token = next;
        }
        Ok(times)
    }

    async fn counts(&mut self) -> anyhow::Result<Times> {
        let mut times = Times::default();
        for _ in 0..CALLS / 10 {
            let tenant_id = self.caller.tenant_id();
            let request = CountAccountsRequest { tenant_id, filter: None, context: Some(context(0)) };
            let began = Instant::now();
            self.accounts.count_accounts(self.caller.request(request)).await?;
            times.0.push(began.elapsed());
        }
        Ok(times)
    }

    async fn expiring(&mut self) -> anyhow::Result<Times> {
        let mut expiry = PasswordExpiryServiceClient::new(self.caller.channel(0));
        let mut times = Times::default();
        for _ in 0..CALLS / 10 {
            let request = ListExpiringPasswordsRequest {
                tenant_id: self.caller.tenant_id(),
                page_size: PAGE,
                context: Some(context(0)),
                ..ListExpiringPasswordsRequest::default()
            };
            let began = Instant::now();
            expiry.list_expiring_passwords(self.caller.request(request)).await?;
            times.0.push(began.elapsed());
        }
        Ok(times)
    }
}

/// Who would be stranded if everybody needed two proofs; accounts looked at in a second.
pub(super) async fn preview(suite: &Suite, size: usize) -> anyhow::Result<f64> {
    let caller = suite.identity().await?;
    let mut policies = PolicyServiceClient::new(caller.channel(0));
    let reset = ResetPolicy { proofs_required: 2, ..ResetPolicy::default() };
    let request = PreviewPolicyRequest {
        tenant_id: caller.tenant_id(),
        policy: Some(Policy { reset: Some(reset), ..Policy::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["reset.proofs_required".to_owned()] }),
        context: Some(context(0)),
    };
    let began = Instant::now();
    let mut stream = policies.preview_policy(caller.request(request)).await?.into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await? {
        last = Some(message);
    }
    let last = last.filter(|last| last.complete).context("the preview was cut off")?;
    let looked_at = last.totals.context("a preview has totals")?.accounts;
    ensure!(looked_at >= i64::try_from(size)?, "the preview saw {looked_at} accounts");
    Ok(looked_at as f64 / began.elapsed().as_secs_f64())
}
