//! Lists by the page: how many, and the sealed token that says where the next page begins.
//!
//! A token is bound to its list and to the arguments of the question, so it cannot be carried to another tenant.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SealedToken, Tokens};
use crate::domain::refusal::Refusal;

/// How many a page holds where nothing is asked for.
const USUAL: u32 = 50;

/// The most a page holds.
const MOST: u32 = 200;

/// A list, with the arguments that a token must come back with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) name: &'static str,
    /// Of what.
    pub(crate) arguments: &'a [&'a [u8]],
}

/// Which page is asked for; by default the first, of the usual size.
#[derive(Debug, Clone, Default)]
pub(crate) struct AskedPage {
    /// How many at most; 0 for the usual number.
    pub size: u32,
    /// The token of the page before.
    pub token: Option<SecretString>,
}

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Leads to the next; `None` on the last.
    pub next: Option<SecretString>,
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    list: String,
    /// Digest of the arguments, which must be the same again.
    arguments: [u8; 32],
    /// The last thing shown.
    after: Uuid,
    expires_at: Timestamp,
}

/// Where a search goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SearchToken<C> {
    /// Digest of the arguments, which must be the same again.
    arguments: [u8; 32],
    /// Where it has come to.
    cursor: C,
    expires_at: Timestamp,
}

impl SealedToken for Token {
    const KIND: &'static str = "page";
    const VERSION: u8 = 1;
}

impl<C: Serialize + DeserializeOwned> SealedToken for SearchToken<C> {
    const KIND: &'static str = "page of a search";
    const VERSION: u8 = 1;
}

impl AskedPage {
    /// How many are shown at most.
    pub(crate) fn size(&self) -> u32 {
        if self.size == 0 { USUAL } else { self.size.min(MOST) }
    }

    /// How many to read: one more than are shown tells whether there is another page.
    pub(crate) fn limit(&self) -> u32 {
        self.size() + 1
    }
}

impl Tokens {
    /// After which id the page begins.
    pub(crate) fn page_begins_after(
        &self,
        list: List<'_>,
        asked: &AskedPage,
        now: Timestamp,
    ) -> Result<Option<Uuid>, Refusal> {
        let Some(shown) = asked.token.as_ref().filter(|token| !token.expose_secret().is_empty()) else {
            return Ok(None);
        };
        let token: Token = self.open(shown).ok_or(Refusal::PageTokenInvalid)?;
        let is_ours = token.list == list.name
            && token.arguments == digest(list.arguments)
            && !now.has_reached(token.expires_at);
        if is_ours { Ok(Some(token.after)) } else { Err(Refusal::PageTokenInvalid) }
    }

    /// The page made of what was read with [`AskedPage::limit`].
    pub(crate) fn page<T>(
        &self,
        list: List<'_>,
        asked: &AskedPage,
        mut read: Vec<T>,
        id: impl Fn(&T) -> Uuid,
        now: Timestamp,
    ) -> Page<T> {
        let size = usize::try_from(asked.size()).unwrap_or(usize::MAX);
        let has_more = read.len() > size;
        read.truncate(size);
        let life = Duration::from_secs(self.settings.page_life_seconds);
        let next = read.last().filter(|_| has_more).map(|last| {
            self.seal(&Token {
                list: list.name.to_owned(),
                arguments: digest(list.arguments),
                after: id(last),
                expires_at: now.plus(life),
            })
        });
        Page { items: read, next }
    }

    /// Where the page of a search begins; `None` for the first.
    pub(crate) fn search_goes_on_at<C: Serialize + DeserializeOwned>(
        &self,
        list: List<'_>,
        asked: &AskedPage,
        now: Timestamp,
    ) -> Result<Option<C>, Refusal> {
        let Some(shown) = asked.token.as_ref().filter(|token| !token.expose_secret().is_empty()) else {
            return Ok(None);
        };
        let token: SearchToken<C> = self.open(shown).ok_or(Refusal::PageTokenInvalid)?;
        let is_ours = token.arguments == search_digest(list) && !now.has_reached(token.expires_at);
        if is_ours { Ok(Some(token.cursor)) } else { Err(Refusal::PageTokenInvalid) }
    }

    /// Leads to where a search goes on.
    pub(crate) fn search_page_token<C: Serialize + DeserializeOwned>(
        &self,
        list: List<'_>,
        cursor: C,
        now: Timestamp,
    ) -> SecretString {
        let life = Duration::from_secs(self.settings.page_life_seconds);
        self.seal(&SearchToken { arguments: search_digest(list), cursor, expires_at: now.plus(life) })
    }
}

fn search_digest(list: List<'_>) -> [u8; 32] {
    digest(&[&[list.name.as_bytes()], list.arguments].concat())
}
