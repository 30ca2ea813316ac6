//! The built-in locales: the folders below `locales/`, as the build found them.
//!
//! A locale is a text per template, in three parts divided by `--- text` and `--- sms`, and its words (see
//! [`Words`](super::words::Words)). A new one is a new folder and nothing else.

use crate::domain::template::TemplateName;

/// The files of one folder.
pub(super) struct LocaleFiles {
    /// The language tag that names the folder.
    pub(super) tag: &'static str,
    /// `words.toml`
    pub(super) words: &'static str,
    /// The texts by the names of their templates.
    texts: &'static [(&'static str, &'static str)],
}

include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// The parts of one text.
pub(super) struct Parts {
    /// One line.
    pub(super) subject: String,
    /// Paragraphs with an empty line between them.
    pub(super) text: String,
    /// The text message.
    pub(super) sms: String,
}

impl LocaleFiles {
    /// A template in this language, if it is there and has its three parts.
    pub(super) fn parts(&self, template: TemplateName) -> Option<Parts> {
        let (_, source) = self.texts.iter().find(|(name, _)| *name == template.as_str())?;
        let (subject, rest) = source.split_once("\n--- text\n")?;
        let (text, sms) = rest.split_once("\n--- sms\n")?;
        Some(Parts {
            subject: subject.to_owned(),
            text: format!("{}\n", text.trim_end()),
            sms: sms.trim_end().to_owned(),
        })
    }
}
