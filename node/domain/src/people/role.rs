//! Roles, and which of them nobody may hold together.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a person is to a division.
///
/// The three administrators are those of the three-member rule (三员分立) of protected systems, GB/T
/// 22239-2019 8.1.5: one runs the system, one grants rights, one looks at what both did.
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
pub enum Role {
    /// Villager, citizen or enterprise.
    Resident,
    /// 网格员
    GridWorker,
    /// Works for the division itself.
    Official,
    /// 村务监督委员会成员
    Supervisor,
    /// 指挥室: takes matters in and sends them to whoever handles them.
    Dispatcher,
    /// 派驻人员, posted by a department.
    PostedStaff,
    /// Decides what others ask for: extensions, disputes, supervision.
    Leader,
    /// Writes templates.
    TemplateAuthor,
    /// Looks at what was done.
    Auditor,
    /// Keeps the node running.
    NodeOperator,
    /// 系统管理员: opens and closes accounts, and says who runs the node.
    SystemAdministrator,
    /// 安全管理员: grants roles and keys to all who neither run the system nor watch it.
    SecurityAdministrator,
    /// 审计管理员: reads and checks the audit trail, and says who else does.
    AuditAdministrator,
}

/// Error for a text that is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; take one of: {list}", list = Role::ALL.map(Role::name).join(", "))]
pub struct BadRole(pub String);

/// Error for two roles that nobody may hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nobody may be {first} and {second} at once, for one watches the other; give them to two people",
    first = .0.name(), second = .1.name()
)]
pub struct BadRoles(pub Role, pub Role);

impl Role {
    /// All roles.
    pub const ALL: [Self; 13] = [
        Self::Resident,
        Self::GridWorker,
        Self::Official,
        Self::Supervisor,
        Self::Dispatcher,
        Self::PostedStaff,
        Self::Leader,
        Self::TemplateAuthor,
        Self::Auditor,
        Self::NodeOperator,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
    ];

    /// The three administrators.
    pub const ADMINISTRATORS: [Self; 3] = [
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
    ];

    /// Returns its name in texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::GridWorker => "grid-worker",
            Self::Official => "official",
            Self::Supervisor => "supervisor",
            Self::Dispatcher => "dispatcher",
            Self::PostedStaff => "posted-staff",
            Self::Leader => "leader",
            Self::TemplateAuthor => "template-author",
            Self::Auditor => "auditor",
            Self::NodeOperator => "node-operator",
            Self::SystemAdministrator => "system-administrator",
            Self::SecurityAdministrator => "security-administrator",
            Self::AuditAdministrator => "audit-administrator",
        }
    }

    /// Returns its Chinese name.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Resident => "村（居）民",
            Self::GridWorker => "网格员",
            Self::Official => "村镇干部",
            Self::Supervisor => "村务监督委员会成员",
            Self::Dispatcher => "指挥室调度员",
            Self::PostedStaff => "部门派驻人员",
            Self::Leader => "领导",
            Self::TemplateAuthor => "模板制定人",
            Self::Auditor => "审计员",
            Self::NodeOperator => "节点运维员",
            Self::SystemAdministrator => "系统管理员",
            Self::SecurityAdministrator => "安全管理员",
            Self::AuditAdministrator => "审计管理员",
        }
    }

    /// Returns whether it is one of the three administrators.
    pub fn is_administrator(self) -> bool {
        Self::ADMINISTRATORS.contains(&self)
    }

    /// Returns the administrator who grants this role and takes it away. Each of the three grants
    /// the roles of their own pillar, and the security administrator those that belong to none.
    pub const fn granted_by(self) -> Self {
        match self {
            Self::SystemAdministrator | Self::NodeOperator => Self::SystemAdministrator,
            Self::AuditAdministrator | Self::Auditor => Self::AuditAdministrator,
            _ => Self::SecurityAdministrator,
        }
    }

    /// Returns whether one of the two roles watches the other: any two of the three administrators,
    /// and those who read the audit trail against those who run the system, whose acts stand in it.
    pub fn excludes(self, other: Self) -> bool {
        let watches = |role| matches!(role, Self::Auditor | Self::AuditAdministrator);
        let runs = |role| {
            matches!(
                role,
                Self::NodeOperator | Self::SystemAdministrator | Self::SecurityAdministrator
            )
        };
        (self != other && self.is_administrator() && other.is_administrator())
            || (watches(self) && runs(other))
            || (runs(self) && watches(other))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| BadRole(text.to_owned()))
    }
}

/// Checks whether one person may hold all of these roles.
///
/// # Errors
/// [`BadRoles`] names the first two that exclude each other.
pub fn check_roles(roles: &BTreeSet<Role>) -> Result<(), BadRoles> {
    for first in roles {
        if let Some(second) = roles.range(*first..).find(|role| first.excludes(**role)) {
            return Err(BadRoles(*first, *second));
        }
    }
    Ok(())
}
