//! The built-in locales: the folders below `locales/`, as the build found them.
//!
//! A locale is a text per template, in three parts divided by `--- text` and `--- sms`, and its words (see
//! [`Words`](super::words::Words)). A new one is a new folder and nothing else.

use crate::domain::template::TemplateName;
use crate::domain::template_text::TemplateParts;

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

impl LocaleFiles {
    /// A template in this language, if it is there and has its three parts.
    pub(super) fn parts(&self, template: TemplateName) -> Option<TemplateParts> {
        let (_, source) = self.texts.iter().find(|(name, _)| *name == template.as_str())?;
        let (subject, rest) = source.split_once("\n--- text\n")?;
        let (text, sms) = rest.split_once("\n--- sms\n")?;
        Some(TemplateParts {
            subject: subject.to_owned(),
            text: text.trim_end().to_owned(),
            sms: sms.trim_end().to_owned(),
        })
    }
}
