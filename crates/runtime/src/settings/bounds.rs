//! The bounds of numbers, read off the commented defaults as their keys are: `timeout_ms = 500 # 1 to 600000`.
//!
//! They stand where an operator reads what the setting means, and nowhere else. They are there so that no number makes a
//! start panic, takes all memory or means a wait that nobody outlives; what is wise stands in the comment above.

use std::fmt::{self, Display, Formatter};

use config::{Value, ValueKind};

/// From the least to the most, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: u32,
    /// The most.
    pub most: u32,
}

impl Display for Bounds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.least, self.most)
    }
}

impl Bounds {
    /// Reads `key = 5 # 1 to 10`.
    pub(super) fn at_the_end_of(line: &str) -> Option<Self> {
        let (_, comment) = line.rsplit_once(" # ")?;
        let (least, most) = comment.split_once(" to ")?;
        Some(Self { least: least.trim().parse().ok()?, most: most.trim().parse().ok()? })
    }

    /// The number in a value that lies outside. What is no number is the business of who reads it.
    pub(super) fn violated_by(self, value: &Value) -> Option<String> {
        match &value.kind {
            ValueKind::Array(items) => items.iter().find_map(|item| self.violated_by(item)),
            ValueKind::I64(number) => self.excludes((*number).into()),
            ValueKind::I128(number) => self.excludes(*number),
            ValueKind::U64(number) => self.excludes((*number).into()),
            ValueKind::U128(number) => self.excludes(i128::try_from(*number).unwrap_or(i128::MAX)),
            ValueKind::Float(number) => self.excludes_fraction(*number),
            ValueKind::String(text) => self.violated_by_text(text.trim()),
            ValueKind::Nil | ValueKind::Boolean(_) | ValueKind::Table(_) => None,
        }
    }

    /// The environment has texts only.
    fn violated_by_text(self, text: &str) -> Option<String> {
        match text.parse::<i128>() {
            Ok(number) => self.excludes(number),
            Err(_) => text.parse::<f64>().ok().and_then(|number| self.excludes_fraction(number)),
        }
    }

    fn excludes(self, number: i128) -> Option<String> {
        let is_inside = (i128::from(self.least)..=i128::from(self.most)).contains(&number);
        (!is_inside).then(|| number.to_string())
    }

    fn excludes_fraction(self, number: f64) -> Option<String> {
        let is_inside = (f64::from(self.least)..=f64::from(self.most)).contains(&number);
        (!is_inside).then(|| number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_off_the_end_of_a_line() {
        assert_eq!(Bounds::at_the_end_of("a = 5 # 1 to 10"), Some(Bounds { least: 1, most: 10 }));
        assert_eq!(Bounds::at_the_end_of("# a = 5 # 0 to 4"), Some(Bounds { least: 0, most: 4 }));
        for none in ["a = 5", "# from 1 to 10 of them", "a = 5 # much", "a = 5 # -1 to 10"] {
            assert_eq!(Bounds::at_the_end_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_number_outside_is_found_whatever_form_it_has() {
        let bounds = Bounds { least: 1, most: 10 };
        let found = |kind: ValueKind| bounds.violated_by(&Value::new(None, kind));
        let text = |text: &str| found(ValueKind::String(text.to_owned()));

        assert_eq!(found(ValueKind::I64(10)), None);
        assert_eq!(found(ValueKind::I64(-1)), Some("-1".to_owned()));
        assert_eq!(found(ValueKind::U128(u128::MAX)), Some(i128::MAX.to_string()));
        assert_eq!(found(ValueKind::Float(10.5)), Some("10.5".to_owned()));
        assert_eq!(text(" 3 "), None);
        assert_eq!(text("99999999999999999999"), Some("99999999999999999999".to_owned()));
        assert_eq!(text("nan"), Some("NaN".to_owned()));
        assert_eq!(text("soon"), None);
        let list = vec![Value::new(None, 2), Value::new(None, 11)];
        assert_eq!(found(ValueKind::Array(list)), Some("11".to_owned()));
    }
}
