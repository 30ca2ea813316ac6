//! Passwords that expire, seen by administrators, and accounts that are exempt.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Administration;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::Permission;
use crate::domain::password::expiry::expires_at;
use crate::domain::policy::PasswordRules;
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Repeatable, Rpc, Target};
use crate::store::accounts::{AccountChange, ChangeAccount, ChangeRefused};
use crate::store::expiring_passwords::{ExpiringPasswords, ExpiryPlace};
use crate::tokens::{AskedPage, List, Page};

// Whoever reads leaves no event but a denial.
const LIST: Rpc = Rpc { name: "ListExpiringPasswords", event: EventKind::PermissionDenied };
const EXEMPT: Rpc = Rpc { name: "SetPasswordExpiryExemption", event: EventKind::AccountUpdated };

const DAY: Duration = Duration::from_secs(86_400);

/// When the password of an account expires. Times are microseconds since the epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct ExpiryView {
    pub account_id: Uuid,
    /// The first one.
    #[debug(skip)]
    pub login: String,
    #[debug(skip)]
    pub display_name: String,
    pub exempt: bool,
    /// `None` for never.
    pub expires_at: Option<i64>,
}

impl ExpiryView {
    fn of(account: &Account, rules: &PasswordRules) -> Self {
        let record = account.password.as_ref();
        Self {
            account_id: account.id.as_uuid(),
            login: account.logins.first().map(|login| login.as_str().to_owned()).unwrap_or_default(),
            display_name: account.display_name.clone(),
            exempt: record.is_some_and(|record| record.expiry_exempt),
            expires_at: record.and_then(|record| expires_at(record, rules)).map(Timestamp::unix_micros),
        }
    }
}

