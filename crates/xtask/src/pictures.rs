//! The pictures of the portal that the README shows, in `docs/pictures`. The tests make them, and many more, in `target/portal-pictures`.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::{run, test};

/// Those that are shown: a page, its window's width, light or dark.
const SHOWN: [&str; 6] = [
    "start-360-light.png",
    "prove-360-light.png",
    "code-360-dark.png",
    "code-wrong-360-light.png",
    "password-ar-360-light.png",
    "password-1280-light.png",
];

/// Whoever opens the README loads all of them.
const LARGEST_BYTES: u64 = 100_000;

/// Makes all of them anew and keeps those that are shown.
pub(crate) fn write() -> Result<ExitCode> {
    let tested = test::of_pictures()?;
    if !tested.success() {
        return Ok(run::code(tested));
    }
    let (made, kept) = (run::root()?.join("target/portal-pictures"), run::root()?.join("docs/pictures"));
    fs::create_dir_all(&kept)?;
    for name in SHOWN {
        let bytes = fs::copy(made.join(name), kept.join(name)).with_context(|| format!("copying {name}"))?;
        ensure!(bytes <= LARGEST_BYTES, "{name} has {bytes} bytes, {LARGEST_BYTES} is the limit");
    }
    println!("pictures: {} of them in {}", SHOWN.len(), kept.display());
    Ok(ExitCode::SUCCESS)
}
