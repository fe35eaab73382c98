//! What is told of changes.

use domain::{
    feed::{Change, Changed},
    matter::Version,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Act, ActorKind, ChangeKind, Code, MatterStatus, Priority, TemplateStance};

/// From where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The id of the last event seen, for those who cannot send `Last-Event-ID`; from now on if both
    /// are left out.
    #[param(example = "1f3a9c04-17")]
    pub after: Option<String>,
}

/// A matter or template that changed. It holds nothing a person is called or wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeView {
    /// Its place among the changes of the node, never used twice.
    #[schema(example = "1f3a9c04-17")]
    pub id: String,
    /// Its kind.
    pub kind: ChangeKind,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Which kind of actor caused it.
    pub actor: ActorKind,
    /// What changed.
    #[serde(flatten)]
    pub what: ChangedView,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum ChangedView {
    /// A matter.
    Matter {
        /// Its number.
        matter: String,
        /// Version after it.
        version: Version,
        /// The last step: a word, or a word with what it names.
        #[schema(value_type = Option<serde_json::Value>)]
        act: Option<Act>,
        /// Who made that step.
        #[schema(value_type = Code)]
        by: DivisionCode,
        /// Category code.
        category: String,
        /// How urgent.
        priority: Priority,
        /// State of the work.
        status: MatterStatus,
        /// Who holds it.
        #[schema(value_type = Code)]
        holder: DivisionCode,
        /// The neighbour it is being handed to.
        #[schema(value_type = Option<Code>)]
        transit: Option<DivisionCode>,
    },
    /// A template.
    Template {
        /// Issuer, kind and name.
        template: String,
        /// Its version.
        version: u32,
        /// What this node does with it; absent if it is not in scope.
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

/// The first event of a stream (`begin`), or one that says that something in between was lost
/// (`gap`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamStart {
    /// What comes follows this one.
    pub after: String,
    /// Why what was known before must be read anew, if it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The last event of a stream (`end`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamEnd {
    /// Why it ends.
    pub detail: String,
}
