//! The portal: how soon its pages are there, what a thousand browsers that watch one cost, and whether a form tells logins apart.
//!
//! | Room | Does |
//! |---|---|
//! | [`browser`] | asks for pages and sends forms |
//! | [`journey`] | the way to a page that cannot be opened at once |
//! | [`pages`] | the first byte of each page that needs no sign-in, and its size |
//! | [`watchers`], [`memory`] | browsers that look at a page again and again |
//! | [`logins`] | known and unknown logins, in turn |

mod browser;
mod journey;
mod logins;
mod memory;
mod pages;
mod watchers;

pub(crate) use self::journey::WatchedPage;
pub(crate) use self::watchers::Watching;
use crate::arguments::Effort;
use crate::output::Output;
use crate::report::Report;
use crate::suite::Setup;

/// Measures all three.
pub(crate) async fn measure(
    setup: &Setup,
    watching: Watching,
    effort: Effort,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.pages = pages::measure(setup, effort, output).await?;
    report.watchers = watchers::measure(setup, watching, output).await?;
    report.enumeration = logins::measure(setup, effort, output).await?;
    Ok(())
}
