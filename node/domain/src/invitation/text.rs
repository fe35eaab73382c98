//! The text of an invitation: what a child's operator types, pastes or scans.
//!
//! ```text
//! 1 form | 1 suite of signing keys | 1 number of the new key | 16 network | 5 child | 5 parent
//! | 16 first half of SHA-256 of the root's public key | 16 secret | 4 end, in minutes since 1970
//! | 1 count of addresses, and for each 1 length and `host:port`
//! ```
//!
//! Written as bech32m (BIP 350) with the prefix `WJT`, in upper case, so that a QR code stores it as letters and
//! digits. The checksum finds every error of up to three characters at this length.

use core::fmt;

use bech32::{Bech32m, Hrp, primitives::decode::CheckedHrpstring};
use topology::DivisionCode;

use crate::{ids::NetworkId, suite::Suite, time::Timestamp};

const PREFIX: &str = "wjt";
const FORM: u8 = 1;
const MINUTE_MS: i64 = 60_000;

/// The most addresses of a parent.
pub const MOST_ADDRESSES: usize = 4;

/// The longest address, in bytes.
pub const MOST_ADDRESS_BYTES: usize = 100;

/// The most characters of a text, with spaces: more than the longest invitation in groups of four.
const MOST_CHARS: usize = 2_000;

/// What the text of an invitation says. Its `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationText {
    /// The network.
    pub network: NetworkId,
    /// The division that is invited.
    pub division: DivisionCode,
    /// The division that invites it.
    pub parent: DivisionCode,
    /// The suite of the network's signing keys.
    pub suite: Suite,
    /// The number that the division's signing key will have, from 1.
    pub serial: u8,
    /// The first half of SHA-256 of the root's public key (SPKI).
    pub pin: [u8; 16],
    /// The secret of which the invitation key is derived.
    pub secret: [u8; 16],
    /// When it ends, to the minute. The parent's record decides; this is for people.
    pub expires_at: Timestamp,
    /// Where the parent is, `host:port`.
    pub addresses: Vec<String>,
}

impl fmt::Debug for InvitationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvitationText({} under {})", self.division, self.parent)
    }
}

/// The reason why a text is not an invitation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInvitation {
    /// It is some other text.
    #[error(
        "this is no invitation: one begins with WJT1; copy all of it, from WJT1 to the last group"
    )]
    NotOne,
    /// A character is wrong, missing or added.
    #[error(
        "the invitation is mistyped: a character is wrong, missing or one too many; compare it group by group, or \
         scan the code instead"
    )]
    Mistyped,
    /// It was made by a newer program.
    #[error("the invitation has form {0}, which this version does not know; update the program")]
    Form(u8),
    /// The checksum holds, and it says something that no invitation says.
    #[error("the invitation is not valid: {0}; ask the parent's operator for a new one")]
    Content(&'static str),
}

impl InvitationText {
    /// Writes the text in upper case, without spaces.
    ///
    /// # Panics
    /// If there are more or longer addresses than an invitation takes; whoever makes one has checked them.
    pub fn written(&self) -> String {
        let prefix = Hrp::parse(PREFIX).expect("a constant prefix");
        bech32::encode_upper::<Bech32m>(prefix, &self.encode())
            .expect("the longest invitation fits a checked text")
    }

    /// Writes the text in groups of four characters, as people read it.
    pub fn in_groups(&self) -> String {
        grouped(&self.written())
    }

