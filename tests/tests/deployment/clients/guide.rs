//! `docs/calling-rekey.md` and `docs/verify-a-phone.md` show files of the programs as they are and name reasons that are
//! published, the latter every refusal of its calls, and the templates of the programs are parts of `proto/buf.gen.yaml`.

use rekey_wire::{identity, verification};
use tonic::Code;

use super::root;

#[test]
fn every_snippet_is_a_file_of_a_program_that_runs() {
    assert_shows_files("docs/calling-rekey.md", 4);
    assert_shows_files("docs/verify-a-phone.md", 2);
}

fn assert_shows_files(page: &str, of_each_language: usize) {
    let guide = read(page);
    let snippets: Vec<Snippet> = guide.split("<!-- tests/clients/").skip(1).map(Snippet::read).collect();

    for Snippet { path, text } in &snippets {
        assert_eq!(format!("{text}\n"), read(path), "{path}");
    }
    let of = |folder: &str| snippets.iter().filter(|snippet| snippet.path.starts_with(folder)).count();
    let found = (of("tests/clients/python/"), of("tests/clients/typescript/"));
    assert_eq!(found, (of_each_language, of_each_language), "{page}");
    assert_eq!(guide.matches("```python\n").count() + guide.matches("```ts\n").count(), snippets.len());
}

#[test]
fn every_reason_that_is_named_is_published() {
    let of_identity = |name: &str| identity::v1::ErrorReason::from_str_name(name).is_some();
    let of_verification = |name: &str| verification::v1::ErrorReason::from_str_name(name).is_some();

    assert_names_reasons("docs/calling-rekey.md", of_identity);
    assert_names_reasons("docs/verify-a-phone.md", of_verification);
}

fn assert_names_reasons(page: &str, is_published: fn(&str) -> bool) {
    let guide = read(page);
    let codes: Vec<String> = (0..=16).map(|code| format!("{:?}", Code::from(code)).to_lowercase()).collect();
    let is_code = |word: &str| codes.contains(&word.replace('_', "").to_lowercase());
    let is_reason = |word: &str| is_published(&format!("ERROR_REASON_{word}"));
    let is_upper =
        |word: &&str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');

    let named: Vec<&str> = guide.split('`').skip(1).step_by(2).filter(is_upper).collect();

    let unknown: Vec<&&str> = named.iter().filter(|word| !is_reason(word) && !is_code(word)).collect();
    assert!(unknown.is_empty(), "{page}: {unknown:?}");
    assert!(named.len() > 15, "{page}");
}

#[test]
fn every_refusal_of_the_calls_that_verify_a_phone_has_a_row() {
    let contract = read("proto/rekey/verification/v1/verification_service.proto");
    let guide = read("docs/verify-a-phone.md");
    let rows: String = guide.lines().filter(|line| line.starts_with("| `")).collect();
    let calls = ["StartVerification", "ResendCode", "CheckVerification", "RedeemGrant"];

    let reasons: Vec<&str> = calls.iter().flat_map(|rpc| refusals_of(&contract, rpc)).collect();

    let missing: Vec<&&str> = reasons.iter().filter(|one| !rows.contains(&format!("`{one}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(reasons.len() > 20, "{reasons:?}");
}

/// The reasons that the comment of an RPC names behind "Refusals:".
fn refusals_of<'a>(contract: &'a str, rpc: &str) -> Vec<&'a str> {
    let (before, _) = contract.split_once(&format!("  rpc {rpc}(")).unwrap();
    let (_, named) = before.rsplit_once("Refusals:").unwrap();
    let words = named.split(|one: char| !one.is_ascii_uppercase() && one != '_');
    words.filter(|word| word.contains('_')).collect()
}

#[test]
fn the_templates_of_the_programs_are_parts_of_the_one_beside_the_contract() {
    let all = read("proto/buf.gen.yaml");
    let (head, plugins) = all[all.find("version: v2").unwrap()..].split_once("plugins:\n").unwrap();

    for (language, folder) in [("TypeScript", "typescript"), ("Go", "go")] {
        let title = format!("  # {language}\n");
        let (_, rest) = plugins.split_once(&title).unwrap();
        let own = rest.split("  # ").next().unwrap();

        let template = read(&format!("tests/clients/{folder}/buf.gen.yaml"));

        assert_eq!(template, format!("{head}plugins:\n{title}{own}"), "{folder}");
    }
}

/// The text of a page under this name, in a fence behind a comment that says the name.
pub(super) fn block_of(page: &str, name: &str) -> String {
    let page = read(page);
    let (_, rest) = page.split_once(&format!("<!-- {name} -->\n```")).expect("a block of this name");
    let (_, text) = rest.split_once('\n').unwrap();
    text.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// What the guide shows of a program.
struct Snippet {
    path: String,
    text: String,
}

impl Snippet {
    /// Reads what follows `<!-- tests/clients/`: the rest of the path, and the text in its fence.
    fn read(rest: &str) -> Self {
        let (path, rest) = rest.split_once(" -->\n```").unwrap();
        let (_, text) = rest.split_once('\n').unwrap();
        let (text, _) = text.split_once("\n```").unwrap();
        Self { path: format!("tests/clients/{path}"), text: text.to_owned() }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}