impl Administration {
    /// Passwords that expire within so many days, the earliest first.
    pub(crate) async fn list_expiring_passwords(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        within_days: u32,
        asked: &AskedPage,
    ) -> Result<Page<ExpiryView>, Error> {
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let rules = self.policies.policy(&operation.scope).await?.password;
        let (tenant, days) = (tenant_id.as_uuid(), within_days.to_be_bytes());
        let list = List { name: "expiring passwords", arguments: &[tenant.as_bytes(), &days] };
        let after: Option<ExpiryPlace> = self.tokens.search_goes_on_at(list, asked, operation.now)?;
        let Some(expiry_days) = rules.expiry_days else { return Ok(Page { items: Vec::new(), next: None }) };
        let until = operation.now.plus(DAY * within_days).minus(DAY * expiry_days);
        let wanted = ExpiringPasswords { after, until, limit: asked.limit() };
        let mut found = self.store.lagging().expiring_passwords(&operation.scope, &wanted).await?;
        let size = usize::try_from(asked.size()).unwrap_or(usize::MAX);
        let has_more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| has_more).and_then(ExpiryPlace::of);
        let next = last.map(|place| self.tokens.search_page_token(list, place, operation.now));
        Ok(Page { items: found.iter().map(|account| ExpiryView::of(account, &rules)).collect(), next })
    }

    /// Exempts an account from expiry, or ends the exemption, from when its password is good for the whole span again.
    pub(crate) async fn set_expiry_exemption(
        &self,
        administrator: &Administrator,
        target: Target,
        exempt: bool,
    ) -> Result<ExpiryView, Error> {
        let operation = self
            .authorisation
            .operation(EXEMPT, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        let needs = Permission::ManageAccounts;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let content: &[&[u8]] = &[account.as_bytes(), &[u8::from(exempt)]];
        let named = Request { who: &who, id: target.request_id, content };
        let operation = self.idempotency.named(operation, named);
        let work = self.set_expiry_exemption_once(&operation, administrator, target, exempt);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn set_expiry_exemption_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: Target,
        exempt: bool,
    ) -> Result<Answer<ExpiryView>, Error> {
        let rules = self.policies.policy(&operation.scope).await?.password;
        let answering =
            self.idempotency.answering(operation.key, |account: &Account| ExpiryView::of(account, &rules));
        let reason = if exempt { "password_expiry_exempt" } else { "password_expiry_not_exempt" };
        for _ in 0..JUDGED_AT_MOST {
            let account =
                self.reached(operation, administrator, target.account_id, Permission::ManageAccounts).await?;
            let record = account.password.as_ref().ok_or(Refusal::NoPassword)?;
            if record.expiry_exempt == exempt {
                return Ok(Answer::to_store(ExpiryView::of(&account, &rules)));
            }
            let change = ChangeAccount {
                account_id: account.id,
                version: account.version,
                change: AccountChange::PasswordExpiryExempt(exempt),
                event: self.audit.event(operation).because(reason).done(),
                notices: Vec::new(),
                now: operation.now,
            };
            let step = self.store.change_account(&operation.scope, &change, Some(answering.once())).await?;
            match answering.settle(step)? {
                Ok(answer) => return Ok(answer),
                Err(ChangeRefused::Unknown | ChangeRefused::PasskeyTaken) => {
                    return Err(Refusal::AccountNotFound.into());
                }
                Err(ChangeRefused::Stale | ChangeRefused::LastGlobalAdministrator) => {}
            }
        }
        Err(Failed::Contended.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::PasswordRecord;
    use crate::domain::authority::{Role, RoleSet};
    use crate::testing::{World, refusal, service, signed_in};

    const LATER: u64 = 40 * 86_400;

    async fn expiring() -> World {
        World::with(|policy| policy.password.expiry_days = Some(90)).await
    }

    fn on(world: &World, account: &Account) -> Target {
        Target { tenant_id: world.tenant.id, account_id: account.id, request_id: world.request_id() }
    }

    async fn listed(world: &World, days: u32, asked: &AskedPage) -> Page<ExpiryView> {
        let (by, tenant) = (service(world), world.tenant.id);
        world.administration.list_expiring_passwords(&by, tenant, days, asked).await.unwrap()
    }

    #[tokio::test]
    async fn passwords_are_listed_by_when_they_expire_and_by_the_page() {
        let world = expiring().await;
        for (login, seconds) in [("late", 20), ("early", 10), ("later", 20), ("far", 9 * 86_400)] {
            let counts_from = world.now().plus(Duration::from_secs(seconds));
            let age = |record| PasswordRecord { expiry_counts_from: counts_from, ..record };
            world
                .person_with(login, &[], |account| account.password = account.password.take().map(age))
                .await;
        }
        let two = AskedPage { size: 2, token: None };
        world.pass(80 * 86_400);

        let first = listed(&world, 14, &two).await;
        let second = listed(&world, 14, &AskedPage { size: 2, token: first.next.clone() }).await;
        let other = AskedPage { size: 2, token: first.next };
        let (by, tenant) = (service(&world), world.tenant.id);
        let other = world.administration.list_expiring_passwords(&by, tenant, 15, &other).await;

        let logins: Vec<_> =
            first.items.iter().chain(&second.items).map(|view| view.login.as_str()).collect();
        assert_eq!(logins, ["early", "late", "later"]);
        assert!(second.next.is_none());
        assert_eq!(refusal(other), Refusal::PageTokenInvalid);
        assert_eq!(listed(&world, 30, &two).await.items.len(), 2);
    }

    #[tokio::test]
    async fn the_clock_starts_when_an_exemption_ends() {
        let world = expiring().await;
        let ada = world.person("ada", &[]).await;
        let asked = on(&world, &ada);

        let exempt = world.administration.set_expiry_exemption(&service(&world), asked, true).await.unwrap();
        world.pass(LATER);
        let unlisted = listed(&world, 730, &AskedPage::default()).await.items.len();
        let repeated = world.administration.set_expiry_exemption(&service(&world), asked, true).await;
        let ended =
            world.administration.set_expiry_exemption(&service(&world), on(&world, &ada), false).await;

        assert_eq!((exempt.exempt, exempt.expires_at, unlisted), (true, None, 0));
        let end = world.now().plus(DAY * 90).unix_micros();
        let ended = ended.unwrap();
        assert_eq!((ended.exempt, ended.expires_at), (false, Some(end)));
        assert_eq!(repeated.unwrap(), exempt);
        assert_eq!(listed(&world, 90, &AskedPage::default()).await.items, [ended]);
    }

    #[tokio::test]
    async fn an_exemption_takes_reach_and_a_password() {
        let world = expiring().await;
        let chief = world.administrator("chief", &[]).await;
        let bare = world.person_with("bare", &[], |account| account.password = None).await;
        let helper = RoleSet::of(&[Role::UserAdministrator]);
        let helper = world.person_with("helper", &[], |account| account.roles = helper).await;
        let acting = signed_in(&world, "helper").await;
        let exempt = async |account: &Account| {
            refusal(world.administration.set_expiry_exemption(&acting, on(&world, account), true).await)
        };

        assert!(matches!(exempt(&chief).await, Refusal::AuthorityMissing(_)));
        assert_eq!(exempt(&helper).await, Refusal::NotOnYourself);
        assert_eq!(exempt(&bare).await, Refusal::NoPassword);
    }
}
