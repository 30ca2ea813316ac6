//! "Cancel this job?": what was reset stays so, and nobody else is reset.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;

use super::{find, is_alive, path};
use crate::view::Confirmation;
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let job = find(&user, &id).await?;
    let (context, back) = (&user.context, path(&job.bulk_reset_id));
    if !is_alive(&job) {
        return Ok(PageContext::redirect(&back));
    }
    let words = &context.texts().bulk;
    let text = if job.dry_run { &words.cancel_dry_run_says } else { &words.cancel_says };
    let action = format!("{back}/cancel");
    let body = context.confirmation(Confirmation {
        text: &interpolate(&interpolate(text, "reset", job.accounts_reset), "accounts", job.accounts),
        subjects: &[],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: if job.dry_run { &words.cancel_dry_run } else { &words.cancel },
        is_loss: !job.dry_run,
        back: &back,
    })?;
    user.page(MenuItem::Bulk, PageContent::new(&words.cancel_title, body))
}

pub(super) async fn cancel(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let job = find(&user, &id).await?;
    let request = wire::CancelBulkResetRequest {
        tenant_id: user.tenant().to_string(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    BulkResetServiceClient::new(user.identity()).cancel_bulk_reset(request).await?;
    Ok(PageContext::redirect(&path(&job.bulk_reset_id)))
}
