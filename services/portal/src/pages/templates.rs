//! What messages say, for administrators: the texts that are built in, and the organisation's own in their place.
//!
//! Notification knows services and no persons, so every page asks identity first whether the administrator may do this, and names no
//! tenant but theirs.
//!
//! A mail's HTML is made by notification from the plain text, and shown in a frame, in a sandbox without scripts: these pages alone may
//! hold a frame, and only what is in it may have styles in its markup.

mod edit;
mod frame;
mod list;
mod preview;
mod versions;

use axum::Router;
use axum::routing::get;
use rekey_client::Connection;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::ErrorReason;
use rekey_wire::notification::v1::template_service_client::TemplateServiceClient;
use tonic::Status;

use crate::peers::PeerFailure;
use crate::view::Values;
use crate::web::{CurrentUser, Fault, LocalPath, MenuItem, PageContext};
use crate::words::{UiLocale, interpolate};

const TEMPLATES: MenuItem = MenuItem::Templates;
const PATH: &str = TEMPLATES.path();

pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/templates", get(list::show))
        .route("/administration/templates/{name}", get(list::open))
        .route("/administration/templates/{name}/{locale}", get(edit::show).post(edit::submit))
        .route("/administration/templates/{name}/{locale}/preview", get(frame::show))
        .route(
            "/administration/templates/{name}/{locale}/built-in",
            get(versions::show_built_in).post(versions::reset),
        )
        .route("/administration/templates/{name}/{locale}/built-in/preview", get(frame::show_built_in))
        .route("/administration/templates/{name}/{locale}/versions", get(versions::list))
        .route(
            "/administration/templates/{name}/{locale}/versions/{version}",
            get(versions::show).post(versions::roll_back),
        )
        .route(
            "/administration/templates/{name}/{locale}/versions/{version}/preview",
            get(frame::show_version),
        )
}

fn client(user: &CurrentUser) -> TemplateServiceClient<Connection> {
    TemplateServiceClient::new(user.context.site.notification_connection.clone())
}

/// A text of the administrator's tenant.
struct TextKey {
    name: String,
    locale: String,
    /// The address of its page.
    path: String,
}

impl TextKey {
    /// The text that an address names, for whoever may change texts at this moment.
    async fn open(user: &CurrentUser, name: &str, locale: &str) -> Result<Self, Fault> {
        user.require_role(TEMPLATES.roles()).await?;
        let path = LocalPath::parse_path(&format!("{PATH}/{name}/{locale}")).ok_or(Fault::NotFound)?;
        Ok(Self { name: name.to_owned(), locale: locale.to_owned(), path: path.as_str().to_owned() })
    }

    /// A version of it; 0 is what is in force.
    async fn version(&self, user: &CurrentUser, version: i32) -> Result<wire::TemplateText, Fault> {
        self.get(user, version, false).await
    }

    async fn built_in(&self, user: &CurrentUser) -> Result<wire::TemplateText, Fault> {
        self.get(user, 0, true).await
    }

    async fn get(
        &self,
        user: &CurrentUser,
        version: i32,
        built_in: bool,
    ) -> Result<wire::TemplateText, Fault> {
        let request = wire::GetTemplateRequest {
            tenant_id: user.tenant().to_string(),
            name: self.name.clone(),
            locale: self.locale.clone(),
            version,
            built_in,
        };
        let got = client(user).get_template(request).await.map_err(fault)?.into_inner().template;
        Ok(got.ok_or_else(|| PeerFailure::unexpected("the text is missing"))?)
    }

    /// What it is and in which language, for people.
    fn title(&self, context: &PageContext) -> String {
        format!("{} – {}", context.texts().templates.message(&self.name), language(&self.locale))
    }
}

/// What notification does not take.
enum Refused {
    /// Somebody else changed the text since it was read.
    Overtaken,
    LocalesFull,
    NotOverridden,
    FormRepeated,
    /// The parts that do not pass, and what is wrong with each.
    Parts(Vec<(String, String)>),
}

