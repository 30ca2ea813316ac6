//! Tokens that are ours and yet no good: of another caller, and dead. Forged ones are among the wrong requests.
//!
//! Which requests hold a token comes from the descriptors, so a new one that is not listed here fails.

use std::collections::BTreeSet;
use std::time::Duration;

use prost_reflect::{DynamicMessage, MessageDescriptor};
use rekey_tests::{Stores, on_both_store_sets};
use rekey_wire::access;

use crate::hostile::call::Lines;
use crate::hostile::callers::{quiet, without_context};
use crate::hostile::examples::{Example, Prepared};
use crate::hostile::mutations::{input_of, is_token};
use crate::hostile::strangers::{fault, method};
use crate::hostile::{all_serve, changes, none, of_example, written};

on_both_store_sets!(
    a_token_of_another_caller_is_refused_and_writes_nothing,
    a_token_that_has_died_is_refused_and_writes_nothing,
);

/// Longer than anything that is sealed, signed or stored lives.
const AGES: Duration = Duration::from_secs(400 * 86_400);

/// The sweepers have work after so long, which is none of the requests' doing.
const NO_SWEEP: [(&str, &str); 4] = [
    ("IDENTITY__BULK_RESETS__POLL_MS", "86400000"),
    ("IDENTITY__JOBS__SWEEP_SECONDS", "86400"),
    ("IDENTITY__JOBS__DIGEST_SECONDS", "86400"),
    ("NOTIFICATION__RETENTION__SWEEP_SECONDS", "86400"),
];

/// A token in a request.
struct Token {
    method: &'static str,
    field: &'static str,
    /// Why a bad one is refused; nothing where it is answered as if there were none.
    reason: Option<&'static str>,
    /// Whether it is good for the caller alone that it was given to.
    is_bound: bool,
    dies: bool,
}

const fn token(method: &'static str, field: &'static str, reason: &'static str) -> Token {
    Token { method, field, reason: Some(reason), is_bound: true, dies: true }
}

/// Good for every caller that reaches the tenant: a person shows it, wherever they are.
const fn of_a_person(method: &'static str, field: &'static str, reason: &'static str) -> Token {
    Token { is_bound: false, ..token(method, field, reason) }
}

/// A bad one is as good as none, and nobody is told.
const fn unheard(method: &'static str, field: &'static str) -> Token {
    Token { method, field, reason: None, is_bound: false, dies: true }
}

