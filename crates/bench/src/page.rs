//! The tables of a page in Markdown, between two marks: a page says in prose what was measured, and a run says what came out.

use std::path::Path;

use anyhow::Context as _;

use crate::report::Report;

const BEGIN: &str = "<!-- rekey-bench page: from here to the next mark a run writes -->";
const END: &str = "<!-- rekey-bench page: end -->";

/// A page without its tables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    before: String,
    after: String,
}

impl Page {
    fn of(text: &str) -> Option<Self> {
        let (before, rest) = text.split_once(BEGIN)?;
        let (_, after) = rest.split_once(END)?;
        Some(Self { before: before.to_owned(), after: after.to_owned() })
    }

    fn with(&self, tables: &str) -> String {
        format!("{}{BEGIN}\n\n{}\n\n{END}{}", self.before, tables.trim(), self.after)
    }
}

/// Reads a page.
pub(crate) fn read(file: &Path) -> anyhow::Result<Page> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Page::of(&text).with_context(|| format!("{} has no marks `{BEGIN}` and `{END}`", file.display()))
}

/// Replaces the tables of a page.
pub(crate) fn write(file: &Path, reports: &[Report]) -> anyhow::Result<()> {
    let tables: Vec<String> = reports.iter().map(Report::markdown).collect();
    let text = read(file)?.with(&tables.join("\n"));
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = Page::of(&format!("# Speed\n{BEGIN}\nold\n{END}\nWords.\n")).unwrap();

        let written = page.with("| new |\n");

        assert_eq!(written, format!("# Speed\n{BEGIN}\n\n| new |\n\n{END}\nWords.\n"));
        assert_eq!(Page::of(&written), Some(page));
    }

    #[test]
    fn a_page_without_marks_is_none() {
        assert_eq!(Page::of("# Speed\n"), None);
        assert_eq!(Page::of(&format!("{END}{BEGIN}")), None);
    }
}
