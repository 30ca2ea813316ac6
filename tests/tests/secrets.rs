//! Secrets stay where they belong: nothing a person or a backend must keep to themselves is in any log line, span,
//! metric, refusal, table, key of Redis or file, in any spelling, while it is used or afterwards.
//!
//! One test, since telemetry is one per process: both store sets, everything the process says at its most talkative,
//! and a planted value that has to be found in each kind of place.

mod capture;
mod pages;
mod stores;
mod story;

use std::collections::BTreeSet;

use rekey::Part;
use rekey_tests::needles::{Finding, Needles};
use rekey_tests::{Stores, World};

use capture::{Capture, Lines, Place};

/// What the searcher has to find.
const PLANTED: &str = "this was planted here";

/// Everything that was said and kept, and what must not be in it.
struct Gathered {
    places: Vec<Place>,
    /// Secrets and addresses, by store set.
    needles: Vec<(Needles, Needles)>,
}

#[test]
fn secrets_are_nowhere_but_where_they_belong() {
    let lines = Lines::redirect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Gathered { mut places, needles } = runtime.block_on(gather());
    drop(runtime);
    places.push(lines.end());
    let mut planted = Needles::default();
    planted.add("planted", PLANTED);

    let found = |needles: &Needles| needles.found_in(&places);
    let planted: BTreeSet<String> = found(&planted).into_iter().map(|finding| finding.place).collect();
    let wanted = [
        "log",
        "exported spans",
        "redis",
        "identity table planted",
        "file identity.db",
        "file notification.db",
    ];
    assert!(wanted.iter().all(|place| planted.contains(*place)), "found only in {planted:?}");
    assert!(places.iter().any(|(place, _)| place == "exported metrics"));
    let errors = places.iter().filter(|(place, said)| place == "errors" && !said.is_empty()).count();
    assert_eq!(errors, 2 * story::REFUSALS);
    assert!(places.iter().any(|(place, page)| place == "metrics page" && !page.is_empty()));
    for (secrets, addresses) in &needles {
        assert_eq!(found(secrets), []);
        assert_eq!(strays(found(addresses)), []);
    }
}

async fn gather() -> Gathered {
    let capture = Capture::start().await;
    let mut gathered = Gathered { places: Vec::new(), needles: Vec::new() };
    for stores in [Stores::Embedded, Stores::Real] {
        let length = story::CODE_LENGTH.to_string();
        let changes = [("VERIFICATION__CODE__LENGTH", length.as_str())];
        let world = World::start_measured(stores, &changes, capture.metrics()).await;
        let told = story::tell(&world).await;
        gathered.needles.push((told.secrets, told.addresses));
        gathered.places.extend(told.places);
        gathered.places.extend(plant(&world).await);
        world.stop().await;
    }
    tracing::info_span!("planting", value = PLANTED).in_scope(|| tracing::trace!("{PLANTED}"));
    gathered.places.extend(capture.finish().await);
    gathered
}

/// Addresses outside the tables that exist to hold them.
fn strays(found: Vec<Finding>) -> Vec<Finding> {
    let belongs = |place: &str| stores::HOLD_ADDRESSES.contains(&place) || place == stores::FILE_OF_IDENTITY;
    assert!(found.iter().any(|finding| belongs(&finding.place)), "no address was found where they are kept");
    found.into_iter().filter(|finding| !belongs(&finding.place)).collect()
}

/// Puts the planted value everywhere and looks again.
async fn plant(world: &World) -> Vec<Place> {
    let bytes = if world.databases.is_empty() { "blob" } else { "bytea" };
    for part in [Part::Identity, Part::Notification] {
        world.execute(part, &format!("create table planted (value {bytes})")).await;
        let value = format!("insert into planted select cast('{PLANTED}' as {bytes})");
        world.execute(part, &value).await;
    }
    if let Some(redis) = &world.redis {
        redis.command(&["HSET", "planted", "value", PLANTED]).unwrap();
    }
    stores::all_of(world).await
}
