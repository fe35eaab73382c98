//! Changes, as event streams and webhooks report them.

use domain::{
    feed::{Change, Changed},
    matter::Version,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Act, ActorKind, ChangeKind, Code, MatterStatus, Priority, TemplateStance};

/// Position at which an event stream continues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Id of the last event seen, for clients that cannot send `Last-Event-ID`. Without both, the
    /// stream starts with the next change.
    #[param(example = "1f3a9c04-17")]
    pub after: Option<String>,
}

/// A change of a matter or template. It contains no names and no text that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeView {
    /// Position among the changes of the node; never used twice.
    #[schema(example = "1f3a9c04-17")]
    pub id: String,
    /// The kind of change.
    pub kind: ChangeKind,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// The kind of actor who caused it.
    pub actor: ActorKind,
    /// The changed matter or template.
    #[serde(flatten)]
    pub what: ChangedView,
}

/// The changed matter or template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum ChangedView {
    /// A matter.
    Matter {
        /// Number of the matter.
        matter: String,
        /// Version of the matter after the change.
        version: Version,
        /// The last step: its name, or an object from its name to its parameters.
        #[schema(value_type = Option<serde_json::Value>)]
        act: Option<Act>,
        /// The division that made the step.
        #[schema(value_type = Code)]
        by: DivisionCode,
        /// Category code.
        category: String,
        /// Priority.
        priority: Priority,
        /// Status of the work.
        status: MatterStatus,
        /// The division that holds it.
        #[schema(value_type = Code)]
        holder: DivisionCode,
        /// The neighbour to which it is being handed, if any.
        #[schema(value_type = Option<Code>)]
        transit: Option<DivisionCode>,
    },
    /// A template.
    Template {
        /// Issuer, kind and name of the template.
        template: String,
        /// Version of the template.
        version: u32,
        /// This node's decision on the template; absent if the node is not in scope.
        stance: Option<TemplateStance>,
    },
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            id: change.id.to_string(),
            kind: change.kind(),
            at_ms: change.at.0,
            actor: change.actor,
            what: match &change.what {
                Changed::Matter(matter) => ChangedView::Matter {
                    matter: matter.matter.to_string(),
                    version: matter.version,
                    act: matter.act,
                    by: matter.by,
                    category: matter.category.to_string(),
                    priority: matter.priority,
                    status: matter.status,
                    holder: matter.holder,
                    transit: matter.transit,
                },
                Changed::Template(template) => ChangedView::Template {
                    template: template.key.clone(),
                    version: template.version,
                    stance: template.stance,
                },
            },
        }
    }
}

/// The first event of a stream (`begin`), or one that reports that events were lost (`gap`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamStart {
    /// Id of the event that precedes the next one of the stream.
    pub after: String,
    /// Reason why the client must read its state again, if it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The last event of a stream (`end`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamEnd {
    /// Reason why the stream ends.
    pub detail: String,
}
