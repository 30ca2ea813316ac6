//! From the domain's types about templates onto the wire.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::template::variable_meaning;
use rekey_wire::notification::v1 as wire;
use rekey_wire::time;

use crate::authoring::CatalogueEntry;
use crate::domain::sms::SmsEncoding;
use crate::domain::template_preview::Preview;
use crate::domain::template_text::{Candidate, Origin, TextOverride, TextView, VersionInfo, is_required};
use crate::grpc::encode::channel;

/// A template of the catalogue.
pub(super) fn template(entry: CatalogueEntry) -> wire::Template {
    let CatalogueEntry { template, overrides } = entry;
    let of_release = template.entry();
    let variable = |name: &&str| wire::TemplateVariable {
        name: (*name).to_owned(),
        description: variable_meaning(name).to_owned(),
        required: is_required(name),
    };
    wire::Template {
        name: template.as_str().to_owned(),
        purpose: of_release.purpose.unwrap_or_default().to_owned(),
        description: of_release.says.to_owned(),
        variables: of_release.variables.iter().map(variable).collect(),
        channels: of_release.channels.iter().map(|one| channel((*one).into()).into()).collect(),
        overrides: overrides.into_iter().map(text_override).collect(),
    }
}

fn text_override(one: TextOverride) -> wire::TemplateOverride {
    wire::TemplateOverride {
        locale: one.locale,
        version: one.info.version,
        author: one.info.author,
        create_time: Some(instant(one.info.created_at)),
    }
}

/// A text. Its etag is the number of the newest version.
pub(super) fn text(view: TextView) -> wire::TemplateText {
    let TextView { key, origin, source_locale, parts, info, newest } = view;
    wire::TemplateText {
        name: key.template.as_str().to_owned(),
        locale: key.locale,
        origin: origin_of(origin).into(),
        source_locale,
        version: info.as_ref().map_or(0, |info| info.version),
        parts: Some(wire::TemplateParts { subject: parts.subject, text: parts.text, sms: parts.sms }),
        create_time: info.as_ref().map(|info| instant(info.created_at)),
        author: info.map(|info| info.author).unwrap_or_default(),
        etag: format!("\"{newest:x}\""),
    }
}

/// A version.
pub(super) fn version(info: VersionInfo) -> wire::TemplateVersion {
    wire::TemplateVersion {
        version: info.version,
        // Actions have the contract's numbers; a test holds them together.
        action: i32::from(info.action as i16),
        restored_version: info.restored.unwrap_or_default(),
        built_in: info.is_built_in,
        author: info.author,
        create_time: Some(instant(info.created_at)),
    }
}

/// A message on every channel.
pub(super) fn preview(preview: Preview) -> wire::PreviewTemplateResponse {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let Preview { email, sms, sms_size, origin, source_locale, version, candidates } = preview;
    let encoding = match sms_size.encoding {
        SmsEncoding::Gsm7 => wire::SmsEncoding::Gsm7,
        SmsEncoding::Ucs2 => wire::SmsEncoding::Ucs2,
    };
    wire::PreviewTemplateResponse {
        email: Some(wire::EmailPreview {
            subject: email.subject.to_string(),
            text: email.text.to_string(),
            html: email.html.to_string(),
        }),
        sms: Some(wire::SmsPreview {
            text: sms.to_string(),
            encoding: encoding.into(),
            units: count(sms_size.units),
            segments: count(sms_size.segments),
            units_left: count(sms_size.units_left),
        }),
        origin: origin_of(origin).into(),
        source_locale,
        version,
        candidates: candidates.into_iter().map(candidate).collect(),
    }
}

fn candidate(one: Candidate) -> wire::TemplateCandidate {
    wire::TemplateCandidate { locale: one.locale, origin: origin_of(one.origin).into(), exists: one.exists }
}

fn origin_of(origin: Origin) -> wire::TemplateOrigin {
    match origin {
        Origin::BuiltIn => wire::TemplateOrigin::BuiltIn,
        Origin::Tenant => wire::TemplateOrigin::Tenant,
    }
}

fn instant(at: Timestamp) -> prost_types::Timestamp {
    time::timestamp(at.unix_micros())
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::template_text::VersionAction;

    #[test]
    fn actions_have_the_numbers_of_the_contract() {
        let names = VersionAction::VARIANTS.iter().map(|action| {
            let wire = wire::TemplateAction::try_from(i32::from(*action as i16)).unwrap();
            wire.as_str_name()
        });

        assert_eq!(
            names.collect::<Vec<_>>(),
            ["TEMPLATE_ACTION_SET", "TEMPLATE_ACTION_RESET", "TEMPLATE_ACTION_ROLLED_BACK"]
        );
    }
}
