//! The values of a policy as its pages handle them: how they are typed, where two policies differ, and a change moved onto a newer policy.
//!
//! Whether a value is within its bounds is identity's to say; here is only whether a text is a value at all.

use std::fmt;

use rekey_primitives::colour::Colour;

/// The value of one field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PolicyValue {
    Number(i32),
    Flag(bool),
    /// Seconds; none for "never".
    Span(Option<i64>),
    /// One of a few words.
    Word(String),
    /// A colour or a digest; empty for none.
    Text(String),
    /// A list without doubles, always in the same order.
    Words(Vec<String>),
}

impl fmt::Debug for PolicyValue {
    /// Lists by their length alone: one of them holds what passwords may not contain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "Number({number})"),
            Self::Flag(is_set) => write!(f, "Flag({is_set})"),
            Self::Span(seconds) => write!(f, "Span({seconds:?})"),
            Self::Word(word) => write!(f, "Word({word})"),
            Self::Text(text) => write!(f, "Text({text})"),
            Self::Words(words) => write!(f, "Words(of {})", words.len()),
        }
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanUnit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl SpanUnit {
    const LONGEST_FIRST: [Self; 4] = [Self::Days, Self::Hours, Self::Minutes, Self::Seconds];

    const fn seconds(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Seconds => 's',
            Self::Minutes => 'm',
            Self::Hours => 'h',
            Self::Days => 'd',
        }
    }

    /// The number of seconds in the longest unit that leaves nothing over.
    pub(crate) fn longest_of(seconds: i64) -> (i64, Self) {
        let whole = |unit: &Self| seconds != 0 && seconds % unit.seconds() == 0;
        let unit = Self::LONGEST_FIRST.into_iter().find(whole).unwrap_or(Self::Seconds);
        (seconds / unit.seconds(), unit)
    }

    /// Reads a number of this unit, or one that names another: `90`, `90s`, `15m`, `5h`, `3d`.
    fn read(self, text: &str) -> Option<i64> {
        let named = Self::LONGEST_FIRST;
        let named = named.into_iter().find_map(|unit| Some((text.strip_suffix(unit.letter())?, unit)));
        let (number, unit) = named.unwrap_or((text, self));
        let number: i64 = number.trim_end().parse().ok()?;
        number.checked_mul(unit.seconds())
    }

    /// As [`Self::read`] reads it: in this unit if it can be.
    fn write(self, seconds: i64) -> String {
        if seconds % self.seconds() == 0 {
            return (seconds / self.seconds()).to_string();
        }
        let (number, unit) = Self::longest_of(seconds);
        format!("{number}{}", unit.letter())
    }
}

/// How the value of a field is typed or chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Number,
    /// A box to tick.
    Flag,
    /// Yes or no, where either can be refused.
    Answer,
    /// A span, in this unit unless another is named.
    Span(SpanUnit),
    /// The same; nothing typed means never.
    Lapse(SpanUnit),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words.
    Several(&'static [&'static str]),
    /// Texts, one a line.
    Lines,
    /// Ids between blanks.
    Ids,
    /// A colour as `#0b57a4`; nothing typed means none.
    Colour,
    /// The SHA-256 of an image that was sent before, in hexadecimal digits. Nobody types it: a form carries it along.
    Image,
}

