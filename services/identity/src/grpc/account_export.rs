//! `rekey.identity.v1.AccountExportService`.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use rekey_primitives::contact::Destination;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_export_service_server::AccountExportService;
use rekey_wire::identity::v1::imported_address::Address;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{AskedExport, Directory, Export, ExportPage, ExportedAccount, ImportedAddress};

/// Whoever may call both of these in their own name may see addresses.
const ADDRESSES: [&str; 2] = [
    "/rekey.identity.v1.AccountService/CreateAccount",
    "/rekey.identity.v1.AccountSecurityInfoService/ListAccountSecurityInfo",
];

/// How long a stream lasts: with room within the 60 s that no call exceeds.
const LIFE: Duration = Duration::from_secs(50);

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccountExportApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl AccountExportService for AccountExportApi {
    type ExportAccountsStream =
        Pin<Box<dyn Stream<Item = Result<wire::ExportAccountsResponse, Status>> + Send>>;

    async fn export_accounts(
        &self,
        request: Request<wire::ExportAccountsRequest>,
    ) -> Result<Response<Self::ExportAccountsStream>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let filter = fields.account_filter(sent.filter);
        let page_size = fields.take("page_size", u32::try_from(sent.page_size).ok(), "0 or more");
        let token = fields.optional_token("resume_token", sent.resume_token);
        let context = fields.context(&asking, sent.context);
        let (asked, context) = fields.finish(|| {
            let with_addresses = sent.include_addresses;
            let asked = AskedExport {
                tenant_id: tenant_id?,
                filter: filter?,
                with_addresses,
                page_size: page_size?,
                token: token?,
            };
            Some((asked, context?))
        })?;
        let may_see_addresses = ADDRESSES.iter().all(|path| asking.may_administer(path));
        let administrator = asking.administrator(context);
        let begun = self.directory.export_accounts(&administrator, asked, may_see_addresses).await;
        let (export, ends_at) = (begun.map_err(status)?, Instant::now() + LIFE);
        let pages = try_unfold(export, move |mut export: Export| async move {
            if Instant::now() >= ends_at {
                return Ok(None);
            }
            let found = export.next().await.map_err(status)?;
            Ok(found.map(|found| (page(found), export)))
        });
        Ok(Response::new(Box::pin(pages)))
    }
}

fn page(page: ExportPage) -> wire::ExportAccountsResponse {
    wire::ExportAccountsResponse {
        accounts: page.accounts.into_iter().map(account).collect(),
        complete: page.token.is_none(),
        resume_token: page.token.map(|token| token.expose_secret().to_owned()).unwrap_or_default(),
    }
}

fn account(exported: ExportedAccount) -> wire::ExportedAccount {
    wire::ExportedAccount {
        account: Some(encode::account(exported.account)),
        group_ids: exported.groups.iter().map(|group| group.hyphenated().to_string()).collect(),
        addresses: exported.addresses.into_iter().map(address).collect(),
    }
}

fn address(ImportedAddress { address, confirmed }: ImportedAddress) -> wire::ImportedAddress {
    let text = address.as_str().to_owned();
    let address = match address {
        Destination::Email(_) => Address::EmailAddress(text),
        Destination::Phone(_) => Address::PhoneNumber(text),
    };
    wire::ImportedAddress { address: Some(address), confirmed }
}
