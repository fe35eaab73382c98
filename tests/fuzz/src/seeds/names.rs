//! Names, codes and other words.

pub(crate) fn names() -> Vec<Vec<u8>> {
    let names = [
        "330825002222",
        "3308",
        "222.002.25.08.33.zj.example",
        "330825002222-1f3a9c04-17",
        "0",
        "4.0",
        "330825002222-1f3a9c04-17.1780000000000",
        "2026-05-01",
        "5wd",
        "7d",
        "8h",
        "90m",
        "enforcement/lighting",
        "330825/policy/holiday-calendar",
        "longyou-12345",
        "image/jpeg",
        "gcj-02",
        "handler",
        "report",
        "village",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "node.example:7451",
        "[::1]:7451",
        "10.0.0.0/8",
        "fd00::/8",
        "wj_key_0af7651916cd43dd8448eb211c80319c",
        "0af7651916cd43dd",
        "wang.xm",
        "17",
        "0af7651916cd43dd8448eb211c80319c",
    ];
    names.map(|name| name.as_bytes().to_vec()).to_vec()
}
