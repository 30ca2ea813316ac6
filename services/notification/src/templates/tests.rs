use super::*;
use crate::domain::sms::{SmsEncoding, SmsSize};
use crate::domain::template_text::{SMS_SEGMENTS, TextKey};
use crate::fixtures::fitting;

fn renderer() -> Renderer {
    Renderer::new("en", Some("id.example.com")).unwrap().linking_to(crate::fixtures::link_hosts())
}

fn locale(tag: &str) -> Locale {
    Locale::parse(tag).unwrap()
}

fn email(template: TemplateName, tag: Option<&str>) -> (String, String, String, String) {
    let locale = tag.map(locale);
    match renderer().render(template, locale.as_ref(), &fitting(template), Channel::Email).unwrap() {
        Rendered::Email { subject, text, html, language } => {
            (subject.to_string(), text.to_string(), html.to_string(), language)
        }
        _ => panic!("something else was rendered for mail"),
    }
}

fn sms(template: TemplateName) -> String {
    match renderer().render(template, None, &fitting(template), Channel::Sms).unwrap() {
        Rendered::Sms { text } => text.to_string(),
        _ => panic!("something else was rendered for a text message"),
    }
}

#[test]
fn every_template_says_all_its_variables_in_every_language() {
    for &template in TemplateName::ALL {
        for language in LOCALES.iter().map(|files| files.tag) {
            let (subject, text, html, spoken) = email(template, Some(language));

            assert_eq!(spoken, language);
            assert!(!subject.contains('\n') && !subject.is_empty());
            for (name, value) in fitting(template).iter() {
                let said = format!("{subject}\n{text}").replace(['\u{2068}', '\u{2069}'], "");
                assert!(said.contains(value), "{template:?} in {language}: {name}");
            }
            assert!(html.starts_with("<!doctype html>") && html.contains(&format!("lang=\"{language}\"")));
            assert!(!format!("{subject}{text}{html}").contains("{{"));
        }
    }
}

#[test]
fn a_text_message_with_a_code_ends_in_the_line_that_binds_it() {
    for &template in TemplateName::ALL {
        let text = sms(template);

        let last = text.lines().last().unwrap();
        assert_eq!(last == "@id.example.com #271828", template.variables().contains(&"code"), "{template:?}");
        assert_eq!(text.contains("271828"), template.variables().contains(&"code"));
    }
}

#[test]
fn a_text_message_in_latin_letters_needs_no_others_and_a_code_fits_one() {
    for &template in TemplateName::ALL {
        for language in ["en", "de", "fr", "es"] {
            for variables in [fitting(template), renderer().samples(template)] {
                let rendered = renderer().render(template, Some(&locale(language)), &variables, Channel::Sms);
                let Rendered::Sms { text } = rendered.unwrap() else { panic!("no text message") };

                let size = SmsSize::of(&text);
                assert_eq!(size.encoding, SmsEncoding::Gsm7, "{template:?} in {language}: {}", text.as_str());
                let is_code = variables.get("code").is_some();
                assert!(!is_code || size.segments == 1, "{template:?} in {language}: {size:?}");
            }
        }
    }
}

#[test]
fn no_built_in_text_message_takes_more_segments_than_a_tenants_may() {
    for &template in TemplateName::ALL {
        for language in LOCALES.iter().map(|files| files.tag) {
            let renderer = renderer();
            let samples = renderer.samples(template);
            let rendered = renderer.render(template, Some(&locale(language)), &samples, Channel::Sms);
            let Rendered::Sms { text } = rendered.unwrap() else { panic!("no text message") };

            let size = SmsSize::of(&text);
            assert!(size.segments <= SMS_SEGMENTS, "{template:?} in {language}: {size:?}");
        }
    }
}

#[test]
fn every_built_in_text_is_one_that_a_tenant_might_set() {
    let renderer = renderer();
    for &template in TemplateName::ALL {
        for language in LOCALES.iter().map(|files| files.tag) {
            let parts = renderer.built_in_parts(template, language).unwrap();

            let judged = renderer.judge(&TextKey { template, locale: language.to_owned() }, parts);

            assert_eq!(judged.err(), None, "{template:?} in {language}");
        }
    }
}

#[test]
fn a_number_has_its_word_in_every_language() {
    let said = |language: &str, minutes: &str| {
        let template = TemplateName::VerificationCode;
        let mut sent = crate::fixtures::variables(template);
        sent.insert("minutes".to_owned(), minutes.to_owned());
        let variables = Variables::fitting(template, sent, &crate::fixtures::link_hosts()).unwrap();
        match renderer().render(template, Some(&locale(language)), &variables, Channel::Sms).unwrap() {
            Rendered::Sms { text } => text.to_string(),
            _ => panic!("something else was rendered for a text message"),
        }
    };

    for (language, minutes, words) in [
        ("en", "1", "1 minute."),
        ("en", "2", "2 minutes."),
        ("de", "1", "1 Minute."),
        ("de", "10", "10 Minuten."),
        ("fr", "1", "1 minute."),
        ("fr", "10", "10 minutes."),
        ("es", "1", "1 minuto."),
        ("es", "10", "10 minutos."),
        ("ja", "1", "1 分"),
        ("ar", "1", "دقيقة واحدة."),
        ("ar", "2", "دقيقتين."),
        ("ar", "3", "3 دقائق."),
        ("ar", "10", "10 دقائق."),
        ("ar", "11", "11 دقيقة."),
        ("ar", "100", "100 دقيقة."),
    ] {
        let text = said(language, minutes);
        assert!(text.contains(words), "{language}: {text}");
    }
}

