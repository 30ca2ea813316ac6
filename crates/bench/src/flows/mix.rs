//! What can be asked of a suite, by name, and how a mixture of it is drawn.

use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use rekey_primitives::entropy::{SeededEntropy, below};
use serde::Serialize;

/// One thing that a backend asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Flow {
    /// A right password, answered with tokens.
    SignIn,
    /// `StartPasswordReset` of somebody who exists.
    Start,
    /// `SendResetCode` in a reset that has begun.
    Send,
    /// `SubmitResetProof` with the right code.
    Check,
    /// `CompletePasswordReset` with enough proofs.
    Complete,
    /// A whole reset: start, send, the mail, check, complete.
    Reset,
    /// `CheckAccessToken` of a living session.
    CheckAccessToken,
    /// All of it, by the weights of `--mix`.
    Mixed,
}

impl Flow {
    /// All, in the order of the table.
    pub(crate) const ALL: [Self; 8] = [
        Self::CheckAccessToken,
        Self::SignIn,
        Self::Start,
        Self::Send,
        Self::Check,
        Self::Complete,
        Self::Reset,
        Self::Mixed,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Start => "start",
            Self::Send => "send",
            Self::Check => "check",
            Self::Complete => "complete",
            Self::Reset => "reset",
            Self::CheckAccessToken => "check-access-token",
            Self::Mixed => "mixed",
        }
    }
}

/// The weights of flows in a mixture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mix(Vec<(Flow, u64)>);

impl Default for Mix {
    /// Backends check a token with nearly every call of a person, people sign in a few times a day and forget a password a few
    /// times in their lives; of resets one in four is given up before its code.
    fn default() -> Self {
        Self(vec![(Flow::CheckAccessToken, 900), (Flow::SignIn, 90), (Flow::Reset, 7), (Flow::Start, 3)])
    }
}

impl FromStr for Mix {
    type Err = anyhow::Error;

    /// `flow=weight,flow=weight`.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let part = |part: &str| {
            let (name, weight) =
                part.split_once('=').with_context(|| format!("{part} is not flow=weight"))?;
            let flow =
                Flow::from_str(name.trim(), false).map_err(|_| anyhow::anyhow!("{name} is no flow"))?;
            if flow == Flow::Mixed {
                bail!("a mixture cannot hold itself");
            }
            Ok((flow, weight.trim().parse().with_context(|| format!("{weight} is no weight"))?))
        };
        let weights: Vec<(Flow, u64)> = text.split(',').map(part).collect::<anyhow::Result<_>>()?;
        let total = weights.iter().try_fold(0_u64, |sum, (_, weight)| sum.checked_add(*weight));
        ensure!(total.is_some_and(|total| total > 0), "the weights must come to something");
        Ok(Self(weights))
    }
}

impl Mix {
    /// So many flows, drawn by their weights; the same seed draws the same ones.
    pub(crate) fn draw(&self, count: usize, seed: u64) -> Vec<Flow> {
        let entropy = SeededEntropy::new(seed);
        let total = self.0.iter().map(|(_, weight)| weight).sum();
        (0..count).map(|_| self.at(below(&entropy, total))).collect()
    }

    fn at(&self, mut place: u64) -> Flow {
        for (flow, weight) in &self.0 {
            if place < *weight {
                return *flow;
            }
            place -= weight;
        }
        // Not reached: places lie below the sum of the weights.
        self.0[0].0
    }

    /// As it is typed.
    pub(crate) fn shown(&self) -> String {
        self.0.iter().map(|(flow, weight)| format!("{}={weight}", flow.name())).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_is_drawn_by_its_weights() {
        let mix: Mix = "sign-in=3, check-access-token=1".parse().unwrap();

        let drawn = mix.draw(40_000, 5);

        let sign_ins = drawn.iter().filter(|flow| **flow == Flow::SignIn).count();
        assert!(sign_ins.abs_diff(30_000) < 500, "{sign_ins}");
        assert_eq!(
            drawn.len() - sign_ins,
            drawn.iter().filter(|flow| **flow == Flow::CheckAccessToken).count()
        );
        assert_eq!(drawn, mix.draw(40_000, 5));
    }

    #[test]
    fn what_is_typed_reads_back_and_nonsense_is_refused() {
        let default = Mix::default();

        assert_eq!(default.shown().parse::<Mix>().unwrap(), default);
        for wrong in ["", "sign-in", "sign-in=0", "sign-in=x", "nothing=1", "mixed=1"] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_flow_goes_by_the_name_that_is_typed() {
        for flow in Flow::ALL {
            assert_eq!(Flow::from_str(flow.name(), false).unwrap(), flow);
        }
    }
}
