//! Handles a second machine with this node's identity: if the other one is linked to the parent,
//! this one stands aside.

use domain::{actor::Actor, alarm::AlarmKind, saying::Saying};
use topology::DivisionCode;

use crate::{Aborted, Fault, SecondMachine, services::Inbox, tables};

impl Inbox<'_> {
    /// Notes that the parent refused this machine. Another one with the same identity is linked and
    /// answers. Nothing new is taken here until the parent greets this one again. The alarm is
    /// durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn refused_as_second(
        self,
        parent: DivisionCode,
        detail: &Saying,
    ) -> Result<(), Aborted> {
        *self.aside.lock().expect("no holder panics") = Some(parent);
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        unit.view.is_outcome();
        unit.view.put::<tables::StandsAside>(&(), &());
        let me = Some(self.me);
        unit.raise(AlarmKind::SecondMachine, me, detail).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Restores the state after a restart: a refused machine stays aside.
    pub(crate) async fn recall_aside(self) -> Result<(), Fault> {
        let stands = self.read()?.has::<tables::StandsAside>(&()).await?;
        *self.aside.lock().expect("no holder panics") = self.parent.filter(|_| stands);
        Ok(())
    }

    /// Checks that this machine is the division's only one, as far as is known.
    pub(crate) fn check_sole(self) -> Result<(), SecondMachine> {
        match *self.aside.lock().expect("no holder panics") {
            Some(parent) => Err(SecondMachine(parent)),
            None => Ok(()),
        }
    }

    /// Notes that the parent greeted this machine. Returns `true` if it had refused it before.
    pub(crate) fn is_sole_again(self) -> bool {
        self.aside
            .lock()
            .expect("no holder panics")
            .take()
            .is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Office;
    use crate::{Failed, MatterRefusal, NewReport, fixture};
    use store::MemoryDisk;

    #[tokio::test]
    async fn a_machine_that_was_refused_stays_aside_after_a_restart() {
        let clock = Arc::new(fixture::Ticking::default());
        let disk = MemoryDisk::default();
        let office = fixture::office("330825002222", &disk, clock, 0).await;
        let report = async |office: &Office| {
            let new = NewReport::new("order/fire".parse().unwrap(), "smoke".to_owned());
            office.matters().report(new, Actor::OsUser(1)).await
        };
        report(&office).await.unwrap();
        let parent = office.parent.unwrap();
        office
            .inbox()
            .refused_as_second(parent, &Saying::foreign("two"))
            .await
            .unwrap();
        let reopened = Office::open(office.me, office.dependencies.clone())
            .await
            .unwrap();
        let refused = report(&reopened).await;
        assert!(
            matches!(refused, Err(Failed::Refused(MatterRefusal::SecondMachine(SecondMachine(by)))) if by == parent)
        );
    }
}
