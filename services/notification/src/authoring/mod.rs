//! What callers ask for about templates: to show the catalogue, the texts and their versions, to change them, and to write a
//! message as it would go out.
//!
//! A text is judged before the store is asked, and the store decides who of several was first. Previews are made by the
//! renderer that writes messages; they read what is in force and not what a worker keeps of it, so whoever set a text sees it
//! at once.

mod preview;

use std::sync::Arc;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::id::RequestId;
use rekey_primitives::locale::Locale;

pub(crate) use self::preview::{PreviewRequest, Source};
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::CallerScope;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{
    Origin, PartFault, TemplateParts, TextChange, TextKey, TextOverride, TextVersion, TextView, VersionInfo,
};
use crate::intake::{Error, of_caller};
use crate::store::{Store, TextChangeOutcome, TextRequest};
use crate::templates::Renderer;

/// Everything a caller can ask for about templates.
pub(crate) struct Authoring {
    pub(crate) store: Store,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) clock: SharedClock,
}

/// A template, and where the tenant has a text of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CatalogueEntry {
    pub(crate) template: TemplateName,
    pub(crate) overrides: Vec<TextOverride>,
}

/// A change that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeOfText {
    pub(crate) key: TextKey,
    pub(crate) change: TextChange,
    /// The newest version that the caller knows of; 0 for none.
    pub(crate) based_on: i32,
    pub(crate) request_id: RequestId,
}

