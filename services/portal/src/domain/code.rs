//! The code in whatever was pasted into its field.

/// A code of ours has at least so many digits; shorter runs are times and counts.
const FEWEST: usize = 6;
/// And at most so many.
const MOST: usize = 10;

/// The code in a text: its first run of 6 to 10 digits, which blanks and hyphens may part, where letters stand around it. A text without
/// such a run is taken as it is, since codes may have letters.
pub(crate) fn extract_code(text: &str) -> String {
    let text = text.trim();
    let is_inside = |c: char| c.is_ascii_digit() || c == ' ' || c == '-';
    let runs = text.split(|c| !is_inside(c));
    let digits = |run: &str| run.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut codes = runs.map(digits).filter(|run| (FEWEST..=MOST).contains(&run.len()));
    codes.next().unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_what_was_pasted_with_it() {
        for text in ["123456", " 123 456 ", "123-456", "Your code is 123456.", "Acme: 123456 (10 min)"] {
            assert_eq!(extract_code(text), "123456", "{text}");
        }
    }

    #[test]
    fn what_holds_no_run_of_digits_is_taken_as_it_is() {
        for text in ["AB12-CD34", "12345", "12345678901", ""] {
            assert_eq!(extract_code(text), text, "{text}");
        }
    }
}
