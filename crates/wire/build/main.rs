//! Turns the contract in `proto/` into Rust, with no protoc.
//!
//! protox compiles the files; prost-reflect reads our own options from the descriptors; `checks` refuses a
//! contract that forgot one of them; `redaction` writes a `Debug` that cannot show a secret.

mod checks;
mod redaction;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;

#[allow(clippy::print_stdout, reason = "a build script speaks to cargo this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    proto_files(&root.join("rekey"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let descriptors = compiler.encode_file_descriptor_set();
    let pool = compiler.descriptor_pool();
    checks::refuse_incomplete(&pool)?;

    #[allow(
        clippy::disallowed_methods,
        reason = "a build script is told its output folder by cargo this way"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), &descriptors)?;
    let redacted = redaction::messages_with_secrets(&pool);
    fs::write(out.join("redacted.rs"), redaction::debug_impls(&redacted))?;

    let set = prost_types::FileDescriptorSet::decode(descriptors.as_slice())?;
    let skipped = redacted.iter().map(|message| format!(".{}", message.full_name()));
    tonic_prost_build::configure().build_transport(false).skip_debug(skipped).compile_fds(set)?;
    Ok(())
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
