use std::fs;

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{Document, DocumentBuilder, Error, Origin, is_variable, secret_file};

const DEFAULTS: &str = r#"
[office]
# How long.
reset_life_seconds = 900
languages = ["en"]
# Read as `[[office.desks.rows]]` is.
# help_mailbox = "help@example.com"

[office.store]
url = "postgres://rekey:hunter2@db/rekey?x=1"

[office.prices]

[office.desks]
# Each as
#     [[office.desks.rows]]
#     place = "window"
rows = []
"#;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Office {
    reset_life_seconds: u64,
    languages: Vec<String>,
    help_mailbox: Option<String>,
    store: Store,
    prices: std::collections::BTreeMap<String, u32>,
    desks: Desks,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Desks {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Row {
    place: String,
    #[serde(default)]
    seats: u8,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Store {
    url: String,
}

fn builder() -> DocumentBuilder {
    Document::builder().defaults(DEFAULTS)
}

fn variable(name: &str, value: &str) -> [(String, String); 1] {
    [(name.to_owned(), value.to_owned())]
}

#[test]
fn the_environment_beats_the_file_and_the_file_beats_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    fs::write(&path, "[office]\nreset_life_seconds = 60\nhelp_mailbox = 'a@b.example'\n").unwrap();

    let document = builder()
        .file(&path)
        .environment(variable("REKEY__OFFICE__RESET_LIFE_SECONDS", "30"))
        .environment(variable("REKEY__OFFICE__LANGUAGES", "de, fr"))
        .environment(variable("REKEY__OFFICE__PRICES__AT", "7"))
        .load()
        .unwrap();

    let office: Office = document.part("office").unwrap();
    assert_eq!(office.reset_life_seconds, 30);
    assert_eq!(office.help_mailbox.as_deref(), Some("a@b.example"));
    assert_eq!(office.languages, ["de", "fr"]);
    assert_eq!(office.prices["at"], 7);
}

#[test]
fn an_unknown_key_in_the_file_is_refused_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    fs::write(&path, "[office]\nreset_live_seconds = 60\n").unwrap();

    let error = builder().file(&path).load().unwrap_err();

    assert_eq!(
        error.to_string(),
        format!(
            "unknown setting `office.reset_live_seconds` in {}; the nearest known one is \
             `office.reset_life_seconds`",
            path.display()
        )
    );
}

#[test]
fn an_unknown_key_in_the_environment_is_refused_too() {
    let error = builder().environment(variable("REKEY__OFFICE__STORE__URI", "x")).load().unwrap_err();

    let Error::Unknown { key, origin, nearest } = error else { panic!("{error}") };
    assert_eq!(key, "office.store.uri");
    assert_eq!(origin, "REKEY__OFFICE__STORE__URI");
    assert_eq!(nearest.as_deref(), Some("office.store.url"));
}

#[test]
fn the_environment_reaches_the_entries_of_a_list_by_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    fs::write(&path, "[[office.desks.rows]]\nplace = 'window'\nseats = 1\n").unwrap();

    let document = builder()
        .file(&path)
        .environment(variable("REKEY__OFFICE__DESKS__ROWS__0__SEATS", "3"))
        .environment(variable("REKEY__OFFICE__DESKS__ROWS__1__PLACE", "door"))
        .load()
        .unwrap();

    let row = |place: &str, seats| Row { place: place.to_owned(), seats };
    assert_eq!(document.part::<Office>("office").unwrap().desks.rows, [row("window", 3), row("door", 0)]);
    let shown = document.settings().into_iter().find(|setting| setting.key == "office.desks.rows").unwrap();
    assert_eq!(shown.origin, Origin::Environment("REKEY__OFFICE__DESKS__ROWS__1__PLACE".to_owned()));
}

#[test]
fn what_a_comment_shows_of_an_entry_is_no_setting_by_itself() {
    for name in ["REKEY__OFFICE__DESKS__PLACE", "REKEY__OFFICE__DESKS__ROWS__9999__PLACE"] {
        let error = builder().environment(variable(name, "x")).load().unwrap_err();

        assert!(matches!(error, Error::Unknown { .. }), "{error}");
    }
}

#[test]
fn a_setting_of_an_earlier_version_is_refused_by_the_name_of_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    fs::write(&path, "[office.parlour]\nseats = 2\n").unwrap();
    let builder = builder().replaced(&[("office.parlour", "`office.desks`")]);

    let error = builder.file(&path).load().unwrap_err().to_string();

    assert!(error.contains("office.parlour.seats") && error.ends_with("now it is `office.desks`"), "{error}");
}

