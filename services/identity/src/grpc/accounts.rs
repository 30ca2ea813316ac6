//! `rekey.identity.v1.AccountService`.

use rekey_primitives::login::Login;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_server::AccountService;
use rekey_wire::identity::v1::lookup_account_request::Key;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::{status, status_of_creation};
use crate::directory::{AccountName, Directory, NewAccount};
use crate::domain::account::{LOGINS_MAX, is_external_id};
use crate::domain::authority::RoleSet;
use crate::operation::Context;

/// Most addresses of a kind that a new account may have.
const ADDRESSES_MAX: usize = 5;

const EXTERNAL_ID: &str = "1 to 256 printable ASCII characters";

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccountApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl AccountService for AccountApi {
    async fn create_account(
        &self,
        request: Request<wire::CreateAccountRequest>,
    ) -> Result<Response<wire::CreateAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let (new, context) = new_account(&asking, sent)?;
        let administrator = asking.administrator(context);
        let account = self.directory.create_account(&administrator, new).await.map_err(status_of_creation)?;
        Ok(Response::new(wire::CreateAccountResponse { account: Some(encode::account(account)) }))
    }

    async fn get_account(
        &self,
        request: Request<wire::GetAccountRequest>,
    ) -> Result<Response<wire::GetAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, account_id, context) = fields.finish(|| Some((tenant_id?, account_id?, context?)))?;
        let administrator = asking.administrator(context);
        let name = AccountName::Id(account_id);
        let account = self.directory.get_account(&administrator, tenant_id, name).await.map_err(status)?;
        Ok(Response::new(wire::GetAccountResponse { account: Some(encode::account(account)) }))
    }

    async fn list_accounts(
        &self,
        request: Request<wire::ListAccountsRequest>,
    ) -> Result<Response<wire::ListAccountsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let filter = fields.account_filter(sent.filter);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, filter?, asked?, context?)))?;
        let (tenant_id, filter, asked, context) = read;
        let administrator = asking.administrator(context);
        let found = self.directory.search_accounts(&administrator, tenant_id, &filter, &asked).await;
        let page = found.map_err(status)?;
        Ok(Response::new(wire::ListAccountsResponse {
            accounts: page.items.into_iter().map(encode::account).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn count_accounts(
        &self,
        request: Request<wire::CountAccountsRequest>,
    ) -> Result<Response<wire::CountAccountsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let filter = fields.account_filter(sent.filter);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, filter, context) = fields.finish(|| Some((tenant_id?, filter?, context?)))?;
        let administrator = asking.administrator(context);
        let counted = self.directory.count_accounts(&administrator, tenant_id, &filter).await;
        let counted = counted.map_err(status)?;
        Ok(Response::new(wire::CountAccountsResponse {
            count: counted.count.cast_signed(),
            at_least: counted.is_lower_bound,
        }))
    }

    async fn lookup_account(
        &self,
        request: Request<wire::LookupAccountRequest>,
    ) -> Result<Response<wire::LookupAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let name = match sent.key {
            Some(Key::Login(text)) => fields.login("login", &text).map(AccountName::Login),
            Some(Key::ExternalId(text)) => {
                let fits = is_external_id(&text);
                fields.take("external_id", fits.then_some(text), EXTERNAL_ID).map(AccountName::ExternalId)
            }
            None => fields.take("key", None, "a login or an external id"),
        };
        let context = fields.context(&asking, sent.context);
        let (tenant_id, name, context) = fields.finish(|| Some((tenant_id?, name?, context?)))?;
        let administrator = asking.administrator(context);
        let account = self.directory.get_account(&administrator, tenant_id, name).await.map_err(status)?;
        Ok(Response::new(wire::LookupAccountResponse { account: Some(encode::account(account)) }))
    }
}

fn new_account(asking: &Asking, sent: wire::CreateAccountRequest) -> Result<(NewAccount, Context), Status> {
    let mut fields = Fields::default();
    let tenant_id = fields.tenant_id(&sent.tenant_id);
    let logins = fields.logins(&sent.logins);
    let display_name = match sent.display_name.as_str() {
        "" => Some(None),
        text => fields.display_name("display_name", text).map(Some),
    };
    let external_id = fields.external_id(&sent.external_id);
    let password = match sent.password {
        none if none.is_empty() => Some(None),
        text => fields.password("password", text).map(Some),
    };
    fields.demand(sent.email_addresses.len() <= ADDRESSES_MAX, "email_addresses", "at most 5");
    fields.demand(sent.phone_numbers.len() <= ADDRESSES_MAX, "phone_numbers", "at most 5");
    let mut addresses = Vec::new();
    for (index, text) in sent.email_addresses.iter().take(ADDRESSES_MAX).enumerate() {
        addresses.push(fields.email(format!("email_addresses[{index}]"), text));
    }
    for (index, text) in sent.phone_numbers.iter().take(ADDRESSES_MAX).enumerate() {
        addresses.push(fields.phone(format!("phone_numbers[{index}]"), text));
    }
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(asking, sent.context);
    fields.finish(|| {
        let new = NewAccount {
            tenant_id: tenant_id?,
            logins: logins?,
            display_name: display_name?,
            external_id: external_id?,
            password: password?,
            addresses: addresses.into_iter().collect::<Option<_>>()?,
            addresses_confirmed: sent.addresses_confirmed,
            must_change_password: sent.must_change_password,
            managed_elsewhere: sent.managed_elsewhere,
            roles: RoleSet::EMPTY,
            request_id: request_id?,
        };
        Some((new, context?))
    })
}

impl Fields {
    /// The logins of an account, each once.
    pub(super) fn logins(&mut self, sent: &[String]) -> Option<Vec<Login>> {
        self.demand((1..=LOGINS_MAX).contains(&sent.len()), "logins", "1 to 20 names");
        let typed = sent.iter().take(LOGINS_MAX).enumerate();
        let read: Option<Vec<Login>> =
            typed.map(|(index, text)| self.login(format!("logins[{index}]"), text)).collect();
        let mut distinct = Vec::new();
        for login in read? {
            if !distinct.contains(&login) {
                distinct.push(login);
            }
        }
        Some(distinct)
    }

    /// The integrator's own id, or none.
    pub(super) fn external_id(&mut self, text: &str) -> Option<Option<String>> {
        let read = |text: &str| is_external_id(text).then(|| text.to_owned());
        self.optional("external_id", text, read, EXTERNAL_ID)
    }
}
