//! The policies file: `[[policy]]` and `[[destination]]`.
//!
//! A policy's tables are those of the settings, their numbers have the bounds of the settings, and the same functions make
//! rules of both. What is wrong is told by the place of the entry; of a destination nothing is quoted, since it is somebody's.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::TenantId;
use rekey_runtime::settings::{Bounds, Document};
use serde::Deserialize;
use toml::{Table, Value};

use super::{DEFAULTS, country_codes};
use crate::domain::budgets::Window;
use crate::domain::code::{Alphabet, CodeLength};
use crate::domain::destination_list::{DestinationList, DestinationPattern, ListAction, Listing};
use crate::domain::ladder::Waits;
use crate::domain::names::{ORGANISATION_MAX, Purpose, is_organisation};
use crate::domain::policies::{Overrides, Policies, PolicyBudget, PolicyScope};
use crate::domain::rules::ResendPolicy;

/// The most policies: more than anybody writes by hand, and a second of reading for what a program writes.
const MOST_POLICIES: usize = 10_000;

/// The bounds of every number of this part, by its key.
static BOUNDS: LazyLock<BTreeMap<String, Bounds>> = LazyLock::new(|| {
    let document = Document::builder().part("verification", 0, DEFAULTS).load();
    document.expect("the embedded defaults are in order").bounds().into_iter().collect()
});

/// A file that is not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InvalidPolicies {
    /// The line where it stops being TOML. What stands there may be an address.
    #[error("line {0} is not TOML")]
    Syntax(usize),
    #[error("it holds something else than [[policy]] and [[destination]]")]
    Unknown,
    #[error("it holds more than {most} entries of [[{kind}]]")]
    TooMany { kind: &'static str, most: usize },
    #[error("[[policy]] number {number}: {what}")]
    Policy { number: usize, what: String },
    #[error("[[destination]] number {number}: {what}")]
    Destination { number: usize, what: String },
}

/// Reads a policies file.
pub(crate) fn parse(text: &str) -> Result<Policies, InvalidPolicies> {
    let mut file: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        InvalidPolicies::Syntax(before.matches('\n').count() + 1)
    })?;
    let policies = entries(&mut file, "policy", MOST_POLICIES)?;
    let destinations = entries(&mut file, "destination", DestinationList::MOST)?;
    if !file.is_empty() {
        return Err(InvalidPolicies::Unknown);
    }
    let wrong = |number, what| InvalidPolicies::Destination { number, what };
    let listings = destinations.into_iter().zip(1..);
    let listings: Vec<Listing> = listings
        .map(|(entry, number)| listing(entry).map_err(|what| wrong(number, what)))
        .collect::<Result<_, _>>()?;
    let list = DestinationList::new(listings)
        .map_err(|twice| wrong(twice.index + 1, "an entry before it is about the same".to_owned()))?;
    Ok(Policies::new(overrides(policies)?, list))
}

/// The tables of an array.
fn entries(file: &mut Table, kind: &'static str, most: usize) -> Result<Vec<Table>, InvalidPolicies> {
    let found = match file.remove(kind) {
        None => return Ok(Vec::new()),
        Some(Value::Array(found)) => found,
        Some(_) => return Err(InvalidPolicies::Unknown),
    };
    if found.len() > most {
        return Err(InvalidPolicies::TooMany { kind, most });
    }
    let tables = found.into_iter().map(|entry| match entry {
        Value::Table(table) => Ok(table),
        _ => Err(InvalidPolicies::Unknown),
    });
    tables.collect()
}

fn overrides(policies: Vec<Table>) -> Result<Vec<(PolicyScope, Overrides)>, InvalidPolicies> {
    let mut seen = BTreeMap::new();
    let mut read = Vec::with_capacity(policies.len());
    for (entry, number) in policies.into_iter().zip(1..) {
        let wrong = |what| InvalidPolicies::Policy { number, what };
        let policy = policy(entry).map_err(wrong)?;
        let PolicyScope { tenant, purpose } = &policy.0;
        let about = (*tenant, purpose.as_ref().map(|purpose| purpose.as_str().to_owned()));
        if let Some(earlier) = seen.insert(about, number) {
            return Err(wrong(format!("number {earlier} is about the same")));
        }
        read.push(policy);
    }
    Ok(read)
}

