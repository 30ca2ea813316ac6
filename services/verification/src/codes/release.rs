//! Releasing a subject that its failures pause or stop.

use rekey_primitives::id::RequestId;

use super::{Codes, Error};
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::TenantScope;
use crate::store::ReleaseStep;

#[derive(Debug, Clone)]
pub(crate) struct ReleaseRequest {
    pub(crate) scope: TenantScope,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) request_id: RequestId,
}

impl Codes {
    /// Forgets a subject's failures.
    #[tracing::instrument(skip_all, fields(tenant = %request.scope.tenant))]
    pub(crate) async fn release(&self, request: &ReleaseRequest) -> Result<(), Error> {
        let now = self.clock.now();
        let ReleaseRequest { scope, purpose, subject, request_id } = request;
        let content =
            self.keys.content_macs(&[b"release", purpose.as_str().as_bytes(), subject.as_str().as_bytes()]);
        let step = ReleaseStep {
            idempotency: self.idempotency(*request_id, content),
            scope: scope.clone(),
            purpose: purpose.clone(),
            subject: subject.clone(),
        };
        Ok(self.store.release(&step, now).await??)
    }
}
