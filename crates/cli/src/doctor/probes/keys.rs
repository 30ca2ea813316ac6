//! The key files that the settings name. Of each its ids and states are looked at, and material goes nowhere.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::settings::{Document, Table, secret_file};
use rekey_sealing::{KeyState, KeyText};

use super::super::judge::keys::KeyFacts;
use crate::Part;
use crate::commands::keys::STEADY;
use crate::folder::KEYS;

/// Facts of each key file of a part that rotates, or why it does not read.
pub(crate) fn look(
    document: &Document,
    part: Part,
    now: Timestamp,
) -> Vec<Result<KeyFacts, (String, String)>> {
    let files = document.part::<Table>(&format!("{}.keys", part.name())).unwrap_or_default().secret_files();
    let of_part = KEYS.iter().filter(|(owner, name)| *owner == part.name() && !STEADY.contains(name));
    of_part
        .filter_map(|(owner, name)| {
            let setting = format!("{name}_file");
            let (_, path) = files.iter().find(|(known, _)| *known == setting)?;
            let about = format!("{owner}.keys.{setting}");
            let read = || -> anyhow::Result<KeyFacts> {
                let text = secret_file(path)?;
                facts(name, &about, text.expose_secret(), now)
            };
            Some(read().map_err(|error| (about.clone(), format!("{error:#}"))))
        })
        .collect()
}

fn facts(name: &str, about: &str, text: &str, now: Timestamp) -> anyhow::Result<KeyFacts> {
    let keys = KeyText::parse(text)?;
    let made = keys.made_at();
    let days = made.map(|made| now.since(Timestamp::EPOCH.plus(made)).as_secs() / 86_400);
    let active = keys.states().find(|(_, state)| *state == KeyState::Active).map(|(id, _)| id.as_str());
    // Ids begin with the day: a later one is younger.
    let successor = keys.states().filter(|(_, state)| *state == KeyState::Accept).map(|(id, _)| id.as_str());
    let successor = successor.filter(|id| active.is_some_and(|active| *id > active)).max();
    Ok(KeyFacts {
        name: name.to_owned(),
        about: about.to_owned(),
        days,
        successor: successor.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATERIAL: [&str; 2] =
        ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"];

    #[test]
    fn the_age_of_the_active_key_and_its_successor_are_read_off_their_ids() {
        let [one, two] = MATERIAL;
        let text = format!("20260101-0a0b active {one}\n20260301-0c0d accept {two}\n");
        let now = Timestamp::EPOCH
            .plus(KeyText::parse(&text).unwrap().made_at().unwrap())
            .plus(std::time::Duration::from_hours(49));

        let facts = facts("tokens", "identity.keys.tokens_file", &text, now).unwrap();

        assert_eq!(facts.days, Some(2));
        assert_eq!(facts.successor.as_deref(), Some("20260301-0c0d"));
        assert!(!format!("{facts:?}").contains(one));
    }

    #[test]
    fn an_old_key_that_is_still_accepted_is_no_successor() {
        let [one, two] = MATERIAL;
        let text = format!("20260101-0a0b accept {one}\n20260301-0c0d active {two}\n");

        let facts = facts("tokens", "identity.keys.tokens_file", &text, Timestamp::EPOCH).unwrap();

        assert_eq!(facts.successor, None);
    }
}
