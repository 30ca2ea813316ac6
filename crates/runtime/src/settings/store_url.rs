//! The parameters of store URLs: the drivers pass over those that they do not know, so that a misspelt `sslmode` would mean
//! no TLS, silently.

/// What Postgres' driver understands. The last two are set by us, whatever a URL says; tools write them into URLs.
const OF_POSTGRES: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
    "application_name",
    "statement-cache-capacity",
];

/// What Redis' driver understands of the URL of one server.
const OF_REDIS: [&str; 1] = ["protocol"];

/// A URL with something that its store would not heed. The URL is never quoted: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongParameter {
    /// A name that the store does not know.
    #[error("{setting} has a parameter `{name}`; those it takes are: {known}")]
    Unknown {
        /// The setting with the URL.
        setting: String,
        /// The parameter's name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Something that may well be a piece of a password.
    #[error(
        "{setting} has something that is no parameter; `?` and `#` in a password are written %3F and %23"
    )]
    Nameless {
        /// The setting with the URL.
        setting: String,
    },
    /// `#insecure`, which lets Redis show any certificate.
    #[error(
        "{setting} has a fragment (`#…`): `#` in a password is written %23, and certificates are always verified"
    )]
    Fragment {
        /// The setting with the URL.
        setting: String,
    },
}

/// Refuses parameters that the store of this URL would pass over. What is no URL is left to whoever opens it.
///
/// # Errors
/// The first such parameter.
pub fn check_store_url(setting: &str, url: &str) -> Result<(), WrongParameter> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(()) };
    let known: &[&str] = match scheme {
        "postgres" | "postgresql" => &OF_POSTGRES,
        "redis" | "rediss" => &OF_REDIS,
        // Of Sentinels and clusters each node has a URL of its own, made of this one.
        _ => &[],
    };
    if rest.contains('#') {
        return Err(WrongParameter::Fragment { setting: setting.to_owned() });
    }
    let Some((_, parameters)) = rest.split_once('?') else { return Ok(()) };
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let Some((name, _)) = parameter.split_once('=') else {
            return Err(WrongParameter::Nameless { setting: setting.to_owned() });
        };
        // `options[name]=value` is one of Postgres' own settings.
        let is_known = known.contains(&name) || (name.starts_with("options[") && known.contains(&"options"));
        // An `@` behind it: the `?` stood in the password, and so did this.
        if !is_known && parameters.contains('@') {
            return Err(WrongParameter::Nameless { setting: setting.to_owned() });
        }
        if !is_known {
            let (setting, name) = (setting.to_owned(), name.to_owned());
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(WrongParameter::Unknown { setting, name, known });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        check_store_url("identity.store.url", url).unwrap_err().to_string()
    }

    #[test]
    fn a_parameter_that_the_driver_would_pass_over_is_refused_by_name() {
        let postgres = refusal("postgres://rekey:s3cret@db/identity?sslmod=verify-full");
        let redis = refusal("redis-cluster://:s3cret@one:1,two:2?timeout=5");

        let expected = "identity.store.url has a parameter `sslmod`; those it takes are: sslmode, ssl-mode";
        assert!(postgres.starts_with(expected), "{postgres}");
        assert!(redis.ends_with("`timeout`; those it takes are: none"), "{redis}");
        assert!(!postgres.contains("s3cret") && !redis.contains("s3cret"));
    }

    #[test]
    fn what_may_be_a_piece_of_a_password_is_not_quoted() {
        let nameless = refusal("postgres://rekey:a?s3cret@db/identity");
        let named = refusal("postgres://rekey:a?s3cret=x@db/identity");
        let insecure = refusal("rediss://:s3cret@cache/#insecure");

        assert!(nameless.contains("is no parameter") && !nameless.contains("s3cret"), "{nameless}");
        assert_eq!(named, nameless);
        assert!(insecure.contains("fragment") && !insecure.contains("s3cret"), "{insecure}");
    }

    #[test]
    fn what_the_drivers_know_is_let_through() {
        for url in [
            "memory:",
            "sqlite:/var/lib/rekey/a?b.db",
            "postgres://db/identity?sslmode=verify-full&sslrootcert=/etc/ca.crt&options[search_path]=rekey",
            "postgresql:///identity?host=/run/postgresql",
            "redis://one:6379/2?protocol=resp3",
            "rediss-sentinel://one,two/codes",
        ] {
            assert_eq!(check_store_url("store.url", url), Ok(()), "{url}");
        }
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_url_is_told_without_its_password() {
        let samples: &[&[u8]] = &[
            b"db/identity?sslmod=verify-full",
            b"a?b=c@db/identity",
            b"one:1,two:2/codes#x",
            b"db?options[x]=y",
        ];
        rekey_testing::fuzz(samples, |bytes: &[u8]| {
            let rest = String::from_utf8_lossy(bytes);
            for scheme in ["postgres", "redis", "rediss-sentinel"] {
                let url = format!("{scheme}://rekey:s3cr3t@{rest}");
                if let Err(wrong) = check_store_url("identity.store.url", &url) {
                    assert!(!wrong.to_string().contains("s3cr3t"), "{wrong}");
                }
            }
        });
    }
}