impl ValueKind {
    /// Reads what a form brought; none for what is no value.
    pub(crate) fn read(self, typed: &[String]) -> Option<PolicyValue> {
        let one = typed.first().map(|text| text.trim()).unwrap_or_default();
        match self {
            Self::Number => one.parse().ok().map(PolicyValue::Number),
            Self::Flag => Some(PolicyValue::Flag(typed.iter().any(|text| text == ON))),
            Self::Answer => match one {
                YES => Some(PolicyValue::Flag(true)),
                NO => Some(PolicyValue::Flag(false)),
                _ => None,
            },
            Self::Lapse(_) if one.is_empty() => Some(PolicyValue::Span(None)),
            Self::Span(unit) | Self::Lapse(unit) => {
                unit.read(one).map(|seconds| PolicyValue::Span(Some(seconds)))
            }
            Self::Choice(words) => words.contains(&one).then(|| PolicyValue::Word(one.to_owned())),
            Self::Several(words) => {
                let chosen = words.iter().filter(|word| typed.iter().any(|text| text == *word));
                Some(PolicyValue::Words(chosen.map(|word| (*word).to_owned()).collect()))
            }
            Self::Lines => Some(sorted(typed.iter().flat_map(|text| text.lines()))),
            Self::Ids => Some(sorted(typed.iter().flat_map(|text| text.split_whitespace()))),
            Self::Colour if one.is_empty() => Some(PolicyValue::Text(String::new())),
            Self::Colour => Colour::parse(one).ok().map(|colour| PolicyValue::Text(colour.to_string())),
            Self::Image => is_digest(one).then(|| PolicyValue::Text(one.to_owned())),
        }
    }

    /// What a form brings of a value.
    pub(crate) fn write(self, value: &PolicyValue) -> Vec<String> {
        match (self, value) {
            (_, PolicyValue::Number(number)) => vec![number.to_string()],
            (Self::Answer, PolicyValue::Flag(is_set)) => {
                vec![if *is_set { YES } else { NO }.to_owned()]
            }
            (_, PolicyValue::Flag(is_set)) => is_set.then(|| ON.to_owned()).into_iter().collect(),
            (Self::Span(unit) | Self::Lapse(unit), PolicyValue::Span(Some(seconds))) => {
                vec![unit.write(*seconds)]
            }
            (_, PolicyValue::Span(_)) => vec![String::new()],
            (_, PolicyValue::Word(text) | PolicyValue::Text(text)) => vec![text.clone()],
            (Self::Lines, PolicyValue::Words(words)) => vec![words.join("\n")],
            (_, PolicyValue::Words(words)) => words.clone(),
        }
    }
}

/// What a box sends that is ticked.
const ON: &str = "on";
pub(crate) const YES: &str = "yes";
pub(crate) const NO: &str = "no";