const TOKENS: [Token; 44] = [
    token("SendResetCode", "reset_token", "RESET_INVALID"),
    token("SubmitResetProof", "reset_token", "RESET_INVALID"),
    token("CompletePasswordReset", "reset_token", "RESET_INVALID"),
    token("EvaluatePassword", "reset_token", "RESET_INVALID"),
    token("EvaluatePassword", "challenge_token", "CHALLENGE_INVALID"),
    of_a_person("EvaluatePassword", "link_token", "RESET_LINK_INVALID"),
    token("VerifyCaller", "caller_token", "CALLER_CODE_INVALID"),
    token("SendSignInCode", "challenge_token", "CHALLENGE_INVALID"),
    token("ContinueSignIn", "challenge_token", "CHALLENGE_INVALID"),
    token("RedeemGrant", "grant", "GRANT_INVALID"),
    token("RefreshSession", "refresh_token", "REFRESH_TOKEN_INVALID"),
    token("SignOut", "refresh_token", "REFRESH_TOKEN_INVALID"),
    of_a_person("RepudiateReset", "repudiation_token", "REPUDIATION_INVALID"),
    of_a_person("RedeemResetLink", "link_token", "RESET_LINK_INVALID"),
    of_a_person("ListAccounts", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListGroups", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListGroupMembers", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListTenants", "page_token", "PAGE_TOKEN_INVALID"),
    // The person who may show them dies first.
    Token { dies: false, ..of_a_person("ListSessions", "page_token", "PAGE_TOKEN_INVALID") },
    Token { dies: false, ..of_a_person("ListSecurityInfo", "page_token", "PAGE_TOKEN_INVALID") },
    Token { dies: false, ..of_a_person("ListMyTenants", "page_token", "PAGE_TOKEN_INVALID") },
    // The person who may show them dies first.
    Token { dies: false, ..of_a_person("ListPasskeys", "page_token", "PAGE_TOKEN_INVALID") },
    Token {
        dies: false,
        ..of_a_person("CompletePasskeyRegistration", "registration_token", "CHALLENGE_INVALID")
    },
    token("CompletePasskeySignIn", "sign_in_token", "CHALLENGE_INVALID"),
    // The person who may show it dies first.
    Token { dies: false, ..of_a_person("LinkAccount", "other_access_token", "OTHER_TOKEN_INVALID") },
    of_a_person("ListHelpRequests", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListEvents", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListImports", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListImportRejections", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ExportAccounts", "resume_token", "RESUME_TOKEN_INVALID"),
    of_a_person("ListBulkResets", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListBulkResetResults", "page_token", "PAGE_TOKEN_INVALID"),
    // A log of one page needs none.
    Token { dies: false, ..of_a_person("VerifyAudit", "page_token", "PAGE_TOKEN_INVALID") },
    // It leads on for as long as the events are kept.
    Token { dies: false, ..of_a_person("WatchEvents", "resume_token", "RESUME_TOKEN_INVALID") },
    of_a_person("ListAuditWebhooks", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListAccountSessions", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListAccountSecurityInfo", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListExpiringPasswords", "page_token", "PAGE_TOKEN_INVALID"),
    of_a_person("ListPolicyRevisions", "page_token", "PAGE_TOKEN_INVALID"),
    Token { dies: false, ..of_a_person("ListNotifications", "page_token", "PAGE_TOKEN_INVALID") },
    Token { dies: false, ..of_a_person("ListSuppressions", "page_token", "PAGE_TOKEN_INVALID") },
    // One that is too old is refused for what was forgotten meanwhile.
    Token { dies: false, ..token("WatchNotifications", "resume_token", "RESUME_TOKEN_INVALID") },
    unheard("RequestAdministratorHelp", "reset_token"),
    unheard("CheckAccessToken", "access_token"),
];

/// Why a bad token in this field is refused.
pub(crate) fn refused_for(path: &str, field: &str) -> Option<&'static str> {
    let method = path.rsplit('/').next().unwrap();
    TOKENS.iter().find(|token| token.method == method && token.field == field)?.reason
}

/// The examples that hold a token, with it.
fn holding(examples: &[Example], wanted: impl Fn(&Token) -> bool) -> Vec<(&Example, &'static str)> {
    let holds = |example: &Example, field: &str| {
        let message = DynamicMessage::decode(input_of(example.path), example.body.as_slice()).unwrap();
        message.has_field_by_name(field)
    };
    let mut found = Vec::new();
    for token in TOKENS.iter().filter(|token| wanted(token)) {
        let reason = token.reason.unwrap_or_default();
        let of_it =
            examples.iter().filter(|example| method(example) == token.method && holds(example, token.field));
        let before = found.len();
        found.extend(of_it.map(|example| (example, reason)));
        assert!(found.len() > before, "no example of {} holds a {}", token.method, token.field);
    }
    found
}

#[test]
fn every_token_of_the_contract_is_listed() {
    let listed: BTreeSet<(String, String)> =
        TOKENS.iter().map(|token| (token.method.to_owned(), token.field.to_owned())).collect();
    let mut known = BTreeSet::new();

    for path in access::rules().keys() {
        let fields = tokens_in(&input_of(path)).into_iter();
        known.extend(fields.map(|field| (path.rsplit('/').next().unwrap().to_owned(), field)));
    }

    assert_eq!(listed, known);
}

fn tokens_in(message: &MessageDescriptor) -> Vec<String> {
    message.fields().filter(is_token).map(|field| field.name().to_owned()).collect()
}

async fn a_token_of_another_caller_is_refused_and_writes_nothing(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let mut faults = Vec::new();

    for (example, reason) in holding(&examples, |token| token.is_bound) {
        faults.extend(fault(&lines, &without_context(example), &quiet(example), &[reason]).await);
    }

    faults.extend(changes(&before, &written(&world).await));
    none(&faults);
    world.stop().await;
}

async fn a_token_that_has_died_is_refused_and_writes_nothing(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start_with(stores, &NO_SWEEP).await;
    let lines = Lines::to(&world);
    world.clock.advance(AGES);
    let before = written(&world).await;
    let mut faults = Vec::new();

    for (example, reason) in holding(&examples, |token| token.dies && token.reason.is_some()) {
        faults.extend(fault(&lines, example, &of_example(&world, example), &[reason]).await);
    }

    faults.extend(changes(&before, &written(&world).await));
    all_serve(&lines).await;
    none(&faults);
    world.stop().await;
}