impl Authoring {
    /// The templates that the caller may use.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn catalogue(&self, scope: &CallerScope) -> Result<Vec<CatalogueEntry>, Error> {
        let overrides = self.store.text_overrides(scope).await?;
        let allowed = scope.templates();
        let may_use = |template: &&TemplateName| {
            allowed.as_ref().is_none_or(|allowed| allowed.contains(&template.as_str()))
        };
        let entry = |template: &TemplateName| {
            let of_template = |one: &&TextOverride| one.template == template.as_str();
            let overrides = overrides.iter().filter(of_template).cloned().collect();
            CatalogueEntry { template: *template, overrides }
        };
        Ok(TemplateName::ALL.iter().filter(may_use).map(entry).collect())
    }

    /// The text in force for a locale.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn text(&self, scope: &CallerScope, key: &TextKey) -> Result<TextView, Error> {
        let newest = self.store.newest_text(scope, key).await?;
        let found = match &newest {
            Some(TextVersion { info, parts: Some(parts) }) => {
                Some((key.locale.clone(), info.clone(), parts.clone()))
            }
            _ => self.in_force(scope, key).await?,
        };
        let newest = newest.map_or(0, |newest| newest.info.version);
        match found {
            Some((source_locale, info, parts)) => Ok(TextView {
                key: key.clone(),
                origin: Origin::Tenant,
                source_locale,
                parts,
                info: Some(info),
                newest,
            }),
            None => self.built_in(key, None, newest),
        }
    }

    /// The built-in text nearest to a locale, whatever the tenant has.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn built_in_text(&self, scope: &CallerScope, key: &TextKey) -> Result<TextView, Error> {
        let newest = self.store.newest_text(scope, key).await?;
        self.built_in(key, None, newest.map_or(0, |newest| newest.info.version))
    }

    /// One version of the tenant's text for exactly this locale.
    ///
    /// # Errors
    /// There is none, or the store failed.
    pub(crate) async fn version(
        &self,
        scope: &CallerScope,
        key: &TextKey,
        version: i32,
    ) -> Result<TextView, Error> {
        let found = self.store.text_version(scope, key, version).await?;
        let TextVersion { info, parts } = found.ok_or(Refusal::TemplateVersionNotFound)?;
        let newest = self.store.newest_text(scope, key).await?;
        let newest = newest.map_or(0, |newest| newest.info.version);
        self.view(key, TextVersion { info, parts }, newest)
    }

    /// All versions that are kept, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn versions(
        &self,
        scope: &CallerScope,
        key: &TextKey,
    ) -> Result<Vec<VersionInfo>, Error> {
        Ok(self.store.text_versions(scope, key).await?)
    }

    /// Makes a change, and shows what is in force by it.
    ///
    /// # Errors
    /// The text does not pass, the store knows why the change cannot be made, or it failed.
    pub(crate) async fn change(&self, scope: &CallerScope, asked: ChangeOfText) -> Result<TextView, Error> {
        let ChangeOfText { key, change, based_on, request_id } = asked;
        if let TextChange::Set(parts) = &change {
            self.renderer.judge(&key, parts).map_err(|faults| unfit("parts", &faults))?;
        }
        let request = TextRequest { key, change, based_on, request_id: of_caller(scope, request_id) };
        let outcome = self.store.change_text(scope, &request, self.clock.now()).await?;
        let made = match outcome {
            TextChangeOutcome::Made(made) => made,
            TextChangeOutcome::Outdated => return Err(Refusal::EtagMismatch.into()),
            TextChangeOutcome::VersionNotFound => return Err(Refusal::TemplateVersionNotFound.into()),
            TextChangeOutcome::NotOverridden => return Err(Refusal::TemplateNotOverridden.into()),
            TextChangeOutcome::LocalesFull => return Err(Refusal::TemplateLocalesFull.into()),
            TextChangeOutcome::RequestIdReused => return Err(Refusal::RequestIdReused.into()),
        };
        tracing::info!(
            template = request.key.template.as_str(),
            locale = request.key.locale,
            version = made.info.version,
            author = made.info.author,
            "a tenant's template was changed"
        );
        let newest = made.info.version;
        self.view(&request.key, made, newest)
    }

    /// The tenant's text that a reader of the locale would get, where it is one of a shorter tag.
    async fn in_force(
        &self,
        scope: &CallerScope,
        key: &TextKey,
    ) -> Result<Option<(String, VersionInfo, TemplateParts)>, Error> {
        let chain = self.renderer.chain(Locale::parse(&key.locale).ok().as_ref());
        let texts = self.store.texts_in_force(scope.tenant_id(), key.template, &chain.tags).await?;
        let place = |tag: &str| chain.tags.iter().position(|one| one == tag);
        let nearest = texts.into_iter().min_by_key(|(tag, _)| place(tag));
        Ok(nearest.and_then(|(tag, text)| text.parts.map(|parts| (tag, text.info, parts))))
    }

    /// A version as it is shown: where it has no parts, the built-in text.
    fn view(&self, key: &TextKey, version: TextVersion, newest: i32) -> Result<TextView, Error> {
        let TextVersion { info, parts } = version;
        match parts {
            None => self.built_in(key, Some(info), newest),
            Some(parts) => Ok(TextView {
                key: key.clone(),
                origin: Origin::Tenant,
                source_locale: key.locale.clone(),
                parts,
                info: Some(info),
                newest,
            }),
        }
    }

    fn built_in(&self, key: &TextKey, info: Option<VersionInfo>, newest: i32) -> Result<TextView, Error> {
        let language = self.renderer.chain(Locale::parse(&key.locale).ok().as_ref()).built_in;
        // The renderer was made of texts for every template, in every language.
        let parts = self.renderer.built_in_parts(key.template, language);
        let parts = parts.map_err(|_| Refusal::TemplateNotFound)?.clone();
        let (key, source_locale) = (key.clone(), language.to_owned());
        Ok(TextView { key, origin: Origin::BuiltIn, source_locale, parts, info, newest })
    }
}

/// The refusal of parts that do not pass, each named below the field that they stand in.
fn unfit(field: &str, faults: &[PartFault]) -> Refusal {
    let violation =
        |fault: &PartFault| Violation::new(format!("{field}.{}", fault.part.as_str()), fault.what);
    Refusal::TemplatePartsInvalid(faults.iter().map(violation).collect())
}
