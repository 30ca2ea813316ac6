//! What is counted of a tenant's texts and wrong codes, read as it is stored. Nothing is decided by it, so it is no one step.

use std::collections::HashMap;

use rekey_primitives::id::TenantId;
use rekey_throttle::connection::Connection;

use super::keys;
use super::record::time;
use crate::domain::abuse::NumberPrefix;
use crate::domain::abuse::breaker::Breaker;
use crate::domain::abuse::tally::{Bucket, Counts, Tally};
use crate::domain::budgets::{Country, Window, WindowCount};
use crate::store::{Failure, TenantConversion};

/// The field that is no prefix: when those were last swept.
const SWEPT: &str = "swept";

/// The fields of the breaker, as scripts write them.
const BREAKER: [&str; 4] = ["stage", "until", "failures", "tally"];

type Texts = Vec<Option<String>>;

pub(super) async fn read(
    redis: &mut Connection,
    tenant: TenantId,
    texts: Option<Window>,
) -> Result<TenantConversion, Failure> {
    let fields: HashMap<String, String> =
        redis::cmd("HGETALL").arg(keys::conversion(tenant)).query_async(redis).await?;
    let prefixes: Vec<(NumberPrefix, Tally)> = fields
        .into_iter()
        .filter(|(digits, _)| digits != SWEPT)
        .map(|(digits, text)| prefix(digits, &text))
        .collect::<Result<_, _>>()?;
    let breaker = fields_of(redis, keys::breaker(tenant), &BREAKER).await?;
    let mut found = TenantConversion { breaker: breaker_of(breaker)?, ..TenantConversion::default() };
    if let Some(window) = texts {
        let mut countries: Vec<Country> = prefixes.iter().map(|(prefix, _)| prefix.country).collect();
        countries.sort_unstable();
        countries.dedup();
        for country in countries {
            let count = used(redis, keys::texts(tenant, country, window)).await?;
            found.texts.extend(count.map(|count| (country, count)));
        }
    }
    found.prefixes = prefixes;
    Ok(found)
}

async fn fields_of(redis: &mut Connection, key: String, fields: &[&str]) -> Result<Texts, Failure> {
    Ok(redis::cmd("HMGET").arg(key).arg(fields).query_async(redis).await?)
}

/// What is used of a budget, if anything.
async fn used(redis: &mut Connection, budget: String) -> Result<Option<WindowCount>, Failure> {
    let stored = fields_of(redis, budget, &["spent", "until"]).await?;
    let [Some(used), Some(closes_at)] = stored.as_slice() else { return Ok(None) };
    let used = used.parse().map_err(|_| Failure::Unreadable("a budget"))?;
    Ok(Some(WindowCount { used, closes_at: time(closes_at.as_bytes())? }))
}

/// Reads `<country>|<tally>`.
fn prefix(digits: String, text: &str) -> Result<(NumberPrefix, Tally), Failure> {
    let (country, counted) = text.split_once('|').ok_or(Failure::Unreadable("a prefix"))?;
    Ok((NumberPrefix { digits, country: Country::from_text(country) }, tally(counted)?))
}

fn breaker_of(fields: Texts) -> Result<Breaker, Failure> {
    let unreadable = Failure::Unreadable("a breaker");
    let [stage, until, failures, counted] =
        <[Option<String>; 4]>::try_from(fields).map_err(|_| unreadable)?;
    let number = |text: String| text.parse::<u64>().map_err(|_| Failure::Unreadable("a breaker"));
    Ok(Breaker {
        tally: tally(counted.as_deref().unwrap_or_default())?,
        stage: stage.and_then(|stage| stage.parse().ok()).unwrap_or_default(),
        until: until.map(|until| time(until.as_bytes())).transpose()?,
        failures: failures.map(number).transpose()?.unwrap_or_default(),
    })
}

/// Reads `number,total,hits;…`.
fn tally(text: &str) -> Result<Tally, Failure> {
    let buckets = text.split(';').filter(|bucket| !bucket.is_empty());
    buckets.map(bucket).collect::<Option<_>>().map(Tally::from_stored).ok_or(Failure::Unreadable("a tally"))
}

fn bucket(text: &str) -> Option<Bucket> {
    let mut parts = text.split(',');
    let number = parts.next()?.parse().ok()?;
    let counts = Counts { total: parts.next()?.parse().ok()?, hits: parts.next()?.parse().ok()? };
    parts.next().is_none().then_some(Bucket { number, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_reads_as_scripts_write_it() {
        let bucket = |number, total, hits| Bucket { number, counts: Counts { total, hits } };

        assert_eq!(
            tally("7,80,3;9,1,1").unwrap(),
            Tally::from_stored(vec![bucket(7, 80, 3), bucket(9, 1, 1)])
        );
        assert_eq!(tally("").unwrap(), Tally::default());
        assert!(tally("7,80").is_err() && tally("7,80,3,1").is_err() && tally("a,b,c").is_err());
    }

    #[test]
    fn a_breaker_that_nothing_was_counted_for_is_closed() {
        assert_eq!(breaker_of(vec![None; 4]).unwrap(), Breaker::default());
        assert!(breaker_of(vec![None; 3]).is_err());
    }
}
