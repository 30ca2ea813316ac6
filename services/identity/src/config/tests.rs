//! Settings that contradict each other.

use super::*;

#[test]
fn the_defaults_read_and_agree_with_each_other() {
    let settings = for_tests();

    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.limits.starts_per_login_per_hour, 10);
    assert_eq!(settings.tokens.repudiation_life_seconds, 7 * 86_400);
}

#[test]
fn a_hash_that_could_not_be_verified_later_is_refused() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = for_tests();
        change(&mut settings);
        settings.check()
    };

    assert_eq!(with(|settings| settings.hashing.cost.lanes = 9), Err(Contradiction::Lanes));
    let passes = with(|settings| settings.hashing.cost.passes = 17);
    assert_eq!(passes, Err(Contradiction::HashCost("passes")));
    let work = with(|settings| settings.hashing.limits.work = 63);
    assert_eq!(work, Err(Contradiction::HashCost("memory_kib times passes, the work")));
}

#[test]
fn passwords_of_stores_show_nowhere() {
    let mut settings = for_tests();
    settings.store.url = "postgres://rekey:s3cr3t@db/rekey".to_owned();
    settings.throttle.redis.url = "redis://:s3cr3t@cache".to_owned();

    assert!(!format!("{settings:?}").contains("s3cr3t"));
}

#[test]
fn a_kind_whose_codes_nobody_sends_is_refused() {
    let carrying = |kinds: &[&str]| {
        let mut settings = for_tests();
        settings.resets.carried_kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        settings.check()
    };

    assert_eq!(carrying(&["phone"]), Ok(()));
    for odd in ["authenticator", "sms"] {
        assert_eq!(carrying(&["email", odd]), Err(Contradiction::CarriedKind(odd.to_owned())));
    }
}

#[test]
fn a_link_that_would_not_be_one_is_refused() {
    for bad in ["id.example.com", "https://id.example.com/", ""] {
        let settings = Settings { portal_url: bad.to_owned(), ..for_tests() };

        assert_eq!(settings.check(), Err(Contradiction::PortalUrl), "{bad}");
    }
}
