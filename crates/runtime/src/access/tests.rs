use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{
    AccessTable, Allowed, Caller, CallerEntry, CallerError, Callers, PersonRule, Rule, token_digest,
};

const PORTAL: &str = "spiffe://rekey.example/portal";

fn only(names: &[&str]) -> Allowed {
    Allowed::Only(names.iter().map(|name| (*name).to_owned()).collect())
}

fn entry(name: &str, token: &str) -> CallerEntry {
    CallerEntry::trusted(name, token_digest(token))
}

#[test]
fn a_digest_is_sha_256_in_hex() {
    assert_eq!(token_digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_caller_is_known_by_token_certificate_or_both() {
    let by_both = CallerEntry { spiffe_id: Some(PORTAL.to_owned()), ..entry("both", "b") };
    let by_certificate = CallerEntry {
        spiffe_id: Some("spiffe://rekey.example/cli".to_owned()),
        token_sha256: Allowed::Only(BTreeSet::new()),
        ..entry("certificate", "")
    };
    let callers = Callers::load(vec![entry("token", "a"), by_both, by_certificate], None).unwrap();
    let name = |spiffe_id: Option<&str>, token: Option<&str>| {
        callers.recognise(spiffe_id, token).map(|entry| entry.name.clone())
    };

    assert_eq!(name(None, Some("a")).as_deref(), Some("token"));
    assert_eq!(name(Some(PORTAL), Some("b")).as_deref(), Some("both"));
    assert_eq!(name(Some("spiffe://rekey.example/cli"), None).as_deref(), Some("certificate"));
    assert_eq!(name(Some(PORTAL), None), None);
    assert_eq!(name(None, Some("b")), None);
    assert_eq!(name(None, Some("c")), None);
    assert_eq!(name(None, None), None);
}

#[test]
fn an_entry_allows_what_it_says_and_nothing_else() {
    let silent = CallerEntry { methods: Allowed::nothing(), ..entry("silent", "a") };
    let whole = CallerEntry { methods: only(&["/rekey.identity.v1.SessionService/*"]), ..silent.clone() };
    let single =
        CallerEntry { methods: only(&["/rekey.identity.v1.SessionService/SignIn"]), ..silent.clone() };

    assert!(!silent.may_call("/rekey.identity.v1.SessionService/SignIn"));
    assert!(whole.may_call("/rekey.identity.v1.SessionService/SignOut"));
    assert!(!whole.may_call("/rekey.identity.v1.SessionServices/SignOut"));
    assert!(single.may_call("/rekey.identity.v1.SessionService/SignIn"));
    assert!(!single.may_call("/rekey.identity.v1.SessionService/SignOut"));
}

#[test]
fn entries_read_from_toml_with_stars_names_and_lists() {
    let text = format!(
        "name = 'portal'\ntoken_sha256 = '{}'\nmethods = '*'\npurposes = ['sign_up']\ntemplates = 'notice'\n",
        token_digest("a")
    );

    let entry: CallerEntry = toml::from_str(&text).unwrap();

    let caller = Caller::new(entry, None);
    assert!(caller.may_use_purpose("sign_up") && !caller.may_use_purpose("payment"));
    assert!(caller.may_use_template("notice") && !caller.may_use_lane("bulk"));
    assert!(!caller.may_assert_context());
    assert_eq!(caller.tenants(), Some(Vec::new()));
    assert!(toml::from_str::<CallerEntry>("name = 'x'\nmethod = '*'").is_err());
}

#[test]
fn an_entry_that_is_printed_reads_back() {
    let shop = CallerEntry { tenants: only(&["018f3b5e-0000-7000-8000-000000000001"]), ..entry("shop", "a") };

    let text = toml::to_string(&shop).unwrap();

    assert_eq!(toml::from_str::<CallerEntry>(&text).unwrap(), shop);
}

#[test]
fn a_part_answers_for_its_own_package() {
    let rule = Rule { service: true, person: PersonRule::None, roles: Vec::new() };
    let paths = ["/rekey.identity.v1.SessionService/SignIn", "/rekey.identity.v10.Other/SignIn"];
    let table: AccessTable = paths.into_iter().map(|path| (path.to_owned(), rule.clone())).collect();

    let own = table.of_package("rekey.identity.v1");

    assert_eq!(own.services(), ["rekey.identity.v1.SessionService"]);
    assert!(own.rule(paths[1]).is_none());
}

#[test]
fn contradictory_entries_are_refused() {
    let load = |entries| Callers::load(entries, None).map(drop);
    let bare = CallerEntry { name: "bare".to_owned(), ..CallerEntry::default() };
    let starred = CallerEntry { token_sha256: Allowed::Everything, ..entry("star", "a") };
    let plain = CallerEntry { token_sha256: only(&["hunter2"]), ..entry("plain", "a") };
    let lost = CallerEntry { tenants: only(&["acme"]), ..entry("lost", "a") };

    assert!(matches!(load(vec![entry("a", "1"), entry("a", "2")]), Err(CallerError::NamedTwice(_))));
    assert!(matches!(load(vec![bare]), Err(CallerError::NoCredential(_))));
    assert!(matches!(load(vec![starred]), Err(CallerError::BadDigest(_))));
    assert!(matches!(load(vec![plain]), Err(CallerError::BadDigest(_))));
    assert!(matches!(load(vec![lost]), Err(CallerError::BadTenant { .. })));
}

fn write(path: &PathBuf, name: &str, token: &str) {
    let text =
        format!("[[caller]]\nname = '{name}'\ntoken_sha256 = '{}'\nmethods = '*'\n", token_digest(token));
    fs::write(path, text).unwrap();
}

#[test]
fn a_changed_file_takes_effect_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callers.toml");
    write(&path, "shop", "old");
    let callers = Callers::load(vec![entry("portal", "p")], Some(path.clone())).unwrap();
    assert!(callers.recognise(None, Some("old")).is_some());
    assert!(!callers.reload().unwrap());

    write(&path, "shop", "new");
    assert!(callers.reload().unwrap());
    assert!(callers.recognise(None, Some("old")).is_none());
    assert!(callers.recognise(None, Some("new")).is_some());

    fs::write(&path, "[[caller]]\nnaem = 'shop'\n").unwrap();
    assert!(callers.reload().is_err());
    assert!(callers.recognise(None, Some("new")).is_some());
    fs::remove_file(&path).unwrap();
    assert!(callers.reload().is_err());
    fs::write(&path, "# half written\n").unwrap();
    assert!(matches!(callers.reload(), Err(CallerError::Emptied { .. })));
    assert!(callers.recognise(None, Some("p")).is_some());
}
