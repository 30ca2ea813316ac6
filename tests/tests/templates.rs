//! The published catalogue of templates and purposes is the table in the code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rekey_primitives::contact::Channel;
use rekey_primitives::template::{TemplateName, variable_meaning};

const HEAD: &str = "\
# Templates and purposes

Every message Rekey writes, from the table in `crates/primitives/src/template.rs`. A call of `SendNotification` names a
template and gives all its variables and no other. `StartVerification` names a purpose, which chooses the text of the
code's message; a purpose that is not listed has the text of `verification_code`. Where the text shows `amount` and `payee`,
the request must hold a `transaction`, and the code and its grant are good for that one alone.

Built in are English, German, French, Spanish, Japanese and Arabic; the nearest one to the `locale` of the message is used. A tenant
may have texts of its own, in these languages and in others: see below.

| Template | Purpose | Says | Variables | Channels |
|---|---|---|---|---|
";

/// What stands behind the table of templates, before the table of variables and behind it.
const VALUES: &str = "
What a variable holds is at most 1,024 characters after NFC, on one line but for `message` and `requests`, and links to no
host beyond `notification.templates.link_hosts`.

| Variable | Is |
|---|---|
";

const TAIL: &str = include_str!("templates/tail.md");

fn catalogue() -> String {
    let mut page = HEAD.to_owned();
    for template in TemplateName::ALL {
        let entry = template.entry();
        let purpose = entry.purpose.map_or_else(String::new, |purpose| format!("`{purpose}`"));
        let variables: Vec<_> = entry.variables.iter().map(|name| format!("`{name}`")).collect();
        let channels: Vec<_> = entry.channels.iter().map(|channel| channel_name(*channel)).collect();
        writeln!(
            page,
            "| `{}` | {purpose} | {} | {} | {} |",
            template.as_str(),
            entry.says,
            variables.join(", "),
            channels.join(", "),
        )
        .unwrap();
    }
    page.push_str(VALUES);
    for variable in variables() {
        writeln!(page, "| `{variable}` | {} |", variable_meaning(variable)).unwrap();
    }
    page.push_str(TAIL);
    page
}

/// Every variable once, as the templates come to them.
fn variables() -> Vec<&'static str> {
    let mut found = Vec::new();
    for variable in TemplateName::ALL.iter().flat_map(|template| template.variables()) {
        if !found.contains(variable) {
            found.push(*variable);
        }
    }
    found
}

fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "mail",
        Channel::Sms => "text message",
    }
}

#[test]
fn the_catalogue_says_what_the_code_does() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/templates.md");
    let generated = Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates.md");
    fs::write(&generated, catalogue()).unwrap();

    let read = fs::read_to_string(&published).unwrap_or_default();

    assert!(read == catalogue(), "docs/templates.md differs from the code: copy {}", generated.display());
}
