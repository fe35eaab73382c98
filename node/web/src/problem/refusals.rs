//! The problem code of every refusal, subject by subject.

use api::problem::{FieldFault, ProblemCode as C};
use domain::{
    attachment::NotTaken,
    board::BadPost,
    calendar::BadAllowance,
    category::BadCategory,
    custody::Refusal,
    disclosure::BadDisclosure,
    draft::BadDraft,
    hook::BadHook,
    matter::Elsewhere,
    people::{BadAccount, BadSavedList, Denied},
    plea::BadPlea,
    points::{BadExchange, BadRating},
    policy::BadWords,
    reply_text::BadReplyText,
    rollup::BadQuestion,
    standard::BadData,
    template::{BadReach, BadTemplate, ProposalRefusal, RolloutRefusal},
};
use office::{
    BoardRefusal, ClockDoubted, CountersignRefusal, DisclosureFileRefusal, DraftRefusal,
    FileRefusal, HeldRefusal, InviteRefusal, MatterRefusal, NoReceipt, NoSuchAlarm, NoSuchEvidence,
    NoSuchMatter, NoSuchTemplate, NotBelow, NotInLog, NotPublished, NotRolledOut, NotWaiting,
    PointsRefusal, RevokeRefusal, SealingKeyFails, SecondMachine, TooBusy,
    feed::TooManyListeners,
    people::{ExportRefusal, KeyReused, NoSession, PeopleRefusal},
    webhooks::HookRefusal,
};

use peer::courier::CourierRefusal;

use super::{Rejection, Told};

/// Declares refusals that have one code whatever they say.
macro_rules! refusals {
    ($($refusal:ty => $code:ident,)*) => { $(
        impl From<$refusal> for Rejection {
            fn from(refusal: $refusal) -> Self {
                Self::new(C::$code, &refusal)
            }
        }
    )* };
}

refusals! {
    Refusal => RefusedByTheRules,
    BadAccount => InvalidRequest,
    BadAllowance => InvalidRequest,
    BadCategory => InvalidRequest,
    BadTemplate => InvalidRequest,
    BadReach => InvalidRequest,
    BadQuestion => InvalidRequest,
    BadWords => InvalidRequest,
    Elsewhere => InvalidRequest,
    ClockDoubted => RefusedByTheRules,
    ExportRefusal => InvalidRequest,
    CountersignRefusal => RefusedByTheRules,
    RevokeRefusal => RefusedByTheRules,
    NoSuchAlarm => NotFound,
    NoSuchEvidence => NotFound,
    NoSuchMatter => NotFound,
    NoSuchTemplate => NotFound,
    NotBelow => InvalidRequest,
    NotInLog => NotFound,
    NoReceipt => NotFound,
    SecondMachine => SecondMachine,
    TooBusy => TooBusy,
    TooManyListeners => TooBusy,
    KeyReused => IdempotencyKeyUsedBefore,
    NoSession => NotLoggedIn,
}

impl From<BadData> for Rejection {
    fn from(refusal: BadData) -> Self {
        let mut rejection = Self::unfit(&refusal);
        let faults = refusal.0.into_iter();
        rejection.0.fields = faults
            .map(|fault| FieldFault {
                field: fault.code.into(),
                says: fault.said.into(),
            })
            .collect();
        rejection
    }
}

