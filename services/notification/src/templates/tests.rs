use super::*;
use crate::fixtures::fitting;

fn renderer() -> Renderer {
    Renderer::new("en", Some("id.example.com")).unwrap()
}

fn locale(tag: &str) -> Locale {
    Locale::parse(tag).unwrap()
}

fn email(template: TemplateName, tag: Option<&str>) -> (String, String, String, &'static str) {
    let locale = tag.map(locale);
    match renderer().render(template, locale.as_ref(), &fitting(template), Channel::Email).unwrap() {
        Rendered::Email { subject, text, html, language } => {
            (subject.to_string(), text.to_string(), html.to_string(), language)
        }
        Rendered::Sms { .. } => panic!("a text message was rendered for mail"),
    }
}

fn sms(template: TemplateName) -> String {
    match renderer().render(template, None, &fitting(template), Channel::Sms).unwrap() {
        Rendered::Sms { text } => text.to_string(),
        Rendered::Email { .. } => panic!("a mail was rendered for a text message"),
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
                assert!(format!("{subject}\n{text}").contains(value), "{template:?} in {language}: {name}");
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

/// The letters of the alphabet that a text message of 160 characters is written in (3GPP TS 23.038, 6.2.1). One letter
/// beyond it, and 70 are all that fit.
const SMS_LETTERS: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
    ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

#[test]
fn a_text_message_in_latin_letters_needs_no_others_and_a_code_fits_one() {
    for &template in TemplateName::ALL {
        for language in ["en", "de", "fr", "es"] {
            let variables = fitting(template);
            let rendered = renderer().render(template, Some(&locale(language)), &variables, Channel::Sms);
            let Rendered::Sms { text } = rendered.unwrap() else { panic!("no text message") };

            let foreign: Vec<char> = text.chars().filter(|c| !SMS_LETTERS.contains(*c)).collect();
            assert!(foreign.is_empty(), "{template:?} in {language}: {foreign:?}");
            let is_code = variables.get("code").is_some();
            assert!(!is_code || text.chars().count() <= 160, "{template:?} in {language}: {}", text.as_str());
        }
    }
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
