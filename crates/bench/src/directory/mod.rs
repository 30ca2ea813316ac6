//! The people of large directories, and how they get there: `records` says who they are, `importing` brings them in.

pub(crate) mod importing;
pub(crate) mod records;
