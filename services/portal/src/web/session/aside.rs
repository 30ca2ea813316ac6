//! A session that waits while its person signs in to another account, to link the two, and coming back to it.
//!
//! Meanwhile the other account is the one that is signed in: whatever its sign-in asks for is asked on the pages of every sign-in.

use axum::response::Response;

use super::{Member, fresh};
use crate::cookies::SetAside;
use crate::web::Fault;

impl Member {
    /// Proves to identity who this is, where another account is linked with it.
    pub(crate) fn access_token(&self) -> &str {
        &self.session.access_token
    }

    /// Has the browser keep this session, to be come back to.
    pub(crate) fn set_aside(&self, response: Response) -> Result<Response, Fault> {
        self.visit.keeping(response, None, Some(&SetAside(self.session.clone())))
    }

    /// The login of the account whose session waits; none where none does, or it is one of this account.
    pub(crate) fn waiting_login(&self) -> Option<String> {
        self.waiting().map(|SetAside(session)| session.login)
    }

    /// Whoever set their session aside; none where none waits, or it has ended. From here on the browser has that session again.
    pub(crate) async fn come_back(&self) -> Result<Option<Self>, Fault> {
        let Some(SetAside(session)) = self.waiting() else { return Ok(None) };
        match fresh(&self.visit, session).await {
            Ok(session) => {
                self.visit.stays_signed_in(&session)?;
                Self::with(self.visit.clone(), session).map(Some)
            }
            Err(Fault::SignedOut) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The answer after coming back: nothing waits any more, and forms of the time between are none.
    pub(crate) fn back(&self, response: Response) -> Result<Response, Fault> {
        let response = self.visit.keeping(response, None, None::<&SetAside>)?;
        self.visit.with_new_forms(response)
    }

    fn waiting(&self) -> Option<SetAside> {
        let is_another = |waiting: &SetAside| waiting.0.account_id != self.session.account_id;
        self.visit.kept::<SetAside>().filter(is_another)
    }
}
