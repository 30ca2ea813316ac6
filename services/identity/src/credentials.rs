//! Passwords as they are compared, judged and hashed: what every use case does alike with them, and with codes and passkeys.
//!
//! A comparison costs one hash whatever the account, so nobody learns from its time which logins exist.

mod held_codes;
mod passkeys;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::secret::SecretString;

pub(crate) use held_codes::TypedCode;
pub(crate) use passkeys::SignedByPasskey;

use crate::audit::Audit;
use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::audit::{Actor, EventKind, Outcome, Subject};
use crate::domain::passkey::RelyingParty;
use crate::domain::password::rules::PasswordContext;
use crate::domain::password::{Password, Verdict, evaluate};
use crate::domain::policy::{LockoutRules, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::hashing::{Hasher, NotHashed, Room, Turn};
pub(crate) use crate::hashing::{Reservation, Unreadable as UnreadableHash, Verdict as PasswordVerdict};
use crate::keys::Keys;
use crate::operation::{Error, Failed, Operation};
use crate::policies::TenantPolicy;
use crate::store::Store;
use crate::store::sign_ins::{LoginKey, PasswordAttempt};

/// A password that somebody types for a login.
pub(crate) struct TypedPassword<'a> {
    pub login: LoginKey,
    /// Whose login it is; nobody's where it is unknown.
    pub account: Option<&'a Account>,
    pub password: &'a Password,
}

/// An account whose password may be set now, and what that is judged by.
pub(crate) struct ProvedAccount {
    pub scope: TenantScope,
    pub account: Account,
    pub policy: Policy,
}

impl TypedPassword<'_> {
    /// Whom an event of it is about.
    pub(crate) fn subject(&self) -> Subject {
        self.account.map_or(Subject::UnknownLogin(self.login), |account| Subject::Account(account.id))
    }
}

/// Compares, judges and hashes passwords.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub hasher: Hasher,
    pub entropy: SharedEntropy,
    pub audit: Audit,
    /// Who takes passkeys, where this deployment does.
    pub relying_party: Option<Arc<RelyingParty>>,
    /// How long a hash may take where the call has no deadline.
    pub patience: Duration,
    /// What is left of the time of the call under way; `None` outside a call.
    pub remaining: fn() -> Option<Duration>,
}

impl Credentials {
    /// The turn of a login at the hashing threads: one person gets one at a time.
    pub(crate) async fn turn(&self, login: &LoginKey) -> Result<Turn, NotHashed> {
        self.hasher.turn(*login, self.budget()).await
    }

    /// Refuses what would find no room at the hashing threads now. The first thing that a call which hashes does, so that one too
    /// many costs no store, no throttle and no budget of its person, and, as nobody's account was looked at, no wait for a slot.
    pub(crate) fn check_room(&self) -> Result<(), NotHashed> {
        self.hasher.check_room(self.budget())
    }

    /// Reserves a place before the hashing threads, or refuses what would be refused now.
    pub(crate) fn reserve(&self) -> Result<Reservation, NotHashed> {
        self.hasher.reserve(self.budget())
    }

    /// How an attempt at a password is counted: by its login, and by the place where its login is at home.
    pub(crate) fn attempt(
        &self,
        operation: &Operation<'_>,
        typed: &TypedPassword<'_>,
        rules: &LockoutRules,
    ) -> PasswordAttempt {
        let (context, login) = (operation.origin.context, &typed.login);
        let locked = self.audit.event_of(operation, EventKind::LockedOut);
        // Whoever guesses is not known to be the person, even in their session.
        let locked = locked.by(Actor::Stranger).on_subject(typed.subject());
        PasswordAttempt {
            login: *login,
            place: context.ip.map(|ip| self.keys.place_key(login, ip, context.user_agent_family())),
            fingerprint: self.keys.fingerprint(login, typed.password),
            rules: rules.clone(),
            locked_event: locked.outcome(Outcome::Refused).done(),
        }
    }

    /// One hash, at the place that was reserved for it: a comparison where there is something to compare with, the price of one
    /// where there is not.
    pub(crate) async fn verify(
        &self,
        account: Option<&Account>,
        password: &Password,
        reserved: &Reservation,
    ) -> Result<Option<PasswordVerdict>, Error> {
        let room = Room { within: self.budget(), reserved: Some(reserved) };
        let stored = account.and_then(|account| Some((account, &account.password.as_ref()?.hash)));
        if let Some((account, sealed)) = stored {
            match self.compare(account, sealed, password, room).await {
                Err(Error::Failed(Failed::Hashing(NotHashed::Unreadable(why)))) => {
                    tracing::warn!(error = %why, account_id = %account.id, "a stored hash cannot be verified");
                }
                verdict => return verdict.map(Some),
            }
        }
        self.hasher.decoy(password.secret(), room).await?;
        Ok(None)
    }

