//! What there is to say when there is no page: a fault travels to `page_middleware` in the answer, where it becomes a page in the person's
//! language.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Fault {
    NotFound,
    /// The form is not of ours, or of another browser.
    FormExpired,
    TooLarge,
    /// Nothing was changed, and trying again may help.
    DeadlineExceeded,
    /// The reset is not known here, or has ended.
    ResetOver,
    /// The sign-in is not known here, or has ended.
    SignInOver,
    /// A part of the link of a mail is missing.
    LinkIncomplete,
    /// The link of a mail is spent, or over.
    LinkOver,
    /// Nobody knows which organisation the person is with: they are asked.
    NoOrganisation,
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The person signed in too long ago for what they want to change: they do so again, and come back.
    SignInNotRecent,
    /// A later page of a list that was kept for longer than its place is: the list begins anew, as it was asked for.
    ListMoved,
    /// The person's role does not include it.
    NotAllowed,
    /// Identity gave no answer.
    Peer(PeerFailure),
    /// Something of ours broke.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::FormExpired => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ResetOver | Self::SignInOver | Self::LinkOver => StatusCode::GONE,
            Self::LinkIncomplete => StatusCode::BAD_REQUEST,
            Self::NoOrganisation | Self::SignedOut | Self::SignInNotRecent | Self::ListMoved => {
                StatusCode::SEE_OTHER
            }
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::Peer(failure) if !failure.is_transient => StatusCode::INTERNAL_SERVER_ERROR,
            Self::DeadlineExceeded | Self::Peer(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// By which whoever runs the services finds the call that failed.
    pub(super) fn support_code(&self) -> Option<&str> {
        match self {
            Self::Peer(failure) => failure.support_code.as_deref(),
            _ => None,
        }
    }

    /// Tells the operator, once, of what is not the fault of the person.
    pub(crate) fn log(&self) {
        match self {
            Self::Peer(failure) => {
                tracing::error!(error = failure as &dyn std::error::Error, "identity gave no answer");
            }
            Self::Internal(error) => {
                tracing::error!(error = &**error as &dyn std::error::Error, "a page could not be made");
            }
            Self::DeadlineExceeded => tracing::warn!("a page took longer than portal.requests.deadline_ms"),
            _ => {}
        }
    }
}

/// What the roles of whoever asks do not reach.
const AUTHORITY_REASONS: [&str; 2] = ["AUTHORITY_MISSING", "NOT_ON_YOURSELF"];

/// A fault on its way. Extensions of an answer are cloned, faults are not.
#[derive(Clone)]
pub(super) struct CarriedFault(Arc<Mutex<Option<Fault>>>);

impl CarriedFault {
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl From<PeerFailure> for Fault {
    fn from(failure: PeerFailure) -> Self {
        Self::Peer(failure)
    }
}

impl From<PeerError> for Fault {
    /// A refusal that a page has nothing of its own to say of.
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Failed(failure) => failure.into(),
            PeerError::Refused(Refusal::SignedOut) => Self::SignedOut,
            PeerError::Refused(Refusal::SignInNotRecent) => Self::SignInNotRecent,
            PeerError::Refused(Refusal::NotAllowed) => Self::NotAllowed,
            PeerError::Refused(Refusal::NotFound) => Self::NotFound,
            PeerError::Refused(Refusal::Other(reason, _)) if reason == "PAGE_TOKEN_INVALID" => {
                Self::ListMoved
            }
            PeerError::Refused(Refusal::Other(reason, _)) if AUTHORITY_REASONS.contains(&reason.as_str()) => {
                Self::NotAllowed
            }
            PeerError::Refused(other) => Self::Internal(format!("nothing is said of {other:?}").into()),
        }
    }
}

impl From<tonic::Status> for Fault {
    fn from(status: tonic::Status) -> Self {
        PeerError::from(status).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(CarriedFault(Arc::new(Mutex::new(Some(self)))));
        response
    }
}
