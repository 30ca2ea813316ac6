//! `rekey.identity.v1.PasswordAdministrationService`.

use rekey_primitives::id::AccountId;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::batch_password_result::Outcome;
use rekey_wire::identity::v1::password_administration_service_server::PasswordAdministrationService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::{reason, status};
use crate::administration::{Administration, BATCH_MAX, Batch, PasswordResetView, ResetMode};
use crate::operation::{Error, Target};

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct PasswordAdministrationApi {
    pub(super) administration: Administration,
}

#[tonic::async_trait]
impl PasswordAdministrationService for PasswordAdministrationApi {
    async fn reset_password(
        &self,
        request: Request<wire::ResetPasswordRequest>,
    ) -> Result<Response<wire::ResetPasswordResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let mode = mode(&mut fields, sent.mode, sent.new_password);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, mode, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, mode?, context?))
        })?;
        let administrator = asking.administrator(context);
        let reset = self.administration.reset_password(&administrator, target, &mode).await;
        let result = Some(result(reset.map_err(status)?));
        Ok(Response::new(wire::ResetPasswordResponse { result }))
    }

    async fn batch_reset_passwords(
        &self,
        request: Request<wire::BatchResetPasswordsRequest>,
    ) -> Result<Response<wire::BatchResetPasswordsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_ids = account_ids(&mut fields, &sent.account_ids);
        let mode = match wire::PasswordResetMode::try_from(sent.mode) {
            Ok(wire::PasswordResetMode::Generate) => Some(ResetMode::Generate),
            Ok(wire::PasswordResetMode::RequireChange) => Some(ResetMode::RequireChange),
            Ok(wire::PasswordResetMode::Link) => Some(ResetMode::Link),
            _ => None,
        };
        let mode = fields.take("mode", mode, "PASSWORD_RESET_MODE_GENERATE, _REQUIRE_CHANGE or _LINK");
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (batch, context) = fields.finish(|| {
            let (tenant_id, account_ids) = (tenant_id?, account_ids?);
            Some((Batch { tenant_id, account_ids, mode: mode?, request_id: request_id? }, context?))
        })?;
        let administrator = asking.administrator(context);
        let outcomes = self.administration.reset_passwords(&administrator, &batch).await.map_err(status)?;
        let results = batch.account_ids.iter().zip(outcomes).map(|(id, outcome)| outcome_of(*id, outcome));
        Ok(Response::new(wire::BatchResetPasswordsResponse { results: results.collect() }))
    }
}

/// What becomes of the password; the new one stands beside the one mode that takes it.
fn mode(fields: &mut Fields, mode: i32, new_password: String) -> Option<ResetMode> {
    use wire::PasswordResetMode as Mode;
    let mode = match Mode::try_from(mode) {
        Ok(Mode::Set) => return fields.password("new_password", new_password).map(ResetMode::Set),
        Ok(Mode::Generate) => Some(ResetMode::Generate),
        Ok(Mode::RequireChange) => Some(ResetMode::RequireChange),
        Ok(Mode::Link) => Some(ResetMode::Link),
        Ok(Mode::Unspecified) | Err(_) => None,
    };
    fields.demand(new_password.is_empty(), "new_password", "absent unless the mode sets it");
    fields.take("mode", mode, "one of the published modes")
}

fn account_ids(fields: &mut Fields, sent: &[String]) -> Option<Vec<AccountId>> {
    fields.demand((1..=BATCH_MAX).contains(&sent.len()), "account_ids", "1 to 40 accounts");
    let named = sent.iter().take(BATCH_MAX).enumerate();
    let read = named
        .map(|(index, text)| {
            fields.take(format!("account_ids[{index}]"), AccountId::parse(text).ok(), "a UUID")
        })
        .collect::<Option<Vec<_>>>()?;
    let distinct: std::collections::HashSet<_> = read.iter().collect();
    fields.demand(distinct.len() == read.len(), "account_ids", "named once each");
    Some(read)
}

fn result(view: PasswordResetView) -> wire::PasswordResetResult {
    wire::PasswordResetResult {
        account: Some(encode::account(view.account)),
        generated_password: view.generated_password.expose_secret().to_owned(),
        password_expire_time: encode::maybe_moment(view.expires_at),
        sessions_revoked: encode::count(view.sessions_revoked),
        link_expire_time: encode::maybe_moment(view.link_expires_at),
        masked_destinations: view.masked_destinations,
    }
}

fn outcome_of(id: AccountId, outcome: Result<PasswordResetView, Error>) -> wire::BatchPasswordResult {
    let outcome = match outcome {
        Ok(view) => Outcome::Reset(result(view)),
        Err(error) => Outcome::Refused(reason(&error).to_owned()),
    };
    wire::BatchPasswordResult { account_id: id.to_string(), outcome: Some(outcome) }
}
