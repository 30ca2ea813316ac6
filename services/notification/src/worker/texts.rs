//! In whose words a message is written: the tenant's text if there is one, and otherwise the built-in one.
//!
//! What was read of a tenant's texts is kept for seconds (`cache_seconds`), also that there is none, which is so for most
//! tenants. So a change is in force on every replica after that long at most, whoever made it, and no replica has to tell
//! the others. How much is kept is bounded. What cannot be looked up or rendered in the tenant's words is written in the
//! built-in ones, counted and logged: a message is worth more than its wording.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rekey_primitives::id::TenantId;
use rekey_primitives::locale::Locale;
use tokio::time::Instant;

use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{TextKey, TextVersion};
use crate::metrics;
use crate::store::{Store, in_time};
use crate::templates::{RenderError, Renderer, TenantText};

/// For whom a message is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) tenant_id: TenantId,
    pub(crate) template: TemplateName,
    /// The reader's, if it is known.
    pub(crate) locale: Option<&'a Locale>,
}

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheLimits {
    pub(crate) life: Duration,
    pub(crate) entries: usize,
}

/// Writes messages in the words of their tenants.
pub(crate) struct TenantTexts {
    store: Store,
    renderer: Arc<Renderer>,
    limits: CacheLimits,
    kept: Mutex<HashMap<LookUp, Kept>>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LookUp {
    tenant_id: TenantId,
    template: TemplateName,
    /// Nearest to the reader first.
    tags: Vec<String>,
}

/// What was found.
#[derive(Clone)]
struct Kept {
    text: Option<Arc<TenantText>>,
    read_at: Instant,
}

impl TenantTexts {
    pub(crate) fn new(store: Store, renderer: Arc<Renderer>, limits: CacheLimits) -> Self {
        Self { store, renderer, limits, kept: Mutex::default() }
    }

    /// The message in the tenant's words, or in the built-in ones.
    ///
    /// # Errors
    /// The built-in text does not render either.
    pub(crate) async fn render(
        &self,
        reader: Reader<'_>,
        variables: &Variables,
        channel: Channel,
    ) -> Result<Rendered, RenderError> {
        if let Some(own) = self.own(reader).await {
            match self.renderer.render_own(&own, variables, channel) {
                Ok(rendered) => return Ok(rendered),
                Err(failure) => fall_back(reader.template, "values", &failure),
            }
        }
        self.renderer.render(reader.template, reader.locale, variables, channel)
    }

    /// The tenant's text for this reader, as it is or was within the life of what is kept.
    async fn own(&self, reader: Reader<'_>) -> Option<Arc<TenantText>> {
        let Reader { tenant_id, template, locale } = reader;
        let look_up = LookUp { tenant_id, template, tags: self.renderer.chain(locale).tags };
        let kept = self.kept().get(&look_up).cloned();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.read_at.elapsed() < self.limits.life) {
            return kept.text.clone();
        }
        match in_time(self.store.texts_in_force(tenant_id, template, &look_up.tags)).await {
            Ok(found) => {
                let text = self.nearest(&look_up, found);
                self.keep(look_up, text.clone());
                text
            }
            Err(failure) => {
                fall_back(template, "store", &failure);
                kept.and_then(|kept| kept.text)
            }
        }
    }

    fn nearest(&self, look_up: &LookUp, found: Vec<(String, TextVersion)>) -> Option<Arc<TenantText>> {
        let place = |tag: &str| look_up.tags.iter().position(|one| one == tag);
        let (locale, text) = found.into_iter().min_by_key(|(tag, _)| place(tag))?;
        let key = TextKey { template: look_up.template, locale };
        let compiled = self.renderer.compile(&key, &text.parts?);
        compiled.inspect_err(|failure| fall_back(look_up.template, "text", failure)).ok().map(Arc::new)
    }

    fn keep(&self, look_up: LookUp, text: Option<Arc<TenantText>>) {
        let CacheLimits { life, entries } = self.limits;
        let mut kept = self.kept();
        if kept.len() >= entries && !kept.contains_key(&look_up) {
            kept.retain(|_, one| one.read_at.elapsed() < life);
            if kept.len() >= entries {
                // All of it is fresh: reading it again costs less than keeping account of what is used.
                kept.clear();
            }
        }
        kept.insert(look_up, Kept { text, read_at: Instant::now() });
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<LookUp, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a message goes out in other words than its tenant's. The failures quote no value.
fn fall_back(template: TemplateName, fault: &'static str, failure: &dyn std::fmt::Display) {
    metrics::TEXT_FALLBACKS.add(1, [template.as_str(), fault]);
    let template = template.as_str();
    tracing::warn!(template, fault, error = %failure, "the tenant's text is passed over");
}

#[cfg(test)]
mod tests;
