//! "Cancel this job?": what was reset stays so, and nobody else is reset.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;

use super::{find, is_alive, path};
use crate::view::Confirmation;
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::filled;

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let job = find(&member, &id).await?;
    let (visit, back) = (&member.visit, path(&job.bulk_reset_id));
    if !is_alive(&job) {
        return Ok(Visit::redirect(&back));
    }
    let words = &visit.texts().bulk;
    let text = if job.dry_run { &words.cancel_dry_run_says } else { &words.cancel_says };
    let action = format!("{back}/cancel");
    let body = visit.confirmation(Confirmation {
        text: &filled(&filled(text, "reset", job.accounts_reset), "accounts", job.accounts),
        subjects: &[],
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[],
        questions: None,
        button: if job.dry_run { &words.cancel_dry_run } else { &words.cancel },
        is_loss: !job.dry_run,
        back: &back,
    })?;
    member.page(Place::Bulk, Content::new(&words.cancel_title, body))
}

pub(super) async fn cancel(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let job = find(&member, &id).await?;
    let request = wire::CancelBulkResetRequest {
        tenant_id: member.tenant().to_string(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    BulkResetServiceClient::new(member.identity()).cancel_bulk_reset(request).await?;
    Ok(Visit::redirect(&path(&job.bulk_reset_id)))
}
