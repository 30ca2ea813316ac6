//! Turns the health protocol into Rust, with no protoc: tonic-health's copy is older than `List`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

#[allow(clippy::print_stdout, reason = "a build script speaks to cargo this way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.open_file("grpc/health/v1/health.proto")?;
    let described = compiler.encode_file_descriptor_set();
    #[allow(
        clippy::disallowed_methods,
        reason = "a build script is told its output folder by cargo this way"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("health.bin"), &described)?;
    let set = prost_types::FileDescriptorSet::decode(described.as_slice())?;
    tonic_prost_build::configure().build_transport(false).compile_fds(set)?;
    Ok(())
}
