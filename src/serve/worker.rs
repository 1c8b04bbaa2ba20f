//! Threads on which the work is done, one piece after the other, away from those who serve pages.
//!
//! What it works with is not shared between threads: a store and a journal belong to one.

use std::cell::RefCell;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::problem::Problem;
use crate::cycle::Installation;
use crate::said;

type Piece =
    Box<dyn FnOnce(Rc<Bench>) -> Pin<Box<dyn Future<Output = ()> + 'static>> + Send + 'static>;

/// What a piece of work finds on its thread.
pub struct Bench {
    settings: PathBuf,
    open: RefCell<Option<Rc<Installation>>>,
}

impl Bench {
    /// The installation, opened when it is first needed.
    ///
    /// # Errors
    ///
    /// [`Problem`] if the settings are wrong or the store does not open.
    pub fn installation(&self) -> Result<Rc<Installation>, Problem> {
        if let Some(open) = &*self.open.borrow() {
            return Ok(Rc::clone(open));
        }
        let opened = Rc::new(Installation::open(&self.settings)?);
        *self.open.borrow_mut() = Some(Rc::clone(&opened));
        Ok(opened)
    }

    /// The next piece of work opens the installation anew, with the settings as they are then.
    pub fn close(&self) {
        *self.open.borrow_mut() = None;
    }
}

/// A thread that works.
#[derive(Clone)]
pub struct Worker {
    pieces: mpsc::UnboundedSender<Piece>,
}

impl Worker {
    /// Starts a thread that ends when nobody can give it work any more and what was given is done.
    ///
    /// # Errors
    ///
    /// What the operating system says if it gives no thread.
    pub fn start(
        name: &str,
        settings: PathBuf,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (pieces, mut given) = mpsc::unbounded_channel::<Piece>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let bench = Rc::new(Bench { settings, open: RefCell::new(None) });
            runtime.block_on(async move {
                while let Some(piece) = given.recv().await {
                    piece(Rc::clone(&bench)).await;
                }
            });
        })?;
        Ok((Self { pieces }, thread))
    }

    /// Gives it `work` to do after what was given before, and waits for nothing. A thread that has ended
    /// does no work.
    pub fn order<F, W>(&self, work: F)
    where
        F: FnOnce(Rc<Bench>) -> W + Send + 'static,
        W: Future<Output = ()> + 'static,
    {
        let piece: Piece = Box::new(move |bench| Box::pin(work(bench)));
        // Nobody waits for it, so nobody is told that the server ends.
        let _ = self.pieces.send(piece);
    }

    /// Does `work` after what was given before, and returns its result.
    ///
    /// # Errors
    ///
    /// What the work says, or that the server ends.
    pub async fn run<T, F, W>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(Rc<Bench>) -> W + Send + 'static,
        W: Future<Output = Result<T, Problem>> + 'static,
    {
        let (done, result) = oneshot::channel();
        // What is done belongs to the trace of who asked for it.
        let asked = tracing::Span::current();
        let piece: Piece = Box::new(move |bench| {
            let worked = async move {
                // Whoever asked may have gone; the work is done all the same.
                let _ = done.send(work(bench).await);
            };
            Box::pin(worked.instrument(asked))
        });
        let ends = || {
            Problem::later(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "SERVER-STOPS",
                said!("server.stops", "the server is stopping; nothing was begun"),
                5,
            )
        };
        self.pieces.send(piece).map_err(|_| ends())?;
        result.await.map_err(|_| {
            Problem::internal(said!(
                "server.no-result",
                "the work ended without a result; the log of the server says why"
            ))
        })?
    }
}