    /// The record of a new password that the rules take. A refusal by them is noted as the operation's, without the rule.
    pub(crate) async fn choose(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
        candidate: &Password,
    ) -> Result<PasswordRecord, Error> {
        self.check_rules(operation, account, rules, candidate).await.inspect_err(|error| {
            if matches!(error, Error::Refused(Refusal::PasswordRefused(_))) {
                self.audit.note_refused(operation, "password_refused");
            }
        })?;
        self.record(account, candidate, operation.now).await
    }

    /// Refuses a candidate that breaks the tenant's rules; history, which costs hashes, comes last.
    pub(crate) async fn check_rules(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
        candidate: &Password,
    ) -> Result<(), Error> {
        let TenantPolicy { tenant, policy } = rules;
        let verdict = evaluate(candidate, &policy.password, &PasswordContext::of(account, tenant));
        if !verdict.is_good() {
            return Err(Refusal::PasswordRefused(verdict).into());
        }
        let history = policy.password.history;
        for sealed in self.store.last_passwords(&operation.scope, account.id, history).await? {
            if self.was_it(account, &sealed, candidate).await? {
                return Err(Refusal::PasswordRefused(Verdict::reused()).into());
            }
        }
        Ok(())
    }

    /// Hashes a password and makes its record. An exemption from expiry stays with the account.
    pub(crate) async fn record(
        &self,
        account: &Account,
        password: &Password,
        now: Timestamp,
    ) -> Result<PasswordRecord, Error> {
        let phc = self.hasher.hash(password.secret(), self.budget()).await?;
        Ok(PasswordRecord {
            hash: self.keys.seal_password(&*self.entropy, account.tenant_id, account.id, &phc),
            set_at: now,
            must_change: false,
            temporary_until: None,
            expiry_exempt: account.password.as_ref().is_some_and(|password| password.expiry_exempt),
            expiry_counts_from: now,
        })
    }

    /// The record of a password whose hash another product made, unless no password could be compared with it here.
    pub(crate) fn imported(
        &self,
        account: &Account,
        hash: &SecretString,
        set_at: Timestamp,
    ) -> Result<PasswordRecord, UnreadableHash> {
        self.hasher.accepts(hash)?;
        Ok(PasswordRecord {
            hash: self.keys.seal_password(&*self.entropy, account.tenant_id, account.id, hash),
            set_at,
            must_change: false,
            temporary_until: None,
            expiry_exempt: false,
            expiry_counts_from: set_at,
        })
    }

    /// The hash anew where its cost or its key is of yesterday. Where there is no room to hash now, the next sign-in
    /// will do: nobody is turned away for it.
    pub(crate) async fn renewed(
        &self,
        account: &Account,
        sealed: &Sealed,
        password: &Password,
        verdict: PasswordVerdict,
    ) -> Option<Sealed> {
        let phc = if verdict.outdated {
            self.hasher.hash(password.secret(), self.budget()).await.ok()?
        } else if self.keys.is_current_pepper(sealed) {
            return None;
        } else {
            self.keys.open_password(account.tenant_id, account.id, sealed)?
        };
        Some(self.keys.seal_password(&*self.entropy, account.tenant_id, account.id, &phc))
    }

    /// Whether an old hash is of this password. One that cannot be computed here cannot be compared and is passed
    /// over: refusing every candidate for it would lock the person out.
    async fn was_it(&self, account: &Account, sealed: &Sealed, candidate: &Password) -> Result<bool, Error> {
        match self.compare(account, sealed, candidate, self.budget().into()).await {
            Ok(verdict) => Ok(verdict.matches),
            Err(Error::Failed(Failed::Hashing(NotHashed::Unreadable(_)))) => Ok(false),
            Err(why) => Err(why),
        }
    }

    async fn compare(
        &self,
        account: &Account,
        sealed: &Sealed,
        password: &Password,
        room: Room<'_>,
    ) -> Result<PasswordVerdict, Error> {
        let phc = self.keys.open_password(account.tenant_id, account.id, sealed);
        let phc = phc.ok_or(Failed::Unreadable { what: "a password hash" })?;
        Ok(self.hasher.verify(&phc, password.secret(), room).await?)
    }

    /// How long hashing may take: what is left of the call, as far as hashing's own patience goes.
    fn budget(&self) -> Duration {
        (self.remaining)().unwrap_or(self.patience)
    }
}
