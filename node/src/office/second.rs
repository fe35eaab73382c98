//! When another machine with this node's identity is linked to the parent: this one stands aside.

use topology::DivisionCode;

use super::{Office, OfficeError};
use crate::domain::alarm::AlarmKind;

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
        let me = Some(self.me);
        self.raise_alarm(AlarmKind::SecondMachine, me, detail).await
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
