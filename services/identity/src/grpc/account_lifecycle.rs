//! `rekey.identity.v1.AccountLifecycleService`.

use prost_types::FieldMask;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_lifecycle_service_server::AccountLifecycleService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Directory, EditTarget};
use crate::domain::account_edit::AccountEdit;
use crate::operation::{Context, Target};

/// What a mask names.
const PATHS: [&str; 5] =
    ["logins", "display_name", "external_id", "must_change_password", "managed_elsewhere"];

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccountLifecycleApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl AccountLifecycleService for AccountLifecycleApi {
    async fn update_account(
        &self,
        request: Request<wire::UpdateAccountRequest>,
    ) -> Result<Response<wire::UpdateAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let (edit, context) = edit(&asking, sent)?;
        let administrator = asking.administrator(context);
        let account = self.directory.update_account(&administrator, &edit).await.map_err(status)?;
        Ok(Response::new(wire::UpdateAccountResponse { account: Some(encode::account(account)) }))
    }

    async fn delete_account(
        &self,
        request: Request<wire::DeleteAccountRequest>,
    ) -> Result<Response<wire::DeleteAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.target(&sent.tenant_id, &sent.account_id, &sent.request_id);
        let version = fields.optional_etag(&sent.etag);
        let context = fields.context(&asking, sent.context);
        let (target, version, context) = fields.finish(|| Some((target?, version?, context?)))?;
        let administrator = asking.administrator(context);
        let deleted = self.directory.delete_account(&administrator, target, version).await.map_err(status)?;
        Ok(Response::new(wire::DeleteAccountResponse {
            account: Some(encode::account(deleted.view)),
            purge_time: encode::moment(deleted.purged_at),
        }))
    }

    async fn erase_account(
        &self,
        request: Request<wire::EraseAccountRequest>,
    ) -> Result<Response<wire::EraseAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.target(&sent.tenant_id, &sent.account_id, &sent.request_id);
        let version = fields.optional_etag(&sent.etag);
        let context = fields.context(&asking, sent.context);
        let (target, version, context) = fields.finish(|| Some((target?, version?, context?)))?;
        let administrator = asking.administrator(context);
        let erased = self.directory.erase_account(&administrator, target, version).await.map_err(status)?;
        Ok(Response::new(wire::EraseAccountResponse {
            account_hash: erased.account_hash.simple().to_string(),
        }))
    }

    async fn undelete_account(
        &self,
        request: Request<wire::UndeleteAccountRequest>,
    ) -> Result<Response<wire::UndeleteAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.target(&sent.tenant_id, &sent.account_id, &sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| Some((target?, context?)))?;
        let administrator = asking.administrator(context);
        let account = self.directory.undelete_account(&administrator, target).await.map_err(status)?;
        Ok(Response::new(wire::UndeleteAccountResponse { account: Some(encode::account(account)) }))
    }
}

fn edit(asking: &Asking, sent: wire::UpdateAccountRequest) -> Result<(EditTarget, Context), Status> {
    let mut fields = Fields::default();
    let target = fields.target(&sent.tenant_id, &sent.account_id, &sent.request_id);
    let version = fields.optional_etag(&sent.etag);
    let mask = fields.mask(sent.update_mask, &PATHS, "a field of an account that can be changed");
    let names = |path: &str| mask.iter().any(|named| named == path);
    let logins = names("logins").then(|| fields.logins(&sent.logins));
    let display_name = names("display_name").then(|| match sent.display_name.as_str() {
        "" => Some(String::new()),
        text => fields.display_name("display_name", text),
    });
    let external_id = names("external_id").then(|| fields.external_id(&sent.external_id));
    let context = fields.context(asking, sent.context);
    fields.finish(|| {
        let edit = AccountEdit {
            logins: given(logins)?,
            display_name: given(display_name)?,
            external_id: given(external_id)?,
            must_change_password: names("must_change_password").then_some(sent.must_change_password),
            managed_elsewhere: names("managed_elsewhere").then_some(sent.managed_elsewhere),
        };
        Some((EditTarget { target: target?, version: version?, edit }, context?))
    })
}

/// What the mask names and was read; nothing at all where what it names did not read.
pub(super) fn given<T>(named: Option<Option<T>>) -> Option<Option<T>> {
    match named {
        None => Some(None),
        Some(None) => None,
        Some(read) => Some(read),
    }
}

impl Fields {
    /// Whose account, and by which call.
    fn target(&mut self, tenant_id: &str, account_id: &str, request_id: &str) -> Option<Target> {
        let tenant_id = self.tenant_id(tenant_id);
        let account_id = self.account_id(account_id);
        let request_id = self.request_id(request_id);
        Some(Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? })
    }

    /// The fields that a mask names, each of which must be one of these.
    pub(super) fn mask(
        &mut self,
        sent: Option<FieldMask>,
        known: &[&str],
        must_be: &'static str,
    ) -> Vec<String> {
        let paths = sent.unwrap_or_default().paths;
        self.demand(!paths.is_empty(), "update_mask", "one or more fields");
        // What is too much is no field either.
        for (index, path) in paths.iter().take(known.len() + 1).enumerate() {
            let named = known.contains(&path.as_str()).then_some(());
            self.take(format!("update_mask.paths[{index}]"), named, must_be);
        }
        self.demand(paths.len() <= known.len(), "update_mask", "each field once");
        paths
    }
}
