//! What people see of a node's records.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Office, OfficeError, keys};
use crate::{
    domain::{
        category::{Platform, Priority, Visibility},
        custody::{Docket, Standing},
        envelope::Lane,
        ids::MatterId,
        matter::{Act, Body, Channel, Status, Version},
        time::Timestamp,
    },
    outbox::queue,
    store::{Range, record},
};

/// How this node stands to a matter, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum StandingView {
    /// Held here.
    Holding,
    /// Handed over, not yet answered.
    Giving {
        /// The neighbour.
        to: DivisionCode,
        /// The end of its way.
        bound_for: DivisionCode,
    },
    /// A copy.
    Elsewhere,
}

/// What a person wrote, or that it may not be seen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyView {
    /// The text.
    Text(String),
    /// Only the holder sees it.
    Masked,
    /// It is not here.
    Absent,
}

/// One step, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The acting division.
    pub by: DivisionCode,
    /// What was done.
    pub act: Act,
    /// The office's remark.
    pub note: Option<BodyView>,
}

/// A matter, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterView {
    /// Its number.
    pub id: String,
    /// How it came in.
    pub channel: Channel,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is a known one.
    pub category_name: Option<String>,
    /// Its platform.
    pub platform: Platform,
    /// How urgent.
    pub priority: Priority,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// State of the work.
    pub status: Status,
    /// Where it was reported.
    pub origin: DivisionCode,
    /// First receiver.
    pub responsible: DivisionCode,
    /// Who holds it, as last heard.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: StandingView,
    /// Version of what is shown.
    pub version: Version,
    /// When the last step shown was made, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// What the person wrote.
    pub body: BodyView,
    /// Every step.
    pub steps: Vec<StepView>,
    /// Whether a recall by this node is outstanding.
    pub recalling: bool,
}

/// How much waits for a neighbour in one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLength {
    /// The neighbour.
    pub neighbour: DivisionCode,
    /// The lane.
    pub lane: Lane,
    /// Outbox segments that wait or are unanswered.
    pub segments: usize,
}

impl Office {
    /// One matter as this node knows it.
    pub async fn matter(&self, id: MatterId) -> Result<MatterView, OfficeError> {
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        self.view(docket).await
    }

    /// The raw docket, for checks and tests.
    pub async fn docket(&self, id: MatterId) -> Result<Option<Docket>, OfficeError> {
        let store = &self.supplies.store;
        let seen = store.get(self.me, &keys::docket(id)).await?;
        store.settle(seen.generation).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }

    /// Matters this node knows, by number, after `after`, at most `limit`.
    pub async fn dockets(
        &self,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<Docket>, OfficeError> {
        let mut range = Range::prefix(keys::DOCKETS);
        if let Some(after) = after {
            range.from = [&keys::docket(after)[..], &[0]].concat().into();
        }
        let store = &self.supplies.store;
        let seen = store.scan(self.me, range, limit, false).await?;
        store.settle(seen.generation).await?;
        let dockets = seen.value.iter().map(|(_, bytes)| record::read(bytes));
        Ok(dockets.collect::<Result<_, _>>()?)
    }

    /// How many matters this node holds, hands over, and has copies of.
    pub async fn standings(&self) -> Result<(usize, usize, usize), OfficeError> {
        let (mut holding, mut giving, mut copies) = (0, 0, 0);
        for docket in self.dockets(None, usize::MAX).await? {
            match docket.standing {
                Standing::Holding => holding += 1,
                Standing::Giving { .. } => giving += 1,
                Standing::Elsewhere => copies += 1,
            }
        }
        Ok((holding, giving, copies))
    }

    /// A docket as people see it.
    pub async fn view(&self, docket: Docket) -> Result<MatterView, OfficeError> {
        let holding = docket.standing == Standing::Holding;
        let matter = docket.matter;
        let body = if holding {
            self.body(matter.id, &matter.body).await?
        } else {
            BodyView::Masked
        };
        let mut steps = Vec::with_capacity(matter.steps.len());
        for step in &matter.steps {
            let note = match &step.note {
                Some(note) => Some(self.body(matter.id, note).await?),
                None => None,
            };
            steps.push(StepView {
                at_ms: step.at.0,
                by: step.by,
                act: step.act,
                note,
            });
        }
        Ok(MatterView {
            id: matter.id.to_string(),
            channel: matter.channel,
            category: matter.category.to_string(),
            category_name: matter.category.chinese().map(str::to_owned),
            platform: matter.category.platform(),
            priority: matter.priority,
            visibility: matter.visibility,
            status: matter.status,
            origin: matter.id.origin,
            responsible: matter.responsible,
            holder: matter.holder,
            transit: matter.transit,
            standing: match docket.standing {
                Standing::Holding => StandingView::Holding,
                Standing::Giving { to, bound_for } => StandingView::Giving { to, bound_for },
                Standing::Elsewhere => StandingView::Elsewhere,
            },
            version: matter.version,
            as_of_ms: matter.steps.last().map_or(0, |step| step.at.0),
            body,
            steps,
            recalling: docket.asked.is_some(),
        })
    }

    async fn body(&self, id: MatterId, commitment: &[u8; 32]) -> Result<BodyView, OfficeError> {
        let seen = self
            .supplies
            .store
            .get(self.me, &queue::body_key(id, commitment))
            .await?;
        Ok(match seen.value {
            Some(bytes) => BodyView::Text(record::read::<Body>(&bytes)?.text),
            None => BodyView::Absent,
        })
    }

    /// What waits for each neighbour.
    pub async fn queues(&self) -> Result<Vec<QueueLength>, OfficeError> {
        let store = &self.supplies.store;
        let seen = store
            .scan(self.me, Range::prefix(b"o"), usize::MAX, false)
            .await?;
        let mut lengths: Vec<QueueLength> = vec![];
        for (key, _) in seen.value {
            let neighbour = key
                .get(1..9)
                .and_then(|n| n.try_into().ok())
                .map(u64::from_be_bytes);
            let lane = key
                .get(9)
                .and_then(|lane| Lane::from_index(usize::from(*lane)));
            let (Some(neighbour), Some(lane)) = (neighbour.and_then(DivisionCode::from_u64), lane)
            else {
                continue;
            };
            match lengths.last_mut() {
                Some(last) if last.neighbour == neighbour && last.lane == lane => {
                    last.segments += 1;
                }
                _ => lengths.push(QueueLength {
                    neighbour,
                    lane,
                    segments: 1,
                }),
            }
        }
        Ok(lengths)
    }

    /// When this node's clock says it is.
    pub fn time(&self) -> Timestamp {
        self.now()
    }
}
