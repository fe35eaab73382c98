//! Permissions, and the table of which role has which.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Role;

/// Something a person may be allowed to do at a node.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Right)]
pub enum Permission {
    /// Hands in a matter of their own.
    Report,
    /// Hands in a matter for somebody at the window or on the telephone.
    ReportForAnother,
    /// Sees which matters there are, without what people wrote.
    ViewList,
    /// Sees one matter with its steps.
    ViewMatter,
    /// Unseals who reported a matter and how to reach them.
    OpenContact,
    /// 受理
    Accept,
    /// 不予受理
    Reject,
    /// Puts a matter into another category, or says how urgent it is.
    Triage,
    /// 派遣
    Dispatch,
    /// 处置
    Handle,
    /// 反馈
    Feedback,
    /// 核查
    Verify,
    /// 结案
    Close,
    /// 回访
    CallBack,
    /// Takes an own report back.
    Withdraw,
    /// Says that an own matter is not solved.
    Contest,
    /// Says how content the reporter is.
    Rate,
    /// Takes a closed matter up again.
    Reopen,
    /// 督办
    Supervise,
    /// 上报
    Escalate,
    /// 交办
    Assign,
    /// 退回
    Return,
    /// 召回
    Recall,
    /// Says that a matter is not this unit's.
    Object,
    /// Decides between two units whose a matter is.
    Arbitrate,
    /// Makes a duplicate part of another matter.
    Merge,
    /// Stops a clock for a reason.
    Pause,
    /// Gives a clock more time.
    Extend,
    /// Remarks for the office.
    CommentInside,
    /// Writes to the reporter.
    CommentToReporter,
    /// Makes a matter or its answer public.
    PublishMatter,
    /// Adds a photo or document to a matter.
    Attach,
    /// Sees templates and how far they have come.
    ViewTemplates,
    /// Issues a template.
    PublishTemplate,
    /// Sees figures.
    ReadRollups,
    /// Takes in matters of other systems.
    Import,
    /// Is told of changes as they happen.
    Watch,
    /// Names other systems that are told of changes.
    ManageHooks,
    /// Draws grids and names who looks after them.
    ManageGrids,
    /// Sees grids.
    ViewGrids,
    /// Sees who has an account, with which roles.
    ViewAccounts,
    /// Opens and closes accounts and sets lost passwords anew.
    ManageAccounts,
    /// Says which roles an account has.
    GrantRoles,
    /// Makes and takes back API keys.
    ManageKeys,
    /// Reads and checks the audit trail.
    ReadAudit,
    /// Erases personal data on request.
    Erase,
    /// Sees how the node is doing.
    ViewStatus,
    /// Closes an alarm that was looked into.
    CloseAlarm,
    /// Declares a key of this node or below it void.
    Revoke,
    /// Sees the own account, sets its password, ends its session.
    OwnAccount,
    /// Logs in, and reads what everybody may.
    Enter,
}

/// The matters over which a role has a permission, from fewest to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// No matter.
    #[default]
    None,
    /// Matters the person reported.
    Own,
    /// Matters the person was charged with, and those they reported.
    Charge,
    /// All matters of the division.
    All,
}

