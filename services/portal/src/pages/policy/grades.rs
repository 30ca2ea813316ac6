//! Grades: which requirements of NIST and OWASP a policy meets.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::texts::Texts;
use crate::view::{Badge, Cell, Html, Table};
use crate::web::{CurrentUser, Fault, PageContext};
use crate::words::interpolate;

/// The grades of the policy in force.
pub(super) async fn today(user: &CurrentUser) -> Result<Vec<wire::PolicyGrade>, Fault> {
    let request =
        wire::GradePolicyRequest { tenant_id: user.tenant().to_string(), context: user.request_context() };
    let graded = PolicyServiceClient::new(user.identity()).grade_policy(request).await?;
    Ok(graded.into_inner().grades)
}

/// How many requirements are met, as a sentence.
pub(super) fn summary(texts: &Texts<'_>, grades: &[wire::PolicyGrade]) -> String {
    let met = grades.iter().filter(|grade| grade.met).count();
    interpolate(&interpolate(&texts.words.grade_summary, "met", met), "all", grades.len())
}

/// All of them, those that are missed first.
pub(super) fn table(
    context: &PageContext,
    texts: &Texts<'_>,
    grades: &[wire::PolicyGrade],
) -> Result<Html, Fault> {
    let words = texts.words;
    let row = |grade: &wire::PolicyGrade| {
        let mended_by =
            if grade.mended_by.is_empty() { Cell::Empty } else { Cell::Code(grade.mended_by.clone()) };
        vec![
            Cell::Text(requirement(texts, grade)),
            Cell::Text(source(texts, grade)),
            met(texts, grade.met),
            mended_by,
        ]
    };
    let (kept, missed): (Vec<_>, Vec<_>) = grades.iter().partition(|grade| grade.met);
    context.table(Table {
        caption: &words.grade_title,
        columns: &[&words.column_requirement, &words.column_source, &words.column_grade, &words.column_mend],
        rows: missed.into_iter().chain(kept).map(row).collect(),
        empty: &words.grade_none,
        next: None,
    })
}

/// The requirements that a change decides about: how they stand today, and how they would.
pub(super) fn compared(
    context: &PageContext,
    texts: &Texts<'_>,
    today: &[wire::PolicyGrade],
    then: &[wire::PolicyGrade],
) -> Result<Html, Fault> {
    let words = texts.words;
    let rows = changed(today, then).into_iter().map(|(before, after)| {
        vec![
            Cell::Text(requirement(texts, after)),
            Cell::Text(source(texts, after)),
            met(texts, before.met),
            met(texts, after.met),
        ]
    });
    context.table(Table {
        caption: &words.grade_changes,
        columns: &[&words.column_requirement, &words.column_source, &words.column_today, &words.column_then],
        rows: rows.collect(),
        empty: &words.grade_unchanged,
        next: None,
    })
}

/// The grades that differ, by their names.
fn changed<'a>(
    today: &'a [wire::PolicyGrade],
    then: &'a [wire::PolicyGrade],
) -> Vec<(&'a wire::PolicyGrade, &'a wire::PolicyGrade)> {
    let pairs = then.iter().filter_map(|after| {
        let before = today.iter().find(|before| before.name == after.name)?;
        Some((before, after))
    });
    pairs.filter(|(before, after)| before.met != after.met).collect()
}

/// Whether a requirement that is met today would not be.
pub(super) fn fall(today: &[wire::PolicyGrade], then: &[wire::PolicyGrade]) -> bool {
    changed(today, then).into_iter().any(|(before, _)| before.met)
}

fn met(texts: &Texts<'_>, is_met: bool) -> Cell {
    if is_met {
        Cell::Badge(Badge::Good, texts.words.grade_met.clone())
    } else {
        Cell::Badge(Badge::Bad, texts.words.grade_missed.clone())
    }
}

/// What is asked, in the reader's language; as identity says it for one that this release does not know.
fn requirement(texts: &Texts<'_>, grade: &wire::PolicyGrade) -> String {
    texts.find(&format!("grade_{}", grade.name)).unwrap_or(&grade.requirement).to_owned()
}

fn source(texts: &Texts<'_>, grade: &wire::PolicyGrade) -> String {
    let standard = match grade.standard() {
        wire::PolicyStandard::NistSp80063b4 => "NIST SP 800-63B-4",
        wire::PolicyStandard::OwaspAsvs5L1 => "OWASP ASVS 5.0 L1",
        wire::PolicyStandard::OwaspAsvs5L2 => "OWASP ASVS 5.0 L2",
        wire::PolicyStandard::Unspecified => texts.words.standard_other.as_str(),
    };
    format!("{standard}, {}", grade.section)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(name: &str, met: bool) -> wire::PolicyGrade {
        wire::PolicyGrade { name: name.to_owned(), met, ..wire::PolicyGrade::default() }
    }

    #[test]
    fn only_what_a_change_decides_about_is_compared() {
        let today = [grade("length", true), grade("expiry", false), grade("terms", false)];
        let then = [grade("length", false), grade("expiry", false), grade("terms", true), grade("new", true)];

        let changed = changed(&today, &then);

        let names: Vec<(&str, bool)> =
            changed.iter().map(|(_, after)| (after.name.as_str(), after.met)).collect();
        assert_eq!(names, [("length", false), ("terms", true)]);
    }

    #[test]
    fn grades_fall_where_something_is_met_no_more() {
        let today = [grade("length", true), grade("expiry", false)];

        assert!(fall(&today, &[grade("length", false), grade("expiry", true)]));
        assert!(!fall(&today, &[grade("length", true), grade("expiry", true), grade("new", false)]));
        assert!(!fall(&today, &[]));
    }
}
