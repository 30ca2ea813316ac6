//! Looks after a database: reports how it is, and opens a gate to the loops that need it once its schema fits.
//!
//! A process that finds no schema, or one that has left this code behind, stays up and unready: a rolling deploy
//! migrates beside it.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;

use crate::{Database, Failure, Schema, SchemaFit, in_time};

/// The pause while the gate is closed: a start should not wait for a rare look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What a pooler answers to settings of a session that it does not know (a protocol violation).
const REFUSES_SETTINGS: &str = "08P01";

/// How a database was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreStatus {
    /// It does not answer, or takes no writes.
    Away {
        /// Which it is and why, for operators.
        cause: String,
    },
    /// It answers; its schema does not fit, or was not seen to.
    Answers,
    /// It answers, its schema fits, and the gate is open.
    Ready,
}

impl StoreStatus {
    /// As health takes it.
    ///
    /// # Errors
    /// Which database is away, and why.
    pub fn answers(&self) -> Result<(), String> {
        match self {
            Self::Away { cause } => Err(cause.clone()),
            Self::Answers | Self::Ready => Ok(()),
        }
    }
}

/// Closed until the schema was seen to fit. Clones share it.
#[derive(Debug, Clone)]
pub struct SchemaGate(watch::Receiver<bool>);

impl SchemaGate {
    /// Waits until the gate is open; false when the process is to `stop` first.
    pub async fn passed(&mut self, stop: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = stop => false,
            opened = self.0.wait_for(|is_open| *is_open) => opened.is_ok(),
        }
    }
}

/// Why a database is not made ready for use.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// Something broke, which may pass: it is tried again.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It is not for this process, and will not be by itself.
    #[error(transparent)]
    Unfit(Box<dyn Error + Send + Sync>),
}

/// What is done once, before the gate opens.
type Preparation =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Unprepared>> + Send>> + Send + Sync>;

/// The loop.
pub struct StoreMonitor {
    database: Database,
    schema: &'static Schema,
    pause: Duration,
    report: Box<dyn Fn(StoreStatus) + Send + Sync>,
    preparation: Option<Preparation>,
    gate: watch::Sender<bool>,
    reported: Option<SchemaFit>,
    reported_pooler: bool,
}

impl StoreMonitor {
    /// A monitor that looks every `pause` and reports what it saw, and the gate it opens.
    pub fn new(
        database: Database,
        schema: &'static Schema,
        pause: Duration,
        report: impl Fn(StoreStatus) + Send + Sync + 'static,
    ) -> (Self, SchemaGate) {
        let (gate, opened) = watch::channel(false);
        let report = Box::new(report);
        let monitor = Self {
            database,
            schema,
            pause,
            report,
            preparation: None,
            gate,
            reported: None,
            reported_pooler: false,
        };
        (monitor, SchemaGate(opened))
    }

    /// Does this once, before the gate opens; while it fails the gate stays closed, and what it finds unfit ends the loop.
    #[must_use]
    pub fn preparing<F>(mut self, prepare: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Unprepared>> + Send + 'static,
    {
        self.preparation = Some(Box::new(move || Box::pin(prepare())));
        self
    }

    /// Looks once and reports it: before a server answers its first call, a database that answers is found unfit or ready.
    ///
    /// # Errors
    /// It is not for this process.
    pub async fn look_first(&mut self) -> Result<(), Unprepared> {
        let status = self.look().await?;
        (self.report)(status);
        Ok(())
    }

    /// Looks until told to stop.
    ///
    /// # Errors
    /// The database is not for this process.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Unprepared> {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.look_first().await?;
            let pause = if *self.gate.borrow() { self.pause } else { FIRST_PAUSE.min(self.pause) };
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<StoreStatus, Unprepared> {
        if !*self.gate.borrow() && self.is_behind_a_pooler().await {
            return Ok(StoreStatus::Answers);
        }
        if let Err(failure) = in_time(self.database.ping()).await {
            return Ok(StoreStatus::Away { cause: self.database.cause(&failure).await });
        }
        Ok(match in_time(self.database.schema_fit(self.schema)).await {
            Ok(SchemaFit::Fits) if self.opened().await? => StoreStatus::Ready,
            Ok(fit) => {
                let is_news = self.reported.replace(fit) != Some(fit);
                if is_news && fit != SchemaFit::Fits {
                    tracing::warn!(?fit, "the schema does not fit; waiting for `rekey migrate`");
                }
                StoreStatus::Answers
            }
            Err(failure) => {
                tracing::debug!(error = %failure, "the schema cannot be read");
                if failure.is_unavailable() {
                    return Ok(StoreStatus::Away { cause: self.database.cause(&failure).await });
                }
                StoreStatus::Answers
            }
        })
    }

    /// Whether there is a pooler in between that keeps no sessions, which would break steps half way.
    async fn is_behind_a_pooler(&mut self) -> bool {
        let is_behind = match in_time(self.database.keeps_sessions()).await {
            Ok(keeps) => !keeps,
            Err(failure) => failure.code() == Some(REFUSES_SETTINGS),
        };
        if is_behind && !std::mem::replace(&mut self.reported_pooler, true) {
            tracing::error!(
                "the store is behind a pooler that keeps no sessions (PgBouncer in transaction or statement mode): \
                 set `pooling = \"transaction\"` for the store, or name Postgres itself or a pool in session mode"
            );
        }
        is_behind
    }

    /// Opens the gate, unless it is open; false if what must be done before fails.
    async fn opened(&self) -> Result<bool, Unprepared> {
        if *self.gate.borrow() {
            return Ok(true);
        }
        if let Some(prepare) = &self.preparation {
            match in_time(async { Ok(prepare().await) }).await {
                Ok(Ok(())) => {}
                Ok(Err(unfit @ Unprepared::Unfit(_))) => return Err(unfit),
                Ok(Err(Unprepared::Failed(failure))) | Err(failure) => {
                    tracing::warn!(error = %failure, "the store is not ready for use");
                    return Ok(false);
                }
            }
        }
        self.gate.send_replace(true);
        Ok(true)
    }
}

impl std::fmt::Debug for StoreMonitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreMonitor").field("pause", &self.pause).finish_non_exhaustive()
    }
}
