use rekey_primitives::clock::Timestamp;
use rekey_runtime::access::CallerEntry;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::*;
use crate::domain::authority::RoleSet;

fn entry() -> CallerEntry {
    CallerEntry::trusted("portal", String::new())
}

fn asking(entry: CallerEntry, person: Option<Signed>) -> Asking {
    Asking { gated: Gated::new(entry, person), homes: Homes::default(), trace_id: Some([7; 16]) }
}

fn signed() -> Signed {
    Signed {
        backend: "shop".to_owned(),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
        account_id: AccountId::from_uuid(Uuid::from_u128(2)),
        session_id: SessionId::from_uuid(Uuid::from_u128(3)),
        epoch: 4,
        roles: vec!["user_administrator".to_owned(), "of_a_newer_release".to_owned()],
        auth_time: Timestamp::from_unix_micros(5),
        token_expires_at: Timestamp::from_unix_micros(6),
        token_state: SignedState::Live,
    }
}

fn context(ip_address: &str, locale: &str) -> wire::RequestContext {
    wire::RequestContext {
        ip_address: ip_address.to_owned(),
        user_agent: "x".repeat(600),
        locale: locale.to_owned(),
    }
}

fn named(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let fields = details.bad_request().map(|request| request.field_violations.clone()).unwrap_or_default();
    fields.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let mut fields = Fields::default();
    fields.tenant_id("acme");
    fields.account_id(&"0".repeat(36));
    fields.request_id("");
    fields.typed_login(String::new());
    fields.password("new_password", "x".repeat(257));
    fields.code("1".repeat(33));
    fields.token("reset_token", String::new());
    fields.page(-1, String::new());
    fields.role(99);
    fields.email("email_addresses[1]", "nobody");

    let refused = fields.finish(|| Some(())).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        named(&refused),
        [
            "tenant_id",
            "account_id",
            "request_id",
            "login",
            "new_password",
            "code",
            "reset_token",
            "page_size",
            "role",
            "email_addresses[1]"
        ]
    );
}

#[test]
fn lengths_count_characters_however_they_were_typed() {
    for letter in ["x", "ü", "u\u{308}", "\u{1112}\u{1161}\u{11ab}"] {
        let mut fields = Fields::default();
        assert!(fields.password("new_password", letter.repeat(256)).is_some(), "{letter}");
        assert!(fields.typed_login(letter.repeat(256)).is_some(), "{letter}");
        assert!(fields.login("login", &letter.repeat(256)).is_some(), "{letter}");
        assert!(fields.display_name("display_name", &letter.repeat(128)).is_some(), "{letter}");
        fields.password("new_password", letter.repeat(257));
        fields.typed_login(letter.repeat(257));
        fields.login("logins[0]", &letter.repeat(257));
        fields.display_name("display_name", &letter.repeat(129));

        let refused = fields.finish(|| Some(())).unwrap_err();

        assert_eq!(named(&refused), ["new_password", "login", "logins[0]", "display_name"], "{letter}");
    }
}

#[test]
fn what_does_not_show_is_dropped_around_logins_and_in_codes() {
    let mut fields = Fields::default();

    let login = fields.login("login", " \u{202a}Ada@Mail.example\u{202c}\n");
    let code = fields.code(format!("\u{200e}{}\u{200e}", "1\u{200b} ".repeat(32)));

    assert_eq!(login.as_ref().map(Login::as_str), Some("ada@mail.example"));
    assert!(code.is_some());
}

#[test]
fn a_number_that_nobody_can_have_is_refused() {
    let mut fields = Fields::default();

    assert!(fields.phone("phone_numbers[0]", "+999123456789").is_none());
    assert!(fields.phone("phone_numbers[0]", "+44 (0)20 7183 8750").is_some());
}

