//! "Check the log": follows its chain through, and says what was checked.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::AuditBreakKind;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;

use super::super::listing::{PAGE, next_page};
use crate::view::{Badge, Cell, Html, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::{AuditWords, interpolate};

const PATH: &str = "/administration/audit/verification";

/// A page follows so many times 10,000 events: what can be done within its deadline on a busy day.
const CALLS: usize = 5;

/// How far a page came.
struct Walk {
    answer: wire::VerifyAuditResponse,
    /// In how many of the events that it followed something is erased.
    erased: i64,
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let Walk { answer, erased } = walk(&user).await?;
    let words = &context.texts().audit;
    let (badge, verdict) = verdict(words, &answer);
    let is_partial = !answer.next_page_token.is_empty();
    let erased = (erased > 0).then(|| interpolate(&words.verification_erased, "count", erased));
    let values = Values::default()
        .text("verdict", &verdict)
        .flag("is_broken", badge == Badge::Bad)
        .optional("erased", erased)
        .optional("rest", is_partial.then_some(&words.verification_rest))
        .optional("next", next_page(PATH, &[], &answer.next_page_token))
        .optional_html("seal", seal(&user, &answer)?);
    user.page(
        MenuItem::Audit,
        PageContent::new(&words.verification_title, context.body("audit_verification", values)?),
    )
}

async fn walk(user: &CurrentUser) -> Result<Walk, Fault> {
    let mut client = AuditServiceClient::new(user.identity());
    let (mut page_token, mut erased, mut calls) = (user.context.query(PAGE), 0, 1);
    loop {
        let request = wire::VerifyAuditRequest {
            tenant_id: user.tenant().to_string(),
            page_token,
            context: user.request_context(),
        };
        let answer = client.verify_audit(request).await?.into_inner();
        erased += answer.erased_events;
        if answer.next_page_token.is_empty() || calls == CALLS {
            return Ok(Walk { answer, erased });
        }
        page_token = answer.next_page_token;
        calls += 1;
    }
}

/// What was found, in a sentence.
fn verdict(words: &AuditWords, answer: &wire::VerifyAuditResponse) -> (Badge, String) {
    let Some(broken) = &answer.r#break else {
        if answer.verified_position == 0 {
            return (Badge::Plain, words.verification_empty.clone());
        }
        let text = interpolate(&words.verification_holds, "first", answer.first_position);
        return (Badge::Good, interpolate(&text, "last", answer.verified_position));
    };
    let text = match broken.kind() {
        AuditBreakKind::Missing => &words.break_missing,
        AuditBreakKind::Moved => &words.break_moved,
        AuditBreakKind::Inserted => &words.break_inserted,
        AuditBreakKind::Changed | AuditBreakKind::Unspecified => &words.break_changed,
    };
    let text = interpolate(text, "position", broken.position);
    let text = interpolate(&text, "last", broken.last_position);
    (Badge::Bad, interpolate(&text, "found", broken.found_position))
}

/// The last place that holds and its link: kept elsewhere, they show later that the log was not written anew.
fn seal(user: &CurrentUser, answer: &wire::VerifyAuditResponse) -> Result<Option<Html>, Fault> {
    if answer.verified_position == 0 {
        return Ok(None);
    }
    let words = &user.context.texts().audit;
    let row =
        vec![Cell::Text(answer.verified_position.to_string()), Cell::Code(answer.verified_link.clone())];
    let table = user.context.table(Table {
        caption: &words.seal_caption,
        columns: &[&words.fact_position, &words.fact_link],
        rows: vec![row],
        empty: &words.verification_empty,
        next: None,
    })?;
    Ok(Some(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Catalogue, UiLocale};

    fn found(kind: AuditBreakKind) -> (Badge, String) {
        let broken = wire::AuditBreak {
            kind: kind.into(),
            position: 7,
            last_position: 9,
            found_position: 12,
            ..wire::AuditBreak::default()
        };
        let answer = wire::VerifyAuditResponse {
            r#break: Some(broken),
            first_position: 1,
            verified_position: 6,
            ..wire::VerifyAuditResponse::default()
        };
        verdict(&Catalogue::load().unwrap().of(UiLocale::En).audit, &answer)
    }

    #[test]
    fn a_break_is_named_by_its_place() {
        let (badge, missing) = found(AuditBreakKind::Missing);
        let (_, moved) = found(AuditBreakKind::Moved);

        assert_eq!(badge, Badge::Bad);
        assert!(missing.contains('7') && missing.contains('9') && !missing.contains('{'), "{missing}");
        assert!(moved.contains('7') && moved.contains("12") && !moved.contains('{'), "{moved}");
    }

    #[test]
    fn a_log_that_holds_is_told_from_one_that_is_empty() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).audit;
        let holds = wire::VerifyAuditResponse {
            first_position: 3,
            verified_position: 41,
            ..wire::VerifyAuditResponse::default()
        };

        let (badge, text) = verdict(words, &holds);
        let nothing = verdict(words, &wire::VerifyAuditResponse::default());

        assert_eq!(badge, Badge::Good);
        assert!(text.contains('3') && text.contains("41"), "{text}");
        assert_eq!(nothing, (Badge::Plain, words.verification_empty.clone()));
    }
}
