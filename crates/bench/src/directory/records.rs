//! The people of a large directory, each by a number: names as they repeat in real ones, one address, a password of some age.

use std::time::Duration;

use rekey_primitives::clock::{Clock as _, SystemClock, Timestamp};
use rekey_wire::identity::v1::imported_address::Address;
use rekey_wire::identity::v1::{ImportRecord, ImportedAddress};

const FIRST: [&str; 20] = [
    "Ada", "Boris", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kofi", "Lena",
    "Mateo", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sven", "Tara",
];
/// Joined two and two they make 400 last names.
const SYLLABLES: [&str; 20] = [
    "al", "ber", "cor", "dan", "els", "fal", "gar", "hol", "ist", "jor", "kel", "lam", "mer", "nor", "ost",
    "pal", "ric", "sta", "tor", "win",
];

/// Passwords are between new and so old.
pub(crate) const OLDEST: Duration = Duration::from_secs(360 * 86_400);
/// One in so many is blocked.
pub(crate) const BLOCKED_ONE_IN: usize = 100;

/// The login of the person with this number.
pub(crate) fn login(number: usize) -> String {
    let [first, last] = names(number);
    format!("{}.{}{number}@big.example", first.to_lowercase(), last)
}

/// The person with this number; all have the same password.
pub(crate) fn record(number: usize, password_hash: &str) -> ImportRecord {
    let [first, last] = names(number);
    let login = login(number);
    let address = Some(Address::EmailAddress(login.clone()));
    ImportRecord {
        logins: vec![login],
        display_name: format!("{first} {}{}", last[..1].to_uppercase(), &last[1..]),
        external_id: format!("big-{number}"),
        addresses: vec![ImportedAddress { address, confirmed: true }],
        password_hash: password_hash.to_owned(),
        password_time: Some(seconds(SystemClock.now().minus(age(number)))),
        blocked: number % BLOCKED_ONE_IN == BLOCKED_ONE_IN - 1,
        ..ImportRecord::default()
    }
}

fn seconds(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.unix_micros() / 1_000_000, nanos: 0 }
}

/// Spread evenly, and not in the order of numbers.
fn age(number: usize) -> Duration {
    let spread = (number as u64).wrapping_mul(2_654_435_761) % 10_000;
    OLDEST.mul_f64(spread as f64 / 10_000.0)
}

fn names(number: usize) -> [String; 2] {
    let of = |list: &[&str; 20], place: usize| list[place % list.len()].to_owned();
    let last = of(&SYLLABLES, number / 20) + &of(&SYLLABLES, number / 400);
    [of(&FIRST, number), last]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nobody_shares_a_login_and_names_repeat() {
        let logins: HashSet<String> = (0..20_000).map(login).collect();
        let names: HashSet<String> = (0..20_000).map(|number| record(number, "").display_name).collect();

        assert_eq!((logins.len(), names.len()), (20_000, 8_000));
    }
}
