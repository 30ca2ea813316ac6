//! The file, read once from end to end on a thread of its own, a person at a time: however large it is, what is held of it is
//! a few hundred people.

mod document;
mod guess;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tokio::sync::mpsc;

use super::products::Reading;
use super::record::Record;
use super::table::Head;
use crate::arguments::ImportFormat;

pub(super) use guess::guess;

/// People that were read and wait to be sent.
const READ_AHEAD: usize = 500;

/// The longest line of a file with a person a line: many times what anybody's takes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Somebody in the file.
#[derive(Debug)]
pub(super) struct Item {
    /// Counted from 1.
    pub(super) number: i64,
    pub(super) person: Result<Record, Unreadable>,
}

/// Somebody who does not read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) problem: String,
    /// What stands there.
    pub(super) text: Value,
}

/// A file under way.
pub(super) struct Source {
    items: mpsc::Receiver<anyhow::Result<Item>>,
    /// The first person, where somebody waited for them.
    first: Option<Item>,
    read: Arc<AtomicU64>,
    size: u64,
}

/// What reads of a file so far.
struct Reader {
    format: ImportFormat,
    reading: Reading,
    items: mpsc::Sender<anyhow::Result<Item>>,
    number: i64,
}

/// Whoever listened has left.
#[derive(Debug)]
struct Gone;

/// A file that tells how far it was read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Unreadable {
    /// Somebody who read and cannot be sent.
    pub(super) fn of(person: &Result<Record, Self>, problem: String) -> Self {
        let text = match person {
            Ok(record) => serde_json::to_value(record).unwrap_or_default(),
            Err(unread) => unread.text.clone(),
        };
        Self { problem, text }
    }
}

impl Source {
    /// Opens a file and begins to read it.
    pub(super) fn open(path: &Path, format: ImportFormat, reading: Reading) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let size = file.metadata()?.len();
        let (sender, items) = mpsc::channel(READ_AHEAD);
        let read = Arc::new(AtomicU64::new(0));
        let counted = BufReader::with_capacity(1 << 16, Counted { file, read: Arc::clone(&read) });
        let mut reader = Reader { format, reading, items: sender, number: 0 };
        std::thread::Builder::new().name("rekey-import".to_owned()).spawn(move || {
            if let Err(error) = reader.run(counted) {
                // Whoever has left needs no reason.
                let _ = reader.items.blocking_send(Err(error));
            }
        })?;
        Ok(Self { items, first: None, read, size })
    }

    /// Waits for the first person, so that a file which does not read is told of before anything begins.
    pub(super) async fn wait(&mut self) -> anyhow::Result<()> {
        self.first = self.items.recv().await.transpose()?;
        Ok(())
    }

    /// The next person; nobody at the end of the file.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Item>> {
        match self.first.take() {
            Some(item) => Ok(Some(item)),
            None => self.items.recv().await.transpose(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How much of the file was read, in hundredths.
    pub(super) fn percent(&self) -> u64 {
        self.read.load(Ordering::Relaxed).saturating_mul(100).checked_div(self.size).unwrap_or(100).min(100)
    }
}

impl Reader {
    fn run(&mut self, mut file: BufReader<Counted>) -> anyhow::Result<()> {
        let ended = match self.format {
            ImportFormat::Csv => self.rows(file)?,
            ImportFormat::Jsonl => self.lines(file)?,
            format => match document::first_byte(&mut file)? {
                // A person a line, which Auth0 and the tools of Kratos write.
                Some(b'{') if matches!(format, ImportFormat::Auth0 | ImportFormat::Kratos) => {
                    self.lines(file)?
                }
                Some(b'{' | b'[') => self.document(file)?,
                _ => bail!("the file holds no JSON"),
            },
        };
        // Nobody is there to hear of the end either.
        drop(ended);
        Ok(())
    }

    fn send(&mut self, person: Result<Record, Unreadable>) -> Result<(), Gone> {
        self.number += 1;
        let item = Item { number: self.number, person };
        self.items.blocking_send(Ok(item)).map_err(|_| Gone)
    }

    fn send_object(&mut self, object: Value) -> Result<(), Gone> {
        let person = self.reading.person(self.format, object.clone());
        self.send(person.map_err(|problem| Unreadable { problem, text: object }))
    }

    fn rows(&mut self, file: BufReader<Counted>) -> anyhow::Result<Result<(), Gone>> {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let head = Head::read(rows.headers().context("the head of the table does not read")?)?;
        for row in rows.records() {
            let sent = match row {
                Ok(row) => {
                    let text = Value::from(row.iter().collect::<Vec<_>>());
                    let person = head.record(&row);
                    let person = person.map(|record| self.reading.row(record));
                    self.send(person.map_err(|problem| Unreadable { problem, text }))
                }
                Err(error) if error.is_io_error() => bail!(error),
                Err(error) => self.send(Err(Unreadable { problem: error.to_string(), text: Value::Null })),
            };
            if sent.is_err() {
                return Ok(sent);
            }
        }
        Ok(Ok(()))
    }

    fn lines(&mut self, mut file: BufReader<Counted>) -> anyhow::Result<Result<(), Gone>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = (&mut file).take(LINE_BYTES_MAX + 1);
            if bounded.read_until(b'\n', &mut line)? == 0 {
                return Ok(Ok(()));
            }
            if line.len() as u64 > LINE_BYTES_MAX {
                bail!(
                    "person {} takes more than a line of a megabyte: is this a file with a person a line?",
                    self.number + 1
                );
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let sent = match serde_json::from_slice::<Value>(&line) {
                Ok(object) => self.send_object(object),
                Err(error) => {
                    let text = Value::from(String::from_utf8_lossy(&line).trim_end());
                    self.send(Err(Unreadable { problem: format!("is no JSON: {error}"), text }))
                }
            };
            if sent.is_err() {
                return Ok(sent);
            }
        }
    }

    fn document(&mut self, file: BufReader<Counted>) -> anyhow::Result<Result<(), Gone>> {
        let mut gone = Ok(());
        let read = document::each(file, |object| {
            gone = self.send_object(object);
            gone.is_ok()
        });
        match (read, gone) {
            (_, Err(Gone)) => Ok(Err(Gone)),
            (Ok(()), Ok(())) => Ok(Ok(())),
            (Err(error), Ok(())) => {
                Err(anyhow!(error).context("the file does not read as JSON of this format"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
