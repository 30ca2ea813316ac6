use super::*;

#[test]
fn the_defaults_are_within_their_own_bounds() {
    assert_eq!(Policy::default().check(), []);
}

#[test]
fn an_empty_document_means_the_defaults() {
    let read: Policy = serde_json::from_str("{}").unwrap();

    assert_eq!(read, Policy::default());
}

#[test]
fn what_is_shown_of_methods_is_kinds_unless_a_document_says_otherwise() {
    let hints = |document| serde_json::from_str::<Policy>(document).unwrap().reset.method_hints;

    assert_eq!(hints(r#"{"reset":{"proofs_required":2}}"#), MethodHints::Kinds);
    assert_eq!(hints(r#"{"reset":{"method_hints":"masked"}}"#), MethodHints::Masked);
    assert_eq!(serde_json::to_value(Policy::default()).unwrap()["reset"]["method_hints"], "kinds");
}

#[test]
fn a_document_survives_a_round_trip() {
    let mut policy = Policy::default();
    policy.reset.enabled_scope = ResetScope::Groups {
        included: [crate::domain::group::GroupId::from_uuid(uuid::Uuid::from_u128(5))].into(),
        excluded: [].into(),
    };
    policy.password.expiry_days = Some(90);
    policy.password.banned_terms.insert("acme".to_owned());

    let text = serde_json::to_string(&policy).unwrap();

    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
}

#[test]
fn fields_of_a_newer_release_are_written_back() {
    let text = r#"{"reset":{"proofs_required":2,"passkeys":{"count":true}},"weather":"fair"}"#;

    let read: Policy = serde_json::from_str(text).unwrap();
    let written = serde_json::to_value(&read).unwrap();

    assert_eq!(read.reset.proofs_required, 2);
    assert_eq!(written["reset"]["passkeys"]["count"], true);
    assert_eq!(written["weather"], "fair");
}

#[test]
fn a_kind_of_method_from_a_newer_release_is_not_counted() {
    let read: Policy =
        serde_json::from_str(r#"{"reset":{"allowed_methods":["email","telepathy"]}}"#).unwrap();

    assert_eq!(read.reset.allowed_methods.len(), 1);
}

#[test]
fn every_field_out_of_bounds_is_named_at_once() {
    let mut policy = Policy::default();
    policy.reset.proofs_required = 3;
    policy.password.expiry_days = Some(13);
    policy.password.banned_terms.insert("abc".to_owned());
    policy.lockout.ceiling_seconds = 30;

    let fields: Vec<_> = policy.check().into_iter().map(|wrong| wrong.field).collect();

    assert_eq!(
        fields,
        ["reset.proofs_required", "password.expiry", "password.banned_term_list", "lockout.longest_lock"]
    );
}

#[test]
fn two_classes_take_two_proofs_and_terms_are_words() {
    let mut policy = Policy::default();
    policy.reset.two_classes = true;
    policy.password.banned_terms.insert("ab\u{7}cd".to_owned());

    let fields: Vec<_> = policy.check().into_iter().map(|wrong| wrong.field).collect();
    policy.reset.proofs_required = 2;
    policy.password.banned_terms.clear();

    assert_eq!(fields, ["reset.two_classes", "password.banned_term_list"]);
    assert_eq!(policy.check(), []);
}
