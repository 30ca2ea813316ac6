//! `docs/public-faults.md` against the tests that it names: as many rows as it promises, each with a source of its own and
//! with a test that runs and says whose fault it is about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{files_below, root};

/// The last of the public faults, as many as the page promises.
const ROWS: usize = 50;

/// A row of the page.
#[derive(Debug)]
struct Row {
    /// The fault, in the words of the test's comment.
    fault: String,
    /// Where it was reported or mended.
    link: String,
    year: u32,
    test: String,
}

fn rows(page: &str) -> Vec<Row> {
    page.lines().filter(|line| line.starts_with("| [")).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [source, wrong, here, test] = cells[..] else { panic!("no four cells: {line}") };
    assert!(!wrong.is_empty() && !here.is_empty(), "{line}");
    let (fault, rest) = source.trim_start_matches('[').split_once("](").unwrap();
    let (link, year) = rest.split_once("), ").unwrap();
    Row {
        fault: fault.to_owned(),
        link: link.to_owned(),
        year: year.parse().unwrap(),
        test: test.trim_matches('`').to_owned(),
    }
}

/// The files of such tests.
fn files() -> Vec<(PathBuf, String)> {
    let folders = ["crates", "services"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| files_below(folder, &["rs"]));
    let files = files.filter(|file| file.ends_with("public_faults.rs"));
    files.map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

/// Whether the file has a test of this name that runs: by its attribute, or as a case of a suite that lists it.
fn runs(path: &Path, text: &str, test: &str) -> bool {
    let head = format!("fn {test}(");
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| line.contains(&head)) else { return false };
    if lines[at].starts_with("pub(super) async fn") {
        let suite = std::fs::read_to_string(path.with_file_name("mod.rs")).unwrap();
        return suite.contains(&format!("        {test},\n"))
            || suite.contains(&format!("        {test};\n"));
    }
    let attribute = at.checked_sub(1).map_or("", |before| lines[before]);
    attribute == "#[test]" || attribute.starts_with("#[tokio::test")
}

#[test]
fn the_page_of_public_faults_names_tests_that_run() {
    let page = std::fs::read_to_string(root().join("docs/public-faults.md")).unwrap();
    let (rows, files) = (rows(&page), files());

    assert_eq!(rows.len(), ROWS);
    let faults: BTreeSet<_> = rows.iter().map(|row| &row.fault).collect();
    assert_eq!(faults.len(), ROWS, "a fault stands there twice");
    for row in &rows {
        assert!(row.link.starts_with("https://") && row.year >= 2025, "{row:?}");
        let of_this = |(path, text): &&(PathBuf, String)| runs(path, text, &row.test);
        let found: Vec<_> = files.iter().filter(of_this).collect();
        assert_eq!(found.len(), 1, "{} is in {} files", row.test, found.len());
        assert!(found[0].1.contains(&row.fault), "{} does not say {}", row.test, row.fault);
    }
}

#[test]
fn a_test_without_its_attribute_does_not_run() {
    let path = Path::new("src/public_faults.rs");
    let text = "#[test]\nfn one() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn two() {}\n\nfn three() {}\n";

    let judged = ["one", "two", "three", "four", "on"].map(|test| runs(path, text, test));

    assert_eq!(judged, [true, true, false, false, false]);
}
