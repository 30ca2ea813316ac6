//! How far resets come: a bar for each step, and what began and was completed over time. Drawn here, so that it needs no script; each
//! drawing has its numbers beside it.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::time::{duration, timestamp};

use super::super::listing::time_cell;
use crate::domain::funnel::{
    BAR_WIDTH, COLUMN_HEIGHT, COLUMN_WIDTH, CountedTime, FunnelRange, PERIOD_WIDTH, StepCount, columns,
    largest,
};
use crate::view::{Cell, Choice, Html, Select, Table, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext};
use crate::words::{AuditWords, interpolate};

const RANGE: &str = "range";
const PATH: &str = "/administration/audit/funnel";
/// The steps of a reset, as they follow each other.
const STEPS: usize = 5;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let range = FunnelRange::read(&context.query(RANGE));
    let time = range.counted(context.now);
    let request = wire::GetResetFunnelRequest {
        tenant_id: user.tenant().to_string(),
        start_time: Some(timestamp(time.start.unix_micros())),
        end_time: Some(timestamp(time.end.unix_micros())),
        period: Some(duration(time.period)),
        context: user.request_context(),
    };
    let counted = AuditServiceClient::new(user.identity()).get_reset_funnel(request).await?;
    let periods = counted.into_inner().periods;
    let words = &context.texts().audit;
    let values = Values::default()
        .text("action", PATH)
        .html("range", range_field(context, range)?)
        .html("funnel", funnel(context, &periods)?)
        .html("course", course(context, &periods, time)?)
        .html("numbers", numbers(context, &periods)?);
    user.page(MenuItem::Audit, PageContent::new(&words.funnel_title, context.body("audit_funnel", values)?))
}

fn range_field(context: &PageContext, range: FunnelRange) -> Result<Html, Fault> {
    let words = &context.texts().audit;
    let choice = |range: FunnelRange| {
        let text = match range {
            FunnelRange::Day => &words.range_day,
            FunnelRange::Week => &words.range_week,
            FunnelRange::FourWeeks => &words.range_four_weeks,
            FunnelRange::Quarter => &words.range_quarter,
        };
        Choice { value: range.word(), text }
    };
    context.select(&Select {
        name: RANGE,
        label: &words.range_label,
        hint: None,
        choices: FunnelRange::ALL.into_iter().map(choice).collect(),
        chosen: range.word(),
        problem: None,
    })
}

fn count(step: Option<&wire::ResetFunnelStep>) -> StepCount {
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    step.map_or_else(StepCount::default, |step| StepCount {
        succeeded: number(step.succeeded),
        refused: number(step.refused),
        failed: number(step.failed),
    })
}

fn steps(period: &wire::ResetFunnelPeriod) -> [StepCount; STEPS] {
    [&period.started, &period.code_sent, &period.proof_submitted, &period.completed, &period.repudiated]
        .map(|step| count(step.as_ref()))
}

fn step_names(words: &AuditWords) -> [&str; STEPS] {
    [
        &words.step_started,
        &words.step_code_sent,
        &words.step_proof_submitted,
        &words.step_completed,
        &words.step_repudiated,
    ]
}

/// All periods together, a row for each step.
fn funnel(context: &PageContext, periods: &[wire::ResetFunnelPeriod]) -> Result<Html, Fault> {
    let words = &context.texts().audit;
    let mut totals = [StepCount::default(); STEPS];
    for period in periods {
        for (total, step) in totals.iter_mut().zip(steps(period)) {
            *total = total.plus(step);
        }
    }
    let most = totals.into_iter().map(StepCount::total).max().unwrap_or(0);
    let row = |(name, total): (&str, StepCount)| -> Result<Vec<Cell>, Fault> {
        let numbers =
            [total.succeeded, total.refused, total.failed].map(|count| Cell::Text(count.to_string()));
        let head = [Cell::Text(name.to_owned()), Cell::Html(bar(context, total, most)?)];
        Ok(head.into_iter().chain(numbers).collect())
    };
    let rows = step_names(words).into_iter().zip(totals).map(row).collect::<Result<_, _>>()?;
    context.table(Table {
        caption: &words.funnel_caption,
        columns: &[
            &words.column_step,
            &words.column_share,
            &words.outcome_success,
            &words.outcome_refused,
            &words.outcome_failed,
        ],
        rows,
        empty: &words.empty,
        next: None,
    })
}