#[test]
fn variables_of_others_are_left_alone() {
    let document = builder().environment(variable("REKEY_PORT_7300_TCP", "x")).load().unwrap();

    assert_eq!(document.part::<Office>("office").unwrap().reset_life_seconds, 900);
}

#[test]
fn a_wrong_type_names_the_key_and_where_it_came_from() {
    let document =
        builder().environment(variable("REKEY__OFFICE__RESET_LIFE_SECONDS", "soon")).load().unwrap();

    let error = document.part::<Office>("office").unwrap_err().to_string();

    assert!(error.contains("reset_life_seconds"), "{error}");
    assert!(error.contains("REKEY__OFFICE__RESET_LIFE_SECONDS"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    assert!(matches!(builder().file("/nowhere/rekey.toml").load(), Err(Error::Unreadable(_))));
}

#[test]
fn showing_names_origins_and_hides_passwords() {
    let document = builder().environment(variable("REKEY__OFFICE__RESET_LIFE_SECONDS", "30")).load().unwrap();

    let shown = document.show();

    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains(r#"office.store.url = "postgres://rekey:[redacted]@db/rekey?x=1"  # default"#));
    let life = document.settings().into_iter().find(|s| s.key == "office.reset_life_seconds").unwrap();
    assert_eq!(life.origin, Origin::Environment("REKEY__OFFICE__RESET_LIFE_SECONDS".to_owned()));
}

#[test]
fn a_password_among_the_parameters_is_hidden_as_well() {
    let shown = |url: &str| {
        let document = builder().environment(variable("REKEY__OFFICE__STORE__URL", url)).load().unwrap();
        let settings = document.settings();
        settings.into_iter().find(|setting| setting.key == "office.store.url").unwrap().value
    };

    let alone = shown("postgres://db/rekey?password=hunter2");
    let among_others = shown("postgres://a:hunter2@db/rekey?sslmode=require&password=hunter2&x=1");

    assert_eq!(alone, r#""postgres://db/rekey?password=[redacted]""#);
    assert_eq!(among_others, r#""postgres://a:[redacted]@db/rekey?sslmode=require&password=[redacted]&x=1""#);
}

#[test]
fn a_parts_server_table_can_be_overruled_by_its_own_defaults() {
    #[derive(Deserialize)]
    struct Part {
        server: crate::server::ServerSettings,
    }

    let document = Document::builder()
        .part("office", 7301, "[office.server]\ndeadline_ceiling_ms = 5000\n")
        .load()
        .unwrap();

    let settings = document.part::<Part>("office").unwrap().server;
    assert_eq!(settings.listen, "127.0.0.1:7301".parse().unwrap());
    assert_eq!(settings.deadline_ceiling_ms, 5000);
    assert_eq!(settings.max_message_bytes, 262_144);
    assert!(settings.tls.certificate_file.is_none());
}

#[test]
fn a_secret_loses_the_line_end_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "s3cret \n").unwrap();

    assert_eq!(secret_file(&path).unwrap().expose_secret(), "s3cret ");

    fs::write(&path, "\n").unwrap();
    assert!(secret_file(&path).is_err());
}

#[test]
fn a_secret_may_come_from_a_variable() {
    assert!(!secret_file("env:PATH").unwrap().expose_secret().is_empty());
    assert!(secret_file("env:REKEY_NOBODY_SETS_THIS").is_err());
    assert!(is_variable("env:PATH") && !is_variable("/etc/rekey/env:PATH"));
}

#[test]
fn names_in_an_open_table_keep_their_case() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    fs::write(&path, "[office.prices]\n'Anna@Example.com' = 3\n").unwrap();

    let document = builder().file(&path).load().unwrap();

    assert_eq!(document.part::<Office>("office").unwrap().prices["Anna@Example.com"], 3);
}

#[test]
fn a_table_whose_settings_have_no_defaults_takes_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekey.toml");
    let keys = || Document::builder().defaults("[office.keys]\n# pepper_file = \"/etc/pepper\"\n");
    fs::write(&path, "[office.keys]\n").unwrap();

    let known = keys().environment(variable("REKEY__OFFICE__KEYS__PEPPER_FILE", "a")).load();
    let misspelt = keys().environment(variable("REKEY__OFFICE__KEYS__PEPER_FILE", "a")).load();
    let empty = keys().file(&path).load();

    assert!(known.is_ok() && empty.is_ok());
    let misspelt = misspelt.unwrap_err().to_string();
    assert!(misspelt.ends_with("the nearest known one is `office.keys.pepper_file`"), "{misspelt}");
}
