//! The catalogues as a page for operators.

use std::fmt::Write as _;

use crate::{Catalogue, Definition, Values};

/// The instruments of one place.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Whose they are: `Every process`, or a part.
    pub title: &'static str,
    /// The instruments.
    pub instruments: Catalogue,
}

/// The page in Markdown.
#[must_use]
pub fn markdown(introduction: &str, sections: &[Section]) -> String {
    let mut page = format!("{}\n", introduction.trim());
    for section in sections {
        page.push_str(&of_section(section));
    }
    page
}

fn of_section(section: &Section) -> String {
    let mut text = format!("\n## {}\n", section.title);
    for instrument in section.instruments {
        text.push_str(&of_instrument(instrument));
    }
    text
}

fn of_instrument(instrument: &Definition) -> String {
    let Definition { name, kind, unit, labels, .. } = instrument;
    let mut text = format!("\n### `{}`\n\n{}\n\n", instrument.prometheus_name(), instrument.meaning());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "`{name}`, a {}, in `{unit}`.", kind.as_str());
    if !labels.is_empty() {
        text.push_str("\n| Label | Holds |\n|---|---|\n");
    }
    for label in *labels {
        let holds = match label.values {
            Values::Of(listed) => {
                let listed = listed.iter().map(|value| match *value {
                    "" => "nothing".to_owned(),
                    value => format!("`{value}`"),
                });
                listed.collect::<Vec<_>>().join(", ")
            }
            Values::Names(of) => of.to_owned(),
        };
        let _ = writeln!(text, "| `{}` | {holds} |", label.prometheus_name());
    }
    text
}
