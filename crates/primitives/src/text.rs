//! Characters that a one-line text must not contain.

/// Whether a character controls or breaks a line: those that Unicode calls controls, and its two separators, which break
/// lines though they are none.
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::breaks_line;

    #[test]
    fn whatever_starts_a_line_or_controls_a_terminal_breaks_a_line() {
        for c in ['\n', '\r', '\0', '\u{b}', '\u{c}', '\u{1b}', '\u{85}', '\u{2028}', '\u{2029}'] {
            assert!(breaks_line(c), "{c:?}");
        }
        assert!(!"Zoë Ünal 😀".chars().any(breaks_line));
    }
}
