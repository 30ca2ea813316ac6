//! Limits of what strangers ask: whose budgets a call consumes, and what it means when one is empty.
//!
//! Keys are hashed where they would name a person. Resets fail closed: without throttles there is no reset. Sign-in
//! goes on with a share per process, since lockout is in the store and holds by itself. Whoever reaches a limit is in the log.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_throttle::{Budget, Outcome, Throttle};

use crate::audit::Audit;
use crate::config;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::spraying::{self, StrangeLogins};
use crate::metrics;
use crate::operation::{Error, Operation};
use crate::store::sign_ins::{LoginKey, PlaceKey};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How many help requests a caller without addresses may make for one of a network.
const NETWORKS_OF_A_CALLER: u64 = 50;

/// Consumes budgets.
#[derive(Clone)]
pub(crate) struct Limits {
    /// Fails closed.
    pub strict: Arc<dyn Throttle>,
    /// Goes on with this process's share.
    pub lenient: Arc<dyn Throttle>,
    pub settings: config::Limits,
    pub audit: Audit,
}

/// What a network may do in a window, and all people of a caller that names no address.
struct PlaceLimit {
    per_network: u64,
    per_caller: u64,
    window: Duration,
}

impl Limits {
    /// Consumes what a start costs its network, or its caller where no address is known.
    pub(crate) async fn consume_start_of_network(&self, operation: &Operation<'_>) -> Result<(), Error> {
        let limit = PlaceLimit {
            per_network: self.settings.starts_per_network_per_minute,
            per_caller: self.settings.starts_per_caller_per_minute,
            window: MINUTE,
        };
        self.consume(&*self.strict, &[limit.budget("starts", operation)], operation).await
    }

    /// Consumes what a start costs its login; a familiar place has a budget of its own, which strangers cannot consume.
    pub(crate) async fn consume_start_of_login(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
        familiar_place: Option<&PlaceKey>,
    ) -> Result<(), Error> {
        let whose = familiar_place.unwrap_or(login);
        self.consume(&*self.strict, &[self.starts_of_login(operation, whose)], operation).await
    }

    /// Whether a reset of the login would be refused elsewhere than at a familiar place; `None` while the throttle is away.
    /// Looks by taking one and giving it back.
    pub(crate) async fn is_start_throttled(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
    ) -> Option<bool> {
        let budget = [self.starts_of_login(operation, login)];
        match self.strict.consume(&budget, 1, operation.now).await {
            Ok(Outcome::Exhausted { .. }) => Some(true),
            Ok(Outcome::Consumed) => self.strict.refund(&budget, 1, operation.now).await.ok().map(|()| false),
            Err(_) => None,
        }
    }

    fn starts_of_login(&self, operation: &Operation<'_>, whose: &[u8]) -> Budget {
        Budget {
            key: format!("{{{}}}/starts/{}", operation.scope.tenant_id(), short(whose)),
            limit: self.settings.starts_per_login_per_hour,
            window: HOUR,
        }
    }

    /// Consumes what a help request costs its network.
    pub(crate) async fn consume_help(&self, operation: &Operation<'_>) -> Result<(), Error> {
        let per_network = self.settings.help_per_network_per_hour;
        let per_caller = per_network.saturating_mul(NETWORKS_OF_A_CALLER);
        let limit = PlaceLimit { per_network, per_caller, window: HOUR };
        self.consume(&*self.strict, &[limit.budget("help", operation)], operation).await
    }

    /// Consumes what trying or setting a password costs its network, or its caller, and the login there. Asked before anything
    /// is hashed, and behind the login's turn, so that a repeat finds the answer of the call that it repeats. A login has a budget at each place, so that strangers elsewhere cannot consume its person's.
    pub(crate) async fn consume_hash(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
    ) -> Result<(), Error> {
        let of_login = Budget {
            key: format!("passwords/{}/{}", short(login), place(operation)),
            limit: self.settings.passwords_per_login_per_minute,
            window: MINUTE,
        };
        self.consume(&*self.lenient, &[self.hashes_of_place(operation), of_login], operation).await
    }

    /// Consumes what the first password of a new account costs the network, or the caller. Its login is nobody's yet.
    pub(crate) async fn consume_first_hash(&self, operation: &Operation<'_>) -> Result<(), Error> {
        self.consume(&*self.lenient, &[self.hashes_of_place(operation)], operation).await
    }

    /// Consumes what signing in with a passkey costs its network, or its caller: as a password does, though nothing is hashed.
    pub(crate) async fn consume_passkey_sign_in(&self, operation: &Operation<'_>) -> Result<(), Error> {
        self.consume(&*self.lenient, &[self.hashes_of_place(operation)], operation).await
    }

    /// Counts which login is tried from a network, and notes when this one makes it look like stuffing. The throttle of
    /// the network is what stops them.
    pub(crate) async fn watch_for_stuffing(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
    ) -> Result<(), Error> {
        let Some(network) = operation.origin.context.network() else { return Ok(()) };
        let key = format!("stuffing/{network}");
        let distinct = self.lenient.count_distinct(&key, login, MINUTE, operation.now).await?;
        if distinct >= self.settings.stuffing_logins_per_minute {
            self.note(operation, EventKind::StuffingSuspected, "many_logins");
        }
        Ok(())
    }

