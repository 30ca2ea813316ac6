//! The data folder of `rekey up`: keys, tokens and callers are drawn once and found again at the next start.
//!
//! ```text
//! rekey-data/            0700
//!   keys/NAME            0600  `id state key` lines; the pepper among them: back it up
//!   tokens/CALLER        0600  service tokens of the parts and of this command line
//!   callers/PART.toml    0600  who may call the part
//!   identity.db, notification.db
//!   cli.toml  demo.json  0600
//! ```

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::Entropy;
use rekey_sealing::KeyText;

use crate::commands::token::{Entry, callers_file, draw};

/// What `rekey up` keeps of its demo people, passwords included.
pub(crate) const DEMO: &str = "demo.json";

/// Keys by the setting that names their file, without `_file`.
pub const KEYS: [(&str, &str); 10] = [
    ("identity", "pepper"),
    ("identity", "access_token"),
    ("identity", "tokens"),
    ("identity", "decoy"),
    ("identity", "login_hash"),
    ("identity", "familiar_place"),
    ("verification", "code_mac"),
    ("verification", "code_seal"),
    ("verification", "grant"),
    ("notification", "payload_seal"),
];

/// The callers that `up` makes, with the parts that each may call.
const CALLERS: [(&str, &[&str]); 3] = [
    ("identity", &["verification", "notification"]),
    ("verification", &["notification"]),
    ("cli", &["identity", "verification", "notification"]),
];

/// A folder that holds everything a suite on one machine needs.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// Opens the folder, making it and what is missing in it.
    pub fn open(path: &Path, entropy: &dyn Entropy, now: Timestamp) -> anyhow::Result<Self> {
        let folder = Self { path: path.to_owned() };
        for name in ["", "keys", "tokens", "callers"] {
            make_private(&path.join(name))?;
        }
        for (_, key) in KEYS {
            folder.once(&folder.key(key), || KeyText::generate(entropy, now))?;
        }
        for (caller, _) in CALLERS {
            folder.once(&folder.token(caller), || draw(entropy))?;
        }
        for part in ["identity", "verification", "notification"] {
            let entries = folder.entries(part)?;
            write_private(&folder.callers(part), &callers_file(&entries)?)?;
        }
        Ok(folder)
    }

    /// The file of a key, named as its setting without `_file`.
    pub fn key(&self, name: &str) -> PathBuf {
        self.path.join("keys").join(name.replace('_', "-"))
    }

    /// The service token of a caller.
    pub fn token(&self, caller: &str) -> PathBuf {
        self.path.join("tokens").join(caller)
    }

    /// Who may call a part.
    pub fn callers(&self, part: &str) -> PathBuf {
        self.path.join("callers").join(format!("{part}.toml"))
    }

    /// The embedded database of a part.
    pub fn database(&self, part: &str) -> PathBuf {
        self.path.join(format!("{part}.db"))
    }

    /// Where the command line finds the suite.
    pub fn profile(&self) -> PathBuf {
        self.path.join("cli.toml")
    }

    /// The demo people.
    pub fn demo(&self) -> PathBuf {
        self.path.join(DEMO)
    }

    /// The token of the command line.
    pub fn service_token(&self) -> anyhow::Result<String> {
        read(&self.token("cli"))
    }

    fn entries(&self, part: &str) -> anyhow::Result<Vec<Entry>> {
        let callers = CALLERS.iter().filter(|(_, parts)| parts.contains(&part));
        callers.map(|(caller, _)| Ok(Entry::everything(caller, &read(&self.token(caller))?))).collect()
    }

    /// Writes a file the first time; later it is found as it is.
    fn once(&self, path: &Path, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if path.exists() { Ok(()) } else { write_private(path, &text()) }
    }
}

/// Makes a folder that only its owner enters.
pub(crate) fn make_private(path: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
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

fn read(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rekey_primitives::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn keys_are_drawn_once_and_private() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");

        let first = DataFolder::open(&path, &SystemEntropy, Timestamp::EPOCH).unwrap();
        let pepper = fs::read_to_string(first.key("pepper")).unwrap();
        let again = DataFolder::open(&path, &SystemEntropy, Timestamp::EPOCH).unwrap();

        assert_eq!(fs::read_to_string(again.key("pepper")).unwrap(), pepper);
        assert_eq!(fs::metadata(again.key("pepper")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
