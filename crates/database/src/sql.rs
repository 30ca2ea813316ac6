//! Statements: texts that are known when the program is built.
//!
//! Most are one text for both databases. Where the dialects differ, a part is written twice; the parts are joined at
//! compile time, so a statement is a `&'static str` by which the driver finds what it has prepared.

use crate::Dialect;

/// A statement in the words of both databases, declared by [`statements!`](crate::statements).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    name: &'static str,
    text: Fragment,
}

/// A part of a statement, declared by [`fragment!`](crate::fragment).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// As Postgres reads it.
    pub postgres: &'static str,
    /// As SQLite reads it.
    pub sqlite: &'static str,
}

/// Locks the rows that were read. SQLite has one writer, which holds the lock on everything already.
pub const FOR_UPDATE: Fragment = Fragment { postgres: " for update", sqlite: "" };

/// The same, but lets others insert rows that refer to these.
pub const FOR_NO_KEY_UPDATE: Fragment = Fragment { postgres: " for no key update", sqlite: "" };

/// Locks the rows that nobody else has locked, and passes over the others.
pub const FOR_UPDATE_SKIP_LOCKED: Fragment = Fragment { postgres: " for update skip locked", sqlite: "" };

impl Sql {
    /// A statement that no list has, for tests.
    #[must_use]
    pub const fn unlisted(text: &'static str) -> Self {
        Self { name: "unlisted", text: Fragment::both(text) }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn listed(name: &'static str, text: Fragment) -> Self {
        Self { name, text }
    }

    /// The path of its constant.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its text.
    #[must_use]
    pub const fn text(self, dialect: Dialect) -> &'static str {
        self.text.text(dialect)
    }
}

impl Fragment {
    /// A part that reads the same in both.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }

    const fn text(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Postgres => self.postgres,
            Dialect::Sqlite => self.sqlite,
        }
    }
}

/// The length of parts put together.
#[doc(hidden)]
#[must_use]
pub const fn joined_length(parts: &[Fragment], dialect: Dialect) -> usize {
    let (mut length, mut part) = (0, 0);
    while part < parts.len() {
        length += parts[part].text(dialect).len();
        part += 1;
    }
    length
}

/// Parts put together.
#[doc(hidden)]
#[must_use]
pub const fn joined<const LENGTH: usize>(parts: &[Fragment], dialect: Dialect) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let (mut written, mut part) = (0, 0);
    while part < parts.len() {
        let text = parts[part].text(dialect).as_bytes();
        let mut byte = 0;
        while byte < text.len() {
            bytes[written] = text[byte];
            written += 1;
            byte += 1;
        }
        part += 1;
    }
    bytes
}

/// The text that was joined.
#[doc(hidden)]
#[must_use]
pub const fn joined_text(bytes: &'static [u8]) -> &'static str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("texts put together are a text"),
    }
}

/// A part of a statement from parts: literals, other fragments by name, and `(postgres: "…", sqlite: "…")` where the
/// dialects differ. `(postgres: "…")` is nothing to SQLite.
///
/// ```
/// use rekey_database::{Fragment, fragment};
///
/// const LARGER: Fragment = fragment!((postgres: "greatest", sqlite: "max"));
/// const LATER: Fragment = fragment!(LARGER, "(live_until, $1)");
/// assert_eq!(LATER.sqlite, "max(live_until, $1)");
/// ```
#[macro_export]
macro_rules! fragment {
    (@part $text:literal) => { $crate::Fragment::both($text) };
    (@part $name:ident) => { $name };
    (@part (postgres: $postgres:literal, sqlite: $sqlite:literal $(,)?)) => {
        $crate::Fragment { postgres: $postgres, sqlite: $sqlite }
    };
    (@part (postgres: $postgres:literal)) => { $crate::Fragment { postgres: $postgres, sqlite: "" } };
    (@text $dialect:ident) => {{
        const LENGTH: usize = $crate::sql::joined_length(PARTS, $crate::Dialect::$dialect);
        const BYTES: [u8; LENGTH] = $crate::sql::joined(PARTS, $crate::Dialect::$dialect);
        $crate::sql::joined_text(&BYTES)
    }};
    ($($part:tt),+ $(,)?) => {{
        const PARTS: &[$crate::Fragment] = &[$($crate::fragment!(@part $part)),+];
        $crate::Fragment { postgres: $crate::fragment!(@text Postgres), sqlite: $crate::fragment!(@text Sqlite) }
    }};
}

/// The statements of a module, each from parts as in [`fragment!`](crate::fragment). There is no other way to declare
/// one, and all of them stand in `STATEMENTS`, so that a test prepares them on both databases: the compiler warns of a
/// list that no test reads.
///
/// ```
/// use rekey_database::FOR_UPDATE;
///
/// rekey_database::statements! {
///     /// Whoever refreshes comes through here one after the other.
///     pub const LOCK = "select 1 from sessions where session_id = $1", FOR_UPDATE;
/// }
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$about:meta])* $vis:vis const $name:ident = $($part:tt),+;)+) => {
        $(
            $(#[$about])*
            $vis const $name: $crate::Sql = $crate::Sql::listed(
                concat!(module_path!(), "::", stringify!($name)),
                $crate::fragment!($($part),+),
            );
        )+

        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::Sql] = &[$($name),+];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Fragment = fragment!("notes");

    crate::statements! {
        const READ = "select note from ", TABLE, " where note > $1", FOR_UPDATE;
        const LATER = "select ", (postgres: "greatest", sqlite: "max"), "(1, 2)";
    }

    #[test]
    fn parts_are_joined_in_the_words_of_each_database() {
        assert_eq!(READ.text(Dialect::Postgres), "select note from notes where note > $1 for update");
        assert_eq!(READ.text(Dialect::Sqlite), "select note from notes where note > $1");
        assert_eq!(LATER.text(Dialect::Sqlite), "select max(1, 2)");
    }

    #[test]
    fn every_statement_is_listed_under_its_name() {
        let names: Vec<_> = STATEMENTS.iter().map(|sql| sql.name()).collect();

        assert_eq!(names, ["rekey_database::sql::tests::READ", "rekey_database::sql::tests::LATER"]);
    }
}
