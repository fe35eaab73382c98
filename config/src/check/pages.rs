//! Checks `[pages]`.

use topology::DivisionCode;

use super::{Problems, dns_name};
use crate::{Pages, Raw, RawPages};

/// The longest text of the footer, in characters.
const MOST: usize = 120;

impl Default for Pages {
    fn default() -> Self {
        Problems(vec![]).pages(Raw::defaults().pages)
    }
}

impl Problems {
    pub(super) fn pages(&mut self, raw: RawPages) -> Pages {
        let zone = raw.zone.map(|text| vec![text]);
        let zone = self.each(
            "pages.zone",
            zone,
            |text| dns_name(text.trim()).ok_or_else(a_name),
            (
                "the name below which every division has its pages, e.g. `ywt.example.gov.cn`",
                "各单位页面所在的域名，如 `ywt.example.gov.cn`",
            ),
        );
        let hosts = self.each(
            "pages.hosts",
            raw.hosts,
            |text| named(text).ok_or_else(name_and_code),
            (
                "write the name in the address bar and the code of the division, e.g. \
                 `zhangwang.example.gov.cn=330825002222`",
                "写地址栏里的名称和单位代码，如 `zhangwang.example.gov.cn=330825002222`",
            ),
        );
        let mark = self.line("pages.mark", raw.mark);
        if !mark.is_empty() && (!mark.starts_with("https://") || mark.contains(char::is_whitespace))
        {
            self.add(
                "pages.mark",
                Some(&mark),
                (
                    "an address that begins with `https://`",
                    "以 `https://` 开头的地址",
                ),
                (
                    "copy the address behind the mark that the registry gave you, or leave it out",
                    "照抄登记机关给的标识后面的地址，或不写",
                ),
            );
        }
        let mut text = |key: &str, value: Option<String>| self.line(key, value);
        Pages {
            mark,
            unit: text("pages.unit", raw.unit),
            site_code: text("pages.site_code", raw.site_code),
            icp: text("pages.icp", raw.icp),
            police: text("pages.police", raw.police),
            telephone: text("pages.telephone", raw.telephone),
            hours: text("pages.hours", raw.hours),
            address: text("pages.address", raw.address),
            zone: zone.into_iter().next().unwrap_or_default(),
            hosts: hosts.into_iter().collect(),
        }
    }

    /// Reads a text of the footer.
    fn line(&mut self, key: &str, value: Option<String>) -> String {
        let value = value.unwrap_or_default().trim().to_owned();
        if value.chars().count() > MOST || value.chars().any(char::is_control) {
            self.add(
                key,
                Some(&value.chars().take(MOST).collect::<String>()),
                (
                    "one line of at most 120 characters",
                    "一行，不超过 120 个字",
                ),
                (
                    "shorten it, or leave it out to show nothing",
                    "请缩短，或不写（不显示）",
                ),
            );
        }
        value
    }
}

fn named(text: &str) -> Option<(String, DivisionCode)> {
    let (name, code) = text.split_once('=')?;
    Some((dns_name(name.trim())?, code.parse().ok()?))
}

topology::sayings! {
    fn a_name(): "域名", "a DNS name";
    fn name_and_code(): "主机名、`=` 和单位代码", "a host name, `=`, and the code of a division";
}
