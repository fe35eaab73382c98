//! Actions of people, so that scenarios read as sentences: `network.escalate(VILLAGE, id,
//! PROVINCE).await`.

use domain::{
    category::{Priority, Visibility},
    custody::Standing,
    ids::MatterId,
    matter::{Channel, Matter, Outcome, Status},
};

use office::{NewReport, Office};

use crate::{CLERK, INSPECTOR, Network, code, eventually};

/// Returns a report about rubbish.
pub fn rubbish(text: &str) -> NewReport {
    let category = "enforcement/rubbish".parse().expect("a category");
    NewReport {
        channel: Channel::Snapshot,
        ..NewReport::new(category, text.to_owned())
    }
}

/// Returns a report about a fire.
pub fn emergency(text: &str) -> NewReport {
    NewReport {
        category: "order/fire".parse().expect("a category"),
        priority: Priority::Emergency,
        ..rubbish(text)
    }
}

/// Returns a complaint about the officials of a division.
pub fn direct(text: &str, about: &str) -> NewReport {
    NewReport {
        category: "service/relief".parse().expect("a category"),
        visibility: Visibility::Direct,
        about: Some(code(about)),
        ..rubbish(text)
    }
}

/// Returns the matter as a node knows it, if it does.
///
/// # Panics
/// If its store does not answer.
pub async fn known(office: &Office, id: MatterId) -> Option<Matter> {
    let docket = office
        .matters()
        .docket(id)
        .await
        .expect("the store answers");
    docket.map(|docket| docket.matter)
}

/// Returns whether a node holds a matter.
///
/// # Panics
/// If its store does not answer.
pub async fn holds(office: &Office, id: MatterId) -> bool {
    let docket = office
        .matters()
        .docket(id)
        .await
        .expect("the store answers");
    docket.is_some_and(|docket| docket.standing == Standing::Holding)
}

/// All methods panic if the node answers with an error, or if the awaited state never comes.
impl Network {
    /// Reports rubbish at a division.
    pub async fn report(&self, at: &str, text: &str) -> MatterId {
        let reported = self.office(at).matters().report(rubbish(text), CLERK).await;
        reported.expect("it is reported")
    }

    /// Reports rubbish at a division and escalates it in the same commit.
    pub async fn report_up(&self, at: &str, text: &str, to: &str) -> MatterId {
        let office = self.office(at);
        let reported = office
            .matters()
            .report_and_escalate(rubbish(text), code(to), CLERK);
        reported.await.expect("it is reported and escalated")
    }

    /// Hands a matter to a tier above.
    pub async fn escalate(&self, at: &str, id: MatterId, to: &str) {
        let office = self.office(at);
        let done = office
            .matters()
            .escalate(id, Some(code(to)), None, CLERK, None);
        done.await.expect("it is escalated");
    }

    /// Hands a matter to a division below.
    pub async fn assign(&self, at: &str, id: MatterId, to: &str) {
        let office = self.office(at);
        let done = office
            .matters()
            .assign(id, code(to), None, CLERK, None)
            .await;
        done.expect("it is assigned");
    }

    /// Hands a matter back to where it came from.
    pub async fn send_back(&self, at: &str, id: MatterId) {
        let done = self
            .office(at)
            .matters()
            .send_back(id, None, CLERK, None)
            .await;
        done.expect("it is sent back");
    }

    /// Asks for a matter to be handed back.
    pub async fn recall(&self, at: &str, id: MatterId) {
        let done = self.office(at).matters().recall(id, CLERK).await;
        done.expect("it is recalled");
    }

    /// Closes a matter as solved, as the inspector.
    pub async fn close(&self, at: &str, id: MatterId) {
        let done = self
            .office(at)
            .matters()
            .close(id, Outcome::Solved, Some("done".to_owned()), INSPECTOR)
            .await;
        done.expect("it is closed");
    }

    /// Waits until a division holds a matter.
    pub async fn held(&self, by: &str, id: MatterId) {
        let office = self.office(by);
        eventually(&format!("{by} holds {id}"), || holds(&office, id)).await;
    }

    /// Waits until a division knows that a matter is closed as solved.
    pub async fn closed(&self, at: &str, id: MatterId) {
        self.closed_as(at, id, Outcome::Solved).await;
    }

    /// Waits until a division knows that a matter has this outcome.
    pub async fn closed_as(&self, at: &str, id: MatterId, outcome: Outcome) {
        let office = self.office(at);
        eventually(&format!("{at} knows that {id} is closed"), || async {
            let matter = known(&office, id).await;
            matter.is_some_and(|matter| matter.status == Status::Closed(outcome))
        })
        .await;
    }

    /// Waits until a division's request about a matter was answered.
    pub async fn answered(&self, at: &str, id: MatterId) {
        let office = self.office(at);
        eventually(&format!("{at} is answered about {id}"), || async {
            let docket = office
                .matters()
                .docket(id)
                .await
                .expect("the store answers");
            docket.is_some_and(|docket| docket.asked.is_empty())
        })
        .await;
    }

    /// Returns the error of an act that must fail.
    pub async fn refused<T: std::fmt::Debug, E: std::fmt::Display>(
        act: impl Future<Output = Result<T, E>>,
    ) -> String {
        act.await
            .map_err(|error| error.to_string())
            .expect_err("it is refused")
    }
}
