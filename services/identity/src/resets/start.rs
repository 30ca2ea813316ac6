//! Opening a reset for what somebody typed, known or not.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::uuid_v4;
use rekey_primitives::id::{ResetId, TenantId};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

use super::{Resets, subject_of};
use crate::domain::account::{CredentialEpoch, RecoveryVersion};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::eligibility::JudgedAccount;
use crate::domain::passkey::options;
use crate::domain::policy::{MethodHints, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::reset::offer::{self, OfferBasis};
use crate::domain::reset::proofs::Proofs;
use crate::domain::reset::shares::Shares;
use crate::domain::reset::{Position, ResetState};
use crate::keys::TypedLogin;
use crate::operation::{Caller, Context, Error, Operation, Origin, Rpc};
use crate::store::resets::NOBODY;
use crate::store::sign_ins::LoginLookup;

const RPC: Rpc = Rpc { name: "StartPasswordReset", event: EventKind::ResetStarted };

/// Who wants back in.
pub(crate) struct StartReset {
    pub tenant_id: TenantId,
    /// What the person types at sign-in.
    pub login: String,
    pub context: Context,
}

/// An open reset.
#[derive(Debug)]
pub(crate) struct StartedReset {
    /// Carries the reset; always of one size.
    pub reset_token: SecretString,
    pub methods: Vec<OfferedMethod>,
    /// The tenant's number for everybody.
    pub proofs_required: u8,
    pub expires_at: Timestamp,
}

/// One method on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferedMethod {
    /// Its position.
    pub method_id: String,
    pub kind: MethodKind,
    /// The address, masked; empty where kinds are offered.
    pub masked_destination: String,
    /// What a passkey is asked with: no passkey is named, whoever has one.
    pub passkey_options: Option<String>,
}

/// What a new reset is made of.
struct Start<'a> {
    operation: &'a Operation<'a>,
    typed: &'a TypedLogin,
    from: AttemptOrigin,
    known: &'a LoginLookup,
    judged: Option<&'a JudgedAccount>,
    policy: &'a Policy,
    /// What decoys are drawn from, where there are any.
    shares: Option<&'a Shares>,
}

