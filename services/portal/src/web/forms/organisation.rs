//! Forms that act for the organisation that the browser belongs to: signing in, beginning a reset, asking for help.
//!
//! A browser may come to belong to another organisation in another tab. What was typed on a page of the one never goes to the other.

use axum::extract::{FromRequest, Request};

use super::{PostedFields, context_of};
use crate::domain::Organisation;
use crate::web::Fault;

/// A form that was found to be ours, and of the organisation that the browser belongs to.
pub(crate) struct OrganisationForm {
    pub(crate) organisation: Organisation,
    pub(crate) fields: PostedFields,
}

impl<S: Send + Sync> FromRequest<S> for OrganisationForm {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let context = context_of(&request);
        let fields =
            PostedFields::read(request, &context).await?.verify_token(&context, context.current_tenant())?;
        Ok(Self { organisation: context.organisation().await?, fields })
    }
}
