//! Revocations of keys.

use bytes::Bytes;
use domain::{
    envelope::{Destination, Stamp},
    ids::{EpochId, KeyId},
    revocation::{HeldFlow, HeldLife, MOST_FLOWS, MOST_LIVES, MOST_VOUCHED, Reason, Revocation},
};
use proto::v1::{self, held_flow::Destination as WireDestination};

use super::{
    Malformed, choice,
    malformed::{array, division, moment, ordinal, required},
    template::{scope_in, scope_out},
};

const KEY_BYTES: usize = 16;

pub(super) fn revocation_out(revocation: &Revocation) -> v1::Revocation {
    let flow_out = |flow: &HeldFlow| v1::HeldFlow {
        destination: Some(match flow.destination {
            Destination::Division(to) => WireDestination::Division(to.as_u64()),
            Destination::Scope(scope) => WireDestination::Scope(scope_out(scope)),
        }),
        lane: flow.lane.number(),
        through: flow.through,
    };
    let life_out = |life: &HeldLife| v1::HeldLife {
        epoch: Bytes::copy_from_slice(&life.epoch.0),
        issue: life.issue,
        flows: life.flows.iter().map(flow_out).collect(),
    };
    let vouched = revocation.vouched.iter().flat_map(|key| key.0);
    v1::Revocation {
        division: revocation.division.as_u64(),
        key: Bytes::copy_from_slice(&revocation.key.0),
        lives: revocation.lives.iter().map(life_out).collect(),
        vouched: vouched.collect::<Vec<u8>>().into(),
        reason: revocation.reason.wire_number(),
        at: revocation.at.0,
    }
}

pub(super) fn revocation_in(revocation: v1::Revocation) -> Result<Revocation, Malformed> {
    let most = |found: usize, most, field| match found > most {
        true => Err(Malformed::TooMany { field, most }),
        false => Ok(()),
    };
    most(revocation.lives.len(), MOST_LIVES, "revocation.lives")?;
    let flows = revocation.lives.iter().map(|life| life.flows.len()).sum();
    most(flows, MOST_FLOWS, "revocation.flows")?;
    let (vouched, rest) = revocation.vouched.as_chunks::<KEY_BYTES>();
    most(vouched.len(), MOST_VOUCHED, "revocation.vouched")?;
    if !rest.is_empty() {
        return Err(Malformed::Contradiction("revocation.vouched"));
    }
    Ok(Revocation {
        division: division(revocation.division, "revocation.division")?,
        key: KeyId(array(&revocation.key, "revocation.key")?),
        lives: revocation
            .lives
            .into_iter()
            .map(life_in)
            .collect::<Result<_, _>>()?,
        vouched: vouched.iter().map(|key| KeyId(*key)).collect(),
        reason: Reason::of_wire_number(revocation.reason),
        at: moment(revocation.at, "revocation.at")?,
        stamp: Stamp::default(),
    })
}

fn life_in(life: v1::HeldLife) -> Result<HeldLife, Malformed> {
    let issue = match life.issue {
        0 => 0,
        counted => ordinal(counted, "life.issue")?,
    };
    Ok(HeldLife {
        epoch: EpochId(array(&life.epoch, "life.epoch")?),
        issue,
        flows: life
            .flows
            .into_iter()
            .map(flow_in)
            .collect::<Result<_, _>>()?,
    })
}

fn flow_in(flow: v1::HeldFlow) -> Result<HeldFlow, Malformed> {
    Ok(HeldFlow {
        destination: match required(flow.destination, "flow.destination")? {
            WireDestination::Division(to) => {
                Destination::Division(division(to, "flow.destination")?)
            }
            WireDestination::Scope(scope) => Destination::Scope(scope_in(scope)?),
        },
        lane: choice::read(flow.lane, "flow.lane")?,
        through: ordinal(flow.through, "flow.through")?,
    })
}
