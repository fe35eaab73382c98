//! What a node may be asked, by subject. Each service is one struct over the office; its methods are in the folder of
//! its name.

use std::ops::Deref;

use crate::Office;

macro_rules! services {
    ($($(#[$doc:meta])* $subject:ident: $service:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            pub struct $service<'o>(pub(crate) &'o Office);

            impl Deref for $service<'_> {
                type Target = Office;

                fn deref(&self) -> &Office {
                    self.0
                }
            }
        )*

        impl Office {
            $(
                $(#[$doc])*
                pub const fn $subject(&self) -> $service<'_> {
                    $service(self)
                }
            )*
        }
    };
}

services! {
    /// Matters: reported, handled, handed on, looked for.
    matters: Matters;
    /// People: accounts, sessions, keys of programs, grids, the audit trail.
    people: People;
    /// Files of matters: uploaded, kept, fetched.
    files: MatterFiles;
    /// Drafts: reports that somebody is still writing.
    drafts: Drafts;
    /// Disclosures: what the division makes public about its affairs.
    disclosures: Disclosures;
    /// Boards: posts and answers.
    boards: Boards;
    /// Points: households and their ratings.
    points: Points;
    /// Templates and the policy in force.
    templates: Templates;
    /// Figures: sums, what children count, the journal.
    figures: Figures;
    /// Neighbours: what they bring and take, and what is known of them.
    inbox: Inbox;
    /// Courier files: what neighbours without a link say to each other.
    courier: Courier;
    /// Signing keys of divisions: statements and revocations.
    keys: Keys;
    /// Invitations: how divisions below are taken into the network.
    invitations: Invitations;
    /// Readmissions: how divisions below come back whose certificates ended.
    readmissions: Readmitting;
    /// The public log.
    log: Log;
    /// The log of changes that others are told.
    feed: Feed;
    /// Webhooks: who is told changes, and how far they have come.
    webhooks: Webhooks;
    /// How the nodes of the subtree are.
    health: Healths;
    /// Alarms.
    alarms: Alarms;
    /// The clock of the machine, and whether it is believed.
    clock: MachineClock;
}
