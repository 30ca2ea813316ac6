//! The portal in a real Chromium, over the whole suite: programs in `browser/` go through its pages as people do, and judge each one
//! they see. What a browser would not do is sent by hand.
//!
//! | Room | Does |
//! |---|---|
//! | `journeys` | which programs of people are played together |
//! | `administration` | which programs of administrators are |
//! | `oversight` | which programs of those are who decide about rules and read what happened |
//! | `roles` | what each role is shown, address by address |
//! | `gateway` | a gateway of text messages that fails |
//! | `stage` | a suite with its people, and programs played on it |
//! | `player` | the process that plays them |
//! | `control` | whom programs ask for mails, the clock, and what an administrator does |
//! | `reports` | what administrators read of events and messages |
//! | `bulk_list` | a list of a bulk reset that was cut off |
//! | `strangers` | whether a login that nobody has is answered as any other |
//! | `safety`, `members` | requests that no browser of an honest person sends |

mod administration;
mod bulk_list;
mod control;
mod gateway;
mod journeys;
mod members;
mod oversight;
mod player;
mod reports;
mod roles;
mod safety;
mod stage;
mod strangers;
