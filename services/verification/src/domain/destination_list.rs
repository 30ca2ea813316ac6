//! Destinations that operators block or allow: an address, a mail domain, a number, all numbers that begin alike.
//!
//! The narrowest pattern counts, so that one number is spared from a blocked range: an address before its domain, a domain
//! before those it lies in, a longer beginning of a number before a shorter one. Of entries with one pattern the one of
//! the narrowest scope counts: purpose and tenant, tenant, purpose, everything. One whose time is over is as good as none.
//!
//! A look-up asks maps by what the address is made of, some twenty times however long the list is. The addresses are
//! people's: `Debug` shows how many there are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination, EmailAddress};
use rekey_primitives::id::TenantId;

use super::names::Purpose;
use super::policies::PolicyScope;

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListAction {
    /// It is spared from the list of countries and from rules against abuse.
    Allow,
    /// It gets no code.
    Block,
}

/// What an entry is about.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum DestinationPattern {
    /// One mailbox or number, as all of its spellings are compared.
    Address(String),
    /// The mailboxes of a domain.
    Domain(String),
    /// Those of a domain and of all domains in it.
    DomainTree(String),
    /// The numbers that begin so.
    Prefix(String),
}

impl fmt::Debug for DestinationPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[destination pattern]")
    }
}

/// The text is no pattern. It is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "`match` must be an e-mail address, a domain (`@example.com`), a domain with those in it (`.example.com`), a phone \
     number, or the beginning of numbers with a star (`+4470*`)"
)]
pub(crate) struct InvalidPattern;

impl DestinationPattern {
    /// Reads a pattern. Beginnings of numbers end with a star, since the beginning of one country's numbers is a whole number
    /// of another's plan, and a list that quietly matches one number in place of thousands protects nobody.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if let Some(domain) = text.strip_prefix('@') {
            return domain_of(domain).map(Self::Domain);
        }
        if let Some(domain) = text.strip_prefix('.') {
            return domain_of(domain).map(Self::DomainTree);
        }
        if let Some(prefix) = text.strip_suffix('*') {
            return if is_prefix(prefix) { Ok(Self::Prefix(prefix.to_owned())) } else { Err(InvalidPattern) };
        }
        let destination = [Channel::Email, Channel::Sms]
            .into_iter()
            .find_map(|channel| Destination::parse(channel, text).ok())
            .ok_or(InvalidPattern)?;
        Ok(Self::Address(destination.canonical().into_owned()))
    }
}

/// A domain in the form of addresses.
fn domain_of(text: &str) -> Result<String, InvalidPattern> {
    let address = EmailAddress::parse(&format!("a@{text}")).map_err(|_| InvalidPattern)?;
    Ok(address.domain().to_owned())
}

/// A plus sign and 1 to 15 digits of which the first is no zero.
fn is_prefix(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) pattern: DestinationPattern,
    pub(crate) scope: PolicyScope,
    pub(crate) action: ListAction,
    /// When it ends; none means never.
    pub(crate) until: Option<Timestamp>,
}

/// Two entries have one pattern and one scope; the index of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListedTwice {
    pub(crate) index: usize,
}

/// The list.
#[derive(Default)]
pub(crate) struct DestinationList {
    addresses: ByText,
    domains: ByText,
    domain_trees: ByText,
    prefixes: ByText,
}

/// Entries by the text of their pattern.
type ByText = HashMap<Box<str>, HashMap<PolicyScope, Verdict>>;

#[derive(Clone, Copy)]
struct Verdict {
    action: ListAction,
    until: Option<Timestamp>,
}

impl DestinationList {
    /// The most entries, of some 300 bytes each: 30 MB. A list that needs more is a service of its own, and rules against
    /// abuse find what no list knows yet.
    pub(crate) const MOST: usize = 100_000;

    /// Takes entries; of two about the same, none can be said to be meant.
    pub(crate) fn new(listings: impl IntoIterator<Item = Listing>) -> Result<Self, ListedTwice> {
        let mut list = Self::default();
        for (index, Listing { pattern, scope, action, until }) in listings.into_iter().enumerate() {
            let (by_text, text) = match pattern {
                DestinationPattern::Address(text) => (&mut list.addresses, text),
                DestinationPattern::Domain(text) => (&mut list.domains, text),
                DestinationPattern::DomainTree(text) => (&mut list.domain_trees, text),
                DestinationPattern::Prefix(text) => (&mut list.prefixes, text),
            };
            match by_text.entry(text.into_boxed_str()).or_default().entry(scope) {
                Entry::Vacant(place) => place.insert(Verdict { action, until }),
                Entry::Occupied(_) => return Err(ListedTwice { index }),
            };
        }
        Ok(list)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        let all = [&self.addresses, &self.domains, &self.domain_trees, &self.prefixes];
        all.into_iter().flat_map(HashMap::values).map(HashMap::len).sum()
    }

    /// What the list says of an address, if anything.
    pub(crate) fn action(
        &self,
        destination: &Destination,
        tenant: TenantId,
        purpose: &Purpose,
        now: Timestamp,
    ) -> Option<ListAction> {
        let scopes = PolicyScope::around(tenant, purpose);
        let of = |by_text: &ByText, text: &str| {
            let found = by_text.get(text)?;
            let verdicts = scopes.iter().rev().filter_map(|scope| found.get(scope));
            verdicts.copied().find(|verdict| verdict.holds(now)).map(|verdict| verdict.action)
        };
        of(&self.addresses, &destination.canonical()).or_else(|| match destination {
            Destination::Email(address) => of(&self.domains, address.domain())
                .or_else(|| within(address.domain()).find_map(|domain| of(&self.domain_trees, domain))),
            Destination::Phone(number) => {
                beginnings(number.as_str()).find_map(|beginning| of(&self.prefixes, beginning))
            }
        })
    }

    /// Whether the list spares an address from the countries and from rules against abuse.
    pub(crate) fn is_allowed(
        &self,
        destination: &Destination,
        tenant: TenantId,
        purpose: &Purpose,
        now: Timestamp,
    ) -> bool {
        self.action(destination, tenant, purpose, now) == Some(ListAction::Allow)
    }
}

impl fmt::Debug for DestinationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} listed destinations]", self.len())
    }
}

impl Verdict {
    fn holds(self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| !now.has_reached(until))
    }
}

/// A domain and those it lies in, the narrowest first.
fn within(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent))
}

/// The beginnings of a number, the longest first: a plus sign and at most 15 digits.
fn beginnings(number: &str) -> impl Iterator<Item = &str> {
    (2..=16).rev().filter_map(|length| number.get(..length))
}

#[cfg(test)]
mod tests;
