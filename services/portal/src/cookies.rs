//! What the portal keeps between two pages: in the browser, sealed, since the portal itself keeps nothing.
//!
//! A cookie holds one value of one kind, sealed under its whole name as context, so that it opens nowhere else: neither as another
//! kind, nor as another reset's. When it ends stands inside the seal; `Max-Age` only has the browser forget it. The prefix `__Host-`
//! (RFC 6265bis, 4.1.3.2) keeps neighbouring hosts from setting it.

mod kinds;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, SharedEntropy, array};
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::{AeadKeys, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::kinds::{
    CallerCode, FlashMessage, FormSecret, LocaleChoice, NewPasswordLink, NotMeLink, OneTimeDisplays,
    SessionCookie, StashedSession,
};

/// What a browser keeps of one cookie at least (RFC 6265, 6.1), name and attributes included.
const MAX_COOKIE_BYTES: usize = 4096;

/// What the pages of a flow add to its value at most: the code that is awaited.
const FLOW_GROWTH_BYTES: usize = 128;

/// A kind of value that a cookie holds.
pub(crate) trait CookieKind: Serialize + DeserializeOwned {
    /// Its name behind `__Host-`.
    const NAME: &'static str;
    /// Of the layout: raise it when a field changes.
    const VERSION: u8;
    /// How long it may be used, in seconds.
    const LIFE_SECONDS: u64;
}

/// The name of a reset in addresses, so that two in two tabs do not mix. It is no secret and opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlowId(String);

impl FlowId {
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(array::<6>(entropy)))
    }

    /// Reads one from an address: eight characters of base64url, and nothing else goes into the name of a cookie.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == 8 && text.bytes().all(is_plain)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value is larger than browsers keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie of {0} bytes is larger than browsers keep")]
pub(crate) struct CookieTooLarge(usize);

/// Seals and opens cookies.
#[derive(Clone)]
pub(crate) struct CookieJar {
    keys: AeadKeys,
    entropy: SharedEntropy,
}

impl CookieJar {
    pub(crate) fn new(keys: AeadKeys, entropy: SharedEntropy) -> Self {
        Self { keys, entropy }
    }

    /// The value of a kind that a request brings, if it is whole and has not ended. `flow` where there is one for each reset.
    pub(crate) fn read<K: CookieKind>(
        &self,
        headers: &HeaderMap,
        flow: Option<&FlowId>,
        now: Timestamp,
    ) -> Option<K> {
        let name = name::<K>(flow);
        let (ends_at, value) = self.open::<K>(&name, sent(headers, &name)?)?;
        (!now.has_reached(ends_at)).then_some(value)
    }

    /// When a value ends, and the value.
    fn open<K: CookieKind>(&self, name: &str, sent: &str) -> Option<(Timestamp, K)> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sent).ok()?;
        let plain = self.keys.open(name.as_bytes(), &sealed).ok()?;
        codec::decode(K::VERSION, &plain).ok()
    }

    /// The flows of a kind that a request brings beyond so many: those that end first, and before them those that do not open.
    pub(crate) fn excess_flows<K: CookieKind>(&self, headers: &HeaderMap, kept: usize) -> Vec<FlowId> {
        let prefix = format!("__Host-{}-", K::NAME);
        let flow = |(name, sent): (&str, &str)| {
            let flow = FlowId::parse(name.strip_prefix(&prefix)?)?;
            Some((self.open::<K>(name, sent).map(|(ends_at, _)| ends_at), flow))
        };
        let mut flows: Vec<(Option<Timestamp>, FlowId)> = pairs(headers).filter_map(flow).collect();
        flows.sort_by_key(|(ends_at, _)| *ends_at);
        let surplus = flows.len().saturating_sub(kept);
        flows.into_iter().take(surplus).map(|(_, flow)| flow).collect()
    }

    /// The header that has the browser keep a value until its kind ends.
    ///
    /// # Errors
    /// It is too large to be kept.
    pub(crate) fn set<K: CookieKind>(
        &self,
        value: &K,
        flow: Option<&FlowId>,
        now: Timestamp,
    ) -> Result<HeaderValue, CookieTooLarge> {
        let (name, life) = (name::<K>(flow), K::LIFE_SECONDS);
        let ends_at = now.plus(std::time::Duration::from_secs(life));
        let plain: Zeroizing<Vec<u8>> = codec::encode(K::VERSION, &(ends_at, value));
        let sealed = BASE64_URL_SAFE_NO_PAD.encode(self.keys.seal(&*self.entropy, name.as_bytes(), &plain));
        header(&format!("{name}={sealed}; Path=/; Max-Age={life}; Secure; HttpOnly; SameSite=Lax"))
    }

    /// Whether browsers keep the value of a flow, with whatever its pages add to it.
    pub(crate) fn has_room<K: CookieKind>(&self, value: &K, flow: &FlowId, now: Timestamp) -> bool {
        self.set(value, Some(flow), now)
            .is_ok_and(|header| header.len() + FLOW_GROWTH_BYTES <= MAX_COOKIE_BYTES)
    }

    /// The header that has the browser forget it.
    pub(crate) fn forget<K: CookieKind>(flow: Option<&FlowId>) -> Result<HeaderValue, CookieTooLarge> {
        let name = name::<K>(flow);
        header(&format!("{name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"))
    }
}

fn header(text: &str) -> Result<HeaderValue, CookieTooLarge> {
    if text.len() > MAX_COOKIE_BYTES {
        return Err(CookieTooLarge(text.len()));
    }
    let mut value = HeaderValue::from_str(text).expect("base64url and attributes are ASCII");
    value.set_sensitive(true);
    Ok(value)
}

fn name<K: CookieKind>(flow: Option<&FlowId>) -> String {
    match flow {
        Some(flow) => format!("__Host-{}-{}", K::NAME, flow.as_str()),
        None => format!("__Host-{}", K::NAME),
    }
}

/// What the browser sends under a name.
fn sent<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers).find(|(sent, _)| *sent == name).map(|(_, value)| value)
}

/// Names and values of everything that the browser sends. HTTP/2 may send each cookie in a header of its own. Neighbouring hosts may set
/// cookies for all of a domain with letters beyond ASCII: such a one is not ours and must not hide those that are.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
}

#[cfg(test)]
mod tests;
