//! The data folder of `rekey up`: keys, tokens and callers are drawn once and found again at the next start.
//!
//! ```text
//! rekey-data/            0700
//!   lock                 0600  held by whoever runs on the folder, whatever its stores
//!   keys/NAME            0600  `id state key` lines; the pepper among them: back it up
//!   tokens/CALLER        0600  service tokens of the parts and of this command line
//!   callers/PART.toml    0600  who may call the part
//!   identity.db, notification.db
//!   cli.toml  demo.json  0600
//! ```

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::Entropy;
use rekey_sealing::KeyText;

use crate::Part;
use crate::callers_file::{self, NewCaller, draw_token};
use crate::private_files::{make_private, write_if_missing, write_private};

/// The data folder where none is named.
pub(crate) const DEFAULT: &str = "rekey-data";

/// The file in a data folder by which the command line finds the suite.
const PROFILE_FILE: &str = "cli.toml";

/// What `rekey up` keeps of its demo people, passwords included.
pub(crate) const DEMO_FILE: &str = "demo.json";

/// Keys by the setting that names their file, without `_file`.
pub const KEYS: [(&str, &str); 12] = [
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
    ("notification", "receipt_mac"),
    ("portal", "cookie"),
];

/// The callers that `up` makes, with the parts that each may call.
const CALLERS: [(&str, &[&str]); 4] = [
    ("identity", &["verification", "notification"]),
    ("verification", &["notification"]),
    ("portal", &["identity", "notification"]),
    ("cli", &["identity", "verification", "notification"]),
];

/// A folder that holds everything a suite on one machine needs. Nobody else has it for as long as any clone lives.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
    _lock: Arc<File>,
}

impl DataFolder {
    /// Opens the folder, making it and what is missing in it.
    pub fn open(path: &Path, entropy: &dyn Entropy, now: Timestamp) -> anyhow::Result<Self> {
        let folder = Self::lock(path)?;
        folder.fill(entropy, now)?;
        Ok(folder)
    }

    /// Takes the folder for this process, making it if it is missing. Two suites on one folder would draw keys against
    /// each other, even with their stores elsewhere.
    pub(crate) fn lock(path: &Path) -> anyhow::Result<Self> {
        make_private(path)?;
        let lock = path.join("lock");
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&lock);
        let file = file.with_context(|| format!("cannot open {}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Arc::new(file) }),
            Err(TryLockError::WouldBlock) => bail!("{} is in use by another `rekey up`", path.display()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock.display()))
            }
        }
    }

    /// Makes what is missing: keys, tokens and callers.
    pub(crate) fn fill(&self, entropy: &dyn Entropy, now: Timestamp) -> anyhow::Result<()> {
        for name in ["keys", "tokens", "callers"] {
            make_private(&self.path.join(name))?;
        }
        for (_, key) in KEYS {
            write_if_missing(&self.key(key), || KeyText::generate(entropy, now))?;
        }
        for (caller, _) in CALLERS {
            write_if_missing(&self.token(caller), || draw_token(entropy))?;
        }
        for part in Part::GRPC {
            self.add_own_callers(part.name())?;
        }
        Ok(())
    }

    /// Whether the key of all passwords is not there: not drawn yet, or lost.
    pub(crate) fn lacks_pepper(&self) -> bool {
        !self.key("pepper").exists()
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

    /// Where the command line finds the suite, unless another place was named.
    pub fn profile(&self) -> PathBuf {
        self.path.join(PROFILE_FILE)
    }

    /// The demo people.
    pub fn demo(&self) -> PathBuf {
        self.path.join(DEMO_FILE)
    }

    /// The token of the command line.
    pub fn service_token(&self) -> anyhow::Result<String> {
        read(&self.token("cli"))
    }

    fn own_callers(&self, part: &str) -> anyhow::Result<Vec<NewCaller>> {
        let callers = CALLERS.iter().filter(|(_, parts)| parts.contains(&part));
        callers
            .map(|(caller, _)| Ok(NewCaller::everything(caller).known_by(Some(&read(&self.token(caller))?))))
            .collect()
    }

    /// Adds our callers to the file of a part. Entries of others, such as `token create` prints, stay. A file that has
    /// ours already, with every right there is by now, stays as it is, comments and all.
    fn add_own_callers(&self, part: &str) -> anyhow::Result<()> {
        let (path, ours) = (self.callers(part), self.own_callers(part)?);
        let known = if path.exists() { read_callers(&path)? } else { Vec::new() };
        let is_known =
            |own: &NewCaller| known.iter().any(|entry| has_token(entry, own) && has_rights(entry, own));
        if ours.iter().all(is_known) {
            return Ok(());
        }
        let others: Vec<_> =
            known.iter().filter(|entry| !ours.iter().any(|own| is_named(entry, own))).cloned().collect();
        let others =
            if others.is_empty() { String::new() } else { format!("\n{}", callers_file::text(&others)?) };
        write_private(&path, &format!("{}{others}", callers_file::text(&ours)?))
    }
}

