//! Gives libFuzzer the target that `WUJITONG_FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wujitong_fuzz::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("WUJITONG_FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| panic!("WUJITONG_FUZZ_TARGET names no target: `{name}`"))
});

fuzz_target!(|data: &[u8]| (TARGET.read)(data));
