//! What a change would do, as identity foretells it: who could not reset their password any more, and the grades of the policy then.
//!
//! Identity walks all accounts and streams running totals. A page waits for so long and no longer: then it shows what was counted, and
//! says that it is not everybody.

use std::time::Duration;

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use tonic::{Status, Streaming};

use super::draft::Change;
use super::texts::Texts;
use crate::view::{Cell, Html, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem};

/// Less than half of what a page may take by default: what is shown beside it is asked for as well.
const LONGEST: Duration = Duration::from_secs(4);
/// So many of the stranded are shown.
const SAMPLE: usize = 20;

/// What was foretold in time.
#[derive(Default)]
pub(super) struct Forecast {
    totals: wire::PolicyForecast,
    stranded: Vec<wire::StrandedAccount>,
    pub(super) grades: Vec<wire::PolicyGrade>,
    /// Whether it is about all accounts.
    is_complete: bool,
}

impl Forecast {
    /// Asks for the forecast of a change.
    ///
    /// # Errors
    /// Identity refuses the change, or gives no answer.
    pub(super) async fn of(user: &CurrentUser, change: &Change) -> Result<Self, Status> {
        let (policy, mask) = change.sent();
        let request = wire::PreviewPolicyRequest {
            tenant_id: user.tenant().to_string(),
            policy: Some(policy),
            update_mask: Some(mask),
            context: user.request_context(),
        };
        let pages = PolicyServiceClient::new(user.identity()).preview_policy(request).await?.into_inner();
        let mut forecast = Self::default();
        let read = tokio::time::timeout(LONGEST, forecast.read(pages)).await;
        // What was counted until then is worth showing.
        read.unwrap_or(Ok(())).map(|()| forecast)
    }

    async fn read(&mut self, mut pages: Streaming<wire::PreviewPolicyResponse>) -> Result<(), Status> {
        while let Some(page) = pages.message().await? {
            self.take(page);
        }
        Ok(())
    }

    fn take(&mut self, page: wire::PreviewPolicyResponse) {
        self.totals = page.totals.unwrap_or_default();
        self.is_complete = page.complete;
        let room = SAMPLE.saturating_sub(self.stranded.len());
        self.stranded.extend(page.stranded.into_iter().take(room));
        if !page.grades_then.is_empty() {
            self.grades = page.grades_then;
        }
    }

    /// Whether somebody could not reset their password any more.
    pub(super) const fn strands(&self) -> bool {
        self.totals.stranded > 0
    }

    /// What it foretells of people, for the page of a change.
    pub(super) fn shown(&self, user: &CurrentUser, texts: &Texts<'_>) -> Result<Html, Fault> {
        let totals = &self.totals;
        let words = texts.words;
        let number = |text: &str, number: i64| {
            Values::default().text("text", text).text("number", &number.to_string())
        };
        let mut numbers = vec![
            number(&words.forecast_accounts, totals.accounts),
            number(&words.forecast_able_today, totals.able_today),
            number(&words.forecast_able_then, totals.able_then),
            number(&words.forecast_stranded, totals.stranded),
        ];
        for by in &totals.stranded_by_cause {
            numbers.push(number(cause(texts, by.cause()), by.accounts));
        }
        numbers.push(number(&words.forecast_administrators, totals.global_administrators));
        numbers.push(number(&words.forecast_administrators_able, totals.global_administrators_able_then));
        let values = Values::default()
            .list("numbers", numbers)
            .flag("is_complete", self.is_complete)
            .optional_html("sample", self.sample(user, texts)?);
        user.context.body("policy_forecast", values)
    }

    /// Some of the stranded; none where nobody is.
    fn sample(&self, user: &CurrentUser, texts: &Texts<'_>) -> Result<Option<Html>, Fault> {
        if self.stranded.is_empty() {
            return Ok(None);
        }
        let sees_accounts = user.has_any(MenuItem::Accounts.roles());
        let row = |account: &wire::StrandedAccount| {
            let causes: Vec<&str> = account.causes().map(|of| cause(texts, of)).collect();
            let name = if account.login.is_empty() { &account.account_id } else { &account.login };
            let name = if sees_accounts {
                let path = format!("{}/{}", MenuItem::Accounts.path(), account.account_id);
                Cell::Link { path, text: name.clone() }
            } else {
                Cell::Code(name.clone())
            };
            vec![name, Cell::Text(causes.join("; "))]
        };
        let words = texts.words;
        let table = Table {
            caption: &words.forecast_sample,
            columns: &[&words.column_account, &words.column_cause],
            rows: self.stranded.iter().map(row).collect(),
            empty: &words.forecast_nobody,
            next: None,
        };
        user.context.table(table).map(Some)
    }
}

fn cause<'a>(texts: &Texts<'a>, cause: wire::StrandingCause) -> &'a str {
    let words = texts.words;
    match cause {
        wire::StrandingCause::ResetNotEnabled => &words.cause_reset_not_enabled,
        wire::StrandingCause::NotInScope => &words.cause_not_in_scope,
        wire::StrandingCause::TooFewMethods => &words.cause_too_few_methods,
        wire::StrandingCause::Unspecified => &words.cause_other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(stranded: usize, complete: bool) -> wire::PreviewPolicyResponse {
        let totals = wire::PolicyForecast {
            stranded: i64::try_from(stranded).unwrap(),
            ..wire::PolicyForecast::default()
        };
        wire::PreviewPolicyResponse {
            totals: Some(totals),
            stranded: vec![wire::StrandedAccount::default(); stranded],
            complete,
            grades_then: Vec::new(),
        }
    }

    #[test]
    fn a_sample_has_an_end_and_the_last_totals_count() {
        let mut forecast = Forecast::default();
        let grades = vec![wire::PolicyGrade::default()];

        forecast.take(wire::PreviewPolicyResponse { grades_then: grades.clone(), ..page(15, false) });
        let is_cut_off = !forecast.is_complete;
        forecast.take(page(40, true));

        assert_eq!((forecast.stranded.len(), forecast.totals.stranded), (SAMPLE, 40));
        assert_eq!(forecast.grades, grades);
        assert!(is_cut_off && forecast.is_complete);
    }
}
