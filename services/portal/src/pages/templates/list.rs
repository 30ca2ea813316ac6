//! All messages in one language, with whose text each has.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::locale::Locale;
use rekey_wire::notification::v1 as wire;

use super::super::listing::time_cell;
use super::{PATH, TEMPLATES, TextKey, client, fault, language};
use crate::view::{Badge, Cell, Choice, Select, Table, Toggle, Values};
use crate::web::{CurrentUser, Fault, PageContent, PageContext};
use crate::words::{UiLocale, interpolate};

/// Whether a locale has a text of the tenant's own.
fn own<'a>(template: &'a wire::Template, locale: &str) -> Option<&'a wire::TemplateOverride> {
    template.overrides.iter().find(|own| own.locale == locale)
}

/// The templates that the tenant's messages are made of.
pub(super) async fn templates(user: &CurrentUser) -> Result<Vec<wire::Template>, Fault> {
    let request = wire::ListTemplatesRequest { tenant_id: user.tenant().to_string() };
    Ok(client(user).list_templates(request).await.map_err(fault)?.into_inner().templates)
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    user.require_role(TEMPLATES.roles()).await?;
    let templates = templates(&user).await?;
    let locales = locales(&templates);
    let asked = user.context.query("locale");
    let chosen = locales.iter().find(|locale| **locale == asked);
    let chosen = chosen.map_or(user.context.locale.tag(), |locale| locale.as_str());
    let is_own_alone = user.context.query("own") == "on";
    let rows = if is_own_alone {
        let all = templates.iter();
        all.flat_map(|template| template.overrides.iter().map(move |own| (template, own.locale.as_str())))
            .collect::<Vec<_>>()
    } else {
        templates.iter().map(|template| (template, chosen)).collect()
    };
    let words = &user.context.texts().templates;
    let table = user.context.table(Table {
        caption: &words.title,
        columns: &[&words.column_message, &words.column_language, &words.column_text, &words.column_since],
        rows: rows.into_iter().map(|(template, locale)| row(&user, template, locale)).collect(),
        empty: &words.none_own,
        next: None,
    })?;
    let choices = locales.iter().map(|tag| Choice { value: tag, text: language(tag) }).collect();
    let locale = user.context.select(&Select {
        name: "locale",
        label: &words.locale_label,
        hint: None,
        choices,
        chosen,
        problem: None,
    })?;
    let own = Toggle { name: "own", label: &words.own_label, hint: None, is_on: is_own_alone };
    let values =
        Values::default().html("locale", locale).html("own", user.context.toggle(&own)?).html("table", table);
    user.page(TEMPLATES, PageContent::new(&words.title, user.context.body("templates", values)?))
}

/// Leads to the text of a message in a language that was typed.
pub(super) async fn open(user: CurrentUser, Path(name): Path<String>) -> Result<Response, Fault> {
    let Ok(locale) = Locale::parse(&user.context.query("locale")) else {
        let words = &user.context.texts().templates;
        return user.context.redirect_with_flash(PATH, &words.locale_invalid);
    };
    let key = TextKey::open(&user, &name, locale.as_str()).await?;
    Ok(PageContext::redirect(&key.path))
}

/// The languages that there are texts for: ours, which all have built-in ones, and those of the tenant's own texts.
fn locales(templates: &[wire::Template]) -> Vec<String> {
    let own = templates.iter().flat_map(|template| &template.overrides).map(|own| own.locale.as_str());
    let ours = UiLocale::ALL.into_iter().map(|locale| locale.tag().to_owned());
    let mut locales: Vec<String> = ours.chain(own.map(str::to_owned)).collect();
    locales.sort_unstable();
    locales.dedup();
    locales
}

fn row(user: &CurrentUser, template: &wire::Template, locale: &str) -> Vec<Cell> {
    let context = &user.context;
    let words = &context.texts().templates;
    let text = words.message(&template.name).to_owned();
    let (badge, since) = match own(template, locale) {
        Some(own) => {
            let version = interpolate(&words.own_version, "version", own.version);
            (Cell::Badge(Badge::Good, version), time_cell(own.create_time.as_ref()))
        }
        None => (Cell::Badge(Badge::Plain, words.built_in.clone()), Cell::Empty),
    };
    vec![
        Cell::Link { path: format!("{PATH}/{}/{locale}", template.name), text },
        Cell::Text(language(locale).to_owned()),
        badge,
        since,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_own_texts_stand_beside_ours_once() {
        let of = |locale: &str| wire::TemplateOverride {
            locale: locale.to_owned(),
            ..wire::TemplateOverride::default()
        };
        let template = wire::Template { overrides: vec![of("de"), of("nl")], ..wire::Template::default() };

        let found = locales(&[template.clone(), template.clone()]);

        assert_eq!(found, ["ar", "de", "en", "es", "fr", "ja", "nl"]);
        assert!(own(&template, "nl").is_some() && own(&template, "en").is_none());
    }
}
