//! Logos that were asked for lately. Pages show them to everybody, signed in or not, so identity is not asked for each.
//!
//! One is kept under the version that identity says it has, and found under that alone: a new logo has a new address, and addresses that
//! somebody made up take no place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use crate::peers::Logo;

/// So many are kept: a megabyte, at 32 KiB each.
const MAX_LOGOS: usize = 32;

/// So long one is kept: a logo that is removed is shown by nobody a few minutes later.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// The logos of the last minutes.
#[derive(Default)]
pub(crate) struct LogoCache(Mutex<HashMap<(TenantId, String), CachedLogo>>);

struct CachedLogo {
    logo: Logo,
    ends_at: Timestamp,
}

impl LogoCache {
    /// A version of a tenant's logo, if it is kept.
    pub(crate) fn get(&self, tenant: TenantId, version: &str, now: Timestamp) -> Option<Logo> {
        let kept = self.lock();
        let found = kept.get(&(tenant, version.to_owned()))?;
        (!now.has_reached(found.ends_at)).then(|| found.logo.clone())
    }

    /// Keeps a logo, in place of the one that was there longest where there are too many.
    pub(crate) fn insert(&self, tenant: TenantId, logo: &Logo, now: Timestamp) {
        let Some(version) = logo.version.clone() else { return };
        let mut kept = self.lock();
        if kept.len() >= MAX_LOGOS {
            let first = kept.iter().min_by_key(|(_, kept)| kept.ends_at).map(|(key, _)| key.clone());
            if let Some(first) = first {
                kept.remove(&first);
            }
        }
        kept.insert((tenant, version), CachedLogo { logo: logo.clone(), ends_at: now.plus(LIFE) });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, String), CachedLogo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn tenant() -> TenantId {
        TenantId::parse("0190c3a5-7e1c-7b2a-9f00-0123456789ab").unwrap()
    }

    fn logo(version: Option<&str>) -> Logo {
        Logo { media_type: "image/png", version: version.map(str::to_owned), image: vec![1] }
    }

    #[test]
    fn a_logo_is_found_under_its_version_for_a_while() {
        let logos = LogoCache::default();
        logos.insert(tenant(), &logo(Some("one")), START);
        logos.insert(tenant(), &logo(None), START);

        let found = |version, after| logos.get(tenant(), version, START.plus(after)).is_some();

        let almost = LIFE.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!([found("one", almost), found("one", LIFE), found("two", almost)], [true, false, false]);
        assert!(!found("", almost));
    }

    #[test]
    fn of_too_many_the_first_makes_room() {
        let logos = LogoCache::default();
        for (number, second) in (0..=MAX_LOGOS).zip(0..) {
            logos.insert(tenant(), &logo(Some(&number.to_string())), START.plus(Duration::from_secs(second)));
        }

        let now = START.plus(Duration::from_secs(60));
        let found = ["0", "1", "32"].map(|version| logos.get(tenant(), version, now).is_some());

        assert_eq!((found, logos.lock().len()), ([false, true, true], MAX_LOGOS));
    }
}
