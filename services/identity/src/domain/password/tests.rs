use secrecy::SecretString;

use super::expiry::{NOTICE_DAYS, PasswordState, notice_spans, password_state};
use super::rules::PasswordContext;
use super::words::{common, fold, points, within_one_edit};
use super::*;
use crate::domain::account::PasswordRecord;
use crate::domain::fixtures::{account, days, email, holding, now, password as record, tenant};
use crate::domain::policy::PasswordRules;

fn typed(text: &str) -> Password {
    Password::typed(&SecretString::from(text))
}

fn broken_by(text: &str, rules: &PasswordRules) -> Vec<&'static str> {
    let around = PasswordContext::of(&holding(vec![email(1)]), &tenant());
    evaluate(&typed(text), rules, &around).broken.iter().map(|rule| rule.as_str()).collect()
}

fn expiring() -> PasswordRules {
    PasswordRules { expiry_days: Some(120), ..PasswordRules::default() }
}

#[test]
fn a_password_is_one_normal_form_and_prints_nothing() {
    let composed = typed("Z\u{fc}rich-\u{e9}t\u{e9}");
    let decomposed = typed("Zu\u{308}rich-e\u{301}te\u{301}");

    assert_eq!(composed.expose(), decomposed.expose());
    assert_eq!(decomposed.length(), 10);
    assert_eq!(format!("{composed:?}"), "Password(..)");
}

#[test]
fn passwords_that_people_should_use_are_good() {
    for good in [
        "plinth ferret ozone",
        "V7#kq0z!Rw",
        "mijn fiets is paars geverfd",
        "七転び八起き人生楽ありゃ",
        "zq7vK2mw",
    ] {
        assert_eq!(broken_by(good, &PasswordRules::default()), [""; 0], "{good}");
    }
}

#[test]
fn length_is_counted_in_code_points() {
    let long = PasswordRules::default();

    assert!(broken_by("kq7zWv2", &long).contains(&"MINIMUM_LENGTH"));
    assert!(!broken_by("ÄÖÜßñçłø", &long).contains(&"MINIMUM_LENGTH"));
    assert!(broken_by(&"kq7z ".repeat(51), &long).is_empty());
    assert_eq!(broken_by(&"k".repeat(257), &long), ["MAXIMUM_LENGTH"]);
}

#[test]
fn composition_is_asked_for_only_where_a_tenant_does() {
    let strict = PasswordRules { require_three_classes: true, ..PasswordRules::default() };

    assert_eq!(broken_by("plinth ferret ozone", &strict), ["CHARACTER_CLASSES"]);
    assert!(broken_by("Plinth ferret ozone", &strict).is_empty());
    assert!(broken_by("plinthferretozone", &PasswordRules::default()).is_empty());
}

#[test]
fn common_passwords_are_refused_in_disguise() {
    for common in [
        "password",
        "P@ssw0rd",
        "passw0rd!",
        "iloveyou",
        "1loveY0u",
        "qwertyuiop",
        "12345678",
        "123456789",
        "Pássword",
        "pass\u{200b}wo\u{2060}rd",
    ] {
        assert!(broken_by(common, &PasswordRules::default()).contains(&"COMMON"), "{common}");
    }
}

#[test]
fn a_tenants_own_terms_are_refused_in_disguise() {
    let rules = PasswordRules { banned_terms: ["fireworks9".to_owned()].into(), ..PasswordRules::default() };

    assert!(broken_by("F1re\u{ad}works\u{200d}9", &rules).contains(&"BANNED_TERM"));
    assert!(broken_by("F1reworks9", &rules).contains(&"BANNED_TERM"));
    assert!(!broken_by("zq7vK2mw", &rules).contains(&"BANNED_TERM"));
}

#[test]
fn the_persons_and_the_organisations_names_are_refused_anywhere() {
    assert_eq!(broken_by("xk-Blume-47-zq", &PasswordRules::default()), ["PERSONAL"]);
    assert_eq!(broken_by("xk4nn4b1ume47zq", &PasswordRules::default()), ["PERSONAL"]);
    assert_eq!(broken_by("xk-Bl\u{200c}ume-47-zq", &PasswordRules::default()), ["PERSONAL"]);
    assert_eq!(broken_by("xk-@cme-47-zqw", &PasswordRules::default()), ["ORGANISATION"]);
    assert_eq!(broken_by("oh Fireworks 47", &PasswordRules::default()), ["ORGANISATION"]);
}

#[test]
fn known_words_count_one_point_each() {
    let known = ["contoso", "blank"].map(fold);
    let count = |text: &str| {
        points(&fold(text), |part| known.iter().any(|word| *word == fold(&part.iter().collect::<String>())))
    };

    assert_eq!(count("C0ntos0Blank12"), 4);
    assert_eq!(count("ContoS0Bl@nkf9!"), 5);
    assert_eq!(count(""), 0);
    assert_eq!(count("xyz"), 3);
}