/// The profile that commands read where none is named.
pub(crate) fn default_profile() -> PathBuf {
    Path::new(DEFAULT).join(PROFILE_FILE)
}

fn read_callers(path: &Path) -> anyhow::Result<Vec<toml::Table>> {
    #[derive(serde::Deserialize)]
    struct File {
        #[serde(default)]
        caller: Vec<toml::Table>,
    }
    let file: File =
        toml::from_str(&read(path)?).with_context(|| format!("{} is no callers file", path.display()))?;
    Ok(file.caller)
}

fn is_named(entry: &toml::Table, own: &NewCaller) -> bool {
    entry.get("name").and_then(toml::Value::as_str) == Some(own.name.as_str())
}

fn has_token(entry: &toml::Table, own: &NewCaller) -> bool {
    let digests = entry.get("token_sha256").and_then(toml::Value::as_array);
    let is_own =
        |digest: &toml::Value| own.token_sha256.iter().any(|own| digest.as_str() == Some(own.as_str()));
    digests.is_some_and(|digests| digests.iter().any(is_own))
}

/// Whether an entry is of our caller and says all that ours says: one of an older release lacks the rights since then.
fn has_rights(entry: &toml::Table, own: &NewCaller) -> bool {
    let own_table = toml::Table::try_from(own).unwrap_or_default();
    is_named(entry, own) && own_table.keys().all(|key| entry.contains_key(key))
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
        drop(first);
        let again = DataFolder::open(&path, &SystemEntropy, Timestamp::EPOCH).unwrap();

        assert_eq!(fs::read_to_string(again.key("pepper")).unwrap(), pepper);
        assert_eq!(fs::metadata(again.key("pepper")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_suite_has_a_folder() {
        let scratch = tempfile::tempdir().unwrap();
        let open = || DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH);
        let first = open().unwrap();
        let clone = first.clone();
        drop(first);

        let second = open();
        drop(clone);

        assert!(second.unwrap_err().to_string().ends_with("is in use by another `rekey up`"));
        open().unwrap();
    }

    #[test]
    fn a_folder_that_others_could_enter_is_closed_to_them() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();

        DataFolder::open(&path, &SystemEntropy, Timestamp::EPOCH).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_caller_that_somebody_added_stays_and_ours_are_made_known_again() {
        let scratch = tempfile::tempdir().unwrap();
        let open = || DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH).unwrap();
        let file = open().callers("identity");
        let ours = fs::read_to_string(&file).unwrap();
        let added = "# The shop.\n[[caller]]\nname = \"shop\"\nspiffe_id = \"spiffe://acme.example/shop\"\n";

        fs::write(&file, format!("{ours}\n{added}")).unwrap();
        open();
        let untouched = fs::read_to_string(&file).unwrap();
        fs::write(&file, added).unwrap();
        open();
        let mended = fs::read_to_string(&file).unwrap();

        assert_eq!(untouched, format!("{ours}\n{added}"));
        assert!(mended.starts_with(&ours), "{mended}");
        let names = |text: &str| -> Vec<String> {
            let file: toml::Table = toml::from_str(text).unwrap();
            let callers = file["caller"].as_array().unwrap();
            callers.iter().map(|caller| caller["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&mended), ["portal", "cli", "shop"]);

        let older: String = mended
            .lines()
            .filter(|line| !line.starts_with("in_own_name"))
            .fold(String::new(), |text, line| text + line + "\n");
        fs::write(&file, &older).unwrap();
        open();
        assert_eq!(fs::read_to_string(&file).unwrap(), mended);
    }
}
