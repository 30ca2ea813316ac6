//! What a relay offers in its answer to EHLO. Pure.

/// The extensions that we use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    /// RFC 3207.
    pub(super) starttls: bool,
    /// RFC 6531.
    pub(super) smtputf8: bool,
    /// The logins of RFC 4954 that we speak.
    pub(super) auth_plain: bool,
    pub(super) auth_login: bool,
}

impl Extensions {
    /// Reads the lines of the answer. The first is a greeting; keywords have no case (RFC 5321, 4.1.1.1). Old relays
    /// write `AUTH=LOGIN`, some of them beside the proper form.
    pub(super) fn of(lines: &[String]) -> Self {
        let mut extensions = Self::default();
        for line in lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("SMTPUTF8") => extensions.smtputf8 = true,
                Some("AUTH") => {
                    for mechanism in words {
                        extensions.auth_plain |= mechanism == "PLAIN";
                        extensions.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        extensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Extensions {
        Extensions::of(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn keywords_have_no_case() {
        let found = of(&["relay.example.com greets", "StartTLS", "SmtpUtf8", "auth plain Login", "SIZE 1"]);

        let all = Extensions { starttls: true, smtputf8: true, auth_plain: true, auth_login: true };
        assert_eq!(found, all);
    }

    #[test]
    fn the_old_form_of_auth_is_known() {
        assert!(of(&["relay", "AUTH=LOGIN PLAIN"]).auth_login);
        assert!(of(&["relay", "AUTH CRAM-MD5", "AUTH=PLAIN"]).auth_plain);
    }

    #[test]
    fn the_greeting_offers_nothing() {
        assert_eq!(of(&["STARTTLS", "XSTARTTLS"]), Extensions::default());
    }
}
