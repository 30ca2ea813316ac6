//! Finding what a mail program or a person would follow in texts that strangers write.
//!
//! A text is judged as it looks: without what does not show, with compatibility forms of letters and dots as plain
//! ones, and with dots in brackets (`evil[.]example`) as dots. The judge knows no list of top-level domains, so it
//! takes anything that has the shape of a host for one.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{is_invisible, is_mark};

/// What announces a link wherever it stands. `xn--` begins the ASCII form of every international domain name.
const ANNOUNCING: [&str; 6] = ["://", "http:", "https:", "www.", "mailto:", "xn--"];

const BRACKETED_DOTS: [&str; 6] = ["[.]", "(.)", "{.}", "[dot]", "(dot)", "{dot}"];

/// Whether a message holds anything that can be followed: a scheme, `www.`, an address of four numbers, or a word with
/// an inner dot before letters, such as `evil.example`. E-mail addresses count, being links to a mail program.
pub fn message_has_link(text: &str) -> bool {
    let seen = without_brackets_at_dots(&as_seen(text));
    is_announced(&seen) || words(&seen).any(|(word, _)| is_host(word) || is_ipv4(word))
}

/// Whether a name holds a link. A name may have a dot inside (`Booking.com`, `J.Smith`, `anna@example.com`), so a host
/// counts only with something behind it, or with a dot that was hidden in brackets.
pub fn name_has_link(text: &str) -> bool {
    let seen = as_seen(text);
    let hides_dot = BRACKETED_DOTS.iter().any(|dot| seen.contains(dot));
    let leads_on = |rest: &str| rest.starts_with(['/', '\\', '?', '#', ':']);
    let plain = with_plain_dots(&seen);
    is_announced(&plain)
        || words(&plain).any(|(word, rest)| is_ipv4(word) || (is_host(word) && (hides_dot || leads_on(rest))))
}

fn as_seen(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let compatible: String =
        const { ComposingNormalizerBorrowed::new_nfkc() }.normalize_iter(visible).collect();
    let lower: Vec<char> = compatible.to_lowercase().chars().collect();
    // The full stop of Chinese and Japanese ends sentences without a blank behind it; between ASCII letters it stands
    // for a dot, as in the address line of a browser.
    let is_ascii_at = |index: Option<usize>| {
        index.and_then(|index| lower.get(index)).is_some_and(char::is_ascii_alphanumeric)
    };
    let dotted = |(index, c): (usize, &char)| {
        let is_dot = *c == '\u{3002}' && is_ascii_at(index.checked_sub(1)) && is_ascii_at(Some(index + 1));
        if is_dot { '.' } else { *c }
    };
    lower.iter().enumerate().map(dotted).collect()
}

fn with_plain_dots(seen: &str) -> String {
    BRACKETED_DOTS
        .iter()
        .fold(seen.to_owned(), |text, dot| text.replace(&format!(" {dot} "), ".").replace(dot, "."))
}

/// Brackets directly before or behind a dot do not count: `(evil).example`.
fn without_brackets_at_dots(seen: &str) -> String {
    let plain: Vec<char> = with_plain_dots(seen).chars().collect();
    let is_dot = |index: usize| plain.get(index) == Some(&'.');
    let beside_dot = |index: usize| index.checked_sub(1).is_some_and(is_dot) || is_dot(index + 1);
    let kept = |(index, c): &(usize, &char)| !("()[]{}<>".contains(**c) && beside_dot(*index));
    plain.iter().enumerate().filter(kept).map(|(_, c)| *c).collect()
}

fn is_announced(seen: &str) -> bool {
    ANNOUNCING.iter().any(|announcing| seen.contains(announcing))
}

/// The words of a text, each with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !is_in_word(c));
        let end = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        (!word.is_empty()).then_some((word, behind))
    })
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c) || ".-_@".contains(c)
}

fn is_host(word: &str) -> bool {
    let mut labels = word.trim_matches('.').rsplit('.');
    let last = labels.next().unwrap_or("");
    let before = labels.next().unwrap_or("");
    let is_top = last.chars().count() >= 2 && last.chars().all(|c| c.is_alphabetic() || is_mark(c));
    is_top && before.chars().last().is_some_and(|c| c.is_alphanumeric() || is_mark(c))
}

fn is_ipv4(word: &str) -> bool {
    word.trim_matches('.').parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_followed_is_a_link_in_a_message() {
        for link in [
            "see https://evil.example",
            "WWW.evil.test",
            "go to evil.example/now",
            "write me@evil.example",
            "mailto:x",
            "evil.xn--p1ai now",
            "open 192.0.2.7/login",
            "open ｅｖｉｌ．ｅｘａｍｐｌｅ",
            "evil。com",
            "evil[.]example",
            "evil [dot] example",
            "(evil).example",
            "evil.\u{200b}example",
            "evil\u{ad}.exam\u{2060}ple",
            "http\u{200b}s:/\u{200d}/x",
            "उदाहरण.भारत",
            "evil-2.example",
        ] {
            assert!(message_has_link(link), "{link}");
        }
    }

    #[test]
    fn plain_sentences_hold_no_link() {
        for plain in [
            "",
            "I lost my phone.",
            "Bin im Urlaub...\nBitte um Rückruf!",
            "e.g. 3.5 tries, room 4.12, on 12.11.2026 at 10.30",
            "I called (twice). (Nobody answered.)",
            "困りました。助けてください。",
            "Wait… what? Call me (please).",
        ] {
            assert!(!message_has_link(plain), "{plain}");
        }
    }

    #[test]
    fn a_name_may_have_a_dot_but_no_link() {
        for name in ["Booking.com B.V.", "J.Smith", "anna.meier", "anna@example.com", "Dipl.-Ing.(FH) Meier"]
        {
            assert!(!name_has_link(name), "{name}");
        }
        for link in [
            "Acme (https://acme.example)",
            "Win at evil.example/now",
            "evil.example:8443",
            "evil[.]example",
            "evil.xn--p1ai",
            "Call 192.0.2.7",
            "h\u{200b}ttp:/\u{200b}/x",
        ] {
            assert!(name_has_link(link), "{link}");
        }
    }
}
