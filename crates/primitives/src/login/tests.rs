use icu_properties::props::GeneralCategory;

use super::*;
use crate::text::{category, is_visible};

fn parse(text: &str) -> Result<String, InvalidLogin> {
    Login::parse(text).map(|login| login.as_str().to_owned())
}

#[test]
fn spellings_of_one_name_are_one_login() {
    for spelling in ["jürgen", "JÜRGEN", "ju\u{308}rgen", "ｊürgen", " jürgen\t", "jür\u{ad}gen\u{200e}"]
    {
        assert_eq!(parse(spelling), Ok("jürgen".to_owned()), "{spelling}");
    }
}

#[test]
fn a_sigma_has_one_form_at_the_end_of_a_word_and_one_within() {
    for spelling in ["ΑΣ", "ας", "ασ"] {
        assert_eq!(parse(spelling), Ok("ας".to_owned()), "{spelling}");
    }
    for spelling in ["ΝΊΚΟΣ.ΜΑΣΤΟΡΑΣ", "νίκος.μαστορας", "νίκοσ.μαςτορασ"]
    {
        assert_eq!(parse(spelling), Ok("νίκος.μαστορας".to_owned()), "{spelling}");
    }
}

#[test]
fn spellings_of_one_address_are_one_login() {
    for spelling in [
        "anna@bücher.example",
        "Anna@BÜCHER.example",
        "anna@xn--bcher-kva.example",
        "anna＠bücher.example",
        "\u{202a}anna@bücher.example\u{202c}",
        "an\u{200b}na@bü\u{ad}cher.example",
    ] {
        assert_eq!(parse(spelling), Ok("anna@xn--bcher-kva.example".to_owned()), "{spelling}");
    }
}

#[test]
fn a_joiner_in_a_domain_is_part_of_its_name() {
    let [typed, ascii, without] =
        ["a@نامه\u{200c}ای.example", "a@xn--mgba3gch31f060k.example", "a@نامهای.example"].map(parse);

    assert!(typed.is_ok());
    assert_eq!(typed, ascii);
    assert_ne!(typed, without);
}

#[test]
fn names_and_addresses_of_any_script_are_logins() {
    for name in ["דוד.כהן1", "محمد٤٢", "ᏣᎳᎩ", "ꭰꭱ", "संदीप", "山田・太郎", "ไทย", "gal·la"]
    {
        assert!(parse(name).is_ok(), "{name}");
    }
    for address in
        ["דוד@דוגמה.קום", "דוד123@example.com", "إيميل@مثال.إختبار", "ᏣᎳᎩ@example.com", "ñ✉@example.com"]
    {
        assert!(parse(address).is_ok(), "{address}");
    }
}

#[test]
fn look_alikes_stay_apart() {
    assert_ne!(parse("scope"), parse("ѕсоре"));
}

#[test]
fn blanks_inside_controls_and_half_addresses_are_no_logins() {
    for wrong in [
        "",
        " ",
        "\u{200b}\u{202e}",
        "anna meier",
        "an\nna",
        "anna\u{0}",
        "anna@",
        "@example.com",
        "a@b",
        "a@b@example.com",
        "a@\u{202e}",
        "ﬁsh",
        "anna✉",
        "٤۴",
        "x·y",
        "annaד",
        "ד.",
    ] {
        assert_eq!(parse(wrong), Err(InvalidLogin), "{wrong:?}");
    }
}

#[test]
fn the_length_counts_characters_of_the_canonical_form() {
    for letter in ["a", "ü", "u\u{308}", "ｕ", "\u{1112}\u{1161}\u{11ab}", "a\u{ad}"] {
        assert!(parse(&letter.repeat(256)).is_ok(), "{letter}");
        assert_eq!(parse(&letter.repeat(257)), Err(InvalidLogin), "{letter}");
    }
    assert_eq!(parse(&"\u{ad}".repeat(5_000)), Err(InvalidLogin));
}

#[test]
fn what_was_stored_is_not_judged_again() {
    for odd in ["ד.", "Not Canonical", "", "\u{378}"] {
        assert_eq!(Login::from_stored(odd.to_owned()).as_str(), odd);
    }
}

/// Every code point at the beginning, inside, at the end, alone, behind a capital sigma, beside marks and beside letters
/// of either direction, in names and in both parts of addresses.
#[test]
fn every_login_is_read_back_as_itself() {
    let contexts: [fn(char) -> String; 12] = [
        |c| c.to_string(),
        |c| format!("ד{c}@example.com"),
        |c| format!("a@b{c}c.example"),
        |c| format!("a{c}"),
        |c| format!("ΑΣ{c}\u{301}Σ"),
        |c| format!("ד{c}ד"),
        |c| format!("a\u{301}{c}\u{323}"),
        |c| format!("{c}a"),
        |c| format!("l{c}l"),
        |c| format!("ΑΣ{c}"),
        |c| format!("ー{c}٤"),
        |c| format!("aΣ{c}\u{327}Σ@example.com"),
    ];
    let mut logins = 0_u32;

    for c in '\0'..=char::MAX {
        // What Unicode has not assigned stands nowhere, and letters without case have nothing to be mapped to: the first
        // contexts show it as well as all, in a third of the time.
        let met = match category(c) {
            GeneralCategory::Unassigned | GeneralCategory::PrivateUse => 2,
            GeneralCategory::OtherLetter => 7,
            _ => contexts.len(),
        };
        for text in contexts.iter().take(met).map(|context| context(c)) {
            if let Ok(once) = parse(&text) {
                logins += 1;
                assert_eq!(parse(&once), Ok(once.clone()), "{text:?}");
            }
        }
    }

    assert!(logins > 500_000, "{logins}");
}

#[test]
fn every_address_is_a_login() {
    for c in ('\0'..=char::MAX).filter(|c| is_visible(*c)) {
        for text in
            [format!("{c}@example.com"), format!("aΣ{c}\u{301}@example.com"), format!("ד{c}ד@a.example")]
        {
            if let Ok(address) = EmailAddress::parse(&text) {
                assert_eq!(parse(&text), Ok(address.mailbox()), "{text:?}");
            }
        }
    }
}

#[test]
fn debug_shows_no_login() {
    assert_eq!(format!("{:?}", Login::parse("anna").unwrap()), "Login([redacted])");
}
