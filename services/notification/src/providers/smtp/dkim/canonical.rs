//! The relaxed forms of RFC 6376, 3.4: what relays may change on the way makes no difference in them. Pure.
//!
//! A form is a copy of the mail, and so of its code. It is wiped, and has its whole room from the start: a buffer that grows
//! leaves its earlier bytes behind.

use rekey_primitives::secret::Zeroizing;

/// The fields of a mail, as they stand.
pub(super) struct Headers<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Headers<'a> {
    /// The fields and the body of a mail, whose lines end in CRLF.
    pub(super) fn split(mail: &'a [u8]) -> (Self, &'a [u8]) {
        let mut fields = Vec::new();
        let mut rest = mail;
        while !rest.is_empty() && !rest.starts_with(b"\r\n") {
            let (field, behind) = rest.split_at(end_of_field(rest));
            if let Some(colon) = field.iter().position(|byte| *byte == b':')
                && trimmed(&field[..colon]).iter().all(u8::is_ascii_graphic)
            {
                fields.push((&field[..colon], &field[colon + 1..]));
            }
            rest = behind;
        }
        (Self(fields), rest.strip_prefix(b"\r\n").unwrap_or(rest))
    }

    /// The fields of a name with their values, the last one first.
    pub(super) fn last_first(&self, name: &str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.0
            .iter()
            .rev()
            .copied()
            .filter(move |(own, _)| trimmed(own).eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Where the first field ends: behind the first line that the next one does not continue.
fn end_of_field(rest: &[u8]) -> usize {
    let mut end = 0;
    loop {
        end += rest[end..].iter().position(|byte| *byte == b'\n').map_or(rest.len() - end, |place| place + 1);
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

/// A field without its end of line: the name in lower case, on one line, white space one blank and none at the ends.
pub(super) fn relaxed_header(name: &[u8], value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut canonical = wiped(name.len() + 1 + value.len());
    canonical.extend(trimmed(name).iter().map(u8::to_ascii_lowercase));
    canonical.push(b':');
    let mut unfolded = wiped(value.len());
    unfolded.extend(value.iter().copied().filter(|byte| !b"\r\n".contains(byte)));
    push_with_single_blanks(&mut canonical, trimmed(&unfolded));
    canonical
}

/// A body: white space one blank and none at the ends of lines, no empty lines at the end.
pub(super) fn relaxed_body(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let lines = || body.split(|byte| *byte == b'\n');
    let mut canonical = wiped(body.len() + 2 * lines().count());
    for line in lines() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        push_with_single_blanks(&mut canonical, trimmed_end(line));
        canonical.extend(b"\r\n");
    }
    while canonical.ends_with(b"\r\n\r\n") {
        let end = canonical.len() - b"\r\n".len();
        canonical.truncate(end);
    }
    if canonical.as_slice() == b"\r\n" {
        canonical.clear();
    }
    canonical
}

/// Room for so many bytes, which are wiped.
pub(super) fn wiped(capacity: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(capacity))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trimmed_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    &text[..end]
}

fn trimmed(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    trimmed_end(&text[begin..])
}

/// Behind what does not end in a blank.
fn push_with_single_blanks(written: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            _ if !is_blank(*byte) => written.push(*byte),
            _ if written.last() == Some(&b' ') => {}
            _ => written.push(b' '),
        }
    }
}

/// A long word in lines that fit, as readers of DKIM put together again.
pub(super) fn folded(word: &str) -> String {
    let mut lines = String::with_capacity(word.len() + word.len() / 16);
    for (place, c) in word.chars().enumerate() {
        if place > 0 && place % 72 == 0 {
            lines.push_str("\r\n\t");
        }
        lines.push(c);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376, 3.4.5.
    #[test]
    fn the_example_of_the_standard_is_its_canonical_form() {
        let mail = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";

        let (headers, body) = Headers::split(mail);
        let header =
            |name| headers.last_first(name).map(|(name, value)| relaxed_header(name, value).to_vec()).next();

        assert_eq!(header("a"), Some(b"a:X".to_vec()));
        assert_eq!(header("b"), Some(b"b:Y Z".to_vec()));
        assert_eq!(relaxed_body(body).as_slice(), b" C\r\nD E\r\n");
    }

    #[test]
    fn an_empty_body_is_nothing_and_a_last_line_gets_its_end() {
        let canonical = |body: &[u8]| relaxed_body(body).to_vec();

        assert_eq!([canonical(b""), canonical(b"\r\n"), canonical(b"\r\n\r\n")], [b"", b"", b""]);
        assert_eq!([canonical(b"a"), canonical(b"a\r\n"), canonical(b"a \r\n \r\n")], [b"a\r\n"; 3]);
    }

    #[test]
    fn of_two_fields_of_a_name_the_last_comes_first() {
        let (headers, body) = Headers::split(b"From: one\r\nX:\r\nfrom: two\r\n folded\r\n\r\nbody");

        let values: Vec<_> =
            headers.last_first("From").map(|(name, value)| relaxed_header(name, value).to_vec()).collect();
        assert_eq!(values, [b"from:two folded".to_vec(), b"from:one".to_vec()]);
        assert_eq!(body, b"body");
    }

    #[test]
    fn whatever_stands_in_a_mail_is_taken_apart() {
        let samples: &[&[u8]] = &[b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n", b"\n:\n \n\r\n"];
        rekey_testing::fuzz(samples, |bytes: &[u8]| {
            let (headers, body) = Headers::split(bytes);
            let canonical = relaxed_body(body);
            assert_eq!(relaxed_body(&canonical), canonical, "it is its own canonical form");
            let lines = body.split(|byte| *byte == b'\n').count();
            assert_eq!(canonical.capacity(), wiped(body.len() + 2 * lines).capacity(), "it never grew");
            for (name, value) in headers.0 {
                let header = relaxed_header(name, value);
                assert_eq!(header.capacity(), wiped(name.len() + 1 + value.len()).capacity());
                assert!(!header.contains(&b'\n') && !header.windows(2).any(|two| two == b"  "));
            }
        });
    }

    #[test]
    fn a_folded_word_has_short_lines_and_is_whole() {
        let word = "x".repeat(200);

        let folded = folded(&word);

        assert!(folded.split("\r\n").all(|line| line.len() <= 73));
        assert_eq!(folded.replace("\r\n\t", ""), word);
    }
}
