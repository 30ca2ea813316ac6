//! Properties: what must hold after every sequence of steps that can be drawn, tried the same way in every run of the tests. A run
//! that fails shows the shortest sequence that was found to fail.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

/// Calls a test with so many inputs.
///
/// # Panics
/// When the test did: with the smallest input found that leads to it.
pub fn property<S>(cases: u32, inputs: &S, test: impl Fn(S::Value))
where
    S: Strategy,
    S::Value: Debug,
{
    let rng_seed = RngSeed::Fixed(0);
    let config = Config { cases, rng_seed, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(inputs, |input| {
        test(input);
        Ok(())
    });
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(why, input)) => panic!("{why}: led to by {input:?}"),
        Err(TestError::Abort(why)) => panic!("given up: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;

    use super::*;

    #[test]
    fn what_does_not_hold_is_shown_by_a_small_example() {
        let failed = std::panic::catch_unwind(|| {
            property(200, &vec(0_u8..10, 0..8), |numbers| assert!(numbers.len() < 3));
        });

        let why = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(why.contains("led to by [0, 0, 0]"), "{why}");
    }
}
