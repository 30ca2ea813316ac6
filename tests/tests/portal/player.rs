//! What plays programs: one process with one browser, which is told of each by a line and says by another what came of it.

use std::path::Path;
use std::process::Command;

use rekey_tests::processes::{Conversation, Outcome};
use serde_json::Value;

pub(crate) struct Player(Conversation);

impl Player {
    pub(crate) fn begin() -> Self {
        let mut node = Command::new("node");
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/portal/browser/journey.mjs"));
        Self(Conversation::begin(node))
    }

    /// Plays the program that is told of; its report, or none when it failed.
    pub(crate) fn play(&mut self, told: &Value) -> Option<Value> {
        self.0.type_line(&told.to_string());
        let line = self.0.read_line()?;
        serde_json::from_str(&line).unwrap()
    }

    /// Closes the browser. Its complaints are what stood on its pages when a program failed.
    pub(crate) async fn end(self) -> Outcome {
        self.0.end().await
    }
}
