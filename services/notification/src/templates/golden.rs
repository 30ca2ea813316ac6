//! Golden files: every built-in message as a reader gets it, in `tests/golden/<language>/<template>.txt`. A change of a text,
//! of the markup or of the renderer shows in them, in every language and on every channel. `cargo xtask golden` writes them
//! anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::domain::sms::SmsSize;
use crate::fixtures::link_hosts;

/// Set by `cargo xtask golden`.
const WRITE: &str = "REKEY_WRITE_GOLDEN";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden() -> BTreeMap<PathBuf, String> {
    let renderer = Renderer::new("en", Some("id.example.com")).unwrap().linking_to(link_hosts());
    let mut files = BTreeMap::new();
    for language in LOCALES.iter().map(|files| files.tag) {
        for &template in TemplateName::ALL {
            let file = folder().join(language).join(template.as_str()).with_extension("txt");
            files.insert(file, message(&renderer, template, language));
        }
    }
    files
}

fn message(renderer: &Renderer, template: TemplateName, language: &str) -> String {
    let (locale, samples) = (Locale::parse(language).unwrap(), renderer.samples(template));
    let render = |channel| renderer.render(template, Some(&locale), &samples, channel).unwrap();
    let (Rendered::Email { subject, text, html, .. }, Rendered::Sms { text: sms }) =
        (render(Channel::Email), render(Channel::Sms))
    else {
        panic!("a channel has another kind of message")
    };
    let SmsSize { encoding, units, segments, units_left } = SmsSize::of(&sms);
    format!(
        "--- subject\n{}\n--- text\n{}\n--- html\n{}--- sms: {}, {segments} segments, {units} units, {units_left} left\n{}\n",
        subject.as_str(),
        text.as_str(),
        html.as_str(),
        encoding.as_str(),
        sms.as_str(),
    )
}

/// The files that are there.
fn kept() -> BTreeMap<PathBuf, String> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    };
    let files = entries(&folder()).into_iter().flat_map(|language| entries(&language));
    files.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "`cargo xtask golden` says so by the environment")]
fn every_message_reads_as_its_golden_file() {
    let golden = golden();
    if std::env::var_os(WRITE).is_some() {
        let _none = fs::remove_dir_all(folder());
        for (file, text) in &golden {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    let kept = kept();

    let differ = |file: &&PathBuf| golden.get(*file) != kept.get(*file);
    let differing: Vec<&PathBuf> = golden.keys().chain(kept.keys()).filter(differ).collect();
    assert!(differing.is_empty(), "run `cargo xtask golden` and look at what changed: {differing:?}");
}
