//! Versioned records: each kind of value that a node stores has a version and can be migrated from
//! the version before.
//!
//! Stored bytes begin with the version. An older version is read in its own form and migrated one
//! version at a time, so a store of an earlier program stays readable. To change a record: keep the
//! old form under another name (`DocketV5`), give the new one the next version with the old one as
//! [`Record::Previous`], and add its bytes to the golden records.

pub use primitives::record::{BASE, First, Record};

crate::records! {
    crate::actor::Actor,
    crate::audit::AuditEntry,
    crate::audit::AuditHead,
    crate::board::Answer,
    crate::board::Post,
    crate::feed::Change,
    crate::custody::Docket,
    crate::custody::Handlers,
    crate::disclosure::ComplianceReport,
    crate::draft::Draft,
    crate::draft::Fields,
    crate::health::HealthReport,
    crate::hook::Hook,
    crate::matter::CustodyVersion,
    crate::matter::Matter,
    crate::request::OpenRequest,
    crate::seal::SealedBody,
    crate::seal::SealedForBearer,
    crate::service::MaterialCheck,
    crate::template::Template,
}
