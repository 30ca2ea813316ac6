use super::*;
use crate::domain::links::LinkHosts;
use crate::fixtures::{fitting, link_hosts};

fn renderer() -> Renderer {
    Renderer::new("en", Some("id.example.com")).unwrap().linking_to(link_hosts())
}

fn key(template: TemplateName, locale: &str) -> TextKey {
    TextKey { template, locale: locale.to_owned() }
}

fn parts(subject: &str, text: &str, sms: &str) -> TemplateParts {
    TemplateParts { subject: subject.to_owned(), text: text.to_owned(), sms: sms.to_owned() }
}

fn code(sms: &str) -> TemplateParts {
    parts("Your code", "Your code:\n\n{{ code }}", sms)
}

fn judged(parts: &TemplateParts) -> Vec<(Part, &'static str)> {
    let faults = renderer().judge(&key(TemplateName::VerificationCode, "en"), parts).err();
    faults.into_iter().flatten().map(|fault| (fault.part, fault.what)).collect()
}

fn mail(own: &TenantText, template: TemplateName) -> (String, String, String) {
    match renderer().render_own(own, &fitting(template), Channel::Email).unwrap() {
        Rendered::Email { text, html, language, .. } => (text.to_string(), html.to_string(), language),
        _ => panic!("something else was rendered for mail"),
    }
}

#[test]
fn a_text_that_passes_is_rendered_like_a_built_in_one() {
    let template = TemplateName::VerificationCode;

    let own = renderer().judge(&key(template, "de-AT"), &code("{{ code }}")).unwrap();
    let (text, html, language) = mail(&own, template);
    let sms = renderer().render_own(&own, &fitting(template), Channel::Sms).unwrap();

    assert_eq!((text.as_str(), language.as_str()), ("Your code:\n\n271828", "de-AT"));
    assert!(html.contains(">271828</p>") && html.contains("lang=\"de-AT\" dir=\"ltr\""), "{html}");
    let Rendered::Sms { text } = sms else { panic!("no text message") };
    assert_eq!(text.as_str(), "271828\n\n@id.example.com #271828");
}

#[test]
fn all_that_is_wrong_is_named_part_by_part() {
    let wrong = parts("{{ code }}", "{{ kode }}", "{% if code %}");

    assert_eq!(
        judged(&wrong),
        [
            (Part::Subject, "says the code or the link, which a subject may not"),
            (Part::Text, "does not say {{ code }}"),
            (Part::Text, "names a variable that the template does not take"),
            (Part::Sms, "holds a statement: there are only {{ variables }} and {# comments #}"),
        ]
    );
}

#[test]
fn a_link_to_a_host_that_is_not_configured_does_not_pass() {
    assert_eq!(
        judged(&code("{{ code }} https://evil.example/")),
        [(Part::Sms, "links to a host that is not configured")]
    );
    assert!(judged(&code("{{ code }} https://id.example.com/help")).is_empty());
}

#[test]
fn a_text_message_of_five_segments_and_a_subject_that_is_too_long_do_not_pass() {
    assert_eq!(
        judged(&code(&format!("{{{{ code }}}} {}", "x".repeat(4 * 153)))),
        [(Part::Sms, "takes more than 4 segments")]
    );
    let long = TemplateParts { subject: "x".repeat(201), ..code("{{ code }}") };
    assert_eq!(judged(&long), [(Part::Subject, "is longer than 200 characters")]);
}

#[test]
fn a_text_may_not_bind_its_code_to_another_host() {
    let fault = "begins a line with @, as only the line does that binds a code to its host";

    assert_eq!(judged(&code("Code:\n@evil.example #{{ code }}")), [(Part::Sms, fault)]);
}

#[test]
fn a_link_that_text_and_value_make_together_is_not_sent() {
    let template = TemplateName::VerificationCode;
    let own = renderer().judge(&key(template, "en"), &code("{{ code }} http:{{ organisation }}")).unwrap();
    let mut sent = crate::fixtures::variables(template);
    sent.insert("organisation".to_owned(), "//evil.example".to_owned());
    let variables = Variables::fitting(template, sent, &link_hosts()).unwrap();

    let rendered = renderer().render_own(&own, &variables, Channel::Sms);

    assert!(matches!(rendered, Err(RenderError::Link("verification_code"))));
}

#[test]
fn a_link_is_no_fault_of_a_text_where_no_host_is_configured() {
    let renderer = Renderer::new("en", None).unwrap().linking_to(LinkHosts::default());
    let text = parts("Reset", "Not you?\n\n{{ link }}", "Not you? {{ link }}");

    assert!(renderer.judge(&key(TemplateName::PasswordResetNotice, "en"), &text).is_ok());
}

#[test]
fn a_language_that_is_not_built_in_is_written_in_its_direction_with_its_plurals() {
    let template = TemplateName::VerificationCode;
    let hebrew = parts(
        "הקוד שלך",
        "{{ organisation }}: הקוד שלך {{ code }}",
        "{{ code }} {{ minutes|plural(one=\"דקה\", two=\"דקותיים\", other=\"# דקות\") }}",
    );

    let own = renderer().judge(&key(template, "he"), &hebrew).unwrap();
    let (text, html, language) = mail(&own, template);

    assert_eq!((own.locale(), language.as_str()), ("he", "he"));
    assert!(html.contains("dir=\"rtl\"") && text.starts_with("\u{2068}the organisation\u{2069}: "), "{text}");
}

#[test]
fn words_of_ours_are_said_in_the_language_of_the_text_or_in_the_default_one() {
    let template = TemplateName::SecurityInfoChangedNotice;
    let text = parts("Change", "{{ change }}", "{{ change }}");
    let said = |locale: &str| {
        let own = renderer().judge(&key(template, locale), &text).unwrap();
        let mut sent = crate::fixtures::variables(template);
        sent.insert("change".to_owned(), "removed".to_owned());
        let variables = Variables::fitting(template, sent, &link_hosts()).unwrap();
        match renderer().render_own(&own, &variables, Channel::Sms).unwrap() {
            Rendered::Sms { text } => text.to_string(),
            _ => panic!("something else was rendered for a text message"),
        }
    };

    assert_eq!([said("de-CH"), said("nl")], ["entfernt", "removed"]);
}
