//! Hashing threads that have no room.

use crate::hashing::{Hasher, Settings};
use crate::testing::World;

impl World {
    /// Leaves no room to hash until [`free_hashing`](Self::free_hashing).
    pub(crate) fn occupy_hashing(&mut self) {
        self.start_hashing(|settings| Settings { queue_max: 0, ..settings });
    }

    /// Hashing as it is by default.
    pub(crate) fn free_hashing(&mut self) {
        self.start_hashing(|settings| settings);
    }

    fn start_hashing(&mut self, adapt: impl FnOnce(Settings) -> Settings) {
        let settings = adapt(self.parts.settings.hashing.clone());
        let hasher = Hasher::start(&settings, self.parts.entropy.clone()).unwrap();
        self.adapt(|parts| parts.hasher = hasher);
    }
}
