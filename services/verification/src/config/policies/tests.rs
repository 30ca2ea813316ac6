use rekey_primitives::contact::Destination;

use super::*;
use crate::config::Settings;
use crate::domain::rules::Rules;

const TENANT: &str = "0190c3a5-7e1c-7b2a-9f00-000000000001";
const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

fn settings() -> Settings {
    let document = Document::builder().part("verification", 7302, DEFAULTS).load().unwrap();
    document.part("verification").unwrap()
}

fn rules_of(policies: Policies, purpose: &str) -> Arc<Rules> {
    let settings = Arc::new(settings().rules().unwrap());
    let tenant = TenantId::parse(TENANT).unwrap();
    Arc::new(policies).of(&settings, tenant, &Purpose::parse(purpose).unwrap()).rules
}

fn complaint(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn an_entry_says_what_the_settings_say_in_the_same_tables() {
    let policies = parse(&format!(
        r#"
        [[policy]]
        purpose = "payment"
        channels = ["sms"]
        code = {{ alphabet = "base32", length = 8, life_seconds = 120, tries = 3 }}
        resend = {{ ladder_seconds = [20], sends = 2, policy = "rotate" }}
        [policy.phone]
        countries = ["DE", "881"]

        [[policy]]
        tenant = "{TENANT}"
        message = {{ organisation = "Contoso" }}
        limits = {{ destination_per_hour = 2, tenant_per_day = 50, texts_per_country_day = 0 }}
        "#
    ))
    .unwrap();

    let rules = rules_of(policies, "payment");

    assert_eq!((rules.code_life, rules.attempts), (Duration::from_secs(120), 3));
    assert_eq!((rules.ladder.sends(), rules.resend), (2, ResendPolicy::Rotate));
    assert!(rules.phone_countries.contains("881") && !rules.may_send_by(Channel::Email));
    assert_eq!(rules.organisation, "Contoso");
    assert_eq!(rules.limits.destination, [Window::per_hour(2), Window::per_day(10)]);
    assert_eq!(rules.limits.tenant, [Window::per_hour(5_000), Window::per_day(50)]);
    assert_eq!(rules.limits.texts, [Window::per_day(0)]);
}

#[test]
fn a_policy_of_every_setting_at_its_default_changes_nothing() {
    let table = |name: &str, keys: &[&str]| {
        let defaults: Table = toml::from_str(DEFAULTS).unwrap();
        let table = defaults["verification"][name].as_table().unwrap();
        let kept = table.iter().filter(|(key, _)| keys.is_empty() || keys.contains(&key.as_str()));
        let kept: Table = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        format!("[policy.{name}]\n{}", toml::to_string(&kept).unwrap())
    };
    let own = [
        "destination_per_hour",
        "destination_per_day",
        "subject_per_hour",
        "subject_per_day",
        "tenant_per_hour",
        "tenant_per_day",
        "texts_per_country_day",
    ];
    let tables = [table("code", &[]), table("resend", &[]), table("limits", &own), table("phone", &[])];
    let text = format!("[[policy]]\npurpose = \"payment\"\n{}{}", tables.concat(), table("message", &[]));

    let rules = rules_of(parse(&text).unwrap(), "payment");

    let settings = settings().rules().unwrap();
    assert_eq!((rules.code_format, rules.code_life), (settings.code_format, settings.code_life));
    assert_eq!((rules.attempts, &rules.ladder), (settings.attempts, &settings.ladder));
    assert_eq!((&rules.limits, &rules.organisation), (&settings.limits, &settings.organisation));
}

#[test]
fn numbers_have_the_bounds_of_the_settings() {
    let with = |table: &str| format!("[[policy]]\npurpose = \"payment\"\n{table}\n");
    let wrong = [
        ("code = { length = 5 }", "`code.length` is 5; it must be 6 to 10"),
        ("code = { life_seconds = 601 }", "`code.life_seconds` is 601; it must be 1 to 600"),
        ("code = { tries = -1 }", "`code.tries` is -1; it must be 1 to 10"),
        ("resend = { sends = 0 }", "`resend.sends` is 0; it must be 1 to 20"),
        (
            "resend = { ladder_seconds = [30, 86401] }",
            "`resend.ladder_seconds` is 86401; it must be 0 to 86400",
        ),
        ("limits = { tenant_per_day = 0 }", "`limits.tenant_per_day` is 0; it must be 1 to 1000000000"),
        ("code = { 7 = 7 }", "`code.7` takes no number"),
    ];
    for (table, expected) in wrong {
        assert_eq!(complaint(&with(table)), format!("[[policy]] number 1: {expected}"));
    }
}

#[test]
fn a_ladder_ends_before_the_code_of_its_entry() {
    let with = |life: u32, resend: &str| {
        parse(&format!(
            "[[policy]]\npurpose = \"payment\"\ncode = {{ life_seconds = {life} }}\nresend = {{ {resend} }}\n"
        ))
    };

    let late = with(180, "ladder_seconds = [60, 120], sends = 3").unwrap_err();
    let repeated = with(180, "ladder_seconds = [60], sends = 4");
    let every_wait = with(180, "ladder_seconds = [60, 120]");
    let good = [
        with(181, "ladder_seconds = [60, 120], sends = 3"),
        with(180, "ladder_seconds = [60, 120], sends = 2"),
        with(60, "policy = \"rotate\""),
    ];

    let what = "`resend.ladder_seconds`: the last message is due after 180 s, and `code.life_seconds` is 180";
    assert_eq!(late, InvalidPolicies::Policy { number: 1, what: what.to_owned() });
    assert_eq!(repeated.unwrap_err(), late);
    assert_eq!(every_wait.unwrap_err(), late);
    assert!(good.iter().all(Result::is_ok), "{good:?}");
}

#[test]
fn what_an_entry_must_not_say_is_refused() {
    let with = |table: &str| complaint(&format!("[[policy]]\npurpose = \"payment\"\n{table}\n"));
    for (table, expected) in [
        ("limits = { network_per_hour = 5 }", "unknown field `network_per_hour`"),
        ("code = { lenght = 6 }", "`code.lenght` takes no number"),
        ("resend = { ladder_seconds = [] }", "at least one wait"),
        ("channels = []", "names none"),
        ("channels = [\"pigeon\"]", "\"pigeon\" is none"),
        ("phone = { countries = [\"DE\", \"49\"] }", "entry 2 is no country"),
        ("message = { organisation = \"https://evil.example\" }", "without `://`"),
        ("", "it says nothing"),
        ("code = { alphabet = \"runes\" }", "unknown variant `runes`"),
    ] {
        assert!(with(table).contains(expected), "{table}: {}", with(table));
    }
    assert!(complaint("[[policy]]\ncode = { tries = 3 }").contains("neither `purpose` nor `tenant`"));
    assert!(complaint("[[policy]]\ntenant = \"acme\"\ncode = { tries = 3 }").contains("`tenant`"));
    let twice = "[[policy]]\npurpose = \"payment\"\ncode = { tries = 3 }\n".repeat(2);
    assert_eq!(complaint(&twice), "[[policy]] number 2: number 1 is about the same");
    assert_eq!(complaint("production = false"), InvalidPolicies::Unknown.to_string());
    assert_eq!(complaint("[policy]\ntries = 3"), InvalidPolicies::Unknown.to_string());
}

#[test]
fn destinations_are_listed_with_their_scope_and_end() {
    let policies = parse(&format!(
        r#"
        [[destination]]
        match = "+4470*"
        action = "block"
        reason = "personal numbers"

        [[destination]]
        match = "+447012345678"
        action = "allow"
        tenant = "{TENANT}"
        purpose = "sign_up"
        until = 2026-12-31T00:00:00+01:00

        [[destination]]
        match = "@example.com"
        action = "block"
        until = "2020-01-01T00:00:00Z"
        "#
    ))
    .unwrap();
    let settings = Arc::new(settings().rules().unwrap());
    let policies = Arc::new(policies);
    let tenant = TenantId::parse(TENANT).unwrap();
    let of = |purpose: &str| policies.of(&settings, tenant, &Purpose::parse(purpose).unwrap());
    let number = Destination::parse(Channel::Sms, "+447012345678").unwrap();
    let mail = Destination::parse(Channel::Email, "a@example.com").unwrap();

    assert_eq!(policies.counts(), (0, 3));
    assert!(of("sign_up").is_allowed(&number, NOW) && of("payment").is_blocked(&number, NOW));
    let after = Timestamp::from_rfc3339("2026-12-30T23:00:00Z").unwrap();
    assert!(of("sign_up").is_blocked(&number, after));
    assert!(!of("payment").is_blocked(&mail, NOW), "it is over");
}

#[test]
fn a_wrong_destination_is_told_by_its_place_and_nothing_of_it() {
    let good = "[[destination]]\nmatch = \"@example.com\"\naction = \"block\"\n";
    for wrong in [
        "match = \"anna\"\naction = \"block\"",
        "match = \"anna@example.com\"\naction = \"anna\"",
        "match = \"anna@example.com\"",
        "action = \"block\"",
        "match = \"anna@example.com\"\naction = \"block\"\nuntil = \"anna\"",
        "match = \"anna@example.com\"\naction = \"block\"\nuntil = 2026-12-31",
        "match = \"anna@example.com\"\naction = \"block\"\n\"anna@example.org\" = 1",
        "match = [\"anna@example.com\"]\naction = \"block\"",
        "match = \"anna@example.com\"\naction = \"block\"\ntenant = \"anna\"",
        "match = \"@EXAMPLE.com\"\naction = \"allow\"",
    ] {
        let complaint = complaint(&format!("{good}[[destination]]\n{wrong}\n"));

        assert!(complaint.starts_with("[[destination]] number 2: "), "{complaint}");
        assert!(!complaint.contains("anna"), "{complaint}");
    }
    let broken = complaint(&format!("{good}match = anna@example.com"));
    assert_eq!(broken, "line 4 is not TOML");
}

#[test]
fn a_list_has_an_end() {
    let one = "[[policy]]\npurpose = \"payment\"\ncode = { tries = 3 }\n";

    assert!(complaint(&one.repeat(MOST_POLICIES + 1)).contains("more than 10000 entries"));
}

#[test]
fn whatever_is_read_is_read_or_refused_without_a_word_of_it() {
    let file = format!(
        "[[policy]]\ntenant = \"{TENANT}\"\ncode = {{ tries = 3 }}\n[[destination]]\nmatch = \"anna@example.com\"\n\
         action = \"block\"\nuntil = 2026-12-31T00:00:00Z\n"
    );
    rekey_testing::fuzz(&[file.as_bytes()], |bytes: &[u8]| match parse(&String::from_utf8_lossy(bytes)) {
        Ok(policies) => assert!(policies.counts().0 <= MOST_POLICIES),
        Err(InvalidPolicies::Policy { .. }) => {}
        Err(other) => assert!(!other.to_string().contains("anna"), "{other}"),
    });
}
