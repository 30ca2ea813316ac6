//! Right requests from those who may not send them: no caller, wrong callers, and persons whose token is missing,
//! forged, of another tenant, without the role, or too old.

use std::time::Duration;

use rekey_client::Problem;
use rekey_tests::callers::{ELSEWHERE, IDLE};
use rekey_tests::{Stores, on_both_store_sets};
use rekey_wire::access;
use rekey_wire::options::v1::{Access, PersonRule};

use crate::hostile::call::{Credentials, Lines};
use crate::hostile::examples::{Example, Prepared};
use crate::hostile::judgement::fault_of;
use crate::hostile::{all_serve, changes, none, of_example, written};

on_both_store_sets!(
    callers_that_may_not_are_refused_and_write_nothing,
    persons_that_may_not_are_refused_and_write_nothing,
);

/// RPCs of which a caller that reaches no tenant of ours may get an answer: one that says nothing of ours.
const SAYS_NOTHING: [&str; 4] = ["CheckAccessToken", "GetSigningKeys", "ListProviders", "ListTenants"];

/// RPCs in which somebody of another tenant names what is not theirs.
const NAMES_WHAT_IS_NOT_THEIRS: [&str; 4] =
    ["SendSecurityInfoCode", "ConfirmSecurityInfo", "RemoveSecurityInfo", "SetDefaultSecurityInfo"];

async fn callers_that_may_not_are_refused_and_write_nothing(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let mut faults = Vec::new();

    for example in &examples {
        let by = |caller: Option<&str>| Credentials {
            caller: caller.map(str::to_owned),
            person: example.person.clone(),
        };
        for (caller, reasons) in [
            (by(None), &["CALLER_UNKNOWN"][..]),
            (by(Some("rekey_nobody_knows_me")), &["CALLER_UNKNOWN"]),
            (by(Some(IDLE)), &["CALLER_NOT_ALLOWED"]),
        ] {
            faults.extend(fault(&lines, example, &caller, reasons).await);
        }
        if !SAYS_NOTHING.contains(&method(example)) {
            faults.extend(fault(&lines, example, &by(Some(ELSEWHERE)), &[]).await);
        }
    }

    faults.extend(changes(&before, &written(&world).await));
    all_serve(&lines).await;
    none(&faults);
    world.stop().await;
}

async fn persons_that_may_not_are_refused_and_write_nothing(stores: Stores) {
    let Prepared { world, examples, person, foreigner, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let mut faults = Vec::new();

    for example in &examples {
        let rule = &access::rules()[example.path];
        let as_person =
            |token: &str| Credentials { person: Some(token.to_owned()), ..of_example(&world, example) };
        for (token, reasons) in tokens(example, rule, &person.access_token, &foreigner.access_token) {
            let credentials = token.map_or_else(
                || Credentials { person: None, ..of_example(&world, example) },
                |token| as_person(&token),
            );
            faults.extend(fault(&lines, example, &credentials, reasons).await);
        }
    }
    world.clock.advance(Duration::from_secs(301));
    // An expired token still ends its own session.
    let without_sign_out = examples.iter().filter(|example| method(example) != "SignOut");
    for example in without_sign_out.filter(|example| takes_a_person(&access::rules()[example.path])) {
        let mut credentials = of_example(&world, example);
        credentials.person = Some(person.access_token.clone());
        faults.extend(fault(&lines, example, &credentials, &["ACCESS_TOKEN_INVALID"]).await);
    }

    faults.extend(changes(&before, &written(&world).await));
    all_serve(&lines).await;
    none(&faults);
    world.stop().await;
}

/// Tokens that will not do for an RPC, and the reasons they are refused for; none listed is any.
fn tokens(
    example: &Example,
    rule: &Access,
    person: &str,
    foreigner: &str,
) -> Vec<(Option<String>, &'static [&'static str])> {
    if !takes_a_person(rule) {
        return Vec::new();
    }
    let invalid: &[&str] = &["ACCESS_TOKEN_INVALID"];
    let mut tokens = vec![(Some("what is this".to_owned()), invalid), (Some(forged(person)), invalid)];
    if !rule.service {
        tokens.push((None, &["ACCESS_TOKEN_MISSING"]));
    }
    if rule.person() == PersonRule::Administrator {
        tokens.push((Some(person.to_owned()), &["ROLE_MISSING"]));
        let beyond: &[&str] = &["CALLER_NOT_ALLOWED", "AUTHORITY_MISSING"];
        tokens.push((Some(foreigner.to_owned()), beyond));
    } else if NAMES_WHAT_IS_NOT_THEIRS.contains(&method(example)) {
        tokens.push((Some(foreigner.to_owned()), &["SECURITY_INFO_NOT_FOUND"]));
    }
    tokens
}

pub(crate) fn takes_a_person(rule: &Access) -> bool {
    rule.person() != PersonRule::None
}

/// The same claims under a signature that differs in its first byte.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{other}{}", &signature[1..])
}

pub(crate) fn method(example: &Example) -> &'static str {
    example.path.rsplit('/').next().unwrap()
}

/// What is wrong with the answer, if it is not a refusal for one of these reasons.
pub(crate) async fn fault(
    lines: &Lines,
    example: &Example,
    credentials: &Credentials,
    reasons: &[&str],
) -> Option<String> {
    let fault = match lines.call(example.path, &example.body, credentials).await {
        Ok(_) => Some("answered".to_owned()),
        Err(status) => {
            let problem = Problem::of(&status);
            let is_expected = reasons.is_empty() || reasons.contains(&problem.reason.as_str());
            let names_roles = problem.reason != "ROLE_MISSING" || problem.metadata.contains_key("roles");
            fault_of(example.path, &status)
                .or_else(|| (!is_expected || !names_roles).then(|| format!("{problem:?}")))
        }
    };
    fault.map(|fault| format!("{} for {reasons:?}: {fault}", example.path))
}
