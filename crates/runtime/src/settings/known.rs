//! Which keys may be set: read off the commented defaults, so that the list and its documentation are one text.
//!
//! A key that no default mentions cannot be set, so nobody can add a setting and forget to explain it.

use std::collections::{BTreeMap, BTreeSet};

use config::{Map, Value, ValueKind};

use super::Error;
use super::bounds::Bounds;

/// Below this likeness a suggestion would only puzzle.
const LIKENESS_FLOOR: f64 = 0.6;

/// The keys of all defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownKeys {
    /// Leaves, with whether the default is a list.
    leaves: BTreeMap<String, bool>,
    /// Tables whose keys are names chosen by the operator.
    open: BTreeSet<String>,
    /// The bounds of numbers.
    bounds: BTreeMap<String, Bounds>,
    /// Those of numbers in the entries of a list of tables, by list and key.
    entry_bounds: BTreeMap<(String, String), Bounds>,
    /// Keys and tables of earlier versions, with what stands in their place.
    replaced: Vec<(String, String)>,
}

/// A setting of one entry of a list of tables, as the environment names it: `LIST__PLACE__KEY`.
pub(super) struct EntryKey {
    /// The key of the whole list.
    pub(super) list: String,
    /// Where the value goes, as a path of the `config` crate.
    pub(super) path: String,
}

/// Far above what anybody writes, and low enough that a typing error makes no huge list.
const MOST_ENTRIES: usize = 100;

impl KnownKeys {
    /// Learns what earlier versions called differently.
    pub(super) fn learn_replaced(&mut self, key: &str, replacement: &str) {
        self.replaced.push((key.to_owned(), replacement.to_owned()));
    }

    /// Learns the keys of one piece of defaults: those with a value, and those in `# key = example` comments. A comment
    /// that begins with `[[list]]` shows an entry of a list, whose keys are not settings by themselves.
    pub(super) fn learn(&mut self, text: &str, values: Map<String, Value>) {
        for (key, value) in values {
            self.learn_value(key, value);
        }
        let mut table = String::new();
        let mut entry_of = None;
        for line in text.lines().map(str::trim) {
            let comment = line.strip_prefix('#').map(str::trim_start);
            entry_of = comment.and_then(|comment| list_shown_in(comment).or(entry_of));
            if let (Some(list), Some(comment)) = (entry_of, comment) {
                self.learn_entry_bounds(list, comment);
                continue;
            }
            self.learn_bounds(&table, line);
            if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                table = header.trim().to_owned();
            } else if let Some(key) = commented_key(line) {
                let key = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
                let is_list = line.contains("= [");
                self.leaves.entry(key).or_insert(is_list);
                // Only its examples are comments: the names are ours, not the operator's.
                self.open.remove(&table);
            }
        }
    }

    /// Learns the bounds at the end of a setting's line, which may be a comment.
    fn learn_bounds(&mut self, table: &str, line: &str) {
        if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && let Some(bounds) = Bounds::at_the_end_of(line)
        {
            self.bounds.insert(format!("{table}.{key}"), bounds);
        }
    }

    fn learn_entry_bounds(&mut self, list: &str, comment: &str) {
        if let Some((key, _)) = comment.trim_start_matches("# ").split_once(" = ")
            && let Some(bounds) = Bounds::at_the_end_of(comment)
        {
            self.entry_bounds.insert((list.to_owned(), key.to_owned()), bounds);
        }
    }

    /// The bounds of each number.
    pub(super) fn bounds(&self) -> impl Iterator<Item = (&str, Bounds)> {
        self.bounds.iter().map(|(key, bounds)| (key.as_str(), *bounds))
    }

    /// The bounds of each number in the entries of a list: the list, the key in an entry, and its bounds.
    pub(super) fn entry_bounds(&self) -> impl Iterator<Item = (&str, &str, Bounds)> {
        self.entry_bounds.iter().map(|((list, key), bounds)| (list.as_str(), key.as_str(), *bounds))
    }

    fn learn_value(&mut self, key: String, value: Value) {
        match value.kind {
            ValueKind::Table(table) if table.is_empty() => {
                self.open.insert(key);
            }
            ValueKind::Table(table) => {
                for (name, value) in table {
                    self.learn_value(format!("{key}.{name}"), value);
                }
            }
            ValueKind::Array(_) => {
                self.leaves.insert(key, true);
            }
            _ => {
                self.leaves.insert(key, false);
            }
        }
    }

    /// The leaves that a layer sets, each of them known.
    pub(super) fn keys_of(&self, values: Map<String, Value>, origin: &str) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        let mut rest: Vec<_> = values.into_iter().collect();
        while let Some((key, value)) = rest.pop() {
            match value.kind {
                ValueKind::Table(table) if !self.is_known(&key) => {
                    if table.is_empty() && !self.is_table(&key) {
                        self.require(&key, origin)?;
                    }
                    rest.extend(table.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
                }
                _ => {
                    self.require(&key, origin)?;
                    keys.push(key);
                }
            }
        }
        Ok(keys)
    }

    /// Refuses a key that nobody knows.
    pub(super) fn require(&self, key: &str, origin: &str) -> Result<(), Error> {
        if self.is_known(key) {
            return Ok(());
        }
        if let Some((_, replacement)) = self.replaced.iter().find(|(old, _)| within(old, key)) {
            let (key, replacement) = (key.to_owned(), replacement.clone());
            return Err(Error::Replaced { key, origin: origin.to_owned(), replacement });
        }
        Err(Error::Unknown { key: key.to_owned(), origin: origin.to_owned(), nearest: self.nearest(key) })
    }

    /// Whether the default of this key is a list, which the environment writes with commas.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.leaves.get(key).copied().unwrap_or(false)
    }

    /// Reads `list.3.key`, where `list` is one of ours.
    pub(super) fn entry_key(&self, key: &str) -> Option<EntryKey> {
        let lists = self.leaves.iter().filter(|(_, is_list)| **is_list).map(|(list, _)| list);
        lists.into_iter().find_map(|list| {
            let (place, rest) = key.strip_prefix(list)?.strip_prefix('.')?.split_once('.')?;
            let place = place.parse::<usize>().ok().filter(|place| *place < MOST_ENTRIES)?;
            Some(EntryKey { list: list.clone(), path: format!("{list}[{place}].{rest}") })
        })
    }

    /// Whether the key is a leaf, or lies in an open table.
    pub(super) fn is_known(&self, key: &str) -> bool {
        self.leaves.contains_key(key) || self.open.iter().any(|table| within(table, key))
    }

    /// Whether the key is a table with settings of ours; a file may leave it empty.
    fn is_table(&self, key: &str) -> bool {
        self.leaves.keys().any(|leaf| within(key, leaf))
    }

    fn nearest(&self, key: &str) -> Option<String> {
        self.leaves
            .keys()
            .map(|known| (strsim::jaro_winkler(known, key), known))
            .filter(|(likeness, _)| *likeness >= LIKENESS_FLOOR)
            .max_by(|left, right| left.0.total_cmp(&right.0))
            .map(|(_, known)| known.clone())
    }
}

fn within(table: &str, key: &str) -> bool {
    key == table || key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'))
}

/// The list of a comment that begins to show one of its entries: `[[list]]`.
fn list_shown_in(comment: &str) -> Option<&str> {
    comment.strip_prefix("[[")?.strip_suffix("]]")
}

/// The key of a `# key = example` comment.
fn commented_key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix('#')?.trim_start().split_once(" = ")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}
