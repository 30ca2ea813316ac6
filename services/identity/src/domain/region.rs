//! Where a tenant is at home: the one region whose database has its people.
//!
//! Every other region may know its name, and says where to go.

/// A region, in the operator's own words: 1 to 32 of `a-z`, `0-9` and inner `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Region(String);

impl Region {
    /// Reads a region.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = (1..=32).contains(&bytes.len())
            && bytes[0].is_ascii_lowercase()
            && bytes[bytes.len() - 1] != b'-'
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        shaped.then(|| Self(text.to_owned()))
    }

    /// Takes a region that was stored, as it is.
    pub(crate) const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The region as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a tenant is at home, if that is not `here`. One without a home is at home wherever it is: it is older than regions, or its
/// deployment has none.
pub(crate) fn elsewhere<'a>(home: Option<&'a Region>, here: Option<&Region>) -> Option<&'a Region> {
    home.filter(|home| Some(*home) != here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    #[test]
    fn a_region_is_one_short_lower_case_word() {
        for good in ["eu", "us-east-1", "x"] {
            assert!(Region::parse(good).is_some(), "{good}");
        }
        for bad in ["", "EU", "1eu", "eu-", "e u", &"e".repeat(33)] {
            assert!(Region::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_tenant_is_elsewhere_if_it_has_a_home_and_that_is_not_here() {
        let (eu, us) = (region("eu"), region("us"));

        assert_eq!(elsewhere(Some(&eu), Some(&us)), Some(&eu));
        assert_eq!(elsewhere(Some(&eu), None), Some(&eu));
        assert_eq!(elsewhere(Some(&eu), Some(&eu)), None);
        assert_eq!(elsewhere(None, Some(&us)), None);
        assert_eq!(elsewhere(None, None), None);
    }
}
