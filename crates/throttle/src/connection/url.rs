//! The forms of a Redis URL, for settings: one text says which topology and where.

use rekey_primitives::secret::SecretString;

use super::Topology;

/// A URL that names no topology. Parts of it are never quoted: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// No scheme at all.
    #[error("not a URL")]
    NoScheme,
    /// A scheme of something else.
    #[error("the scheme is none of redis, redis-cluster, redis-sentinel, or theirs with TLS")]
    Scheme,
    /// Sentinels watch primaries by name, and none is named.
    #[error("no primary is named: redis-sentinel://host:port,host:port/NAME")]
    NoPrimary,
}

impl Topology {
    /// Reads `redis://host`, `redis-cluster://host,host` or `redis-sentinel://host,host/NAME`, with `rediss` in place
    /// of `redis` for TLS. `user:password@` stands once, before the first host, and holds for all.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidUrl::NoScheme)?;
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (format!("{credentials}@"), rest),
            None => (String::new(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let node = |scheme: &str, host: &str| SecretString::from(format!("{scheme}://{credentials}{host}"));
        let each = |scheme: &str| {
            hosts.split(',').filter(|host| !host.is_empty()).map(|host| node(scheme, host)).collect()
        };
        match scheme {
            "redis" | "rediss" => Ok(Self::Single { url: node(scheme, rest) }),
            "redis-cluster" => Ok(Self::Cluster { urls: each("redis") }),
            "rediss-cluster" => Ok(Self::Cluster { urls: each("rediss") }),
            "redis-sentinel" | "rediss-sentinel" => {
                let plain = scheme.trim_end_matches("-sentinel");
                if path.is_empty() {
                    return Err(InvalidUrl::NoPrimary);
                }
                Ok(Self::Sentinel {
                    sentinels: each(plain),
                    login: None,
                    service: path.to_owned(),
                    node: node(plain, "primary"),
                })
            }
            _ => Err(InvalidUrl::Scheme),
        }
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::secret::ExposeSecret;

    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        match Topology::parse(url).unwrap() {
            Topology::Single { url } => vec![url.expose_secret().to_owned()],
            Topology::Cluster { urls } => urls.iter().map(|url| url.expose_secret().to_owned()).collect(),
            Topology::Sentinel { sentinels, service, node, .. } => {
                let mut all: Vec<_> = sentinels.iter().map(|url| url.expose_secret().to_owned()).collect();
                all.extend([service, node.expose_secret().to_owned()]);
                all
            }
        }
    }

    #[test]
    fn each_form_of_the_url_is_understood() {
        assert_eq!(hosts("rediss://:pw@one:6379/2"), ["rediss://:pw@one:6379/2"]);
        assert_eq!(hosts("redis-cluster://:pw@one:1,two:2"), ["redis://:pw@one:1", "redis://:pw@two:2"]);
        assert_eq!(
            hosts("redis-sentinel://one:1,two:2/codes"),
            ["redis://one:1", "redis://two:2", "codes", "redis://primary"]
        );
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_being_quoted() {
        for wrong in ["s3cr3t", "http://:s3cr3t@one", "redis-sentinel://:s3cr3t@one:1"] {
            let refused = Topology::parse(wrong).unwrap_err().to_string();

            assert!(!refused.contains("s3cr3t"), "{refused}");
        }
    }
}
