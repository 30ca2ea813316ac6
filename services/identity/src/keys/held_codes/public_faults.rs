//! Codes of authenticators that other products took twice, mended since: `docs/public-faults.md`.

use super::*;

/// The key and a code of RFC 6238, appendix B: at second 59, in step 1, the last six digits are these.
const KEY: &[u8] = b"12345678901234567890";
const CODE: &str = "287082";
const TOTP: Totp = Totp { hash: TotpHash::Sha1, digits: 6 };

fn step_of(typed: &str, seconds: i64, last_step: Option<u64>) -> Option<u64> {
    let now = Timestamp::from_unix_micros(seconds * 1_000_000);
    matching_step(TOTP, KEY, (&SecretString::from(typed), now), last_step)
}

// Vault, CVE-2025-6014: a code with a blank in it was not the one that had been used.
#[test]
fn a_used_code_is_used_however_it_is_spelled() {
    for spelling in
        [CODE, " 287082", "287 082", "287082\t", "287\u{a0}082", "287-082", "\u{ff12}87082", "2\u{200b}87082"]
    {
        assert_eq!(step_of(spelling, 59, None), Some(1), "{spelling:?}");
        assert_eq!(step_of(spelling, 59, Some(1)), None, "{spelling:?}");
    }
}

// go-authcrunch #92: a code passed for a minute and a half, as often as it was shown.
#[test]
fn a_used_code_is_used_for_as_long_as_clocks_may_differ() {
    for seconds in [0, 29, 30, 59, 60, 89] {
        assert_eq!(step_of(CODE, seconds, None), Some(1), "{seconds}");
        assert_eq!(step_of(CODE, seconds, Some(1)), None, "{seconds}");
    }
    assert_eq!(step_of(CODE, 90, None), None);
    // RFC 4226, appendix D: the code of the step before.
    assert_eq!((step_of("755224", 59, None), step_of("755224", 59, Some(1))), (Some(0), None));
}
