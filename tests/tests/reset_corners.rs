//! The corners of a reset: repeated calls, races, rules, administrators, help and repudiation.

mod help;
mod limits;
mod races;
mod repeats;
mod repudiation;
mod rules;

use rekey_client::Problem;
use rekey_tests::World;
use rekey_tests::person::Person;
use tonic::Status;

pub(crate) const NEW: &str = "a meadow full of rain";
pub(crate) const PHONE: &str = "+15005550100";

/// The published reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    Problem::of(&refused.unwrap_err()).reason
}

/// A code that is wrong.
pub(crate) fn another(code: &str) -> String {
    if code == "000000" { "111111".to_owned() } else { "000000".to_owned() }
}

/// A reset with a live code.
pub(crate) async fn sent_reset(world: &World, person: &Person) -> (String, String) {
    let started = world.start_reset(&person.login).await;
    let earlier = world.codes_to(&person.login);
    world.send_code(&started.reset_token, "1").await.unwrap();
    (started.reset_token, world.code_after(&person.login, &earlier).await)
}
