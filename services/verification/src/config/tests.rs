use rekey_runtime::settings::Document;

use super::*;
use crate::domain::route::{Destinations, Route};

fn with(pairs: &[(&str, &str)]) -> Settings {
    let variables =
        pairs.iter().map(|(name, value)| (format!("REKEY__VERIFICATION__{name}"), (*value).to_owned()));
    Document::builder()
        .part("verification", 7302, DEFAULTS)
        .environment(variables)
        .load()
        .unwrap()
        .part("verification")
        .unwrap()
}

#[test]
fn the_defaults_are_the_figures_of_the_norms() {
    let rules = with(&[]).rules().unwrap();

    assert_eq!((rules.code_life.as_secs(), rules.attempts, rules.ladder.sends()), (600, 5, 5));
    assert_eq!(rules.limits.destination, [Window::per_hour(5), Window::per_day(10)]);
    assert_eq!((rules.failures.pause_at, rules.failures.stop_at), (10, 100));
    assert!(rules.phone_countries.is_empty());
}

#[test]
fn production_refuses_test_destinations() {
    let mut settings = with(&[]);
    settings.test_destinations.insert("anna@example.com".to_owned(), "123456".to_owned());

    let refused = settings.rules().unwrap_err();
    settings.production = false;
    let rules = settings.rules().unwrap();

    let anna = Destination::parse(Channel::Email, "anna@example.com").unwrap();
    let anna = Route {
        destinations: Destinations::new(vec![anna]).unwrap(),
        fallback: None,
        locale: None,
        organisation: String::new(),
        transaction: None,
        familiar: false,
        decoy: false,
    };
    assert_eq!(refused, InvalidSettings::TestDestinations);
    assert_eq!(rules.test_code(&anna).map(Code::expose), Some("123456"));
}

#[test]
fn figures_outside_the_norms_are_refused() {
    for (key, value, bounds) in [
        ("CODE__LENGTH", "5", "6 to 10"),
        ("CODE__LIFE_SECONDS", "601", "1 to 600"),
        ("FAILURES__STOP_AT", "101", "1 to 100"),
        ("RESEND__SENDS", "0", "1 to 20"),
        ("RESEND__SENDS", "21", "1 to 20"),
    ] {
        let variable = (format!("REKEY__VERIFICATION__{key}"), value.to_owned());
        let document = Document::builder().part("verification", 7302, DEFAULTS).environment([variable]);

        let refused = document.load().unwrap_err().to_string();

        assert!(refused.ends_with(&format!("it must be {bounds}")), "{refused}");
    }
}

#[test]
fn countries_are_named_as_iso_3166_does() {
    let mut settings = with(&[]);
    let mut refused = |countries: &[&str]| {
        settings.phone.countries = countries.iter().map(|&country| country.to_owned()).collect();
        settings.rules().err()
    };

    assert_eq!(refused(&["DE", "JM", "881"]), None);
    assert_eq!(refused(&["DE", "49"]), Some(InvalidSettings::Country(2)));
    assert_eq!(refused(&["de"]), Some(InvalidSettings::Country(1)));
}

#[test]
fn debug_shows_no_password_of_the_store() {
    let settings = with(&[("STORE__URL", "redis://:s3cr3t@localhost")]);

    assert!(!format!("{settings:?}").contains("s3cr3t"));
}
