//! DKIM signatures (RFC 6376): relaxed over headers and body, the whole body, `From` signed against a second one.
//!
//! The canonical forms and the header stand here, some hundred lines of a standard that no longer changes; the keys and
//! algorithms are `sealing`'s. A mail gets a signature of each key whose domain it is from, or is below: with an RSA and an
//! Ed25519 key it has two, and who knows only one algorithm checks that one. Keys are read again whenever a mail is signed.

mod canonical;

use anyhow::{Context as _, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::{ExposeSecret as _, SecretString, Zeroizing};
use rekey_runtime::settings::FollowedSecret;
use rekey_sealing::{DkimKey, sha256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;

use self::canonical::{Headers, folded, relaxed_body, relaxed_header, wiped};

/// The fields that are signed, whether or not the mail has them: one that it lacks cannot be added on the way. `From` stands
/// there once more than it may, so that no second one can be added either.
const SIGNED: [&str; 10] = [
    "From",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Auto-Submitted",
    "Reply-To",
];

/// An entry of a relay's `dkim`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::providers) struct DkimSettings {
    /// Which of the domain's keys: its record is at `SELECTOR._domainkey.DOMAIN`.
    selector: String,
    domain: String,
    /// The private key, PKCS #8 in PEM.
    key_file: std::path::PathBuf,
}

impl DkimSettings {
    /// What can be said without reading a file.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let is_name = |name: &str| name.len() <= 253 && name.split('.').all(label);
        ensure!(is_name(&self.selector), "`dkim`: `{}` is no selector", self.selector);
        let is_domain = is_name(&self.domain) && self.domain.contains('.');
        ensure!(is_domain, "`dkim`: `{}` is no domain; write it in A-labels", self.domain);
        Ok(())
    }
}

/// What DNS has to say of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimRecord {
    /// Which of the domain's keys.
    pub selector: String,
    /// Whose key.
    pub domain: String,
    /// What `k=` says.
    pub kind: &'static str,
    /// What `p=` says.
    pub public_key: String,
}

/// The keys of a relay.
pub(super) struct DkimSigner(Vec<Signing>);

struct Signing {
    selector: String,
    domain: String,
    key: FollowedSecret<DkimKey>,
}

impl DkimSigner {
    /// Reads the keys for the first time.
    pub(super) fn open(all: &[DkimSettings]) -> anyhow::Result<Self> {
        let open = |settings: &DkimSettings| {
            settings.check()?;
            let DkimSettings { selector, domain, key_file } = settings;
            let key = FollowedSecret::open(key_file, parse)
                .with_context(|| format!("the DKIM key `{selector}` of {domain}"))?;
            Ok(Signing { selector: selector.clone(), domain: domain.to_ascii_lowercase(), key })
        };
        Ok(Self(all.iter().map(open).collect::<anyhow::Result<_>>()?))
    }

    /// What DNS has to say of the keys.
    pub(super) fn records(&self) -> anyhow::Result<Vec<DkimRecord>> {
        let record = |signing: &Signing| {
            let key = signing.key.read();
            let (kind, _) = key.algorithm().split_once('-').context("an algorithm without a hash")?;
            let public_key = BASE64_STANDARD.encode(key.public_key());
            let (selector, domain) = (signing.selector.clone(), signing.domain.clone());
            Ok(DkimRecord { selector, domain, kind, public_key })
        };
        self.0.iter().map(record).collect()
    }

    /// The fields that go before a mail from this domain: none where there is no key of it. `None`: a key does not sign.
    pub(super) fn signatures(&self, mail: &[u8], from: &str, at: Timestamp) -> Option<String> {
        let mut fields = String::new();
        let mut fitting = self.0.iter().filter(|signing| signing.covers(from)).peekable();
        if fitting.peek().is_none() {
            return Some(fields);
        }
        let (headers, body) = Headers::split(mail);
        let hash = BASE64_STANDARD.encode(sha256(&relaxed_body(body)));
        let signed = signed_headers(&headers);
        for signing in fitting {
            fields.push_str(&signing.field(&signed, &hash, at)?);
        }
        Some(fields)
    }
}

/// Reads a private key.
fn parse(text: &SecretString) -> Result<DkimKey, &'static str> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(text.expose_secret().as_bytes());
    let der = der.map_err(|_| "no PEM with a private key in PKCS #8 (`BEGIN PRIVATE KEY`)")?;
    let key = DkimKey::from_pkcs8(der.secret_pkcs8_der());
    key.ok_or("neither an RSA key of 2048 to 4096 bits nor an Ed25519 key")
}

/// The fields of the mail that are signed, in their canonical form: of each name the last one that was not taken yet.
fn signed_headers(headers: &Headers<'_>) -> Zeroizing<Vec<u8>> {
    let signed = SIGNED.iter().enumerate().filter_map(|(place, name)| {
        let earlier = SIGNED[..place].iter().filter(|one| *one == name).count();
        headers.last_first(name).nth(earlier)
    });
    let fields: Vec<_> = signed.map(|(name, value)| relaxed_header(name, value)).collect();
    let mut canonical = wiped(fields.iter().map(|field| field.len() + 2).sum());
    for field in fields {
        canonical.extend(field.iter());
        canonical.extend(b"\r\n");
    }
    canonical
}

impl Signing {
    /// Whether it may sign a mail from this domain: its own or one below, which is what DMARC calls aligned.
    fn covers(&self, from: &str) -> bool {
        let above = from.strip_suffix(self.domain.as_str());
        above.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    }

    fn field(&self, signed: &[u8], body_hash: &str, at: Timestamp) -> Option<String> {
        let key = self.key.read();
        let (algorithm, domain, selector) = (key.algorithm(), &self.domain, &self.selector);
        // The same at every try, as the message is.
        let (seconds, names) = (at.unix_seconds(), SIGNED.join(":"));
        let value = format!(
            " v=1; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={seconds};\r\n\th={names};\r\n\t\
             bh={body_hash};\r\n\tb="
        );
        let name = "DKIM-Signature";
        // The field itself comes last, its signature empty and without an end of line (RFC 6376, 3.7).
        let own = relaxed_header(name.as_bytes(), value.as_bytes());
        let bytes = Zeroizing::new([signed, own.as_slice()].concat());
        let signature = BASE64_STANDARD.encode(key.sign(&bytes)?);
        Some(format!("{name}:{value}{}\r\n", folded(&signature)))
    }
}

#[cfg(test)]
mod tests;
