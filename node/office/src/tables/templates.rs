//! Records about templates, and keys that begin with one.

use bytes::Bytes;
use domain::{
    ids::EpochId,
    statement::Proof,
    template::{Rollout, Stance, Template, TemplateKey, TemplateList},
    time::Timestamp,
};
use records::table::{Begins, Key};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// A template as this node stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// The latest known version.
    pub template: Template,
    /// This node's decision on it; `None` if the node is not in scope.
    pub stance: Option<Stance>,
    /// The exact signed bytes of the author.
    pub(crate) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(crate) proof: Option<Proof>,
    pub(crate) epoch: EpochId,
}

/// The latest word on a rollout, as this node stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutRecord {
    /// What the issuer says.
    pub rollout: Rollout,
    /// This node's decision on the version; `None` if the node is not in scope, or the rollout does not count any more.
    pub stance: Option<Stance>,
    /// The exact signed bytes of the author.
    pub(crate) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(crate) proof: Option<Proof>,
    pub(crate) epoch: EpochId,
}

/// A list of current versions, as this node stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListRecord {
    pub(crate) list: TemplateList,
    /// When it came, by this node's clock.
    pub(crate) heard_at: Timestamp,
    /// The exact signed bytes of the author.
    pub(crate) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(crate) proof: Option<Proof>,
    pub(crate) epoch: EpochId,
}

domain::records!(TemplateRecord, RolloutRecord, ListRecord);

/// A template, and a child that reported its adoption.
#[derive(Clone, Debug)]
pub(crate) struct AdoptionKey(pub(crate) TemplateKey, pub(crate) DivisionCode);

/// The template, a zero, the child. A template's name has no zero in it.
impl Key for AdoptionKey {
    fn write(&self, key: &mut Vec<u8>) {
        let Self(template, child) = self;
        template.write(key);
        key.push(0);
        child.write(key);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        let (mut template, child) = std::mem::take(key).split_last_chunk::<8>()?;
        let AdoptionsOf(template) = AdoptionsOf::read(&mut template)?;
        Some(Self(template, DivisionCode::read(&mut &child[..])?))
    }
}

/// All adoptions of a template.
#[derive(Clone, Debug)]
pub(crate) struct AdoptionsOf(pub(crate) TemplateKey);

impl Key for AdoptionsOf {
    fn write(&self, key: &mut Vec<u8>) {
        self.0.write(key);
        key.push(0);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        let (0, mut template) = std::mem::take(key)
            .split_last()
            .map(|(zero, rest)| (*zero, rest))?
        else {
            return None;
        };
        Some(Self(TemplateKey::read(&mut template)?))
    }
}

impl Begins<AdoptionKey> for AdoptionsOf {}