/// The refusal in a failed call.
///
/// # Errors
/// Notification knows no such text, or gave no answer.
fn refused(status: Status) -> Result<Refused, Fault> {
    let problem = rekey_client::Problem::of(&status);
    match problem.published::<ErrorReason>() {
        Some(ErrorReason::TemplateNotFound | ErrorReason::TemplateVersionNotFound) => Err(Fault::NotFound),
        Some(ErrorReason::EtagMismatch) => Ok(Refused::Overtaken),
        Some(ErrorReason::TemplateLocalesFull) => Ok(Refused::LocalesFull),
        Some(ErrorReason::TemplateNotOverridden) => Ok(Refused::NotOverridden),
        Some(ErrorReason::RequestIdReused) => Ok(Refused::FormRepeated),
        Some(ErrorReason::TemplatePartsInvalid) => Ok(Refused::Parts(problem.fields)),
        Some(ErrorReason::FieldInvalid) if problem.fields.iter().any(|(field, _)| part(field).is_some()) => {
            Ok(Refused::Parts(problem.fields))
        }
        // A name, a language or a version that is none stood in the address.
        Some(ErrorReason::FieldInvalid) => Err(Fault::NotFound),
        _ => Err(status.into()),
    }
}

/// The same where nothing of what was asked can be refused in a way that a page has something to say of.
fn fault(status: Status) -> Fault {
    match refused(status.clone()) {
        Err(fault) => fault,
        Ok(_) => status.into(),
    }
}

/// The field of the form for a part that a refusal names, such as `draft.sms`.
fn part(field: &str) -> Option<&'static str> {
    let (_, part) = field.split_once('.')?;
    edit::PARTS.into_iter().find(|known| *known == part)
}

impl Refused {
    /// A sentence that says it.
    fn sentence(&self, context: &PageContext) -> String {
        let words = &context.texts().templates;
        match self {
            Self::Overtaken => words.overtaken.clone(),
            Self::LocalesFull => words.locales_full.clone(),
            Self::NotOverridden => words.not_overridden.clone(),
            Self::FormRepeated => context.words().form_repeated.clone(),
            Self::Parts(named) => {
                let what: Vec<&str> = named.iter().map(|(_, what)| what.as_str()).collect();
                interpolate(&words.part_refused, "what", what.join("; "))
            }
        }
    }
}

/// The name of a language in itself; its tag where the portal does not speak it.
fn language(tag: &str) -> &str {
    UiLocale::parse(tag).map_or(tag, |locale| locale.own_name())
}

/// Whether the organisation has a text of its own for exactly this language.
fn is_own(text: &wire::TemplateText) -> bool {
    text.origin() == wire::TemplateOrigin::Tenant && text.source_locale == text.locale
}

/// The sources of a text, to be read.
fn sources(text: &wire::TemplateText) -> Values {
    let parts = text.parts.clone().unwrap_or_default();
    Values::default()
        .text("subject", &parts.subject)
        .text("text", &parts.text)
        .text("sms", &parts.sms)
        .text("locale", &text.source_locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_the_name_that_a_refusal_gives_it() {
        assert_eq!((part("draft.sms"), part("parts.subject")), (Some("sms"), Some("subject")));
        assert_eq!((part("sms"), part("parts.html"), part("locale")), (None, None, None));
    }

    #[test]
    fn a_text_of_a_wider_language_is_not_own() {
        let own = wire::TemplateText {
            origin: wire::TemplateOrigin::Tenant.into(),
            locale: "de-AT".to_owned(),
            source_locale: "de-AT".to_owned(),
            ..wire::TemplateText::default()
        };
        let wider = wire::TemplateText { source_locale: "de".to_owned(), ..own.clone() };
        let built_in = wire::TemplateText { origin: wire::TemplateOrigin::BuiltIn.into(), ..own.clone() };

        assert!(is_own(&own) && !is_own(&wider) && !is_own(&built_in));
    }

    #[test]
    fn a_language_has_its_own_name_where_it_is_spoken_here() {
        assert_eq!((language("de"), language("de-AT")), ("Deutsch", "de-AT"));
    }
}
