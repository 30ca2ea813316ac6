//! One job: how far it is, what became of whom, and for a dry run the button that does it.
//!
//! The page is live while the job is: without scripts it loads itself anew, and with them only the part that says how far the job is
//! is asked for, by the same address. What of it is read out to who does not see it stands beside that part, for a reader heeds no place
//! that is replaced.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::{BulkResetMode, BulkResetState};

use super::super::account_names::AccountNames;
use super::run::Position;
use super::{find, is_alive, is_tried, mode_text, path, results, run, state_badge, title};
use crate::assets::BULK_SCRIPT;
use crate::peers::timestamp_from_wire;
use crate::view::{Confirmation, FormProblem, Html, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::{BulkWords, interpolate};

/// How often somebody who watches is told how far it is.
const REFRESH_SECONDS: u64 = 2;

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let job = find(&user, &id).await?;
    if user.context.query("only") == "progress" {
        let body = progress(&user, &job)?;
        let content = PageContent::new(title(&user.context.texts().bulk, &job), body);
        return Ok(user.context.closing_connection(user.page(MenuItem::Bulk, content)?));
    }
    page(&user, &job, None, None).await
}

/// The page of a job: with where its list goes on, if the address says it, and what went wrong.
pub(super) async fn page(
    user: &CurrentUser,
    job: &wire::BulkReset,
    position: Option<&Position>,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let names = AccountNames::of(user, vec![job.starter_account_id.clone()]).await;
    let confirm = if is_tried(job) { Some(question(user, job)?) } else { None };
    let here = position.map_or_else(|| path(&job.bulk_reset_id), |at| at.path(&job.bulk_reset_id));
    let go_on = position.map(|position| run::go_on_form(user, job, position)).transpose()?;
    let values = facts(words, job, &names)
        .html("progress", progress(user, job)?)
        .optional_html("confirm", confirm)
        .optional_html("go_on", go_on.flatten())
        .flag("is_alive", is_alive(job))
        .text("cancel_path", &format!("{}/cancel", path(&job.bulk_reset_id)))
        .html("results", results::section(user, job, &here).await?);
    let body = context.body("bulk_job", values)?;
    let content = PageContent {
        problems: problem.into_iter().collect(),
        refresh_seconds: is_alive(job).then_some(REFRESH_SECONDS),
        script_path: Some(BULK_SCRIPT),
        ..PageContent::new(title(words, job), body)
    };
    user.page(MenuItem::Bulk, content)
}

/// What does not change while it runs.
fn facts(words: &BulkWords, job: &wire::BulkReset, names: &AccountNames) -> Values {
    let starter = Some(job.starter_account_id.as_str()).filter(|id| !id.is_empty());
    let values = Values::default()
        .text("mode", mode_text(words, job.mode()))
        .text("pace", &job.accounts_per_second.to_string())
        .optional("starter", starter.map(|id| names.name(id)));
    match timestamp_from_wire(job.create_time.as_ref()) {
        Some(at) => values.part("started_at", moment(at)),
        None => values.flag("started_at", false),
    }
}

/// How far it is.
fn progress(user: &CurrentUser, job: &wire::BulkReset) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let (mark, state) = state_badge(words, job.state());
    let done = job.accounts_reset.saturating_add(job.accounts_refused);
    let values = Values::default()
        .text("address", &path(&job.bulk_reset_id))
        .flag("is_over", !is_alive(job))
        .text("state", state)
        .text("state_class", mark.class())
        .text("sentence", &sentence(words, job))
        .text("said", &said(words, job))
        // A list that is being made has no end that is known, and a bar without one would move all the time.
        .flag("is_known", job.state() != BulkResetState::Collecting)
        .text("all", &job.accounts.max(1).to_string())
        .text("done", &done.to_string())
        .text("accounts", &job.accounts.to_string())
        .text("reset_label", if job.dry_run { &words.would_reset } else { &words.reset })
        .text("reset", &job.accounts_reset.to_string())
        .text("refused", &job.accounts_refused.to_string())
        .text("waiting", &job.accounts.saturating_sub(done).to_string());
    context.body("bulk_progress", values)
}

/// How it stands, in a sentence.
fn sentence(words: &BulkWords, job: &wire::BulkReset) -> String {
    let text = match job.state() {
        BulkResetState::Collecting => &words.collecting_says,
        BulkResetState::Running if job.dry_run => &words.trying_says,
        BulkResetState::Running => &words.running_says,
        BulkResetState::Finished if job.dry_run => &words.tried_says,
        BulkResetState::Finished => &words.finished_says,
        BulkResetState::Cancelled => &words.cancelled_says,
        BulkResetState::Stopped => match job.stop_reason.as_str() {
            "AUTHORITY_LOST" => &words.authority_lost_says,
            "ABANDONED" => &words.abandoned_says,
            "RESTORED" => &words.restored_says,
            _ => &words.stopped_says,
        },
        BulkResetState::Unspecified => return String::new(),
    };
    let done = job.accounts_reset.saturating_add(job.accounts_refused);
    let text = interpolate(text, "done", done);
    let text = interpolate(&text, "accounts", job.accounts);
    interpolate(&text, "reset", job.accounts_reset)
}

