//! A disk so small that a test can fill it: a file system in memory, mounted for one server's data.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rekey_servers::scratch::Folder;

use crate::{blocking, ready};

/// The folder's entry that it is mounted on.
const MOUNT: &str = "mount";
/// What is written at once to fill it; the last piece ends where there is no room left.
const PIECE: [u8; 4096] = [0; 4096];

/// A mounted disk; unmounted when dropped, with everything on it.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    _folder: Folder,
}

/// An empty disk of so many megabytes.
///
/// # Panics
/// When it cannot be mounted: that needs root.
pub async fn small_disk(megabytes: u32) -> SmallDisk {
    ready(
        "a small disk for this test (it is mounted, which needs root)",
        blocking(move || mount(megabytes)).await,
    )
}

impl SmallDisk {
    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it to the last byte.
    ///
    /// # Panics
    /// When it cannot be written to for another reason than being full.
    pub fn fill(&self) {
        let mut ballast = ready("what fills a disk", File::create(self.ballast()).context("no file"));
        let full = loop {
            if let Err(error) = ballast.write_all(&PIECE) {
                break error;
            }
        };
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }

    /// Takes away what filled it.
    ///
    /// # Panics
    /// When it was not filled.
    pub fn empty(&self) {
        let emptied = std::fs::remove_file(self.ballast()).context("it was not filled");
        ready("room on a disk", emptied);
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Servers whose data it holds may end a moment later.
        let _ = unmount(&self.path);
    }
}

fn mount(megabytes: u32) -> Result<SmallDisk> {
    let folder = Folder::new("disk")?;
    sweep()?;
    let path = folder.path().join(MOUNT);
    std::fs::create_dir(&path)?;
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o"]).arg(format!("size={megabytes}m")).arg("none").arg(&path);
    let output = mount.output().context("mount could not be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(SmallDisk { path, _folder: folder })
}

/// Unmounts what killed tests left: folders that nobody holds any more.
fn sweep() -> Result<()> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").context("reading what is mounted")?;
    for path in mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(Path::new) {
        let is_ours = path.ends_with(MOUNT) && path.components().any(|part| is_scratch(part.as_os_str()));
        let lock = path.parent().map(|folder| folder.join("lock")).unwrap_or_default();
        let is_held = File::open(lock).is_ok_and(|lock| lock.try_lock().is_err());
        if is_ours && !is_held {
            // Its test may have ended since the list was read, or another test may be sweeping too: then it is gone already.
            let _ = unmount(path);
        }
    }
    Ok(())
}

fn is_scratch(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("rekey-test-"))
}

fn unmount(path: &Path) -> Result<()> {
    let status =
        Command::new("umount").arg("--lazy").arg(path).status().context("umount could not be started")?;
    ensure!(status.success(), "umount failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_takes_nothing_until_it_is_emptied() {
        let disk = small_disk(1).await;
        let file = disk.path().join("file");

        disk.fill();
        let while_full = std::fs::write(&file, "a word");
        disk.empty();
        let afterwards = std::fs::write(&file, "a word");

        assert_eq!(while_full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        assert!(afterwards.is_ok());
    }

    #[tokio::test]
    async fn a_disk_goes_with_its_owner() {
        let disk = small_disk(1).await;
        let path = disk.path().to_owned();

        drop(disk);

        assert!(!std::fs::read_to_string("/proc/self/mounts").unwrap().contains(path.to_str().unwrap()));
    }
}
