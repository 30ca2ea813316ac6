//! Throttles of what strangers ask: whose budgets a call spends, and what it means when one is empty.
//!
//! Keys are hashed where they would name a person. Resets fail closed: without throttles there is no reset. Sign-in
//! goes on with a share per process, since lockout is in the store and holds by itself.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_throttle::{Budget, Outcome};

use super::{Caller, Context, Error, Identity};
use crate::domain::refusal::Refusal;
use crate::store::sign_ins::{LoginKey, PlaceKey};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Identity {
    /// Spends what a start costs its network, or its caller where no address is known.
    pub(crate) async fn spend_start_of_network(
        &self,
        caller: &Caller,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Error> {
        let limits = &self.settings.limits;
        let (per_network, per_caller) =
            (limits.starts_per_network_per_minute, limits.starts_per_caller_per_minute);
        let budget = by_place("starts", caller, context, (per_network, per_caller), MINUTE);
        spent(self.throttle.consume(&[budget], 1, now).await?)
    }

    /// Spends what a start costs its login; a familiar place has a budget of its own, which strangers cannot spend.
    pub(crate) async fn spend_start_of_login(
        &self,
        tenant_id: TenantId,
        login: &LoginKey,
        familiar_place: Option<&PlaceKey>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let whose = familiar_place.unwrap_or(login);
        let budget = Budget {
            key: format!("{{{tenant_id}}}/starts/{}", short(whose)),
            limit: self.settings.limits.starts_per_login_per_hour,
            window: HOUR,
        };
        spent(self.throttle.consume(&[budget], 1, now).await?)
    }

    /// Spends what a help request costs its network.
    pub(crate) async fn spend_help(
        &self,
        caller: &Caller,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Error> {
        let per_network = self.settings.limits.help_per_network_per_hour;
        let per_caller = per_network.saturating_mul(50);
        let budget = by_place("help", caller, context, (per_network, per_caller), HOUR);
        spent(self.throttle.consume(&[budget], 1, now).await?)
    }

    /// Spends what a sign-in costs its network, or its caller.
    pub(crate) async fn spend_sign_in(
        &self,
        caller: &Caller,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Error> {
        let limits = &self.settings.limits;
        let allowed = (limits.sign_ins_per_network_per_minute, limits.sign_ins_per_caller_per_minute);
        let budget = by_place("sign_ins", caller, context, allowed, MINUTE);
        spent(self.lenient_throttle.consume(&[budget], 1, now).await?)
    }

    /// Notes which login is tried from a network; true when this one makes it look like stuffing.
    pub(crate) async fn looks_like_stuffing(
        &self,
        context: &Context,
        login: &LoginKey,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(network) = context.network() else { return Ok(false) };
        let key = format!("stuffing/{network}");
        let distinct = self.lenient_throttle.count_distinct(&key, login, MINUTE, now).await?;
        Ok(distinct >= self.settings.limits.stuffing_logins_per_minute)
    }

    /// Spends what judging a candidate costs whoever types it.
    pub(crate) async fn spend_evaluation(&self, whose: &[u8], now: Timestamp) -> Result<(), Error> {
        let budget = Budget {
            key: format!("evaluations/{}", short(whose)),
            limit: self.settings.limits.evaluations_per_minute,
            window: MINUTE,
        };
        spent(self.lenient_throttle.consume(&[budget], 1, now).await?)
    }
}

/// The budget of a network, or the larger one that all people of a caller share.
fn by_place(
    what: &str,
    caller: &Caller,
    context: &Context,
    (per_network, per_caller): (u64, u64),
    window: Duration,
) -> Budget {
    match context.network() {
        Some(network) => Budget { key: format!("{what}/network/{network}"), limit: per_network, window },
        None => Budget { key: format!("{what}/caller/{}", caller.name()), limit: per_caller, window },
    }
}

fn spent(outcome: Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Consumed => Ok(()),
        Outcome::Exhausted { retry_after, .. } => Err(Refusal::Throttled { retry_after }.into()),
    }
}

/// 16 bytes of a keyed hash tell keys apart.
fn short(hash: &[u8]) -> String {
    hex::encode(hash.get(..16).unwrap_or(hash))
}
