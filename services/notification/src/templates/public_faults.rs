//! Messages that other products let strangers write in, mended since: `docs/public-faults.md`.

use std::collections::HashMap;

use minijinja::ErrorKind;

use super::compiled::CompiledText;
use crate::domain::message::Variables;
use crate::domain::template::{TemplateName, has_lines};
use crate::domain::template_text::{Part, TemplateParts};
use crate::fixtures::{link_hosts, variables};

/// The variables of a template with one of them so, and whether they are taken.
fn is_taken(template: TemplateName, name: &str, value: &str) -> bool {
    let mut sent: HashMap<String, String> = variables(template);
    assert!(sent.insert(name.to_owned(), value.to_owned()).is_some(), "{name}");
    Variables::fitting(template, sent, &link_hosts()).is_ok()
}

/// Those with a link.
fn linking() -> impl Iterator<Item = TemplateName> {
    TemplateName::ALL.iter().copied().filter(|template| template.variables().contains(&"link"))
}

// ZITADEL, CVE-2025-64101: whoever asked for a reset could name the host of the mailed link in a header.
#[test]
fn a_mailed_link_leads_to_a_host_of_the_operator_alone() {
    let poisoned = [
        "https://attacker.example/ui/v2/login/password/set?code=123",
        "https://id.example.com.attacker.example/password/set",
        "https://id.example.com@attacker.example/password/set",
        "https://attacker.example\\@id.example.com/password/set",
        "https://id.example.com%2eattacker.example/password/set",
        "//attacker.example/password/set",
        "https:attacker.example/password/set",
    ];

    assert!(linking().count() > 1);
    for template in linking() {
        for link in poisoned {
            assert!(!is_taken(template, "link", link), "{link}");
        }
        assert!(is_taken(template, "link", "https://id.example.com/password/set#code"));
    }
}

// ZITADEL #9975: and its scheme in another one, so that the code went over the network in the clear.
#[test]
fn a_mailed_link_is_https() {
    for template in linking() {
        for link in ["http://id.example.com/set", "HTTP://id.example.com/set", "ws://id.example.com/set"] {
            assert!(!is_taken(template, "link", link), "{link}");
        }
    }
}

// CakePHP #19512: a line break in what a person had typed began a header of its own.
#[test]
fn what_stands_in_a_subject_has_no_line_break() {
    let smuggled = ["Subject\r\nBcc: all@example.com", "a\nb", "a\rb", "a\u{b}b", "a\u{85}b", "a\u{2028}b"];

    for &template in TemplateName::ALL {
        for &name in template.variables().iter().filter(|name| !has_lines(name)) {
            for value in smuggled {
                assert!(!is_taken(template, name, value), "{template:?}, {name}: {value:?}");
            }
        }
    }
}

// minijinja #877: a filter made an empty text of a variable that was not there, in spite of the strict mode.
// minijinja #838: and `not` made it true.
#[test]
fn a_variable_that_is_not_there_ends_the_rendering_whatever_is_done_with_it() {
    let sources = [
        "{{ missing }}",
        "{{ missing | plural(one='one', other='more') }}",
        "{{ 'a' ~ missing }}",
        "{% if not missing %}shown{% endif %}",
        "{% if missing %}{% else %}shown{% endif %}",
        "{% for one in missing %}{% else %}shown{% endfor %}",
        "{{ missing.part }}",
    ];

    for source in sources {
        let part = || source.to_owned();
        let parts = TemplateParts { subject: part(), text: part(), sms: part() };
        let compiled = CompiledText::compile(&parts, "en").unwrap();

        for part in Part::ALL {
            let rendered = compiled.render(part, &minijinja::context! {}).map(|text| text.to_string());

            let kind = rendered.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::UndefinedError), "{source}");
        }
    }
}
