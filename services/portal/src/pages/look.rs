//! What an organisation's pages have of its own beside the texts: a stylesheet of its accent, and its logo. Both are the same for
//! everybody and may be kept by whoever they pass, under the address that names what they are.

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use rekey_primitives::colour::Colour;
use rekey_primitives::id::TenantId;

use crate::assets;
use crate::domain::Palette;
use crate::peers::{Logo, PeerError};
use crate::web::{Fault, PageContext};

/// What an address names of a logo beside its tenant (`assets::logo_path`).
const VERSION: &str = "v";

/// A day, as browsers keep the organisation: a new look has new addresses.
const CACHE_FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// What is not what its address names: an older page asks for a logo that was replaced since, or one of another release for its style.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");

/// The stylesheet of an accent. It follows from the address alone, so identity is not asked.
pub(super) async fn style(Path(digits): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let accent = Colour::parse(&format!("#{digits}")).map_err(|_| Fault::NotFound)?;
    let palette = Palette::of(accent).ok_or(Fault::NotFound)?;
    let kept = if assets::is_of_this_release(query.as_deref()) { CACHE_FOR_A_DAY } else { NO_STORE };
    let headers = [(header::CONTENT_TYPE, CSS), (header::CACHE_CONTROL, kept)];
    Ok((headers, stylesheet(&palette)).into_response())
}

/// The logo of an organisation. Nobody reads why there is no image, and the page says the name then.
pub(super) async fn logo(context: PageContext, Path(tenant): Path<String>) -> Result<Response, Fault> {
    let tenant = TenantId::parse(&tenant).map_err(|_| Fault::NotFound)?;
    if context.site.rules.tenant.is_some_and(|own| own != tenant) {
        return Err(Fault::NotFound);
    }
    let version = context.query(VERSION);
    let logo = match context.site.logos.get(tenant, &version, context.now) {
        Some(kept) => kept,
        None => found(&context, tenant).await?,
    };
    let media_type = HeaderValue::from_static(logo.media_type);
    let kept = if logo.version == Some(version) { CACHE_FOR_A_DAY } else { NO_STORE };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, kept)];
    Ok((headers, logo.image).into_response())
}

/// The logo that a tenant has now.
async fn found(context: &PageContext, tenant: TenantId) -> Result<Logo, Fault> {
    match context.site.identity.find_logo(tenant).await {
        Ok(found) => {
            let logo = found.ok_or(Fault::NotFound)?;
            context.site.logos.insert(tenant, &logo, context.now);
            Ok(logo)
        }
        Err(PeerError::Refused(_)) => Err(Fault::NotFound),
        Err(PeerError::Failed(failure)) => Err(failure.into()),
    }
}

/// Light and dark are set apart, or the accent of one would hold in the other.
fn stylesheet(palette: &Palette) -> String {
    let Palette { accent, link, dark } = palette;
    format!(
        "@media (prefers-color-scheme: light) {{
  :root {{ --accent: {accent}; --link: {link}; --focus: {accent}; }}
}}
@media (prefers-color-scheme: dark) {{
  :root {{ --accent: {dark}; }}
}}
"
    )
}
