//! Who may call what, as a table of paths and encoded options.

use std::error::Error;
use std::fmt::Write as _;

use prost::Message as _;
use prost_reflect::{DescriptorPool, Value};

/// The source of the table, by path (`/package.Service/Method`).
pub(crate) fn table(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option =
        pool.get_extension_by_name("rekey.options.v1.access").ok_or("no access option in the contract")?;
    let mut source = String::from("&[\n");
    for service in pool.services().filter(|service| service.full_name().starts_with("rekey.")) {
        for method in service.methods() {
            let options = method.options();
            let value = options.get_extension(&option);
            let Value::Message(rule) = value.as_ref() else { return Err("access is no message".into()) };
            let (path, rule) = (format!("/{}/{}", service.full_name(), method.name()), rule.encode_to_vec());
            writeln!(source, "    ({path:?}, &{rule:?}),")?;
        }
    }
    source.push(']');
    Ok(source)
}
