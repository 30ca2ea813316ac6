//! What the suite measures: every instrument is recorded by something that happens, holds nothing of anybody's, and what is
//! made of them (page, rules, runbook, dashboard) names nothing else.

mod bounces;
mod exposition;
mod files;
mod scenarios;
mod traces;
