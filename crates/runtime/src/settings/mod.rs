//! One settings document for the whole suite: embedded defaults < file < environment.
//!
//! Every part brings its commented defaults; they are also the list of what may be set. A key is known when it
//! stands in the defaults, or as `# key = example` in a comment of its table (a setting without a default). A
//! table that is empty in the defaults is open: its keys are names chosen by the operator. Anything else is
//! refused with the nearest known key, in the file as in the environment, so that a typing error never means
//! "the default, silently". The entries of a list of tables are known to their part alone, which reads each as a
//! [`Table`]; the environment reaches them by their places.
//!
//! A number's bounds stand behind its default ([`Bounds`]), and one outside is refused here, before any part sees it.
//!
//! Secrets are never values here: a setting names a file (`*_file`) and [`secret_file`] reads it, or [`FollowedSecret`]
//! where it may change under the process; [`url_with_password`] does for the password of a store.

mod bounds;
mod followed;
mod known;
mod password;
mod pooling;
mod redis;
mod secret;
mod show;
mod store_url;
mod table;
mod tls_client;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, FileFormat, Source, Value, ValueKind};
use serde::de::DeserializeOwned;

pub use self::bounds::Bounds;
pub use self::followed::{FollowedSecret, ParseSecret};
use self::known::KnownKeys;
pub use self::password::{PasswordError, url_with_password};
pub use self::pooling::Pooling;
pub use self::redis::{RedisSettings, RedisSettingsError};
pub use self::secret::{SecretFileError, is_variable, secret_file};
pub use self::show::{Origin, Setting};
pub use self::store_url::{WrongParameter, check_store_url};
pub use self::table::Table;
pub use self::tls_client::{TlsClientError, TlsClientFiles, TlsClientTexts};

/// What every process has: `[telemetry]` and `[health]`.
const DEFAULTS: &str = include_str!("../default.toml");

/// The `[PART.server]` table, with `PART` and `PORT` to be filled in.
const SERVER_DEFAULTS: &str = include_str!("../server.toml");

/// Variables that begin with this are settings; `__` separates tables. Others, such as those Kubernetes makes
/// for a Service named `rekey`, have one underscore and are left alone.
const ENVIRONMENT_PREFIX: &str = "REKEY__";

/// Why the settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key that no part knows.
    #[error("unknown setting `{key}` in {origin}{}", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// The dotted key as written.
        key: String,
        /// The file or the variable it came from.
        origin: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A key that an earlier version knew.
    #[error("`{key}` in {origin} is a setting of an earlier version; now it is {replacement}")]
    Replaced {
        /// The dotted key as written.
        key: String,
        /// The file or the variable it came from.
        origin: String,
        /// What stands in its place.
        replacement: String,
    },
    /// A number that would mean nothing good.
    #[error("`{key}` is {number} in {origin}; it must be {bounds}")]
    OutOfBounds {
        /// The dotted key; that of the list where it stands in one of its entries.
        key: String,
        /// The number as written.
        number: String,
        /// Where it was set.
        origin: String,
        /// What it may be.
        bounds: Bounds,
    },
    /// A document that is not TOML, a missing file, or a value of the wrong type.
    #[error("the settings do not read: {0}")]
    Unreadable(#[from] ConfigError),
    /// A table that does not fit what its part expects.
    #[error("the settings of [{part}] are wrong: {source}")]
    Part {
        /// The table.
        part: String,
        /// What the deserialiser said; it names key and origin.
        source: ConfigError,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|key| format!("; the nearest known one is `{key}`")).unwrap_or_default()
}

/// Collects the layers of a [`Document`]. Begin with [`Document::builder`].
#[derive(Debug, Clone)]
pub struct DocumentBuilder {
    defaults: Vec<String>,
    replaced: Vec<(&'static str, &'static str)>,
    file: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

impl DocumentBuilder {
    /// Adds a part: its server table on `port`, then the commented defaults of the part itself, which may
    /// overrule single keys of the server table.
    #[must_use]
    pub fn part(mut self, name: &str, port: u16, defaults: &str) -> Self {
        self.defaults.push(SERVER_DEFAULTS.replace("PART", name).replace("PORT", &port.to_string()));
        self.defaults(defaults)
    }

    /// Adds commented defaults.
    fn defaults(mut self, defaults: &str) -> Self {
        self.defaults.push(defaults.to_owned());
        self
    }

    /// Keys and tables of earlier versions, each with what stands in its place: whoever still sets one is told.
    #[must_use]
    pub fn replaced(mut self, replaced: &[(&'static str, &'static str)]) -> Self {
        self.replaced.extend(replaced);
        self
    }

    /// The operator's file. Naming one that is not there is an error.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Variables to overlay; those that do not begin with `REKEY__` are ignored.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// The variables of this process. The one place where the environment is read.
    #[must_use]
    pub fn process_environment(self) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        self.environment(variables)
    }

    /// The commented defaults, piece by piece, as `rekey config defaults` prints them.
    #[must_use]
    pub fn defaults_text(&self) -> String {
        self.defaults.join("\n")
    }

