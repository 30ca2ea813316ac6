//! Each page that needs no sign-in: the time until the first byte of it, at rest and over one connection, and how much comes until all
//! of it is there.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::browser::{Answer, Browser};
use super::journey;
use crate::arguments::Effort;
use crate::flows::Post;
use crate::histogram::Latencies;
use crate::output::Output;
use crate::report::{PageFigures, PageLine};
use crate::suite::{Setup, Suite};

/// Requests that pay for what later ones find warm.
const WARM_UP: usize = 20;

/// What is loaded with a page: the element, and the attribute that has the address.
const LOADED: [(&str, &str); 3] = [("<link", "href"), ("<script", "src"), ("<img", "src")];

/// A page that is asked for.
struct Page {
    name: &'static str,
    path: String,
    /// Whether it sends the browser on to the page that is seen.
    leads_on: bool,
}

impl Page {
    fn at(path: &'static str) -> Self {
        Self::named(path, path.to_owned())
    }

    fn named(name: &'static str, path: String) -> Self {
        Self { name, path, leads_on: false }
    }
}

/// Measures them one after the other.
pub(super) async fn measure(setup: &Setup, effort: Effort, output: Output) -> anyhow::Result<Vec<PageLine>> {
    let post = Post::open().await?;
    let suite = Suite::start(setup.unlimited(0).with(post.settings())).await?;
    let mut browser = Browser::of_demo(suite.portal()?).await?;
    let mut lines = Vec::new();
    for page in all(&suite, &mut browser).await? {
        output.say(&format!("{}, {} times …", page.name, effort.samples));
        let figures = figures(&mut browser, &page, effort.samples).await?;
        lines.push(PageLine { page: page.name, figures });
    }
    Ok(lines)
}

/// All of them, those of a reset with a code under way among them.
async fn all(suite: &Suite, browser: &mut Browser) -> anyhow::Result<Vec<Page>> {
    let reader = suite.people("reader", 1).await?.pop().context("one person was made")?;
    let code = journey::to_code(browser, &reader.login).await?;
    let prove = format!("{}/prove", code.trim_end_matches("/code"));
    Ok(vec![
        Page::at("/"),
        Page { leads_on: true, ..Page::named("/o/demo, and on to /", "/o/demo".to_owned()) },
        Page::at("/reset"),
        Page::named("/reset/…/prove", prove),
        Page::named("/reset/…/code", code),
        Page::at("/help"),
        Page::at("/sign-in"),
        Page::at("/assets/style.css"),
        Page::at("/assets/portal.js"),
    ])
}

/// Asks for a page so many times; none where there is no such page.
async fn figures(browser: &mut Browser, page: &Page, requests: usize) -> anyhow::Result<Option<PageFigures>> {
    let (_, answer) = open(browser, page).await?;
    if answer.status == 404 {
        return Ok(None);
    }
    let (files, bytes) = whole_size(browser, &answer).await?;
    let mut first_bytes = Latencies::default();
    for number in 0..WARM_UP + requests {
        let (first_byte, answer) = open(browser, page).await?;
        ensure!(answer.status == 200, "{} answered {}", page.name, answer.status);
        if number >= WARM_UP {
            first_bytes.record(first_byte);
        }
    }
    Ok(Some(PageFigures::of(&first_bytes, files, bytes)))
}

/// Opens a page; the time until its first byte, with that of a redirect before it.
async fn open(browser: &mut Browser, page: &Page) -> anyhow::Result<(Duration, Answer)> {
    let answer = browser.get(&page.path).await?;
    if !page.leads_on {
        return Ok((answer.first_byte, answer));
    }
    let shown = browser.get(answer.leads_on()?).await?;
    Ok((answer.first_byte + shown.first_byte, shown))
}

/// Files and bytes of a page and everything that it loads.
async fn whole_size(browser: &mut Browser, page: &Answer) -> anyhow::Result<(usize, usize)> {
    let (mut files, mut bytes) = (1, page.body.len());
    for path in loaded(&page.text()) {
        files += 1;
        bytes += browser.show(&path).await?.body.len();
    }
    Ok((files, bytes))
}

/// The addresses of what is loaded with a page, each once. All of it is the portal's own: nothing else may be.
fn loaded(page: &str) -> BTreeSet<String> {
    let of_element = |&(element, attribute): &(&str, &str)| {
        let start = format!(" {attribute}=\"");
        let inside = page.split(element).skip(1).filter_map(|rest| rest.split('>').next());
        let addresses = inside.filter_map(|inside| inside.split_once(&start)?.1.split('"').next());
        let ours = addresses.filter(|address| address.starts_with('/'));
        ours.map(|address| address.replace("&amp;", "&")).collect::<Vec<_>>()
    };
    LOADED.iter().flat_map(of_element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_scripts_and_images_are_loaded_once_and_links_are_not() {
        let page = "<link rel=\"stylesheet\" href=\"/assets/style.css?v=1\">\
                    <script src=\"/assets/portal.js?v=1\" defer></script>\
                    <img src=\"/look/logo/1?a=b&amp;v=2\" alt=\"\"><img alt=\"\" src=\"/look/logo/1?a=b&amp;v=2\">\
                    <a href=\"/reset\">Reset</a>";

        let loaded: Vec<String> = loaded(page).into_iter().collect();

        assert_eq!(loaded, ["/assets/portal.js?v=1", "/assets/style.css?v=1", "/look/logo/1?a=b&v=2"]);
    }
}
