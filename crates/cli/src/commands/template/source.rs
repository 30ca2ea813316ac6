//! A text as a file: its subject, `--- text`, the mail, `--- sms`, the text message. The built-in ones of the repository lie as
//! such files too.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use rekey_wire::notification::v1::TemplateParts;

/// A file, and the text that it is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) template: String,
    pub(super) locale: String,
}

/// The parts in the form of a file.
pub(super) fn written(parts: &TemplateParts) -> String {
    format!("{}\n--- text\n{}\n--- sms\n{}\n", parts.subject, parts.text, parts.sms)
}

/// Reads a file. Line ends of Windows are line ends.
pub(super) fn read(path: &Path) -> anyhow::Result<TemplateParts> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| {
        format!("{} is not a text: a subject, `--- text`, a mail, `--- sms`, a text message", path.display())
    })
}

fn parse(text: &str) -> Option<TemplateParts> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (subject, rest) = text.split_once("\n--- text\n")?;
    let (text, sms) = rest.split_once("\n--- sms\n")?;
    let trimmed = |part: &str| part.trim().to_owned();
    Some(TemplateParts { subject: trimmed(subject), text: trimmed(text), sms: trimmed(sms) })
}

/// The texts below a path: a file, or a folder of `<locale>/<template>.txt`. What is named goes above what the path says.
pub(super) fn files(
    path: &Path,
    template: Option<&str>,
    locale: Option<&str>,
) -> anyhow::Result<Vec<SourceFile>> {
    if !path.is_dir() {
        return Ok(vec![file(path, template, locale)?]);
    }
    ensure!(template.is_none() && locale.is_none(), "a folder says by its names which texts it has");
    let mut found = Vec::new();
    for folder in entries(path)?.into_iter().filter(|entry| entry.is_dir()) {
        for text in entries(&folder)?.iter().filter(|entry| entry.extension().is_some_and(|end| end == "txt"))
        {
            found.push(file(text, None, None)?);
        }
    }
    ensure!(!found.is_empty(), "{} has no file <locale>/<template>.txt", path.display());
    Ok(found)
}

fn file(path: &Path, template: Option<&str>, locale: Option<&str>) -> anyhow::Result<SourceFile> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let absolute = std::path::absolute(path)?;
    let folder = absolute.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let template = template.or(stem).context("the path names no template: say --template")?.to_owned();
    let locale = locale.or(folder).context("the path names no locale: say --locale")?.to_owned();
    Ok(SourceFile { path: path.to_owned(), template, locale })
}

/// What lies in a folder, in a stable order.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut entries = read().with_context(|| format!("cannot read {}", folder.display()))?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> TemplateParts {
        TemplateParts {
            subject: "A code".to_owned(),
            text: "Hello,\n\n{{ code }}".to_owned(),
            sms: "{{ code }}".to_owned(),
        }
    }

    #[test]
    fn what_was_written_reads_back_also_from_windows() {
        let text = written(&parts());

        assert_eq!(parse(&text), Some(parts()));
        assert_eq!(parse(&format!("\u{feff}{}", text.replace('\n', "\r\n"))), Some(parts()));
        assert_eq!(parse("A code\n--- sms\n{{ code }}\n--- text\n"), None);
    }

    #[test]
    fn a_path_says_which_text_it_is_of_unless_it_is_named() {
        let found = files(Path::new("texts/de-AT/sign_in_code.txt"), None, None).unwrap().remove(0);
        let named = files(Path::new("draft.txt"), Some("sign_in_code"), Some("de")).unwrap().remove(0);

        assert_eq!((found.template.as_str(), found.locale.as_str()), ("sign_in_code", "de-AT"));
        assert_eq!((named.template.as_str(), named.locale.as_str()), ("sign_in_code", "de"));
    }

    #[test]
    fn a_folder_has_the_texts_of_its_locales() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["de/sign_in_code.txt", "de/words.toml", "en/sign_in_code.txt", "README.txt"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, written(&parts())).unwrap();
        }

        let found = files(folder.path(), None, None).unwrap();
        let named = files(folder.path(), Some("sign_in_code"), None);

        let names: Vec<_> = found.iter().map(|one| (one.locale.as_str(), one.template.as_str())).collect();
        assert_eq!(names, [("de", "sign_in_code"), ("en", "sign_in_code")]);
        assert!(named.is_err() && files(&folder.path().join("de"), None, None).is_err());
    }
}
