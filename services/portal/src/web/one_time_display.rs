//! Forms whose answer holds what is shown once, such as a password to read out.
//!
//! A reload sends such a form again. Identity would give it the same answer for a while, and later do everything anew, which would void
//! what was handed over. So the browser keeps which forms were answered, and those get nothing more.

use axum::response::Response;

use super::{Fault, PageContext};
use crate::cookies::OneTimeDisplays;

/// So many forms are kept, the latest: more than anybody has open, and little beside what browsers keep.
const FORMS: usize = 16;

impl PageContext {
    /// Whether the form of this id was answered with what is shown once.
    pub(crate) fn was_displayed(&self, request_id: &str) -> bool {
        let shown = self.cookie::<OneTimeDisplays>().unwrap_or_default();
        shown.request_ids.iter().any(|known| known == request_id)
    }

    /// The answer to the form of this id, which is shown once.
    pub(crate) fn with_one_time_display(
        &self,
        response: Response,
        request_id: String,
    ) -> Result<Response, Fault> {
        let earlier = self.cookie::<OneTimeDisplays>().unwrap_or_default().request_ids;
        let request_ids = std::iter::once(request_id).chain(earlier).take(FORMS).collect();
        self.with_cookie(response, None, Some(&OneTimeDisplays { request_ids }))
    }
}