/// `[[policy]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    purpose: Option<String>,
    tenant: Option<String>,
    channels: Option<Vec<String>>,
    #[serde(default)]
    code: CodeTable,
    #[serde(default)]
    resend: ResendTable,
    #[serde(default)]
    limits: LimitTable,
    #[serde(default)]
    phone: PhoneTable,
    #[serde(default)]
    message: MessageTable,
}

/// As `[verification.code]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CodeTable {
    alphabet: Option<Alphabet>,
    length: Option<u32>,
    life_seconds: Option<u64>,
    tries: Option<u32>,
}

/// As `[verification.resend]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ResendTable {
    ladder_seconds: Option<Vec<u64>>,
    sends: Option<u32>,
    policy: Option<ResendPolicy>,
}

/// As `[verification.limits]`, of budgets that are a tenant's own.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitTable {
    destination_per_hour: Option<u32>,
    destination_per_day: Option<u32>,
    subject_per_hour: Option<u32>,
    subject_per_day: Option<u32>,
    tenant_per_hour: Option<u32>,
    tenant_per_day: Option<u32>,
    texts_per_country_day: Option<u32>,
}

/// As `[verification.phone]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PhoneTable {
    countries: Option<Vec<String>>,
}

/// As `[verification.message]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MessageTable {
    organisation: Option<String>,
}

fn policy(entry: Table) -> Result<(PolicyScope, Overrides), String> {
    let entry = Value::Table(entry);
    check_numbers("verification", &entry)?;
    let table: PolicyTable = entry.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let scope = scope(table.tenant.as_deref(), table.purpose.as_deref())?;
    if scope.is_everything() {
        return Err(
            "it names neither `purpose` nor `tenant`; what holds for everything stands in the settings"
                .to_owned(),
        );
    }
    let CodeTable { alphabet, length, life_seconds, tries } = table.code;
    let ResendTable { ladder_seconds, sends, policy } = table.resend;
    let waits = ladder_seconds.map(|waits| Waits::new(waits.into_iter().map(Duration::from_secs).collect()));
    let overrides = Overrides {
        alphabet,
        code_length: length.map(CodeLength::new).transpose().map_err(|wrong| wrong.to_string())?,
        code_life: life_seconds.map(Duration::from_secs),
        attempts: tries,
        waits: waits.transpose().map_err(|wrong| wrong.to_string())?,
        sends: sends.and_then(NonZeroU32::new),
        resend: policy,
        channels: table.channels.as_deref().map(channels).transpose()?,
        phone_countries: table.phone.countries.as_deref().map(countries).transpose()?,
        organisation: table.message.organisation.map(organisation).transpose()?,
        windows: windows(&table.limits),
    };
    if overrides == Overrides::default() {
        return Err("it says nothing".to_owned());
    }
    check_ladder(&overrides)?;
    Ok((scope, overrides))
}

/// Refuses a ladder whose last message is due when the code of the same entry is over. A life alone may end any ladder early: that
/// the code is short is what such an entry wants.
fn check_ladder(overrides: &Overrides) -> Result<(), String> {
    let (Some(life), Some(waits)) = (overrides.code_life, &overrides.waits) else { return Ok(()) };
    let due = waits.total(overrides.sends);
    if due < life {
        return Ok(());
    }
    let (due, life) = (due.as_secs(), life.as_secs());
    Err(format!(
        "`resend.ladder_seconds`: the last message is due after {due} s, and `code.life_seconds` is {life}"
    ))
}

/// Holds every number to the bounds that the setting of its name has.
fn check_numbers(key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Table(table) => {
            table.iter().try_for_each(|(name, value)| check_numbers(&format!("{key}.{name}"), value))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check_numbers(key, item)),
        Value::Integer(number) => {
            let name = key.trim_start_matches("verification.");
            let bounds = BOUNDS.get(key).ok_or_else(|| format!("`{name}` takes no number"))?;
            let is_inside = (i64::from(bounds.least)..=i64::from(bounds.most)).contains(number);
            if is_inside { Ok(()) } else { Err(format!("`{name}` is {number}; it must be {bounds}")) }
        }
        Value::String(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => Ok(()),
    }
}

