//! `rekey account bulk results`: what became of each account, a line each, as the pages come: the memory it takes does not grow.

use rekey_wire::identity::v1::{BulkResetOutcome, BulkResetResult, ListBulkResetResultsRequest};
use serde_json::{Value, json};

use super::Job;
use crate::arguments::ResultFormat;
use crate::output::{csv_record, word, write};
use crate::profile::time;

/// Results of one page.
const PAGE: i32 = 200;

/// The columns of a table, which are the fields of a result.
const COLUMNS: [&str; 6] = ["number", "account_id", "login", "outcome", "refused", "finish_time"];

pub(super) async fn run(mut job: Job, format: ResultFormat, refused: bool) -> anyhow::Result<()> {
    let mut text = match format {
        ResultFormat::Csv => csv_record(COLUMNS.map(str::to_owned))?,
        ResultFormat::Jsonl => Vec::new(),
    };
    let mut page_token = String::new();
    loop {
        let request = ListBulkResetResultsRequest {
            tenant_id: job.tenant_id.clone(),
            bulk_reset_id: job.id.clone(),
            page_size: PAGE,
            page_token,
            context: None,
        };
        let page = job.client.list_bulk_reset_results(request).await?.into_inner();
        for result in &page.results {
            if !refused || result.outcome() == BulkResetOutcome::Refused {
                text.extend(line(result, format)?);
            }
        }
        page_token = page.next_page_token;
        if !write(&text)? || page_token.is_empty() {
            return Ok(());
        }
        text.clear();
    }
}

fn line(result: &BulkResetResult, format: ResultFormat) -> anyhow::Result<Vec<u8>> {
    let shown = shown(result);
    match format {
        ResultFormat::Csv => csv_record(COLUMNS.map(|column| match &shown[column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        })),
        ResultFormat::Jsonl => Ok(format!("{shown}\n").into_bytes()),
    }
}

fn shown(result: &BulkResetResult) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "number": result.number,
        "account_id": some(&result.account_id),
        "login": some(&result.login),
        "outcome": word(result.outcome().as_str_name(), "BULK_RESET_OUTCOME_"),
        "refused": some(&result.refused),
        "finish_time": result.finish_time.map(|at| time(at.seconds)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_a_record_or_an_object() {
        let result = BulkResetResult {
            number: 7,
            account_id: String::new(),
            login: "nobody, really".to_owned(),
            outcome: BulkResetOutcome::Refused.into(),
            refused: "ACCOUNT_NOT_FOUND".to_owned(),
            finish_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        };

        let csv = String::from_utf8(line(&result, ResultFormat::Csv).unwrap()).unwrap();
        let json = line(&result, ResultFormat::Jsonl).unwrap();

        assert_eq!(csv, "7,,\"nobody, really\",refused,ACCOUNT_NOT_FOUND,1970-01-01T00:00:00Z\n");
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["outcome"], &json["account_id"]), (&json!("refused"), &Value::Null));
        assert_eq!(json.as_object().unwrap().len(), COLUMNS.len());
    }
}
