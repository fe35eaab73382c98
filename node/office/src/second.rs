//! When another machine with this node's identity is linked to the parent: this one stands aside.

use domain::{actor::Actor, alarm::AlarmKind};
use store::record;
use topology::DivisionCode;

use super::{Office, OfficeError, keys};

impl Office {
    /// The parent refused this machine because another one with the same identity is linked and answers.
    /// Nothing new is taken here until the parent greets this one again. The alarm is durable when it
    /// returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn refused_as_second(
        &self,
        parent: DivisionCode,
        detail: &str,
    ) -> Result<(), OfficeError> {
        *self.aside.lock().expect("no holder panics") = Some(parent);
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        unit.view.is_outcome();
        unit.view.put(keys::STANDS_ASIDE, record::write(&()));
        let me = Some(self.me);
        unit.raise(AlarmKind::SecondMachine, me, detail).await?;
        unit.commit().await?;
        Ok(())
    }

    /// A machine that was refused stays aside after a restart.
    pub(super) async fn recall_aside(&self) -> Result<(), OfficeError> {
        let seen = self
            .dependencies
            .store
            .get(self.me, keys::STANDS_ASIDE)
            .await?;
        *self.aside.lock().expect("no holder panics") =
            self.parent.filter(|_| seen.value.is_some());
        Ok(())
    }

    /// Whether this machine is the division's only one, as far as is known.
    pub(super) fn check_sole(&self) -> Result<(), OfficeError> {
        match *self.aside.lock().expect("no holder panics") {
            Some(parent) => Err(OfficeError::SecondMachine(parent)),
            None => Ok(()),
        }
    }

    /// The parent greeted this machine. `true` if it had refused it before.
    pub(super) fn is_sole_again(&self) -> bool {
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
    use crate::{NewReport, fixture};
    use store::MemoryDisk;

    #[tokio::test]
    async fn a_machine_that_was_refused_stays_aside_after_a_restart() {
        let clock = Arc::new(fixture::Ticking::default());
        let disk = MemoryDisk::default();
        let office = fixture::office("330825002222", &disk, clock, 0).await;
        let report = async |office: &Office| {
            let new = NewReport::new("order/fire".parse().unwrap(), "smoke".to_owned());
            office.report(new, Actor::OsUser(1)).await
        };
        report(&office).await.unwrap();
        let parent = office.parent.unwrap();
        office.refused_as_second(parent, "two").await.unwrap();
        let reopened = Office::open(office.me, office.dependencies.clone())
            .await
            .unwrap();
        let refused = report(&reopened).await;
        assert!(matches!(refused, Err(OfficeError::SecondMachine(by)) if by == parent));
    }
}
