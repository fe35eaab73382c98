//! Bodies: texts that people write. They are kept apart from envelopes so that they can be masked,
//! sealed and erased.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Place;
use crate::{
    attachment::Attachment,
    category::Class,
    suite::{Digest, Suite},
};

/// Name and contact data of the reporter. Sealed for the holder; everybody else sees it masked.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contact {
    /// Name, at most 100 characters.
    pub name: String,
    /// Telephone number, at most 40 characters.
    pub phone: String,
    /// Address, at most 200 characters.
    pub address: String,
}

/// Prints nothing about the person, because debug output may be logged.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact")
    }
}

impl Contact {
    /// The longest name, in characters.
    pub const MOST_NAME: usize = 100;
    /// The longest telephone number, in characters.
    pub const MOST_PHONE: usize = 40;
    /// The longest address, in characters.
    pub const MOST_ADDRESS: usize = 200;

    /// Returns whether every part is blank.
    pub fn is_empty(&self) -> bool {
        let parts = [&self.name, &self.phone, &self.address];
        parts.iter().all(|part| part.trim().is_empty())
    }

    /// Returns the form that others see: the family name, and of a phone number of 8 characters or
    /// more the first three and the last four. Everything else becomes stars, at most six for the
    /// address.
    pub fn masked(&self) -> Self {
        let name: Vec<char> = self.name.chars().collect();
        let phone: Vec<char> = self.phone.chars().collect();
        let stars = |count: usize| "*".repeat(count);
        Self {
            name: match name.split_first() {
                Some((family, given)) => format!("{family}{}", stars(given.len())),
                None => String::new(),
            },
            phone: match phone.len() {
                0 => String::new(),
                8.. => {
                    let (start, end) = (&phone[..3], &phone[phone.len() - 4..]);
                    let (start, end): (String, String) =
                        (start.iter().collect(), end.iter().collect());
                    format!("{start}{}{end}", stars(phone.len() - 7))
                }
                length => stars(length),
            },
            address: stars(self.address.chars().count().min(6)),
        }
    }
}

/// An answer in a separate field, outside the text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Detail {
    /// Name of the field: `address`, `address-id`, `media-url`, or `attribute/` and a code of another
    /// system.
    pub name: String,
    /// The answer, one line.
    pub text: String,
}

/// Prints no text that a person wrote, because debug output may be logged.
impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detail")
    }
}

/// The error for a text that is no place in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the place in words is not one line of at most {most} characters; shorten it", most = Detail::MOST_ADDRESS)]
pub struct BadAddress;

impl Detail {
    /// Field for the place in words.
    pub const ADDRESS: &str = "address";
    /// Field for the place as an id of another system.
    pub const ADDRESS_ID: &str = "address-id";
    /// Field for the web address of a picture, as the reporter gave it. The node never fetches it.
    pub const MEDIA_URL: &str = "media-url";
    /// Prefix of the code of a field that another system defines.
    pub const ATTRIBUTE: &str = "attribute/";

    /// The longest place in words, in characters.
    pub const MOST_ADDRESS: usize = 200;
    /// The most details in one body.
    pub const MOST: usize = 40;
    /// The longest name, in bytes.
    pub const MOST_NAME_BYTES: usize = 80;

    /// Returns the place in words.
    ///
    /// # Errors
    /// [`BadAddress`] if it is longer than a line.
    pub fn address(text: String) -> Result<Self, BadAddress> {
        match text.chars().count() > Self::MOST_ADDRESS || text.contains(char::is_control) {
            true => Err(BadAddress),
            false => Ok(Self {
                name: Self::ADDRESS.to_owned(),
                text,
            }),
        }
    }

    /// Returns the bytes of its name and text together.
    pub const fn bytes(&self) -> usize {
        self.name.len() + self.text.len()
    }

    /// Returns whether a text is an `http` or `https` address. Nothing else may be shown as a link.
    pub fn is_web_address(text: &str) -> bool {
        let rest = text
            .strip_prefix("https://")
            .or(text.strip_prefix("http://"));
        let bad = |c: char| c.is_whitespace() || c.is_control() || "\"'<>\\^`{|}".contains(c);
        rest.is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !rest.contains(bad)
        })
    }
}

/// An erasable object kept apart from envelopes: a person's text, or a remark of an office.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Protection class.
    pub class: Class,
    /// 128 random bits. Without them the commitment reveals nothing about the text.
    pub salt: [u8; 16],
    /// The text, at most [`Body::MOST_BYTES`] bytes.
    pub text: String,
    /// Answers in separate fields, at most [`Detail::MOST`].
    pub details: Vec<Detail>,
    /// The place, if known.
    pub place: Option<Place>,
    /// The person who wrote it, if known.
    pub contact: Option<Contact>,
    /// Files beside the text, at most [`MOST_LISTED`](crate::attachment::MOST_LISTED).
    pub attachments: Vec<Attachment>,
}

