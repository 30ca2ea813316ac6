//! Simulations for longer than the tests make them: more rounds from other seeds, in optimised code and on every core.

use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::{run, tools};

/// The simulations of the services.
const SIMULATIONS: &str = "test(/(^|::)simulation::/)";

/// Simulates so many resets, and as many verifications, from a seed: one that is drawn, unless it is told.
pub(crate) fn resets(resets: u64, seed: Option<u64>) -> Result<ExitCode> {
    tools::install_python()?;
    let seed = seed.map_or_else(drawn, Ok)?;
    println!("simulate: {resets} resets and as many verifications, from seed {seed} on");
    let mut nextest = run::command(tools::nextest()?)?;
    nextest.args([
        "nextest",
        "run",
        "--package",
        "rekey-identity",
        "--package",
        "rekey-verification",
        "--lib",
    ]);
    nextest.args(["-E", SIMULATIONS, "--cargo-profile", "simulation", "--profile", "long", "--no-capture"]);
    nextest.env("REKEY_SIMULATED_ROUNDS", resets.to_string()).env("REKEY_SIMULATION_SEED", seed.to_string());
    let simulated = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(run::code(simulated))
}

/// A seed that is short enough to be typed again.
fn drawn() -> Result<u64> {
    let mut bytes = [0; 4];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("drawing a seed")?;
    Ok(u32::from_le_bytes(bytes).into())
}
