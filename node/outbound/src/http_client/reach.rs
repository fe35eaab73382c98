//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks with a purpose of their own, by first address and number of bits (IANA IPv4
/// Special-Purpose Address Registry, RFC 6890; multicast RFC 5771; reserved RFC 1112, 4).
const SPECIAL_4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// The same within 2000::/3, the only network of IPv6 that is public (IANA IPv6 Special-Purpose
/// Address Registry): protocol assignments with Teredo, documentation, 6to4.
const SPECIAL_6: [(u128, u32); 4] = [
    (0x2001_0000 << 96, 23),
    (0x2001_0db8 << 96, 32),
    (0x2002_0000 << 96, 16),
    (0x3fff_0000 << 96, 20),
];

/// Whether an address belongs to a host of the internet, and to none of this machine, this network or
/// a tunnel. IPv4 inside IPv6 counts as what it is.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_4(address),
        IpAddr::V6(address) => is_public_6(address),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let special = |(first, bits): &([u8; 4], u32)| {
        let rest = 32 - bits;
        address.to_bits() >> rest == u32::from_be_bytes(*first) >> rest
    };
    !SPECIAL_4.iter().any(special)
}

fn is_public_6(address: Ipv6Addr) -> bool {
    let special = |(first, bits): &(u128, u32)| {
        let rest = 128 - bits;
        address.to_bits() >> rest == first >> rest
    };
    address.to_bits() >> 125 == 1 && !SPECIAL_6.iter().any(special)
}
