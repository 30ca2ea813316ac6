//! Options that are made of files, and made anew when those change.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use super::Options;

/// Makes the options of what stands in the files at that moment.
pub type MakeOptions = Box<dyn Fn() -> Result<Options, MakeError> + Send + Sync>;

/// Why options cannot be made. It names files and never what is in them.
pub type MakeError = Box<dyn Error + Send + Sync>;

/// The maker and what it made last.
pub(super) struct Reloading {
    make: MakeOptions,
    last: Mutex<Options>,
}

impl Reloading {
    pub(super) fn new(make: MakeOptions, last: Options) -> Self {
        Self { make, last: Mutex::new(last) }
    }

    /// Has `take` go over to the options if they are others than before; false if they are not. Where either fails the
    /// old ones stay.
    pub(super) fn reload(
        &self,
        take: impl FnOnce(&Options) -> Result<(), MakeError>,
    ) -> Result<bool, MakeError> {
        let made = (self.make)()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.are_the_same_as(&made) {
            return Ok(false);
        }
        take(&made)?;
        *last = made;
        Ok(true)
    }
}