/// Whether a text is a SHA-256, or nothing.
fn is_digest(text: &str) -> bool {
    text.is_empty() || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> PolicyValue {
    let mut texts: Vec<String> =
        texts.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    texts.sort_unstable();
    texts.dedup();
    PolicyValue::Words(texts)
}

/// The places of the values that differ.
pub(crate) fn differences(before: &[PolicyValue], after: &[PolicyValue]) -> Vec<usize> {
    let pairs = before.iter().zip(after).enumerate();
    pairs.filter(|(_, (before, after))| before != after).map(|(place, _)| place).collect()
}

/// The values of a newer policy, with those in their places that somebody has changed on an older one.
pub(crate) fn rebased(changed: &[usize], edited: &[PolicyValue], newer: &[PolicyValue]) -> Vec<PolicyValue> {
    let values = edited.iter().zip(newer).enumerate();
    values
        .map(|(place, (edited, newer))| if changed.contains(&place) { edited } else { newer }.clone())
        .collect()
}

/// What one list has that another lacks.
pub(crate) fn missing_in<'a>(of: &'a [String], other: &[String]) -> Vec<&'a str> {
    of.iter().filter(|text| !other.contains(text)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: ValueKind = ValueKind::Several(&["email", "phone"]);

    fn typed(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn words(texts: &[&str]) -> PolicyValue {
        PolicyValue::Words(typed(texts))
    }

    #[test]
    fn a_span_is_read_in_its_unit_or_in_the_one_that_it_names() {
        let read = |text: &str| ValueKind::Span(SpanUnit::Hours).read(&typed(&[text]));
        let hours = |number: i64| Some(PolicyValue::Span(Some(number * 3_600)));

        assert_eq!((read("72"), read(" 3d "), read("3 d")), (hours(72), hours(72), hours(72)));
        assert_eq!(read("90m"), Some(PolicyValue::Span(Some(5_400))));
        for wrong in ["", "h", "1.5", "3 days", "9223372036854775807"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_typed_is_never_where_that_is_a_value() {
        assert_eq!(ValueKind::Lapse(SpanUnit::Days).read(&typed(&[""])), Some(PolicyValue::Span(None)));
        assert_eq!(ValueKind::Lapse(SpanUnit::Days).read(&[]), Some(PolicyValue::Span(None)));
        assert_eq!(ValueKind::Number.read(&typed(&[""])), None);
        assert_eq!(ValueKind::Answer.read(&[]), None);
    }

    #[test]
    fn a_colour_is_written_as_in_a_stylesheet_and_an_image_is_named_whole() {
        let colour = |text: &str| ValueKind::Colour.read(&typed(&[text]));
        let upper = Some(PolicyValue::Text("#0b57a4".to_owned()));

        assert_eq!(colour(" #0B57A4 "), upper);
        for wrong in ["blue", "0b57a4", "#0b57a", "#0b57a4;"] {
            assert_eq!(colour(wrong), None, "{wrong}");
        }
        for wrong in ["ab", "../logo", &"xy".repeat(32)] {
            assert_eq!(ValueKind::Image.read(&typed(&[wrong])), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        let cases = [
            (ValueKind::Number, PolicyValue::Number(-3)),
            (ValueKind::Flag, PolicyValue::Flag(true)),
            (ValueKind::Flag, PolicyValue::Flag(false)),
            (ValueKind::Answer, PolicyValue::Flag(false)),
            (ValueKind::Span(SpanUnit::Days), PolicyValue::Span(Some(86_400))),
            (ValueKind::Span(SpanUnit::Days), PolicyValue::Span(Some(90_000))),
            (ValueKind::Lapse(SpanUnit::Days), PolicyValue::Span(None)),
            (ValueKind::Choice(&["a", "b"]), PolicyValue::Word("b".to_owned())),
            (METHODS, words(&["phone"])),
            (ValueKind::Lines, words(&["two words", "word"])),
            (ValueKind::Ids, words(&["id-1", "id-2"])),
            (ValueKind::Ids, words(&[])),
            (ValueKind::Colour, PolicyValue::Text("#0b57a4".to_owned())),
            (ValueKind::Colour, PolicyValue::Text(String::new())),
            (ValueKind::Image, PolicyValue::Text("ab".repeat(32))),
            (ValueKind::Image, PolicyValue::Text(String::new())),
        ];

        for (kind, value) in cases {
            assert_eq!(kind.read(&kind.write(&value)), Some(value), "{kind:?}");
        }
    }

    #[test]
    fn a_list_has_one_order_and_no_doubles() {
        assert_eq!(METHODS.read(&typed(&["phone", "email", "pigeon"])), Some(words(&["email", "phone"])));
        assert_eq!(ValueKind::Lines.read(&typed(&["b\r\n a \n\nb"])), Some(words(&["a", "b"])));
        assert_eq!(ValueKind::Ids.read(&typed(&["2", "1 2\n3"])), Some(words(&["1", "2", "3"])));
    }

    #[test]
    fn a_change_moves_onto_a_newer_policy_and_leaves_what_others_changed() {
        let policy = |numbers: [i32; 3]| numbers.map(PolicyValue::Number).to_vec();
        let (before, edited, newer) = (policy([1, 1, 1]), policy([2, 1, 2]), policy([1, 3, 3]));

        let changed = differences(&before, &edited);

        assert_eq!(changed, [0, 2]);
        assert_eq!(rebased(&changed, &edited, &newer), policy([2, 3, 2]));
    }

    #[test]
    fn a_span_is_told_in_the_longest_whole_unit() {
        assert_eq!(SpanUnit::longest_of(259_200), (3, SpanUnit::Days));
        assert_eq!(SpanUnit::longest_of(5_400), (90, SpanUnit::Minutes));
        assert_eq!(SpanUnit::longest_of(0), (0, SpanUnit::Seconds));
    }

    #[test]
    fn what_was_added_to_a_list_is_told() {
        assert_eq!(missing_in(&typed(&["a", "b"]), &typed(&["b", "c"])), ["a"]);
    }

    #[test]
    fn lists_are_not_printed() {
        assert_eq!(format!("{:?}", words(&["fireworks"])), "Words(of 1)");
    }
}
