//! A field of a form, with its label, its hint and what is wrong with it.

use super::Values;
use super::choice::described_by;

/// What is typed into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Organisation,
    Login,
    /// Digits of an app or a message.
    Code,
    /// Letters and digits that were saved.
    SavedCode,
    NewPassword,
    /// The password of today.
    Password,
    Email,
    Phone,
    Number,
    /// A colour, as `#0b57a4`.
    Colour,
    /// A day, as `2026-12-31`.
    Day,
    Search,
    Text,
    Message,
    /// Many lines.
    LongText,
}

/// How a kind of field behaves in a browser.
struct Behaviour {
    type_: &'static str,
    autocomplete: &'static str,
    longest: u32,
}

impl FieldKind {
    /// In a box, how many lines of it are seen.
    const fn rows(self) -> Option<&'static str> {
        match self {
            Self::Message => Some("5"),
            Self::LongText => Some("12"),
            _ => None,
        }
    }

    /// The longest texts are those of identity, and more for what surrounds a code that is pasted.
    const fn behaviour(self) -> Behaviour {
        match self {
            Self::Organisation => Behaviour { type_: "text", autocomplete: "organization", longest: 320 },
            Self::Login => Behaviour { type_: "text", autocomplete: "username", longest: 256 },
            Self::Code => Behaviour { type_: "text", autocomplete: "one-time-code", longest: 500 },
            Self::SavedCode => Behaviour { type_: "text", autocomplete: "off", longest: 500 },
            Self::NewPassword => Behaviour { type_: "password", autocomplete: "new-password", longest: 512 },
            Self::Password => Behaviour { type_: "password", autocomplete: "current-password", longest: 512 },
            Self::Email => Behaviour { type_: "email", autocomplete: "email", longest: 320 },
            Self::Phone => Behaviour { type_: "tel", autocomplete: "tel", longest: 40 },
            Self::Number => Behaviour { type_: "text", autocomplete: "off", longest: 20 },
            Self::Colour => Behaviour { type_: "text", autocomplete: "off", longest: 20 },
            Self::Day => Behaviour { type_: "date", autocomplete: "off", longest: 10 },
            Self::Search => Behaviour { type_: "search", autocomplete: "off", longest: 256 },
            Self::Text => Behaviour { type_: "text", autocomplete: "off", longest: 1_000 },
            Self::Message => Behaviour { type_: "text", autocomplete: "off", longest: 500 },
            Self::LongText => Behaviour { type_: "text", autocomplete: "off", longest: 40_000 },
        }
    }
}

/// A field.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    /// Its name in the form, which is its id as well.
    pub(crate) name: &'static str,
    pub(crate) label: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) kind: FieldKind,
    /// What was typed before; never a password or a code.
    pub(crate) value: &'a str,
    pub(crate) problem: Option<&'a str>,
}

impl Field<'_> {
    pub(super) fn values(&self) -> Values {
        let Behaviour { type_, autocomplete, longest } = self.kind.behaviour();
        let described_by = described_by(self.name, self.hint, self.problem);
        Values::default()
            .text("name", self.name)
            .text("label", self.label)
            .optional("hint", self.hint)
            .optional("problem", self.problem)
            .optional("described_by", described_by)
            .text("value", self.value)
            .text("type", type_)
            .text("autocomplete", autocomplete)
            .text("longest", &longest.to_string())
            .optional("rows", self.kind.rows())
            .flag("is_numeric", matches!(self.kind, FieldKind::Code | FieldKind::Number))
            .flag(
                "is_ltr",
                !matches!(
                    self.kind,
                    FieldKind::Message
                        | FieldKind::LongText
                        | FieldKind::Organisation
                        | FieldKind::Search
                        | FieldKind::Text
                ),
            )
    }
}