/// What is read out of it: each quarter that is done, and the end. What is read out more often is not listened to.
fn said(words: &BulkWords, job: &wire::BulkReset) -> String {
    if !is_alive(job) {
        return sentence(words, job);
    }
    let done = job.accounts_reset.saturating_add(job.accounts_refused);
    let quarter = done.saturating_mul(4).checked_div(job.accounts).unwrap_or_default().min(3);
    let is_news = job.state() == BulkResetState::Running && quarter > 0;
    if is_news { interpolate(&words.share_says, "percent", quarter * 25) } else { String::new() }
}

/// "Reset N passwords", behind a dry run.
fn question(user: &CurrentUser, job: &wire::BulkReset) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let count = job.accounts_reset;
    let text = match job.mode() {
        BulkResetMode::RequireChange => &words.question_require_change,
        BulkResetMode::Link | BulkResetMode::Unspecified => &words.question_link,
    };
    let action = format!("{}/reset", path(&job.bulk_reset_id));
    context.confirmation(Confirmation {
        text: &interpolate(text, "count", count),
        subjects: &[],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: &reset_button(words, count),
        is_loss: true,
        back: MenuItem::Bulk.path(),
    })
}

/// What the button says, which names how many.
fn reset_button(words: &BulkWords, count: i64) -> String {
    if count == 1 { words.reset_one.clone() } else { interpolate(&words.reset_many, "count", count) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Catalogue, UiLocale};

    fn job(state: BulkResetState, dry_run: bool, stop_reason: &str) -> wire::BulkReset {
        wire::BulkReset {
            state: state.into(),
            dry_run,
            stop_reason: stop_reason.to_owned(),
            accounts: 40,
            accounts_reset: 31,
            accounts_refused: 2,
            ..wire::BulkReset::default()
        }
    }

    #[test]
    fn a_job_says_how_it_stands_with_its_numbers() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).bulk;
        let says = |state, dry_run| sentence(words, &job(state, dry_run, ""));

        assert_eq!(says(BulkResetState::Running, false), "33 of 40 accounts are done.");
        assert_eq!(says(BulkResetState::Finished, false), "31 of 40 passwords were reset.");
        assert_eq!(
            says(BulkResetState::Finished, true),
            "31 of 40 passwords would be reset. Nothing was changed."
        );
    }

    #[test]
    fn each_quarter_is_read_out_and_the_end() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).bulk;
        let says = |state, accounts_reset| {
            // Two were refused besides.
            said(words, &wire::BulkReset { accounts_reset, ..job(state, false, "") })
        };

        let quarters = [0, 7, 8, 17, 18, 27, 28, 38].map(|reset| says(BulkResetState::Running, reset));
        let [quarter, half, most] = [25, 50, 75].map(|share| format!("{share}% of the accounts are done."));
        assert_eq!(quarters, ["", "", &quarter, &quarter, &half, &half, &most, &most]);
        assert_eq!(says(BulkResetState::Collecting, 20), "");
        assert_eq!(says(BulkResetState::Finished, 38), "38 of 40 passwords were reset.");
        let nobody = wire::BulkReset { accounts: 0, ..job(BulkResetState::Running, false, "") };
        assert_eq!(said(words, &nobody), "");
    }

    #[test]
    fn no_sentence_keeps_a_blank_in_any_language() {
        let catalogue = Catalogue::load().unwrap();
        let reasons = ["", "AUTHORITY_LOST", "ABANDONED", "RESTORED"];

        for locale in UiLocale::ALL {
            let words = &catalogue.of(locale).bulk;
            for number in 1..=5 {
                let state = BulkResetState::try_from(number).unwrap();
                for (dry_run, reason) in
                    [true, false].into_iter().flat_map(|dry| reasons.map(|why| (dry, why)))
                {
                    let job = job(state, dry_run, reason);
                    let (shown, read_out) = (sentence(words, &job), said(words, &job));
                    assert!(!shown.is_empty() && !shown.contains('{'), "{locale:?} {state:?} {shown}");
                    assert!(!read_out.contains('{'), "{locale:?} {state:?} {read_out}");
                }
            }
        }
    }

    #[test]
    fn the_button_names_how_many() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).bulk;

        assert_eq!(
            [1, 312].map(|count| reset_button(words, count)),
            ["Reset 1 password", "Reset 312 passwords"]
        );
    }
}
