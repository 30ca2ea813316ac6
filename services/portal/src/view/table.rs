//! Tables: a caption, a head that stays in sight, rows, what to do where there are none, and the way to the next page.

use rekey_primitives::clock::Timestamp;

use super::{Html, Values, moment};

/// A table.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// What it lists, to screen readers.
    pub(crate) caption: &'a str,
    pub(crate) columns: &'a [&'a str],
    /// As many cells in each as there are columns; the first names its row.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What is said instead of no rows: what to do.
    pub(crate) empty: &'a str,
    /// The address of the next page; none on the last.
    pub(crate) next: Option<String>,
}

/// What stands in a cell.
#[derive(Debug)]
pub(crate) enum Cell {
    Text(String),
    /// An id or an address: written from left to right in every language.
    Code(String),
    Link {
        path: String,
        text: String,
    },
    Time(Timestamp),
    Badge(Badge, String),
    Html(Html),
    Empty,
}

/// How something stands, said by its text and coloured as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Badge {
    Plain,
    Good,
    Warning,
    Bad,
}

impl Badge {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

impl Cell {
    fn values(self) -> Values {
        let kind = |kind: &str| Values::default().text("kind", kind);
        match self {
            Self::Text(text) => kind("text").text("text", &text),
            Self::Code(text) => kind("code").text("text", &text),
            Self::Link { path, text } => kind("link").text("path", &path).text("text", &text),
            Self::Time(at) => kind("time").part("at", moment(at)),
            Self::Badge(badge, text) => kind("badge").text("class", badge.class()).text("text", &text),
            Self::Html(markup) => kind("html").html("markup", markup),
            Self::Empty => kind("empty"),
        }
    }
}

impl Table<'_> {
    pub(super) fn values(self) -> Values {
        let column = |text: &&str| Values::default().text("text", text);
        let row =
            |cells: Vec<Cell>| Values::default().list("cells", cells.into_iter().map(Cell::values).collect());
        Values::default()
            .text("caption", self.caption)
            .list("columns", self.columns.iter().map(column).collect())
            .list("rows", self.rows.into_iter().map(row).collect())
            .text("empty", self.empty)
            .optional("next", self.next)
    }
}
