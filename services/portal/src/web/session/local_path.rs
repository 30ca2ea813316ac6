//! Where a person wanted to go before they were asked to sign in: a page of ours with its filters, and nothing else.

/// Longer than the path of any page of ours.
const LONGEST_PATH: usize = 200;

/// Room for the filters of a list. While more is asked at sign-in they are kept in a cookie, with much else.
const LONGEST_QUERY: usize = 300;

/// What is never asked of a page by somebody else's link: secrets of mails, another language, and another way to go.
const NEVER_ASKED: [&str; 3] = ["token", "lang", "next"];

/// A path of ours, and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// Reads one that came from outside.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_ours = match text.split_once('?') {
            Some((path, query)) => is_path(path) && is_query(query),
            None => is_path(text),
        };
        is_ours.then(|| Self(text.to_owned()))
    }

    /// Reads one of which nothing is asked.
    pub(crate) fn parse_path(text: &str) -> Option<Self> {
        is_path(text).then(|| Self(text.to_owned()))
    }

    /// One's own account.
    pub(crate) fn account() -> Self {
        Self("/account".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// It without what is asked of it.
    pub(crate) fn path(&self) -> &str {
        self.0.split('?').next().unwrap_or_default()
    }
}

/// `//host` and `/\host` lead elsewhere, and no path of ours needs another character.
fn is_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    let is_ours = text.starts_with('/') && !text.contains("//") && text.bytes().all(is_plain);
    is_ours && text.len() <= LONGEST_PATH
}

/// It has the one spelling that we write ourselves, so that whoever reads it reads what was judged here.
fn is_query(text: &str) -> bool {
    if text.is_empty() || text.len() > LONGEST_QUERY {
        return false;
    }
    let pairs = || form_urlencoded::parse(text.as_bytes());
    let is_harmless =
        |part: &str| !part.contains("//") && !part.contains(|c: char| c == '\\' || c.is_control());
    let is_allowed = |name: &str| !NEVER_ASKED.iter().any(|never| never.eq_ignore_ascii_case(name));
    let as_written = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs()).finish();
    as_written == text
        && pairs().all(|(name, value)| is_allowed(&name) && is_harmless(&name) && is_harmless(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for ours in ["/", "/account", "/administration/accounts/0190c3a5-7e1c-7b2a-9f00-0123456789ab"] {
            assert_eq!(LocalPath::parse(ours).unwrap().as_str(), ours);
        }
        for elsewhere in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a//b",
            "/a?b",
            "/%2f",
            "/a\n",
        ] {
            assert_eq!(LocalPath::parse(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(200))), None);
    }

    #[test]
    fn filters_come_along_as_they_are_written_here() {
        let ours = [
            "/a?prefix=zoe&state=blocked",
            "/a?prefix=",
            "/a?prefix=zoe+%26+co&prefix=max",
            "/a?prefix=%E6%B8%A1%E8%BE%BA",
            "/a?login=zoe%40acme.example",
            "/a?at=2026-12-31T12%3A30",
            "/a?path=a%2Fb%3Fc",
            "/?*-._=1",
        ];

        for text in ours {
            let page = LocalPath::parse(text).unwrap();
            assert_eq!((page.as_str(), page.path()), (text, text.split_once('?').unwrap().0));
            assert_eq!(LocalPath::parse_path(text), None, "{text}");
            assert_eq!(LocalPath::parse_path(page.path()).unwrap().as_str(), page.path());
        }
        let longest = format!("/a?b={}", "c".repeat(298));
        assert!(LocalPath::parse(&longest).is_some());
        assert_eq!(LocalPath::parse(&format!("{longest}c")), None);
    }

    #[test]
    fn nothing_else_comes_along() {
        let tricky = [
            // No other spelling of the same.
            "/a?",
            "/a?b",
            "/a?&b=c",
            "/a?b=c&",
            "/a?b=c&&d=e",
            "/a?b=c=d",
            "/a?b=c?d",
            "/a?b=c#d",
            "/a?b=c d",
            "/a?b=%20",
            "/a?b=%61",
            "/a?b=%c3%a4",
            "/a?b=\u{e4}",
            "/a?b=c;d=e",
            "/a?b=<c>",
            "/a?b='c'",
            "/a?b=%",
            "/a?b=%FF",
            "/a?b=%C0%AF",
            // Nowhere else.
            "?b=c",
            "a?b=c",
            "//evil.example?b=c",
            "/\\evil.example?b=c",
            "https://evil.example?b=c",
            "javascript:alert(1)?b=c",
            "/a?b=//evil.example",
            "/a?b=/c",
            "/a?b=%2F%2Fevil.example",
            "/a?b=https%3A%2F%2Fevil.example",
            "/a?%2F%2Fevil.example=b",
            "/a?b=%5C%5Cevil.example",
            "/a?b=\\evil.example",
            // No line of a header, and nothing that is not seen.
            "/a?b=c\r\nSet-Cookie: d",
            "/a?b=%0D%0ASet-Cookie%3A+d",
            "/a?b=%00",
            "/a?b=%09",
            "/a?b=%7F",
            "/a?b=%C2%85",
            // Neither a secret, nor a language, nor another way.
            "/a?token=b",
            "/a?b=c&token=d",
            "/a?Token=b",
            "/a?%74oken=b",
            "/a?lang=de",
            "/a?b=c&LANG=de",
            "/a?next=%2Faccount",
        ];

        for text in tricky {
            assert_eq!(LocalPath::parse(text), None, "{text}");
        }
    }
}
