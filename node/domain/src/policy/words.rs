//! Rules for texts that people write, the same for every interface.

use super::Policy;
use crate::{
    actor::Actor,
    matter::{Body, Channel, Contact, Detail},
};

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Words {
    /// A report.
    Report,
    /// A remark, or the reason for an act.
    Note,
    /// An answer to the reporter or to everybody.
    Answer,
}

/// The reason why a text, or the contact beside it, is not accepted. No variant repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWords {
    /// The text is empty or blank.
    #[error("the text is empty; say what it is about")]
    Empty,
    /// The text is longer than policy allows.
    #[error("the text has {count} characters, and policy here allows at most {most} for {}; shorten it", name(*.what))]
    TooLong {
        /// The kind of the text.
        what: Words,
        /// Its length in characters.
        count: usize,
        /// The most characters that policy allows.
        most: usize,
    },
    /// The text and the fields beside it have this many bytes, more than a body may have.
    #[error("the text and the fields beside it have {0} bytes; at most {most} are taken: shorten it", most = Body::MOST_BYTES)]
    TooMuch(usize),
    /// This part of the contact has more than this many characters.
    #[error("the {0} has more than {1} characters; shorten it")]
    ContactTooLong(&'static str, usize),
    /// The report names no person, nobody answers for it, and policy requires a name.
    #[error(
        "policy here takes no report without a name; say who reports it, and how to reach them"
    )]
    Anonymous,
    /// Somebody without an account reported by a channel of people and machines that the node knows.
    #[error(
        "a report without an account comes by snapshot, mailbox or service, and not by {0}; choose one of them"
    )]
    ChannelOfOthers(Channel),
}

const fn name(words: Words) -> &'static str {
    match words {
        Words::Report => "a report",
        Words::Note => "a remark",
        Words::Answer => "an answer",
    }
}

/// Returns whether somebody answers for an anonymous report: the person who took it down, with an
/// account or at the machine itself, or a machine that reports on its own. A program with a key
/// only forwards somebody else's report.
pub const fn is_answered_for(by: &Actor, channel: Channel) -> bool {
    match by {
        Actor::OsUser(_) | Actor::Account(_) | Actor::Rule(_) | Actor::Peer(_) => true,
        Actor::ApiKey(_) => matches!(channel, Channel::Sensor),
        Actor::Reporter | Actor::Stranger | Actor::Draft(_) => false,
    }
}

/// Checks the channel of a report.
///
/// # Errors
/// [`BadWords::ChannelOfOthers`] if it is not one of the reporter.
pub fn check_channel(by: &Actor, channel: Channel) -> Result<(), BadWords> {
    match by {
        Actor::Reporter if !channel.is_open_to_everybody() => {
            Err(BadWords::ChannelOfOthers(channel))
        }
        _ => Ok(()),
    }
}

impl Policy {
    /// Returns the longest text of this kind, in characters. The longest that any policy can set
    /// fits a [`Body`].
    pub fn most_characters(&self, what: Words) -> usize {
        let limits = self.limits();
        let most = match what {
            Words::Report => limits.report_chars.value,
            Words::Note => limits.note_chars.value,
            Words::Answer => limits.answer_chars.value,
        };
        usize::try_from(most).unwrap_or(Body::MOST_BYTES)
    }

    /// Checks a text that a person wrote, whichever interface it came through.
    ///
    /// # Errors
    /// [`BadWords::Empty`] or [`BadWords::TooLong`].
    pub fn check_words(&self, what: Words, text: &str) -> Result<(), BadWords> {
        if text.trim().is_empty() {
            return Err(BadWords::Empty);
        }
        let (count, most) = (text.chars().count(), self.most_characters(what));
        match count > most || text.len() > Body::MOST_BYTES {
            true => Err(BadWords::TooLong { what, count, most }),
            false => Ok(()),
        }
    }

    /// Checks a report: its text and its separate fields.
    ///
    /// # Errors
    /// [`BadWords`].
    pub fn check_report(&self, text: &str, details: &[Detail]) -> Result<(), BadWords> {
        self.check_words(Words::Report, text)?;
        let bytes = text.len() + details.iter().map(Detail::bytes).sum::<usize>();
        match bytes > Body::MOST_BYTES {
            true => Err(BadWords::TooMuch(bytes)),
            false => Ok(()),
        }
    }

    /// Checks the contact of a report. If the report names nobody, somebody must answer for it
    /// unless policy allows anonymous reports.
    ///
    /// # Errors
    /// [`BadWords::ContactTooLong`] or [`BadWords::Anonymous`].
    pub fn check_contact(
        &self,
        contact: Option<&Contact>,
        answered_for: bool,
    ) -> Result<(), BadWords> {
        let named = contact.is_some_and(|contact| !contact.is_empty());
        if !named && !answered_for && !self.limits().anonymous.value {
            return Err(BadWords::Anonymous);
        }
        let Some(contact) = contact else {
            return Ok(());
        };
        for (part, text, most) in [
            ("name", &contact.name, Contact::MOST_NAME),
            ("phone", &contact.phone, Contact::MOST_PHONE),
            ("address", &contact.address, Contact::MOST_ADDRESS),
        ] {
            if text.chars().count() > most {
                return Err(BadWords::ContactTooLong(part, most));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_in_characters_whatever_they_are_written_in() {
        let policy = Policy::of([]);
        let most = policy.most_characters(Words::Note);
        for letter in ["a", "路", "𠮷"] {
            assert_eq!(
                policy.check_words(Words::Note, &letter.repeat(most)),
                Ok(())
            );
            let long = policy.check_words(Words::Note, &letter.repeat(most + 1));
            let expected = BadWords::TooLong {
                what: Words::Note,
                count: most + 1,
                most,
            };
            assert_eq!(long, Err(expected));
        }
        assert_eq!(
            policy.check_words(Words::Answer, " \n"),
            Err(BadWords::Empty)
        );
        let answer = policy.check_words(Words::Answer, &"路".repeat(8_000));
        assert_eq!(answer, Ok(()));
        assert!(
            policy
                .check_words(Words::Report, &"路".repeat(2_001))
                .is_err()
        );
    }

    #[test]
    fn who_reports_is_measured_and_wanted_in_one_place() {
        let key = Actor::ApiKey(crate::people::ApiKeyId([1; 8]));
        assert!(!is_answered_for(&key, Channel::Snapshot));
        assert!(is_answered_for(&key, Channel::Sensor));
        assert!(is_answered_for(&Actor::OsUser(7), Channel::Hotline));
        let policy = Policy::of([]);
        let phone = |length| Contact {
            phone: "1".repeat(length),
            ..Contact::default()
        };
        assert_eq!(policy.check_contact(Some(&phone(40)), false), Ok(()));
        let long = policy.check_contact(Some(&phone(41)), true);
        assert_eq!(long, Err(BadWords::ContactTooLong("phone", 40)));
        assert_eq!(policy.check_contact(None, false), Ok(()), "as shipped");
    }
}
