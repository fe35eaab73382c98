//! Roles, and which of them nobody may hold together.

use std::collections::BTreeSet;

topology::vocabulary! {
    /// What a person is to a division.
    ///
    /// The three administrators are those of the three-member rule (三员分立) of protected systems, GB/T
    /// 22239-2019 8.1.5: one runs the system, one grants rights, one looks at what both did.
    #[derive(utoipa::ToSchema)]
    pub enum Role: "role" {
        Resident = 1, "resident", "村（居）民", "villager, citizen or enterprise";
        GridWorker = 2, "grid-worker", "网格员", "grid worker";
        Official = 3, "official", "村镇干部", "works for the division itself";
        Supervisor = 4, "supervisor", "村务监督委员会成员", "member of the village affairs supervisory committee";
        Dispatcher = 5, "dispatcher", "指挥室调度员", "takes matters in and sends them to whoever handles them";
        PostedStaff = 6, "posted-staff", "部门派驻人员", "posted by a department";
        Leader = 7, "leader", "领导", "decides what others ask for: extensions, disputes, supervision";
        TemplateAuthor = 8, "template-author", "模板制定人", "writes templates";
        Auditor = 9, "auditor", "审计员", "looks at what was done";
        NodeOperator = 10, "node-operator", "节点运维员", "keeps the node running";
        SystemAdministrator = 11, "system-administrator", "系统管理员",
            "opens and closes accounts, and says who runs the node";
        SecurityAdministrator = 12, "security-administrator", "安全管理员",
            "grants roles and keys to all who neither run the system nor watch it";
        AuditAdministrator = 13, "audit-administrator", "审计管理员",
            "reads and checks the audit trail, and says who else does";
    }
}

/// Error for two roles that nobody may hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nobody may be {first} and {second} at once, for one watches the other; give them to two people",
    first = .0.code(), second = .1.code()
)]
pub struct BadRoles(pub Role, pub Role);

impl Role {
    /// The three administrators.
    pub const ADMINISTRATORS: [Self; 3] = [
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
    ];

    /// Returns whether it is one of the three administrators.
    pub fn is_administrator(self) -> bool {
        Self::ADMINISTRATORS.contains(&self)
    }

    /// Returns the administrator who grants this role and revokes it. Each of the three grants the
    /// roles of their own pillar, and the security administrator also those that belong to none.
    pub const fn granted_by(self) -> Self {
        match self {
            Self::SystemAdministrator | Self::NodeOperator => Self::SystemAdministrator,
            Self::AuditAdministrator | Self::Auditor => Self::AuditAdministrator,
            _ => Self::SecurityAdministrator,
        }
    }

    /// Returns whether nobody may hold both roles because one watches the other: any two of the
    /// three administrators, and those who read the audit trail with those who run the system.
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