#[test]
fn little_more_than_known_words_is_too_simple() {
    assert!(broken_by("password12", &PasswordRules::default()).contains(&"TOO_SIMPLE"));
    assert!(broken_by("dragonmonkeyqwerty", &PasswordRules::default()).contains(&"TOO_SIMPLE"));
    assert!(!broken_by("dragon7vK2mw", &PasswordRules::default()).contains(&"TOO_SIMPLE"));
}

#[test]
fn one_edit_is_one_character_added_removed_or_changed() {
    let close = |left: &str, right: &str| within_one_edit(&fold(left), &fold(right));

    for (left, right) in [
        ("abcdef", "abcdef"),
        ("abcdef", "abcdeg"),
        ("abcdef", "abcde"),
        ("abcdef", "xabcdef"),
        ("ab", "axb"),
    ] {
        assert!(close(left, right) && close(right, left), "{left} {right}");
    }
    for (left, right) in
        [("abcdef", "abcdxx"), ("abcdef", "abcd"), ("abcdef", "badcef"), ("abcdef", "bcdefg")]
    {
        assert!(!close(left, right) && !close(right, left), "{left} {right}");
    }
}

#[test]
fn the_bundled_list_is_clean() {
    let lines: Vec<&str> = include_str!("common.txt").lines().collect();

    assert!(lines.len() > 2_000);
    assert!(lines.iter().all(|line| line.chars().count() >= 4 && line.trim() == *line));
    assert!(common().len() > 2_000);
}

#[test]
fn a_rule_tells_the_number_that_a_person_must_know() {
    let numbered = [
        Broken::MinimumLength { minimum: 12 },
        Broken::MaximumLength { maximum: 64 },
        Broken::CharacterClasses,
    ];
    let others = [Broken::Common, Broken::TooSimple { points: 2, needed: 5 }, Broken::History];

    assert_eq!(numbered.map(Broken::bound), [12, 64, 3]);
    assert_eq!(others.map(Broken::bound), [0, 0, 0]);
}

#[test]
fn a_verdict_names_no_word() {
    let around = PasswordContext::of(&account(), &tenant());

    let verdict =
        format!("{:?} {around:?}", evaluate(&typed("annablume"), &PasswordRules::default(), &around));

    assert!(!verdict.contains("anna") && !verdict.contains("blume"), "{verdict}");
}

#[test]
fn passwords_do_not_expire_by_default() {
    assert_eq!(
        password_state(&record(), &PasswordRules::default(), now().plus(days(9_999))),
        PasswordState::Fresh
    );
}

#[test]
fn a_password_warns_for_two_weeks_and_expires() {
    // Set 100 days ago, so it expires in 20.
    let states =
        [0, 5, 6, 13, 19, 20].map(|day| password_state(&record(), &expiring(), now().plus(days(day))));

    assert_eq!(
        states,
        [
            PasswordState::Fresh,
            PasswordState::Fresh,
            PasswordState::ExpiresIn { days: 14 },
            PasswordState::ExpiresIn { days: 7 },
            PasswordState::ExpiresIn { days: 1 },
            PasswordState::Expired,
        ]
    );
}

#[test]
fn each_notice_is_due_for_the_passwords_it_fits_and_for_no_others() {
    let end = record().expiry_counts_from.plus(days(120));
    let due = |now: rekey_primitives::clock::Timestamp| {
        let spans = notice_spans(120, now);
        let fits = spans.into_iter().filter(|span| {
            record().expiry_counts_from > span.from && record().expiry_counts_from <= span.until
        });
        fits.map(|span| span.days).collect::<Vec<_>>()
    };
    let moment = std::time::Duration::from_micros(1);

    for (index, notice) in NOTICE_DAYS.into_iter().enumerate() {
        let first = end.minus(days(notice.into()));
        let before: Vec<u32> = index.checked_sub(1).map(|index| NOTICE_DAYS[index]).into_iter().collect();
        assert_eq!((due(first.minus(moment)), due(first)), (before, vec![notice]));
    }
    assert_eq!((due(end.minus(moment)), due(end)), (vec![1], vec![]));
}

#[test]
fn an_administrators_password_must_be_changed_and_then_is_over() {
    let temporary =
        PasswordRecord { must_change: true, temporary_until: Some(now().plus(days(1))), ..record() };

    assert_eq!(password_state(&temporary, &expiring(), now()), PasswordState::MustChange);
    assert_eq!(password_state(&temporary, &expiring(), now().plus(days(1))), PasswordState::TemporaryOver);
}