/// Error for a text that is not a permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a deed; take one of: {list}", list = Permission::ALL.map(Permission::name).join(", "))]
pub struct BadPermission(pub String);

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 51] = [
        Self::Report,
        Self::ReportForAnother,
        Self::ViewList,
        Self::ViewMatter,
        Self::OpenContact,
        Self::Accept,
        Self::Reject,
        Self::Triage,
        Self::Dispatch,
        Self::Handle,
        Self::Feedback,
        Self::Verify,
        Self::Close,
        Self::CallBack,
        Self::Withdraw,
        Self::Contest,
        Self::Rate,
        Self::Reopen,
        Self::Supervise,
        Self::Escalate,
        Self::Assign,
        Self::Return,
        Self::Recall,
        Self::Object,
        Self::Arbitrate,
        Self::Merge,
        Self::Pause,
        Self::Extend,
        Self::CommentInside,
        Self::CommentToReporter,
        Self::PublishMatter,
        Self::Attach,
        Self::ViewTemplates,
        Self::PublishTemplate,
        Self::ReadRollups,
        Self::Import,
        Self::Watch,
        Self::ManageHooks,
        Self::ManageGrids,
        Self::ViewGrids,
        Self::ViewAccounts,
        Self::ManageAccounts,
        Self::GrantRoles,
        Self::ManageKeys,
        Self::ReadAudit,
        Self::Erase,
        Self::ViewStatus,
        Self::CloseAlarm,
        Self::Revoke,
        Self::OwnAccount,
        Self::Enter,
    ];

    /// Returns its name in texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ReportForAnother => "report-for-another",
            Self::ViewList => "view-list",
            Self::ViewMatter => "view-matter",
            Self::OpenContact => "open-contact",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Triage => "triage",
            Self::Dispatch => "dispatch",
            Self::Handle => "handle",
            Self::Feedback => "feedback",
            Self::Verify => "verify",
            Self::Close => "close",
            Self::CallBack => "call-back",
            Self::Withdraw => "withdraw",
            Self::Contest => "contest",
            Self::Rate => "rate",
            Self::Reopen => "reopen",
            Self::Supervise => "supervise",
            Self::Escalate => "escalate",
            Self::Assign => "assign",
            Self::Return => "return",
            Self::Recall => "recall",
            Self::Object => "object",
            Self::Arbitrate => "arbitrate",
            Self::Merge => "merge",
            Self::Pause => "pause",
            Self::Extend => "extend",
            Self::CommentInside => "comment-inside",
            Self::CommentToReporter => "comment-to-reporter",
            Self::PublishMatter => "publish-matter",
            Self::Attach => "attach",
            Self::ViewTemplates => "view-templates",
            Self::PublishTemplate => "publish-template",
            Self::ReadRollups => "read-rollups",
            Self::Import => "import",
            Self::Watch => "watch",
            Self::ManageHooks => "manage-hooks",
            Self::ManageGrids => "manage-grids",
            Self::ViewGrids => "view-grids",
            Self::ViewAccounts => "view-accounts",
            Self::ManageAccounts => "manage-accounts",
            Self::GrantRoles => "grant-roles",
            Self::ManageKeys => "manage-keys",
            Self::ReadAudit => "read-audit",
            Self::Erase => "erase",
            Self::ViewStatus => "view-status",
            Self::CloseAlarm => "close-alarm",
            Self::Revoke => "revoke",
            Self::OwnAccount => "own-account",
            Self::Enter => "enter",
        }
    }

    /// Returns whether a program with an API key may ever do it. Administration, audit, other
    /// people's contacts and decisions over others stay with people.
    pub const fn is_for_programs(self) -> bool {
        matches!(
            self,
            Self::Report
                | Self::ReportForAnother
                | Self::ViewList
                | Self::ViewMatter
                | Self::Accept
                | Self::Handle
                | Self::Feedback
                | Self::Close
                | Self::CommentToReporter
                | Self::Attach
                | Self::ViewTemplates
                | Self::ReadRollups
                | Self::Import
                | Self::Watch
                | Self::ViewGrids
        )
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Permission {
    type Err = BadPermission;

    fn from_str(text: &str) -> Result<Self, BadPermission> {
        let found = Self::ALL.into_iter().find(|deed| deed.name() == text);
        found.ok_or_else(|| BadPermission(text.to_owned()))
    }
}

/// Returns over which matters a role has a permission. What is not named here is denied.
pub const fn reach(role: Role, deed: Permission) -> Reach {
    use Permission as D;
    use Reach::{All, Charge, None, Own};
    use Role as R;
    match role {
        R::Resident => match deed {
            D::Report | D::ViewTemplates | D::OwnAccount | D::Enter => All,
            D::ViewMatter
            | D::Withdraw
            | D::Contest
            | D::Rate
            | D::CommentToReporter
            | D::Attach => Own,
            _ => None,
        },
        R::GridWorker => match deed {
            D::Report
            | D::ReportForAnother
            | D::ViewList
            | D::ViewTemplates
            | D::Watch
            | D::ViewGrids
            | D::OwnAccount
            | D::Enter => All,
            D::ViewMatter
            | D::OpenContact
            | D::Handle
            | D::Feedback
            | D::Verify
            | D::CommentInside
            | D::CommentToReporter
            | D::Attach => Charge,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::Official => match deed {
            D::Report
            | D::ReportForAnother
            | D::ViewList
            | D::ViewMatter
            | D::OpenContact
            | D::Accept
            | D::Reject
            | D::Triage
            | D::Dispatch
            | D::Handle
            | D::Feedback
            | D::Verify
            | D::Close
            | D::CallBack
            | D::Escalate
            | D::Assign
            | D::Return
            | D::Recall
            | D::Object
            | D::Merge
            | D::Pause
            | D::CommentInside
            | D::CommentToReporter
            | D::PublishMatter
            | D::Attach
            | D::ViewTemplates
            | D::ReadRollups
            | D::Watch
            | D::ManageGrids
            | D::ViewGrids
            | D::OwnAccount
            | D::Enter => All,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::Supervisor => match deed {
            D::Report
            | D::ViewList
            | D::ViewMatter
            | D::ViewTemplates
            | D::ReadRollups
            | D::Watch
            | D::ViewGrids
            | D::OwnAccount
            | D::Enter => All,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::Dispatcher => match deed {
            D::Report
            | D::ReportForAnother
            | D::ViewList
            | D::ViewMatter
            | D::OpenContact
            | D::Accept
            | D::Reject
            | D::Triage
            | D::Dispatch
            | D::Handle
            | D::Feedback
            | D::Verify
            | D::Close
            | D::CallBack
            | D::Reopen
            | D::Supervise
            | D::Escalate
            | D::Assign
            | D::Return
            | D::Recall
            | D::Object
            | D::Merge
            | D::Pause
            | D::CommentInside
            | D::CommentToReporter
            | D::PublishMatter
            | D::Attach
            | D::ViewTemplates
            | D::ReadRollups
            | D::Import
            | D::Watch
            | D::ManageGrids
            | D::ViewGrids
            | D::ViewAccounts
            | D::OwnAccount
            | D::Enter => All,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::PostedStaff => match deed {
            D::Report
            | D::ReportForAnother
            | D::ViewList
            | D::ViewMatter
            | D::ViewTemplates
            | D::ReadRollups
            | D::Watch
            | D::OwnAccount
            | D::Enter => All,
            D::OpenContact
            | D::Handle
            | D::Feedback
            | D::CommentInside
            | D::CommentToReporter
            | D::Attach => Charge,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::Leader => match deed {
            D::Report
            | D::ReportForAnother
            | D::ViewList
            | D::ViewMatter
            | D::OpenContact
            | D::Reject
            | D::Triage
            | D::Dispatch
            | D::Verify
            | D::Close
            | D::Reopen
            | D::Supervise
            | D::Escalate
            | D::Assign
            | D::Return
            | D::Recall
            | D::Object
            | D::Arbitrate
            | D::Pause
            | D::Extend
            | D::CommentInside
            | D::CommentToReporter
            | D::PublishMatter
            | D::ViewTemplates
            | D::ReadRollups
            | D::Watch
            | D::ViewGrids
            | D::ViewStatus
            | D::OwnAccount
            | D::Enter => All,
            D::Withdraw | D::Contest | D::Rate => Own,
            _ => None,
        },
        R::TemplateAuthor => match deed {
            D::ViewTemplates | D::PublishTemplate | D::ReadRollups | D::OwnAccount | D::Enter => {
                All
            }
            _ => None,
        },
        R::Auditor => match deed {
            D::ViewList
            | D::ViewMatter
            | D::ViewTemplates
            | D::ReadRollups
            | D::ViewGrids
            | D::ReadAudit
            | D::OwnAccount
            | D::Enter => All,
            _ => None,
        },
        R::NodeOperator => match deed {
            D::ViewStatus | D::CloseAlarm | D::Revoke | D::OwnAccount | D::Enter => All,
            _ => None,
        },
        R::SystemAdministrator => match deed {
            D::ViewAccounts
            | D::ManageAccounts
            | D::GrantRoles
            | D::ViewStatus
            | D::CloseAlarm
            | D::OwnAccount
            | D::Enter => All,
            _ => None,
        },
        R::SecurityAdministrator => match deed {
            D::ManageHooks
            | D::ViewAccounts
            | D::GrantRoles
            | D::ManageKeys
            | D::Erase
            | D::OwnAccount
            | D::Enter => All,
            _ => None,
        },
        R::AuditAdministrator => match deed {
            D::ViewAccounts | D::GrantRoles | D::ReadAudit | D::OwnAccount | D::Enter => All,
            _ => None,
        },
    }
}
