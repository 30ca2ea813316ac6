//! A message as it would go out, with sample values: by the renderer that writes it then.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use rekey_wire::notification::v1 as wire;

use super::{Refused, TextKey, client, refused};
use crate::view::Values;
use crate::web::{CurrentUser, Fault, PageContext};
use crate::words::interpolate;

/// What is shown of it.
#[derive(Default)]
pub(super) struct Preview {
    subject: String,
    text: String,
    pub(super) html: String,
    sms: String,
    sms_size: String,
}

impl Preview {
    /// Of a draft; without one, of the text in force.
    pub(super) async fn of(
        user: &CurrentUser,
        key: &TextKey,
        draft: Option<wire::TemplateParts>,
    ) -> Result<Result<Self, Refused>, Fault> {
        let request = wire::PreviewTemplateRequest {
            tenant_id: user.tenant().to_string(),
            name: key.name.clone(),
            locale: key.locale.clone(),
            draft,
            ..wire::PreviewTemplateRequest::default()
        };
        match client(user).preview_template(request).await {
            Ok(shown) => Ok(Ok(Self::read(&user.context, shown.into_inner()))),
            Err(status) => refused(status).map(Err),
        }
    }

    fn read(context: &PageContext, shown: wire::PreviewTemplateResponse) -> Self {
        let (email, sms) = (shown.email.unwrap_or_default(), shown.sms.unwrap_or_default());
        let sms_size = sms_size(&context.texts().templates.sms_size, &sms);
        Self { subject: email.subject, text: email.text, html: email.html, sms: sms.text, sms_size }
    }

    /// By the names that the page and its script know.
    fn parts(&self) -> [(&'static str, &str); 4] {
        [("subject", &self.subject), ("text", &self.text), ("sms", &self.sms), ("sms_size", &self.sms_size)]
    }

    pub(super) fn values(&self) -> Values {
        self.parts().into_iter().fold(Values::default(), |values, (name, text)| values.text(name, text))
    }
}

/// For our script: the parts of the page that change, as a form has them. What does not pass leaves them as they are.
pub(super) fn live(context: &PageContext, previewed: &Result<Preview, Refused>) -> Response {
    let mut answer = form_urlencoded::Serializer::new(String::new());
    match previewed {
        Ok(preview) => answer.extend_pairs(preview.parts()).append_pair("problem", ""),
        Err(refused) => answer.append_pair("problem", &refused.sentence(context)),
    };
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    ([(header::CONTENT_TYPE, form)], answer.finish()).into_response()
}

/// How much of a gateway's messages a text takes up.
fn sms_size(text: &str, sms: &wire::SmsPreview) -> String {
    let alphabet = match sms.encoding() {
        wire::SmsEncoding::Ucs2 => "UCS-2",
        wire::SmsEncoding::Gsm7 | wire::SmsEncoding::Unspecified => "GSM-7",
    };
    let text = interpolate(text, "segments", sms.segments);
    interpolate(&interpolate(&text, "left", sms.units_left), "alphabet", alphabet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_text_message_is_told() {
        let sms = wire::SmsPreview {
            encoding: wire::SmsEncoding::Ucs2.into(),
            segments: 2,
            units_left: 31,
            ..wire::SmsPreview::default()
        };

        assert_eq!(sms_size("{segments} by {alphabet}, {left} left", &sms), "2 by UCS-2, 31 left");
    }
}
