//! What can be typed to follow a support code.

use std::path::PathBuf;

use clap::Args;

use super::InTenant;

/// Which call.
#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The support code that somebody reads out, or a trace id: 32 hexadecimal digits.
    #[arg(value_parser = support_code)]
    pub(crate) code: String,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
    /// Search these log files as well; `-` is standard input.
    #[arg(long = "logs", value_name = "FILE")]
    pub(crate) logs: Vec<PathBuf>,
}

/// A code as it is stored, however it was read out.
fn support_code(typed: &str) -> Result<String, String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let is_code = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_code { Ok(code.to_lowercase()) } else { Err("a support code is 32 hexadecimal digits".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::support_code;

    #[test]
    fn codes_are_read_however_they_are_spelled() {
        let code = "0af7651916cd43dd8448eb211c80319c";

        assert_eq!(support_code(code).as_deref(), Ok(code));
        assert_eq!(support_code("0AF76519-16CD-43DD-8448-EB211C80319C").as_deref(), Ok(code));
        assert!(support_code("0af7").is_err() && support_code("zaf7651916cd43dd8448eb211c80319c").is_err());
    }
}