/// Prints no text that a person wrote, because debug output may be logged.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = f.debug_struct("Body");
        body.field("class", &self.class)
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl Body {
    /// The longest text, in bytes.
    pub const MOST_BYTES: usize = 48 * 1024;

    /// Builds a body with a text and nothing else.
    pub const fn of_text(class: Class, salt: [u8; 16], text: String) -> Self {
        Self {
            class,
            salt,
            text,
            details: vec![],
            place: None,
            contact: None,
            attachments: vec![],
        }
    }

    /// Returns the size that counts against limits, in bytes: everything that a person wrote, 16
    /// bytes each for place and contact, and a fixed size for each attachment.
    pub fn bytes(&self) -> usize {
        let contact = self.contact.as_ref().map_or(0, |contact| {
            contact.name.len() + contact.phone.len() + contact.address.len() + 16
        });
        let details: usize = self.details.iter().map(Detail::bytes).sum();
        self.text.len() + details + contact + self.attachments.len() * LISTED_BYTES + 16
    }

    /// Returns the commitment of the body in envelopes and logs: a digest of every field, each
    /// after its length.
    pub fn commitment(&self, suite: Suite) -> Digest {
        let files = self.attachments.iter().map(Attachment::canonical_bytes);
        let salted = (&self.salt, &*self.text);
        let told = (self.place, &*self.details);
        Self::commit(suite, salted, told, self.contact.as_ref(), files)
    }

    /// Computes the commitment from parts that need not come from a [`Body`]: salt and text, place
    /// and details, contact, and the canonical bytes of attachments.
    pub fn commit(
        suite: Suite,
        (salt, text): (&[u8; 16], &str),
        (place, details): (Option<Place>, &[Detail]),
        contact: Option<&Contact>,
        files: impl IntoIterator<Item = Vec<u8>>,
    ) -> Digest {
        let mut rest = vec![];
        if let Some(place) = place {
            put(&mut rest, b'p', &place.latitude.to_be_bytes());
            put(&mut rest, b'p', &place.longitude.to_be_bytes());
        }
        if let Some(contact) = contact {
            for text in [&contact.name, &contact.phone, &contact.address] {
                put(&mut rest, b'c', text.as_bytes());
            }
        }
        for Detail { name, text } in details {
            put(&mut rest, b'n', name.as_bytes());
            put(&mut rest, b'd', text.as_bytes());
        }
        for file in files {
            put(&mut rest, b'a', &file);
        }
        let length = (text.len() as u64).to_be_bytes();
        suite.digest(&[b"wujitong/body/2", salt, &length, text.as_bytes(), &rest])
    }
}

/// The most bytes that one attachment takes in a frame.
const LISTED_BYTES: usize = 192;

fn put(bytes: &mut Vec<u8>, kind: u8, field: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
    bytes.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        Body::of_text(Class::Personal, [7; 16], "路灯坏了".to_owned())
    }

    #[test]
    fn every_field_is_under_the_commitment() {
        let suite = Suite::Ed25519Blake3;
        let place = Place::from_degrees(29.03, 119.17).unwrap();
        let mut all = vec![body().commitment(suite)];
        all.push(
            Body {
                salt: [8; 16],
                ..body()
            }
            .commitment(suite),
        );
        all.push(
            Body {
                place: Some(place),
                ..body()
            }
            .commitment(suite),
        );
        for (name, text) in [("address", "x"), ("addressx", "")] {
            let (name, text) = (name.to_owned(), text.to_owned());
            all.push(
                Body {
                    details: vec![Detail { name, text }],
                    ..body()
                }
                .commitment(suite),
            );
        }
        let attachment = crate::attachment::tests::attachment();
        for attachments in [
            vec![attachment.clone()],
            vec![attachment.clone(), attachment],
        ] {
            let body = Body {
                attachments,
                ..body()
            };
            all.push(body.commitment(suite));
        }
        for (name, phone) in [("王", ""), ("", "王")] {
            let contact = Contact {
                name: name.to_owned(),
                phone: phone.to_owned(),
                address: String::new(),
            };
            all.push(
                Body {
                    contact: Some(contact),
                    ..body()
                }
                .commitment(suite),
            );
        }
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn only_an_address_on_the_web_is_one() {
        for good in [
            "https://x.example/1.jpg?a=b",
            "http://[::1]/a",
            "https://图.example/",
        ] {
            assert!(Detail::is_web_address(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https:///etc",
            "https://x y",
            "https://x\n",
            "data:text/html,x",
            "https://x/\"onload=",
        ] {
            assert!(!Detail::is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_masked_contact_shows_the_family_name_and_the_ends_of_the_number() {
        let contact = Contact {
            name: "王小明".to_owned(),
            phone: "13857012345".to_owned(),
            address: "张王村 12 号".to_owned(),
        };
        let masked = contact.masked();
        assert_eq!((&*masked.name, &*masked.phone), ("王**", "138****2345"));
        assert!(!masked.address.contains('张'));
        let short = Contact {
            phone: "7012345".to_owned(),
            ..Contact::default()
        };
        assert_eq!(short.masked().phone, "*******");
    }
}
