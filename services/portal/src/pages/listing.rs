//! What lists have in common: their addresses, page after page, and times in their cells.

use crate::peers::timestamp_from_wire;
use crate::view::Cell;

/// What asks for a page of a list behind the first.
pub(super) const PAGE: &str = "page";

/// A path with what is asked of it; what is empty is left out.
pub(super) fn address(path: &str, asked: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The address of the next page; none behind the last.
pub(super) fn next_page(path: &str, asked: &[(&str, &str)], token: &str) -> Option<String> {
    let asked = [asked, &[(PAGE, token)]].concat();
    (!token.is_empty()).then(|| address(path, &asked))
}

/// A moment of the contract, in a cell; where there is none, what is said then.
pub(super) fn time_or(at: Option<&prost_types::Timestamp>, otherwise: &str) -> Cell {
    timestamp_from_wire(at).map_or_else(|| Cell::Text(otherwise.to_owned()), Cell::Time)
}

/// The same; where there is none, nothing is said.
pub(super) fn time_cell(at: Option<&prost_types::Timestamp>) -> Cell {
    timestamp_from_wire(at).map_or(Cell::Empty, Cell::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_by_what_is_set_and_no_page_follows_the_last() {
        let asked = [("state", "open"), ("group", "")];

        assert_eq!(address("/list", &asked), "/list?state=open");
        assert_eq!(address("/list", &[("group", "")]), "/list");
        assert_eq!(
            next_page("/list", &asked, "a+b/c=").as_deref(),
            Some("/list?state=open&page=a%2Bb%2Fc%3D")
        );
        assert_eq!(next_page("/list", &asked, ""), None);
    }
}
