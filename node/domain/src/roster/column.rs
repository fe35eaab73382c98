//! The columns of a roster, and the headings that stand for them.

use crate::rows::SheetColumn;

topology::vocabulary! {
    /// A column of a sheet of accounts.
    #[derive(utoipa::ToSchema)]
    #[schema(as = RosterColumn)]
    pub enum Column: "column of a sheet of accounts",
        /// Returns further headings that stand for it.
        headings: &'static [&'static str] {
        Name = 1, "name", "姓名", "the name of the person", &["名字"];
        Login = 2, "login", "用户名", "the name with which the person logs in",
            &["登录名", "账号", "帐号", "sign-in name", "user name", "username"];
        Roles = 3, "roles", "角色", "roles, with commas between", &["岗位", "role"];
        Grids = 4, "grids", "网格", "names or numbers of grids, with commas between",
            &["所属网格", "网格名称", "grid"];
        Department = 5, "department", "部门", "the code of the department that posts the person",
            &["派驻部门", "部门代码"];
        Phone = 6, "phone", "电话", "the telephone number of the person",
            &["手机", "手机号", "联系电话", "telephone", "mobile"];
        Close = 7, "close", "停用", "closes the account; says who takes its open matters",
            &["停用交接", "离岗交接", "close account"];
        State = 8, "state", "状态", "opens a closed account again, if it says `open`",
            &["账号状态", "account state"];
        FormerName = 9, "former-name", "原姓名", "the name that the account has so far, if the person is renamed",
            &["曾用名", "former name", "previous name"];
    }
}

impl SheetColumn for Column {
    const NEEDED: &'static [Self] = &[Self::Name, Self::Login];

    fn further_headings(self) -> &'static [&'static str] {
        self.headings()
    }
}
