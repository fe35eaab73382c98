//! The columns of a roster, and the headings that stand for them.

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
    }
}

impl Column {
    /// Returns the column that a heading stands for. Blanks, marks of a form and text in brackets do not matter.
    pub fn of_heading(heading: &str) -> Option<Self> {
        let heading = heading.to_lowercase();
        let heading = heading.split(['(', '（']).next().unwrap_or_default();
        let mark = |c: char| c.is_whitespace() || "\u{feff}*＊#:：".contains(c);
        let heading = heading.trim_matches(mark);
        let heading = match heading.is_ascii() {
            true => heading.to_owned(),
            false => heading.replace(char::is_whitespace, ""),
        };
        Self::ALL.into_iter().find(|column| {
            column.code() == heading
                || column.chinese() == heading
                || column.headings().contains(&heading.as_str())
        })
    }
}
