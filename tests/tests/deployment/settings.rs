//! The settings, each of them: explained where its default stands, read by its part, never misspelt in silence, and open
//! to the environment.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rekey::settings;

/// A setting as the commented defaults hold it.
struct Key {
    table: String,
    name: String,
    /// Whether prose stands above it in its paragraph.
    is_explained: bool,
    /// Whether operators choose the names in it.
    is_open: bool,
}

impl Key {
    fn dotted(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }

    fn part(&self) -> &str {
        self.table.split('.').next().unwrap()
    }
}

#[test]
fn every_setting_is_explained_where_its_default_stands() {
    let keys = keys();
    // What a table explains holds for its sisters: lanes, relays and gateways.
    let explained: BTreeSet<(&str, &str)> =
        keys.iter().filter(|key| key.is_explained).map(|key| (key.part(), key.name.as_str())).collect();

    let bare: Vec<String> = keys
        .iter()
        .filter(|key| !explained.contains(&(key.part(), key.name.as_str())))
        .map(Key::dotted)
        .collect();

    assert!(keys.len() > 150, "only {} settings were found", keys.len());
    assert!(bare.is_empty(), "without a word: {}", bare.join(", "));
}

#[test]
fn every_setting_is_read_by_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");

    let unread: Vec<String> = keys()
        .iter()
        .filter(|key| !key.is_open)
        .filter(|key| {
            // No setting is a table of the operator's, so whoever reads the key stumbles.
            let text = format!("[{}]\n{} = {{ nobody = \"reads this\" }}\n", key.table, key.name);
            std::fs::write(&file, text).unwrap();
            check(file.clone()).is_ok()
        })
        .map(Key::dotted)
        .collect();

    assert!(unread.is_empty(), "nobody reads {}", unread.join(", "));
}

#[test]
fn a_misspelt_setting_is_refused_with_the_nearest_known_one() {
    for key in keys().iter().filter(|key| !key.is_open) {
        let misspelt = format!("{}x", key.dotted());
        let variable = format!("REKEY__{}", misspelt.replace('.', "__").to_uppercase());

        let refused = settings::builder().environment([(variable.clone(), "1".to_owned())]).load();

        let text = refused.expect_err(&misspelt).to_string();
        assert!(text.contains(&format!("unknown setting `{misspelt}` in {variable}")), "{text}");
        assert!(text.contains("the nearest known one is"), "{text}");
    }
}

#[test]
fn every_default_can_come_from_the_environment() {
    let defaults = settings::builder().load().unwrap().settings();
    // Empty tables are for names that operators choose, or for settings without a default.
    let readable = defaults.iter().filter(|setting| !setting.value.starts_with('{'));
    let variables: Vec<(String, String)> = readable
        .map(|setting| {
            let name = format!("REKEY__{}", setting.key.replace('.', "__").to_uppercase());
            let text = setting.value.trim_matches(['[', ']']).replace('"', "");
            (name, text)
        })
        .collect();

    let document = settings::builder().environment(variables.clone()).load().unwrap();
    settings::check(&document).unwrap();

    let from_environment = document.settings();
    let from_environment =
        from_environment.iter().filter(|setting| setting.origin.to_string().starts_with("environment"));
    assert_eq!(from_environment.count(), variables.len());
    assert!(variables.len() > 100, "only {} defaults were tried", variables.len());
}

#[test]
fn the_environment_stands_above_the_file_and_the_file_above_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");
    std::fs::write(&file, "[verification.resend]\nsends = 3\nladder_seconds = [1]\n").unwrap();
    let variable = ("REKEY__VERIFICATION__RESEND__LADDER_SECONDS".to_owned(), "7, 9".to_owned());

    let document = settings::builder().file(file).environment([variable]).load().unwrap();

    let verification: rekey_verification::config::Settings = document.part("verification").unwrap();
    assert_eq!(verification.resend.ladder_seconds, [7, 9]);
    assert_eq!(verification.resend.sends, 3);
    assert_eq!(verification.code.life_seconds, 600);
}

fn check(file: PathBuf) -> anyhow::Result<()> {
    settings::check(&settings::document(Some(file), Vec::new())?)
}

/// Every setting of the defaults, those that stand there as `# name = example` included.
fn keys() -> Vec<Key> {
    let text = settings::builder().defaults_text();
    let mut keys: Vec<Key> = Vec::new();
    let (mut table, mut is_explained) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        let setting = line.trim_start_matches("# ").split_once(" = ").filter(|(name, _)| is_name(name));
        if line.is_empty() {
            is_explained = false;
        } else if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            header.clone_into(&mut table);
        } else if let Some((name, value)) = setting {
            let (table, name) = (table.clone(), name.to_owned());
            keys.push(Key { table, name, is_explained, is_open: value == "{}" });
        } else if line.starts_with('#') {
            is_explained = true;
        }
    }
    keys
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
