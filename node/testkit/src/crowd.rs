//! Many officials at work: random acts on random matters, from a seed.

use domain::{category::Priority, custody::Standing, ids::MatterId, matter::Outcome};
use office::{Failed, MatterRefusal, Office};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use topology::Tier;

use crate::{CLERK, INSPECTOR, Network, rubbish};

const CATEGORIES: [&str; 4] = [
    "enforcement/rubbish",
    "order/fire",
    "market/food",
    "service/relief",
];

/// A crowd with its own random numbers.
pub struct Crowd(StdRng);

impl Crowd {
    /// Returns the crowd of a seed; it always does the same.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Does this many acts somewhere in the network. Acts that the rules forbid are skipped.
    ///
    /// # Panics
    /// If a node fails.
    pub async fn work(&mut self, network: &Network, acts: usize) {
        let offices = network.offices();
        for _ in 0..acts {
            let office = offices.choose(&mut self.0).expect("somebody runs");
            let done = if office.me().tier() == Tier::Village && self.0.random_bool(0.6) {
                self.report(network, office).await
            } else {
                self.act(network, office).await
            };
            match done {
                Ok(()) | Err(Failed::Refused(MatterRefusal::Rules(_))) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn report(
        &mut self,
        network: &Network,
        office: &Office,
    ) -> Result<(), Failed<MatterRefusal>> {
        let category = CATEGORIES.choose(&mut self.0).expect("there are some");
        let mut new = rubbish(&format!("heap {}", self.0.random::<u32>()));
        new.category = category.parse().expect("a category");
        if *category == "order/fire" {
            new.priority = Priority::Emergency;
        }
        let above: Vec<_> = network.tree.ancestors(office.me()).collect();
        match above.choose(&mut self.0) {
            Some(to) if self.0.random_bool(0.7) => {
                office
                    .matters()
                    .report_and_escalate(new, *to, CLERK)
                    .await?;
            }
            _ => {
                office.matters().report(new, CLERK).await?;
            }
        }
        Ok(())
    }

    async fn act(
        &mut self,
        network: &Network,
        office: &Office,
    ) -> Result<(), Failed<MatterRefusal>> {
        let me = office.me();
        let dockets = office.matters().dockets(None, usize::MAX).await?;
        let Some(docket) = dockets.choose(&mut self.0) else {
            return Ok(());
        };
        let id: MatterId = docket.matter.id;
        if docket.standing != Standing::Holding {
            return match self.0.random_bool(0.3) {
                true => office.matters().recall(id, CLERK).await,
                false => Ok(()),
            };
        }
        let divisions = network.divisions();
        match self.0.random_range(0..8) {
            0 => office.matters().accept(id, CLERK).await,
            1 => office.matters().handle(id, "swept".to_owned(), CLERK).await,
            2 => {
                office
                    .matters()
                    .close(id, Outcome::Solved, Some("done".to_owned()), INSPECTOR)
                    .await
            }
            3 => office.matters().send_back(id, None, CLERK, None).await,
            4 | 5 => {
                let above: Vec<_> = network.tree.ancestors(me).collect();
                match above.choose(&mut self.0) {
                    Some(to) => {
                        office
                            .matters()
                            .escalate(id, Some(*to), None, CLERK, None)
                            .await
                    }
                    None => Ok(()),
                }
            }
            _ => {
                let below = divisions.into_iter();
                let below: Vec<_> = below
                    .filter(|to| *to != me && network.tree.contains(me, *to))
                    .collect();
                match below.choose(&mut self.0) {
                    Some(to) => office.matters().assign(id, *to, None, CLERK, None).await,
                    None => Ok(()),
                }
            }
        }
    }
}
