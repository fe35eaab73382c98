//! The decisions of a node. The code here is pure: it uses no clock, disk, network or async, and
//! takes time, ids and randomness as arguments.

pub mod actor;
pub mod address;
pub mod alarm;
pub mod attachment;
pub mod audit;
pub mod authority;
pub mod board;
pub mod calendar;
pub mod category;
pub mod certificate;
mod clause;
pub mod clock;
pub mod counts;
pub mod courier;
pub mod csv;
pub mod custody;
pub mod department;
pub mod disclosure;
pub mod draft;
pub mod envelope;
pub mod feed;
pub mod fetch;
pub mod foreign;
pub mod heads;
pub mod health;
pub mod hook;
pub mod import;
pub mod invitation;
pub mod journal;
pub mod likeness;
pub mod matter;
pub mod measure;
pub mod people;
pub mod personal;
pub mod plea;
pub mod points;
pub mod policy;
pub mod rate;
pub mod readmission;
pub mod receipt;
pub mod record;
pub mod reply_text;
pub mod request;
pub mod revocation;
pub mod rollup;
pub mod roster;
pub mod rows;
pub mod rule;
pub mod scope;
pub mod seal;
pub mod service;
pub mod standard;
pub mod template;
pub mod timekeeper;

pub use primitives::{flow, ids, life, month, records, statement, suite, time};
pub use topology::{saying, sayings};

use topology::Enumeration;

/// Returns the enumerations that are declared here.
pub fn enumerations() -> Vec<Enumeration> {
    ENUMERATIONS.iter().map(|described| described()).collect()
}

const ENUMERATIONS: &[fn() -> Enumeration] = &[
    Enumeration::of::<alarm::AlarmKind>,
    Enumeration::of::<attachment::Media>,
    Enumeration::of::<attachment::Part>,
    Enumeration::of::<audit::ContactReason>,
    Enumeration::of::<audit::Ending>,
    Enumeration::of::<board::BoardAct>,
    Enumeration::of::<board::RemovalGround>,
    Enumeration::of::<category::Class>,
    Enumeration::of::<category::Platform>,
    Enumeration::of::<category::Priority>,
    Enumeration::of::<category::Visibility>,
    Enumeration::of::<clock::ExtensionReason>,
    Enumeration::of::<clock::How>,
    Enumeration::of::<clock::PauseReason>,
    Enumeration::of::<clock::Stage>,
    Enumeration::of::<disclosure::Class>,
    Enumeration::of::<disclosure::Complied>,
    Enumeration::of::<disclosure::DisclosureAct>,
    Enumeration::of::<disclosure::DoubtName>,
    Enumeration::of::<disclosure::DutyState>,
    Enumeration::of::<disclosure::FaultName>,
    Enumeration::of::<disclosure::FieldKind>,
    Enumeration::of::<disclosure::Rhythm>,
    Enumeration::of::<disclosure::Stage>,
    Enumeration::of::<envelope::Lane>,
    Enumeration::of::<feed::ActorKind>,
    Enumeration::of::<feed::ChangeKind>,
    Enumeration::of::<feed::TemplateStance>,
    Enumeration::of::<heads::Resolution>,
    Enumeration::of::<health::Health>,
    Enumeration::of::<health::Trouble>,
    Enumeration::of::<import::Field>,
    Enumeration::of::<invitation::StateName>,
    Enumeration::of::<matter::ActName>,
    Enumeration::of::<matter::Appeal>,
    Enumeration::of::<matter::Audience>,
    Enumeration::of::<matter::Channel>,
    Enumeration::of::<matter::Datum>,
    Enumeration::of::<matter::Ending>,
    Enumeration::of::<matter::Erasure>,
    Enumeration::of::<matter::Ground>,
    Enumeration::of::<matter::OutcomeName>,
    Enumeration::of::<matter::Publicity>,
    Enumeration::of::<matter::Reason>,
    Enumeration::of::<matter::Satisfaction>,
    Enumeration::of::<matter::StatusName>,
    Enumeration::of::<people::Permission>,
    Enumeration::of::<people::Role>,
    Enumeration::of::<people::SignInWay>,
    Enumeration::of::<personal::Personal>,
    Enumeration::of::<plea::PleaState>,
    Enumeration::of::<points::ConsentKind>,
    Enumeration::of::<points::Every>,
    Enumeration::of::<points::HouseholdColumn>,
    Enumeration::of::<points::Mark>,
    Enumeration::of::<policy::PlaceKind>,
    Enumeration::of::<policy::PolicySubject>,
    Enumeration::of::<receipt::Finding>,
    Enumeration::of::<receipt::Kind>,
    Enumeration::of::<receipt::What>,
    Enumeration::of::<request::VoiceName>,
    Enumeration::of::<request::RequestKindName>,
    Enumeration::of::<revocation::Reason>,
    Enumeration::of::<roster::Column>,
    Enumeration::of::<service::MaterialForm>,
    Enumeration::of::<rollup::Mark>,
    Enumeration::of::<standard::ElementKind>,
    Enumeration::of::<suite::Suite>,
    Enumeration::of::<template::ListFaultName>,
    Enumeration::of::<template::RolloutAct>,
    Enumeration::of::<template::RolloutState>,
    Enumeration::of::<template::Setting>,
    Enumeration::of::<template::TemplateKind>,
    Enumeration::of::<timekeeper::Doubt>,
];
