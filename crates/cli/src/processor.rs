//! Two builds of one program: the one for every processor goes on as the other where the processor is newer.
//!
//! A release holds `rekey`, which runs on any x86-64 of the last fifteen years (x86-64-v2), and beside it
//! `rekey-x86-64-v4`, which needs AVX-512 and hashes passwords over half as fast again. Before anything else the first
//! looks at the processor and replaces itself: same process, same arguments, same environment, so a supervisor sees
//! nothing of it. A program without the other beside it, as in a checkout, stays what it is.

/// What this program was built for.
pub(crate) const BUILT_FOR: &str = if cfg!(target_feature = "avx512f") {
    "x86-64-v4"
} else if cfg!(target_feature = "avx2") {
    "x86-64-v3"
} else if cfg!(target_feature = "sse4.2") {
    "x86-64-v2"
} else {
    std::env::consts::ARCH
};

/// Goes on as the build for this processor, if there is one beside this program. Returns where there is none.
#[cfg(target_arch = "x86_64")]
pub(crate) fn go_on_as_faster_build() {
    use std::os::unix::process::CommandExt as _;

    if cfg!(target_feature = "avx512f") || !has_x86_64_v4() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut name = program.file_name().unwrap_or_default().to_owned();
    name.push("-x86-64-v4");
    let faster = program.with_file_name(name);
    if !faster.is_file() {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(faster);
    if let Some(called) = arguments.next() {
        command.arg0(called);
    }
    // It returns only when it failed, and this build can do all that the other can.
    let _ = command.args(arguments).exec();
}

/// Other processors have one build.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const fn go_on_as_faster_build() {}

/// Whether the processor, and the operating system, have all that a compiler assumes of x86-64-v4.
#[cfg(target_arch = "x86_64")]
fn has_x86_64_v4() -> bool {
    macro_rules! has_all {
        ($($feature:tt),*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
    }
    let v3 = has_all!("avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave");
    v3 && has_all!("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
}
