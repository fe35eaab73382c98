//! The encodings of text files that a command reads.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use sheet::Encoding;

/// Reads the name of an encoding.
pub(super) fn parser() -> impl TypedValueParser<Value = Encoding> {
    let names = [
        PossibleValue::new("utf-8").help("UTF-8, with or without a byte order mark"),
        PossibleValue::new("gb18030")
            .aliases(["gbk", "gb2312"])
            .help(
                "GB18030 (GB 18030-2022), which covers GBK and GB2312, as the WHATWG Encoding Standard \
                 decodes it",
            ),
    ];
    PossibleValuesParser::new(names).map(|name| match name.as_str() {
        "utf-8" => Encoding::Utf8,
        _ => Encoding::Gb18030,
    })
}
