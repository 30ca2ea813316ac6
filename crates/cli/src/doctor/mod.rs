//! `rekey doctor`: looks at what the settings name, and says what is wrong and what mends it.
//!
//! Looks ([`probes`]) gather facts, each within its time and whatever becomes of the others; rules ([`judge`]) make findings
//! of them and look at nothing else. No secret is in a fact.

mod examination;
mod finding;
mod judge;
mod probes;

use std::path::PathBuf;

use serde::Serialize;

use self::examination::Examination;
use self::finding::{Finding, Severity};
use crate::arguments::{Doctor, OneProcess};
use crate::development::Stores;
use crate::output::Output;
use crate::{settings, up};

/// How things are.
#[derive(Debug, Serialize)]
struct Report {
    /// The worst finding; none is well.
    worst: Option<Severity>,
    /// The worst first.
    findings: Vec<Finding>,
    /// What was looked at.
    looked_at: Vec<String>,
}

/// Something is not as it should be: the command has done its work, and its exit code tells how bad it is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unwell(String, Severity);

impl Unwell {
    /// Above the exit codes of failures, so that neither is taken for the other.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self.1 {
            Severity::Note => 0,
            Severity::Warning => 5,
            Severity::Error => 6,
        }
    }
}

pub(crate) async fn run(doctor: &Doctor, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let OneProcess { up, data } = &doctor.one_process;
    let document = if *up {
        up::production::document(data, &Stores::default(), config)?
    } else {
        settings::document(config, Vec::new())?
    };
    settings::check(&document)?;
    let report = Report::of(Examination::of(&document, doctor)?.run().await);
    output.data(&report, Report::text)?;
    match report.worst {
        Some(worst @ (Severity::Warning | Severity::Error)) => Err(Unwell(report.summary(), worst).into()),
        _ => Ok(()),
    }
}

impl Report {
    fn of((mut findings, looked_at): (Vec<Finding>, Vec<String>)) -> Self {
        findings.sort_by(|one, other| {
            other.severity.cmp(&one.severity).then_with(|| one.about.cmp(&other.about))
        });
        Self { worst: findings.iter().map(|finding| finding.severity).max(), findings, looked_at }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Finding { severity, about, what, mend } in &self.findings {
            text.push_str(&format!("{}: {about}: {what}.\n  {mend}\n", severity.as_str()));
        }
        text.push_str(&format!("Looked at {}.\n", self.looked_at.join(", ")));
        if self.findings.is_empty() {
            text.push_str("All is well.\n");
        }
        text
    }

    fn summary(&self) -> String {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        format!("{} errors and {} warnings were found", count(Severity::Error), count(Severity::Warning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_stands_first_and_gives_the_exit_code() {
        let note = Finding::note("b", "is odd", "Look at it.");
        let error = Finding::error("c", "is broken", "Mend it.");
        let warning = Finding::warning("a", "will break", "Change it.");

        let report = Report::of((vec![note, error, warning], vec!["identity.store".to_owned()]));

        let text = "error: c: is broken.\n  Mend it.\nwarning: a: will break.\n  Change it.\nnote: b: is odd.\n  \
                    Look at it.\nLooked at identity.store.\n";
        assert_eq!(report.text(), text);
        assert_eq!(report.worst, Some(Severity::Error));
        assert_eq!(report.summary(), "1 errors and 1 warnings were found");
        assert_eq!(Unwell(String::new(), Severity::Error).exit_code(), 6);
        assert_eq!(Unwell(String::new(), Severity::Warning).exit_code(), 5);
    }

    #[test]
    fn nothing_found_is_said() {
        let report = Report::of((Vec::new(), vec!["identity.store".to_owned()]));

        assert_eq!(report.text(), "Looked at identity.store.\nAll is well.\n");
        assert_eq!(report.worst, None);
    }
}
