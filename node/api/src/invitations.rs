//! Invitations of children.

use std::collections::BTreeSet;

use domain::{
    ids::NetworkId,
    invitation::{Invitation, StateName, check_number, machine_number},
    revocation::Reason,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// A child to invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// For how many hours it is good, 1 to 2160; 14 days if left out.
    pub hours: Option<u32>,
    /// Whether somebody compares the number of the machine before it is admitted.
    #[serde(default)]
    pub confirm: bool,
    /// If the child is enrolled: what happened to its key, which is revoked.
    #[schema(value_type = Option<String>)]
    pub replaces: Option<Reason>,
    /// Where this node is reached, `host:port`, at most four; as in the last invitation if there are none.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// A machine that used an invitation, or waits to be admitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JoinerLine {
    /// The signing key that it made: 32 hexadecimal digits.
    pub key: String,
    /// The number of the machine, which its operator reads out: twenty digits.
    pub number: String,
    /// When it asked.
    pub at_ms: i64,
    /// The address from which it asked.
    pub from: String,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationLine {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// What became of it.
    #[schema(value_type = String)]
    pub state: StateName,
    /// The number that the child's key will have; more than 1 if it replaces another.
    pub serial: u32,
    /// When it was made.
    pub made_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// Whether somebody compares the number of the machine before it is admitted.
    pub confirm: bool,
    /// Twenty digits that both sides show.
    pub check_number: String,
    /// Where this node is reached.
    pub addresses: Vec<String>,
    /// The machine that used it or waits.
    pub joiner: Option<JoinerLine>,
}

/// An invitation that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewInvitationView {
    /// Its text, which is shown once. Whoever has it may join as the child.
    pub text: String,
    /// The invitation.
    pub invitation: InvitationLine,
}

/// Invitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Invitations {
    /// Ordered by division, the newest first.
    pub invitations: Vec<InvitationLine>,
}

/// The machine to admit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitRequest {
    /// The number that its operator reads out.
    pub number: String,
}

impl InvitationLine {
    /// Returns the API view of an invitation. `pin` is the first half of the digest of the root's public key.
    pub fn of(
        invitation: &Invitation,
        (network, pin): (NetworkId, &[u8; 16]),
        now: Timestamp,
    ) -> Self {
        let division = invitation.division;
        let joiner = invitation.joiner().map(|joiner| JoinerLine {
            key: joiner.key.to_string(),
            number: machine_number(network, pin, division, joiner.key),
            at_ms: joiner.at.0,
            from: joiner.from.to_string(),
        });
        Self {
            division,
            state: invitation.state_at(now),
            serial: invitation.serial,
            made_ms: invitation.made_at.0,
            expires_ms: invitation.expires_at.0,
            confirm: invitation.confirm,
            check_number: check_number(network, pin, division, &invitation.key),
            addresses: invitation.addresses.clone(),
            joiner,
        }
    }
}

impl Mentions for InvitationLine {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.division);
    }
}

impl Mentions for NewInvitationView {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        self.invitation.mentions(all);
    }
}

impl Mentions for Invitations {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.invitations.iter().map(|line| line.division));
    }
}
