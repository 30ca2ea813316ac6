use uuid::Uuid;

use super::*;
use crate::config::{DEFAULTS, Settings};
use crate::domain::destination_list::{DestinationPattern, Listing};

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

fn settings() -> Arc<Rules> {
    let document = rekey_runtime::settings::Document::builder().part("verification", 7302, DEFAULTS);
    let settings: Settings = document.load().unwrap().part("verification").unwrap();
    Arc::new(settings.rules().unwrap())
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn scope(of: Option<u128>, name: Option<&str>) -> PolicyScope {
    PolicyScope { tenant: of.map(tenant), purpose: name.map(purpose) }
}

fn attempts(attempts: u32) -> Overrides {
    Overrides { attempts: Some(attempts), ..Overrides::default() }
}

fn policies(entries: Vec<(PolicyScope, Overrides)>) -> Arc<Policies> {
    Arc::new(Policies::new(entries, DestinationList::default()))
}

#[test]
fn the_most_specific_entry_counts() {
    let policies = policies(vec![
        (scope(None, Some("payment")), attempts(4)),
        (scope(Some(1), None), attempts(3)),
        (scope(Some(1), Some("payment")), attempts(2)),
    ]);
    let of = |number, name: &str| policies.of(&settings(), tenant(number), &purpose(name)).rules.attempts;

    assert_eq!([of(2, "sign_up"), of(2, "payment")], [5, 4]);
    assert_eq!([of(1, "sign_up"), of(1, "payment")], [3, 2]);
}

#[test]
fn what_an_entry_leaves_out_is_that_of_the_next_one() {
    let life = Duration::from_secs(120);
    let payment = Overrides { code_life: Some(life), alphabet: Some(Alphabet::Base32), ..attempts(3) };
    let policies = policies(vec![
        (scope(None, Some("payment")), payment),
        (scope(Some(1), None), Overrides { organisation: Some("Contoso".to_owned()), ..attempts(4) }),
    ]);

    let rules = policies.of(&settings(), tenant(1), &purpose("payment")).rules;

    assert_eq!((rules.attempts, rules.code_life), (4, life));
    assert_eq!((rules.code_format.alphabet, rules.organisation.as_str()), (Alphabet::Base32, "Contoso"));
    assert_eq!(rules.ladder, settings().ladder);
}

#[test]
fn everything_that_an_entry_says_holds_in_place_of_the_settings() {
    let seconds = Duration::from_secs;
    let countries: Arc<BTreeSet<String>> = Arc::new(["DE".to_owned()].into());
    let overrides = Overrides {
        code_length: Some(CodeLength::new(8).unwrap()),
        waits: Some(Waits::new(vec![seconds(5)]).unwrap()),
        sends: NonZeroU32::new(3),
        resend: Some(ResendPolicy::Rotate),
        channels: Some([Channel::Sms].into()),
        phone_countries: Some(Arc::clone(&countries)),
        windows: vec![
            (PolicyBudget::Destination, Window::per_hour(2)),
            (PolicyBudget::Subject, Window::per_day(7)),
            (PolicyBudget::Tenant, Window::per_hour(9)),
            (PolicyBudget::Texts, Window::per_day(1)),
        ],
        ..Overrides::default()
    };
    let policies = policies(vec![(scope(Some(1), None), overrides)]);

    let rules = policies.of(&settings(), tenant(1), &purpose("payment")).rules;

    assert_eq!(rules.code_format.length, CodeLength::new(8).unwrap());
    assert_eq!(rules.ladder.waits(), [seconds(5), seconds(5)]);
    assert_eq!((rules.resend, &rules.phone_countries), (ResendPolicy::Rotate, &countries));
    assert!(rules.may_send_by(Channel::Sms) && !rules.may_send_by(Channel::Email));
    assert_eq!(rules.limits.destination, [Window::per_hour(2), Window::per_day(10)]);
    assert_eq!(rules.limits.subject, [Window::per_hour(10), Window::per_day(7)]);
    assert_eq!(rules.limits.tenant, [Window::per_hour(9), Window::per_day(20_000)]);
    assert_eq!(rules.limits.texts, [Window::per_day(1)]);
    assert_eq!(rules.limits.destination_of_all_tenants, settings().limits.destination_of_all_tenants);
}

#[test]
fn where_no_entry_matches_the_settings_themselves_are_used() {
    let general = settings();

    let policy =
        policies(vec![(scope(Some(1), None), attempts(1))]).of(&general, tenant(2), &purpose("payment"));

    assert!(Arc::ptr_eq(&policy.rules, &general));
}

#[test]
fn an_allowed_address_is_spared_from_the_countries_and_not_from_the_channels() {
    let entry = |pattern: &str, action| Listing {
        pattern: DestinationPattern::parse(pattern).unwrap(),
        scope: PolicyScope::default(),
        action,
        until: None,
    };
    let list = [entry("+4915112345642", ListAction::Allow), entry("@bad.example", ListAction::Block)];
    let by_mail = Overrides { channels: Some([Channel::Email].into()), ..Overrides::default() };
    let list = DestinationList::new(list).unwrap();
    let policies = Arc::new(Policies::new([(scope(None, Some("payment")), by_mail)], list));
    let [allowed, other] =
        ["+4915112345642", "+4915112345643"].map(|number| Destination::parse(Channel::Sms, number).unwrap());
    let blocked = Destination::parse(Channel::Email, "a@bad.example").unwrap();

    let sign_up = policies.of(&settings(), tenant(1), &purpose("sign_up"));
    let payment = policies.of(&settings(), tenant(1), &purpose("payment"));

    assert!(sign_up.offers(&allowed, NOW) && !sign_up.offers(&other, NOW));
    assert!(!payment.offers(&allowed, NOW), "no text is sent for this purpose");
    assert!(payment.offers(&blocked, NOW) && payment.is_blocked(&blocked, NOW));
    assert!(!payment.is_blocked(&allowed, NOW) && payment.is_allowed(&allowed, NOW));
}
