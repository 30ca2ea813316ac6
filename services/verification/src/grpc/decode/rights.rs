//! What a request may name and assert, by the entry of its caller.

use rekey_primitives::id::TenantId;
use rekey_wire::status::Refusal;
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code as GrpcCode, Status};

use super::Decoder;
use crate::domain::names::{CallerName, Purpose};

impl Decoder {
    /// Permission before existence: a tenant out of reach is refused before anything else is said.
    pub(in crate::grpc) fn judge_tenant(&self, tenant: Option<TenantId>) -> Result<(), Status> {
        match tenant {
            Some(tenant) if !self.caller.may_reach(tenant) => Err(not_allowed("tenant_id", "tenants")),
            _ => Ok(()),
        }
    }

    pub(super) fn judge_purpose(&self, purpose: Option<&Purpose>) -> Result<(), Status> {
        match purpose {
            Some(purpose) if !self.caller.may_use_purpose(purpose.as_str()) => {
                Err(not_allowed("purpose", "purposes"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn judge_audience(&self, audience: Option<&CallerName>) -> Result<(), Status> {
        match audience {
            Some(audience) if !self.caller.may_name_audience(audience.as_str()) => {
                Err(not_allowed("audience", "audiences"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn judge_context(
        &self,
        context: Option<&wire::RequestContext>,
        is_vouched_for: bool,
    ) -> Result<(), Status> {
        let is_asserted = context.is_some_and(|context| {
            let wire::RequestContext { ip_address, user_agent, backend } = context;
            [ip_address, user_agent, backend].iter().any(|text| !text.is_empty())
        });
        if (is_asserted || is_vouched_for) && !self.caller.may_assert_context() {
            return Err(not_allowed("context", "may_assert_context"));
        }
        Ok(())
    }
}

/// A field that the caller may not fill like this, and the key of its entry that would allow it.
fn not_allowed(field: &str, missing: &str) -> Status {
    Refusal::new(
        GrpcCode::PermissionDenied,
        ErrorReason::CallerNotAllowed,
        "the caller may not name or assert this",
    )
    .with("field", field)
    .with("missing", missing)
    .into_status()
}
