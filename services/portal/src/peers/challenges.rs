//! What identity asks before it signs somebody in, and what is answered.

use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;

use super::identity::method_kind;
use super::{ChallengeAnswer, PeerFailure};
use crate::domain::{MethodKind, SecurityInfoEntry, SignInQuestion};

/// The largest options of a passkey that are kept during a sign-in: a cookie has room for as much beside the longest login.
const OPTIONS_BYTES: usize = 1_024;

/// The request that gives an answer and nothing else.
pub(super) fn continue_request(answer: &ChallengeAnswer<'_>) -> wire::ContinueSignInRequest {
    use wire::second_factor::Factor;

    let shown = |secret: &SecretString| secret.expose_secret().to_owned();
    let factor = |factor| Some(wire::SecondFactor { factor: Some(factor) });
    let nothing = wire::ContinueSignInRequest::default();
    match answer {
        ChallengeAnswer::AuthenticatorCode(code) => wire::ContinueSignInRequest {
            second_factor: factor(Factor::AuthenticatorCode(shown(code))),
            ..nothing
        },
        ChallengeAnswer::RecoveryCode(code) => wire::ContinueSignInRequest {
            second_factor: factor(Factor::RecoveryCode(shown(code))),
            ..nothing
        },
        ChallengeAnswer::Passkey(credential) => wire::ContinueSignInRequest {
            second_factor: factor(Factor::PasskeyCredentialJson(shown(credential))),
            ..nothing
        },
        ChallengeAnswer::SentCode(code) => {
            wire::ContinueSignInRequest { second_factor: factor(Factor::SentCode(shown(code))), ..nothing }
        }
        ChallengeAnswer::NewPassword(password) => {
            wire::ContinueSignInRequest { new_password: shown(password), ..nothing }
        }
        ChallengeAnswer::SecurityInfo { is_still_right } => {
            let verdict = if *is_still_right {
                wire::SecurityInfoVerdict::StillRight
            } else {
                wire::SecurityInfoVerdict::NeedsChange
            };
            wire::ContinueSignInRequest { security_info_verdict: verdict.into(), ..nothing }
        }
    }
}

/// What a challenge asks.
pub(crate) fn question(challenge: &wire::SignInChallenge) -> Result<SignInQuestion, PeerFailure> {
    let kinds = challenge.second_factors.iter().filter_map(|kind| wire::MethodKind::try_from(*kind).ok());
    let mut kinds = kinds.filter_map(method_kind);
    Ok(match challenge.kind() {
        wire::ChallengeKind::PasswordExpired => SignInQuestion::NewPassword { is_expired: true },
        wire::ChallengeKind::PasswordChangeRequired => SignInQuestion::NewPassword { is_expired: false },
        wire::ChallengeKind::ConfirmSecurityInfo => {
            SignInQuestion::SecurityInfo(challenge.security_info.iter().filter_map(known).collect())
        }
        wire::ChallengeKind::SecondFactor => {
            second_factor(kinds.collect(), &challenge.passkey_request_options_json)
        }
        wire::ChallengeKind::SentCode => SignInQuestion::SentCode { kind: kinds.next(), sent: None },
        wire::ChallengeKind::Unspecified => {
            return Err(PeerFailure::unexpected("a challenge asks what is not known here"));
        }
    })
}

/// A second factor of these kinds; a passkey is none of them where what it is asked with cannot be kept.
fn second_factor(mut kinds: Vec<MethodKind>, passkey_options: &str) -> SignInQuestion {
    let passkey_options = kept_options(passkey_options);
    kinds.retain(|kind| *kind != MethodKind::Passkey || passkey_options.is_some());
    SignInQuestion::SecondFactor { kinds, passkey_options: passkey_options.unwrap_or_default() }
}

/// What a passkey is asked with, as far as it can be kept. The ids of an account's passkeys may take a kilobyte each. Where they take too
/// much they are left out: the browser then offers whichever its person has for the domain, and identity takes those of the account alone.
fn kept_options(options: &str) -> Option<String> {
    if options.len() <= OPTIONS_BYTES {
        return Some(options.to_owned());
    }
    let mut options: serde_json::Map<String, serde_json::Value> = serde_json::from_str(options).ok()?;
    options.insert("allowCredentials".to_owned(), serde_json::Value::Array(Vec::new()));
    let options = serde_json::Value::Object(options).to_string();
    (options.len() <= OPTIONS_BYTES).then_some(options)
}

