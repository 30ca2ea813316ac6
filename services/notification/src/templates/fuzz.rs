//! What callers put into messages.

use std::collections::HashMap;

use rekey_primitives::contact::Channel;

use super::Renderer;
use crate::domain::content::Rendered;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;
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
                Rendered::Sms { .. } => {}
            }
        }
    });
}
