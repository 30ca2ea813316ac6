//! Values in mails that run from right to left.
//!
//! A name in Latin letters, with a number or brackets beside it, drags these along and scrambles an Arabic line. In mails
//! each value therefore stands in isolation (U+2068 to U+2069, UAX 9): what is in it is ordered by itself and orders nothing
//! around it. The HTML body is made of the same paragraphs, where browsers heed them like `<bdi>`.
//!
//! Left alone are numbers, which need none; the code and the link, which are copied and recognised by programs that would
//! take the marks along; and text messages, where each pair would cost two of 70 characters and old phones show boxes.

use std::borrow::Cow;

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// The value of a variable, each line of it isolated. Isolates in it would end ours, so they are left out.
pub(super) fn isolated<'a>(variable: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || matches!(variable, "code" | "link") {
        return value;
    }
    let mut isolated = String::with_capacity(value.len() + 8);
    for (place, line) in value.split('\n').enumerate() {
        if place > 0 {
            isolated.push('\n');
        }
        isolated.push(FIRST_STRONG_ISOLATE);
        isolated.extend(line.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')));
        isolated.push(POP_DIRECTIONAL_ISOLATE);
    }
    isolated.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_isolated_line_by_line_and_cannot_break_out() {
        assert_eq!(isolated("organisation", "Acme (UK)".into()), "\u{2068}Acme (UK)\u{2069}");
        assert_eq!(
            isolated("message", "one\u{2069}\u{202e}two\nthree".into()),
            "\u{2068}one\u{202e}two\u{2069}\n\u{2068}three\u{2069}"
        );
    }

    #[test]
    fn numbers_codes_and_links_stand_alone() {
        for (variable, value) in [("minutes", "10"), ("code", "A1B2C3"), ("link", "https://id.example.com/")]
        {
            assert_eq!(isolated(variable, value.into()), value);
        }
    }
}
