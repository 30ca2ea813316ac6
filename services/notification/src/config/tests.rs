use rekey_runtime::settings::{Document, DocumentBuilder};

use super::*;

pub(super) fn document() -> DocumentBuilder {
    Document::builder().part("notification", 0, DEFAULTS).replaced(&REPLACED)
}

pub(super) fn load(document: DocumentBuilder) -> Settings {
    document.load().unwrap().part("notification").unwrap()
}

#[test]
fn the_defaults_read_and_agree_with_each_other() {
    let settings = for_tests();

    assert_eq!(settings.check(), Ok(()));
    assert!(settings.providers.is_empty() && !settings.uses_inbox());
    assert_eq!(settings.critical.life_seconds, 600);
}

#[test]
fn the_examples_of_providers_in_the_defaults_read() {
    let (_, examples) = DEFAULTS.split_once("# The kinds of providers.").unwrap();
    let example: String = examples
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .map(|line| format!("{line}\n"))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("[notification]\n{example}")).unwrap();

    let settings = load(document().file(file.path()));

    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.providers.len(), 2);
    assert!(settings.carries(Channel::Email) && settings.carries(Channel::Sms));
}

#[test]
fn the_examples_of_senders_and_webhooks_in_the_defaults_read() {
    let example = |list: &str| {
        let lines =
            DEFAULTS.lines().skip_while(|line| !line.contains(&format!("    [[notification.{list}]]")));
        let lines = lines.map_while(|line| line.strip_prefix("#     "));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [example("senders"), example("webhooks")].concat()).unwrap();

    let settings = load(document().file(file.path()));

    assert_eq!(settings.check(), Ok(()));
    assert_eq!((settings.senders.len(), settings.webhooks.len()), (1, 1));
    assert_eq!(settings.sender_domains(), ["acme.example"]);
    let files = settings.secret_files_of_providers();
    assert_eq!(
        files,
        [
            (
                "notification.webhooks: `shop` secret_files".to_owned(),
                PathBuf::from("/etc/rekey/webhook-shop"),
            )
        ]
    );
}

#[test]
fn senders_and_webhooks_that_cannot_be_are_refused_by_the_name_of_their_list() {
    for (list, entry) in [
        ("senders", "tenant = 'acme'\nsms_from = 'Acme'"),
        ("webhooks", "name = 'shop'\nurl = 'shop'\ntenants = ['*']\nsecret_files = ['/x']"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("[[notification.{list}]]\n{entry}\n")).unwrap();

        let refused = load(document().file(file.path())).check().unwrap_err().to_string();

        assert!(refused.starts_with(&format!("notification.{list}: ")), "{refused}");
    }
}

#[test]
fn the_environment_reaches_an_entry_of_the_list_by_its_place() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let relay = "[[notification.providers]]\nkind = 'smtp'\nhost = 'smtp.example.com'\nfrom = 'no-reply@example.com'\n\
         username = 'rekey'\n";
    std::fs::write(file.path(), relay).unwrap();
    let variables = [("0__PORT", "465"), ("0__PASSWORD_FILE", "env:SECRET"), ("1__KIND", "inbox")]
        .map(|(key, value)| (format!("REKEY__NOTIFICATION__PROVIDERS__{key}"), value.to_owned()));

    let settings = load(document().file(file.path()).environment(variables));

    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.providers.iter().map(ProviderSettings::name).collect::<Vec<_>>(), ["smtp", "inbox"]);
}

#[test]
fn the_settings_of_providers_of_earlier_versions_are_refused_by_the_name_of_the_new_one() {
    for key in ["EMAIL_PROVIDERS", "SMS_PROVIDERS", "SMTP__HOST", "SMTP_FALLBACK__HOST", "SMS__URL"] {
        let variable = (format!("REKEY__NOTIFICATION__{key}"), "x".to_owned());

        let refused = document().environment([variable]).load().unwrap_err().to_string();

        assert!(refused.contains("[[notification.providers]]"), "{refused}");
    }
}

#[test]
fn the_stores_password_shows_nowhere() {
    let mut settings = for_tests();
    settings.store.url = "postgres://rekey:secret@db/rekey".to_owned();

    assert!(!format!("{settings:?}").contains("secret"));
}

#[test]
fn zeros_that_stop_everything_are_refused() {
    for key in ["BULK__WORKERS", "CRITICAL__BATCH", "DELIVERY__LEASE_SECONDS", "RETENTION__REQUEST_HOURS"] {
        let variable = (format!("REKEY__NOTIFICATION__{key}"), "0".to_owned());

        let refused = document().environment([variable]).load().unwrap_err().to_string();

        assert!(refused.contains("is 0 in environment") && refused.contains("it must be 1 to"), "{refused}");
    }
}
