//! `rekey.identity.v1.PasswordExpiryService`.

use prost_types::Duration;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::password_expiry_service_server::PasswordExpiryService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::administration::{Administration, ExpiryView};
use crate::operation::Target;

/// How far a list looks where nothing is asked for: the first notice goes out so many days before.
const WITHIN_DAYS: u32 = crate::domain::password::expiry::NOTICE_DAYS[0];

/// How far it may look: as long as a password may live.
const WITHIN_DAYS_MAX: u32 = 730;

const DAY: i64 = 86_400;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PasswordExpiryApi {
    pub(super) administration: Administration,
}

#[tonic::async_trait]
impl PasswordExpiryService for PasswordExpiryApi {
    async fn list_expiring_passwords(
        &self,
        request: Request<wire::ListExpiringPasswordsRequest>,
    ) -> Result<Response<wire::ListExpiringPasswordsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let within = fields.take("within", days(sent.within), "0 to 730 whole days");
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, within?, asked?, context?)))?;
        let (tenant_id, within, asked, context) = read;
        let by = asking.administrator(context);
        let listed = self.administration.list_expiring_passwords(&by, tenant_id, within, &asked).await;
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListExpiringPasswordsResponse {
            passwords: page.items.into_iter().map(expiry).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn set_password_expiry_exemption(
        &self,
        request: Request<wire::SetPasswordExpiryExemptionRequest>,
    ) -> Result<Response<wire::SetPasswordExpiryExemptionResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, context?))
        })?;
        let by = asking.administrator(context);
        let set = self.administration.set_expiry_exemption(&by, target, sent.exempt).await;
        let password = Some(expiry(set.map_err(status)?));
        Ok(Response::new(wire::SetPasswordExpiryExemptionResponse { password }))
    }
}

fn days(within: Option<Duration>) -> Option<u32> {
    match within {
        None => Some(WITHIN_DAYS),
        Some(Duration { seconds, nanos: 0 }) if seconds % DAY == 0 => {
            u32::try_from(seconds / DAY).ok().filter(|days| *days <= WITHIN_DAYS_MAX)
        }
        Some(_) => None,
    }
}

fn expiry(view: ExpiryView) -> wire::PasswordExpiry {
    wire::PasswordExpiry {
        account_id: view.account_id.hyphenated().to_string(),
        login: view.login,
        display_name: view.display_name,
        exempt: view.exempt,
        expire_time: view.expires_at.map(time::timestamp),
    }
}
