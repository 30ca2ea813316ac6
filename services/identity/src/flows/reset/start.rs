//! Opening a reset for what somebody typed, known or not.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::uuid_v4;
use rekey_primitives::id::{ResetId, TenantId};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

use super::{Judged, caller_hash, carried_out};
use crate::domain::account::{CredentialEpoch, RecoveryVersion};
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::ResetState;
use crate::domain::reset::offer::{self, Offer};
use crate::domain::reset::proofs::Proofs;
use crate::domain::scope::TenantScope;
use crate::domain::tries::TriedFrom;
use crate::flows::keys::TypedLogin;
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::resets::NOBODY;
use crate::store::sign_ins::Known;

/// Who wants back in.
pub(crate) struct StartReset {
    /// The tenant.
    pub tenant_id: TenantId,
    /// What the person types at sign-in.
    pub login: String,
    /// Where they are.
    pub context: Context,
}

/// An open reset.
#[derive(Debug)]
pub(crate) struct StartedReset {
    /// Carries the reset; always of one size.
    pub reset_token: SecretString,
    /// The methods on offer.
    pub methods: Vec<OfferedMethod>,
    /// The tenant's number for everybody.
    pub proofs_required: u8,
    /// When the reset dies.
    pub expires_at: Timestamp,
}

/// One method on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferedMethod {
    /// Its position.
    pub method_id: String,
    /// What it is.
    pub kind: MethodKind,
    /// The address, masked.
    pub masked_destination: String,
}

impl Identity {
    /// Opens a reset. Answers on the grid.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn start_reset(
        &self,
        caller: &Caller,
        request: &StartReset,
    ) -> Result<StartedReset, Error> {
        self.on_grid(self.start(caller, request)).await
    }

    async fn start(&self, caller: &Caller, request: &StartReset) -> Result<StartedReset, Error> {
        let now = self.now();
        let scope = caller.scope(request.tenant_id)?;
        self.spend_start_of_network(caller, &request.context, now)
            .await
            .inspect_err(|error| self.note_limit(error, &scope, (caller, &request.context), now))?;
        let typed = TypedLogin::read(&request.login);
        let known = self.store.find_login(&scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let from = self
            .spend_login(&scope, &typed, &known, &request.context, now)
            .await
            .inspect_err(|error| self.note_limit(error, &scope, (caller, &request.context), now))?;
        let policy = carried_out(known.policy.policy.clone());
        let judged = match known.account.clone() {
            Some(account) => {
                let judgement = self.judge_account(&scope, &account, &policy, now).await?;
                Some(Judged { account, judgement })
            }
            None => {
                // The same reads, so that the work behind the grid is that of a known login.
                self.store.standing(&scope, NOBODY).await?;
                None
            }
        };
        let state = self.new_reset((&typed, from), &known, judged.as_ref(), &policy, (caller, request), now);
        self.note_start(&state, judged.as_ref(), (caller, &request.context), now);
        if let Some(reason) = judged.as_ref().and_then(|judged| judged.judgement.reasons.first())
            && policy.reset.reveal_eligibility
        {
            return Err(Refusal::ResetNotPossible(*reason).into());
        }
        Ok(StartedReset {
            reset_token: self.keys.seal_reset(&*self.entropy, &state),
            methods: shown(&state, judged.as_ref()),
            proofs_required: policy.reset.proofs_required,
            expires_at: state.expires_at,
        })
    }

    /// A login has a budget that strangers can spend, and one for each place its person signed in from before. What
    /// strangers see goes by what they typed: one budget for all logins of an account would tell who has which. Tells
    /// which of the two kinds of place it is.
    async fn spend_login(
        &self,
        scope: &TenantScope,
        typed: &TypedLogin,
        known: &Known,
        context: &Context,
        now: Timestamp,
    ) -> Result<TriedFrom, Error> {
        let owner = self.keys.login_key(scope.tenant_id(), typed.name(known.account.as_ref()));
        let place = context.ip.map(|ip| self.keys.place_key(&owner, ip, context.user_agent_family()));
        let familiar = match place {
            Some(place) => self.store.is_familiar(scope, &owner, &place).await?.then_some(place),
            None => None,
        };
        let login = self.keys.login_key(scope.tenant_id(), typed.name(None));
        self.spend_start_of_login(scope.tenant_id(), &login, familiar.as_ref(), now).await?;
        Ok(if familiar.is_some() { TriedFrom::FamiliarPlace } else { TriedFrom::Anywhere })
    }

    fn new_reset(
        &self,
        (typed, from): (&TypedLogin, TriedFrom),
        known: &Known,
        judged: Option<&Judged>,
        policy: &Policy,
        (caller, request): (&Caller, &StartReset),
        now: Timestamp,
    ) -> ResetState {
        let seed = self.keys.seed(known.tenant.id, typed.name(known.account.as_ref()));
        let login = typed.or_stand_in();
        let account = judged.map(|judged| &judged.account);
        ResetState {
            reset_id: ResetId::from_uuid(uuid_v4(&*self.entropy)),
            caller: caller_hash(caller),
            tenant_id: known.tenant.id,
            account_id: account.map(|account| account.id),
            from,
            is_silent: judged.is_none_or(|judged| !judged.judgement.is_eligible()),
            epoch: account.map_or(CredentialEpoch::FIRST, |account| account.epoch),
            recovery_version: account.map_or(RecoveryVersion::FIRST, |account| account.recovery_version),
            seed,
            offer: offer_of(judged, &seed, &login, known, policy),
            proofs: Proofs::default(),
            ip_address: request.context.ip,
            locale: request.context.locale.clone(),
            started_at: now,
            expires_at: now.plus(policy.reset.life()),
        }
    }

    /// The true reason goes to the log, whatever the answer says.
    fn note_start(
        &self,
        state: &ResetState,
        judged: Option<&Judged>,
        who: (&Caller, &Context),
        now: Timestamp,
    ) {
        let reason = match judged {
            None => Some("unknown_login"),
            Some(judged) => judged.judgement.reasons.first().map(|reason| reason.as_str()),
        };
        let outcome = if reason.is_some() { Outcome::Refused } else { Outcome::Success };
        let event = self.reset_event(EventKind::ResetStarted, outcome, state, who, now);
        let event = reason.into_iter().fold(event, |event, reason| event.because(reason));
        self.audit.push(event.done());
    }

    /// Notes that a limit of strangers was reached, if that is what happened.
    pub(crate) fn note_limit(
        &self,
        error: &Error,
        scope: &TenantScope,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) {
        if matches!(error, Error::Refused(_)) {
            let event = self.event(scope.tenant_id(), EventKind::LimitReached, Outcome::Refused, now);
            self.audit.push(event.from(context).through(caller).because("throttled").done());
        }
    }
}

fn offer_of(
    judged: Option<&Judged>,
    seed: &offer::Seed,
    login: &rekey_primitives::login::Login,
    known: &Known,
    policy: &Policy,
) -> Offer {
    match judged {
        Some(Judged { account, judgement }) => {
            offer::for_account(account, judgement, seed, login, &known.tenant, policy)
        }
        None => offer::for_nobody(seed, login, &known.tenant, policy),
    }
}

fn shown(state: &ResetState, judged: Option<&Judged>) -> Vec<OfferedMethod> {
    let held = judged.map_or(&[][..], |judged| &judged.account.security_info);
    state
        .offer
        .iter()
        .map(|(position, offered)| OfferedMethod {
            method_id: position.to_method_id(),
            kind: offered.kind,
            masked_destination: offer::destination(offered, held, &state.seed)
                .map(|destination| destination.masked())
                .unwrap_or_default(),
        })
        .collect()
}
