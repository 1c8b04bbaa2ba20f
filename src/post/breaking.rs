//! Where posting asks the circuit breaker: every write tells what came of it, no write begins while it is
//! open, and the way back waits for it.

use jiff::SignedDuration;

use crate::clock::Clock;

use super::breaker::Leave;
use super::desk::Desk;
use super::document::NewDocument;
use super::errand::Errand;
use super::order_way::OrderWay;
use super::report::Progress;
use super::sap_port::{PortError, PortErrorKind, Probe, SapPort};

/// How often whoever waits looks whether he has to stop.
const STEP: SignedDuration = SignedDuration::from_secs(1);

impl<S: SapPort, C: Clock> Desk<S, C> {
    /// Asks SAP, and tells the breaker how that went.
    pub async fn told<T>(
        &self,
        asked: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let begun = self.clock.now().since_boot;
        let answer = asked.await;
        let now = self.clock.now().since_boot;
        let indefinite = answer.as_ref().is_err_and(PortError::in_doubt);
        let opened = self.settings.breaker.lock().saw(now, now - begun, indefinite);
        if let Some(why) = opened {
            let reason = said(&self.settings.system, &why);
            tracing::error!(system = %self.settings.system, "{reason}");
            self.tell(Progress::Paused { reason });
        }
        answer
    }

    /// One read of SAP, which closes the breaker or leaves it open.
    async fn probe(&self, what: Probe) -> bool {
        let begun = self.clock.now().since_boot;
        let answer = self.sap.probe(what).await;
        let now = self.clock.now().since_boot;
        let answered = answer.is_ok();
        self.settings.breaker.lock().probed(now, now - begun, answered);
        match answer {
            Ok(()) => tracing::info!(system = %self.settings.system, "SAP answers again"),
            Err(error) => {
                tracing::warn!(system = %self.settings.system, %error, "SAP-PAUSED goes on")
            }
        }
        answered
    }
}

fn said(system: &str, why: &str) -> String {
    format!(
        "SAP-PAUSED: {system}: {why}. Nothing new is sent until SAP answers a read, which is tried after \
         30 s each; look at SM50 and SM21. What is to be taken back waits and is not forgotten"
    )
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Waits until the breaker lets a forward write begin.
    ///
    /// # Errors
    ///
    /// Why not, once nothing further may be sent.
    pub async fn may_send(&self) -> Result<(), String> {
        loop {
            if let Err(why) = self.asks_breaker().await {
                if self.must_stop() {
                    return Err(said(&self.desk.settings.system, &why));
                }
                self.desk.clock.sleep(STEP).await;
                continue;
            }
            return Ok(());
        }
    }

    /// Waits until the breaker lets a document be taken back.
    ///
    /// # Errors
    ///
    /// If SAP does not answer the probe: that counts as a try.
    pub async fn may_take_back(&self) -> Result<(), PortError> {
        loop {
            let now = self.desk.clock.now().since_boot;
            let leave = self.desk.settings.breaker.lock().ask(now);
            match leave {
                Leave::Go => return Ok(()),
                Leave::Wait(left, _) => self.desk.clock.sleep(left).await,
                Leave::Probe if self.desk.probe(self.reads()).await => return Ok(()),
                Leave::Probe => {
                    let text = said(&self.desk.settings.system, "SAP does not answer a read");
                    return Err(PortError::new(PortErrorKind::Busy, text));
                }
            }
        }
    }

    /// Whether something may begin now, probing if it is time for that. Why not, if not.
    async fn asks_breaker(&self) -> Result<(), String> {
        let now = self.desk.clock.now().since_boot;
        let leave = self.desk.settings.breaker.lock().ask(now);
        match leave {
            Leave::Go => Ok(()),
            Leave::Wait(_, why) => Err(why),
            Leave::Probe if self.desk.probe(self.reads()).await => Ok(()),
            Leave::Probe => Err("SAP does not answer a read".to_owned()),
        }
    }

    /// The interface that the document goes by.
    fn reads(&self) -> Probe {
        match (&self.document, self.way) {
            (NewDocument::FiDocument(_), _) | (_, OrderWay::Bapi) => Probe::Rfc,
            (_, way) => Probe::Orders(way),
        }
    }
}