    /// Reads what somebody typed: with or without spaces and line breaks, in any case.
    ///
    /// # Errors
    /// [`BadInvitation`].
    pub fn read(typed: &str) -> Result<Self, BadInvitation> {
        if typed.len() > MOST_CHARS {
            return Err(BadInvitation::NotOne);
        }
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let text = typed.to_ascii_lowercase();
        if !text.starts_with(&format!("{PREFIX}1")) {
            return Err(BadInvitation::NotOne);
        }
        let checked =
            CheckedHrpstring::new::<Bech32m>(&text).map_err(|_| BadInvitation::Mistyped)?;
        let bytes: Vec<u8> = checked.byte_iter().collect();
        let read = Self::decode(&bytes)?;
        // Bits that fill the last character up are zeros: a text says one thing, and one thing has one text.
        match read.written().eq_ignore_ascii_case(&text) {
            true => Ok(read),
            false => Err(BadInvitation::Content(
                "it is not written as invitations are",
            )),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORM, self.suite.id() as u8, self.serial];
        out.extend(self.network.0);
        for code in [self.division, self.parent] {
            out.extend(&code.as_u64().to_be_bytes()[3..]);
        }
        out.extend(self.pin);
        out.extend(self.secret);
        let minutes = u32::try_from(self.expires_at.0 / MINUTE_MS).unwrap_or(u32::MAX);
        out.extend(minutes.to_be_bytes());
        out.push(u8::try_from(self.addresses.len()).expect("a checked number of addresses"));
        for address in &self.addresses {
            out.push(u8::try_from(address.len()).expect("a checked length"));
            out.extend(address.as_bytes());
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, BadInvitation> {
        let mut from = Reader(bytes);
        let [form, suite, serial] = from.array()?;
        if form != FORM {
            return Err(BadInvitation::Form(form));
        }
        let suite = Suite::from_id(u32::from(suite));
        let suite = suite.ok_or(BadInvitation::Content("it names an unknown suite"))?;
        if serial == 0 {
            return Err(BadInvitation::Content("it names no key number"));
        }
        let network = NetworkId(from.array()?);
        let (division, parent) = (from.division()?, from.division()?);
        let (pin, secret) = (from.array()?, from.array()?);
        let minutes = u32::from_be_bytes(from.array()?);
        let [count] = from.array()?;
        if count == 0 || usize::from(count) > MOST_ADDRESSES {
            return Err(BadInvitation::Content("it names no address, or too many"));
        }
        let addresses = (0..count).map(|_| from.address());
        let addresses = addresses.collect::<Result<_, _>>()?;
        if !from.0.is_empty() {
            return Err(BadInvitation::Content("something follows its end"));
        }
        Ok(Self {
            network,
            division,
            parent,
            suite,
            serial,
            pin,
            secret,
            expires_at: Timestamp(i64::from(minutes) * MINUTE_MS),
            addresses,
        })
    }
}

/// The addresses that an invitation is to name are none, or not all of them are addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddresses {
    /// There is none.
    #[error(
        "an invitation says where this node is reached, which the node itself does not know; name it as HOST:PORT, \
         for example 10.8.25.1:7450"
    )]
    None,
    /// There are too many.
    #[error("{0} addresses are too many; name {MOST_ADDRESSES} at most")]
    TooMany(usize),
    /// One is no address.
    #[error("`{0}` is not an address; write HOST:PORT, for example 10.8.25.1:7450")]
    NotOne(String),
}

/// Checks the addresses that an invitation is to name.
///
/// # Errors
/// [`BadAddresses`].
pub fn check_addresses(addresses: &[String]) -> Result<(), BadAddresses> {
    match addresses.iter().find(|address| !is_address(address)) {
        Some(other) => Err(BadAddresses::NotOne(other.clone())),
        None if addresses.is_empty() => Err(BadAddresses::None),
        None if addresses.len() > MOST_ADDRESSES => Err(BadAddresses::TooMany(addresses.len())),
        None => Ok(()),
    }
}

/// Returns whether a text can be an address of a parent: a host, a colon and a port.
fn is_address(text: &str) -> bool {
    let host_and_port = text.rsplit_once(':');
    let sound = |(host, port): (&str, &str)| {
        let plain = |c: char| c.is_ascii_graphic() && !"/@?#,\"'\\".contains(c);
        !host.is_empty()
            && host.chars().all(plain)
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    text.len() <= MOST_ADDRESS_BYTES && host_and_port.is_some_and(sound)
}

/// Returns a text in groups of four characters.
pub(super) fn grouped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4 + 1);
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BadInvitation> {
        let cut = BadInvitation::Content("it is cut short");
        let (taken, rest) = self.0.split_at_checked(length).ok_or(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadInvitation> {
        Ok(self.take(N)?.try_into().expect("N bytes were taken"))
    }

    fn division(&mut self) -> Result<DivisionCode, BadInvitation> {
        let five: [u8; 5] = self.array()?;
        let mut eight = [0; 8];
        eight[3..].copy_from_slice(&five);
        DivisionCode::from_u64(u64::from_be_bytes(eight))
            .ok_or(BadInvitation::Content("it names no division"))
    }

    fn address(&mut self) -> Result<String, BadInvitation> {
        let [length] = self.array()?;
        let text = std::str::from_utf8(self.take(length.into())?).unwrap_or_default();
        match is_address(text) {
            true => Ok(text.to_owned()),
            false => Err(BadInvitation::Content("an address in it is none")),
        }
    }
}
