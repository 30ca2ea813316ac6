//! The mail as its reader would see it: a document of its own for the frame of a page, so that its styles are none of the page's.
//!
//! A draft comes by the form of the editor, with its token and for its path; no address holds one. So a page that was answered with a
//! draft has a frame that says so until the draft is sent into it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;

use super::preview::Preview;
use super::versions::number;
use super::{Refused, TextKey};
use crate::view::Values;
use crate::web::{CurrentUser, Fault, PageContext};

/// What is said in place of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// The draft was not sent into the frame yet.
    Unseen,
    /// The draft does not pass.
    Refused,
}

impl Placeholder {
    const ALL: [Self; 2] = [Self::Unseen, Self::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Refused => "refused",
        }
    }

    fn sentence(self, context: &PageContext) -> &str {
        let words = &context.texts().templates;
        match self {
            Self::Unseen => &words.frame_unseen,
            Self::Refused => &words.frame_refused,
        }
    }
}

/// Where the document for the frame of a page is: of the text that the page shows, or of what is said in its place.
pub(super) fn address(page: &str, placeholder: Option<Placeholder>) -> String {
    match placeholder {
        Some(placeholder) => format!("{page}/preview?draft={}", placeholder.as_str()),
        None => format!("{page}/preview"),
    }
}

/// Of the text in force.
pub(super) async fn show(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let draft = user.context.query("draft");
    match Placeholder::ALL.into_iter().find(|placeholder| placeholder.as_str() == draft) {
        Some(placeholder) => said(&user.context, StatusCode::OK, placeholder),
        None => document(&user.context, &Preview::of(&user, &key, None).await?),
    }
}

pub(super) async fn show_version(
    user: CurrentUser,
    Path((name, locale, version)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let text = key.version(&user, number(&version)?).await?;
    stored(&user, key, text).await
}

pub(super) async fn show_built_in(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let text = key.built_in(&user).await?;
    stored(&user, key, text).await
}

/// A text that may not be in force, in the language that it is written in: its plurals follow the rules of that one.
async fn stored(user: &CurrentUser, key: TextKey, text: wire::TemplateText) -> Result<Response, Fault> {
    let key = TextKey { locale: text.source_locale, ..key };
    document(&user.context, &Preview::of(user, &key, text.parts).await?)
}

/// The mail, or why there is none.
pub(super) fn document(
    context: &PageContext,
    previewed: &Result<Preview, Refused>,
) -> Result<Response, Fault> {
    match previewed {
        Ok(preview) => Ok(PageContext::framed_mail(StatusCode::OK, with_dead_links(&preview.html))),
        Err(_) => said(context, StatusCode::UNPROCESSABLE_ENTITY, Placeholder::Refused),
    }
}

/// Links open windows, which the sandbox does not allow; in the frame itself they would lead somewhere.
fn with_dead_links(html: &str) -> String {
    html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1)
}

fn said(context: &PageContext, status: StatusCode, placeholder: Placeholder) -> Result<Response, Fault> {
    let values = Values::default()
        .text("tag", context.locale.tag())
        .text("direction", context.locale.direction())
        .text("sentence", placeholder.sentence(context));
    let document = context.body("template_frame", values)?;
    Ok(PageContext::framed_mail(status, document.into_text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_below_its_page_and_no_draft_stands_in_its_address() {
        let page = "/administration/templates/sign_in_code/en";

        assert_eq!(address(page, None), format!("{page}/preview"));
        assert_eq!(address(page, Some(Placeholder::Unseen)), format!("{page}/preview?draft=unseen"));
    }

    #[test]
    fn links_of_a_mail_open_windows() {
        let mail =
            with_dead_links("<html>\n<head>\n<title>x</title>\n</head>\n<body>&lt;head></body>\n</html>");

        assert_eq!(mail.matches("<head>\n<base target=\"_blank\">").count(), 1, "{mail}");
    }
}
