//! What is asked before somebody is signed in: a sign-in in the browser's cookie, under a name of its own, so that two in two tabs do not
//! mix.

use axum::response::Response;
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1 as wire;

use super::LocalPath;
use crate::cookies::FlowId;
use crate::domain::SignInProgress;
use crate::peers::question;
use crate::web::{Fault, PageContext};

impl PageContext {
    /// Leads to the page of a challenge, and from there to where the person wanted to go. `login` is what they typed.
    pub(crate) fn start_challenge(
        &self,
        tenant: TenantId,
        login: &str,
        challenge: wire::SignInChallenge,
        next: &LocalPath,
    ) -> Result<Response, Fault> {
        let flow = FlowId::draw(&*self.site.entropy);
        let question = question(&challenge)?;
        let progress = SignInProgress {
            tenant,
            login: login.to_owned(),
            next: next.as_str().to_owned(),
            token: challenge.challenge_token,
            question,
        };
        let progress = self.without_filters_if_full(&flow, progress);
        self.with_new_flow(Self::redirect(&path(&flow)), &flow, &progress)
    }

    /// Leads from one challenge of a sign-in to the next one.
    pub(crate) fn next_challenge(
        &self,
        flow: &FlowId,
        before: &SignInProgress,
        challenge: wire::SignInChallenge,
    ) -> Result<Response, Fault> {
        let question = question(&challenge)?;
        let progress = SignInProgress { token: challenge.challenge_token, question, ..before.clone() };
        self.redirect_to_challenge(flow, &self.without_filters_if_full(flow, progress))
    }

    /// Beside a very long login there may be no room for filters: then their list begins without them.
    fn without_filters_if_full(&self, flow: &FlowId, progress: SignInProgress) -> SignInProgress {
        if self.has_room(flow, &progress) {
            return progress;
        }
        let next = LocalPath::parse(&progress.next).unwrap_or_else(LocalPath::account);
        SignInProgress { next: next.path().to_owned(), ..progress }
    }

    /// Leads to the page of what a sign-in waits for.
    pub(crate) fn redirect_to_challenge(
        &self,
        flow: &FlowId,
        progress: &SignInProgress,
    ) -> Result<Response, Fault> {
        self.with_cookie(Self::redirect(&path(flow)), Some(flow), Some(progress))
    }

    /// The sign-in of this name, while it waits.
    pub(crate) fn sign_in(&self, flow: &FlowId) -> Option<SignInProgress> {
        self.flow_cookie(flow)
    }
}

/// Where the question of a sign-in is asked.
fn path(flow: &FlowId) -> String {
    format!("/sign-in/continue/{}", flow.as_str())
}
