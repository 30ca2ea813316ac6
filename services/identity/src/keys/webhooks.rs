//! The secrets of webhooks, sealed.

use rekey_primitives::entropy::Entropy;
use rekey_primitives::id::{AuditWebhookId, TenantId};
use rekey_sealing::WebhookSecret;

use super::Keys;
use crate::domain::sealed::Sealed;

impl Keys {
    /// Seals the secret of a webhook. Under the pepper, since it has to be read for as long as the webhook lives.
    pub(crate) fn seal_webhook_secret(
        &self,
        entropy: &dyn Entropy,
        tenant_id: TenantId,
        webhook: AuditWebhookId,
        secret: &WebhookSecret,
    ) -> Sealed {
        Sealed::new(self.pepper.seal(entropy, &context(tenant_id, webhook), secret.as_bytes()))
    }

    /// Opens the secret of a webhook; `None` if the pepper it is under is gone.
    pub(crate) fn open_webhook_secret(
        &self,
        tenant_id: TenantId,
        webhook: AuditWebhookId,
        sealed: &Sealed,
    ) -> Option<WebhookSecret> {
        let opened = self.pepper.open(&context(tenant_id, webhook), sealed.as_bytes()).ok()?;
        Some(WebhookSecret::from_bytes(opened))
    }
}

fn context(tenant_id: TenantId, webhook: AuditWebhookId) -> Vec<u8> {
    [b"audit webhook".as_slice(), tenant_id.as_uuid().as_bytes(), webhook.as_uuid().as_bytes()].concat()
}
