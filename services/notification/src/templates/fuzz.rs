//! What callers put into messages, and what tenants write.

use std::collections::HashMap;

use rekey_primitives::text::breaks_line;

use super::Renderer;
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{TemplateParts, TextKey};
use crate::fixtures;

#[test]
fn what_fits_a_template_renders_and_breaks_out_of_nothing() {
    let renderer = Renderer::new("en", Some("id.example.com")).unwrap();
    let samples: &[&[u8]] =
        &[b"Zoe", b"{{ code }}", b"<b>&amp;", "a\u{2028}b\u{202e}c".as_bytes(), b"a\r\nBcc: x@y"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let value = String::from_utf8_lossy(bytes).into_owned();
        let template = TemplateName::HelpRequest;
        let mut sent: HashMap<String, String> = fixtures::variables(template);
        sent.insert("name".to_owned(), format!("<i>{value}"));
        let Ok(variables) = Variables::fitting(template, sent, &fixtures::link_hosts()) else { return };
        for channel in [Channel::Email, Channel::Sms] {
            match renderer.render(template, None, &variables, channel).unwrap() {
                Rendered::Email { subject, html, .. } => {
                    assert!(!subject.contains(['\r', '\n']));
                    assert!(!html.contains("<i>"));
                }
                Rendered::Sms { .. } | Rendered::Event { .. } => {}
            }
        }
    });
}

/// The most that a part of a text may become.
const RENDERED_BYTES: usize = 2 << 20;

#[test]
fn a_tenants_text_that_passes_says_its_code_in_bounds_and_breaks_out_of_nothing() {
    let renderer = Renderer::new("en", Some("id.example.com")).unwrap().linking_to(fixtures::link_hosts());
    let template = TemplateName::VerificationCode;
    let key = TextKey { template, locale: "ar".to_owned() };
    let samples: &[&[u8]] = &[
        b"Your {{ organisation }} code\n---\n{{ code }}\n\nGood for {{ minutes|plural(one=\"# minute\", other=\"# minutes\") }}.\n---\n{{ code }}",
        b"{# why #}A code\n---\n<b>{{ code }}</b> https://id.example.com/\n---\n{{code}}\n\n@x",
        b"{{ organisation }}\n---\n{% for c in code %}{{ code * 1000 }}{% endfor %}\n---\n{{ code ~ code }}",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let source = String::from_utf8_lossy(bytes);
        let mut parts = source.split("\n---\n").map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let parts = TemplateParts { subject: next(), text: next(), sms: next() };
        let Ok(own) = renderer.judge(&key, &parts) else { return };
        let variables = fixtures::fitting(template);
        for channel in [Channel::Email, Channel::Sms] {
            // What fuel or a link ends is sent as the built-in text.
            match renderer.render_own(&own, &variables, channel) {
                Ok(Rendered::Email { subject, text, html, .. }) => {
                    assert!(!subject.contains(breaks_line) && text.contains("271828"));
                    assert!(!html.contains("<b>") && text.len() < RENDERED_BYTES);
                }
                Ok(Rendered::Sms { text }) => {
                    assert!(text.contains("271828") && text.ends_with("\n\n@id.example.com #271828"));
                }
                Ok(Rendered::Event { .. }) | Err(_) => {}
            }
        }
    });
}
