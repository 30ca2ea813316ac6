//! The language that texts are written in, and what of it a source breaks.
//!
//! It is a small part of what the engine reads: variables, the plural of a number, comments. Without conditions and loops
//! it can be told from the source alone that a text says its code, that it ends, and how long it gets. The engine is built
//! without everything else (`Cargo.toml`), so what slips through here fails there. The built-in texts keep to it too, so
//! each of them may be copied and changed.

use rekey_primitives::text::breaks_line;

use crate::domain::template::TemplateName;
use crate::domain::template_text::{PART_BYTES, Part};

/// The categories of CLDR, which name the forms of a plural. The last one has to be there.
pub(super) const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The variables that hold a number.
const NUMBERS: [&str; 3] = ["minutes", "count", "days"];

const STATEMENT: &str = "holds a statement: there are only {{ variables }} and {# comments #}";
const OPEN_COMMENT: &str = "holds a comment that is not closed";
const NO_EXPRESSION: &str =
    "holds braces that are neither {{ name }} nor {{ name|plural(one=\"…\", other=\"…\") }}";
const NO_PLURAL: &str =
    "holds a plural without `other`, or with a form that CLDR does not name or that stands there twice";

/// What is wrong with the source of a part, each once.
pub(super) fn faults(template: TemplateName, part: Part, source: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if source.trim().is_empty() {
        faults.push("is empty");
    } else if source.len() > PART_BYTES {
        faults.push("is longer than 8,192 bytes");
    }
    if part == Part::Subject && source.contains('\n') {
        faults.push("is not one line");
    }
    if source.chars().any(|c| breaks_line(c) && c != '\n') {
        faults.push("holds a control character");
    }
    match expressions(source) {
        Err(fault) => faults.push(fault),
        Ok(expressions) => {
            faults.extend(expressions.iter().filter_map(|one| one.fault(template, part)));
            faults.extend(unsaid(template, part, &expressions));
        }
    }
    faults.sort_unstable();
    faults.dedup();
    faults
}

/// A variable between braces.
#[derive(Debug, PartialEq, Eq)]
struct Expression<'a> {
    variable: &'a str,
    is_plural: bool,
}

impl Expression<'_> {
    fn fault(&self, template: TemplateName, part: Part) -> Option<&'static str> {
        if !template.variables().contains(&self.variable) {
            Some("names a variable that the template does not take")
        } else if !part.may_say(self.variable) {
            Some("says the code or the link, which a subject may not")
        } else if self.is_plural && !NUMBERS.contains(&self.variable) {
            Some("takes the plural of a variable that holds no number")
        } else {
            None
        }
    }
}

/// Which variables a part must say and does not.
fn unsaid(template: TemplateName, part: Part, said: &[Expression<'_>]) -> Vec<&'static str> {
    let is_said = |variable: &str| said.iter().any(|one| one.variable == variable);
    let missing = |variable: &&str| part.must_say(variable) && !is_said(variable);
    let fault = |variable: &&'static str| match *variable {
        "code" => "does not say {{ code }}",
        "link" => "does not say {{ link }}",
        "amount" => "does not say {{ amount }}",
        _ => "does not say {{ payee }}",
    };
    template.variables().iter().filter(|variable| missing(variable)).map(fault).collect()
}

/// All that stands between double braces, or what is wrong with the first that does not read.
fn expressions(source: &str) -> Result<Vec<Expression<'_>>, &'static str> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(start) = rest.find('{') {
        let inside = &rest[start + 1..];
        rest = match inside.as_bytes().first() {
            Some(b'%') => return Err(STATEMENT),
            Some(b'#') => inside[1..].split_once("#}").ok_or(OPEN_COMMENT)?.1,
            Some(b'{') => {
                let mut reader = Reader(&inside[1..]);
                found.push(reader.expression()?);
                reader.0
            }
            _ => inside,
        };
    }
    Ok(found)
}

