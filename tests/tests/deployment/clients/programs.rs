//! The four programs: how each gets its stubs, and that it tells the story.

use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_testing::tools;
use rekey_tests::processes::run;

use super::{Shop, root, tells_the_story};

mod python {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn gets_a_person_back_in_through_lost_answers() {
        let shop = Shop::open().await;
        let stubs = python_stubs(shop.folder.path()).await;

        let mut program = command(&tools().join("python/bin/python"));
        program.arg("-B").arg(folder("python").join("main.py")).env("PYTHONPATH", &stubs);

        tells_the_story(&shop, program).await;
    }
}

mod typescript {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn gets_a_person_back_in_through_lost_answers() {
        let shop = Shop::open().await;
        let place = built_typescript(shop.folder.path()).await;

        let mut program = command(Path::new("node"));
        program.arg(place.join("dist/src/main.js"));

        tells_the_story(&shop, program).await;
    }
}

mod go {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn gets_a_person_back_in_through_lost_answers() {
        let shop = Shop::open().await;
        let place = shop.folder.path().join("go");
        copy(&folder("go"), &place);
        let mut buf = command(&tools().join("node/node_modules/.bin/buf"));
        buf.arg("generate").arg(root().join("proto")).current_dir(&place).env("GOTOOLCHAIN", "local");
        succeed(buf).await;
        let mut build = command(Path::new("go"));
        build.args(["build", "-o", "backend", "."]).current_dir(&place);
        build.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        succeed(build).await;

        tells_the_story(&shop, command(&place.join("backend"))).await;
    }
}

mod java {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn gets_a_person_back_in_through_lost_answers() {
        let shop = Shop::open().await;
        let place = shop.folder.path().join("java");
        copy(&folder("java"), &place);
        let maven = |goal: &str| {
            let mut maven = command(Path::new("mvn"));
            maven.args(["--quiet", "--batch-mode", "-Dstyle.color=never", goal]).current_dir(&place);
            maven.arg(format!("-Drekey={}", root().display()));
            maven
        };
        succeed(maven("compile")).await;

        tells_the_story(&shop, maven("exec:java")).await;
    }
}

/// The contract in Python, in a folder of its own in this one.
pub(super) async fn python_stubs(folder: &Path) -> PathBuf {
    let stubs = folder.join("gen");
    std::fs::create_dir(&stubs).unwrap();
    let mut protoc = command(&tools().join("python/bin/python"));
    protoc.args(["-m", "grpc_tools.protoc", "--proto_path=proto", "--proto_path=third_party"]);
    protoc.arg(format!("--python_out={}", stubs.display()));
    protoc.arg(format!("--grpc_python_out={}", stubs.display()));
    protoc.args(contract()).current_dir(root());
    succeed(protoc).await;
    stubs
}

/// The programs in TypeScript, compiled in a folder of their own in this one.
pub(super) async fn built_typescript(within: &Path) -> PathBuf {
    let place = within.join("typescript");
    copy(&folder("typescript"), &place);
    let modules = tools().join("node/node_modules");
    std::os::unix::fs::symlink(&modules, place.join("node_modules")).unwrap();
    let buf = |input: &Path| {
        let mut buf = command(&modules.join(".bin/buf"));
        buf.arg("generate").arg(input).current_dir(&place);
        buf
    };
    succeed(buf(&root().join("proto"))).await;
    let mut errors = buf(Path::new("node_modules/google-proto-files"));
    errors.args(["--path", "node_modules/google-proto-files/google/rpc/status.proto"]);
    errors.args(["--path", "node_modules/google-proto-files/google/rpc/error_details.proto"]);
    succeed(errors).await;
    let mut compile = command(&modules.join(".bin/tsc"));
    compile.current_dir(&place);
    succeed(compile).await;
    place
}

/// The folder of a program.
fn folder(language: &str) -> PathBuf {
    root().join("tests/clients").join(language)
}

fn command(program: &Path) -> Command {
    Command::new(program)
}

async fn succeed(command: Command) {
    let shown = format!("{command:?}");
    let outcome = run(command).await;
    assert_eq!(outcome.code, Some(0), "{shown}\n{}\n{}", outcome.stdout, outcome.stderr);
}

/// The files of the contract, as its imports name them.
fn contract() -> Vec<PathBuf> {
    let proto = root().join("proto");
    let mut files = Vec::new();
    let mut folders = vec![proto.join("rekey")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(&proto).unwrap().to_owned());
            }
        }
    }
    files
}

/// Copies a folder, without what somebody made in it by hand.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if ["dist", "gen", "node_modules", "target"].iter().any(|made| path.ends_with(made)) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
