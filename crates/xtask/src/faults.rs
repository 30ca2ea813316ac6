//! The fault matrix, and the tables of `docs/faults.md` that are made of what its cells report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{run, test};

/// Rows and columns, as the tests call them, with the words of the page.
const TARGETS: [(&str, &str); 7] = [
    ("Identity", "identity"),
    ("Verification", "verification"),
    ("Notification", "notification"),
    ("Postgres", "Postgres"),
    ("Redis", "Redis"),
    ("Smtp", "mail relay"),
    ("Sms", "gateway of text messages"),
];
const FAULTS: [(&str, &str); 7] = [
    ("Kill", "`kill -9`"),
    ("Stop", "stop"),
    ("Slow", "slow"),
    ("HalfOpen", "half-open"),
    ("FullDisk", "full disk"),
    ("ClockJump", "clock jump"),
    ("Failover", "failover"),
];

/// What stands before and behind the tables.
const BEGIN: &str = "<!-- written by `cargo xtask faults` -->\n";
const END: &str = "<!-- end of what is written -->\n";

/// Runs cells and writes nothing.
pub(crate) fn some(cells: &str) -> Result<ExitCode> {
    let reports = reports()?;
    let tested = test::of_faults(cells, &reports)?;
    for (cell, report) in read(&reports)? {
        println!("faults: {} {}: {report}", cell.0, cell.1);
    }
    Ok(run::code(tested))
}

/// Runs every cell, and writes the tables if each has held.
pub(crate) fn all() -> Result<ExitCode> {
    let reports = reports()?;
    let tested = test::of_faults("", &reports)?;
    let cells = read(&reports)?;
    if !tested.success() || cells.len() != TARGETS.len() * FAULTS.len() {
        println!(
            "faults: {} of {} cells held; docs/faults.md is as it was",
            cells.len(),
            TARGETS.len() * FAULTS.len()
        );
        return Ok(ExitCode::FAILURE);
    }
    let path = run::root()?.join("docs/faults.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    fs::write(&path, with_tables(&page, &format!("{}{}", measured()?, tables(&cells)?))?)?;
    println!("faults: wrote {}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// Reports by target and fault.
type Cells = BTreeMap<(String, String), Value>;

/// An empty folder for reports.
fn reports() -> Result<PathBuf> {
    let folder = run::root()?.join("target/faults");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

fn read(folder: &Path) -> Result<Cells> {
    let mut cells = Cells::new();
    for entry in fs::read_dir(folder)? {
        let report: Value = serde_json::from_str(&fs::read_to_string(entry?.path())?)?;
        let word = |name: &str| Ok::<_, anyhow::Error>(text(&report, name)?.to_owned());
        cells.insert((word("target")?, word("fault")?), report);
    }
    Ok(cells)
}

/// Of what, and on what.
fn measured() -> Result<String> {
    let revision = run::output(run::command("git")?.args(["rev-parse", "--short", "HEAD"]))?;
    let cores = std::thread::available_parallelism()?;
    Ok(format!("Measured at revision {revision}, an unoptimised build, on {cores} cores.\n\n"))
}

/// The page with these tables in place of those that are there.
fn with_tables(page: &str, tables: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("docs/faults.md has no place for its tables")?;
    let (_, after) = rest.split_once(END).context("the place of the tables does not end")?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

fn tables(cells: &Cells) -> Result<String> {
    Ok(format!("{}\n{}", recoveries(cells)?, details(cells)?))
}

/// Seconds from the end of each fault until whole resets went through.
fn recoveries(cells: &Cells) -> Result<String> {
    let mut table = String::from("| Held, and recovered within | ");
    writeln!(table, "{} |", FAULTS.map(|(_, words)| words).join(" | "))?;
    writeln!(table, "|---|{}", "---|".repeat(FAULTS.len()))?;
    for (target, words) in TARGETS {
        let row = FAULTS.map(|(fault, _)| cell(cells, target, fault).and_then(seconds));
        let row: Vec<String> = row.into_iter().collect::<Result<_>>()?;
        writeln!(table, "| {words} | {} |", row.join(" | "))?;
    }
    Ok(table)
}

/// What the load was, and what it met.
fn details(cells: &Cells) -> Result<String> {
    let mut table = String::from(
        "| Target | Fault | Resets | Begun anew | Messages that ended as unknown | Calls that were made again |\n|---|---|---|---|---|---|\n",
    );
    for (target, target_words) in TARGETS {
        for (fault, fault_words) in FAULTS {
            let report = cell(cells, target, fault)?;
            let met = report["met"].as_object().context("no `met`")?;
            let met: Vec<String> = met.iter().map(|(name, times)| format!("{times} {name}")).collect();
            let met = if met.is_empty() { "none".to_owned() } else { met.join(", ") };
            let [resets, void, unknown] = ["resets", "void", "unknown"].map(|name| number(report, name));
            let (resets, void, unknown) = (resets?, void?, unknown?);
            ensure!(resets > 0, "{target} {fault}: nobody reset a password");
            writeln!(table, "| {target_words} | {fault_words} | {resets} | {void} | {unknown} | {met} |")?;
        }
    }
    Ok(table)
}

fn cell<'a>(cells: &'a Cells, target: &str, fault: &str) -> Result<&'a Value> {
    let report = cells.get(&(target.to_owned(), fault.to_owned()));
    report.with_context(|| format!("{target} {fault} left no report"))
}

fn seconds(report: &Value) -> Result<String> {
    let tenths = number(report, "recovery_ms")?.div_ceil(100);
    Ok(format!("{}.{} s", tenths / 10, tenths % 10))
}

fn number(report: &Value, name: &str) -> Result<u64> {
    report[name].as_u64().with_context(|| format!("a report without `{name}`"))
}

fn text<'a>(report: &'a Value, name: &str) -> Result<&'a str> {
    report[name].as_str().with_context(|| format!("a report without `{name}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every cell, with as much of everything.
    fn cells() -> Cells {
        let report = json!({ "recovery_ms": 1234, "resets": 20, "void": 0, "unknown": 1, "met": { "Unavailable": 7 } });
        let names = TARGETS.iter().flat_map(|(target, _)| FAULTS.map(|(fault, _)| (target, fault)));
        names.map(|(target, fault)| ((target.to_string(), fault.to_owned()), report.clone())).collect()
    }

    #[test]
    fn every_cell_stands_in_both_tables() {
        let tables = tables(&cells()).unwrap();

        assert_eq!(tables.matches("1.3 s").count(), 49);
        assert_eq!(tables.matches("| 20 | 0 | 1 | 7 Unavailable |").count(), 49);
    }

    #[test]
    fn a_cell_that_left_no_report_is_named() {
        let mut cells = cells();
        cells.remove(&("Redis".to_owned(), "Slow".to_owned()));

        let error = tables(&cells).unwrap_err();

        assert_eq!(error.to_string(), "Redis Slow left no report");
    }

    #[test]
    fn tables_are_written_where_the_page_has_room_for_them_and_nothing_else_changes() {
        let page = include_str!("../../../docs/faults.md");

        let written = with_tables(page, "| new |").unwrap();
        let again = with_tables(&written, "| new |").unwrap();

        let (before, _) = page.split_once(BEGIN).unwrap();
        let (_, after) = page.split_once(END).unwrap();
        assert!(written.starts_with(before) && written.ends_with(after));
        assert!(written.contains("| new |"));
        assert_eq!(again, written);
    }
}