    /// Counts a login that failed at a place it is not known at, and notes when the tenant's look sprayed.
    pub(crate) async fn watch_for_spraying(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
    ) -> Result<(), Error> {
        let [failed, right] = spraying_keys(operation);
        let failed = self.lenient.count_distinct(&failed, login, spraying::WINDOW, operation.now).await?;
        if failed < self.settings.spraying_logins {
            return Ok(());
        }
        let right = self.lenient.distinct(&right, spraying::WINDOW, operation.now).await?;
        if (StrangeLogins { failed, right }).look_sprayed(self.settings.spraying_logins) {
            self.note(operation, EventKind::SprayingSuspected, "many_logins");
        }
        Ok(())
    }

    /// Counts a login whose password was right at a place it is not known at; true while the tenant's look sprayed, so that
    /// it may be the guess that fits.
    pub(crate) async fn is_sprayed(
        &self,
        operation: &Operation<'_>,
        login: &LoginKey,
    ) -> Result<bool, Error> {
        let [failed, right] = spraying_keys(operation);
        let right = self.lenient.count_distinct(&right, login, spraying::WINDOW, operation.now).await?;
        let failed = self.lenient.distinct(&failed, spraying::WINDOW, operation.now).await?;
        Ok(StrangeLogins { failed, right }.look_sprayed(self.settings.spraying_logins))
    }

    /// Consumes what judging a candidate costs whoever types it.
    pub(crate) async fn consume_evaluation(&self, whose: &[u8], now: Timestamp) -> Result<(), Error> {
        let budget = Budget {
            key: format!("evaluations/{}", short(whose)),
            limit: self.settings.evaluations_per_minute,
            window: MINUTE,
        };
        let outcome = self.lenient.consume(&[budget], 1, now).await?;
        if let Outcome::Exhausted { .. } = outcome {
            metrics::LIMITS.add(1, ["evaluations"]);
        }
        judged(outcome)
    }

    fn hashes_of_place(&self, operation: &Operation<'_>) -> Budget {
        let limit = PlaceLimit {
            per_network: self.settings.sign_ins_per_network_per_minute,
            per_caller: self.settings.sign_ins_per_caller_per_minute,
            window: MINUTE,
        };
        limit.budget("sign_ins", operation)
    }

    async fn consume(
        &self,
        throttle: &dyn Throttle,
        budgets: &[Budget],
        operation: &Operation<'_>,
    ) -> Result<(), Error> {
        let outcome = throttle.consume(budgets, 1, operation.now).await?;
        if let Outcome::Exhausted { index, .. } = outcome {
            metrics::LIMITS.add(1, [budgets.get(index).map_or("other", limit_of)]);
            self.note(operation, EventKind::LimitReached, "throttled");
        }
        judged(outcome)
    }

    /// Notes what a stranger did who is not known yet.
    fn note(&self, operation: &Operation<'_>, kind: EventKind, reason: &'static str) {
        let event = self.audit.event_of(operation, kind).by(Actor::Stranger).on_subject(Subject::Tenant);
        self.audit.note(event.refused(reason));
    }
}

impl PlaceLimit {
    fn budget(self, what: &str, operation: &Operation<'_>) -> Budget {
        let has_network = operation.origin.context.network().is_some();
        let limit = if has_network { self.per_network } else { self.per_caller };
        Budget { key: format!("{what}/{}", place(operation)), limit, window: self.window }
    }
}

/// Under which keys the failing logins of a tenant are counted, and those that get in.
fn spraying_keys(operation: &Operation<'_>) -> [String; 2] {
    let tenant_id = operation.scope.tenant_id();
    ["failed", "right"].map(|how| format!("{{{tenant_id}}}/spraying/{how}"))
}

/// Where a call comes from: the person's network, or the backend in this tenant where no address is known, so that no backend
/// and no tenant consumes what is another's.
fn place(operation: &Operation<'_>) -> String {
    match operation.origin.context.network() {
        Some(network) => format!("network/{network}"),
        None => format!("caller/{}/{}", operation.scope.tenant_id(), operation.origin.caller.name()),
    }
}

/// What a budget limits, by the name of its key.
fn limit_of(budget: &Budget) -> &'static str {
    match budget.key.split_once('/') {
        Some(("starts", _)) => "starts",
        Some(("help", _)) => "help",
        Some(("sign_ins", _)) => "sign_ins",
        Some(("passwords", _)) => "passwords_of_login",
        // The tenant stands first.
        Some((_, rest)) if rest.starts_with("starts/") => "starts_of_login",
        _ => "other",
    }
}

fn judged(outcome: Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Consumed => Ok(()),
        Outcome::Exhausted { retry_after, .. } => Err(Refusal::Throttled { retry_after }.into()),
    }
}

/// 16 bytes of a keyed hash tell keys apart.
fn short(hash: &[u8]) -> String {
    hex::encode(hash.get(..16).unwrap_or(hash))
}

#[cfg(test)]
mod tests;