/// What is left to be read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn expression(&mut self) -> Result<Expression<'a>, &'static str> {
        let variable = self.name().ok_or(NO_EXPRESSION)?;
        let is_plural = self.takes("|");
        if is_plural {
            if self.name() != Some("plural") || !self.takes("(") {
                return Err(NO_EXPRESSION);
            }
            self.forms()?;
        }
        if self.takes("}}") { Ok(Expression { variable, is_plural }) } else { Err(NO_EXPRESSION) }
    }

    /// `one="…", other="…")`
    fn forms(&mut self) -> Result<(), &'static str> {
        let mut named = Vec::new();
        loop {
            let name = self.name().ok_or(NO_EXPRESSION)?;
            if !CATEGORIES.contains(&name) || named.contains(&name) {
                return Err(NO_PLURAL);
            }
            named.push(name);
            if !self.takes("=") || !self.takes("\"") {
                return Err(NO_EXPRESSION);
            }
            let (form, rest) = self.0.split_once('"').ok_or(NO_EXPRESSION)?;
            if form.contains(['{', '}', '\\', '\n']) {
                return Err(NO_EXPRESSION);
            }
            self.0 = rest;
            if self.takes(")") {
                return if named.contains(&"other") { Ok(()) } else { Err(NO_PLURAL) };
            }
            if !self.takes(",") {
                return Err(NO_EXPRESSION);
            }
        }
    }

    /// A name, with blanks before it.
    fn name(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches([' ', '\n']);
        let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(text.len());
        self.0 = &text[end..];
        (end > 0).then(|| &text[..end])
    }

    /// Whether this comes next, with blanks before it; then it is read.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start_matches([' ', '\n']).strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: TemplateName = TemplateName::VerificationCode;

    fn of_sms(source: &str) -> Vec<&'static str> {
        faults(CODE, Part::Sms, source)
    }

    #[test]
    fn variables_plurals_and_comments_are_the_language() {
        let source = "{# why #}{{code}} for { {{ organisation }}, {{ minutes|plural(one=\"# minute\", other=\"# minutes\") }} }}";

        assert_eq!(of_sms(source), Vec::<&str>::new());
    }

    #[test]
    fn everything_else_between_braces_is_refused() {
        for (source, fault) in [
            ("{{ code }}{% if minutes %}x{% endif %}", STATEMENT),
            ("{% include \"other\" %}{{ code }}", STATEMENT),
            ("{{ code }}{# open", OPEN_COMMENT),
            ("{{ code ~ code }}", NO_EXPRESSION),
            ("{{ code * 1000000 }}", NO_EXPRESSION),
            ("{{ code", NO_EXPRESSION),
            ("{{- code -}}", NO_EXPRESSION),
            ("{{{ code }}}", NO_EXPRESSION),
            ("{{ \"code\" }}", NO_EXPRESSION),
            ("{{ code|upper }}", NO_EXPRESSION),
            ("{{ code.__class__ }}", NO_EXPRESSION),
            ("{{ minutes|plural(other=\"{{ code }}\") }}", NO_EXPRESSION),
            ("{{ minutes|plural(one=\"#\") }}", NO_PLURAL),
            ("{{ minutes|plural(one=\"#\", one=\"#\", other=\"#\") }}", NO_PLURAL),
            ("{{ minutes|plural(singular=\"#\", other=\"#\") }}", NO_PLURAL),
        ] {
            assert_eq!(of_sms(source), [fault], "{source}");
        }
    }

    #[test]
    fn a_variable_that_the_template_does_not_take_and_a_missing_code_are_found() {
        assert_eq!(
            of_sms("{{ kode }}"),
            ["does not say {{ code }}", "names a variable that the template does not take"]
        );
        assert_eq!(
            of_sms("{{ code|plural(other=\"#\") }}"),
            ["takes the plural of a variable that holds no number"]
        );
        assert_eq!(
            faults(TemplateName::PaymentCode, Part::Text, "{{ code }} {{ amount }}"),
            ["does not say {{ payee }}"]
        );
    }

    #[test]
    fn a_subject_is_one_line_and_says_no_code() {
        assert_eq!(faults(CODE, Part::Subject, "A code"), Vec::<&str>::new());
        assert_eq!(
            faults(CODE, Part::Subject, "{{ code }}"),
            ["says the code or the link, which a subject may not"]
        );
        assert_eq!(faults(CODE, Part::Subject, "A\ncode"), ["is not one line"]);
    }

    #[test]
    fn a_part_is_not_empty_too_long_or_full_of_controls() {
        assert_eq!(of_sms(" \n"), ["does not say {{ code }}", "is empty"]);
        assert_eq!(
            of_sms(&format!("{{{{ code }}}}{}", "x".repeat(PART_BYTES))),
            ["is longer than 8,192 bytes"]
        );
        assert_eq!(of_sms("{{ code }}\r\n\u{0}"), ["holds a control character"]);
    }
}
