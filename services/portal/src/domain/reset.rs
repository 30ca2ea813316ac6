//! A reset between two of its pages: what is offered, what was proved, and when its page has something new to say.

use std::fmt;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};

use super::code_times::{CodeTimes, time_until_first};

/// What a way to prove oneself is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MethodKind {
    Email,
    Phone,
    Authenticator,
    RecoveryCode,
    /// Works only in browsers that know passkeys, and with scripts.
    Passkey,
}

impl MethodKind {
    /// Whether a code is sent, instead of being at hand already.
    pub(crate) const fn is_sent(self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }
}

/// One way to prove oneself in a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfferedMethod {
    pub(crate) id: String,
    pub(crate) kind: MethodKind,
    /// Empty where the tenant offers kinds alone.
    pub(crate) masked: String,
    /// What browsers ask a passkey with, as JSON; empty for other kinds.
    pub(crate) passkey_options: String,
    pub(crate) is_proved: bool,
}

/// A code that is to be typed, or a passkey that is to be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentCode {
    pub(crate) method_id: String,
    pub(crate) times: CodeTimes,
}

/// A reset between two of its pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResetProgress {
    pub(crate) tenant: TenantId,
    /// For the browser's password manager, and for a request to administrators.
    pub(crate) login: String,
    /// Carries the reset from call to call: a secret.
    pub(crate) token: String,
    pub(crate) methods: Vec<OfferedMethod>,
    pub(crate) proofs_remaining: u32,
    pub(crate) expires_at: Timestamp,
    pub(crate) sent: Option<SentCode>,
}

impl ResetProgress {
    pub(crate) fn method(&self, id: &str) -> Option<&OfferedMethod> {
        self.methods.iter().find(|method| method.id == id)
    }

    /// What can still be proved.
    pub(crate) fn open_methods(&self) -> impl Iterator<Item = &OfferedMethod> {
        self.methods.iter().filter(|method| !method.is_proved)
    }

    /// Whether something was proved already.
    pub(crate) fn has_proof(&self) -> bool {
        self.methods.iter().any(|method| method.is_proved)
    }

    /// Whether the new password may be set.
    pub(crate) fn is_proved(&self) -> bool {
        self.proofs_remaining == 0
    }

    /// The method that a code is typed for.
    pub(crate) fn current_method(&self) -> Option<(&OfferedMethod, &SentCode)> {
        let sent = self.sent.as_ref()?;
        Some((self.method(&sent.method_id)?, sent))
    }

    /// Without passkeys, for a browser that could not keep what they are asked with.
    #[must_use]
    pub(crate) fn without_passkeys(mut self) -> Self {
        self.methods.retain(|method| method.kind != MethodKind::Passkey);
        self
    }

    /// After a code was sent, or one at hand was chosen.
    #[must_use]
    pub(crate) fn with_sent_code(self, sent: SentCode) -> Self {
        Self { sent: Some(sent), ..self }
    }

    /// After another code was refused until then; never, where it is none.
    #[must_use]
    pub(crate) fn with_resend_at(self, resend_at: Option<Timestamp>) -> Self {
        let sent = self.sent.map(|sent| SentCode { times: CodeTimes { resend_at, ..sent.times }, ..sent });
        Self { sent, ..self }
    }

    /// After a code was judged: the token goes on, and what was proved is not offered again.
    #[must_use]
    pub(crate) fn with_proof_result(self, token: String, proofs_remaining: u32, is_accepted: bool) -> Self {
        if !is_accepted {
            return Self { token, ..self };
        }
        let proved = self.sent.as_ref().map(|sent| sent.method_id.clone());
        let methods = self.methods.into_iter().map(|method| OfferedMethod {
            is_proved: method.is_proved || proved.as_deref() == Some(&*method.id),
            ..method
        });
        Self { token, proofs_remaining, methods: methods.collect(), sent: None, ..self }
    }

    /// How long until the page of the code has something new to say without being asked: help, another send, what is left of the code, or
    /// that the reset is over.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Duration> {
        let sent = self.current_method().filter(|(method, _)| method.kind.is_sent()).map(|(_, sent)| sent);
        let moments = sent.into_iter().flat_map(|sent| sent.times.moments(now));
        time_until_first(moments.chain([self.expires_at]), now)
    }
}

impl fmt::Debug for ResetProgress {
    /// Neither the token nor who it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ResetProgress");
        shown.field("tenant", &self.tenant).field("proofs_remaining", &self.proofs_remaining);
        shown.field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn asking(kind: MethodKind) -> ResetProgress {
        let method = |id: &str, kind| OfferedMethod {
            id: id.to_owned(),
            kind,
            masked: String::new(),
            passkey_options: String::new(),
            is_proved: false,
        };
        let reset = ResetProgress {
            tenant: TenantId::parse("0190c3a5-7e1c-7b2a-9f00-0123456789ab").unwrap(),
            login: "zoe".to_owned(),
            token: "first".to_owned(),
            methods: vec![method("1", kind), method("2", MethodKind::RecoveryCode)],
            proofs_remaining: 2,
            expires_at: after(900),
            sent: None,
        };
        let times = CodeTimes { at: START, expires_at: Some(after(600)), resend_at: Some(after(30)) };
        reset.with_sent_code(SentCode { method_id: "1".to_owned(), times })
    }

    #[test]
    fn an_accepted_proof_is_not_offered_again_and_a_rejected_one_is() {
        let rejected = asking(MethodKind::Email).with_proof_result("second".to_owned(), 2, false);
        let accepted = rejected.clone().with_proof_result("third".to_owned(), 1, true);

        assert_eq!((rejected.token.as_str(), rejected.open_methods().count()), ("second", 2));
        assert!(rejected.sent.is_some() && !rejected.has_proof());
        let open: Vec<&str> = accepted.open_methods().map(|method| method.id.as_str()).collect();
        assert_eq!((accepted.token.as_str(), open, accepted.proofs_remaining), ("third", vec!["2"], 1));
        assert!(accepted.sent.is_none() && accepted.has_proof() && !accepted.is_proved());
    }

    #[test]
    fn a_page_changes_when_help_is_due_when_a_send_is_possible_and_when_the_reset_ends() {
        let reset = asking(MethodKind::Email);
        let next = |seconds| reset.next_change(after(seconds)).map(|wait| wait.as_secs());

        assert_eq!([next(0), next(10), next(30)], [Some(10), Some(20), Some(30)]);
        assert_eq!([next(540), next(600), next(900)], [Some(60), Some(300), None]);
        let at_hand = asking(MethodKind::Authenticator);
        assert_eq!(at_hand.next_change(START).map(|wait| wait.as_secs()), Some(900));
    }

    #[test]
    fn a_refused_send_leaves_the_code_before() {
        let reset = asking(MethodKind::Email).with_resend_at(None);

        let (_, sent) = reset.current_method().unwrap();

        assert_eq!((sent.times.resend_at, sent.times.expires_at), (None, Some(after(600))));
    }

    #[test]
    fn debug_shows_neither_token_nor_login() {
        let shown = format!("{:?}", asking(MethodKind::Email));

        assert!(!shown.contains("first") && !shown.contains("zoe"), "{shown}");
    }
}