impl From<MatterRefusal> for Rejection {
    fn from(refusal: MatterRefusal) -> Self {
        use MatterRefusal as R;
        let told = Told::from(&refusal);
        match refusal {
            R::Rules(refusal) => refusal.into(),
            R::NoSuchMatter(refusal) => refusal.into(),
            R::NoContact(_) | R::NoOpening(_) => Self::missing(told),
            R::Materials(_) => Self::unfit(told),
            R::Data(refusal) => refusal.into(),
            R::NoSuchOfficer(_)
            | R::OfficerHandlesNothing(_)
            | R::OfficerElsewhere(_)
            | R::NoSuchDepartment(_)
            | R::NoDepartment(_)
            | R::TooManyNotes(..) => Self::unfit(told),
            R::Category(refusal) => refusal.into(),
            R::Disclosure(refusal) => refusal.into(),
            R::Rating(refusal) => refusal.into(),
            R::Words(refusal) => refusal.into(),
            R::Elsewhere(refusal) => refusal.into(),
            R::Draft(refusal) => refusal.into(),
            R::File(refusal) => refusal.into(),
            R::SecondMachine(refusal) => refusal.into(),
            R::Busy(refusal) => refusal.into(),
            R::SealingKey(refusal) => refusal.into(),
        }
    }
}

impl From<InviteRefusal> for Rejection {
    fn from(refusal: InviteRefusal) -> Self {
        use InviteRefusal as R;
        let told = Told::from(&refusal);
        match refusal {
            R::NotAChild(_) | R::NoIssuingKey => Self::new(C::RefusedByTheRules, told),
            R::Enrolled(..) | R::NeverEnrolled(_) | R::NoMoreKeys(_) | R::OtherNumber(_) => {
                Self::new(C::RefusedByTheRules, told)
            }
            R::Validity(_) | R::Addresses(_) => Self::unfit(told),
            R::NoneOpen(_) | R::NobodyWaits(_) => Self::missing(told),
        }
    }
}

impl From<NotWaiting> for Rejection {
    fn from(refusal: NotWaiting) -> Self {
        Self::missing(Told::from(&refusal))
    }
}

impl From<RolloutRefusal> for Rejection {
    fn from(refusal: RolloutRefusal) -> Self {
        use RolloutRefusal as R;
        let told = Told::from(&refusal);
        match refusal {
            R::Reach(bad) => bad.into(),
            R::NotWider => Self::unfit(told),
            R::NotUnderWay | R::UnderWay(_) | R::Paused | R::NotPaused | R::NothingEarlier => {
                Self::new(C::Conflict, told)
            }
        }
    }
}

impl From<ProposalRefusal> for Rejection {
    fn from(refusal: ProposalRefusal) -> Self {
        use ProposalRefusal as R;
        let told = Told::from(&refusal);
        match refusal {
            R::Alone | R::Own(_) | R::Program => Self::new(C::RefusedByTheRules, told),
            R::Ended(_) | R::TooMany => Self::new(C::Conflict, told),
            R::Unknown(_) => Self::missing(told),
            R::Reason => Self::unfit(told),
        }
    }
}

impl From<NotPublished> for Rejection {
    fn from(refusal: NotPublished) -> Self {
        match refusal {
            NotPublished::Template(refusal) => refusal.into(),
            NotPublished::Rollout(refusal) => refusal.into(),
            NotPublished::Proposal(refusal) => refusal.into(),
        }
    }
}

impl From<NotRolledOut> for Rejection {
    fn from(refusal: NotRolledOut) -> Self {
        let told = Told::from(&refusal);
        match refusal {
            NotRolledOut::Unknown(refusal) => refusal.into(),
            NotRolledOut::NotOurs(_) => Self::new(C::RefusedByTheRules, told),
            NotRolledOut::Rollout(refusal) => refusal.into(),
            NotRolledOut::Template(refusal) => refusal.into(),
        }
    }
}

impl From<HeldRefusal> for Rejection {
    fn from(refusal: HeldRefusal) -> Self {
        match refusal {
            HeldRefusal::NotInLog(refusal) => refusal.into(),
            HeldRefusal::Busy(refusal) => refusal.into(),
        }
    }
}

