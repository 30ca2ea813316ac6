//! `docs/reference/`: a page per package of the contract, made of the comments in `proto/`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ReflectMessage as _, ServiceDescriptor, Value,
};

use crate::{run, tools};

/// The packages that have a page.
const PACKAGES: [&str; 3] = ["identity", "verification", "notification"];

/// Writes the pages anew.
pub(crate) fn write() -> Result<()> {
    tools::install_node()?;
    for (path, page) in pages()? {
        fs::create_dir_all(path.parent().context("a folder of docs")?)?;
        fs::write(&path, page).with_context(|| path.display().to_string())?;
        println!("proto: wrote {}", path.display());
    }
    Ok(())
}

/// Refuses pages that are not what the contract says today.
pub(crate) fn check() -> Result<()> {
    for (path, page) in pages()? {
        if fs::read_to_string(&path).unwrap_or_default() != page {
            bail!("{} is not what proto/ says: run `cargo xtask proto --write-reference`", path.display());
        }
    }
    println!("proto: docs/reference says what the contract says");
    Ok(())
}

fn pages() -> Result<Vec<(PathBuf, String)>> {
    let root = run::root()?;
    let pool = pool()?;
    let page = |package: &&str| (root.join(format!("docs/reference/{package}.md")), page(&pool, package));
    Ok(PACKAGES.iter().map(page).collect())
}

/// The whole contract with its comments.
fn pool() -> Result<DescriptorPool> {
    let image = run::command(tools::buf()?)?.args(["build", "proto", "--output", "-"]).output()?;
    ensure!(image.status.success(), "buf build failed: {}", String::from_utf8_lossy(&image.stderr));
    Ok(DescriptorPool::decode(image.stdout.as_slice())?)
}

fn page(pool: &DescriptorPool, package: &str) -> String {
    let name = format!("rekey.{package}.v1");
    let services: Vec<_> = pool.services().filter(|service| service.package_name() == name).collect();
    let mut page = format!(
        "# {name}\n\nMade by `cargo xtask proto --write-reference` from the comments in\n\
         [`proto/rekey/{package}/v1`](../../proto/rekey/{package}/v1); change them there. How to call at all is in\n\
         [calling-rekey.md](../calling-rekey.md).\n"
    );
    let mut told = BTreeSet::new();
    for service in &services {
        write_service(&mut page, service, &mut told);
    }
    page.push_str("\n## Messages\n");
    let messages = pool.all_messages().filter(|message| message.package_name() == name);
    for message in messages.filter(|message| !message.is_map_entry() && !told.contains(message.full_name())) {
        let _ =
            write!(page, "\n### {}\n\n{}\n", message.name(), comment(&message.parent_file(), message.path()));
        write_fields(&mut page, &message);
    }
    page.push_str("\n## Enums\n");
    let shared = ["rekey.options.v1.Role"].into_iter().filter_map(|name| pool.get_enum_by_name(name));
    let own = pool.all_enums().filter(|each| each.package_name() == name);
    for each in own.chain(shared.filter(|_| package == "identity")) {
        write_enum(&mut page, &each);
    }
    page
}

fn write_service(page: &mut String, service: &ServiceDescriptor, told: &mut BTreeSet<String>) {
    let about = comment(&service.parent_file(), service.path());
    let _ = write!(page, "\n## {}\n\n{about}\n", service.name());
    for method in service.methods() {
        let about = comment(&service.parent_file(), method.path());
        let about = about.replace("Refusals:", "\n*Refusals:*");
        let _ = write!(page, "\n### {}\n\n{about}\n\n*Callers:* {}.\n", method.name(), callers(&method));
        for message in [method.input(), method.output()] {
            told.insert(message.full_name().to_owned());
            let about = comment(&message.parent_file(), message.path());
            let _ = write!(page, "\n#### {}\n\n{about}\n", message.name());
            write_fields(page, &message);
        }
    }
}