fn scope(tenant: Option<&str>, purpose: Option<&str>) -> Result<PolicyScope, String> {
    let tenant = tenant.map(TenantId::parse).transpose().map_err(|wrong| format!("`tenant`: {wrong}"))?;
    let purpose = purpose.map(Purpose::parse).transpose().map_err(|wrong| format!("`purpose` {wrong}"))?;
    Ok(PolicyScope { tenant, purpose })
}

fn channels(names: &[String]) -> Result<BTreeSet<Channel>, String> {
    let read = |name: &String| Channel::parse(name).ok_or_else(|| format!("`channels`: {name:?} is none"));
    let channels: BTreeSet<Channel> = names.iter().map(read).collect::<Result<_, _>>()?;
    if channels.is_empty() { Err("`channels` names none".to_owned()) } else { Ok(channels) }
}

fn countries(names: &[String]) -> Result<Arc<BTreeSet<String>>, String> {
    let wrong = |number| format!("`phone.countries`: entry {number} is no country; write its ISO 3166 code");
    country_codes(names).map(Arc::new).map_err(wrong)
}

fn organisation(name: String) -> Result<String, String> {
    let rule = format!("must be 1 to {ORGANISATION_MAX} printable characters on one line, without `://`");
    let fits = !name.is_empty() && is_organisation(&name);
    if fits { Ok(name) } else { Err(format!("`message.organisation` {rule}")) }
}

fn windows(limits: &LimitTable) -> Vec<(PolicyBudget, Window)> {
    use PolicyBudget::{Destination, Subject, Tenant, Texts};
    let hours = [
        (Destination, limits.destination_per_hour),
        (Subject, limits.subject_per_hour),
        (Tenant, limits.tenant_per_hour),
    ];
    let days = [
        (Destination, limits.destination_per_day),
        (Subject, limits.subject_per_day),
        (Tenant, limits.tenant_per_day),
        (Texts, limits.texts_per_country_day),
    ];
    let set = |(budget, limit): (PolicyBudget, Option<u32>), window: fn(u32) -> Window| {
        limit.map(|limit| (budget, window(limit)))
    };
    let hours = hours.into_iter().filter_map(|one| set(one, Window::per_hour));
    hours.chain(days.into_iter().filter_map(|one| set(one, Window::per_day))).collect()
}

/// `[[destination]]`, whose values are never quoted.
fn listing(mut entry: Table) -> Result<Listing, String> {
    let mut text = |key: &str| match entry.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Datetime(moment)) if key == "until" => Ok(Some(moment.to_string())),
        Some(_) => Err(format!("`{key}` must be a text")),
    };
    let [pattern, action, tenant, purpose] = ["match", "action", "tenant", "purpose"].map(&mut text);
    let [until, reason] = ["until", "reason"].map(&mut text);
    // It is for whoever reads the file.
    reason?;
    if !entry.is_empty() {
        return Err("it takes match, action, tenant, purpose, until and reason, and nothing else".to_owned());
    }
    let pattern = pattern?.ok_or("`match` is missing")?;
    let action = match action?.as_deref() {
        Some("allow") => ListAction::Allow,
        Some("block") => ListAction::Block,
        _ => return Err("`action` must be \"allow\" or \"block\"".to_owned()),
    };
    let until = match until? {
        None => None,
        Some(text) => Some(
            Timestamp::from_rfc3339(&text).ok_or("`until` must be a moment with its offset (RFC 3339)")?,
        ),
    };
    Ok(Listing {
        pattern: DestinationPattern::parse(&pattern).map_err(|wrong| wrong.to_string())?,
        scope: scope(tenant?.as_deref(), purpose?.as_deref())?,
        action,
        until,
    })
}

#[cfg(test)]
mod tests;
