//! A session that waits while its person signs in to another account, to link the two, and coming back to it.
//!
//! Meanwhile the other account is the one that is signed in: whatever its sign-in asks for is asked on the pages of every sign-in.

use axum::response::Response;

use super::{CurrentUser, refresh_if_due};
use crate::cookies::StashedSession;
use crate::web::Fault;

impl CurrentUser {
    /// Proves to identity who this is, where another account is linked with it.
    pub(crate) fn access_token(&self) -> &str {
        &self.session.access_token
    }

    /// Has the browser keep this session, to be come back to.
    pub(crate) fn stash_session(&self, response: Response) -> Result<Response, Fault> {
        self.context.with_cookie(response, None, Some(&StashedSession(self.session.clone())))
    }

    /// The login of the account whose session waits; none where none does, or it is one of this account.
    pub(crate) fn stashed_login(&self) -> Option<String> {
        self.stashed_session().map(|StashedSession(session)| session.login)
    }

    /// Whoever set their session aside; none where none waits, or it has ended. From here on the browser has that session again.
    pub(crate) async fn restore_session(&self) -> Result<Option<Self>, Fault> {
        let Some(StashedSession(session)) = self.stashed_session() else { return Ok(None) };
        match refresh_if_due(&self.context, session).await {
            Ok(session) => {
                self.context.store_session(&session)?;
                Self::with(self.context.clone(), session).map(Some)
            }
            Err(Fault::SignedOut) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The answer after coming back: nothing waits any more, and forms of the time between are none.
    pub(crate) fn with_restored_session(&self, response: Response) -> Result<Response, Fault> {
        let response = self.context.with_cookie(response, None, None::<&StashedSession>)?;
        self.context.with_new_form_secret(response)
    }

    fn stashed_session(&self) -> Option<StashedSession> {
        let is_another = |stashed: &StashedSession| stashed.0.account_id != self.session.account_id;
        self.context.cookie::<StashedSession>().filter(is_another)
    }
}