    /// Overlays the layers and refuses what is not known.
    ///
    /// # Errors
    /// An unknown key, a missing file, or a text that is not TOML.
    pub fn load(self) -> Result<Document, Error> {
        let mut known = KnownKeys::default();
        let mut builder = Config::builder();
        let mut origins = BTreeMap::new();
        for (key, replacement) in &self.replaced {
            known.learn_replaced(key, replacement);
        }
        for text in &self.defaults {
            let source = config::File::from_str(text, FileFormat::Toml);
            known.learn(text, source.collect()?);
            builder = builder.add_source(source);
        }
        if let Some(path) = &self.file {
            let source = config::File::from(path.as_path()).format(FileFormat::Toml).required(true);
            for key in known.keys_of(source.collect()?, &path.display().to_string())? {
                origins.insert(key, Origin::File(path.clone()));
            }
            builder = builder.add_source(source);
        }
        let variables = Variables::read(&self.environment, &known)?;
        for variable in variables.by_path.values() {
            origins.insert(variable.setting.clone(), Origin::Environment(variable.name.clone()));
        }
        let merged = builder.add_source(variables).build()?;
        let document = Document { merged, known, origins, file: self.file };
        document.check_bounds()?;
        Ok(document)
    }
}

/// The environment as a layer: text, except where the default is a list, which is split at commas. A number as a part of
/// the key is a place in a list of tables.
#[derive(Debug, Clone)]
struct Variables {
    by_path: BTreeMap<String, Variable>,
}

#[derive(Debug, Clone)]
struct Variable {
    name: String,
    /// The key that it sets, wholly or in part.
    setting: String,
    value: Value,
}

impl Variables {
    fn read(environment: &[(String, String)], known: &KnownKeys) -> Result<Self, Error> {
        let mut by_path = BTreeMap::new();
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            let key = rest.to_lowercase().replace("__", ".");
            let (path, setting) = match known.entry_key(&key) {
                Some(entry) => (entry.path, entry.list),
                None => {
                    known.require(&key, name)?;
                    (key.clone(), key)
                }
            };
            let kind = if known.is_list(&path) {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                ValueKind::Array(items.map(|item| Value::new(Some(name), item)).collect())
            } else {
                ValueKind::String(text.clone())
            };
            let value = Value::new(Some(name), kind);
            by_path.insert(path, Variable { name: name.clone(), setting, value });
        }
        Ok(Self { by_path })
    }
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, Value>, ConfigError> {
        Ok(self.by_path.iter().map(|(path, variable)| (path.clone(), variable.value.clone())).collect())
    }
}

/// The effective settings of this process.
#[derive(Debug, Clone)]
pub struct Document {
    merged: Config,
    known: KnownKeys,
    origins: BTreeMap<String, Origin>,
    file: Option<PathBuf>,
}

impl Document {
    /// Begins with what every process has.
    #[must_use]
    pub fn builder() -> DocumentBuilder {
        let defaults = vec![DEFAULTS.to_owned()];
        DocumentBuilder { defaults, replaced: Vec::new(), file: None, environment: Vec::new() }
    }

    /// One part's table as its own type, which should deny unknown fields as well.
    ///
    /// # Errors
    /// A missing or mistyped value, naming the key and where it came from.
    pub fn part<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let wrong = |source| Error::Part { part: name.to_owned(), source };
        // Through the table, because `Config::get` would name the table where the key is wrong.
        let table = self.merged.get_table(name).map_err(wrong)?;
        Value::new(None, ValueKind::Table(table)).try_deserialize().map_err(wrong)
    }

    /// Every number that can be set, with its bounds; one in an entry of a list as `list.0.key`, the first entry's.
    #[must_use]
    pub fn bounds(&self) -> Vec<(String, Bounds)> {
        let own = self.known.bounds().map(|(key, bounds)| (key.to_owned(), bounds));
        let entries =
            self.known.entry_bounds().map(|(list, key, bounds)| (format!("{list}.0.{key}"), bounds));
        own.chain(entries).collect()
    }

    fn check_bounds(&self) -> Result<(), Error> {
        for (key, bounds) in self.known.bounds() {
            if let Ok(value) = self.merged.get::<Value>(key) {
                self.check_number(key, &value, bounds, key)?;
            }
        }
        for (list, key, bounds) in self.known.entry_bounds() {
            let entries = self.merged.get_array(list).unwrap_or_default();
            for (place, entry) in entries.into_iter().enumerate() {
                if let Some(value) = entry.into_table().ok().and_then(|mut entry| entry.remove(key)) {
                    self.check_number(list, &value, bounds, &format!("{list}.{place}.{key}"))?;
                }
            }
        }
        Ok(())
    }

    /// `set_by` is what origins know the value by.
    fn check_number(&self, set_by: &str, value: &Value, bounds: Bounds, key: &str) -> Result<(), Error> {
        let Some(number) = bounds.violated_by(value) else { return Ok(()) };
        let origin = self.origins.get(set_by).unwrap_or(&Origin::Default).to_string();
        Err(Error::OutOfBounds { key: key.to_owned(), number, origin, bounds })
    }

    /// Every effective value with its origin, secrets redacted, in the order of the keys.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let cache = self.merged.collect().unwrap_or_default();
        show::settings(cache, &self.known, &self.origins)
    }

    /// [`Document::settings`] as lines of TOML with the origin as a comment, for `rekey config show`.
    #[must_use]
    pub fn show(&self) -> String {
        self.settings().iter().map(|setting| format!("{setting}\n")).collect()
    }

    /// The operator's file, if one was given.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

#[cfg(test)]
mod tests;
