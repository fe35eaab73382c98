//! Tables and workbooks.

use super::{file, folder};

pub(crate) fn tables() -> Vec<Vec<u8>> {
    let utf8 = folder("node/cli/tests/cases", ".csv");
    let gb18030 = utf8.iter().filter_map(|table| {
        let text = std::str::from_utf8(table).ok()?;
        Some(encoding_rs::GB18030.encode(text).0.into_owned())
    });
    let gb18030: Vec<_> = gb18030.collect();
    utf8.into_iter().chain(gb18030).collect()
}

pub(crate) fn workbooks() -> Vec<Vec<u8>> {
    let mut workbooks = folder("node/cli/tests/cases", ".xlsx");
    workbooks.push(file("node/sheet/src/matters.xlsx"));
    workbooks
}

/// Cells of rows, a line for each field.
pub(crate) fn rows() -> Vec<Vec<u8>> {
    let rows = [
        "LY-20260301-17\n路灯照明\n村口路灯不亮\n2026-03-01 08:15\n2026-03-01 09:00\n2026-03-02 10:00\n29.0285\n119.1722\n\
         王小明\n13800000000\n张王村 12 号\n热线\n紧急\n结案",
        "1234\nenforcement/lighting 路灯照明\n不亮\n2026/3/1 8:15\n\n\n\n\n\n(0570) 7012345 转 8\n\nhotline\nnormal\n处置",
        "'00001234\n路灯照明\n=1+1\n46082.34375\n\n\n29,0285\n119.1722\n\n+86 138-0000-0000\n\n\n\n办结",
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}
