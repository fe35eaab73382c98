//! Names of logs and of those who countersign them, as they stand in notes.
//!
//! ```text
//! DNS name of the division/log/network/epoch        a log
//! DNS name of the division/witness/network          who countersigns
//! ```

use data_encoding::HEXLOWER;
use topology::{DivisionCode, dns};

use super::tree::{Hash, hash};

/// Returns the name of the log of a division, whose DNS name is `host`, of one life of its store.
pub fn origin(host: &str, network: &[u8; 16], epoch: &[u8; 16]) -> String {
    format!("{host}{}", log_path(network, epoch))
}

/// Returns the name with which a division, whose DNS name is `host`, countersigns.
pub fn witness_name(host: &str, network: &[u8; 16]) -> String {
    format!("{host}{}", witness_path(network))
}

/// Returns whether a name is that of a log of this division, network and epoch, in whichever zone.
pub fn is_origin_of(
    name: &str,
    division: DivisionCode,
    network: &[u8; 16],
    epoch: &[u8; 16],
) -> bool {
    is_host(name.strip_suffix(&log_path(network, epoch)), division)
}

/// Returns whether a name is that with which this division countersigns in this network, in whichever zone.
pub fn is_witness_of(name: &str, division: DivisionCode, network: &[u8; 16]) -> bool {
    is_host(name.strip_suffix(&witness_path(network)), division)
}

/// Returns the digest of a log's name, by which it is called where names are too long.
pub fn digest(origin: &str) -> Hash {
    hash(&[origin.as_bytes()])
}

fn log_path(network: &[u8; 16], epoch: &[u8; 16]) -> String {
    let (network, epoch) = (HEXLOWER.encode(network), HEXLOWER.encode(epoch));
    format!("/log/{network}/{epoch}")
}

fn witness_path(network: &[u8; 16]) -> String {
    format!("/witness/{}", HEXLOWER.encode(network))
}

/// Whether this is the DNS name of the division. The zone is not known here.
fn is_host(host: Option<&str>, division: DivisionCode) -> bool {
    host.and_then(|host| host.strip_prefix(&dns::name(division, "")))
        .is_some_and(|zone| zone.starts_with('.') || zone.is_empty())
}
