//! What `third_party/` declares is what its owners publish.

use std::fs;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;

use super::files_below;

/// The file as a folder of protos has it, without its comments.
pub(crate) fn described(folder: &Path, file: &str) -> FileDescriptorProto {
    let mut compiler = protox::Compiler::new([folder]).unwrap();
    compiler.include_source_info(false).open_file(file).unwrap();
    let described = compiler.descriptor_pool().get_file_by_name(file).unwrap();
    FileDescriptorProto { source_code_info: None, ..described.file_descriptor_proto().clone() }
}

/// The protos below a folder, by the path that imports name.
pub(crate) fn protos(folder: &Path) -> Vec<String> {
    let files = files_below(folder, &["proto"]);
    files.iter().map(|file| file.strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect()
}

/// The folder of the registry's package `googleapis-common-protos` among the tools.
pub(crate) fn published() -> PathBuf {
    let python = rekey_testing::tools().join("python");
    let mut folders = vec![python];
    while let Some(folder) = folders.pop() {
        if folder.join("google/api/field_behavior.proto").is_file() {
            return folder;
        }
        let below = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        folders.extend(below.filter(|path| path.is_dir() && !path.is_symlink()));
    }
    panic!("googleapis-common-protos is not among the tools: run `cargo xtask tools`");
}