impl Resets {
    /// Opens a reset. The answer leaves in even time.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn start(&self, caller: &Caller, request: &StartReset) -> Result<StartedReset, Error> {
        self.timing.even(self.started(caller, request)).await
    }

    async fn started(&self, caller: &Caller, request: &StartReset) -> Result<StartedReset, Error> {
        let scope = caller.scope(request.tenant_id)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now());
        self.limits.consume_start_of_network(&operation).await?;
        let typed = TypedLogin::read(&request.login);
        let known = self.store.find_login(&scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let from = self.consume_login(&operation, &typed, &known).await?;
        let policy = self.policies.carried_out(known.policy.policy.clone());
        let judged = match known.account.clone() {
            Some(account) => Some(self.judge_account(&scope, account, &policy, operation.now).await?),
            None => {
                // The same reads, so that the work behind the answer is that of a known login.
                self.store.eligibility_facts(&scope, NOBODY).await?;
                None
            }
        };
        let judged = judged.as_ref();
        let shares = match policy.reset.method_hints {
            MethodHints::Kinds => None,
            MethodHints::Masked => Some(self.shares.of(&scope, &policy, operation.now).await?),
        };
        let start = Start {
            operation: &operation,
            typed: &typed,
            from,
            known: &known,
            judged,
            policy: &policy,
            shares: shares.as_deref().map(|stored| &stored.shares),
        };
        let state = self.new_reset(&start);
        self.note_start(&state, &start);
        if let Some(reason) = judged.and_then(|judged| judged.judgement.reasons.first())
            && policy.reset.reveal_eligibility
        {
            return Err(Refusal::ResetNotPossible(*reason).into());
        }
        Ok(StartedReset {
            reset_token: self.tokens.seal_reset(&state),
            methods: self.offered_methods(&state, judged),
            proofs_required: policy.reset.proofs_required,
            expires_at: state.expires_at,
        })
    }

    /// A login has a budget that strangers can consume, and one for each place its person signed in from before. What
    /// strangers see goes by what they typed: one budget for all logins of an account would tell who has which. Tells
    /// which of the two kinds of place it is.
    async fn consume_login(
        &self,
        operation: &Operation<'_>,
        typed: &TypedLogin,
        known: &LoginLookup,
    ) -> Result<AttemptOrigin, Error> {
        let (scope, context) = (&operation.scope, operation.origin.context);
        let owner = self.keys.login_key(scope.tenant_id(), typed.name(known.account.as_ref()));
        let place = context.ip.map(|ip| self.keys.place_key(&owner, ip, context.user_agent_family()));
        let familiar = match place {
            Some(place) => self.store.is_familiar(scope, &owner, &place).await?.then_some(place),
            None => None,
        };
        let login = self.keys.login_key(scope.tenant_id(), typed.name(None));
        self.limits.consume_start_of_login(operation, &login, familiar.as_ref()).await?;
        Ok(if familiar.is_some() { AttemptOrigin::FamiliarPlace } else { AttemptOrigin::Anywhere })
    }

    fn new_reset(&self, start: &Start<'_>) -> ResetState {
        let Start { operation, typed, known, policy, .. } = *start;
        let seed = self.keys.seed(known.tenant.id, typed.name(known.account.as_ref()));
        let login = typed.or_stand_in();
        let nothing = Shares::default();
        let shares = start.shares.unwrap_or(&nothing);
        let basis = OfferBasis { seed: &seed, login: &login, tenant: &known.tenant, policy, shares };
        let account = start.judged.map(|judged| &judged.account);
        ResetState {
            reset_id: ResetId::from_uuid(uuid_v4(&*self.entropy)),
            caller: operation.origin.caller.hash(),
            tenant_id: known.tenant.id,
            account_id: account.map(|account| account.id),
            from: start.from,
            is_silent: start.judged.is_none_or(|judged| !judged.judgement.is_eligible()),
            epoch: account.map_or(CredentialEpoch::FIRST, |account| account.epoch),
            recovery_version: account.map_or(RecoveryVersion::FIRST, |account| account.recovery_version),
            seed,
            offer: start.judged.map_or_else(|| basis.for_nobody(), |judged| basis.for_account(judged)),
            proofs_required: policy.reset.proofs_required,
            proofs: Proofs::default(),
            ip_address: operation.origin.context.ip,
            locale: operation.origin.context.locale.clone(),
            started_at: operation.now,
            expires_at: operation.now.plus(policy.reset.life()),
        }
    }

    fn offered_methods(&self, state: &ResetState, judged: Option<&JudgedAccount>) -> Vec<OfferedMethod> {
        let held = judged.map_or(&[][..], |judged| &judged.account.security_info);
        let offered = state.offer.iter().map(|(position, offered)| OfferedMethod {
            method_id: position.to_method_id(),
            kind: offered.kind,
            masked_destination: offer::mask(offered, held, &state.seed),
            passkey_options: self.passkey_options(state, position, offered.kind),
        });
        offered.collect()
    }

    fn passkey_options(&self, state: &ResetState, position: Position, kind: MethodKind) -> Option<String> {
        let relying_party = self.credentials.relying_party().ok().filter(|_| kind == MethodKind::Passkey)?;
        let challenge = self.keys.reset_challenge(state.reset_id, position);
        let life = state.expires_at.since(state.started_at);
        Some(options::request(relying_party, &challenge, life, &[]))
    }

    /// The true reason goes to the log, whatever the answer says.
    fn note_start(&self, state: &ResetState, start: &Start<'_>) {
        let reason = match start.judged {
            None => Some("unknown_login"),
            Some(judged) => judged.judgement.reasons.first().map(|reason| reason.as_str()),
        };
        let event = self.audit.event(start.operation).on_subject(subject_of(state));
        self.audit.note(match reason {
            Some(reason) => event.refused(reason),
            None => event,
        });
    }
}