impl From<CourierRefusal> for Rejection {
    fn from(refusal: CourierRefusal) -> Self {
        use CourierRefusal as R;
        let told = Told::from(&refusal);
        match refusal {
            R::NotANeighbour(_) | R::Unreadable(_) | R::OtherNetwork => Self::unfit(told),
            R::ForAnother { .. } | R::FromAnother(_) | R::Contradicts(..) => Self::unfit(told),
            R::NotSealedForHere(_) => Self::unfit(told),
            R::NoKey(_) | R::Revoked(_) | R::Key(..) | R::Forged(_) => {
                Self::new(C::RefusedByTheRules, told)
            }
            R::Superseded(_) | R::WentBack(_) => Self::new(C::Conflict, told),
            R::OwnKey(_) | R::NotReceived(_) => Self::new(C::ServiceUnavailable, told),
            R::TooLong(_) => Self::new(C::PayloadTooLarge, told),
        }
    }
}

impl From<DraftRefusal> for Rejection {
    fn from(refusal: DraftRefusal) -> Self {
        match refusal {
            DraftRefusal::Draft(refusal) => refusal.into(),
            DraftRefusal::File(refusal) => refusal.into(),
        }
    }
}

impl From<BadDraft> for Rejection {
    fn from(bad: BadDraft) -> Self {
        let told = Told::from(&bad);
        match bad {
            BadDraft::TooMany => Self::new(C::TooBusy, told),
            BadDraft::NoRoom => Self::new(C::InsufficientStorage, told),
            BadDraft::NotAPhoto(_) => Self::new(C::UnsupportedMediaType, told),
            BadDraft::TooLong | BadDraft::TooManyPhotos(_) => Self::unfit(told),
            BadDraft::Over => Self::missing(told),
            BadDraft::HandedIn(_) => Self::new(C::Conflict, told),
        }
    }
}

impl From<SealingKeyFails> for Rejection {
    fn from(error: SealingKeyFails) -> Self {
        tracing::error!(%error, "a text cannot be decrypted or encrypted");
        Self::new(C::SealingKeyFails, &error)
    }
}

impl From<FileRefusal> for Rejection {
    fn from(refusal: FileRefusal) -> Self {
        use FileRefusal as R;
        let sentence = Told::from(&refusal);
        let told = |code| Self::new(code, sentence.clone());
        match refusal {
            R::NotTaken(NotTaken::Media(..)) => told(C::UnsupportedMediaType),
            R::NotTaken(NotTaken::TooLong(..)) | R::Beyond { .. } => told(C::PayloadTooLarge),
            R::NotTaken(NotTaken::Empty | NotTaken::TooMany(..)) => Self::unfit(sentence),
            R::Paper(_) | R::Twice(_) => Self::unfit(sentence),
            R::NoSuchUpload(_) | R::NoSuchFile(..) | R::Missing(_) => Self::missing(sentence),
            R::Over(..) => told(C::NoLongerKept),
            R::Offset { .. } | R::NotReady(_) | R::Busy | R::Lost | R::NotYet(_) => {
                told(C::Conflict)
            }
            R::PersonFull(..) | R::TooManyWaiting(_) => told(C::TooMuchWaiting),
            R::NodeFull | R::DiskFull => told(C::InsufficientStorage),
            R::Unreached { .. } => told(C::HolderUnreachable),
            R::Wrong(_) => told(C::WrongBytes),
            R::Damaged(..) => told(C::FileDamaged),
            R::TooMany(refusal) => refusal.into(),
        }
    }
}

impl From<PeopleRefusal> for Rejection {
    fn from(refusal: PeopleRefusal) -> Self {
        use PeopleRefusal as R;
        let sentence = Told::from(&refusal);
        let told = |code| Self::new(code, sentence.clone());
        match refusal {
            R::Grant(_) => Self::denied(sentence),
            R::WrongLogin => told(C::WrongLoginOrPassword),
            R::WrongCode => told(C::WrongSetupCode),
            R::NotLinked => told(C::SignInRefused),
            R::Locked(_) => told(C::LockedForAWhile),
            R::Crowded => told(C::TooBusy),
            R::NoAccount(_) | R::NoGrid(_) | R::NoKey(_) | R::NoSession(_) | R::Unlinked(_) => {
                Self::missing(sentence)
            }
            R::Taken(_)
            | R::HasMatters(..)
            | R::GridInUse(_)
            | R::TooManyKeys(_)
            | R::LinkedAlready
            | R::LinkedElsewhere(_) => told(C::RefusedByTheRules),
            R::Account(_) | R::Password(_) | R::Grid(_) | R::Key(_) | R::Elsewhere(..) => {
                Self::unfit(sentence)
            }
        }
    }
}

