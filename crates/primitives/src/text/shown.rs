//! Texts of others that stand in what we show and send: names, amounts, payees.

use super::links::name_has_link;
use super::{breaks_line, is_invisible, is_shaping};

/// Judges a text to be shown on one line: without blanks around it, without characters that do not show, other than those
/// that shape their neighbours, and without a link, since it stands in messages, where nobody but us may put one. The
/// error is what such a text must be.
pub fn shown_line(text: &str) -> Result<(), &'static str> {
    let is_odd = |c: char| breaks_line(c) || (is_invisible(c) && !is_shaping(c));
    let rules = [
        (text.trim() == text, "without blanks at its beginning and end"),
        (!text.chars().any(is_odd), "without line breaks, controls and characters that do not show"),
        (!name_has_link(text), "without a link, such as `://`, `xn--` or a host with something behind it"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, must_be)| Err(must_be))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_amounts_and_payees_may_stand() {
        for good in ["Booking.com B.V.", "1.234.567,89 EUR", "12.00 €", "¥10,000", "Zoë & Söhne", "١٢٫٥٠ د.إ"]
        {
            assert_eq!(shown_line(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_leads_on_or_hides_may_not() {
        for bad in [" 12", "12\n13", "12\u{202e}", "evil.example/now", "https://evil.example", "192.0.2.7"] {
            assert!(shown_line(bad).is_err(), "{bad:?}");
        }
    }
}
