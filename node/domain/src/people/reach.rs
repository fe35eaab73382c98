//! The table of the permissions of each role.

use super::{Permission, Role};

/// The matters for which a role has a permission, from fewest to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// No matter.
    #[default]
    None,
    /// Matters the person reported.
    Own,
    /// Matters dispatched to the person, and those they reported.
    Charge,
    /// All matters of the division.
    All,
}

/// Returns over which matters a role has a permission. What is not granted to it is denied.
pub fn reach(role: Role, permission: Permission) -> Reach {
    let granted = Granted::to(role);
    let by_reach = [
        (granted.all, Reach::All),
        (granted.charge, Reach::Charge),
        (granted.own, Reach::Own),
    ];
    let found = by_reach
        .into_iter()
        .find(|(permissions, _)| permissions.contains(&permission));
    found.map_or(Reach::None, |(_, reach)| reach)
}

/// The permissions of a role, by the matters for which it has them.
struct Granted {
    all: &'static [Permission],
    charge: &'static [Permission],
    own: &'static [Permission],
}

const NOTHING: Granted = Granted {
    all: &[],
    charge: &[],
    own: &[],
};

impl Granted {
    const fn to(role: Role) -> &'static Self {
        match role {
            Role::Resident => &RESIDENT,
            Role::GridWorker => &GRID_WORKER,
            Role::Official => &OFFICIAL,
            Role::Supervisor => &SUPERVISOR,
            Role::Dispatcher => &DISPATCHER,
            Role::PostedStaff => &POSTED_STAFF,
            Role::Leader => &LEADER,
            Role::TemplateAuthor => &TEMPLATE_AUTHOR,
            Role::Auditor => &AUDITOR,
            Role::NodeOperator => &NODE_OPERATOR,
            Role::SystemAdministrator => &SYSTEM_ADMINISTRATOR,
            Role::SecurityAdministrator => &SECURITY_ADMINISTRATOR,
            Role::AuditAdministrator => &AUDIT_ADMINISTRATOR,
        }
    }
}

const RESIDENT: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ViewTemplates,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    own: &[
        Permission::ViewMatter,
        Permission::Withdraw,
        Permission::Contest,
        Permission::Rate,
        Permission::CommentToReporter,
        Permission::Attach,
    ],
    ..NOTHING
};

const GRID_WORKER: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ReportForAnother,
        Permission::ViewList,
        Permission::ViewTemplates,
        Permission::Watch,
        Permission::ViewGrids,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::RateHousehold,
        Permission::ViewHouseholds,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    charge: &[
        Permission::ViewMatter,
        Permission::OpenContact,
        Permission::Handle,
        Permission::Feedback,
        Permission::Verify,
        Permission::CommentInside,
        Permission::CommentToReporter,
        Permission::Answer,
        Permission::Attach,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
};

const OFFICIAL: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ReportForAnother,
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::OpenContact,
        Permission::Accept,
        Permission::Reject,
        Permission::Triage,
        Permission::Dispatch,
        Permission::Handle,
        Permission::Feedback,
        Permission::Verify,
        Permission::Close,
        Permission::CallBack,
        Permission::Escalate,
        Permission::Assign,
        Permission::Return,
        Permission::Recall,
        Permission::Object,
        Permission::Merge,
        Permission::Pause,
        Permission::CommentInside,
        Permission::CommentToReporter,
        Permission::Answer,
        Permission::PublishMatter,
        Permission::Attach,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::Watch,
        Permission::ManageReplyTexts,
        Permission::ManageGrids,
        Permission::ViewGrids,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::ModerateBoard,
        Permission::RateHousehold,
        Permission::ViewHouseholds,
        Permission::ManageHouseholds,
        Permission::CorrectRating,
        Permission::ExchangePoints,
        Permission::ManageRewards,
        Permission::OwnPassword,
        Permission::ViewDisclosures,
        Permission::WriteDisclosure,
        Permission::AgreeDisclosure,
        Permission::PublishDisclosure,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
    ..NOTHING
};

const SUPERVISOR: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::Watch,
        Permission::ViewGrids,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::ViewHouseholds,
        Permission::OwnPassword,
        Permission::ViewDisclosures,
        Permission::ReviewDisclosure,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
    ..NOTHING
};

