//! The pictures of the portal that the README shows, in `docs/pictures`. The tests make them, and many more, in
//! `target/portal-pictures`, when they are asked to.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::{run, test};

/// Those that are shown: a page, its window's width, light or dark.
const SHOWN: [&str; 4] =
    ["prove-360-light.png", "code-360-light.png", "requests-1280-light.png", "policy-review-1280-light.png"];

/// All of them together, since whoever opens the README loads them all.
const MOST_BYTES: u64 = 600_000;

/// Makes all of them anew and keeps those that are shown.
pub(crate) fn write() -> Result<ExitCode> {
    let (made, kept) = (run::root()?.join("target/portal-pictures"), run::root()?.join("docs/pictures"));
    let tested = test::of_pictures(&made)?;
    if !tested.success() {
        return Ok(run::code(tested));
    }
    fs::create_dir_all(&kept)?;
    let mut bytes = 0;
    for name in SHOWN {
        bytes += fs::copy(made.join(name), kept.join(name)).with_context(|| format!("copying {name}"))?;
    }
    ensure!(bytes <= MOST_BYTES, "the pictures have {bytes} bytes together, {MOST_BYTES} is the limit");
    println!("pictures: {} of them in {}", SHOWN.len(), kept.display());
    Ok(ExitCode::SUCCESS)
}