impl From<BadDisclosure> for Rejection {
    fn from(refusal: BadDisclosure) -> Self {
        use BadDisclosure as B;
        let told = Told::from(&refusal);
        match refusal {
            B::Unknown(_) | B::NoFile(_) | B::FileLost(_) => Self::missing(told),
            B::Begun(_) => Self::new(C::Conflict, told),
            B::Changed(_) => Self::new(C::PreconditionFailed, told),
            B::NoItem(_)
            | B::Period(_)
            | B::Title
            | B::TooLong(_)
            | B::Rows(_)
            | B::Faults(_)
            | B::Places(..)
            | B::Personal(_)
            | B::Told(_)
            | B::FileName
            | B::Reason => Self::unfit(told),
            B::ManyFiles | B::Unlooked | B::Owed => Self::new(C::RefusedByTheRules, told),
            B::Stage(..) | B::OwnWork | B::Withdrawn | B::NoObjection(_) => {
                Self::new(C::RefusedByTheRules, told)
            }
        }
    }
}

impl From<BadPlea> for Rejection {
    fn from(refusal: BadPlea) -> Self {
        use BadPlea as B;
        let told = Told::from(&refusal);
        match refusal {
            B::Unknown(_) => Self::missing(told),
            B::NoResident => Self::denied(told),
            B::Title | B::Text | B::Told(_) | B::Ground | B::Residents => Self::unfit(told),
            B::Known(_) | B::Twice => Self::new(C::Conflict, told),
            B::NotOverdue(_) | B::Own(_) | B::Many | B::Over(_) => {
                Self::new(C::RefusedByTheRules, told)
            }
        }
    }
}

impl From<DisclosureFileRefusal> for Rejection {
    fn from(refusal: DisclosureFileRefusal) -> Self {
        match refusal {
            DisclosureFileRefusal::Disclosure(refusal) => refusal.into(),
            DisclosureFileRefusal::Draft(refusal) => refusal.into(),
            DisclosureFileRefusal::File(refusal) => refusal.into(),
        }
    }
}

impl From<BoardRefusal> for Rejection {
    fn from(refusal: BoardRefusal) -> Self {
        match refusal {
            BoardRefusal::Post(refusal) => refusal.into(),
            BoardRefusal::Draft(refusal) => refusal.into(),
            BoardRefusal::File(refusal) => refusal.into(),
        }
    }
}

impl From<BadPost> for Rejection {
    fn from(refusal: BadPost) -> Self {
        use BadPost as B;
        let told = Told::from(&refusal);
        match refusal {
            B::NoBoard(_) | B::Unknown(_) | B::NoAnswer(_) | B::PhotoLost => Self::missing(told),
            B::SignIn => Self::unknown_caller(told),
            B::NotWriter | B::NotOwn => Self::denied(told),
            B::Title
            | B::Text(_)
            | B::Photos(_)
            | B::NotAPhoto
            | B::Words
            | B::Personal(_)
            | B::Told(_) => Self::unfit(told),
            B::NoAnswers | B::ManyAnswers | B::Pinned => Self::new(C::RefusedByTheRules, told),
            B::Removed => Self::new(C::Conflict, told),
        }
    }
}