const DISPATCHER: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ReportForAnother,
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::OpenContact,
        Permission::Accept,
        Permission::Reject,
        Permission::Triage,
        Permission::Dispatch,
        Permission::Handle,
        Permission::Feedback,
        Permission::Verify,
        Permission::Close,
        Permission::CallBack,
        Permission::Reopen,
        Permission::Supervise,
        Permission::Escalate,
        Permission::Assign,
        Permission::Return,
        Permission::Recall,
        Permission::Object,
        Permission::Merge,
        Permission::Pause,
        Permission::CommentInside,
        Permission::CommentToReporter,
        Permission::Answer,
        Permission::PublishMatter,
        Permission::Attach,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::Import,
        Permission::Watch,
        Permission::ManageReplyTexts,
        Permission::ManageGrids,
        Permission::ViewGrids,
        Permission::ViewAccounts,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::OwnPassword,
        Permission::ViewDisclosures,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
    ..NOTHING
};

const POSTED_STAFF: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ReportForAnother,
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::Watch,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    charge: &[
        Permission::OpenContact,
        Permission::Handle,
        Permission::Feedback,
        Permission::CommentInside,
        Permission::CommentToReporter,
        Permission::Answer,
        Permission::Attach,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
};

const LEADER: Granted = Granted {
    all: &[
        Permission::Report,
        Permission::Draft,
        Permission::ReportForAnother,
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::OpenContact,
        Permission::Reject,
        Permission::Triage,
        Permission::Dispatch,
        Permission::Verify,
        Permission::Close,
        Permission::Reopen,
        Permission::Supervise,
        Permission::Escalate,
        Permission::Assign,
        Permission::Return,
        Permission::Recall,
        Permission::Object,
        Permission::Arbitrate,
        Permission::Pause,
        Permission::Extend,
        Permission::CommentInside,
        Permission::CommentToReporter,
        Permission::Answer,
        Permission::ManageReplyTexts,
        Permission::PublishMatter,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::Watch,
        Permission::ViewGrids,
        Permission::ViewStatus,
        Permission::PostOnBoard,
        Permission::AnswerOnBoard,
        Permission::ModerateBoard,
        Permission::ViewHouseholds,
        Permission::CorrectRating,
        Permission::OwnPassword,
        Permission::ViewDisclosures,
        Permission::AgreeDisclosure,
        Permission::PublishDisclosure,
        Permission::WithdrawDisclosure,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    own: &[Permission::Withdraw, Permission::Contest, Permission::Rate],
    ..NOTHING
};

const TEMPLATE_AUTHOR: Granted = Granted {
    all: &[
        Permission::ViewTemplates,
        Permission::PublishTemplate,
        Permission::ReadRollups,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};

const AUDITOR: Granted = Granted {
    all: &[
        Permission::ViewList,
        Permission::ViewMatter,
        Permission::ViewTemplates,
        Permission::ReadRollups,
        Permission::ViewGrids,
        Permission::ReadAudit,
        Permission::ViewHouseholds,
        Permission::OwnPassword,
        Permission::ViewDisclosures,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};

const NODE_OPERATOR: Granted = Granted {
    all: &[
        Permission::ViewStatus,
        Permission::CloseAlarm,
        Permission::Revoke,
        Permission::Enrol,
        Permission::Courier,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};

const SYSTEM_ADMINISTRATOR: Granted = Granted {
    all: &[
        Permission::ViewAccounts,
        Permission::ManageAccounts,
        Permission::GrantRoles,
        Permission::ViewStatus,
        Permission::CloseAlarm,
        Permission::Enrol,
        Permission::Courier,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};

const SECURITY_ADMINISTRATOR: Granted = Granted {
    all: &[
        Permission::ManageHooks,
        Permission::ViewAccounts,
        Permission::GrantRoles,
        Permission::ManageKeys,
        Permission::Erase,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};

const AUDIT_ADMINISTRATOR: Granted = Granted {
    all: &[
        Permission::ViewAccounts,
        Permission::GrantRoles,
        Permission::ReadAudit,
        Permission::OwnPassword,
        Permission::OwnAccount,
        Permission::Enter,
    ],
    ..NOTHING
};
