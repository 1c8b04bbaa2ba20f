//! A process that can die: between any two steps, in a request, or in a call of the disk.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::post::failpoint::Died;

use super::disk;
use super::world::World;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was done.
    Finished,
    /// It was killed, or died of a disk that did not take the journal.
    Died,
}

/// The life of one process.
pub struct Mortal {
    world: Arc<World>,
    process: usize,
    life: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Mortal {
    pub fn new(
        world: &Arc<World>,
        process: usize,
        life: impl Future<Output = ()> + 'static,
    ) -> Self {
        Self { world: Arc::clone(world), process, life: Some(Box::pin(life)) }
    }

    fn is_dead(&self) -> bool {
        let killed = self.world.processes.lock().unwrap()[self.process - 1].killed;
        killed || self.world.disk.has_killed(self.process)
    }

    fn dies(&mut self) -> Poll<Ended> {
        // What it would do on its way out does not reach the disk.
        self.world.disk.kill(self.process);
        disk::enter(self.process);
        self.life = None;
        disk::enter(0);
        self.world.note(format!("p{} is dead", self.process));
        Poll::Ready(Ended::Died)
    }
}

impl Future for Mortal {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        if self.is_dead() {
            return self.dies();
        }
        let waker = Some(context.waker().clone());
        self.world.processes.lock().unwrap()[self.process - 1].waker = waker;
        disk::enter(self.process);
        let Some(life) = &mut self.life else { return Poll::Ready(Ended::Died) };
        let polled = catch_unwind(AssertUnwindSafe(|| life.as_mut().poll(context)));
        disk::enter(0);
        match polled {
            Ok(_) if self.is_dead() => self.dies(),
            Ok(Poll::Ready(())) => Poll::Ready(Ended::Finished),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) if panic.is::<Died>() => self.dies(),
            Err(panic) => resume_unwind(panic),
        }
    }
}
