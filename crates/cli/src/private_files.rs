//! Files and folders that only their owner reads: keys, tokens, callers and what else holds secrets.
//!
//! A write replaces the whole file, so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown,
};
use std::path::Path;

use anyhow::Context as _;
use rekey_primitives::secret::Zeroizing;

/// Makes a folder that only its owner enters, or makes it so where it is there already: the databases in it are only as
/// private as it is. One that belongs to somebody else, such as a mounted volume, is theirs to close.
pub(crate) fn make_private(path: &Path) -> anyhow::Result<()> {
    let make = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
            closed => closed,
        }
    };
    make().with_context(|| format!("cannot make {} a folder for its owner alone", path.display()))
}

/// Writes a file that only its owner reads, so that a crash leaves the old one or the new one.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let write = || {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file the first time; later it is found as it is.
pub(crate) fn write_if_missing(path: &Path, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    if path.exists() { Ok(()) } else { write_private(path, &text()) }
}

/// Changes a private file, one process at a time: it stays at its place behind a link, and its owner's, also where root changes it.
pub(crate) fn change_private(
    path: &Path,
    change: impl FnOnce(&str) -> anyhow::Result<Zeroizing<String>>,
) -> anyhow::Result<()> {
    let cannot_read = || format!("cannot read {}", path.display());
    let path = &fs::canonicalize(path).with_context(cannot_read)?;
    // The folder's lock, since the file is replaced.
    let folder = File::open(path.parent().context("a file lies in a folder")?).with_context(cannot_read)?;
    folder.lock().with_context(cannot_read)?;
    let before = fs::metadata(path).with_context(cannot_read)?;
    let text = Zeroizing::new(fs::read_to_string(path).with_context(cannot_read)?);
    write_private(path, &change(&text)?)?;
    if fs::metadata(path)?.uid() != before.uid() {
        chown(path, Some(before.uid()), Some(before.gid()))
            .with_context(|| format!("{} is to belong to user {} again", path.display(), before.uid()))?;
    }
    Ok(())
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