/// Who may call, in words.
fn callers(method: &MethodDescriptor) -> String {
    let pool = method.parent_pool();
    let option = pool.get_extension_by_name("rekey.options.v1.access");
    let options = method.options();
    let Some(access) = option.as_ref().map(|option| options.get_extension(option)) else {
        return String::new();
    };
    let Some(access) = access.as_message() else { return String::new() };
    let is_service = access.get_field_by_name("service").is_some_and(|value| *value == Value::Bool(true));
    let person = enum_names(access, "person").pop().unwrap_or_default();
    let roles =
        enum_names(access, "roles").iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
    match (person.as_str(), is_service) {
        ("PERSON_RULE_ADMINISTRATOR", true) => {
            format!(
                "a backend for an administrator with one of {roles}; or in its own name, where its entry says so"
            )
        }
        ("PERSON_RULE_ADMINISTRATOR", false) => format!("a backend for an administrator with one of {roles}"),
        ("PERSON_RULE_SELF" | "PERSON_RULE_LEAVING", true) => {
            "a backend, for a signed-in person or without".to_owned()
        }
        ("PERSON_RULE_SELF" | "PERSON_RULE_LEAVING", false) => "a backend for a signed-in person".to_owned(),
        _ => "a backend".to_owned(),
    }
}

/// The names of an enum's field, one or several.
fn enum_names(message: &DynamicMessage, field: &str) -> Vec<String> {
    let Some(field) = message.descriptor().get_field_by_name(field) else { return Vec::new() };
    let Kind::Enum(kind) = field.kind() else { return Vec::new() };
    let value = message.get_field(&field);
    let numbers: Vec<i32> = match value.as_ref() {
        Value::List(values) => values.iter().filter_map(Value::as_enum_number).collect(),
        value => value.as_enum_number().into_iter().collect(),
    };
    numbers.iter().filter_map(|number| Some(kind.get_value(*number)?.name().to_owned())).collect()
}

fn write_fields(page: &mut String, message: &MessageDescriptor) {
    if message.fields().len() == 0 {
        return;
    }
    page.push_str("\n| Field | Type | | Meaning |\n|---|---|---|---|\n");
    for field in message.fields() {
        let meaning = comment(&message.parent_file(), field.path()).replace('\n', " ").replace('|', "\\|");
        let kind = type_name(&field);
        let _ = writeln!(page, "| `{}` | {kind} | {} | {meaning} |", field.name(), remarks(&field));
    }
}

/// What must be known of a field beside its type.
fn remarks(field: &FieldDescriptor) -> String {
    let pool = field.parent_message().parent_pool().clone();
    let options = field.options();
    let mut remarks = Vec::new();
    if let Some(behaviour) = pool.get_extension_by_name("google.api.field_behavior")
        && let Kind::Enum(kind) = behaviour.kind()
    {
        let values = options.get_extension(&behaviour);
        let numbers = values.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number);
        let names = numbers.filter_map(|number| kind.get_value(number));
        remarks.extend(names.map(|value| value.name().to_lowercase().replace('_', " ")));
    }
    let secret = pool.get_extension_by_name("rekey.options.v1.secret");
    if secret.is_some_and(|secret| *options.get_extension(&secret) == Value::Bool(true)) {
        remarks.push("secret".to_owned());
    }
    if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
        remarks.push(format!("one of `{}`", oneof.name()));
    }
    remarks.join(", ")
}

fn type_name(field: &FieldDescriptor) -> String {
    let name = match field.kind() {
        Kind::Message(message) if message.is_map_entry() => return "map of string to string".to_owned(),
        Kind::Message(message) => short(message.full_name()),
        Kind::Enum(each) => short(each.full_name()),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    if field.is_list() { format!("list of {name}") } else { name }
}

/// A name without its package; those of ours lead to where the page tells of them.
fn short(full_name: &str) -> String {
    let name = full_name.rsplit('.').next().unwrap_or(full_name);
    if full_name.starts_with("rekey.") {
        format!("[`{name}`](#{})", name.to_lowercase())
    } else {
        format!("`{name}`")
    }
}

fn write_enum(page: &mut String, each: &EnumDescriptor) {
    let about = comment(&each.parent_file(), each.path());
    let _ = write!(page, "\n### {}\n\n{about}\n\n| Value | Number | Meaning |\n|---|---|---|\n", each.name());
    for value in each.values() {
        let meaning = comment(&each.parent_file(), value.path()).replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(page, "| `{}` | {} | {meaning} |", value.name(), value.number());
    }
}

/// What stands above a thing in its file.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let text = location.and_then(|location| location.leading_comments.clone()).unwrap_or_default();
    text.lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
