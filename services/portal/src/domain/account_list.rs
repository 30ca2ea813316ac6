//! A list of accounts as it was pasted: logins and ids, one a line, or parted by commas, semicolons and tabs.

use std::collections::HashSet;

use rekey_primitives::login::LOGIN_CHARACTERS;
use rekey_primitives::text::character_count;

/// Why a text is no list of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountListProblem {
    Empty,
    /// Its beginning; no login is as long or has such characters.
    Unreadable(String),
}

/// So much of what cannot be read is shown.
const SHOWN: usize = 40;

/// The accounts that are named, each once, in their order.
///
/// # Errors
/// None is named, or something that can name none.
pub(crate) fn parse_account_list(text: &str) -> Result<Vec<String>, AccountListProblem> {
    let parts = text.split(['\n', '\r', ',', ';', '\t']).map(str::trim).filter(|part| !part.is_empty());
    let mut seen = HashSet::new();
    let named: Vec<&str> = parts.filter(|part| seen.insert(*part)).collect();
    let reads = |name: &str| character_count(name) <= LOGIN_CHARACTERS && !name.contains(char::is_control);
    if let Some(wrong) = named.iter().find(|name| !reads(name)) {
        return Err(AccountListProblem::Unreadable(wrong.chars().take(SHOWN).collect()));
    }
    if named.is_empty() {
        Err(AccountListProblem::Empty)
    } else {
        Ok(named.into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_lines_and_cells_each_once() {
        let named = parse_account_list("zoe\r\n adam@acme.example , zoe;eve\tEve\n\n").unwrap();

        assert_eq!(named, ["zoe", "adam@acme.example", "eve", "Eve"]);
    }

    #[test]
    fn a_name_may_hold_blanks() {
        assert_eq!(parse_account_list("Zoe Meyer\nAdam Smith").unwrap(), ["Zoe Meyer", "Adam Smith"]);
    }

    #[test]
    fn what_names_nobody_is_no_list() {
        let long = "x".repeat(LOGIN_CHARACTERS + 1);

        for text in ["", " \n,;\t"] {
            assert_eq!(parse_account_list(text), Err(AccountListProblem::Empty), "{text:?}");
        }
        let shown = AccountListProblem::Unreadable("x".repeat(SHOWN));
        assert_eq!(parse_account_list(&format!("zoe\n{long}")), Err(shown));
        assert_eq!(parse_account_list("a\u{1}b"), Err(AccountListProblem::Unreadable("a\u{1}b".to_owned())));
    }
}
