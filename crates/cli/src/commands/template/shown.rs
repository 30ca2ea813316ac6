//! Templates, texts and previews as people and programs see them.

use rekey_wire::notification::v1::{
    PreviewTemplateResponse, SmsEncoding, SmsPreview, Template, TemplateCandidate, TemplateText,
    TemplateVersion,
};
use serde_json::{Value, json};

use crate::output::{table, word};
use crate::profile::moment;

pub(super) fn template(template: &Template) -> Value {
    let variables = template.variables.iter().map(|variable| {
        json!({
            "name": variable.name,
            "description": variable.description,
            "required": variable.required,
        })
    });
    let overrides = template.overrides.iter().map(|one| {
        json!({
            "locale": one.locale,
            "version": one.version,
            "author": one.author,
            "create_time": moment(one.create_time.as_ref()),
        })
    });
    let channels = template.channels().map(|channel| word(channel.as_str_name(), "CHANNEL_"));
    json!({
        "name": template.name,
        "purpose": template.purpose,
        "description": template.description,
        "variables": variables.collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
        "overrides": overrides.collect::<Vec<_>>(),
    })
}

pub(super) fn templates(templates: &[Template]) -> String {
    let head = ["TEMPLATE", "VARIABLES", "OWN TEXTS", "SAYS"].map(str::to_owned).to_vec();
    let row = |template: &Template| {
        let names: Vec<&str> = template.variables.iter().map(|one| one.name.as_str()).collect();
        let own: Vec<String> =
            template.overrides.iter().map(|one| format!("{} v{}", one.locale, one.version)).collect();
        vec![template.name.clone(), names.join(" "), own.join(", "), template.description.clone()]
    };
    table(&std::iter::once(head).chain(templates.iter().map(row)).collect::<Vec<_>>())
}

pub(super) fn text(text: &TemplateText) -> Value {
    let parts = text
        .parts
        .as_ref()
        .map(|parts| json!({ "subject": parts.subject, "text": parts.text, "sms": parts.sms }));
    json!({
        "name": text.name,
        "locale": text.locale,
        "origin": word(text.origin().as_str_name(), "TEMPLATE_ORIGIN_"),
        "source_locale": text.source_locale,
        "version": text.version,
        "parts": parts,
        "author": text.author,
        "create_time": moment(text.create_time.as_ref()),
        "etag": text.etag,
    })
}

/// One line on where a text comes from.
pub(super) fn origin(text: &TemplateText) -> String {
    let TemplateText { name, locale, version, source_locale, .. } = text;
    match word(text.origin().as_str_name(), "TEMPLATE_ORIGIN_").as_str() {
        "tenant" => format!("{name} in {locale}: version {version} ({source_locale})"),
        _ => format!("{name} in {locale}: the built-in text ({source_locale})"),
    }
}

pub(super) fn version(version: &TemplateVersion) -> Value {
    json!({
        "version": version.version,
        "action": word(version.action().as_str_name(), "TEMPLATE_ACTION_"),
        "restored_version": version.restored_version,
        "built_in": version.built_in,
        "author": version.author,
        "create_time": moment(version.create_time.as_ref()),
    })
}

pub(super) fn versions(versions: &[TemplateVersion]) -> String {
    let head = ["VERSION", "MADE", "BY", "ACTION"].map(str::to_owned).to_vec();
    let row = |version: &TemplateVersion| {
        let action = match version.restored_version {
            0 => word(version.action().as_str_name(), "TEMPLATE_ACTION_"),
            restored => format!("rolled back to {restored}"),
        };
        let made = moment(version.create_time.as_ref());
        vec![version.version.to_string(), made, version.author.clone(), action]
    };
    table(&std::iter::once(head).chain(versions.iter().map(row)).collect::<Vec<_>>())
}

const fn encoding(sms: SmsEncoding) -> &'static str {
    match sms {
        SmsEncoding::Gsm7 => "GSM-7",
        SmsEncoding::Ucs2 => "UCS-2",
        SmsEncoding::Unspecified => "",
    }
}

fn candidate(one: &TemplateCandidate) -> Value {
    json!({
        "locale": one.locale,
        "origin": word(one.origin().as_str_name(), "TEMPLATE_ORIGIN_"),
        "exists": one.exists,
    })
}

pub(super) fn preview(preview: &PreviewTemplateResponse) -> Value {
    let email = preview
        .email
        .as_ref()
        .map(|email| json!({ "subject": email.subject, "text": email.text, "html": email.html }));
    let sms = preview.sms.as_ref().map(|sms| {
        json!({
            "text": sms.text,
            "encoding": encoding(sms.encoding()),
            "units": sms.units,
            "segments": sms.segments,
            "units_left": sms.units_left,
        })
    });
    json!({
        "email": email,
        "sms": sms,
        "origin": word(preview.origin().as_str_name(), "TEMPLATE_ORIGIN_"),
        "source_locale": preview.source_locale,
        "version": preview.version,
        "candidates": preview.candidates.iter().map(candidate).collect::<Vec<_>>(),
    })
}

/// A message on every channel, as it is read.
pub(super) fn message(preview: &PreviewTemplateResponse) -> String {
    let (email, sms) = (preview.email.clone().unwrap_or_default(), preview.sms.clone().unwrap_or_default());
    let tried = preview.candidates.iter().map(|one| {
        let whose = match word(one.origin().as_str_name(), "TEMPLATE_ORIGIN_").as_str() {
            "tenant" => "own",
            _ => "built-in",
        };
        let there = if one.exists { "" } else { " (none)" };
        format!("{whose} {}{there}", one.locale)
    });
    let tried: Vec<String> = tried.collect();
    format!(
        "Subject: {}\n\n{}\n\n--- text message: {}\n{}\n\n--- looked for: {}",
        email.subject,
        email.text.trim_end(),
        size(&sms),
        sms.text,
        tried.join(", "),
    )
}

fn size(sms: &SmsPreview) -> String {
    let segments =
        if sms.segments == 1 { "1 segment".to_owned() } else { format!("{} segments", sms.segments) };
    format!("{}, {segments}, {} used, {} left", encoding(sms.encoding()), sms.units, sms.units_left)
}
