//! The portal in a real Chromium, over the whole suite: programs in `browser/` go through its pages as people do, and judge each one
//! they see. What a browser would not do is sent by hand.
//!
//! | Room | Does |
//! |---|---|
//! | `journeys` | which programs of people are played together |
//! | `administration` | which programs of administrators are |
//! | `roles` | what each role is shown, address by address |
//! | `stage` | a suite with its people, and one run of a program |
//! | `safety` | requests that no browser of an honest person sends |
//! | `visitor` | who sends them |
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

mod administration;
mod journeys;
mod roles;
mod safety;
mod stage;
mod visitor;
