//! How a command that stopped half way goes on: typed again with all its arguments, and with where it came to.

use serde_json::json;

use crate::output::{Output, Partial, Stopped, print};

/// What stopped a command that came as far as this token, none if it is empty.
pub(super) fn stopped_at(token: &str, unit: &'static str, error: anyhow::Error) -> anyhow::Error {
    if token.is_empty() {
        return error;
    }
    Stopped::at(Partial::resumed_by(unit, resumed_by(token)), error).into()
}

/// What a command that was interrupted at this token, none if it is empty, says last.
pub(super) fn say_how_to_go_on(token: &str, output: Output) -> anyhow::Result<()> {
    if token.is_empty() {
        return Ok(());
    }
    if output.is_json() {
        return Ok(print(&json!({ "resume_token": token }).to_string())?);
    }
    output.say(&format!("\nGo on with: {}", resumed_by(token)));
    Ok(())
}

/// The command of this process, to go on from a token.
fn resumed_by(token: &str) -> String {
    typed_again(std::env::args_os().map(|word| word.to_string_lossy().into_owned()), token)
}

/// What was typed without where it began, which the token tells.
fn typed_again(typed: impl Iterator<Item = String>, token: &str) -> String {
    let mut words = vec!["rekey".to_owned()];
    let mut typed = typed.skip(1);
    while let Some(word) = typed.next() {
        if word == "--resume" {
            typed.next();
        } else if word != "--from-beginning" && !word.starts_with("--resume=") {
            words.push(quoted(&word));
        }
    }
    words.extend(["--resume".to_owned(), quoted(token)]);
    words.join(" ")
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_goes_on_with_all_its_arguments_but_where_it_began() {
        let again = |typed: &[&str]| typed_again(typed.iter().map(|word| (*word).to_owned()), "t2");

        let export =
            again(&["/opt/rekey", "export", "--format", "csv", "--search", "it's", "--resume", "t1"]);
        let watch = again(&["rekey", "audit", "watch", "--from-beginning", "--kind", "reset.completed"]);

        assert_eq!(export, r"rekey export --format csv --search 'it'\''s' --resume t2");
        assert_eq!(watch, "rekey audit watch --kind reset.completed --resume t2");
        assert_eq!(again(&["rekey", "export", "--resume=t1"]), "rekey export --resume t2");
    }
}
