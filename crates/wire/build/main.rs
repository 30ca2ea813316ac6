//! Turns the contract in `proto/` into Rust, with no protoc.
//!
//! protox compiles the files; prost-reflect reads our own options from the descriptors; `checks` refuses a
//! contract that forgot one of them; `redaction` writes a `Debug` that cannot show a secret; `rules` writes down who may
//! call what and `refusals` what each RPC refuses with, so that no program has to read descriptors to know.

mod checks;
mod redaction;
mod refusals;
mod rules;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use prost_reflect::DescriptorPool;

#[allow(clippy::print_stdout, reason = "a build script speaks to cargo this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let [root, third_party] = ["proto", "third_party"].map(|folder| workspace.join(folder));
    let includes = [root.clone(), third_party];
    for folder in &includes {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let mut files = Vec::new();
    proto_files(&root.join("rekey"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new(&includes)?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let described = compiler.encode_file_descriptor_set();
    let pool = compiler.descriptor_pool();
    checks::refuse_incomplete(&pool)?;

    #[allow(
        clippy::disallowed_methods,
        reason = "a build script is told its output folder by cargo this way"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors(&includes, &files)?)?;
    for package in packages(&pool) {
        let own: Vec<_> = files.iter().filter(|file| is_of(file, &package)).cloned().collect();
        fs::write(out.join(format!("{package}.bin")), descriptors(&includes, &own)?)?;
    }
    fs::write(out.join("rules.rs"), rules::table(&pool)?)?;
    let redacted = redaction::messages_with_secrets(&pool);
    fs::write(out.join("redacted.rs"), redaction::debug_impls(&redacted))?;

    let set = prost_types::FileDescriptorSet::decode(described.as_slice())?;
    fs::write(out.join("refusals.rs"), refusals::table(&pool, &set)?)?;
    let skipped = redacted.iter().map(|message| format!(".{}", message.full_name()));
    tonic_prost_build::configure().build_transport(false).skip_debug(skipped).compile_fds(set)?;
    Ok(())
}

/// Files and what they import, without the comments: these are kept in memory to be reflected.
fn descriptors(includes: &[PathBuf], files: &[PathBuf]) -> Result<Vec<u8>, protox::Error> {
    let mut compiler = protox::Compiler::new(includes)?;
    compiler.include_imports(true).include_source_info(false).open_files(files)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// Our packages that serve something.
fn packages(pool: &DescriptorPool) -> BTreeSet<String> {
    let ours = pool.services().filter(|service| service.full_name().starts_with("rekey."));
    ours.map(|service| service.package_name().to_owned()).collect()
}

/// Folders are named as the packages in them.
fn is_of(file: &Path, package: &str) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with(package.replace('.', "/")))
}

fn proto_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