/// An entry as its person is asked about it; none for one that this release does not know.
fn known(entry: &wire::SecurityInfo) -> Option<SecurityInfoEntry> {
    let name =
        if entry.masked_destination.is_empty() { &entry.display_name } else { &entry.masked_destination };
    Some(SecurityInfoEntry { kind: method_kind(entry.kind())?, name: name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(kind: wire::ChallengeKind) -> wire::SignInChallenge {
        wire::SignInChallenge {
            challenge_token: "token".to_owned(),
            kind: kind.into(),
            second_factors: vec![wire::MethodKind::Passkey.into(), 99, wire::MethodKind::RecoveryCode.into()],
            passkey_request_options_json: "{}".to_owned(),
            security_info: vec![
                wire::SecurityInfo {
                    kind: wire::MethodKind::Phone.into(),
                    masked_destination: "••• 42".to_owned(),
                    ..wire::SecurityInfo::default()
                },
                wire::SecurityInfo {
                    kind: wire::MethodKind::Passkey.into(),
                    display_name: "Laptop".to_owned(),
                    ..wire::SecurityInfo::default()
                },
            ],
        }
    }

    #[test]
    fn a_challenge_is_taken_in_our_own_words() {
        use wire::ChallengeKind as Kind;
        let asked = |kind| question(&challenge(kind)).unwrap();
        let entry = |kind, name: &str| SecurityInfoEntry { kind, name: name.to_owned() };

        assert_eq!(asked(Kind::PasswordExpired), SignInQuestion::NewPassword { is_expired: true });
        assert_eq!(asked(Kind::PasswordChangeRequired), SignInQuestion::NewPassword { is_expired: false });
        assert_eq!(
            asked(Kind::SentCode),
            SignInQuestion::SentCode { kind: Some(MethodKind::Passkey), sent: None }
        );
        let kinds = vec![MethodKind::Passkey, MethodKind::RecoveryCode];
        let passkey_options = "{}".to_owned();
        assert_eq!(asked(Kind::SecondFactor), SignInQuestion::SecondFactor { kinds, passkey_options });
        let entries = vec![entry(MethodKind::Phone, "••• 42"), entry(MethodKind::Passkey, "Laptop")];
        assert_eq!(asked(Kind::ConfirmSecurityInfo), SignInQuestion::SecurityInfo(entries));
        assert!(question(&challenge(Kind::Unspecified)).is_err());
    }

    #[test]
    fn options_that_are_too_large_to_be_kept_name_no_passkeys() {
        let naming = |id: &str| format!(r#"{{"allowCredentials":[{{"id":"{id}"}}],"challenge":"AAAA"}}"#);
        let (short, long) = (naming("BBBB"), naming(&"B".repeat(OPTIONS_BYTES)));

        assert_eq!(kept_options(&short), Some(short));
        assert_eq!(kept_options(&long).as_deref(), Some(r#"{"allowCredentials":[],"challenge":"AAAA"}"#));
    }

    #[test]
    fn a_passkey_that_cannot_be_asked_is_no_second_factor() {
        let kinds = vec![MethodKind::Passkey, MethodKind::RecoveryCode];

        let question = second_factor(kinds, &"?".repeat(OPTIONS_BYTES + 1));

        let (kinds, passkey_options) = (vec![MethodKind::RecoveryCode], String::new());
        assert_eq!(question, SignInQuestion::SecondFactor { kinds, passkey_options });
    }

    #[test]
    fn an_answer_is_one_thing_alone() {
        let secret: SecretString = "123456".to_owned().into();

        let code = continue_request(&ChallengeAnswer::SentCode(&secret));
        let verdict = continue_request(&ChallengeAnswer::SecurityInfo { is_still_right: false });
        let password = continue_request(&ChallengeAnswer::NewPassword(&secret));

        let sent = wire::second_factor::Factor::SentCode("123456".to_owned());
        assert_eq!(code.second_factor.unwrap().factor, Some(sent));
        assert_eq!((code.new_password.as_str(), code.security_info_verdict), ("", 0));
        assert_eq!(verdict.security_info_verdict(), wire::SecurityInfoVerdict::NeedsChange);
        assert_eq!((password.new_password.as_str(), password.second_factor), ("123456", None));
    }
}
