//! Every number that can be set, at the ends of what it may be and far beyond them: what is outside is refused by name and
//! bounds, what is inside builds its part, and none panics, hangs or takes all memory. The list is that of the settings
//! themselves.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SystemEntropy;
use rekey_runtime::settings::{Bounds, Document};

use super::rehearse;
use crate::development::{self, Setting, set};
use crate::folder::DataFolder;
use crate::{Part, settings};

/// What no setting may be: below, and where types end.
const BEYOND: [i128; 4] = [-1, u32::MAX as i128, i64::MAX as i128, u64::MAX as i128 + 1];

/// No wait or life is longer: added to today, it stays far within what times can hold.
const LONGEST_SECONDS: u64 = 10 * 366 * 86_400;

/// A suite of a developer with one setting of its own, and as little memory for each hash as there can be.
fn settings_with(folder: &DataFolder, key: &str, value: i128) -> Vec<Setting> {
    let own = |key: &str, value: &str| set(&key.replace('.', "__").to_uppercase(), value);
    let mut settings: Vec<Setting> = development::settings(folder, &development::Stores::default())
        .into_iter()
        .filter(|(name, _)| !name.contains("PROVIDERS"))
        .collect();
    settings.push(own("identity.hashing.cost.memory_kib", "8"));
    let kind = if key.ends_with("validity_longest_seconds") { "sms" } else { "smtp" };
    let provider = [
        ("kind", kind),
        ("host", "localhost"),
        ("url", "https://sms.example.com"),
        ("token_file", "env:PATH"),
        ("from", "no-reply@example.com"),
    ];
    let is_known = |name: &str| match kind {
        "sms" => name != "host",
        _ => !["url", "token_file"].contains(&name),
    };
    for (name, value) in provider.into_iter().filter(|(name, _)| is_known(name)) {
        settings.push(own(&format!("notification.providers.0.{name}"), value));
    }
    if key.starts_with("notification.webhooks.0.") {
        let secret = folder.token("webhook");
        std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = secret.to_str().unwrap();
        let endpoint =
            [("name", "shop"), ("url", "https://shop.example"), ("tenants", "*"), ("secret_files", secret)];
        for (name, value) in endpoint {
            settings.push(own(&format!("notification.webhooks.0.{name}"), value));
        }
    }
    settings.push(own(key, &value.to_string()));
    settings
}

fn load(folder: &DataFolder, key: &str, value: i128) -> Result<Document, String> {
    let settings = settings_with(folder, key, value);
    settings::builder().environment(settings).load().map_err(|error| error.to_string())
}

fn scratch_folder(scratch: &tempfile::TempDir) -> DataFolder {
    DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH).unwrap()
}

fn numbers() -> Vec<(String, Bounds)> {
    let numbers = settings::builder().load().unwrap().bounds();
    assert!(numbers.len() > 170, "only {} numbers were found", numbers.len());
    numbers
}

#[test]
fn a_number_outside_its_bounds_is_refused_by_name_and_bounds() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch_folder(&scratch);

    for (key, bounds) in numbers() {
        let is_outside = |value: &i128| !(i128::from(bounds.least)..=i128::from(bounds.most)).contains(value);
        let beside = [i128::from(bounds.least) - 1, i128::from(bounds.most) + 1];
        for value in BEYOND.into_iter().chain([0]).chain(beside).filter(is_outside) {
            let refused = load(&folder, &key, value).unwrap_err();

            let expected = format!("`{key}` is {value} in environment");
            assert!(refused.contains(&expected), "{refused}");
            assert!(refused.ends_with(&format!("it must be {bounds}")), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_inside_its_bounds_builds_its_part_or_contradicts_another_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch_folder(&scratch);

    for (key, bounds) in numbers() {
        for value in [bounds.least, bounds.most] {
            let document = load(&folder, &key, value.into()).unwrap();
            let part = Part::ALL.into_iter().find(|part| key.starts_with(part.name()));
            let mut built = settings::check(&document);
            if let (Ok(()), Some(part)) = (&built, part) {
                built = rehearse(&document, part).await;
            }

            let name = key.rsplit('.').next().unwrap();
            let said = built.err().map(|error| format!("{error:#}"));
            assert!(said.is_none_or(|said| said.contains(name)), "{key} = {value}");
        }
    }
}

#[test]
fn no_wait_or_life_is_too_long_to_be_added_to_now() {
    for (key, bounds) in numbers() {
        let most = u64::from(bounds.most);
        let seconds = match key.rsplit('_').next() {
            Some("ms") => most / 1_000,
            Some("seconds") => most,
            Some("hours") => most * 3_600,
            Some("days") => most * 86_400,
            _ => 0,
        };

        assert!(seconds <= LONGEST_SECONDS, "{key} may be {seconds} s");
    }
}

#[test]
fn every_number_has_bounds_behind_its_default() {
    let document = settings::builder().load().unwrap();
    let bounded: Vec<String> = document.bounds().into_iter().map(|(key, _)| key).collect();
    let is_number =
        |text: &str| text.trim_matches(['[', ']']).split(", ").all(|item| item.parse::<f64>().is_ok());

    let of_defaults = document.settings().into_iter().filter(|one| is_number(&one.value)).map(|one| one.key);
    let unbounded: Vec<String> = of_defaults.filter(|key| !bounded.contains(key)).collect();
    let text = settings::builder().defaults_text();
    let in_comments = text.lines().filter(|line| line.starts_with('#')).filter(|line| {
        let value = line.split_once(" = ").map(|(_, value)| value.split(" # ").next().unwrap_or(value));
        value.is_some_and(is_number) && !line.contains(" to ")
    });

    assert!(unbounded.is_empty(), "write `# LEAST to MOST` behind {}", unbounded.join(", "));
    assert_eq!(in_comments.collect::<Vec<_>>(), Vec::<&str>::new());
}
