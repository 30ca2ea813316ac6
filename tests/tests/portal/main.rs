//! The portal in a real Chromium, over the whole suite: programs in `browser/` go through its pages as people do, and judge each one
//! they see. What a browser would not do is sent by hand.
//!
//! | Room | Does |
//! |---|---|
//! | `journeys` | which programs are played together |
//! | `oversight` | which programs of those are who decide about rules and read what happened |
//! | `gateway` | a gateway of text messages that fails |
//! | `stage` | a suite with its people, and one run of a program |
//! | `reports` | what administrators read of events and messages |
//! | `safety` | requests that no browser of an honest person sends |
//! | `visitor` | who sends them |
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

mod gateway;
mod journeys;
mod oversight;
mod reports;
mod safety;
mod stage;
mod visitor;
