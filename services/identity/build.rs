//! Migrations are embedded by a macro, which cannot tell cargo that a new file came.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
