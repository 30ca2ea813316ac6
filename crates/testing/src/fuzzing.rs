//! Fuzzing of what takes bytes from outside: samples that are right, bent by a few edits, so that a decoder is reached behind
//! its first check.
//!
//! Targets lie in modules called `fuzz`. Every run of the tests tries each of them briefly and the same way; `cargo xtask fuzz`
//! goes on for as long as it is told, with other seeds.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

/// How many inputs a run of the tests tries: a second or so of an unoptimised decoder.
const CASES: u32 = 2_000;

/// How many edits an input is made by at most: more, and nothing is left of the sample.
const EDITS: usize = 6;

/// For how many seconds to go on, where `cargo xtask fuzz` says so.
const SECONDS: &str = "REKEY_FUZZ_SECONDS";

/// One edit; positions wrap around.
#[derive(Debug, Clone)]
enum Edit {
    Replace(u16, u8),
    Insert(u16, Vec<u8>),
    Remove(u16, u8),
    /// Says a stretch again.
    Repeat(u16, u8),
    /// Ends it early.
    Cut(u16),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<u16>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, byte)| Edit::Replace(place, byte)),
        2 => (place(), vec(any::<u8>(), 1..24)).prop_map(|(place, more)| Edit::Insert(place, more)),
        2 => (place(), any::<u8>()).prop_map(|(place, count)| Edit::Remove(place, count)),
        1 => (place(), any::<u8>()).prop_map(|(place, count)| Edit::Repeat(place, count)),
        1 => place().prop_map(Edit::Cut),
    ]
}

/// The sample after the edits.
fn bent(sample: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for edit in edits {
        let place = |position: u16| usize::from(position) % (bytes.len() + 1);
        let end = |from: usize, count: u8| bytes.len().min(from + usize::from(count));
        match edit {
            Edit::Replace(position, byte) => {
                let place = place(*position);
                if let Some(old) = bytes.get_mut(place) {
                    *old = *byte;
                }
            }
            Edit::Insert(position, more) => {
                let place = place(*position);
                bytes.splice(place..place, more.iter().copied());
            }
            Edit::Remove(position, count) => {
                let from = place(*position);
                let end = end(from, *count);
                bytes.drain(from..end);
            }
            Edit::Repeat(position, count) => {
                let from = place(*position);
                let end = end(from, *count);
                let again = bytes[from..end].to_vec();
                bytes.splice(end..end, again);
            }
            Edit::Cut(position) => {
                let place = place(*position);
                bytes.truncate(place);
            }
        }
    }
    bytes
}

/// Calls a target with bent samples.
///
/// # Panics
/// When the target did: with the smallest input found that leads to it.
#[expect(clippy::disallowed_methods, reason = "a budget of real time, from the process that runs the tests")]
pub fn fuzz(samples: &[&[u8]], target: impl Fn(&[u8])) {
    let input =
        (0..samples.len(), vec(edit(), 0..EDITS)).prop_map(|(chosen, edits)| bent(samples[chosen], &edits));
    let Some(seconds) = crate::passed(SECONDS).and_then(|text| text.parse().ok()) else {
        return try_out(&input, RngSeed::Fixed(0), &target);
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        try_out(&input, RngSeed::Random, &target);
    }
}

fn try_out(input: &impl Strategy<Value = Vec<u8>>, rng_seed: RngSeed, target: &impl Fn(&[u8])) {
    let config = Config { cases: CASES, rng_seed, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(input, |bytes| {
        target(&bytes);
        Ok(())
    });
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(why, bytes)) => panic!("{why}: led to by {:?}, which is {bytes:?}", text(&bytes)),
        Err(TestError::Abort(why)) => panic!("given up: {why}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
