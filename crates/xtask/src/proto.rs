//! The contract: linted, compared with what was released, and told in the reference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::{reference, run, tools};

/// Images of the contract as it was released, beside it: a checkout without tags, too, knows what it promised.
const RELEASED: &str = "proto/released";

/// Lints the contract, refuses what would break a client built for a release, and a reference that is out of date.
pub(crate) fn check() -> Result<ExitCode> {
    tools::install_node()?;
    buf(&["lint"])?;
    println!("proto: lint is clean");
    for image in released()? {
        let against = image.to_string_lossy();
        buf(&["breaking", "proto", "--exclude-imports", "--against", &against])?;
        println!("proto: nothing breaks a client of {}", release(&image));
    }
    reference::check()?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps the contract of today as that of a release.
pub(crate) fn release_as(name: &str) -> Result<ExitCode> {
    tools::install_node()?;
    let image = format!("{RELEASED}/{name}.binpb");
    ensure!(!run::root()?.join(&image).exists(), "{image} is there already: a release does not change");
    fs::create_dir_all(run::root()?.join(RELEASED))?;
    buf(&["build", "proto", "--exclude-source-info", "--output", &image])?;
    println!("proto: {image} holds the contract of {name}");
    Ok(ExitCode::SUCCESS)
}

fn buf(arguments: &[&str]) -> Result<()> {
    let status = run::command(tools::buf()?)?.args(arguments).status().context("buf could not be started")?;
    ensure!(status.success(), "buf {} failed", arguments.join(" "));
    Ok(())
}

fn released() -> Result<Vec<PathBuf>> {
    let folder = run::root()?.join(RELEASED);
    let mut images = fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    images.sort();
    ensure!(!images.is_empty(), "{RELEASED} holds no release to compare with");
    Ok(images)
}

fn release(image: &Path) -> String {
    image.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
