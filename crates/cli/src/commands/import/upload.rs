//! The people of a file on their way: chunk after chunk, each of which is done when it is answered.

use anyhow::Context as _;
use prost::Message as _;
use rekey_client::Connection;
use rekey_wire::identity::v1::account_import_service_client::AccountImportServiceClient;
use rekey_wire::identity::v1::{
    AccountImport, ImportRecord, ImportRejection, ListImportRejectionsRequest, UploadImportRecordsRequest,
};

use super::groups::GroupIds;
use super::rejected::Rejected;
use super::source::{Item, Source, Unreadable};

/// The most that the contract takes.
const CHUNK_RECORDS: usize = 500;

/// Three quarters of what a part takes in a message by default.
const CHUNK_BYTES: usize = 196_608;

/// What is said of a person who fits no message: an unclosed quote makes one of all that follow.
const TOO_LARGE: &str = "takes more than a message may hold";

/// An import under way.
pub(super) struct Upload {
    pub(super) client: AccountImportServiceClient<Connection>,
    pub(super) import: AccountImport,
    pub(super) groups: GroupIds,
    pub(super) rejected: Rejected,
    waiting: Vec<Waiting>,
    bytes: usize,
}

/// Somebody who is sent with the next chunk.
struct Waiting {
    item: Item,
    record: ImportRecord,
}

impl Upload {
    pub(super) const fn new(
        client: AccountImportServiceClient<Connection>,
        import: AccountImport,
        groups: GroupIds,
        rejected: Rejected,
    ) -> Self {
        Self { client, import, groups, rejected, waiting: Vec::new(), bytes: 0 }
    }

    /// Passes over those who were sent before, and writes those of them who were rejected to the file anew.
    pub(super) async fn skip_sent(&mut self, source: &mut Source) -> anyhow::Result<()> {
        if self.import.records == 0 {
            return Ok(());
        }
        let mut rejections = Rejections::of(self);
        let mut next = rejections.next().await?;
        for _ in 0..self.import.records {
            let mut item =
                source.next().await?.context("the file holds fewer people than were sent of it before")?;
            if let Some(line) = next.take_if(|line| line.record == item.number) {
                self.record(&mut item);
                self.rejected.write(item, &line)?;
                next = rejections.next().await?;
            }
        }
        Ok(())
    }

    /// Takes somebody along; sends a chunk when it is full. One who does not read is sent as a record of nothing, so that
    /// the report has a line of everybody and its numbers are those of the file.
    pub(super) async fn push(&mut self, mut item: Item) -> anyhow::Result<()> {
        let record = self.record(&mut item);
        let bytes = record.encoded_len() + 8;
        if self.waiting.len() == CHUNK_RECORDS
            || (self.bytes + bytes > CHUNK_BYTES && !self.waiting.is_empty())
        {
            self.flush().await?;
        }
        self.bytes += bytes;
        self.waiting.push(Waiting { item, record });
        Ok(())
    }

    /// The record of somebody, or one of nothing and in its place what is wrong.
    fn record(&self, item: &mut Item) -> ImportRecord {
        let fits = |record: ImportRecord| {
            if record.encoded_len() < CHUNK_BYTES { Ok(record) } else { Err(TOO_LARGE.to_owned()) }
        };
        let read = match &item.person {
            Ok(person) => self.groups.of(&person.groups).and_then(|ids| person.wire(ids)).and_then(fits),
            Err(_) => Ok(ImportRecord::default()),
        };
        read.unwrap_or_else(|problem| {
            item.person = Err(Unreadable::of(&item.person, problem));
            ImportRecord::default()
        })
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let (items, records): (Vec<Item>, Vec<ImportRecord>) =
            waiting.into_iter().map(|waiting| (waiting.item, waiting.record)).unzip();
        let request = UploadImportRecordsRequest {
            tenant_id: self.import.tenant_id.clone(),
            import_id: self.import.import_id.clone(),
            sequence: self.import.next_sequence,
            records,
            context: None,
        };
        let report = self.client.upload_import_records(request).await?.into_inner();
        self.import.next_sequence = report.next_sequence;
        self.import.records += items.len() as i64;
        self.import.created += i64::from(report.created);
        self.import.skipped += i64::from(report.skipped);
        self.import.rejected += report.rejections.len() as i64;
        let mut lines = report.rejections.into_iter().peekable();
        for item in items {
            if let Some(line) = lines.next_if(|line| line.record == item.number) {
                self.rejected.write(item, &line)?;
            }
        }
        Ok(())
    }
}

/// The report of an import, a line at a time.
struct Rejections {
    client: AccountImportServiceClient<Connection>,
    request: ListImportRejectionsRequest,
    page: std::vec::IntoIter<ImportRejection>,
    is_over: bool,
}

impl Rejections {
    fn of(upload: &Upload) -> Self {
        let request = ListImportRejectionsRequest {
            tenant_id: upload.import.tenant_id.clone(),
            import_id: upload.import.import_id.clone(),
            page_size: 200,
            ..ListImportRejectionsRequest::default()
        };
        Self { client: upload.client.clone(), request, page: Vec::new().into_iter(), is_over: false }
    }

    async fn next(&mut self) -> anyhow::Result<Option<ImportRejection>> {
        loop {
            if let Some(line) = self.page.next() {
                return Ok(Some(line));
            }
            if self.is_over {
                return Ok(None);
            }
            let page = self.client.list_import_rejections(self.request.clone()).await?.into_inner();
            self.is_over = page.next_page_token.is_empty();
            self.request.page_token = page.next_page_token;
            self.page = page.rejections.into_iter();
        }
    }
}
