//! The verdict on a candidate for a meter as somebody types. Nothing is kept, and history is never judged: a meter
//! must not tell whether a guess was once the password. The rules know the person's names and addresses, so nobody is told
//! what they say who might not set the password.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::SecretString;
use rekey_sealing::digest;

use super::Passwords;
use crate::credentials::ProvedAccount;
use crate::domain::password::rules::PasswordContext;
use crate::domain::password::{Broken, Password, evaluate};
use crate::domain::policy::PasswordRules;
use crate::domain::refusal::Refusal;
use crate::operation::{Caller, Error, Person};
use crate::store::accounts::AccountKey;

/// A candidate.
#[derive(Debug)]
pub(crate) struct EvaluatePassword {
    pub candidate: SecretString,
    pub by: PasswordRight,
}

/// By what somebody may set the password.
#[derive(Debug)]
pub(crate) enum PasswordRight {
    Session(Person),
    /// A fully proved reset.
    Reset(SecretString),
    /// A challenge that asks for a new password.
    Challenge(SecretString),
    /// A one-time link.
    Link(SecretString),
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evaluated {
    /// True when no rule refuses it.
    pub acceptable: bool,
    /// Every rule in force, in the order in which a person would mend them.
    pub rules: Vec<RuleVerdict>,
}

/// What one rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleVerdict {
    /// The published name of the rule.
    pub rule: &'static str,
    /// Whether the candidate keeps it.
    pub passed: bool,
    /// The number that the rule is about; 0 for a rule without one.
    pub bound: u32,
}

impl Passwords {
    /// Judges a candidate by everything but history.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn evaluate(
        &self,
        caller: &Caller,
        request: &EvaluatePassword,
    ) -> Result<Evaluated, Error> {
        let now = self.clock.now();
        let ProvedAccount { scope, account, policy } = match &request.by {
            PasswordRight::Session(person) => self.of_person(caller, person, now).await?,
            PasswordRight::Reset(shown) => self.resets.proved_account(caller, shown, now).await?,
            PasswordRight::Challenge(shown) => self.sign_ins.account_of_challenge(caller, shown, now).await?,
            PasswordRight::Link(shown) => self.resets.account_of_link(caller, shown, now).await?,
        };
        let tenant = self.policies.tenant(&scope).await?;
        let candidate = Password::typed(&request.candidate);
        let verdict = evaluate(&candidate, &policy.password, &PasswordContext::of(&account, &tenant));
        let broken: Vec<_> = verdict.broken.iter().map(|broken| broken.as_str()).collect();
        let rules = in_force(&policy.password)
            .into_iter()
            .map(|rule| RuleVerdict {
                rule: rule.as_str(),
                passed: !broken.contains(&rule.as_str()),
                bound: rule.bound(),
            })
            .collect();
        Ok(Evaluated { acceptable: verdict.is_good(), rules })
    }

    async fn of_person(
        &self,
        caller: &Caller,
        person: &Person,
        now: Timestamp,
    ) -> Result<ProvedAccount, Error> {
        let scope = caller.scope(person.tenant_id)?;
        let session = digest(&[b"session", person.session_id.as_uuid().as_bytes()]);
        self.limits.consume_evaluation(&session, now).await?;
        let account = self.store.find_account(&scope, &AccountKey::Id(person.account_id)).await?;
        let account = account.ok_or(Refusal::AccountNotFound)?;
        let policy = self.policies.policy(&scope).await?;
        Ok(ProvedAccount { scope, account, policy })
    }
}

/// The rules in force for a tenant. Two are the tenant's to turn on.
fn in_force(rules: &PasswordRules) -> Vec<Broken> {
    let all = [
        (true, Broken::MinimumLength { minimum: rules.minimum_length }),
        (true, Broken::MaximumLength { maximum: rules.maximum_length }),
        (rules.require_three_classes, Broken::CharacterClasses),
        (true, Broken::Common),
        (!rules.banned_terms.is_empty(), Broken::BannedTerm),
        (true, Broken::Personal),
        (true, Broken::Organisation),
        (true, Broken::TooSimple { points: 0, needed: rules.minimum_points }),
    ];
    all.into_iter().filter(|(in_force, _)| *in_force).map(|(_, rule)| rule).collect()
}
