//! What a simulation draws from: the same seed draws the same.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// A generator that everything in one simulated world draws from. Clones share it.
#[derive(Clone)]
pub struct Chance(Arc<Mutex<TestRng>>);

impl Chance {
    /// The generator of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(Arc::new(Mutex::new(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))))
    }

    /// A number, for what has a generator of its own.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// A number below the bound, which is small: larger ones would favour some numbers.
    ///
    /// # Panics
    /// When the bound is zero, since no number is below it.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// Whether what happens once in so many times happens now.
    #[must_use]
    pub fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn among<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}
