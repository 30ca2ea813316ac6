//! Embeds the migrations and the locales anew when one is added.
//!
//! A locale is a folder below `locales/`: a text per template and a `words.toml`. Each must hold the files that the
//! others hold, so that a message can be written in every language that is offered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The words of a locale, beside its texts.
const WORDS: &str = "words";

type Files = BTreeMap<String, PathBuf>;

#[expect(clippy::disallowed_methods, reason = "cargo hands a build script its folder in the environment")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=locales");
    let mut locales = BTreeMap::new();
    for folder in entries(Path::new("locales"))? {
        locales.insert(name(&folder), files(&folder)?);
    }
    refuse_gaps(&locales)?;
    let list = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(Path::new(&list).join("locales.rs"), listing(&locales)?)?;
    Ok(())
}

fn files(folder: &Path) -> io::Result<Files> {
    Ok(entries(folder)?.into_iter().map(|file| (name(&file), file)).collect())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn refuse_gaps(locales: &BTreeMap<String, Files>) -> Result<(), String> {
    for (one, files) in locales {
        for (other, others) in locales {
            if let Some(missing) = others.keys().find(|file| !files.contains_key(*file)) {
                return Err(format!("the locale {one} lacks `{missing}`, which {other} has"));
            }
        }
    }
    Ok(())
}

/// The list as Rust, sorted by tag.
fn listing(locales: &BTreeMap<String, Files>) -> Result<String, Box<dyn std::error::Error>> {
    let mut list = String::from("pub(super) static LOCALES: &[LocaleFiles] = &[\n");
    for (tag, files) in locales {
        let mut texts = String::new();
        let mut words = String::new();
        for (name, file) in files {
            let embedded = format!("include_str!({:?})", fs::canonicalize(file)?);
            if name == WORDS {
                words = embedded;
            } else {
                texts.push_str(&format!("({name:?}, {embedded}), "));
            }
        }
        list.push_str(&format!("LocaleFiles {{ tag: {tag:?}, words: {words}, texts: &[{texts}] }},\n"));
    }
    list.push_str("];\n");
    Ok(list)
}
