//! A form that brings a file (`multipart/form-data`, RFC 7578): fields and token as in any other, and one file beside them.

use axum::body::Body;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt as _;
use rekey_primitives::secret::Zeroizing;

use super::{PostedFields, context_of};
use crate::web::Fault;

/// Twice what the largest file may have, which is a logo. All of it is held at once.
const BODY_BYTES: usize = 64 * 1024;

/// As much is heard of a body that is too large, and dropped: a browser that is cut off while it sends shows a page of its own instead of
/// ours. More than a photograph has.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// A form that was found to be ours, and its file.
pub(crate) struct PostedFile {
    pub(crate) fields: PostedFields,
    /// What the file holds; nothing where none was chosen. What somebody calls it means nothing.
    pub(crate) content: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for PostedFile {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let context = context_of(&request);
        let (head, body) = request.into_parts();
        let whole = Request::from_parts(head, Body::from(read(body).await?));
        let (fields, content) = parts_of(whole, state).await.ok_or(Fault::FormExpired)?;
        Ok(Self { fields: fields.verify_token(&context, None)?, content })
    }
}

/// The whole body, if it may be as large.
async fn read(mut body: Body) -> Result<Vec<u8>, Fault> {
    let (mut kept, mut received) = (Vec::new(), 0);
    while received <= DRAINED_BYTES
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(|_| Fault::FormExpired)?.into_data() else { continue };
        received += data.len();
        if received <= BODY_BYTES {
            kept.extend_from_slice(&data);
        }
    }
    if received <= BODY_BYTES { Ok(kept) } else { Err(Fault::TooLarge) }
}

/// The fields of a form and its file; none where it is no such form, and so none that a page of ours sent.
async fn parts_of<S: Send + Sync>(request: Request, state: &S) -> Option<(PostedFields, Vec<u8>)> {
    let mut form = Multipart::from_request(request, state).await.ok()?;
    let (mut fields, mut content) = (Vec::new(), Vec::new());
    while let Some(part) = form.next_field().await.ok()? {
        let name = part.name()?.to_owned();
        let is_file = part.file_name().is_some();
        let value = part.bytes().await.ok()?.to_vec();
        if is_file {
            content = value;
        } else {
            fields.push((name, Zeroizing::new(String::from_utf8(value).ok()?)));
        }
    }
    Some((PostedFields(fields), content))
}
