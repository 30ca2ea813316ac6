//! What is known of one thing: a list of terms, each with what stands for it.

use super::Values;
use super::table::Cell;

/// A line of it.
#[derive(Debug)]
pub(crate) struct Fact<'a> {
    /// What it is about.
    pub(crate) term: &'a str,
    pub(crate) cell: Cell,
}

pub(super) fn values(facts: Vec<Fact<'_>>) -> Values {
    let fact = |fact: Fact<'_>| Values::default().text("term", fact.term).part("cell", fact.cell.values());
    Values::default().list("facts", facts.into_iter().map(fact).collect())
}
