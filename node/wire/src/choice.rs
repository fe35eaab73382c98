//! Enumerations. Zero and a number that this build does not know are malformed.

use topology::Term;

use super::Malformed;

/// Reads the value of a declared enumeration from its protobuf number.
pub(super) fn read<T: Term>(number: i32, field: &'static str) -> Result<T, Malformed> {
    T::of_number(number).ok_or(match number {
        0 => Malformed::Missing(field),
        _ => Malformed::Choice { field, number },
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        attachment::{Media, Part},
        category::{Class, Platform, Priority, Visibility},
        clock::{ExtensionReason, How, PauseReason, Stage},
        envelope::Lane,
        matter::{
            ActName, Appeal, Audience, Channel, Erasure, Ground, OutcomeName, Publicity, Reason,
            Satisfaction, StatusName,
        },
        request::{RequestKindName, VoiceName},
        template::{RolloutAct, TemplateKind},
    };
    use proto::v1;
    use topology::Tier;

    use super::*;

    /// `PauseReason` as protobuf writes it: `PAUSE_REASON`.
    fn shouted(name: &str) -> String {
        let mut shouted = String::new();
        for (at, letter) in name.char_indices() {
            if at > 0 && letter.is_ascii_uppercase() {
                shouted.push('_');
            }
            shouted.push(letter.to_ascii_uppercase());
        }
        shouted
    }

    /// Compares names and numbers beyond 0, which protobuf calls unspecified.
    fn agrees<T: Term>(message: &str, of_proto: impl Fn(i32) -> Option<&'static str>) {
        for number in 1..=1_000 {
            let declared = T::of_number(number)
                .map(|term| format!("{}_{}", shouted(message), shouted(&format!("{term:?}"))));
            let proto = of_proto(number);
            assert_eq!(declared.as_deref(), proto, "{message} {number}");
        }
        let unspecified = format!("{}_UNSPECIFIED", shouted(message));
        assert_eq!(of_proto(0), Some(&*unspecified));
        let known = T::ALL.iter().filter(|term| term.number() > 0).count();
        let beyond = T::ALL.iter().filter(|term| term.number() > 1_000).count();
        assert!(known > 0 && beyond == 0, "{message}");
    }

    macro_rules! as_in_the_proto {
        ($($test:ident: $term:ident = $message:ident;)+) => {$(
            #[test]
            fn $test() {
                let name = |number| v1::$message::try_from(number).ok().map(|it| it.as_str_name());
                agrees::<$term>(stringify!($message), name);
            }
        )+};
    }

    as_in_the_proto! {
        acts: ActName = Act;
        acts_of_rollouts: RolloutAct = RolloutAct;
        appeals: Appeal = Appeal;
        audiences: Audience = Audience;
        channels: Channel = Channel;
        classes: Class = Class;
        ends_of_clocks: How = How;
        erasures: Erasure = Erasure;
        grounds: Ground = Ground;
        kinds_of_templates: TemplateKind = TemplateKind;
        lanes: Lane = Lane;
        media: Media = Media;
        outcomes: OutcomeName = Outcome;
        parts: Part = Part;
        platforms: Platform = Platform;
        priorities: Priority = Priority;
        publicities: Publicity = Publicity;
        reasons_for_extensions: ExtensionReason = ExtensionReason;
        reasons_for_pauses: PauseReason = PauseReason;
        reasons_for_rejections: Reason = Reason;
        requests: RequestKindName = RequestKind;
        satisfactions: Satisfaction = Satisfaction;
        speakers: VoiceName = Speaker;
        stages: Stage = Stage;
        statuses: StatusName = Status;
        tiers: Tier = Tier;
        visibilities: Visibility = Visibility;
    }

    #[test]
    fn zero_is_missing_unless_it_was_declared_and_a_later_number_is_unknown() {
        assert_eq!(read::<Tier>(0, "tier"), Err(Malformed::Missing("tier")));
        let later = Malformed::Choice {
            field: "tier",
            number: 6,
        };
        assert_eq!(read::<Tier>(6, "tier"), Err(later));
        assert_eq!(read(0, "request.kind"), Ok(RequestKindName::Recall));
    }
}
