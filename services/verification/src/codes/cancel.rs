//! Cancelling a verification.

use rekey_primitives::id::RequestId;

use super::{Codes, Error};
use crate::domain::scope::ScopedId;
use crate::domain::verification::VerificationState;
use crate::store::CancelStep;

#[derive(Debug, Clone)]
pub(crate) struct CancelRequest {
    pub(crate) id: ScopedId,
    pub(crate) request_id: RequestId,
}

impl Codes {
    /// Ends a verification; one that is over stays as it is. Tells its state afterwards.
    #[tracing::instrument(skip_all, fields(tenant = %request.id.scope.tenant, verification = %request.id.verification))]
    pub(crate) async fn cancel(&self, request: &CancelRequest) -> Result<VerificationState, Error> {
        let now = self.clock.now();
        let content = self.keys.content_macs(&[b"cancel", request.id.verification.as_uuid().as_bytes()]);
        let idempotency = self.idempotency(request.request_id, content);
        let step = CancelStep { idempotency, id: request.id.clone() };
        Ok(self.store.cancel(&step, now).await??)
    }
}
