//! Which links a message may carry: only those to hosts that the operator named.
//!
//! Variables are written by callers and, through them, by people. A stranger's link in a mail with our name on it is
//! phishing with our signature, so an address with a scheme must stand on the list wherever it appears.

/// The hosts that links may lead to, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LinkHosts(Vec<String>);

impl LinkHosts {
    /// Takes the hosts of the settings.
    pub(crate) fn new(hosts: impl IntoIterator<Item = String>) -> Self {
        Self(hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect())
    }

    /// A host that links may lead to, if there is one.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Whether `text` is one link that may stand alone: `https`, or `http` to this machine while developing.
    pub(crate) fn allow_link(&self, text: &str) -> bool {
        let visible = text.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c));
        let local = |host: &str| matches!(host, "localhost" | "127.0.0.1");
        let scheme_fits = match text.split_once("://") {
            Some(("https", _)) => true,
            Some(("http", rest)) => local(host_of(rest)),
            _ => false,
        };
        visible && scheme_fits && text.matches("://").count() == 1 && self.allow_text(text)
    }

    /// Whether every address with a scheme in `text` leads to a named host.
    pub(crate) fn allow_text(&self, text: &str) -> bool {
        text.split("://")
            .skip(1)
            .all(|rest| self.0.iter().any(|host| host.eq_ignore_ascii_case(host_of(rest))))
    }
}

/// The host of what follows `://`. With user information in front it is no host of ours: `https://ours@theirs/`.
fn host_of(rest: &str) -> &str {
    let end = rest.find(|c: char| "/?#\\".contains(c) || c.is_whitespace()).unwrap_or(rest.len());
    let authority = &rest[..end];
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> LinkHosts {
        LinkHosts::new(["id.example.com".to_owned(), "127.0.0.1".to_owned()])
    }

    #[test]
    fn a_link_to_a_named_host_may_stand() {
        assert!(hosts().allow_link("https://id.example.com/undo#token"));
        assert!(hosts().allow_link("https://ID.example.com:8443/undo?a=b"));
        assert!(hosts().allow_link("http://127.0.0.1:7300/undo"));
    }

    #[test]
    fn a_link_elsewhere_or_in_disguise_may_not() {
        for wrong in [
            "https://evil.example/",
            "https://id.example.com.evil.example/",
            "https://id.example.com@evil.example/",
            "https://id.example.com\\@evil.example/",
            "http://id.example.com/",
            "javascript:alert(1)",
            "https://id.example.com/\"><script>",
            "https://id.example.com/?next=https://evil.example/",
            "https://id.example.com/ and more",
            "",
        ] {
            assert!(!hosts().allow_link(wrong), "{wrong}");
        }
    }

    #[test]
    fn text_may_name_no_other_host_with_a_scheme() {
        assert!(hosts().allow_text("no link at all: 10:30"));
        assert!(hosts().allow_text("see https://id.example.com/help please"));
        assert!(!hosts().allow_text("see https://id.example.com/ and ftp://evil.example"));
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_link_that_may_stand_leads_to_a_named_host_in_a_strangers_eyes_too() {
            let samples: &[&[u8]] = &[
                b"https://id.example.com:8443/undo?a=b#token",
                b"http://127.0.0.1:7300/undo",
                b"https://id.example.com@evil.example/",
                b"https://id.example.com%2eevil.example/",
            ];
            rekey_testing::fuzz(samples, |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes);
                if !hosts().allow_link(&text) {
                    return;
                }
                assert!(hosts().allow_text(&text));
                if let Ok(url) = text.parse::<http::Uri>() {
                    let host = url.host().unwrap().to_ascii_lowercase();
                    assert!(hosts().0.contains(&host), "{text}");
                    assert!(!url.authority().unwrap().as_str().contains('@'), "{text}");
                }
            });
        }
    }
}
