//! `rekey token create`: a service token, shown once, and the entry that makes it known. Only the digest is kept
//! anywhere.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::entropy::{Entropy, SystemEntropy, array};
use rekey_runtime::access::token_digest;
use serde::Serialize;

use crate::arguments::TokenCommand;
use crate::output::Output;

/// A caller as the callers file holds it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) token_sha256: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) tenants: Vec<String>,
    pub(crate) purposes: Vec<String>,
    pub(crate) templates: Vec<String>,
    pub(crate) lanes: Vec<String>,
    pub(crate) may_assert_context: bool,
    pub(crate) may_assert_not_after: bool,
}

impl Entry {
    /// A caller that may do everything; narrow it from there.
    pub(crate) fn everything(name: &str, token: &str) -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            name: name.to_owned(),
            token_sha256: vec![token_digest(token)],
            methods: all(),
            tenants: all(),
            purposes: all(),
            templates: all(),
            lanes: all(),
            may_assert_context: true,
            may_assert_not_after: true,
        }
    }
}

/// The text of a callers file.
pub(crate) fn callers_file(entries: &[Entry]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct File<'a> {
        caller: &'a [Entry],
    }
    Ok(toml::to_string(&File { caller: entries })?)
}

/// 256 random bits, with a prefix by which leak scanners know it.
pub(crate) fn draw(entropy: &dyn Entropy) -> String {
    format!("rekey_{}", BASE64_URL_SAFE_NO_PAD.encode(array::<32>(entropy)))
}

pub(crate) fn run(command: TokenCommand, output: Output) -> anyhow::Result<()> {
    let TokenCommand::Create { name, methods, tenants, assert_context } = command;
    let token = draw(&SystemEntropy);
    let or_all = |named: Vec<String>| if named.is_empty() { vec!["*".to_owned()] } else { named };
    let mut entry = Entry::everything(&name, &token);
    entry.methods = or_all(methods);
    entry.tenants = or_all(tenants);
    entry.may_assert_context = assert_context;
    entry.may_assert_not_after = false;
    let text = callers_file(std::slice::from_ref(&entry))?;
    let data = serde_json::json!({ "token": token, "entry": entry });
    output.data(&data, |_| {
        format!("Token, shown this once:\n\n  {token}\n\nEntry for the callers file of each part it calls:\n\n{text}")
    })
}
