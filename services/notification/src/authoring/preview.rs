//! A message as it would go out, on every channel.

use std::collections::HashMap;

use rekey_primitives::locale::Locale;
use rekey_primitives::secret::Zeroizing;

use super::{Authoring, unfit};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::message::Variables;
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::CallerScope;
use crate::domain::sms::SmsSize;
use crate::domain::template::TemplateName;
use crate::domain::template_preview::{EmailPreview, Preview};
use crate::domain::template_text::{Candidate, Origin, TemplateParts, TextKey, TextVersion};
use crate::intake::Error;
use crate::templates::{Chain, RenderError, TenantText};

/// What is to be written.
pub(crate) struct PreviewRequest {
    pub(crate) template: TemplateName,
    /// The reader's, if it is known.
    pub(crate) locale: Option<Locale>,
    pub(crate) source: Source,
    /// Values; what is not among them has a sample.
    pub(crate) variables: HashMap<String, String>,
}

/// By which text it is to be written.
pub(crate) enum Source {
    /// By parts that nobody has set.
    Draft(TextKey, TemplateParts),
    /// By a version of the tenant's text.
    Version(TextKey, i32),
    /// By the text in force.
    InForce,
}

/// The text that was found.
enum Found {
    Own { text: Box<TenantText>, version: i32 },
    BuiltIn { language: &'static str, version: i32 },
}

impl Authoring {
    /// Writes a message on every channel, and sends and keeps nothing.
    ///
    /// # Errors
    /// A draft or a value does not pass, there is no such version, or the store failed.
    pub(crate) async fn preview(
        &self,
        scope: &CallerScope,
        request: PreviewRequest,
    ) -> Result<Preview, Error> {
        let PreviewRequest { template, locale, source, variables } = request;
        let variables = self.values(template, variables)?;
        let chain = self.renderer.chain(locale.as_ref());
        let in_force = self.store.texts_in_force(scope.tenant_id(), template, &chain.tags).await?;
        let candidates = candidates(&chain, &in_force);
        let found = match source {
            Source::Draft(key, parts) => self.draft(&key, &parts)?,
            Source::Version(key, version) => self.of_version(scope, &key, version).await?,
            Source::InForce => self.nearest(template, &chain, &in_force)?,
        };
        let (origin, source_locale, version) = match &found {
            Found::Own { text, version } => (Origin::Tenant, text.locale().to_owned(), *version),
            Found::BuiltIn { language, version } => (Origin::BuiltIn, (*language).to_owned(), *version),
        };
        let write = |channel| self.written(template, &found, &variables, channel);
        let (Rendered::Email { subject, text, html, .. }, Rendered::Sms { text: sms }) =
            (write(Channel::Email)?, write(Channel::Sms)?)
        else {
            return Err(not_rendered().into());
        };
        let (email, sms_size) = (EmailPreview { subject, text, html }, SmsSize::of(&sms));
        Ok(Preview { email, sms, sms_size, origin, source_locale, version, candidates })
    }

    /// The values that were given, and samples in the place of the others.
    fn values(&self, template: TemplateName, given: HashMap<String, String>) -> Result<Variables, Refusal> {
        let samples = self.renderer.samples(template);
        if given.is_empty() {
            return Ok(samples);
        }
        let mut sent: HashMap<String, String> =
            samples.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let is_sample = !given.contains_key("link");
        sent.extend(given);
        let wrong = match Variables::fitting(template, sent.clone(), self.renderer.link_hosts()) {
            Ok(variables) => return Ok(variables),
            Err(wrong) => wrong,
        };
        // A sample link is to blame for nothing: without hosts there is none that is let through.
        let placed = |one: Violation| {
            let field = one.field.strip_prefix("message.").unwrap_or(&one.field).to_owned();
            (!is_sample || field != "variables[link]").then(|| Violation::new(field, one.what))
        };
        let wrong: Vec<Violation> = wrong.into_iter().filter_map(placed).collect();
        if !wrong.is_empty() {
            return Err(Refusal::VariablesWrong(wrong));
        }
        let said = template.variables().iter().filter_map(|name| {
            let value = sent.remove(*name)?;
            Some((*name, Zeroizing::new(value)))
        });
        Ok(Variables::trusted(said.collect()))
    }

    fn draft(&self, key: &TextKey, parts: &TemplateParts) -> Result<Found, Refusal> {
        let text = self.renderer.judge(key, parts).map_err(|faults| unfit("draft", &faults))?;
        Ok(Found::Own { text: Box::new(text), version: 0 })
    }

    async fn of_version(&self, scope: &CallerScope, key: &TextKey, version: i32) -> Result<Found, Error> {
        let found = self.store.text_version(scope, key, version).await?;
        match found.ok_or(Refusal::TemplateVersionNotFound)?.parts {
            Some(parts) => Ok(self.own(key, &parts, version)?),
            None => {
                let chain = self.renderer.chain(Locale::parse(&key.locale).ok().as_ref());
                Ok(Found::BuiltIn { language: chain.built_in, version })
            }
        }
    }

    fn nearest(
        &self,
        template: TemplateName,
        chain: &Chain,
        in_force: &[(String, TextVersion)],
    ) -> Result<Found, Refusal> {
        for tag in &chain.tags {
            let found = in_force.iter().find(|(locale, _)| locale == tag);
            if let Some((_, TextVersion { info, parts: Some(parts) })) = found {
                return self.own(&TextKey { template, locale: tag.clone() }, parts, info.version);
            }
        }
        Ok(Found::BuiltIn { language: chain.built_in, version: 0 })
    }

    fn own(&self, key: &TextKey, parts: &TemplateParts, version: i32) -> Result<Found, Refusal> {
        let text = self.renderer.compile(key, parts).map_err(|_| not_rendered())?;
        Ok(Found::Own { text: Box::new(text), version })
    }

    fn written(
        &self,
        template: TemplateName,
        found: &Found,
        variables: &Variables,
        channel: Channel,
    ) -> Result<Rendered, Refusal> {
        let rendered = match found {
            Found::Own { text, .. } => self.renderer.render_own(text, variables, channel),
            Found::BuiltIn { language, .. } => {
                let locale = Locale::parse(language).ok();
                self.renderer.render(template, locale.as_ref(), variables, channel)
            }
        };
        rendered.map_err(|error| match error {
            RenderError::Link(_) => Refusal::VariablesWrong(vec![Violation::new(
                "variables",
                "make a link to a host that is not configured, together with the text",
            )]),
            _ => not_rendered(),
        })
    }
}

/// What is looked for, and what of it is there.
fn candidates(chain: &Chain, in_force: &[(String, TextVersion)]) -> Vec<Candidate> {
    let own = chain.tags.iter().map(|tag| Candidate {
        locale: tag.clone(),
        origin: Origin::Tenant,
        exists: in_force.iter().any(|(locale, _)| locale == tag),
    });
    let built_in = Candidate { locale: chain.built_in.to_owned(), origin: Origin::BuiltIn, exists: true };
    own.chain([built_in]).collect()
}

/// A text that passed once and cannot be rendered by the rules of today, or not with these values.
fn not_rendered() -> Refusal {
    Refusal::TemplatePartsInvalid(vec![Violation::new("draft.text", "cannot be rendered")])
}
