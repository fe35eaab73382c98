//! Enumerations. Zero and what this version does not know are malformed.

use domain::{
    attachment::{Media, Part},
    category::{Class, Platform, Priority, Visibility},
    clock::{ExtensionReason, How, PauseReason, Stage},
    envelope::Lane,
    matter::{Appeal, Audience, Channel, Erasure, Ground, Publicity, Reason, Satisfaction},
    template::TemplateKind,
};
use proto::v1;
use topology::Tier;

use super::Malformed;

/// A domain enumeration with a number on the wire.
pub(super) trait Choice: Sized {
    /// The number on the wire.
    fn number(self) -> i32;

    /// The choice of a number from the wire.
    fn read(number: i32, field: &'static str) -> Result<Self, Malformed>;
}

macro_rules! choices {
    ($($name:ident { $($variant:ident)* })*) => {$(
        impl Choice for $name {
            fn number(self) -> i32 {
                match self {
                    $(Self::$variant => v1::$name::$variant as i32,)*
                }
            }

            fn read(number: i32, field: &'static str) -> Result<Self, Malformed> {
                match v1::$name::try_from(number) {
                    $(Ok(v1::$name::$variant) => Ok(Self::$variant),)*
                    Ok(v1::$name::Unspecified) => Err(Malformed::Missing(field)),
                    Err(_) => Err(Malformed::Choice { field, number }),
                }
            }
        }
    )*};
}

choices! {
    Channel { Snapshot Mailbox Service Grid Hotline Sensor Paper }
    Priority { Normal Urgent Emergency }
    Visibility { Public Path Direct }
    Class { Public Personal Sensitive }
    Media { Jpeg Png Webp Pdf Text }
    Part { Whole Thumb }
    Platform { Order Market Enforcement Service }
    Reason { Private Judicial Unclear Decided Nonsense }
    Ground { Place Competence Power Elsewhere }
    Appeal { Contest Review }
    Audience { Offices Reporter }
    Erasure { Needless Expired Consent Unlawful }
    Publicity { Private Public }
    Satisfaction { Dissatisfied Fair Satisfied }
    Stage {
        Route Object Respond Handle Finish Arbitrate CallBack ReviewAsk ReviewAnswer RereviewAsk
        RereviewAnswer
    }
    PauseReason { Reporter Expert Court ForceMajeure Superior }
    ExtensionReason { Complex ManyOffices Works Legacy }
    How { Met Late Cancelled }
    Lane { Emergency Matter Notice Figures }
    Tier { Province City County Township Village }
    TemplateKind { Policy Disclosure Service Standard Board }
}
