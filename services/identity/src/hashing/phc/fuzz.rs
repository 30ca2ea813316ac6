//! Hashes that other products made, as an import brings them.

use super::*;
use crate::hashing::imported::Imported;

/// What `imported/vectors/make.py` and `make.mjs` wrote.
const VECTORS: &str = include_str!("../imported/vectors/vectors.txt");

#[test]
fn a_hash_that_is_read_is_one_that_can_be_afforded() {
    let hashes: Vec<&[u8]> =
        VECTORS.lines().filter_map(|line| Some(line.split_once('\t')?.1.as_bytes())).collect();
    rekey_testing::fuzz(&hashes, |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let limits = Limits::default();
        let _ = Imported::parse(&text, &limits);
        // Whoever writes such a string must not make us hash for minutes.
        if let Ok(stored) = Stored::parse(&SecretString::from(text.as_ref()), &limits) {
            let (memory, passes) = (stored.params.m_cost(), stored.params.t_cost());
            assert!(u64::from(memory) * u64::from(passes) <= limits.work, "{text}");
        }
    });
}