impl From<PointsRefusal> for Rejection {
    fn from(refusal: PointsRefusal) -> Self {
        match refusal {
            PointsRefusal::Rating(refusal) => refusal.into(),
            PointsRefusal::Draft(refusal) => refusal.into(),
            PointsRefusal::File(refusal) => refusal.into(),
        }
    }
}

impl From<BadRating> for Rejection {
    fn from(refusal: BadRating) -> Self {
        use BadRating as B;
        let told = Told::from(&refusal);
        match refusal {
            B::NoRules | B::Unknown(_) | B::NoRating(_) | B::NoHousehold | B::PhotoLost => {
                Self::missing(told)
            }
            B::NoItem(_)
            | B::Name
            | B::Accounts
            | B::Persons
            | B::Many
            | B::Rows(_)
            | B::Stranger
            | B::Remark
            | B::Reason
            | B::Told(_)
            | B::Photos
            | B::NotAPhoto => Self::unfit(told),
            B::Gone(_) | B::Corrections | B::NoObjection => Self::new(C::RefusedByTheRules, told),
            B::Rated(_) | B::Same | B::Objected(_) => Self::new(C::Conflict, told),
        }
    }
}

impl From<BadExchange> for Rejection {
    fn from(refusal: BadExchange) -> Self {
        use BadExchange as B;
        let told = Told::from(&refusal);
        match refusal {
            B::Points(refusal) => refusal.into(),
            B::NoReward(_) | B::NoExchange(_) => Self::missing(told),
            B::Reward | B::Count | B::Consent | B::Told(_) => Self::unfit(told),
            B::Slip(_) => Self::denied(told),
            B::ManyRewards | B::Withdrawn(_) | B::TooFew(_) | B::TooPoor(..) | B::IsCounter(_) => {
                Self::new(C::RefusedByTheRules, told)
            }
            B::TakenBack(_) => Self::new(C::Conflict, told),
        }
    }
}

impl From<BadSavedList> for Rejection {
    fn from(refusal: BadSavedList) -> Self {
        let told = Told::from(&refusal);
        match refusal {
            BadSavedList::Name | BadSavedList::Filter => Self::unfit(told),
            BadSavedList::TooMany(_) => Self::new(C::RefusedByTheRules, told),
            BadSavedList::Unknown(_) => Self::missing(told),
        }
    }
}

impl From<BadReplyText> for Rejection {
    fn from(refusal: BadReplyText) -> Self {
        let told = Told::from(&refusal);
        match refusal {
            BadReplyText::Name | BadReplyText::Text | BadReplyText::Personal(_) => {
                Self::unfit(told)
            }
            BadReplyText::TooMany(_) => Self::new(C::RefusedByTheRules, told),
            BadReplyText::Unknown(_) => Self::missing(told),
        }
    }
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        let told = Told::from(&denied);
        match denied {
            Denied::Nobody => Self::unknown_caller(told),
            Denied::FirstPassword => Self::new(C::PasswordMustChange, told),
            Denied::Closed
            | Denied::Outside(..)
            | Denied::Role(_)
            | Denied::NotYours(_)
            | Denied::Key(_)
            | Denied::KeyEnded
            | Denied::ReporterToken
            | Denied::Operator(_) => Self::denied(told),
        }
    }
}

impl From<HookRefusal> for Rejection {
    fn from(refusal: HookRefusal) -> Self {
        match refusal {
            HookRefusal::Hook(refusal) => refusal.into(),
            HookRefusal::SealingKey(refusal) => refusal.into(),
        }
    }
}

impl From<BadHook> for Rejection {
    fn from(refusal: BadHook) -> Self {
        let told = Told::from(&refusal);
        match refusal {
            BadHook::Unknown(_) => Self::missing(told),
            BadHook::TooMany(_) => Self::new(C::RefusedByTheRules, told),
            BadHook::Id(_) | BadHook::Name(_) | BadHook::Long(_) | BadHook::Elsewhere(..) => {
                Self::unfit(told)
            }
        }
    }
}
