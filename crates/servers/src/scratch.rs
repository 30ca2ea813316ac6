//! Folders for the servers' data, in memory where there is room, swept when their owner is gone.
//!
//! A folder belongs to whoever holds the lock on its `lock` file. A killed test leaves its folder behind without
//! a lock, and the next one that makes a folder removes it. Making and sweeping exclude each other by a lock on
//! the root, so a folder is never swept between its creation and its lock.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

/// A Postgres with a few dozen databases fits into this; containers often grant `/dev/shm` no more than 64 MiB.
const ROOM_WANTED_BYTES: u64 = 2 << 30;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of our own; removed when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes an empty folder, in memory where there is room, and sweeps those whose owners are gone.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(purpose: &str) -> Result<Self> {
        Self::below(&memory_or_disk(), purpose)
    }

    /// The same in the temporary folder, which is on a disk unless somebody moved it.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn on_disk(purpose: &str) -> Result<Self> {
        Self::below(&std::env::temp_dir(), purpose)
    }

    /// The same on a disk of the caller's.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn within(disk: &Path, purpose: &str) -> Result<Self> {
        Self::below(disk, purpose)
    }

    fn below(base: &Path, purpose: &str) -> Result<Self> {
        let root = root(base)?;
        let gate = File::create(root.join(".gate")).context("opening the gate of the scratch folders")?;
        gate.lock().context("locking the scratch folders")?;
        sweep(&root);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = root.join(format!("{purpose}-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        let lock = File::create(path.join("lock"))?;
        lock.lock()?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder to another user, for a server that must not run as root.
    ///
    /// # Errors
    /// When we may not.
    pub fn give_to(&self, user: &User) -> Result<()> {
        chown(&self.path, Some(user.uid), Some(user.gid)).context("giving a folder away")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A user by number, as `/etc/passwd` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// User number.
    pub uid: u32,
    /// Number of the user's first group.
    pub gid: u32,
}

impl User {
    /// The user that servers run as: `None` for ourselves; when we are root, `postgres`, else `nobody`.
    #[must_use]
    pub fn for_servers() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"].iter().find_map(|name| Self::in_passwd(&passwd, name))
    }

    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

fn memory_or_disk() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if has_room(memory) { memory.to_owned() } else { std::env::temp_dir() }
}

fn root(base: &Path) -> Result<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let root = base.join(format!("rekey-test-{user}"));
    std::fs::create_dir_all(&root).with_context(|| format!("making {}", root.display()))?;
    // Everybody may write here: a folder that somebody else prepared is not ours to use.
    ensure!(root.symlink_metadata()?.uid() == user, "{} belongs to somebody else", root.display());
    // Servers that run as another user must get through.
    std::fs::set_permissions(&root, PermissionsExt::from_mode(0o755))?;
    Ok(root)
}

fn has_room(folder: &Path) -> bool {
    rustix::fs::statvfs(folder)
        .is_ok_and(|volume| volume.f_bavail.saturating_mul(volume.f_frsize) >= ROOM_WANTED_BYTES)
}

fn sweep(root: &Path) {
    let Ok(entries) = std::fs::read_dir(root) else { return };
    for folder in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let ownerless = match File::open(folder.join("lock")) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => true,
        };
        if ownerless {
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner() {
        let folder = Folder::new("unit").unwrap();
        let path = folder.path().to_owned();

        drop(folder);

        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_owner_left_is_swept_and_a_live_one_is_not() {
        let live = Folder::new("unit").unwrap();
        let left_over = root(&memory_or_disk()).unwrap().join("unit-left-over");
        std::fs::create_dir_all(left_over.join("data")).unwrap();

        let _next = Folder::new("unit").unwrap();

        assert!(!left_over.exists());
        assert!(live.path().exists());
    }

    #[test]
    fn a_user_is_read_from_the_password_file() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";

        assert_eq!(User::in_passwd(passwd, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(User::in_passwd(passwd, "nobody"), None);
    }
}
