//! What this machine can do without Rekey: bare hashes, and bare gRPC servers that do a call's store work and nothing
//! else. They are built from the same libraries, so what is left between them and Rekey is ours.

pub(crate) mod argon2;
pub(crate) mod echo;
pub(crate) mod machine;
pub(crate) mod rows;
pub(crate) mod script;