#[test]
fn a_value_in_an_arabic_mail_is_isolated_and_one_in_a_text_message_is_not() {
    let (subject, text, html, _) = email(TemplateName::PasswordResetCode, Some("ar"));
    let rendered = renderer().render(
        TemplateName::PasswordResetCode,
        Some(&locale("ar")),
        &fitting(TemplateName::PasswordResetCode),
        Channel::Sms,
    );
    let Rendered::Sms { text: sms } = rendered.unwrap() else { panic!("no text message") };

    for body in [&subject, &text, &html] {
        assert!(body.contains("\u{2068}the organisation\u{2069}"), "{body}");
    }
    assert!(text.contains("\n\n271828\n\n") && html.contains(">271828</p>"));
    assert!(
        !sms.contains('\u{2068}') && !email(TemplateName::PasswordResetCode, None).1.contains('\u{2068}')
    );
}

#[test]
fn a_payment_is_shown_in_every_message_and_language() {
    let template = TemplateName::PaymentCode;
    for language in LOCALES.iter().map(|files| files.tag) {
        let (_, mail, ..) = email(template, Some(language));
        let rendered =
            renderer().render(template, Some(&locale(language)), &fitting(template), Channel::Sms).unwrap();
        let Rendered::Sms { text } = rendered else { panic!("no text message") };

        for shown in ["the amount", "the payee", "271828"] {
            assert!(text.contains(shown) && mail.contains(shown), "{shown} in {language}");
        }
    }
}

#[test]
fn without_an_origin_host_nothing_is_bound() {
    let renderer = Renderer::new("en", None).unwrap();
    let template = TemplateName::VerificationCode;

    let rendered = renderer.render(template, None, &fitting(template), Channel::Sms).unwrap();

    let Rendered::Sms { text } = rendered else { panic!("no text message") };
    assert!(!text.contains('@') && text.contains("271828"));
}

#[test]
fn the_nearest_language_is_spoken() {
    let language = |tag| email(TemplateName::PasswordResetCode, tag).3;

    assert_eq!(language(Some("de-AT")), "de");
    assert_eq!(language(Some("de-Latn-CH-1996")), "de");
    assert_eq!(language(Some("fr-CA")), "fr");
    assert_eq!(language(Some("pt-BR")), "en");
    assert_eq!(language(None), "en");
}

#[test]
fn no_english_word_stands_in_a_notice_of_another_language() {
    let template = TemplateName::SecurityInfoChangedNotice;
    let mut sent = crate::fixtures::variables(template);
    sent.insert("change".to_owned(), "made_default".to_owned());
    sent.insert("method".to_owned(), "phone +1******42".to_owned());
    let variables = Variables::fitting(template, sent, &crate::fixtures::link_hosts()).unwrap();

    let rendered = renderer().render(template, Some(&locale("de")), &variables, Channel::Email).unwrap();

    let Rendered::Email { text, html, .. } = rendered else { panic!("no mail") };
    assert!(text.contains("geändert: als Standard festgelegt (Telefon +1******42)"), "{}", text.as_str());
    assert!(html.contains("als Standard festgelegt (Telefon +1******42)"));
}

#[test]
fn arabic_runs_from_right_to_left() {
    let (_, _, arabic, _) = email(TemplateName::PasswordResetCode, Some("ar-EG"));
    let (_, _, japanese, _) = email(TemplateName::PasswordResetCode, Some("ja"));

    assert!(arabic.contains(r#"<html lang="ar" dir="rtl">"#));
    assert!(japanese.contains(r#"<html lang="ja" dir="ltr">"#));
}

#[test]
fn variables_are_escaped_in_html_and_plain_in_text() {
    let (_, text, html, _) = email(TemplateName::HelpRequest, None);

    assert!(text.contains("Line one & <b>.\nLine two."));
    assert!(html.contains("Line one &amp; &lt;b&gt;.<br>\nLine two."));
    assert!(!html.contains("<b>"));
}

#[test]
fn a_link_alone_can_be_clicked_and_a_code_alone_stands_out() {
    let (_, _, notice, _) = email(TemplateName::PasswordResetNotice, None);
    let (_, _, code, _) = email(TemplateName::PasswordResetCode, Some("de"));

    assert!(notice.contains(r#"<a href="https://id.example.com/undo#token">"#));
    assert!(code.contains("letter-spacing") && code.contains(">271828</p>"));
}

#[test]
fn settings_that_cannot_be_are_refused() {
    assert!(matches!(Renderer::new("xx", None), Err(RenderError::LanguageNotBuiltIn)));
    assert!(matches!(Renderer::new("not a tag", None), Err(RenderError::Locale(_))));
    assert!(matches!(Renderer::new("en", Some("id.example.com #1")), Err(RenderError::OriginHost)));
    assert!(Renderer::new("de-DE", Some("localhost")).is_ok());
}