#[test]
fn a_refused_field_is_never_quoted() {
    let mut fields = Fields::default();
    fields.password("new_password", "s3cr3t".repeat(50));
    fields.email("address.email_address", "s3cr3t");

    let refused = fields.finish(|| Some(())).unwrap_err();

    assert!(!format!("{refused:?}").contains("s3cr3t"));
}

#[test]
fn right_fields_make_a_request() {
    let mut fields = Fields::default();
    let id = Uuid::from_u128(9).hyphenated().to_string();
    let tenant_id = fields.tenant_id(&id);
    let page = fields.page(0, String::new());
    let role = fields.role(options::Role::HelpdeskAdministrator.into());

    let (tenant_id, page, role) = fields.finish(|| Some((tenant_id?, page?, role?))).unwrap();

    assert_eq!(tenant_id.to_string(), id);
    assert_eq!((page.size, page.token.is_none()), (0, true));
    assert_eq!(role, Role::HelpdeskAdministrator);
}

#[test]
fn a_caller_that_may_not_tell_where_people_are_is_refused() {
    let asking = asking(CallerEntry { may_assert_context: false, ..entry() }, None);
    let mut fields = Fields::default();
    let context = fields.context(&asking, Some(context("192.0.2.1", "")));

    let refused = fields.finish(|| context).unwrap_err();

    assert_eq!(refused.code(), Code::PermissionDenied);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "CALLER_NOT_ALLOWED");
}

#[test]
fn an_empty_context_asserts_nothing() {
    let asking = asking(CallerEntry { may_assert_context: false, ..entry() }, None);
    let mut fields = Fields::default();
    let context = fields.context(&asking, Some(wire::RequestContext::default()));

    let context = fields.finish(|| context).unwrap();

    assert_eq!((context.ip, context.trace_id), (None, Some([7; 16])));
}

#[test]
fn a_context_is_read_and_cut() {
    let mut fields = Fields::default();
    let read = fields.context(&asking(entry(), None), Some(context("2001:db8::1", "de-AT")));

    let read = fields.finish(|| read).unwrap();

    assert_eq!(read.ip, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(read.locale.unwrap().as_str(), "de-AT");
    assert_eq!(read.user_agent.unwrap().len(), 512);
}

#[test]
fn both_fields_of_a_context_are_named() {
    let mut fields = Fields::default();
    let read = fields.context(&asking(entry(), None), Some(context("localhost", "de_AT")));

    let refused = fields.finish(|| read).unwrap_err();

    assert_eq!(named(&refused), ["context.ip_address", "context.locale"]);
}

#[test]
fn a_person_keeps_the_roles_that_this_release_knows() {
    let person = asking(entry(), Some(signed())).signed_in().unwrap();

    assert_eq!(person.roles, RoleSet::of(&[Role::UserAdministrator]));
    assert_eq!((person.epoch, person.account_id), (CredentialEpoch(4), signed().account_id));
}

#[test]
fn a_request_that_never_passed_the_gate_is_refused() {
    let outcome = Asking::open(Request::new(()));

    assert_eq!(outcome.err().map(|refused| refused.code()), Some(Code::PermissionDenied));
    assert!(asking(entry(), None).signed_in().is_err());
}

#[test]
fn a_callers_reach_is_its_tenants() {
    let mine = TenantId::from_uuid(Uuid::from_u128(1));
    let only = rekey_runtime::access::Allowed::Only([mine.to_string()].into());
    let asking = asking(CallerEntry { tenants: only, ..entry() }, None);

    assert_eq!(asking.reach(), Reach::Only(vec![mine]));
    assert!(asking.caller().scope(mine).is_ok());
    assert!(asking.caller().scope(TenantId::from_uuid(Uuid::from_u128(2))).is_err());
}

#[test]
fn an_answer_of_no_kind_names_all() {
    let mut fields = Fields::default();

    let answer = fields.answer(String::new(), 0, None);
    let refused = fields.finish(|| answer.map(drop)).unwrap_err();

    assert_eq!(named(&refused), ["new_password", "security_info_verdict", "second_factor"]);
}