fn bar(context: &PageContext, count: StepCount, most: u64) -> Result<Html, Fault> {
    let parts = ["succeeded", "refused", "failed"].into_iter().zip(count.bar(most));
    let parts = parts.filter(|(_, part)| part.width > 0).map(|(class, part)| {
        Values::default()
            .text("class", class)
            .text("x", &part.x.to_string())
            .text("width", &part.width.to_string())
    });
    let values = Values::default().text("length", &BAR_WIDTH.to_string()).list("parts", parts.collect());
    context.body("audit_bar", values)
}

/// What began in each period and what was completed in it, as columns.
fn course(
    context: &PageContext,
    periods: &[wire::ResetFunnelPeriod],
    time: CountedTime,
) -> Result<Html, Fault> {
    let words = &context.texts().audit;
    let counts: Vec<[u64; 2]> = periods
        .iter()
        .map(|period| [&period.started, &period.completed].map(|step| count(step.as_ref()).succeeded))
        .collect();
    let shapes = columns(&counts).into_iter().flat_map(|pair| ["started", "completed"].into_iter().zip(pair));
    let shapes = shapes.filter(|(_, column)| column.height > 0).map(|(class, column)| {
        Values::default()
            .text("class", class)
            .text("x", &column.x.to_string())
            .text("y", &column.y.to_string())
            .text("height", &column.height.to_string())
    });
    let width =
        PERIOD_WIDTH.saturating_mul(u64::try_from(counts.len()).unwrap_or(u64::MAX)).max(PERIOD_WIDTH);
    let sum = |place: usize| counts.iter().map(|pair| pair[place]).sum::<u64>();
    let most = largest(&counts);
    let described = interpolate(&words.course_description, "started", sum(0));
    let described = interpolate(&interpolate(&described, "completed", sum(1)), "most", most);
    let values = Values::default()
        .text("width", &width.to_string())
        .text("height", &COLUMN_HEIGHT.to_string())
        .text("column_width", &COLUMN_WIDTH.to_string())
        .text("description", &described)
        .text("most", &interpolate(&words.course_most, "count", most))
        .part("start", moment(time.start))
        .part("end", moment(time.end))
        .list("columns", shapes.collect());
    context.body("audit_course", values)
}

/// What was done in each period, as numbers.
fn numbers(context: &PageContext, periods: &[wire::ResetFunnelPeriod]) -> Result<Html, Fault> {
    let words = &context.texts().audit;
    let row = |period: &wire::ResetFunnelPeriod| -> Vec<Cell> {
        let done = steps(period).map(|step| Cell::Text(step.succeeded.to_string()));
        [time_cell(period.start_time.as_ref())].into_iter().chain(done).collect()
    };
    let head: Vec<&str> = [words.column_period.as_str()].into_iter().chain(step_names(words)).collect();
    context.table(Table {
        caption: &words.numbers_caption,
        columns: &head,
        rows: periods.iter().map(row).collect(),
        empty: &words.empty,
        next: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_never_taken_counts_nothing() {
        let started = wire::ResetFunnelStep { succeeded: 3, refused: 2, failed: -1 };
        let period = wire::ResetFunnelPeriod { started: Some(started), ..wire::ResetFunnelPeriod::default() };

        let counted = steps(&period);

        assert_eq!(counted[0], StepCount { succeeded: 3, refused: 2, failed: 0 });
        assert_eq!(counted[1..], [StepCount::default(); 4]);
    }
}
